//! The record of every run, call, decision and refusal: appended, never changed, and chained so that a change is seen.
//!
//! One chain per server process. What is about to happen is in the file before it happens, and on the disk if it may have an effect; the rest is
//! on the disk within [`GROUP`]. If nothing can be written, nothing runs. A file that nothing was added to for [`KEPT`] is removed.
//! The provenance of artifacts and the list of a lost run's calls rest on it.

mod chain;
mod event;
mod file;
mod log;
mod payload;
mod read;
mod verify;

pub use event::{Asked, Entry, Event, Flagged, Which};
pub use log::{Fate, Filter, Log, RunLine};
pub use verify::{Finding, Verified, What};

pub(crate) use payload::{MOST_BYTES, Named, Payloads, hash};

use crate::key::Key;
use chain::{Head, Link};
use file::Tail;
use policy::RunId;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime},
};
use tokio::{sync::Notify, task::AbortHandle, time::Instant};

/// How long a file is kept after its last line.
pub(crate) const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long lines may wait until they are put on the disk. Less than the 100 ms that are promised: the disk takes its time too.
const GROUP: Duration = Duration::from_millis(80);

/// A pause in which lines are put on the disk at once. A run that begins meanwhile waits for the disk too: between two runs nobody does.
const PAUSE: Duration = Duration::from_millis(10);

/// The journal of this process.
#[derive(Debug)]
pub(crate) struct Journal {
    inner: Arc<Inner>,
    /// Puts lines on the disk. Begins with the first line inside a runtime.
    flusher: Mutex<Option<AbortHandle>>,
    added: Arc<Notify>,
}

#[derive(Debug)]
struct Inner {
    tail: Mutex<Tail>,
    /// The number of the last line that is on the disk for sure. Held while it is being put there.
    synced: Mutex<u64>,
}

/// A place in a journal: where a run's lines begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    file: String,
    offset: u64,
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Writes entries and members and reads them again: an entry is the same, and each line follows the one before under `key` and no other, and not when a bit of it is another.
///
/// Says whether the bytes have the form of a line already.
#[cfg(any(test, fuzzing))]
pub(crate) fn lines_hold_together(bytes: &[u8], key: &Key, other: &Key) -> bool {
    let line = chain::Line::read(bytes);
    if let Some(line) = &line {
        assert!(!line.follows(key, &chain::Link::first(key, "c").mac), "a line that nobody wrote is taken for one");
    }
    let mut link = chain::Link::first(key, "c");
    for members in bytes.split(|byte| *byte == b'\n') {
        if serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(members).is_err() || members.starts_with(b" ") {
            continue;
        }
        if let Ok(entry) = serde_json::from_slice::<Entry>(members) {
            let again = serde_json::to_vec(&entry).ok().and_then(|text| serde_json::from_slice(&text).ok());
            assert_eq!(again, Some(entry), "an entry is not the one that was written");
        }
        let (before, mut text) = (link.mac, Vec::new());
        link.add(key, members.trim_ascii(), &mut text);
        text.pop();
        let Some(line) = chain::Line::read(&text) else { continue };
        assert!(line.seq == link.seq && line.mac == link.mac, "a line is not the one that was written");
        assert!(line.follows(key, &before) && !line.follows(other, &before), "a line does not follow");
        let at = text.len() / 2;
        text[at] ^= 1;
        assert!(chain::Line::read(&text).is_none_or(|line| !line.follows(key, &before)), "a changed line follows");
    }
    line.is_some()
}

impl Journal {
    /// The journal of this process, below the state directory; `policy` is the hash of the policy that it starts with, `secrets` are never written.
    pub(crate) fn open(state: &Path, policy: &str, secrets: gate::Secrets) -> io::Result<Self> {
        for name in [chain::JOURNAL, chain::HEADS] {
            let directory = state.join(name);
            crate::tree::private(&directory)?;
            for entry in fs::read_dir(&directory)?.flatten() {
                if older(&entry, KEPT) {
                    // Another server may have removed it in this moment.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
        let key = Key::open(state, chain::KEY, crate::execute::random())?;
        let tail = Tail::new(state, key, format!("{}-{}", now_ms(), std::process::id()), policy, secrets);
        let inner = Arc::new(Inner { tail: Mutex::new(tail), synced: Mutex::new(0) });
        Ok(Journal { inner, flusher: Mutex::default(), added: Arc::default() })
    }

    /// Adds a line. One that tells of what is about to happen is in the file afterwards, with all before it.
    ///
    /// # Errors
    /// When it could not be written, for example because the disk is full. Then what it tells of must not happen.
    pub(crate) fn append(&self, entry: &Entry) -> io::Result<()> {
        self.inner.tail().append(entry)?;
        self.wake();
        Ok(())
    }

    /// Adds a line that is on the disk afterwards.
    ///
    /// # Errors
    /// As for [`Journal::append`].
    pub(crate) async fn append_synced(&self, entry: &Entry) -> io::Result<()> {
        self.append(entry)?;
        let inner = Arc::clone(&self.inner);
        // Calls that are made side by side find, when it is their turn, that one of them did it for all.
        tokio::task::spawn_blocking(move || inner.sync()).await.map_err(io::Error::other)?
    }

    /// Writes the lines that wait: at the end of every run.
    ///
    /// # Errors
    /// When they could not be written.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.inner.tail().write()
    }

    /// Puts everything on the disk, with the head: before the process ends.
    pub(crate) async fn close(&self) {
        let inner = Arc::clone(&self.inner);
        let settled = tokio::task::spawn_blocking(move || inner.settle()).await;
        if let Err(error) = settled.map_err(io::Error::other).flatten() {
            tracing::error!(%error, "the journal cannot be written");
        }
    }

    /// Where the next line will stand, or one shortly before it.
    pub(crate) fn place(&self) -> Place {
        let tail = self.inner.tail();
        Place { file: tail.name(), offset: tail.bytes }
    }

    /// The lines of one run, from a place in any process's journal. What cannot be read is left out: a killed process may have left half a line.
    pub(crate) fn of_run(&self, place: &Place, run: RunId) -> Vec<Entry> {
        let directory = self.inner.tail().directory.clone();
        read::from(&directory, &place.file, place.offset).filter(|entry| entry.run == Some(run)).collect()
    }

    fn wake(&self) {
        let mut flusher = self.flusher.lock().unwrap_or_else(PoisonError::into_inner);
        if flusher.is_none()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let task = flush_in_groups(Arc::downgrade(&self.inner), Arc::clone(&self.added));
            *flusher = Some(runtime.spawn(task).abort_handle());
        }
        self.added.notify_one();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Some(task) = self.flusher.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        // What waits is told of even if nobody closed it.
        if let Err(error) = self.flush() {
            tracing::error!(%error, "the journal cannot be written");
        }
    }
}

impl Inner {
    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what is written on the disk. Blocks.
    fn sync(&self) -> io::Result<()> {
        let wanted = self.tail().written.as_ref().map_or(0, |(_, link)| link.seq);
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced < wanted {
            *synced = self.to_disk()?.map_or(0, |(_, link)| link.seq);
        }
        Ok(())
    }

    /// Writes what waits, puts it on the disk, and the head after it. Blocks.
    fn settle(&self) -> io::Result<()> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        self.tail().write()?;
        let Some((file, link)) = self.to_disk()? else { return Ok(()) };
        *synced = link.seq;
        let (head, path) = {
            let tail = self.tail();
            (Head::new(&tail.key, &file, link), tail.head.clone())
        };
        head.write(&path)
    }

    /// Puts the written lines on the disk; says which was the last, and in which file. Blocks.
    fn to_disk(&self) -> io::Result<Option<(String, Link)>> {
        let (left, file, written) = {
            let mut tail = self.tail();
            (tail.left.take(), tail.file.as_ref().map(File::try_clone).transpose()?, tail.written.clone())
        };
        for file in left.iter().chain(&file) {
            file.sync_data()?;
        }
        Ok(written)
    }
}

async fn flush_in_groups(inner: Weak<Inner>, added: Arc<Notify>) {
    loop {
        added.notified().await;
        let latest = Instant::now() + GROUP;
        let in_pause = || tokio::time::timeout_at(latest.min(Instant::now() + PAUSE), added.notified());
        while Instant::now() < latest && in_pause().await.is_ok() {}
        let Some(inner) = inner.upgrade() else { return };
        let settled = tokio::task::spawn_blocking(move || inner.settle()).await;
        if let Err(error) = settled.map_err(io::Error::other).flatten() {
            tracing::error!(%error, "the journal cannot be written");
        }
    }
}

/// Whether nothing was written to a file for this long.
fn older(entry: &fs::DirEntry, than: Duration) -> bool {
    entry.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok()).is_some_and(|age| age > than)
}

#[cfg(test)]
mod tests;
