//! A session's directory on the disk: made, named, locked and found.
//!
//! The lock is held by the server that runs a program in the session, and only as long as it does: several servers share the state, and an
//! idle one must not keep a session from another.

use super::{Handle, SessionError};
use crate::tree::private;
use std::{
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::Instant;

const LOCK: &str = "lock";
pub(crate) const WORKSPACE: &str = "workspace";

/// How often a lock that another process holds is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// Directories of things that are being made or removed; no handle looks like them.
const HIDDEN: &str = ".";

/// A new session's directory, which nobody sees before it has its name.
pub(crate) fn prepare(root: &Path) -> io::Result<TempDir> {
    let directory = tempfile::Builder::new().prefix(".new-").permissions(Permissions::from_mode(0o700)).tempdir_in(root)?;
    private(&directory.path().join(WORKSPACE))?;
    Ok(directory)
}

/// Gives a prepared directory its name.
pub(crate) fn publish(directory: TempDir, place: &Path) -> io::Result<()> {
    fs::rename(directory.path(), place)?;
    // Its old name is gone, and with it what would be removed.
    let _renamed = directory.keep();
    Ok(())
}

/// The session's lock, if nobody holds it.
pub(crate) fn lock_unused(directory: &Path) -> Option<File> {
    open_lock(directory).ok().filter(|file| file.try_lock().is_ok())
}

fn open_lock(directory: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(directory.join(LOCK))
}

/// The session's lock, waited for until the deadline.
pub(crate) async fn lock(directory: &Path, deadline: Instant) -> Result<File, SessionError> {
    let file = match open_lock(directory) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Err(SessionError::Unknown),
        opened => opened?,
    };
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::Error(error)) => return Err(error.into()),
            Err(fs::TryLockError::WouldBlock) if Instant::now() + RETRY > deadline => return Err(SessionError::Busy),
            Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(RETRY).await,
        }
    }
}

/// How long ago a directory's names changed last.
pub(crate) fn age(directory: &Path) -> Option<Duration> {
    fs::symlink_metadata(directory).and_then(|metadata| metadata.modified()).ok()?.elapsed().ok()
}

/// Every directory that may be a session's, and those that were left half made or half removed more than an hour ago.
pub(crate) fn list(root: &Path) -> io::Result<(Vec<Handle>, Vec<PathBuf>)> {
    const LEFT: Duration = Duration::from_secs(3600);
    let (mut sessions, mut left) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if let Ok(handle) = Handle::parse(&name) {
            sessions.push(handle);
        } else if name.starts_with(HIDDEN) && age(&entry.path()).is_some_and(|age| age > LEFT) {
            left.push(entry.path());
        }
    }
    sessions.sort();
    Ok((sessions, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lock_that_is_held_is_waited_for_and_then_given_up() {
        let place = TempDir::new().unwrap();
        let held = lock(place.path(), Instant::now()).await.unwrap();
        let began = Instant::now();
        let second = lock(place.path(), began + Duration::from_millis(60)).await;
        assert!(matches!(second, Err(SessionError::Busy)));
        assert!(began.elapsed() >= Duration::from_millis(40));
        drop(held);
        lock(place.path(), Instant::now()).await.unwrap();
        assert!(matches!(lock(&place.path().join("gone"), Instant::now()).await, Err(SessionError::Unknown)));
    }
}
