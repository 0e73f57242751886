//! All that a run's outcome follows from, and the outcome itself: enough to run the program again without any upstream.

use crate::sessions::{Handle, Open};
use policy::Guest;
use sandbox::{Bind, End, Output, Trapped, Untaped};
use serde::{Deserialize, Serialize};

/// The form of this record. Another version of this program may have another.
const VERSION: u32 = 2;

/// How much of a request is kept to show where another run differs, in bytes. The outcome is kept whole.
const BEGINS_BYTES: usize = 400;

/// What is recorded while a run goes on: its host calls, in their order.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    exchanges: Vec<Exchange>,
    bytes: usize,
    spoiled: Option<&'static str>,
}

/// One host call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) hash: [u8; 32],
    /// How the request begins; an outcome whole.
    #[serde(with = "serde_bytes")]
    pub(super) request: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub(super) reply: Vec<u8>,
}

/// The record of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    pub(super) start: Start,
    #[serde(with = "serde_bytes")]
    pub(super) tape: Vec<u8>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) ended: Ended,
    pub(super) printed: Printed,
}

/// What a run starts with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) guest: Guest,
    /// The build of the guest.
    pub(crate) guest_hash: String,
    /// What the guest's memory was, in a session.
    pub(crate) memory: Option<Memory>,
    /// The turn document.
    #[serde(with = "serde_bytes")]
    pub(crate) document: Vec<u8>,
    pub(crate) seed: [u8; 32],
    pub(crate) clock_ns: u64,
    /// Limits and environment; the directory was gone with the run.
    pub(crate) bind: Bind,
    /// Printed output that is kept, in bytes.
    pub(crate) output_kept_bytes: u64,
}

/// A checkpoint that a run began from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(super) session: Handle,
    /// BLAKE3 of its file, in hexadecimal.
    pub(super) digest: String,
    /// Size of its file.
    pub(super) bytes: u64,
}

impl Memory {
    /// Of a session in which a run is about to begin; `None`: it has none, and begins as a new one does.
    pub(crate) fn of(open: &Open) -> Option<Self> {
        let checkpoint = open.record.checkpoint.as_ref()?;
        Some(Memory { session: open.handle().clone(), digest: checkpoint.digest.clone(), bytes: checkpoint.bytes })
    }
}

/// How the turn ended, as far as it has to be the same again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ended {
    Completed(i32),
    Trapped(Trapped),
}

/// What was printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Printed {
    #[serde(with = "serde_bytes")]
    pub(super) head: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub(super) tail: Vec<u8>,
    pub(super) total_bytes: u64,
}

impl From<&Output> for Printed {
    fn from(output: &Output) -> Self {
        Printed { head: output.head.clone(), tail: output.tail.clone(), total_bytes: output.total_bytes }
    }
}

impl Ended {
    /// `None`: it did not end by itself.
    pub(super) fn of(end: &End) -> Option<Self> {
        match end {
            End::Completed(status) => Some(Ended::Completed(*status)),
            End::Trapped(trap, _) => Some(Ended::Trapped(*trap)),
            End::Deadline | End::Cancelled | End::Died { .. } | End::Misbehaved(_) => None,
        }
    }
}

impl Exchange {
    pub(super) fn new(request: &[u8], is_outcome: bool, reply: &[u8]) -> Self {
        let kept = if is_outcome { request.len() } else { request.len().min(BEGINS_BYTES) };
        let request_kept = request.get(..kept).unwrap_or_default().to_vec();
        Exchange { hash: *blake3::hash(request).as_bytes(), request: request_kept, reply: reply.to_vec() }
    }
}

impl Recording {
    /// Takes down a host call.
    pub(crate) fn add(&mut self, request: &[u8], is_outcome: bool, reply: &[u8]) {
        self.bytes += reply.len() + if is_outcome { request.len() } else { BEGINS_BYTES };
        if self.bytes > crate::journal::MOST_BYTES {
            self.spoil("its replies and its outcome are more than a record holds");
        }
        if self.spoiled.is_none() {
            self.exchanges.push(Exchange::new(request, is_outcome, reply));
        }
    }

    /// The run cannot be repeated: why. The first reason counts.
    pub(crate) fn spoil(&mut self, why: &'static str) {
        self.spoiled.get_or_insert(why);
        self.exchanges = Vec::new();
    }

    /// Roughly how large the record becomes beside what was printed, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The record of a run that has ended, or why there is none.
    pub(crate) fn finish(self, start: Start, end: &End, output: &Output, tape: Result<Vec<u8>, Untaped>) -> Result<Vec<u8>, &'static str> {
        if let Some(why) = self.spoiled {
            return Err(why);
        }
        let ended = Ended::of(end).ok_or("it was killed")?;
        let tape = tape.map_err(|untaped| match untaped {
            Untaped::NotWhole => "it read the clock, or listed files, more often than a record holds",
            Untaped::OlderFiles => "it used files that its session's workspace held before it",
        })?;
        let record = Record { version: VERSION, start, tape, exchanges: self.exchanges, ended, printed: output.into() };
        let bytes = postcard::to_stdvec(&record).map_err(|_| "its record could not be written")?;
        if bytes.len() > crate::journal::MOST_BYTES { Err("what it printed and its replies are more than a record holds") } else { Ok(bytes) }
    }
}

impl Record {
    /// `None`: another version of this program wrote it.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<Record>(bytes).ok().filter(|record| record.version == VERSION)
    }
}
