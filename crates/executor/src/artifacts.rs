//! Artifacts: values that runs keep for later, on the local disk, each known by a random id and by its content's hash.
//!
//! Several servers share the directory as a rule, so no memory of a process is the truth: `records/PRINCIPAL/ID.json` says what there is,
//! `blobs/HASH` holds the bytes, and whoever adds or removes holds `lock`. Bytes are streamed; none are ever whole in the broker's memory
//! but those that a request carried. What a program may ask for is in `verb`; deciding who may read is the caller's: everything
//! here is per principal.

mod error;
mod preview;
mod range;
mod record;
mod shape;
mod store;
mod verb;

pub use error::ArtifactError;
pub use range::{Body, Range, Read};
pub use record::{Provenance, Record, Size};
pub use store::Artifacts;

pub(crate) use record::{New, Origin, Source, is_media_type};
pub(crate) use shape::Shape;
pub(crate) use verb::OfRun;
