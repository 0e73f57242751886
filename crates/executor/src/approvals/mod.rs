//! What a person allowed, and what waits for one.
//!
//! A question and its answer travel through files of the state directory, which only the operator's account can reach, so that `cofferdam approve`
//! and the web page answer any process of the operator's; a client that can ask is one more way to the same answer, and the first answer counts. What
//! was allowed for more than the calls of one question is kept here, in this process, for one conversation and session: bound to the tool's
//! definition, to the policy and to the operator's last stop, and never inherited.

mod asking;
mod board;
mod question;

pub(crate) use asking::{About, Asking, By, Unanswered, Waiting};
pub use board::{Board, BoardError};
pub use question::{Answer, AskedCall, Question};

use policy::{Context, Origin, Principal, Reason};
use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// How long a person has for an answer. Also how long an answer counts to which no run waited.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// How many runs of a principal may wait for a person at the same time.
const WAITING: usize = 4;

/// How often the board is looked at while a run waits.
const LOOK: Duration = Duration::from_millis(200);

/// How many permissions are kept. Guards the broker's memory; the oldest go.
const STANDING: usize = 1000;

/// How many questions without a waiting run are kept open. Of more the oldest go.
const OPEN: usize = 64;

/// A question on its way to a client that can ask. Dropping `answer` says that it could not.
#[derive(Debug)]
pub struct Posed {
    /// The question.
    pub question: Arc<Question>,
    /// Takes the answer.
    pub answer: oneshot::Sender<Answer>,
}

/// Where a run's questions go.
pub type Questions = mpsc::UnboundedSender<Posed>;

/// The approvals of this process.
#[derive(Debug)]
pub(crate) struct Approvals {
    board: Board,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    standing: Vec<Standing>,
    /// Questions to which no run waits any more.
    open: Vec<(Arc<Question>, Instant)>,
    /// Principals of runs that wait, one entry for each run.
    waiting: Vec<Principal>,
}

/// Something that a person allowed for later calls too.
#[derive(Debug)]
struct Standing {
    context: Context,
    session: Option<String>,
    policy_hash: String,
    generation: u64,
    tool: String,
    tool_hash: String,
    because: String,
    what: What,
    until: Option<Instant>,
}

#[derive(Debug)]
enum What {
    /// These arguments; if `once`, for one call.
    Arguments { args: String, once: bool },
    /// Data from these origins.
    Edge(BTreeSet<Origin>),
    /// Whatever the arguments and labels.
    Tool,
}

impl Approvals {
    /// Below the state directory.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        Ok(Approvals { board: Board::open(state)?, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a person allowed this call before. What was allowed once is used up.
    pub(crate) fn covers(&self, context: &Context, session: Option<&str>, policy_hash: &str, generation: u64, call: &AskedCall) -> bool {
        self.collect();
        let mut state = self.state();
        let now = Instant::now();
        state.standing.retain(|one| one.until.is_none_or(|until| now < until));
        let origins = || -> BTreeSet<&Origin> { call.labels.iter().map(|label| &label.origin).collect() };
        let found = state.standing.iter().position(|one| {
            let same = one.context == *context
                && one.session.as_deref() == session
                && one.policy_hash == policy_hash
                && one.generation == generation
                && one.tool == call.tool
                && one.tool_hash == call.tool_hash
                && one.because == because(&call.decision.reason);
            same && match &one.what {
                What::Arguments { args, .. } => *args == fingerprint(call),
                What::Edge(from) => origins().into_iter().all(|origin| from.contains(origin)),
                What::Tool => true,
            }
        });
        let Some(at) = found else { return false };
        if matches!(state.standing.get(at), Some(Standing { what: What::Arguments { once: true, .. }, .. })) {
            state.standing.remove(at);
        }
        true
    }

    /// Takes the answers to questions whose runs no longer wait: they count for the next time.
    fn collect(&self) {
        let open = std::mem::take(&mut self.state().open);
        let mut left = Vec::new();
        for (question, since) in open {
            match self.board.answer(&question.id) {
                Some(answer) => {
                    self.board.remove(&question.id);
                    self.remember(&question, &answer, true);
                }
                None if since.elapsed() > PATIENCE => self.board.remove(&question.id),
                None => left.push((question, since)),
            }
        }
        let mut state = self.state();
        state.open.append(&mut left);
    }

    /// Keeps what an answer allows beyond the calls of its question; those as well, if `late`: no run waited for them.
    fn remember(&self, question: &Question, answer: &Answer, late: bool) {
        let mut state = self.state();
        for call in &question.calls {
            let (what, until) = match answer {
                Answer::Once if late => (What::Arguments { args: fingerprint(call), once: true }, Some(Instant::now() + PATIENCE)),
                Answer::Once | Answer::Deny { .. } => continue,
                Answer::SameArguments => (What::Arguments { args: fingerprint(call), once: false }, None),
                Answer::Edge => (What::Edge(call.labels.iter().map(|label| label.origin.clone()).collect()), None),
                Answer::Always => (What::Tool, None),
            };
            state.standing.push(Standing {
                context: question.context.clone(),
                session: question.session.clone(),
                policy_hash: question.policy_hash.clone(),
                generation: question.generation,
                tool: call.tool.clone(),
                tool_hash: call.tool_hash.clone(),
                because: because(&call.decision.reason),
                what,
                until,
            });
        }
        let more = state.standing.len().saturating_sub(STANDING);
        state.standing.drain(..more);
    }

    /// Waits for the first answer: from the board, or from a client that was asked. `None`: nobody answered.
    async fn wait(&self, question: &Question, mut client: Option<oneshot::Receiver<Answer>>, patience: Duration) -> Option<(Answer, &'static str)> {
        let mut until = tokio::time::Instant::now() + if client.is_some() { PATIENCE } else { patience };
        let mut look = tokio::time::interval(LOOK);
        loop {
            let asked = async {
                match &mut client {
                    Some(client) => client.await.ok(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                answer = asked => match answer {
                    Some(answer) => return Some((answer, "the client")),
                    // It could not ask: what is left is the board, for as long as the operator lets calls wait for it.
                    None => (client, until) = (None, tokio::time::Instant::now() + patience),
                },
                _ = look.tick() => if let Some(answer) = self.board.answer(&question.id) { return Some((answer, "the operator")) },
                () = tokio::time::sleep_until(until) => return None,
            }
        }
    }

    /// Leaves a question on the board to which no run waits any more.
    fn leave(&self, question: &Question) {
        let question = Arc::new(Question { waits: false, ..question.clone() });
        if let Err(error) = self.board.put(&question) {
            tracing::warn!(%error, "a question cannot be left for the operator");
            return;
        }
        let mut state = self.state();
        state.open.push((question, Instant::now()));
        let more = state.open.len().saturating_sub(OPEN);
        let gone: Vec<_> = state.open.drain(..more).collect();
        drop(state);
        gone.iter().for_each(|(question, _)| self.board.remove(&question.id));
    }

    /// A place among the runs that wait; `None`: too many of this principal's do.
    fn place(self: &Arc<Self>, principal: &Principal) -> Option<Seat> {
        let mut state = self.state();
        if state.waiting.iter().filter(|one| *one == principal).count() >= WAITING {
            return None;
        }
        state.waiting.push(principal.clone());
        Some(Seat { approvals: Arc::clone(self), principal: principal.clone() })
    }
}

/// A place among the runs that wait.
#[derive(Debug)]
struct Seat {
    approvals: Arc<Approvals>,
    principal: Principal,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.approvals.state();
        if let Some(at) = state.waiting.iter().position(|one| *one == self.principal) {
            state.waiting.swap_remove(at);
        }
    }
}

/// What made a call ask, without the labels: what was allowed under one rule says nothing of another.
fn because(reason: &Reason) -> String {
    match reason {
        Reason::Rule { rule } => format!("rule {rule}"),
        Reason::Guard { rule, .. } => format!("guard {rule}"),
        Reason::HttpGuard { rule, .. } => format!("http guard {rule}"),
        Reason::PrivateElsewhere { .. } => "private elsewhere".to_owned(),
        other => format!("{other:?}"),
    }
}

/// A call's arguments in one line that is the same whenever they are; the order of members does not count.
fn fingerprint(call: &AskedCall) -> String {
    let mut args: Vec<_> = call.args.iter().collect();
    args.sort_by(|a, b| a.0.cmp(b.0));
    let mut hasher = blake3::Hasher::new();
    for (name, value) in args {
        for part in [name.as_bytes(), value.to_string().as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().to_string()
}
