//! The trace of a run that is going on, for whoever comes after a server that was killed.

use super::Mark;
use crate::journal::{Event, Journal, Place};
use policy::RunId;
use std::{collections::BTreeMap, fs, io, path::Path};

const FILE: &str = "running";

/// Writes the marker. One short write: a killed server leaves it whole or empty, and then nothing had begun.
pub(super) fn write(directory: &Path, run: RunId, place: &Place) -> io::Result<()> {
    fs::write(directory.join(FILE), serde_json::to_vec(&(run, place)).map_err(io::Error::other)?)
}

/// Takes the marker away: the run came to its end, and was told.
pub(super) fn clear(directory: &Path) -> io::Result<()> {
    match fs::remove_file(directory.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A run whose end nobody saw.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    run: RunId,
    place: Place,
}

impl Lost {
    /// The run that the marker in this directory tells of.
    pub(super) fn found(directory: &Path) -> Option<Self> {
        let (run, place): Mark = serde_json::from_slice(&fs::read(directory.join(FILE)).ok()?).ok()?;
        Some(Lost { run, place })
    }

    /// The effectful calls that it had made.
    pub(crate) fn calls(&self, journal: &Journal) -> LostCalls {
        let mut sent = BTreeMap::new();
        let mut calls = LostCalls::default();
        for entry in journal.of_run(&self.place, self.run) {
            match entry.event {
                Event::Sent => {
                    sent.insert(entry.call, entry.tool);
                }
                Event::Done { ok, read_only, .. } => {
                    sent.remove(&entry.call);
                    if !read_only && ok == Some(true) {
                        calls.made.push(entry.tool);
                    } else if !read_only && ok.is_none() {
                        calls.unknown.push(entry.tool);
                    }
                }
            }
        }
        calls.unknown.extend(sent.into_values());
        calls
    }
}

/// The tools of effectful calls, one for each call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LostCalls {
    /// Carried out.
    pub(crate) made: Vec<String>,
    /// Sent, and nothing heard.
    pub(crate) unknown: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Entry;
    use tempfile::TempDir;

    #[test]
    fn a_lost_runs_calls_are_told_apart() {
        let state = TempDir::new().unwrap();
        let journal = Journal::open(state.path()).unwrap();
        let run = RunId::from_random([3; 16]);
        let line = |call, tool: &str, event| {
            journal.append(&Entry { at_ms: 0, run, session: None, call, tool: tool.to_owned(), event }).unwrap();
        };
        assert!(Lost::found(state.path()).is_none());
        write(state.path(), run, &journal.place()).unwrap();
        for call in 0..2 {
            line(call, "chat.post", Event::Sent);
            line(call, "chat.post", Event::Done { ok: Some(true), bytes: 1, read_only: false });
        }
        line(2, "chat.post", Event::Sent);
        line(3, "db.read", Event::Done { ok: Some(true), bytes: 1, read_only: true });
        line(4, "db.write", Event::Sent);
        line(4, "db.write", Event::Done { ok: Some(false), bytes: 0, read_only: false });
        let calls = Lost::found(state.path()).unwrap().calls(&journal);
        assert_eq!(calls.made, ["chat.post", "chat.post"]);
        assert_eq!(calls.unknown, ["chat.post"]);
        clear(state.path()).unwrap();
        clear(state.path()).unwrap();
        assert!(Lost::found(state.path()).is_none());
    }
}
