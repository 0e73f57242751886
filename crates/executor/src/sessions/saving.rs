//! A session's memory on its way to the disk and back: the new checkpoint stands beside the old one until the record names it.

use super::{Open, Sessions, digest::Digested, kept, marker, record::Checkpoint};
use crate::journal;
use sandbox::{Bind, CheckpointError, End, RestoreError, Worker};
use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    time::Duration,
};
use tokio::sync::mpsc;

/// How long what was written may wait to be put on the disk for sure, together with what others wrote meanwhile.
const SYNC_AFTER: Duration = Duration::from_millis(100);

/// A checkpoint on its way to the disk.
const FRESH: &str = ".checkpoint";

/// What became of the memory after a run.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each run")]
pub(crate) enum Kept {
    /// It is on the disk.
    Saved,
    /// It is not, and gone: the session goes on as it was before the run.
    Lost {
        /// Why.
        reason: String,
        /// The worker, when it ended over it.
        died: Option<(End, Worker)>,
    },
}

/// What a run leaves in its session.
#[derive(Debug)]
pub(crate) struct After {
    /// The worker, when it is at rest.
    pub(crate) worker: Option<Worker>,
    /// Whether it may stay for the next run.
    pub(crate) keep: bool,
    /// Where the guest's monotonic clock stands, in nanoseconds.
    pub(crate) clock_ns: u64,
    /// The largest checkpoint, in bytes.
    pub(crate) limit_bytes: u64,
}

impl Open {
    /// The checkpoints to begin from, the newest first.
    pub(crate) fn checkpoints(&self) -> usize {
        self.record.checkpoint.iter().chain(&self.record.previous).count()
    }

    /// Puts a checkpoint (0 is the newest) into a fresh worker. `Ok(false)`: it is damaged, and the worker of no more use.
    pub(crate) async fn restore(&mut self, which: usize, worker: &mut Worker, bind: &Bind) -> Result<bool, RestoreError> {
        let Some(checkpoint) = self.record.checkpoint.iter().chain(&self.record.previous).nth(which).cloned() else { return Ok(false) };
        let path = self.directory.join(&checkpoint.digest);
        let file = match tokio::fs::File::open(&path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened.map_err(RestoreError::Source)?,
        };
        let mut source = Digested::new(file);
        let restored = match worker.restore(bind, &mut source).await {
            Ok(()) => source.finish() == (checkpoint.digest.clone(), checkpoint.bytes),
            Err(RestoreError::Refused(reason)) => {
                tracing::warn!(session = %self.handle(), reason, "a checkpoint was refused");
                // One that is as it was written was refused for a reason that may pass, such as want of memory.
                if intact(path, &checkpoint.digest).await.map_err(RestoreError::Source)? {
                    return Err(RestoreError::Refused(reason));
                }
                false
            }
            Err(error) => return Err(error),
        };
        if restored && which > 0 {
            self.record.checkpoint = Some(checkpoint);
            self.record.previous = None;
        }
        Ok(restored)
    }
}

impl Sessions {
    /// Ends a run: saves the memory, replaces the record, and gives the turn to whoever waits. The reply may be sent when this is done.
    ///
    /// # Errors
    /// When not even the record could be written. The session is then as it was before the run.
    pub(crate) async fn settle(&self, mut open: Open, after: After) -> io::Result<Kept> {
        let After { worker, keep, clock_ns, limit_bytes } = after;
        let mut kept = Kept::Saved;
        let mut left = None;
        if let Some(mut worker) = worker {
            match save(&open, &mut worker, limit_bytes).await {
                Ok(checkpoint) => {
                    let before = open.record.checkpoint.replace(checkpoint).filter(|before| Some(before) != open.record.checkpoint.as_ref());
                    open.record.previous = before.or(open.record.previous.take());
                    open.record.runs += 1;
                    open.record.last = open.run;
                    worker.guest_hash().clone_into(&mut open.record.guest_hash);
                    open.record.clock_ns = clock_ns;
                    if let Some(checkpoint) = open.record.checkpoint.as_mut() {
                        checkpoint.runs = open.record.runs;
                    }
                    left = Some(worker);
                }
                Err(error) => {
                    tracing::warn!(session = %open.handle(), %error, "a session could not be saved");
                    kept = match error {
                        CheckpointError::Worker(end) => {
                            Kept::Lost { reason: "the sandbox process ended unexpectedly".to_owned(), died: Some((end, worker)) }
                        }
                        // A worker's own words may be anybody's: not for the model.
                        CheckpointError::Impossible(_) => {
                            Kept::Lost { reason: "its worker could not do it; the operator finds the reason in the log".to_owned(), died: None }
                        }
                        error @ (CheckpointError::TooLarge { .. } | CheckpointError::Sink(_)) => Kept::Lost { reason: error.to_string(), died: None },
                    };
                }
            }
        }
        open.record.used_ms = journal::now_ms();
        let written = open.record.write(&open.directory, &self.key);
        // Also of a run that could not be saved, which its reply says.
        marker::clear(&open.directory)?;
        written?;
        let Open { record, directory, seat, _lock: lock, .. } = open;
        kept::supersede(&directory, &record);
        // Before the seat: whoever has that next finds the lock free.
        drop(lock);
        self.syncer.add(directory);
        if let Some(worker) = left.filter(|_| keep) {
            seat.keep(worker, record.runs, self.idle);
        }
        Ok(kept)
    }
}

/// Whether a file has this digest.
async fn intact(path: PathBuf, digest: &str) -> io::Result<bool> {
    let hash = move || {
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut File::open(path)?, &mut hasher)?;
        Ok::<_, io::Error>(hasher.finalize().to_hex().to_string())
    };
    let found = tokio::task::spawn_blocking(hash).await.map_err(io::Error::other)??;
    Ok(found == digest)
}

/// Writes the memory beside the old checkpoint, under its own digest.
async fn save(open: &Open, worker: &mut Worker, limit_bytes: u64) -> Result<Checkpoint, CheckpointError> {
    let fresh = open.directory.join(FRESH);
    let failed = CheckpointError::Sink;
    let mut sink =
        Digested::new(tokio::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).await.map_err(failed)?);
    let saved = match worker.checkpoint(&mut sink, limit_bytes).await {
        Ok(saved) => saved,
        Err(error) => {
            // A full disk must not stay full because of us.
            let _ = fs::remove_file(&fresh);
            return Err(error);
        }
    };
    let (digest, bytes) = sink.finish();
    fs::rename(fresh, open.directory.join(&digest)).map_err(failed)?;
    Ok(Checkpoint { digest, bytes, memory_bytes: saved.memory_bytes, runs: open.record.runs })
}

/// Puts what was written on the disk for sure, soon: many sessions together cost little more than one.
#[derive(Debug)]
pub(super) struct Syncer(mpsc::UnboundedSender<PathBuf>, std::sync::Mutex<Option<mpsc::UnboundedReceiver<PathBuf>>>);

impl Default for Syncer {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Syncer(sender, std::sync::Mutex::new(Some(receiver)))
    }
}

impl Syncer {
    fn add(&self, directory: PathBuf) {
        let waiting = self.1.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(receiver) = waiting {
            tokio::spawn(sync_all(receiver));
        }
        // It ends with the process.
        let _ = self.0.send(directory);
    }
}

async fn sync_all(mut written: mpsc::UnboundedReceiver<PathBuf>) {
    while let Some(first) = written.recv().await {
        tokio::time::sleep(SYNC_AFTER).await;
        let mut directories = std::collections::BTreeSet::from([first]);
        while let Ok(next) = written.try_recv() {
            directories.insert(next);
        }
        let sync = move || directories.iter().for_each(sync);
        // A panic in it would be a lost sync, not a lost session.
        let _ = tokio::task::spawn_blocking(sync).await;
    }
}

/// The files of one session, then the directory that names them. One that is gone meanwhile was removed.
fn sync(directory: &PathBuf) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = File::open(entry.path())
        {
            let _ = file.sync_all();
        }
    }
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
}
