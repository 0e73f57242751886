//! One turn of a worker as the broker sees it: frames in, replies out, an end of some kind whatever the worker does.

use crate::{
    frame::{self, FromWorker, ToWorker, Trapped},
    output::Output,
    pool::Worker,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::{future::Future, io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How long to wait, after a worker's socket closed, to learn what ended it.
const EXIT_WAIT: Duration = Duration::from_secs(2);

/// What a worker is bound to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bind {
    /// The one directory it may touch: an absolute path of the host.
    pub workspace: String,
    /// Guest memory, in bytes.
    pub memory_bytes: u64,
    /// Bytes that may be written to the workspace.
    pub workspace_bytes: u64,
    /// Files and directories that may be made in it.
    pub workspace_files: u64,
    /// Seed of all randomness in the guest.
    pub seed: [u8; 32],
    /// The guest's environment.
    pub environment: Vec<(String, String)>,
}

/// Answers the host calls of one run.
pub trait Host: Send {
    /// Answers one request document with a reply document. Dropped when the run ends before it is ready.
    fn call(&mut self, request: Vec<u8>) -> impl Future<Output = Vec<u8>> + Send;
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
}

impl Worker {
    /// Binds the worker and runs one turn document. The worker is killed unless the turn completed.
    pub async fn run(&mut self, bind: &Bind, document: Vec<u8>, host: &mut impl Host, deadline: Instant, cancel: &CancellationToken) -> Finished {
        let end = tokio::select! {
            biased;
            () = cancel.cancelled() => End::Cancelled,
            end = converse(&mut self.socket, bind, document, host) => end,
            () = tokio::time::sleep_until(deadline) => End::Deadline,
        };
        let end = match end {
            End::Died { detail, .. } => {
                let exit = tokio::time::timeout(EXIT_WAIT, &mut self.exited).await;
                let exit = exit.ok().and_then(Result::ok);
                End::Died { status: exit.and_then(|e| e.status), signal: exit.and_then(|e| e.signal), detail }
            }
            end => end,
        };
        if !matches!(end, End::Completed(_)) {
            self.kill();
        }
        let output = self.output();
        Finished { end, output }
    }
}

/// Sends the program and answers host calls until the turn ends.
async fn converse(socket: &mut BufReader<UnixStream>, bind: &Bind, document: Vec<u8>, host: &mut impl Host) -> End {
    let died = |detail: Option<String>| End::Died { status: None, signal: None, detail };
    let first = frame::encode(&ToWorker::Bind(bind.clone())).and_then(|mut bytes| {
        bytes.extend(frame::encode(&ToWorker::Turn(ByteBuf::from(document)))?);
        Ok(bytes)
    });
    let first = match first {
        Ok(bytes) => bytes,
        Err(error) => return End::Misbehaved(error.to_string()),
    };
    if socket.write_all(&first).await.is_err() {
        return died(None);
    }
    loop {
        let message = match receive(socket).await {
            Ok(message) => message,
            Err(error) if error.kind() == io::ErrorKind::InvalidData || error.kind() == io::ErrorKind::Other => {
                return End::Misbehaved(error.to_string());
            }
            Err(_) => return died(None),
        };
        match message {
            FromWorker::HostCall(request) => {
                let reply = host.call(request.into_vec()).await;
                let frame = match frame::encode(&ToWorker::Reply(ByteBuf::from(reply))) {
                    Ok(frame) => frame,
                    Err(error) => return End::Misbehaved(error.to_string()),
                };
                if socket.write_all(&frame).await.is_err() {
                    return died(None);
                }
            }
            FromWorker::Ended(status) => return End::Completed(status),
            FromWorker::Trapped { trap, message } => return End::Trapped(trap, message),
            FromWorker::Fault(reason) => return died(Some(reason)),
            FromWorker::Ready => return End::Misbehaved("a second ready".to_owned()),
        }
    }
}

/// Reads one message of a worker.
pub(crate) async fn receive(socket: &mut BufReader<UnixStream>) -> io::Result<FromWorker> {
    let mut head = [0; 4];
    socket.read_exact(&mut head).await?;
    let mut body = vec![0; frame::length(head)?];
    socket.read_exact(&mut body).await?;
    frame::decode(&body)
}
