//! A session's directory on the disk: made, locked, copied and removed as a whole.
//!
//! The lock is held by the server that runs a program in the session, and only as long as it does: several servers share the state, and an
//! idle one must not keep a session from another. What a guest left in a workspace is hostile: no link in it is ever followed.

use super::{Handle, SessionError};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
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

/// Makes a directory that only this user may enter.
pub(crate) fn private(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)
}

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

/// The session's lock, waited for until the deadline.
pub(crate) async fn lock(directory: &Path, deadline: Instant) -> Result<File, SessionError> {
    let file = match OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(directory.join(LOCK)) {
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

/// Removes a session's directory: first its name, so that nobody finds half of it.
pub(crate) fn remove(root: &Path, handle: &Handle) -> io::Result<()> {
    let grave = tempfile::Builder::new().prefix(".removed-").tempdir_in(root)?;
    fs::rename(root.join(handle.as_str()), grave.path().join("session"))?;
    grave.close()
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
        } else if name.starts_with(HIDDEN) {
            let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > LEFT) {
                left.push(entry.path());
            }
        }
    }
    sessions.sort();
    Ok((sessions, left))
}

/// Bytes and entries below a directory.
pub(crate) fn usage(directory: &Path) -> io::Result<(u64, u64)> {
    let (mut bytes, mut files) = (0, 0);
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            files += 1;
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_file() {
                bytes += entry.metadata()?.len();
            }
        }
    }
    Ok((bytes, files))
}

/// Copies a workspace; the file system shares the bytes where it can. Links are copied as links; what is no file, directory or link cannot be
/// in a workspace and is left out.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    private(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_follows_no_link() {
        let place = TempDir::new().unwrap();
        let from = place.path().join("from");
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/file"), "12345").unwrap();
        fs::write(place.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink(place.path().join("secret"), from.join("a/link")).unwrap();
        let to = place.path().join("to");
        copy(&from, &to).unwrap();
        assert_eq!(fs::read(to.join("a/b/file")).unwrap(), b"12345");
        assert_eq!(fs::read_link(to.join("a/link")).unwrap(), place.path().join("secret"));
        assert_eq!(usage(&to).unwrap(), (5, 4));
    }

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
