//! The trace of a run that is going on, for whoever comes after a server that was killed.
//!
//! A run adds itself to the runs that the marker tells of already: until one comes to its end, nobody was told of those before it.

use super::record::replace;
use crate::journal::{Event, Journal, Place};
use policy::RunId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, io, path::Path};

pub(super) const FILE: &str = "running";

/// The most runs that a marker tells of; then the oldest are forgotten.
const RUNS: usize = 64;

/// A run, and where its calls stand in the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {
    run: RunId,
    place: Place,
    /// Its state is in place: it was completed, and only its reply was not sent.
    saved: bool,
}

/// Adds a run to the marker; `last` is the run that the session's state is of.
pub(super) fn add(directory: &Path, last: Option<RunId>, run: RunId, place: Place) -> io::Result<()> {
    let mut marks = read(directory, last);
    marks.drain(..(marks.len() + 1).saturating_sub(RUNS));
    marks.push(Mark { run, place, saved: false });
    replace(&directory.join(FILE), &serde_json::to_vec(&marks).map_err(io::Error::other)?)
}

fn read(directory: &Path, last: Option<RunId>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = fs::read(directory.join(FILE)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    for mark in &mut marks {
        mark.saved |= Some(mark.run) == last;
    }
    marks
}

/// Takes the marker away: a run came to its end, and its reply tells of those before it.
pub(super) fn clear(directory: &Path) -> io::Result<()> {
    match fs::remove_file(directory.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Runs whose end nobody was told.
#[derive(Debug, Clone)]
pub(crate) struct Lost(Vec<Mark>);

impl Lost {
    /// The runs that the marker in this directory tells of.
    pub(super) fn found(directory: &Path, last: Option<RunId>) -> Option<Self> {
        Some(read(directory, last)).filter(|marks| !marks.is_empty()).map(Lost)
    }

    /// The runs that were cut off before their end; `None`: none was.
    pub(crate) fn cut_off(&self, journal: &Journal) -> Option<Untold> {
        self.those(false, journal)
    }

    /// The runs that were completed, and whose reply was not sent; `None`: there is none.
    pub(crate) fn unsent(&self, journal: &Journal) -> Option<Untold> {
        self.those(true, journal)
    }

    fn those(&self, saved: bool, journal: &Journal) -> Option<Untold> {
        let mut untold = Untold::default();
        for mark in self.0.iter().filter(|mark| mark.saved == saved) {
            untold.add(mark, journal);
        }
        (untold.runs > 0).then_some(untold)
    }
}

/// How many runs, and the tools of their effectful calls, one for each call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Untold {
    pub(crate) runs: usize,
    /// Carried out.
    pub(crate) made: Vec<String>,
    /// Sent, and nothing heard.
    pub(crate) unknown: Vec<String>,
}

impl Untold {
    fn add(&mut self, mark: &Mark, journal: &Journal) {
        self.runs += 1;
        let mut sent = BTreeMap::new();
        for entry in journal.of_run(&mark.place, mark.run) {
            match entry.event {
                Event::Sent { call, .. } if !call.read_only => {
                    sent.insert(call.call, call.tool);
                }
                Event::Done { call, ok, .. } if !call.read_only => {
                    sent.remove(&call.call);
                    match ok {
                        Some(true) => self.made.push(call.tool),
                        None => self.unknown.push(call.tool),
                        Some(false) => {}
                    }
                }
                _ => {}
            }
        }
        self.unknown.extend(sent.into_values());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Entry, Which};
    use policy::Reason;
    use tempfile::TempDir;

    #[test]
    fn the_calls_of_lost_runs_are_told_apart() {
        let state = TempDir::new().unwrap();
        let journal = Journal::open(state.path(), "0", gate::Secrets::default()).unwrap();
        let [first, second] = [3, 4].map(|n| RunId::from_random([n; 16]));
        let line = |run, event| journal.append(&Entry { at_ms: 0, run: Some(run), session: None, event }).unwrap();
        let which = |call, tool: &str, read_only| Which { call, tool: tool.to_owned(), read_only };
        let sent = |run, call, tool: &str| {
            line(run, Event::Sent { call: which(call, tool, false), reason: Reason::AcceptedRead, arguments: String::new() });
        };
        let done = |run, call, tool: &str, ok, read_only| {
            line(
                run,
                Event::Done {
                    call: which(call, tool, read_only),
                    ok: Some(ok),
                    code: None,
                    bytes: 1,
                    reply: None,
                    ms: 1,
                    layer: None,
                    wording: std::collections::BTreeSet::new(),
                },
            );
        };
        assert!(Lost::found(state.path(), None).is_none());
        add(state.path(), None, first, journal.place()).unwrap();
        for call in 0..2 {
            sent(first, call, "chat.post");
            done(first, call, "chat.post", true, false);
        }
        sent(first, 2, "chat.post");
        done(first, 3, "db.read", true, true);
        sent(first, 4, "db.write");
        done(first, 4, "db.write", false, false);
        let untold = |runs, made: &[&str], unknown: &[&str]| Untold {
            runs,
            made: made.iter().map(ToString::to_string).collect(),
            unknown: unknown.iter().map(ToString::to_string).collect(),
        };
        let lost = |last| {
            let lost = Lost::found(state.path(), last).unwrap();
            (lost.cut_off(&journal), lost.unsent(&journal))
        };
        let of_first = untold(1, &["chat.post", "chat.post"], &["chat.post"]);
        assert_eq!(lost(None), (Some(of_first.clone()), None));
        assert_eq!(lost(Some(first)), (None, Some(of_first.clone())));
        // A second one is cut off before it could tell of the first.
        add(state.path(), None, second, journal.place()).unwrap();
        sent(second, 0, "db.write");
        assert_eq!(lost(None), (Some(untold(2, &["chat.post", "chat.post"], &["chat.post", "db.write"])), None));
        assert_eq!(lost(Some(second)), (Some(of_first.clone()), Some(untold(1, &[], &["db.write"]))));
        // A third one knows that the second was completed.
        add(state.path(), Some(second), RunId::from_random([5; 16]), journal.place()).unwrap();
        assert_eq!(lost(None), (Some(Untold { runs: 2, ..of_first }), Some(untold(1, &[], &["db.write"]))));
        for _ in 0..100 {
            add(state.path(), None, second, journal.place()).unwrap();
        }
        assert_eq!(read(state.path(), None).len(), RUNS);
        clear(state.path()).unwrap();
        clear(state.path()).unwrap();
        assert!(Lost::found(state.path(), Some(second)).is_none());
    }
}
