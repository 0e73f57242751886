//! How the end of a call is told: to the program, and then to the journal and the client, for which the program need not wait.

use crate::{
    calls::{Held, Run},
    journal::{Event, Which, hash},
};
use policy::CallError;
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc, time::Duration};

/// The largest value that is kept until the program has it, in bytes of JSON, to be looked at once more.
const LARGE_BYTES: usize = 64 << 10;

/// A call that ended, of which the program may know before journal and client do.
#[derive(Debug)]
pub(crate) struct Untold {
    pub(crate) call: Which,
    pub(crate) ok: Option<bool>,
    pub(crate) took: Duration,
    pub(crate) result: Result<Arc<Held>, CallError>,
    /// How many calls had ended with it.
    pub(crate) count: u32,
}

impl Untold {
    /// Whether the journal hears of it first: what may have had an effect is in the file at once, and a large value is not kept for longer than it
    /// need be.
    pub(crate) fn goes_first(&self) -> bool {
        !self.call.read_only || self.result.as_ref().is_ok_and(|held| held.json.len() > LARGE_BYTES)
    }

    /// The line of the journal.
    pub(crate) fn event(self, run: &Run) -> Event {
        let Untold { call, ok, took, result, .. } = self;
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match result {
            Ok(held) => {
                let reply = Some(run.spent.on(|| hash(held.json.as_bytes())));
                let wording = gate::wording_in_data(&held.json);
                Event::Done { call, ok, code: None, bytes: held.json.len(), reply, ms, layer: None, wording }
            }
            Err(error) => {
                // The other texts are our own words.
                let wording = if error.tells { gate::wording_in_data(&error.message) } else { BTreeSet::new() };
                Event::Done { call, ok, code: Some(error.code), bytes: 0, reply: None, ms, layer: error.layer, wording }
            }
        }
    }
}

/// The value of a `wait`: what finished.
#[derive(Debug, Default)]
pub(crate) struct Replies(String);

impl Replies {
    pub(crate) fn push(&mut self, tag: u64, result: Result<&Held, &CallError>) {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        // Writing to a string does not fail.
        let _ = match result {
            Ok(held) => write!(self.0, "{{\"tag\":{tag},\"ok\":true,\"value\":{}}}", held.json),
            Err(error) => write!(self.0, "{{\"tag\":{tag},\"ok\":false,\"error\":{}}}", json(error)),
        };
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long it is so far, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "[]" } else { "]" });
        self.0
    }
}

/// JSON of something that always has one.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
