//! The turns of a worker as the broker sees them: frames in, replies out, an end of some kind whatever the worker does.

use crate::{
    awake::Awake,
    frame::{self, FromWorker, ToWorker, Trapped, Untaped},
    output::Output,
    pool::Worker,
    tape::TAPE_BYTES,
};
use policy::FileGrant;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::{future::Future, io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};
use tokio_util::sync::CancellationToken;

/// How long to wait, after a worker's socket closed, to learn what ended it.
const EXIT_WAIT: Duration = Duration::from_secs(2);

/// How long binding, saving and restoring may take in all. Generous: a machine may be very busy, and a disk slow.
pub(crate) const STEP_WAIT: Duration = Duration::from_secs(30);

/// What a worker is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// The directory that is its own: an absolute path of the host.
    pub workspace: String,
    /// Guest memory, in bytes.
    pub memory_bytes: u64,
    /// Bytes that the files of the workspace may have.
    pub workspace_bytes: u64,
    /// Files and directories that may be in it.
    pub workspace_files: u64,
    /// The guest's environment.
    pub environment: Vec<(String, String)>,
    /// Directories beside the workspace.
    pub files: Vec<FileGrant>,
}

/// What a worker runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Turn {
    /// The turn document of `wasm-guests/abi.md`.
    #[serde(with = "serde_bytes")]
    pub document: Vec<u8>,
    /// Seed of all randomness in the guest during this turn. Fresh for every turn: a restored guest must not repeat what it drew before.
    pub seed: [u8; 32],
    /// Where the guest's monotonic clock stands at the start, in nanoseconds. In a session it must not go backward.
    pub clock_ns: u64,
    /// What the guest is to learn of the world: the tape of the run that this one repeats. `None`: what is so, and it is taken down.
    pub tape: Option<ByteBuf>,
}

/// Answers the host calls of one run.
pub trait Host: Send {
    /// Answers one request document with a reply document. Dropped when the run ends before it is ready.
    fn call(&mut self, request: &[u8]) -> impl Future<Output = Vec<u8>> + Send;

    /// The reply to a request is on its way, and the program goes on: what it need not wait for is done here. Not called where the worker could not be told.
    fn told(&mut self, _request: &[u8], _reply: &[u8]) {}
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// `turn` returned this status; the worker is at rest.
    Completed(i32),
    /// The guest trapped.
    Trapped(Trapped, String),
    /// Its time was over; it was killed.
    Deadline,
    /// The run was cancelled; it was killed.
    Cancelled,
    /// The worker process ended by itself.
    Died {
        /// Its exit status, if it exited.
        status: Option<i32>,
        /// The signal that ended it: 31 (SIGSYS) is a forbidden system call, 9 mostly the kernel's out-of-memory killer.
        signal: Option<i32>,
        /// What it said before.
        detail: Option<String>,
    },
    /// It sent something that is not a frame; it was killed.
    Misbehaved(String),
}

/// The end of a turn and what was printed.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub end: End,
    /// What it printed.
    pub output: Output,
    /// What the guest learned of the world beside its host calls, for a [`Turn`] that repeats this one; when this one repeated another, what is
    /// left of that tape: nothing, if both learned the same.
    pub tape: Result<Vec<u8>, Untaped>,
}

impl Worker {
    /// Whether the worker is bound to exactly this.
    #[must_use]
    pub fn is_bound_to(&self, bind: &Bind) -> bool {
        self.bound.as_ref() == Some(bind)
    }

    /// Binds the worker to a session, before its first turn.
    ///
    /// # Errors
    /// The end of the worker, which is killed.
    pub async fn bind(&mut self, bind: &Bind) -> Result<(), End> {
        self.leave_rest()?;
        self.bound = Some(bind.clone());
        let message = ToWorker::Bind { bind: bind.clone(), turn: None };
        let bound = async {
            say(&mut self.socket, &message).await?;
            match hear(&mut self.socket).await? {
                FromWorker::Bound => Ok(()),
                other => Err(unexpected(&other)),
            }
        };
        match tokio::time::timeout(STEP_WAIT, bound).await.unwrap_or(Err(End::Deadline)) {
            Ok(()) => {
                self.rest();
                Ok(())
            }
            Err(end) => Err(self.ended(end).await),
        }
    }

    /// Binds the worker and runs one turn: a stateless run. The worker is killed unless the turn completed before `over` did.
    pub async fn run(
        &mut self,
        bind: &Bind,
        turn: Turn,
        host: &mut impl Host,
        over: impl Future<Output = ()> + Send,
        cancel: &CancellationToken,
    ) -> Finished {
        self.bound = Some(bind.clone());
        self.converse(&ToWorker::Bind { bind: bind.clone(), turn: Some(turn) }, host, over, cancel).await
    }

    /// Runs one turn of a bound worker. The worker is killed unless the turn completed before `over` did, or when the future is dropped and the worker
    /// used again.
    pub async fn turn(&mut self, turn: Turn, host: &mut impl Host, over: impl Future<Output = ()> + Send, cancel: &CancellationToken) -> Finished {
        self.converse(&ToWorker::Turn(turn), host, over, cancel).await
    }

    async fn converse(
        &mut self,
        first: &ToWorker,
        host: &mut impl Host,
        over: impl Future<Output = ()> + Send,
        cancel: &CancellationToken,
    ) -> Finished {
        if let Err(end) = self.leave_rest() {
            return Finished { end, output: Output::default(), tape: Err(Untaped::NotWhole) };
        }
        let mut tape = Err(Untaped::NotWhole);
        let giving_way = self.give_way();
        let giving_way = async {
            giving_way.await;
            std::future::pending().await
        };
        let end = tokio::select! {
            biased;
            () = cancel.cancelled() => End::Cancelled,
            (end, taped) = converse(&mut self.socket, first, host) => {
                tape = taped;
                end
            }
            () = over => End::Deadline,
            end = giving_way => end,
        };
        let end = match end {
            End::Completed(status) => End::Completed(status),
            end => self.ended(end).await,
        };
        // Before the next turn, which begins the output anew.
        let output = self.output().await;
        if matches!(end, End::Completed(_)) {
            self.rest();
        }
        Finished { end, output, tape: tape.and_then(within) }
    }

    /// The pages of the guest's memory that are the worker's own, after a turn that completed.
    ///
    /// # Errors
    /// The end of the worker, which is killed.
    pub(crate) async fn own_pages(&mut self) -> Result<Vec<u32>, End> {
        self.leave_rest()?;
        let told = async {
            say(&mut self.socket, &ToWorker::OwnPages).await?;
            match hear(&mut self.socket).await? {
                FromWorker::OwnPages(Ok(pages)) => Ok(pages),
                FromWorker::OwnPages(Err(reason)) => Err(died(Some(reason))),
                other => Err(unexpected(&other)),
            }
        };
        match tokio::time::timeout(STEP_WAIT, told).await.unwrap_or(Err(End::Deadline)) {
            Ok(pages) => {
                self.rest();
                Ok(pages)
            }
            Err(end) => Err(self.ended(end).await),
        }
    }

    /// Ends an exchange after which the worker waits for the broker's word.
    pub(crate) fn rest(&mut self) {
        self.at_rest = true;
        self.slot.rest(true);
    }

    /// Begins an exchange with the worker, which is not at rest until the exchange has come to its end.
    pub(crate) fn leave_rest(&mut self) -> Result<(), End> {
        if std::mem::replace(&mut self.at_rest, false) {
            self.slot.rest(false);
            return Ok(());
        }
        self.kill();
        Err(End::Died { status: None, signal: None, detail: Some("an exchange with it had failed, or was given up".to_owned()) })
    }

    /// Kills a worker after an end that is none of its turns', and learns what ended its process.
    pub(crate) async fn ended(&mut self, end: End) -> End {
        if !matches!(end, End::Died { .. }) {
            self.kill();
        }
        // Nothing of it may write any more when the next run begins in the same workspace.
        let exit = tokio::time::timeout(EXIT_WAIT, &mut self.exited).await.ok().and_then(Result::ok);
        match end {
            End::Died { detail, .. } => {
                self.kill();
                End::Died { status: exit.and_then(|e| e.status), signal: exit.and_then(|e| e.signal), detail }
            }
            end => end,
        }
    }
}

/// Sends the first message and answers host calls until the turn ends.
async fn converse(socket: &mut BufReader<UnixStream>, first: &ToWorker, host: &mut impl Host) -> (End, Result<Vec<u8>, Untaped>) {
    let until_end = async {
        say(socket, first).await?;
        let mut awake = Awake::default();
        loop {
            match awake.wait(hear(socket)).await? {
                FromWorker::HostCall(request) => {
                    let reply = host.call(&request).await;
                    let message = ToWorker::Reply(ByteBuf::from(reply));
                    say(socket, &message).await?;
                    if let ToWorker::Reply(reply) = &message {
                        host.told(&request, reply);
                    }
                }
                FromWorker::Ended { status, tape } => return Ok((End::Completed(status), tape.map(ByteBuf::into_vec))),
                FromWorker::Trapped { trap, message, tape } => return Ok((End::Trapped(trap, message), tape.map(ByteBuf::into_vec))),
                other => return Err(unexpected(&other)),
            }
        }
    };
    until_end.await.unwrap_or_else(|end| (end, Err(Untaped::NotWhole)))
}

/// A tape that is as short as the worker was to keep it.
fn within(tape: Vec<u8>) -> Result<Vec<u8>, Untaped> {
    if tape.len() <= TAPE_BYTES { Ok(tape) } else { Err(Untaped::NotWhole) }
}

/// Sends one message to a worker.
pub(crate) async fn say(socket: &mut BufReader<UnixStream>, message: &ToWorker) -> Result<(), End> {
    let bytes = frame::encode(message).map_err(|e| End::Misbehaved(e.to_string()))?;
    socket.write_all(&bytes).await.map_err(|_| died(None))
}

/// Reads one message of a worker that goes on; a fault of the worker's own is its end.
pub(crate) async fn hear(socket: &mut BufReader<UnixStream>) -> Result<FromWorker, End> {
    match receive(socket).await {
        Ok(FromWorker::Fault(reason)) => Err(died(Some(reason))),
        Ok(message) => Ok(message),
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::Other) => Err(End::Misbehaved(error.to_string())),
        Err(_) => Err(died(None)),
    }
}

fn died(detail: Option<String>) -> End {
    End::Died { status: None, signal: None, detail }
}

/// The end of a worker that said something which is not an answer.
pub(crate) fn unexpected(message: &FromWorker) -> End {
    let what = match message {
        FromWorker::Ready => "a second ready",
        FromWorker::Bound => "a second bound",
        FromWorker::HostCall(_) => "a host call outside a turn",
        FromWorker::Ended { .. } | FromWorker::Trapped { .. } => "the end of a turn outside a turn",
        FromWorker::Pages(_) | FromWorker::Saved(_) | FromWorker::NotSaved(_) => "a checkpoint that nobody asked for",
        FromWorker::Restored | FromWorker::Refused(_) => "word of a checkpoint that it was not given",
        FromWorker::OwnPages(_) => "pages that nobody asked for",
        FromWorker::Fault(reason) => return died(Some(reason.clone())),
    };
    End::Misbehaved(what.to_owned())
}

/// Reads one message of a worker.
pub(crate) async fn receive(socket: &mut BufReader<UnixStream>) -> io::Result<FromWorker> {
    let mut head = [0; 4];
    socket.read_exact(&mut head).await?;
    let mut body = vec![0; frame::length(head)?];
    socket.read_exact(&mut body).await?;
    frame::decode(&body)
}
