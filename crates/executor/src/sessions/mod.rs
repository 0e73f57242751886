//! Sessions: what lasts from one run to the next, and survives the worker, the server and the deadline.
//!
//! A session is a directory: its record (ours, under a MAC), its checkpoint (a worker's, hostile), its workspace (the guest's), a lock, and
//! while a run is going on a marker. A run holds the lock from before the record is read until the new one is in place. Between two runs the
//! session's worker may live on in this process; it is used again only when the record still says what it said then.

mod digest;
mod files;
mod handle;
pub(crate) mod kept;
mod live;
mod marker;
mod record;
mod saving;
mod shown;

pub use handle::{Handle, HandleError, Wanted};
pub use shown::{Details, Summary};

pub(crate) use digest::Digested;
pub(crate) use marker::{Lost, Untold};
pub(crate) use record::replace;
pub(crate) use saving::{After, Kept};

use crate::{
    execute::random,
    journal::{self, Journal},
    key::Key,
    tree::{self, private},
};
use files::WORKSPACE;
use policy::{Guest, Labels, Limits, Principal, RunId};
use record::{Checkpoint, Record};
use sandbox::Worker;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// Where all of them are, below the state directory.
const DIRECTORY: &str = "sessions";

/// Why a session cannot be used. Nothing ran.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// It is not there, not any more, or not this principal's: the three are not told apart.
    #[error("there is no such session: it was removed, was not used for too long, or never was. Start one with session \"new\"")]
    Unknown,
    /// Another run is going on in it.
    #[error(
        "another run is going on in this session, and did not end in time; a session runs one program at a time. Try again, or work in a fork (session \"fork:HANDLE\")"
    )]
    Busy,
    /// It is a session of another language.
    #[error("this session runs {}; a session keeps its language. Start another one with session \"new\"", .0.name())]
    OtherLanguage(Guest),
    /// Its checkpoint was made by another build of the interpreter.
    #[error("this session was made by another version of the {} interpreter and cannot go on in this one. Its files are still there: start a session with \"new\"", .0.name())]
    OtherBuild(Guest),
    /// Its memory is larger than the operator's limit is now.
    #[error("this session's variables take {} MiB of memory, and a run may have {} MiB. Start one with session \"new\"", .memory_bytes >> 20, .limit_bytes >> 20)]
    TooLarge {
        /// Size of its memory, in bytes.
        memory_bytes: u64,
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// What is on the disk is not what was written.
    #[error("this session is damaged: {0}. Start one with session \"new\"")]
    Damaged(&'static str),
    /// The principal has as many as it may.
    #[error("there are {0} sessions, as many as there may be; remove one with `cofferdam sessions rm`, or go on in an existing one")]
    TooMany(usize),
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

impl SessionError {
    /// The code that clients see; `None`: a fault of ours.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            SessionError::Unknown => "unknown_session",
            SessionError::Busy => "session_busy",
            SessionError::OtherLanguage(_) => "session_language",
            SessionError::OtherBuild(_) => "session_outdated",
            SessionError::TooLarge { .. } => "session_too_large",
            SessionError::Damaged(_) => "session_damaged",
            SessionError::TooMany(_) => "too_many_sessions",
            SessionError::Disk(_) => return None,
        })
    }
}

/// All sessions of this state directory.
#[derive(Debug)]
pub struct Sessions {
    root: PathBuf,
    key: Key,
    most: usize,
    memory_bytes: u64,
    idle: Duration,
    kept: Duration,
    live: Arc<live::Seats>,
    syncer: saving::Syncer,
}

/// A session with a run in it. Dropped without [`Sessions::settle`], the run is lost, and the next one says so.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) record: Record,
    /// Runs whose end nobody was told.
    pub(crate) lost: Option<Lost>,
    /// Removes a session in which no run has begun: nobody was told its handle.
    unused: Unused,
    /// The run that is going on.
    run: Option<RunId>,
    directory: PathBuf,
    seat: live::Taken,
    _lock: File,
}

/// A new session's directory; removed when it is dropped.
#[derive(Debug)]
struct Unused(Option<PathBuf>);

impl Drop for Unused {
    fn drop(&mut self) {
        if let Some(directory) = self.0.take()
            && let Err(error) = tree::remove(&directory)
        {
            tracing::warn!(%error, "a session in which nothing ran could not be removed");
        }
    }
}

impl Open {
    pub(crate) fn handle(&self) -> &Handle {
        &self.record.handle
    }

    /// The directory that the session's programs work in.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.directory.join(WORKSPACE)
    }

    /// The worker that still holds the session's memory, if this process has it.
    pub(crate) fn take_live(&mut self) -> Option<Worker> {
        self.seat.take(self.record.runs)
    }
}

impl Sessions {
    /// The sessions below this state directory; removes those that were not used for too long.
    ///
    /// # Errors
    /// When the directory cannot be read or written.
    pub fn open(state: &Path, limits: &Limits) -> io::Result<Self> {
        let root = state.join(DIRECTORY);
        private(&root)?;
        let key = Key::open(state, "key", random())?;
        let sessions = Sessions {
            root,
            key,
            most: limits.sessions,
            memory_bytes: limits.memory_bytes as u64,
            idle: limits.session_idle,
            kept: limits.session_kept,
            live: Arc::default(),
            syncer: saving::Syncer::default(),
        };
        sessions.sweep()?;
        Ok(sessions)
    }

    /// Begins a run in a session: waits for its turn until the deadline, then holds it.
    pub(crate) async fn begin(
        &self,
        principal: &Principal,
        wanted: &Wanted,
        guest: Guest,
        guest_hash: &str,
        deadline: Instant,
    ) -> Result<Open, SessionError> {
        match wanted {
            Wanted::New => {
                let now = journal::now_ms();
                let record = Record {
                    handle: Handle::from_random(random()),
                    principal: principal.clone(),
                    guest,
                    guest_hash: guest_hash.to_owned(),
                    checkpoint: None,
                    previous: None,
                    labels: Labels::default(),
                    runs: 0,
                    clock_ns: 0,
                    last: None,
                    made_ms: now,
                    used_ms: now,
                    forked_from: None,
                };
                self.check_room(principal)?;
                let directory = files::prepare(&self.root)?;
                self.publish(directory, record, deadline).await
            }
            Wanted::Fork(handle) => {
                let source = self.open_for(principal, handle, deadline).await?;
                self.fits(&source.record, guest, guest_hash)?;
                self.copy(source, deadline).await
            }
            Wanted::Continue(handle) => {
                let open = self.open_for(principal, handle, deadline).await?;
                self.fits(&open.record, guest, guest_hash)?;
                Ok(open)
            }
        }
    }

    /// Notes that a run begins, so that a server that is killed leaves a trace of it.
    pub(crate) fn mark(&self, open: &mut Open, run: RunId, journal: &Journal) -> io::Result<()> {
        marker::add(&open.directory, open.record.last, run, journal.place())?;
        open.run = Some(run);
        open.unused.0 = None;
        Ok(())
    }

    /// Makes a second session that starts as the first one is now: memory, files and labels, not approvals.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn fork(&self, principal: &Principal, handle: &Handle, wait: Duration) -> Result<Handle, SessionError> {
        let deadline = Instant::now() + wait;
        let source = self.open_for(principal, handle, deadline).await?;
        let mut fork = self.copy(source, deadline).await?;
        fork.unused.0 = None;
        Ok(fork.record.handle)
    }

    async fn copy(&self, source: Open, deadline: Instant) -> Result<Open, SessionError> {
        self.check_room(&source.record.principal)?;
        let now = journal::now_ms();
        let record = Record {
            handle: Handle::from_random(random()),
            made_ms: now,
            used_ms: now,
            forked_from: Some(source.record.handle.clone()),
            ..source.record.clone()
        };
        let (from, root, made) = (source.directory.clone(), self.root.clone(), record.clone());
        let copied = tokio::task::spawn_blocking(move || {
            let directory = files::prepare(&root)?;
            tree::copy(&from.join(WORKSPACE), &directory.path().join(WORKSPACE))?;
            let checkpoints = made.checkpoint.iter().chain(&made.previous);
            // What was lost in the one is in the files of the other too: each is to tell of it.
            for name in checkpoints.map(|checkpoint| checkpoint.digest.as_str()).chain([marker::FILE]) {
                let (old, new) = (from.join(name), directory.path().join(name));
                // A file system without hard links gets a copy. The older checkpoint may be gone already.
                if fs::hard_link(&old, &new).is_err() && old.exists() {
                    fs::copy(old, new)?;
                }
            }
            Ok::<_, io::Error>(directory)
        });
        let directory = copied.await.map_err(io::Error::other)?.map_err(of_files)?;
        drop(source);
        self.publish(directory, record, deadline).await
    }

    /// Gives a new session its record, its name and its lock.
    async fn publish(&self, directory: tempfile::TempDir, record: Record, deadline: Instant) -> Result<Open, SessionError> {
        record.write(directory.path(), &self.key)?;
        let place = self.root.join(record.handle.as_str());
        let seat = self.live.take(&record.handle, deadline).await?;
        files::publish(directory, &place)?;
        let unused = Unused(Some(place.clone()));
        let lock = files::lock(&place, deadline).await?;
        let lost = Lost::found(&place, record.last);
        Ok(Open { record, lost, unused, run: None, directory: place, seat, _lock: lock })
    }

    async fn open_for(&self, principal: &Principal, handle: &Handle, deadline: Instant) -> Result<Open, SessionError> {
        let directory = self.root.join(handle.as_str());
        // Asked before waiting, so that a stranger learns nothing, not even that it is busy.
        owned(Record::read(&directory, &self.key)?, principal, self.kept)?;
        let seat = self.live.take(handle, deadline).await?;
        let lock = files::lock(&directory, deadline).await?;
        let record = owned(Record::read(&directory, &self.key)?, principal, self.kept)?;
        // Without one a worker would end at once, as if it had been attacked. A link in its place leads anywhere.
        if !fs::symlink_metadata(directory.join(WORKSPACE)).is_ok_and(|found| found.is_dir()) {
            return Err(SessionError::Damaged("its workspace is gone"));
        }
        let lost = Lost::found(&directory, record.last);
        Ok(Open { record, lost, unused: Unused(None), run: None, directory, seat, _lock: lock })
    }

    fn fits(&self, record: &Record, guest: Guest, guest_hash: &str) -> Result<(), SessionError> {
        if record.guest != guest {
            return Err(SessionError::OtherLanguage(record.guest));
        }
        // Without a checkpoint there is nothing that another build could misread.
        let Some(Checkpoint { memory_bytes, .. }) = record.checkpoint else { return Ok(()) };
        if record.guest_hash != guest_hash {
            return Err(SessionError::OtherBuild(guest));
        }
        if memory_bytes > self.memory_bytes {
            return Err(SessionError::TooLarge { memory_bytes, limit_bytes: self.memory_bytes });
        }
        Ok(())
    }

    fn check_room(&self, principal: &Principal) -> Result<(), SessionError> {
        // Most of the time there is no need to read a single record.
        if files::list(&self.root)?.0.len() < self.most {
            return Ok(());
        }
        self.sweep()?;
        let used = self.list()?.iter().filter(|summary| summary.principal == *principal).count();
        if used >= self.most { Err(SessionError::TooMany(self.most)) } else { Ok(()) }
    }

    /// Removes a session with its checkpoint and its files, unless a run is going on in it.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn remove(&self, handle: &Handle, wait: Duration) -> Result<(), SessionError> {
        let deadline = Instant::now() + wait;
        let directory = self.root.join(handle.as_str());
        if !directory.is_dir() {
            return Err(SessionError::Unknown);
        }
        let mut seat = self.live.take(handle, deadline).await?;
        let lock = files::lock(&directory, deadline).await?;
        seat.park();
        let removed = tokio::task::spawn_blocking(move || {
            let _held = lock;
            // Whoever waited for the lock as well was quicker.
            if directory.is_dir() { tree::remove(&directory).map_err(SessionError::Disk) } else { Err(SessionError::Unknown) }
        });
        removed.await.map_err(io::Error::other)?
    }

    /// Joins labels to a session's record, before the data that carries them goes on.
    pub(crate) fn label(&self, open: &mut Open, labels: &Labels) -> io::Result<()> {
        let mut record = open.record.clone();
        if record.labels.join(labels) {
            record.write(&open.directory, &self.key)?;
            // Only now: what could not be written is tried again.
            open.record = record;
        }
        Ok(())
    }

    /// Ends the oldest idle worker of a session; its session is on the disk already.
    pub(crate) fn park_one(&self) {
        self.live.park_oldest();
    }

    /// Removes sessions that were not used for too long, and what was left half made.
    fn sweep(&self) -> io::Result<()> {
        let (handles, left) = files::list(&self.root)?;
        for path in left {
            // Another server may remove it at the same time.
            let _ = tree::remove(&path);
        }
        for handle in handles {
            let directory = self.root.join(handle.as_str());
            let old = match Record::read(&directory, &self.key) {
                Ok(Some(record)) => expired(&record, self.kept),
                // Of no more use; whoever wants to find out why has as long as there would have been.
                Ok(None) | Err(SessionError::Damaged(_)) => files::age(&directory).is_some_and(|age| age > self.kept),
                Err(_) => false,
            };
            // One that is locked is in use.
            if old
                && let Some(_lock) = files::lock_unused(&directory)
                && let Err(error) = tree::remove(&directory)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(session = %handle, %error, "a session that expired could not be removed");
            }
        }
        Ok(())
    }
}

fn expired(record: &Record, kept: Duration) -> bool {
    u128::from(journal::now_ms().saturating_sub(record.used_ms)) > kept.as_millis()
}

/// The record, if it is this principal's and not too old.
fn owned(record: Option<Record>, principal: &Principal, kept: Duration) -> Result<Record, SessionError> {
    record.filter(|record| record.principal == *principal && !expired(record, kept)).ok_or(SessionError::Unknown)
}

/// What went wrong with the files that a guest left.
fn of_files(error: io::Error) -> SessionError {
    match error.kind() {
        io::ErrorKind::InvalidFilename => SessionError::Damaged("the directories of its workspace are nested too deep to be looked at"),
        _ => SessionError::Disk(error),
    }
}
