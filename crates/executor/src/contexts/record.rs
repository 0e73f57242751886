//! One context on the disk: a small JSON document that is replaced as a whole. What cannot be read is an error, never an empty context.

use policy::{Context, Label, Labels, Principal};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// The largest file that is read, in bytes: labels are bounded by the number of upstreams, directories and hosts that are granted.
const BYTES: u64 = 1 << 20;

/// What the operator is told of a context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub principal: Principal,
    /// What it has seen, each with when that was first.
    pub labels: Vec<SeenLabel>,
    /// Runs since it saw something labelled for the first time.
    pub runs: u64,
    /// When it saw something labelled for the first time, in milliseconds since 1970.
    pub made_ms: u64,
    /// When it last ran a program or saw something new, in the same unit.
    pub used_ms: u64,
    /// How often the operator cleared it.
    pub cleared: u64,
}

/// A label, and when it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenLabel {
    /// The label.
    #[serde(flatten)]
    pub label: Label,
    /// When, in milliseconds since 1970.
    pub since_ms: u64,
}

/// The file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    context: Context,
    labels: Vec<SeenLabel>,
    /// How often the operator cleared it: whoever remembers less forgets what came before.
    pub(super) cleared: u64,
    pub(super) runs: u64,
    made_ms: u64,
    pub(super) used_ms: u64,
}

/// Tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    file: u64,
    seconds: i64,
    nanoseconds: i64,
    bytes: u64,
}

impl Stamp {
    /// Of the file at this path; `None`: there is none.
    pub(super) fn of(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => found.map(|found| Some(Stamp::new(&found))),
        }
    }

    fn new(found: &fs::Metadata) -> Self {
        Stamp { file: found.ino(), seconds: found.mtime(), nanoseconds: found.mtime_nsec(), bytes: found.size() }
    }
}

impl Record {
    pub(super) fn of(context: &Context, now_ms: u64) -> Self {
        Record { context: context.clone(), labels: Vec::new(), cleared: 0, runs: 0, made_ms: now_ms, used_ms: now_ms }
    }

    pub(super) fn labels(&self) -> Labels {
        self.labels.iter().map(|since| since.label.clone()).collect()
    }

    /// Adds those that are not there yet.
    pub(super) fn join(&mut self, labels: &Labels, now_ms: u64) {
        for label in labels.iter().filter(|label| self.labels.iter().all(|since| since.label != **label)).cloned().collect::<Vec<_>>() {
            self.labels.push(SeenLabel { label, since_ms: now_ms });
        }
        self.used_ms = now_ms;
    }

    pub(super) fn clear(&mut self) {
        self.labels.clear();
        self.cleared += 1;
    }

    pub(super) fn seen(self) -> Seen {
        let Record { context: Context { principal, name }, labels, cleared, runs, made_ms, used_ms } = self;
        Seen { name, principal, labels, runs, made_ms, used_ms, cleared }
    }

    /// Reads a file with its stamp; `Ok(None)`: there is none.
    pub(super) fn read(path: &Path) -> io::Result<Option<(Self, Stamp)>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let stamp = Stamp::new(&file.metadata()?);
        let mut text = String::new();
        file.take(BYTES).read_to_string(&mut text)?;
        let damaged = |error| {
            let message = format!("{} is damaged: {error}; `cofferdam context clear NAME` makes it anew", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        Ok(Some((serde_json::from_str(&text).map_err(damaged)?, stamp)))
    }

    /// Replaces a file; whoever reads sees the old one or the new one. `synced`: it outlasts a power failure when this returns.
    pub(super) fn write(&self, path: &Path, synced: bool) -> io::Result<Stamp> {
        let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let mut fresh = tempfile::Builder::new().prefix(".new-").tempfile_in(directory)?;
        fresh.write_all(&serde_json::to_vec(self).map_err(io::Error::other)?)?;
        if synced {
            fresh.as_file().sync_all()?;
        }
        let file = fresh.persist(path)?;
        if synced {
            File::open(directory)?.sync_all()?;
        }
        Ok(Stamp::new(&file.metadata()?))
    }
}
