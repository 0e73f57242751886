//! Running a recorded run again, without any upstream, and saying whether its outcome is the same to the byte.
//!
//! The worker is an ordinary one: it gets the recorded program, seed and tape, and every host call is answered from the record. A request that
//! differs from the recorded one ends the attempt. Nothing of it is journaled, and nothing reaches an upstream, a session or an artifact.

mod record;

pub(crate) use record::{Memory, Recording, Start};

use crate::{
    journal::{Event, Log},
    present::Ending,
    sessions::{Digested, kept},
    workspace::Workspaces,
};
use policy::{Principal, RunId};
use record::{Ended, Exchange, Printed, Record};
use sandbox::{Bind, Host, RestoreError, Sandbox, SandboxError, Settings, Turn, Warm, Worker};
use serde::Serialize;
use std::{io, path::Path, path::PathBuf, time::Duration};
use tokio_util::sync::CancellationToken;

/// What a repeated run may take beyond the time that it took at first.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of repeating a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "replay", rename_all = "snake_case")]
pub enum Replayed {
    /// Its outcome, and all on the way there, was the same to the byte.
    Identical {
        /// Host calls that were answered from the record.
        host_calls: usize,
    },
    /// Something was not the same.
    Different {
        /// What differed first.
        first: String,
    },
    /// It could not be tried.
    NotReplayable {
        /// Why.
        why: String,
    },
}

/// A fault of ours.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The journal tells of no such run.
    #[error("there is no run {0}; `cofferdam log` shows those that there are, of the last 30 days")]
    Unknown(RunId),
    /// The state directory cannot be read or written.
    #[error("the state directory is not usable: {0}")]
    State(#[from] io::Error),
    /// There is no worker.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

/// Repeats a run whose record is below `state`, with the guests of `cache`.
///
/// # Errors
/// See [`ReplayError`].
pub async fn replay(state: &Path, cache: &Path, binary: Option<PathBuf>, run: RunId) -> Result<Replayed, ReplayError> {
    let (record, wall) = match recorded(state, run)? {
        Ok(found) => found,
        Err(why) => return Ok(Replayed::NotReplayable { why }),
    };
    let Record { start, tape, exchanges, ended, printed, .. } = record;
    if !start.bind.files.is_empty() {
        let why = "it could read directories of the host, which may hold something else by now".to_owned();
        return Ok(Replayed::NotReplayable { why });
    }
    let memory = match start.memory {
        None => None,
        Some(memory) => match kept::open(state, &memory.session, &memory.digest)? {
            Some(file) => Some((file, memory)),
            None => {
                let why = "what its session remembered when it began is not kept any more: sessions keep that of their last 32 runs, up to 16 MiB";
                return Ok(Replayed::NotReplayable { why: why.to_owned() });
            }
        },
    };
    let sandbox = Sandbox::start(Settings {
        cache: cache.to_owned(),
        binary,
        warm: Warm { python: 0, javascript: 0 },
        workers: 1,
        output_kept_bytes: start.output_kept_bytes,
    })
    .await?;
    let mut worker = sandbox.worker(start.guest, &Principal::local()).await?;
    if worker.guest_hash() != start.guest_hash {
        let why = format!("it ran in another build of the {} guest", start.guest.name());
        return Ok(Replayed::NotReplayable { why });
    }
    let workspaces = Workspaces::open(state)?;
    let workspace = workspaces.workspace()?;
    let bind = Bind { workspace: workspace.path().to_string_lossy().into_owned(), ..start.bind };
    let turn = Turn { document: start.document, seed: start.seed, clock_ns: start.clock_ns, tape: Some(tape.into()) };
    let differs = CancellationToken::new();
    let mut host = FromRecord { exchanges, at: 0, first: None, differs: differs.clone() };
    let over = tokio::time::sleep(wall * 10 + PATIENCE);
    let finished = match memory {
        None => worker.run(&bind, turn, &mut host, over, &differs).await,
        Some((file, memory)) => {
            if let Err(why) = restore(&mut worker, &bind, file, &memory).await? {
                return Ok(Replayed::NotReplayable { why });
            }
            worker.turn(turn, &mut host, over, &differs).await
        }
    };
    let first = host.first.or_else(|| {
        if Ended::of(&finished.end) != Some(ended) {
            return Some(format!("it ended otherwise: recorded {ended:?}, now {:?}", finished.end));
        }
        let left = host.exchanges.len() - host.at;
        if left > 0 {
            return Some(format!("it ended {left} host calls earlier"));
        }
        let now = Printed::from(&finished.output);
        if now != printed {
            let at = different(&printed.head, &now.head);
            return Some(format!(
                "it printed something else, from byte {at} on: recorded {}, now {}",
                excerpt(&printed.head, at),
                excerpt(&now.head, at)
            ));
        }
        (finished.tape.as_deref() != Ok(&[][..])).then(|| "it read the clock, or looked at files, more or less often".to_owned())
    });
    Ok(first.map_or(Replayed::Identical { host_calls: host.at }, |first| Replayed::Different { first }))
}

/// Puts the memory that a run began with into a worker, or says why it is not that memory any more.
async fn restore(worker: &mut Worker, bind: &Bind, file: std::fs::File, memory: &Memory) -> Result<Result<(), String>, ReplayError> {
    let damaged = || Ok(Err("what its session remembered when it began is damaged".to_owned()));
    let mut source = Digested::new(tokio::fs::File::from_std(file));
    match worker.restore(bind, &mut source).await {
        Ok(()) if source.finish() == (memory.digest.clone(), memory.bytes) => Ok(Ok(())),
        Ok(()) | Err(RestoreError::Refused(_)) => damaged(),
        Err(error) => Err(ReplayError::State(io::Error::other(error))),
    }
}

/// The record of a run and the time that it took, or why there is none.
fn recorded(state: &Path, run: RunId) -> Result<Result<(Record, Duration), String>, ReplayError> {
    let log = Log::new(state);
    let entries = log.show(run)?;
    if entries.is_empty() {
        return Err(ReplayError::Unknown(run));
    }
    for entry in entries {
        match entry.event {
            Event::Refused { code, .. } => return Ok(Err(format!("it was refused before it ran ({code})"))),
            Event::Finished { outcome: None | Some(Ending::Cancelled), .. } => return Ok(Err("it was killed: its request was given up".to_owned())),
            Event::Finished { outcome: Some(Ending::Deadline), .. } => return Ok(Err("it was killed: its time was over".to_owned())),
            Event::Finished { record: None, not_replayable, .. } => {
                return Ok(Err(not_replayable.unwrap_or_else(|| "no record of it was kept".to_owned())));
            }
            Event::Finished { record: Some(hash), wall_ms, .. } => {
                let Some(bytes) = log.payload(&hash)? else {
                    return Ok(Err("its record is not kept any more; records are kept for 7 days, up to 1 GiB in all".to_owned()));
                };
                let record = Record::read(&bytes).ok_or_else(|| "its record is of another version of this program".to_owned());
                return Ok(record.map(|record| (record, Duration::from_millis(wall_ms))));
            }
            _ => {}
        }
    }
    Ok(Err("it has no recorded end: it goes on, or its server was killed".to_owned()))
}

/// Answers host calls from a record, as long as they are those that were recorded.
struct FromRecord {
    exchanges: Vec<Exchange>,
    at: usize,
    first: Option<String>,
    differs: CancellationToken,
}

impl Host for FromRecord {
    async fn call(&mut self, request: &[u8]) -> Vec<u8> {
        let number = self.at + 1;
        match self.exchanges.get(self.at) {
            Some(exchange) if exchange.hash == *blake3::hash(request).as_bytes() => {
                self.at += 1;
                return exchange.reply.clone();
            }
            Some(exchange) => {
                let at = different(&exchange.request, request);
                let (recorded, now) = (excerpt(&exchange.request, at), excerpt(request, at));
                self.first = Some(format!("host call {number} differs, from byte {at} on: recorded {recorded}, now {now}"));
            }
            None => self.first = Some(format!("there was no host call {number}: now {}", excerpt(request, 0))),
        }
        self.differs.cancel();
        // The worker is killed meanwhile.
        std::future::pending().await
    }
}

/// The first place where two texts differ.
fn different(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()))
}

/// Some of a text around a place, readable.
fn excerpt(text: &[u8], at: usize) -> String {
    const AROUND: usize = 40;
    let part = text.get(at.saturating_sub(AROUND)..(at + AROUND).min(text.len())).unwrap_or_default();
    format!("{:?}", String::from_utf8_lossy(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_call_that_was_not_recorded_ends_the_attempt() {
        for (recorded, calls, first) in [
            (&[&b"{\"op\":\"wait\",\"n\":1}"[..]][..], &[&b"{\"op\":\"wait\",\"n\":2}"[..]][..], "host call 1 differs, from byte 17 on: recorded "),
            (&[b"a"], &[b"a", b"b"], "there was no host call 2: now \"b\""),
        ] {
            let exchanges = recorded.iter().map(|request| Exchange::new(request, false, b"reply")).collect();
            let differs = CancellationToken::new();
            let mut host = FromRecord { exchanges, at: 0, first: None, differs: differs.clone() };
            for call in calls {
                tokio::select! {
                    reply = host.call(call) => assert_eq!(reply, b"reply"),
                    () = differs.cancelled() => {}
                }
            }
            assert!(differs.is_cancelled());
            assert!(host.first.as_ref().is_some_and(|said| said.starts_with(first)), "{:?}", host.first);
        }
    }

    #[test]
    fn the_first_difference_is_shown_with_what_is_around_it() {
        let (one, other) = (b"{\"op\":\"result\",\"outcome\":1}", b"{\"op\":\"result\",\"outcome\":2}");
        assert_eq!(different(one, other), 25);
        assert_eq!(excerpt(one, 25), "\"{\\\"op\\\":\\\"result\\\",\\\"outcome\\\":1}\"");
        assert_eq!(different(b"ab", b"abc"), 2);
    }
}
