//! What the journals of all processes tell of runs: for the operator, never for a program.

use super::{
    Payloads, Verified, chain,
    event::{Asked, Entry, Event},
    read, verify,
};
use crate::{present::Ending, sessions::Handle};
use policy::{Language, Principal, RunId, Verdict};
use serde::Serialize;
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The journals below a state directory.
#[derive(Debug, Clone)]
pub struct Log {
    state: PathBuf,
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this session.
    pub session: Option<Handle>,
    /// This run alone.
    pub run: Option<RunId>,
    /// Begun, or refused, since then.
    pub since: Option<SystemTime>,
    /// At most so many, the newest.
    pub limit: Option<usize>,
}

/// One run in a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunLine {
    /// The run.
    pub run: RunId,
    /// When it began or was refused, in milliseconds since 1970.
    pub at_ms: u64,
    /// On whose behalf.
    pub principal: Principal,
    /// In which conversation.
    pub context: String,
    /// Its session.
    pub session: Option<Handle>,
    /// Its language.
    pub language: Language,
    /// What it was for, in the model's words.
    pub intent: Option<String>,
    /// How it ended.
    pub fate: Fate,
    /// From the moment a worker was bound, in milliseconds.
    pub wall_ms: Option<u64>,
    /// Calls that were sent.
    pub sent: usize,
    /// Calls that were not allowed.
    pub not_allowed: usize,
    /// Calls that were carried out and may have changed something.
    pub effects: usize,
    /// Calls that may have changed something, and whose fate is unknown.
    pub unknown: usize,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// It ended.
    Ended {
        /// How.
        outcome: Ending,
    },
    /// It was given up: its request was cancelled, or its client left.
    GivenUp,
    /// It was refused before it ran.
    Refused {
        /// The typed reason.
        code: String,
    },
    /// It goes on, or its server was killed.
    Open,
}

impl Log {
    /// The journals below this state directory.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Log { state: state.to_owned() }
    }

    /// The runs that are wanted, the newest last.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn runs(&self, filter: &Filter) -> io::Result<Vec<RunLine>> {
        let since_ms = filter.since.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()).map_or(0, |since| since.as_millis());
        let mut runs: HashMap<RunId, Gathered> = HashMap::new();
        for entry in self.entries(filter.since)? {
            let Some(run) = entry.run.filter(|run| filter.run.is_none_or(|wanted| wanted == *run)) else { continue };
            runs.entry(run).or_default().add(entry);
        }
        let mut lines: Vec<RunLine> = runs.into_iter().filter_map(|(run, gathered)| gathered.line(run)).collect();
        lines.retain(|line| u128::from(line.at_ms) >= since_ms && (filter.session.is_none() || line.session == filter.session));
        lines.sort_by_key(|line| (line.at_ms, line.run));
        let surplus = filter.limit.map_or(0, |limit| lines.len().saturating_sub(limit));
        lines.drain(..surplus);
        Ok(lines)
    }

    /// All lines of one run, in their order; none: there is no such run.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn show(&self, run: RunId) -> io::Result<Vec<Entry>> {
        Ok(self.entries(None)?.filter(|entry| entry.run == Some(run)).collect())
    }

    /// The text with this hash that a line names; `None`: it is not kept any more, or was not kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn payload(&self, hash: &str) -> io::Result<Option<Vec<u8>>> {
        Payloads::read(&self.state, hash)
    }

    /// Checks all journals.
    ///
    /// # Errors
    /// When the directory or a file cannot be read.
    pub fn verify(&self) -> io::Result<Verified> {
        verify::verify(&self.state)
    }

    /// The entries of all files that were written to since then, chain by chain.
    fn entries(&self, since: Option<SystemTime>) -> io::Result<impl Iterator<Item = Entry>> {
        let directory = self.state.join(chain::JOURNAL);
        let files = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            entries => entries?.filter_map(Result::ok).collect(),
        };
        let mut firsts: HashMap<String, u32> = HashMap::new();
        for entry in files {
            let written = entry.metadata().and_then(|m| m.modified()).ok();
            let name = entry.file_name();
            let Some((chain, number)) = name.to_str().and_then(chain::parse_file) else { continue };
            if since.is_none_or(|since| written.is_none_or(|written| written >= since)) {
                let first = firsts.entry(chain.to_owned()).or_insert(number);
                *first = number.min(*first);
            }
        }
        Ok(firsts.into_iter().flat_map(move |(chain, number)| read::from(&directory, &chain::file(&chain, number), 0)))
    }
}

#[derive(Default)]
struct Gathered {
    asked: Option<(u64, Asked)>,
    session: Option<Handle>,
    fate: Option<Fate>,
    wall_ms: Option<u64>,
    sent: usize,
    not_allowed: usize,
    effects: usize,
    /// Calls that may change something: how many were sent, and how many have ended for sure.
    open: (usize, usize),
}

impl Gathered {
    fn add(&mut self, entry: Entry) {
        self.session = self.session.take().or(entry.session);
        match entry.event {
            Event::Begun { asked, .. } => self.asked = Some((entry.at_ms, asked)),
            Event::Refused { asked, code, .. } => {
                self.asked = Some((entry.at_ms, asked));
                self.fate = Some(Fate::Refused { code });
            }
            Event::Sent { call, .. } => {
                self.sent += 1;
                self.open.0 += usize::from(!call.read_only);
            }
            Event::Decided { verdict, .. } => self.not_allowed += usize::from(verdict != Verdict::Allow),
            Event::Done { call, ok, .. } if !call.read_only => {
                self.effects += usize::from(ok == Some(true));
                self.open.1 += usize::from(ok.is_some());
            }
            Event::Finished { outcome, wall_ms, .. } => {
                self.fate = Some(outcome.map_or(Fate::GivenUp, |outcome| Fate::Ended { outcome }));
                self.wall_ms = Some(wall_ms);
            }
            Event::Done { .. } | Event::Started { .. } | Event::Continued { .. } | Event::Approved { .. } | Event::Settled { .. } => {}
        }
    }

    /// `None`: its beginning is in a file that is not there any more.
    fn line(self, run: RunId) -> Option<RunLine> {
        let Gathered { asked, session, fate, wall_ms, sent, not_allowed, effects, open } = self;
        let (at_ms, Asked { principal, context, language, intent, .. }) = asked?;
        let (fate, unknown) = (fate.unwrap_or(Fate::Open), open.0.saturating_sub(open.1));
        Some(RunLine { run, at_ms, principal, context, session, language, intent, fate, wall_ms, sent, not_allowed, effects, unknown })
    }
}
