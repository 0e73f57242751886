//! Connections to upstream MCP servers, and the catalog of their tools.
//!
//! An upstream is hostile until shown otherwise: every byte that it sends is bounded in size, in depth and in time, every name is
//! minted before it goes further, every word of its own is cleaned and quoted. What one upstream does (dies, hangs, floods)
//! is an error of the calls to it and of nothing else: there is no lock over all of them that is held across an await.
//! A request that an upstream may have received is never sent again.
//!
//! Deliberately absent: deciding whether a call is allowed (`policy`), judging replies (`gate`), budgets and the journal
//! (`executor`), reading configuration files (`cofferdam`). Upstreams get no sampling, no roots and no elicitation from us.
//!
//! Reading order: [`Upstreams`] (all of them) → `server` (one, with its back-off) → `connection` (one living process or URL) →
//! `wire` and `line` (bytes), `listing` (tools), `lock` (what the operator accepted of them), `reply` (results); then `schema`, `render`,
//! `describe`, `search` for what programs are told of tools.

mod config;
mod connection;
mod describe;
mod eras;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod handler;
mod learned;
mod line;
mod listing;
mod lock;
mod process;
mod render;
mod reply;
mod schema;
mod search;
mod server;
mod signature;
mod text;
mod upstreams;
mod wire;

pub use config::{Era, ServerConfig, Transport};
pub use learned::Shape;
pub use listing::Quarantined;
pub use lock::{Document, LaunchLine, Lock, LockError, LockedServer, LockedTool, Mode, Review, ReviewedTool, Standing, is_forbidden};
pub use search::Hit;
pub use server::ServerStatus;
pub use upstreams::Upstreams;
