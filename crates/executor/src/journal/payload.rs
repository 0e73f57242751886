//! The texts whose hashes stand in the journal: programs, arguments, records of runs. Kept by hash, apart from the journal, and for a shorter time.
//!
//! They are written by a thread of their own, so that no run waits for them: together, when a run ends or a moment after the first of them came,
//! since waking a thread for each costs a call more than the rest of its journal. What cannot be written, or comes faster than the disk takes it, is
//! not kept; the journal's hash stays. Compressed; no text is kept twice.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};

const DIRECTORY: &str = "payloads";

/// The largest text, in bytes: a record of a run with all its replies. Guards the disk, and the memory of what waits.
pub(crate) const MOST_BYTES: usize = 16 << 20;

/// The largest program or argument, in bytes.
const SMALL_BYTES: usize = 1 << 20;

/// How long a text is kept after it was last written.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// How much is kept in all, in bytes on the disk. The oldest go first.
const ALL_BYTES: u64 = 1 << 30;

/// How often what is old is looked for: at most once in this time over all processes, or when a process wrote [`SWEEP_BYTES`].
const SWEEP: Duration = Duration::from_secs(3600);
const SWEEP_BYTES: u64 = ALL_BYTES / 16;

/// How many texts may wait to be written, and how many bytes beside the first. Guards the broker's memory.
const WAITING: usize = 4096;
const WAITING_BYTES: usize = 4 * MOST_BYTES;

/// How long the first text of a batch waits for others.
const GATHER: Duration = Duration::from_millis(50);

/// How long a text that was handed over needs no handing over again: it is kept much longer than that.
const FRESH: Duration = Duration::from_secs(3600);

/// How many of those are remembered.
const REMEMBERED: usize = 4096;

/// The hash that a text is named by.
pub(crate) fn hash(text: &[u8]) -> String {
    blake3::hash(text).to_hex().to_string()
}

/// A text with its hash, which takes a while to make of a large one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    hash: String,
    text: Vec<u8>,
}

impl Named {
    pub(crate) fn new(text: Vec<u8>) -> Self {
        Named { hash: hash(&text), text }
    }
}

/// The payloads below a state directory.
#[derive(Debug)]
pub(crate) struct Payloads {
    directory: PathBuf,
    secrets: gate::Secrets,
    queue: Arc<Queue>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What waits to be written.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: Vec<(String, Vec<u8>)>,
    bytes: usize,
    /// When a text was last handed over.
    handed: HashMap<String, Instant>,
    /// A run ended: whoever saw its reply may look at it or repeat it now.
    urgent: bool,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that waits, once some does and others had a moment to come; none: there will be no more.
    fn take(&self) -> Vec<(String, Vec<u8>)> {
        let waiting = self.changed.wait_while(self.lock(), |waiting| waiting.texts.is_empty() && !waiting.closed);
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let gathered = self.changed.wait_timeout_while(waiting, GATHER, |waiting| !waiting.urgent && !waiting.closed);
        let mut waiting = gathered.unwrap_or_else(PoisonError::into_inner).0;
        (waiting.bytes, waiting.urgent) = (0, false);
        std::mem::take(&mut waiting.texts)
    }

    /// A text that was not kept may be handed over again.
    fn forget(&self, hash: &str) {
        self.lock().handed.remove(hash);
    }
}

impl Payloads {
    pub(crate) fn new(state: &Path, secrets: gate::Secrets) -> Self {
        Payloads { directory: state.join(DIRECTORY), secrets, queue: Arc::default(), writer: Mutex::default() }
    }

    /// Keeps a program or arguments soon, without secrets, if they are not too large; returns the hash of what is kept at once.
    pub(crate) fn keep(&self, text: &str) -> String {
        let text = self.secrets.remove(text);
        let hash = hash(text.as_bytes());
        if text.len() <= SMALL_BYTES {
            self.send(hash.clone(), text.into_owned().into_bytes(), false);
        }
        hash
    }

    /// Keeps the record of a run soon; returns its hash.
    pub(crate) fn keep_record(&self, record: Named) -> String {
        let hash = record.hash.clone();
        self.send(record.hash, record.text, true);
        hash
    }

    /// Hands a text over to the thread, unless it was a while ago. An urgent one is written at once, with all that waits.
    fn send(&self, hash: String, text: Vec<u8>, urgent: bool) {
        let mut waiting = self.queue.lock();
        if waiting.handed.get(&hash).is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        if waiting.texts.len() >= WAITING || (waiting.bytes > 0 && waiting.bytes + text.len() > WAITING_BYTES) {
            tracing::debug!("a payload is not kept: too many wait to be written");
            return;
        }
        if waiting.handed.len() >= REMEMBERED {
            waiting.handed.clear();
        }
        waiting.handed.insert(hash.clone(), Instant::now());
        waiting.bytes += text.len();
        waiting.texts.push((hash, text));
        waiting.urgent |= urgent;
        let first = waiting.texts.len() == 1;
        drop(waiting);
        if first || urgent {
            self.wake();
        }
    }

    /// Has the thread look at what waits; starts it the first time.
    fn wake(&self) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            let (directory, queue) = (self.directory.clone(), Arc::clone(&self.queue));
            match std::thread::Builder::new().name("payloads".to_owned()).spawn(move || write_all(&directory, &queue)) {
                Ok(thread) => *writer = Some(thread),
                Err(error) => tracing::warn!(%error, "payloads cannot be kept"),
            }
        }
        self.queue.changed.notify_all();
    }

    /// Writes what waits: before the process ends. Blocks.
    pub(crate) fn close(&self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
        if let Some(thread) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A panic in it would be lost payloads, not a lost run.
            let _ = thread.join();
        }
    }

    /// The text with this hash; `None`: there is none, or what is there is not it.
    pub(crate) fn read(state: &Path, hash: &str) -> io::Result<Option<Vec<u8>>> {
        let Ok(wanted) = blake3::Hash::from_hex(hash) else { return Ok(None) };
        let file = match File::open(path(&state.join(DIRECTORY), &wanted.to_hex())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut text = Vec::new();
        let mut decoder = zstd::stream::read::Decoder::new(file)?;
        let read = decoder.by_ref().take(MOST_BYTES as u64 + 1).read_to_end(&mut text);
        Ok((read.is_ok() && blake3::hash(&text) == wanted).then_some(text))
    }
}

fn path(directory: &Path, hash: &str) -> PathBuf {
    directory.join(hash.get(..2).unwrap_or_default()).join(hash)
}

fn write_all(directory: &Path, queue: &Queue) {
    let mut written = 0;
    let mut failing = false;
    loop {
        let texts = queue.take();
        if texts.is_empty() {
            return;
        }
        for (hash, text) in texts {
            match write(directory, &hash, &text) {
                Ok(bytes) => (written, failing) = (written + bytes, false),
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "payloads cannot be kept: runs of now cannot be shown in full or repeated");
                    }
                    failing = true;
                    queue.forget(&hash);
                }
            }
        }
        match sweep_if_due(directory, &mut written) {
            // What is gone may be handed over again.
            Ok(true) => queue.lock().handed.clear(),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "old payloads cannot be removed"),
        }
    }
}

/// Writes one text, unless it is there; says how many bytes that took.
fn write(directory: &Path, hash: &str, text: &[u8]) -> io::Result<u64> {
    let path = path(directory, hash);
    if let Ok(file) = File::options().append(true).open(&path) {
        // It is kept on from now.
        file.set_modified(SystemTime::now())?;
        return Ok(0);
    }
    let packed = zstd::bulk::compress(text, 1)?;
    crate::tree::private(path.parent().unwrap_or(directory))?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    let written = file.write_all(&packed).and_then(|()| fs::rename(&fresh, &path));
    if written.is_err() {
        // A full disk must not stay full because of us.
        let _ = fs::remove_file(fresh);
    }
    written.map(|()| packed.len() as u64)
}

/// Removes what is old, and the oldest of what is too much; says whether it was time for that.
fn sweep_if_due(directory: &Path, written: &mut u64) -> io::Result<bool> {
    let stamp = directory.join("swept");
    let swept = fs::metadata(&stamp).and_then(|m| m.modified()).ok();
    let due = swept.is_none_or(|at| at.elapsed().is_ok_and(|age| age > SWEEP));
    if !due && *written < SWEEP_BYTES {
        return Ok(false);
    }
    *written = 0;
    File::create(stamp)?;
    sweep(directory, ALL_BYTES)?;
    Ok(true)
}

fn sweep(directory: &Path, all_bytes: u64) -> io::Result<()> {
    let mut files = Vec::new();
    for below in fs::read_dir(directory)?.flatten().filter(|entry| entry.path().is_dir()) {
        for entry in fs::read_dir(below.path())?.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            files.push((metadata.modified()?, metadata.len(), entry.path()));
        }
    }
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (at, size, path) in files {
        let old = at.elapsed().is_ok_and(|age| age > KEPT);
        if !old && bytes <= all_bytes {
            break;
        }
        // Another server may have removed it in this moment.
        let _ = fs::remove_file(path);
        bytes -= size;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn a_text_is_found_by_its_hash_and_a_changed_one_is_not() {
        let state = TempDir::new().unwrap();
        let payloads = Payloads::new(state.path(), gate::Secrets::of(["hunter2hunter2".to_owned()]).unwrap());
        let text = "1 + 1".repeat(1000);
        let hash = payloads.keep(&text);
        assert_eq!(payloads.keep(&text), hash);
        let large = payloads.keep(&"x".repeat(SMALL_BYTES + 1));
        let secret = payloads.keep("f('hunter2hunter2')");
        payloads.close();
        assert_eq!(Payloads::read(state.path(), &hash).unwrap().unwrap(), text.as_bytes());
        assert_eq!(Payloads::read(state.path(), &secret).unwrap().unwrap(), b"f('[secret removed]')");
        for absent in [large.as_str(), "../../etc/passwd", ""] {
            assert_eq!(Payloads::read(state.path(), absent).unwrap(), None, "{absent}");
        }
        let path = path(&state.path().join(DIRECTORY), &hash);
        fs::write(&path, zstd::bulk::compress(b"1 + 2", 1).unwrap()).unwrap();
        assert_eq!(Payloads::read(state.path(), &hash).unwrap(), None);
        fs::write(&path, "not compressed").unwrap();
        assert_eq!(Payloads::read(state.path(), &hash).unwrap(), None);
    }

    #[test]
    fn the_oldest_go_first() {
        let state = TempDir::new().unwrap();
        let directory = state.path().join(DIRECTORY);
        let texts: Vec<String> = (0..4_u64).map(|n| n.to_string()).collect();
        for (n, text) in texts.iter().enumerate() {
            write(&directory, &hash(text.as_bytes()), text.as_bytes()).unwrap();
            let days = [8, 3, 2, 1].get(n).copied().unwrap();
            let file = File::options().append(true).open(path(&directory, &hash(text.as_bytes()))).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 3600)).unwrap();
        }
        let left = |all_bytes| {
            sweep(&directory, all_bytes).unwrap();
            texts.iter().filter(|text| Payloads::read(state.path(), &hash(text.as_bytes())).unwrap().is_some()).cloned().collect::<Vec<_>>()
        };
        assert_eq!(left(1000), ["1", "2", "3"]);
        let one = fs::metadata(path(&directory, &hash(b"3"))).unwrap().len();
        assert_eq!(left(2 * one), ["2", "3"]);
    }
}
