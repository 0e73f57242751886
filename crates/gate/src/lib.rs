//! Judging text: programs before they run, arguments and replies of every call, and outcomes before the model sees them.
//!
//! Pure: nothing here reads the environment, the clock, the disk or the network, and no input makes it panic. A [`Program`] can
//! only be made by [`check`] and a [`Screened`] only of what [`clean`] made, so that skipping a stage does not compile. What a
//! program may *do* is not decided here: turning every check off must never turn an attack into an escape.

mod arguments;
mod calls;
mod depth;
mod flag;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod javascript;
mod lines;
mod literal;
mod prepare;
mod program;
mod python;
mod refusal;
mod reply;
mod schema;
mod screen;
mod secrets;
#[cfg(test)]
mod tests;
mod uses;
mod wording;

pub use arguments::{arguments, signature};
pub use flag::Flag;
pub use program::{Lifetime, Program, check};
pub use refusal::{Check, Checks, Refusal, RefusalCode};
pub use reply::{Media, Unwrapped, reply};
pub use schema::Schema;
pub use screen::{Clean, Cut, Screened, clean, grouped, screen, visible};
pub use secrets::{Pieces, REMOVED, SECRET_BYTES, Secrets};
pub use wording::{Wording, WordingKind, wording, wording_in_data};
