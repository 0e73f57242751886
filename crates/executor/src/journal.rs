//! One line per upstream call, appended and never changed: what was asked for, before an effectful call is sent, and how it ended.
//!
//! One file per server process. The provenance of artifacts and the list of a lost run's calls rest on it. A file that nothing was added to for
//! [`KEPT`] is removed when a server starts.

use crate::sessions::Handle;
use policy::RunId;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// How long a file is kept after its last line.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// The journal of this process.
#[derive(Debug)]
pub(crate) struct Journal {
    directory: PathBuf,
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Made with the first line: most processes of a command line make no call.
    file: Option<File>,
    /// Length of the file, in bytes: nobody else writes to it.
    bytes: u64,
    /// Lines that are not written yet. They tell of calls that changed nothing, unless the disk was full.
    waiting: Vec<u8>,
}

/// A place in a journal: where a run's lines begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    file: String,
    offset: u64,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) run: RunId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<Handle>,
    /// The call's place among the run's calls.
    pub(crate) call: usize,
    pub(crate) tool: String,
    pub(crate) event: Event,
}

/// What the line says of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// It is about to be sent, and may have an effect.
    Sent,
    /// It ended.
    Done {
        /// Whether it succeeded. Absent: unknown.
        ok: Option<bool>,
        /// Size of the value that the program got, in bytes.
        bytes: usize,
        /// Whether the upstream calls the tool read-only.
        read_only: bool,
    },
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Journal {
    /// The journal of this process, below the state directory.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        let directory = state.join("journal");
        crate::tree::private(&directory)?;
        for entry in fs::read_dir(&directory)?.flatten() {
            let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > KEPT) {
                // Another server may have removed it in this moment.
                let _ = fs::remove_file(entry.path());
            }
        }
        let name = format!("{}-{}.jsonl", now_ms(), std::process::id());
        Ok(Journal { directory, name, state: Mutex::default() })
    }

    /// Adds a line. One that tells of an effect, or of what is about to have one, is written at once with all before it.
    ///
    /// # Errors
    /// When it could not be written, for example because the disk is full. Then the call must not be sent.
    pub(crate) fn append(&self, entry: &Entry) -> io::Result<()> {
        const WAITING_BYTES: usize = 64 * 1024;
        const MOST_BYTES: usize = 1 << 20;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.waiting.len();
        serde_json::to_writer(&mut state.waiting, entry).map_err(io::Error::other)?;
        state.waiting.push(b'\n');
        if matches!(entry.event, Event::Done { read_only: true, .. }) && state.waiting.len() < WAITING_BYTES {
            return Ok(());
        }
        let written = self.write(&mut state);
        if written.is_err() && (entry.event == Event::Sent || state.waiting.len() > MOST_BYTES) {
            // What is not sent is not told of; nor can a disk that stays full fill the memory.
            state.waiting.truncate(before);
        }
        written
    }

    /// Writes the lines that wait: at the end of every run.
    ///
    /// # Errors
    /// When they could not be written.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.write(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, state: &mut State) -> io::Result<()> {
        let State { file, bytes, waiting } = state;
        if waiting.is_empty() {
            return Ok(());
        }
        let file = match file {
            Some(file) => file,
            None => file.insert(OpenOptions::new().append(true).create(true).mode(0o600).open(self.directory.join(&self.name))?),
        };
        if let Err(error) = file.write_all(waiting) {
            // Half a line would spoil the next one.
            let _ = file.set_len(*bytes);
            return Err(error);
        }
        *bytes += waiting.len() as u64;
        waiting.clear();
        Ok(())
    }

    /// Where the next line will stand, or one shortly before it.
    pub(crate) fn place(&self) -> Place {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Place { file: self.name.clone(), offset: state.bytes }
    }

    /// The lines of one run, from a place in any process's journal. What cannot be read is left out: a killed process may have left half a line.
    pub(crate) fn of_run(&self, place: &Place, run: RunId) -> Vec<Entry> {
        // The name comes from a file that only this user can write, and is still not a path.
        if place.file.contains('/') {
            return Vec::new();
        }
        let Ok(mut file) = File::open(self.directory.join(&place.file)) else { return Vec::new() };
        if file.seek(SeekFrom::Start(place.offset)).is_err() {
            return Vec::new();
        }
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        lines.filter_map(|line| serde_json::from_str::<Entry>(&line).ok()).filter(|entry| entry.run == run).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn what_could_not_be_written_is_written_later_but_for_what_was_not_sent() {
        let state = TempDir::new().unwrap();
        let journal = Journal::open(state.path()).unwrap();
        let entry = |call, event| Entry { at_ms: 1, run: RunId::from_random([1; 16]), session: None, call, tool: "a.b".to_owned(), event };
        let done = |read_only| Event::Done { ok: Some(true), bytes: 3, read_only };
        let place = journal.place();
        journal.append(&entry(0, Event::Sent)).unwrap();
        let path = state.path().join("journal").join(&place.file);
        // A file that cannot be written to, as on a full disk.
        let writable = journal.state.lock().unwrap().file.replace(File::open(path).unwrap());
        assert!(journal.append(&entry(0, done(false))).is_err());
        journal.append(&entry(1, done(true))).unwrap();
        assert!(journal.append(&entry(2, Event::Sent)).is_err());
        journal.state.lock().unwrap().file = writable;
        journal.append(&entry(3, Event::Sent)).unwrap();
        let expected = [entry(0, Event::Sent), entry(0, done(false)), entry(1, done(true)), entry(3, Event::Sent)];
        assert_eq!(journal.of_run(&place, RunId::from_random([1; 16])), expected);
    }

    #[test]
    fn a_runs_lines_are_found_again_from_its_place() {
        let state = TempDir::new().unwrap();
        let journal = Journal::open(state.path()).unwrap();
        let entry = |run: u8, event| Entry { at_ms: 1, run: RunId::from_random([run; 16]), session: None, call: 0, tool: "a.b".to_owned(), event };
        journal.append(&entry(1, Event::Sent)).unwrap();
        let place = journal.place();
        let done = Event::Done { ok: Some(true), bytes: 3, read_only: false };
        for line in [entry(2, Event::Sent), entry(1, Event::Sent), entry(2, done.clone())] {
            journal.append(&line).unwrap();
        }
        // Half a line, as a killed process leaves it.
        let path = state.path().join("journal").join(&place.file);
        OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"at_ms\":1,\"ru").unwrap();
        let other = Journal::open(state.path()).unwrap();
        assert_eq!(other.of_run(&place, RunId::from_random([2; 16])), [entry(2, Event::Sent), entry(2, done)]);
        assert_eq!(other.of_run(&Place { file: "gone".to_owned(), offset: 0 }, RunId::from_random([2; 16])), []);
    }
}
