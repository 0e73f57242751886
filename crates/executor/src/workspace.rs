//! The directory that a stateless run may write to: fresh, the user's alone, and gone afterwards.
//!
//! Each server process has a directory of its own and holds a lock on it. What a killed server left behind is removed by the next one that
//! starts: whoever can take the lock knows that nobody uses it.

use crate::tree;
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::TempDir;

/// The directory of this server process.
#[derive(Debug)]
pub(crate) struct Workspaces {
    root: TempDir,
    spare: Spare,
    _lock: File,
}

/// A directory that was made after the last run, so that the next does not wait for it.
type Spare = Arc<Mutex<Option<TempDir>>>;

/// The directory of one run; removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Workspace {
    directory: Option<TempDir>,
    spare: Spare,
}

const LOCK: &str = "lock";

impl Workspaces {
    /// Makes this process's directory below `state` and removes those of dead processes.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        let all = state.join("runs");
        DirBuilder::new().recursive(true).mode(0o700).create(&all)?;
        for entry in fs::read_dir(&all)?.flatten() {
            remove_if_dead(&entry.path());
        }
        let root = tempfile::Builder::new().prefix("server-").tempdir_in(&all)?;
        // It gets its name once it is locked: otherwise another server could take the lock in between, and this one for dead.
        let unnamed = root.path().join("lock.new");
        let lock = File::create(&unnamed)?;
        lock.lock()?;
        fs::rename(&unnamed, root.path().join(LOCK))?;
        let spare = Arc::new(Mutex::new(Some(fresh(root.path())?)));
        Ok(Workspaces { root, spare, _lock: lock })
    }

    /// A fresh directory.
    pub(crate) fn workspace(&self) -> io::Result<Workspace> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        let directory = spare.map_or_else(|| fresh(self.root.path()), Ok)?;
        Ok(Workspace { directory: Some(directory), spare: Arc::clone(&self.spare) })
    }
}

fn fresh(root: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("run-").tempdir_in(root)
}

/// Removes a server's directory when no process holds its lock. One without a lock file may be just being made: it is left alone until
/// it is older than a minute.
fn remove_if_dead(path: &Path) {
    let dead = match File::open(path.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(_) => {
            let age = fs::metadata(path).and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
            age.is_some_and(|age| age.as_secs() > 60)
        }
    };
    if dead && let Err(error) = tree::remove(path) {
        tracing::warn!(path = %path.display(), %error, "what a former server left behind cannot be removed");
    }
}

impl Workspace {
    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        self.directory.as_ref().map_or(Path::new(""), TempDir::path)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let Some(directory) = self.directory.take() else { return };
        let spare = Arc::clone(&self.spare);
        // Removing many files takes time that no reply should wait for.
        let remove = move || {
            if let Some(root) = directory.path().parent() {
                let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
                if spare.is_none() {
                    // Without it the next run makes its own, and says why if it cannot.
                    *spare = fresh(root).ok();
                }
            }
            match tree::remove(&directory.keep()) {
                // The server is ending and has removed its whole directory.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!(%error, "a workspace could not be removed"),
                Ok(()) => {}
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_server_left_is_removed_and_a_living_one_keeps_its_own() {
        let state = TempDir::new().unwrap();
        let living = Workspaces::open(state.path()).unwrap();
        let dead = state.path().join("runs/server-dead");
        fs::create_dir_all(dead.join("run-1")).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        let _second = Workspaces::open(state.path()).unwrap();
        assert!(!dead.exists());
        assert!(living.root.path().exists());
    }

    #[test]
    fn a_workspace_is_gone_after_its_run() {
        let state = TempDir::new().unwrap();
        let workspaces = Workspaces::open(state.path()).unwrap();
        let workspace = workspaces.workspace().unwrap();
        let path = workspace.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        drop(workspace);
        assert!(!path.exists());
        let next = workspaces.workspace().unwrap();
        assert_ne!(next.path(), path);
        assert_eq!(fs::read_dir(next.path()).unwrap().count(), 0);
    }
}
