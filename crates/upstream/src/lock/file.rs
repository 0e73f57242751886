//! The lockfile on the disk: read whole, replaced whole, by one process at a time.
//!
//! The lock is taken on the file's directory, so that nothing of ours lies beside a file that people check in.

use super::document::Document;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// The largest lockfile, in bytes: a mistaken path must not fill the memory.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// How long another process's change is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How often the lock is tried again.
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// The lockfile cannot be used. Nothing is started with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockError {
    /// The file.
    pub file: PathBuf,
    /// Line and column, both from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for LockError {}

/// What tells one state of the file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: SystemTime,
    size: u64,
    inode: u64,
}

/// The state of the file now, if it is there.
pub(super) fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(file).ok()?;
    Some(Stamp { modified: metadata.modified().ok()?, size: metadata.len(), inode: metadata.ino() })
}

/// The document, and the state of the file before it was read; `None` when there is no file.
pub(super) fn read(file: &Path) -> Result<Option<(Document, Option<Stamp>)>, LockError> {
    let stamp = stamp(file);
    if stamp.is_some_and(|stamp| stamp.size > FILE_BYTES) {
        return Err(error(file, "is larger than 16 MiB: this is not a lockfile"));
    }
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(error(file, format!("cannot be read: {why}"))),
    };
    let document = Document::parse(&text).map_err(|malformed| LockError {
        file: file.to_owned(),
        place: malformed.at.map(|at| position(&text, at)),
        message: format!("{}; correct it, or remove the file and accept the tools anew", malformed.message),
    })?;
    Ok(Some((document, stamp)))
}

/// Waits until no other process changes the file; others wait until the result is dropped.
pub(super) fn lock(file: &Path) -> Result<File, LockError> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |why: &dyn fmt::Display| error(file, format!("cannot be written: {why}"));
    fs::create_dir_all(directory).map_err(|why| failed(&why))?;
    let handle = File::open(directory).map_err(|why| failed(&why))?;
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match handle.try_lock() {
            Ok(()) => return Ok(handle),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(LOCK_RETRY),
            Err(TryLockError::WouldBlock) => return Err(failed(&"another process is changing files in its folder and does not end")),
            Err(TryLockError::Error(why)) => return Err(failed(&why)),
        }
    }
}

/// Replaces the file in one step. A symbolic link stays one.
pub(super) fn write(file: &Path, document: &Document) -> Result<Option<Stamp>, LockError> {
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let new = target.with_extension(format!("lock.{}.new", std::process::id()));
    let written = File::create(&new).and_then(|mut out| {
        out.write_all(document.print().as_bytes())?;
        out.sync_all()
    });
    written.and_then(|()| fs::rename(&new, &target)).map_err(|why| {
        // Nothing is lost if it stays.
        let _gone = fs::remove_file(&new);
        error(file, format!("cannot be written: {why}"))
    })?;
    Ok(stamp(file))
}

fn error(file: &Path, message: impl Into<String>) -> LockError {
    LockError { file: file.to_owned(), place: None, message: message.into() }
}

/// Line and column of a byte, both from 1; columns count characters.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte)];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
