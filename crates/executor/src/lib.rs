//! The straight line of one run: request to reply, and everything that has authority on the way.
//!
//! One run is: grant, check, worker, turn (with the broker answering host calls), screen, settle; see `execute`. A program that fails is an
//! outcome; [`Fault`] is our own failure. Everything here can be embedded by a Rust agent without MCP: call
//! [`sandbox::worker_main`] first in `main`, then [`Executor::start`].

mod approvals;
mod artifacts;
mod aside;
mod broker;
mod budget;
mod calls;
mod contexts;
mod deadline;
mod ending;
mod execute;
mod fetch;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod journal;
mod judge;
mod key;
mod left;
mod operator;
mod outcome;
mod place;
mod present;
mod reads;
mod recorded;
mod repeats;
mod replay;
mod request;
mod resources;
mod schemas;
mod sessions;
mod settings;
mod spare;
mod stops;
mod summary;
mod telling;
mod tree;
mod turns;
mod workspace;

pub use approvals::{Answer, AskedCall, Board, BoardError, PATIENCE, Posed, Question, Questions};
pub use artifacts::{ArtifactError, Artifacts, Body, Provenance, Range, Read, Record, Size};
pub use contexts::{Contexts, Seen, SeenLabel};
pub use execute::Executor;
pub use journal::{Asked, Entry, Event, Fate, Filter, Finding, Flagged, Log, RunLine, Verified, What, Which};
pub use judge::{Judged, Stage};
pub use operator::{Current, NotObeyed, Operator};
pub use present::Ending;
pub use replay::{ReplayError, Replayed, replay};
pub use request::{Fault, Image, Reply, Request};
pub use resources::Page;
pub use sessions::{Details, Handle, HandleError, SessionError, Sessions, Summary, Wanted};
pub use settings::{Settings, StartError};

pub use gate::{Secrets, Wording, WordingKind, visible, wording};
pub use stops::{Standing, Stopped, Stops};

use serde::Serialize;

/// How far a run has come, for progress notifications. `progress` only grows.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub progress: f64,
    /// Steps in all, if known.
    pub total: Option<f64>,
    /// What was done last.
    pub message: Option<String>,
}

/// Where a run's progress goes: one event per call, or per `progress()` of the program that is higher than the one before. The wall clock alone
/// bounds the latter, so whoever gives this must read it, or drop its other end.
pub type Events = tokio::sync::mpsc::UnboundedSender<Progress>;

/// One upstream call of a run.
#[derive(Debug, Clone, Serialize)]
pub struct CallRecord {
    /// The tool.
    pub tool: String,
    /// Whether it was carried out, be its reply of use or not. `None`: its fate is unknown, because the run or the connection ended first, or
    /// it was too slow.
    pub ok: Option<bool>,
    /// Size of the value that the program got, in bytes of JSON.
    pub bytes: usize,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// Whether the upstream calls it read-only.
    pub read_only: bool,
}

/// Figures of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Stats {
    /// Its calls, in the order in which they were made.
    pub calls: Vec<CallRecord>,
    /// Bytes of upstream replies that stayed in the sandbox.
    pub bytes_inside: usize,
    /// Bytes of the reply's text.
    pub bytes_shown: usize,
    /// How long it waited for its turn in the session, for a worker and for its memory, in milliseconds.
    pub queued_ms: f64,
    /// What of it was putting the session's saved memory into a fresh worker, in milliseconds; `None`: there was nothing to restore.
    pub restored_ms: Option<f64>,
    /// How long saving the session took after the run, in milliseconds; `None`: a stateless run.
    pub saved_ms: Option<f64>,
    /// From the moment a worker was bound to the end of the turn, in milliseconds.
    pub wall_ms: f64,
    /// What recording it took of its time: the journal's lines, what replaying needs, and labels, in milliseconds. What other threads do for it
    /// meanwhile is not in it.
    pub recorded_ms: f64,
    /// How it ended.
    pub outcome: Ending,
}
