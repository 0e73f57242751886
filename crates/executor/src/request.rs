//! What is asked of an executor and what comes back: a program, its reply, or a fault of ours.

use crate::{
    Handle, Record, Stats, Wanted,
    budget::Budget,
    present::{self, Presented},
};
use policy::{Context, Language, RunId};
use sandbox::SandboxError;
use std::time::Duration;

/// A fault of ours: the run could not be carried out. The next one may be.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Every worker was in use for as long as a run may wait.
    #[error("busy: every worker was in use for {0:?}; try again")]
    Busy(Duration),
    /// As many runs wait as may, or half of them are this principal's while another one is about.
    #[error("busy: too many programs wait already; try again when some of them have ended")]
    Queue,
    /// No worker could be made.
    #[error("{}", present::fault(*.run))]
    Sandbox {
        /// The run, as the log names it.
        run: RunId,
        /// Why; for the operator.
        source: SandboxError,
    },
    /// What the run printed and returned could not be looked at. Its calls were made.
    #[error("{}", present::unread(*.run))]
    Unread {
        /// The run, as the log names it.
        run: RunId,
    },
    /// The state directory could not be written.
    #[error("{}", present::disk(*.run, .source))]
    Workspace {
        /// The run, as the log names it.
        run: RunId,
        /// Why; for the operator.
        source: std::io::Error,
    },
}

/// One program to run.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks, in which conversation.
    pub context: Context,
    /// The program.
    pub code: String,
    /// Its language.
    pub language: Language,
    /// The session to run it in; `None`: a stateless run.
    pub session: Option<Wanted>,
    /// A lower wall clock limit.
    pub timeout: Option<Duration>,
    /// What it is for, in the model's words.
    pub intent: Option<String>,
    /// A repeated request with the same key gets the first one's outcome.
    pub idempotency: Option<String>,
}

/// What the client gets.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The run.
    pub run: RunId,
    /// Printed text, then the value or the error.
    pub text: String,
    /// Whether it failed.
    pub is_error: bool,
    /// The session that it ran in.
    pub session: Option<Handle>,
    /// The artifacts that it made, in their order.
    pub artifacts: Vec<Record>,
    /// The images that the program showed.
    pub images: Vec<Image>,
    /// Figures.
    pub stats: Stats,
}

impl Reply {
    /// To a request that did not come to a run.
    pub(crate) fn without_run(run: RunId, presented: &Presented, shown_bytes: usize) -> Self {
        let ending = presented.ending;
        let text = Budget::of(presented, shown_bytes).text(["", ""]);
        let stats = Stats {
            calls: Vec::new(),
            bytes_inside: 0,
            bytes_shown: text.len(),
            queued_ms: 0.0,
            restored_ms: None,
            saved_ms: None,
            wall_ms: 0.0,
            recorded_ms: 0.0,
            outcome: ending,
        };
        Reply { run, text, is_error: ending.is_error(), session: None, artifacts: Vec::new(), images: Vec::new(), stats }
    }
}

/// An image that the model is to see.
#[derive(Debug, Clone)]
pub struct Image {
    /// MIME type: one of those that models can look at.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}
