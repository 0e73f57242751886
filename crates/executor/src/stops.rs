//! Principals that the operator stopped: their runs end, new ones are refused, and approvals given before count no more, in every server of this state
//! directory.
//!
//! One small file per principal, named by a hash. It is looked at when a run begins and, while one is going on, every [`LOOK`]. A file that cannot be read
//! counts as a stop: whoever wanted one must get it.

use crate::{journal::now_ms, tree::private};
use policy::Principal;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often a run that is going on looks whether it may.
const LOOK: Duration = Duration::from_millis(100);

/// The longest reason, in characters. Guards the model's context.
const REASON_CHARS: usize = 500;

/// Held while a file is replaced.
const LOCK: &str = "lock";

/// The principals below one state directory that were ever stopped.
#[derive(Debug)]
pub struct Stops {
    root: PathBuf,
    known: Mutex<HashMap<Principal, (Stamp, Standing)>>,
}

type Stamp = (u64, i64, i64);

/// What the operator last said of a principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who.
    pub principal: Principal,
    /// Why it is stopped; `None`: it is not any more.
    pub stopped: Option<Stopped>,
    /// How often it was stopped. What was approved under another number is not approved.
    pub generation: u64,
}

/// A stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// In the operator's words; maybe none.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reason = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        write!(f, "the operator stopped all programs{reason}. Only the operator can allow them again")
    }
}

impl Stops {
    /// Those below this state directory.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn open(state: &Path) -> io::Result<Self> {
        let root = state.join("stopped");
        private(&root)?;
        Ok(Stops { root, known: Mutex::default() })
    }

    /// What holds for a principal now.
    #[must_use]
    pub fn standing(&self, principal: &Principal) -> Standing {
        self.look(principal).unwrap_or_else(|error| {
            tracing::error!(principal = principal.as_str(), %error, "whether a principal is stopped cannot be read, so it is");
            let reason = "whether they may run cannot be read; the operator finds the reason in the log".to_owned();
            Standing { principal: principal.clone(), stopped: Some(Stopped { reason, since_ms: now_ms() }), generation: u64::MAX }
        })
    }

    fn look(&self, principal: &Principal) -> io::Result<Standing> {
        let path = self.path(principal);
        let found = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Standing { principal: principal.clone(), stopped: None, generation: 0 });
            }
            found => found?,
        };
        let stamp = (found.ino(), found.mtime(), found.mtime_nsec());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, standing)) = known.get(principal).filter(|(read, _)| *read == stamp) {
            return Ok(standing.clone());
        }
        let standing: Standing = serde_json::from_slice(&fs::read(path)?).map_err(io::Error::other)?;
        known.insert(principal.clone(), (stamp, standing.clone()));
        Ok(standing)
    }

    /// Waits until a principal is stopped.
    pub(crate) async fn watch(&self, principal: &Principal) -> Stopped {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Some(stopped) = self.standing(principal).stopped {
                return stopped;
            }
        }
    }

    /// Stops a principal; what is approved for it counts no more. It outlasts a power failure when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn stop(&self, principal: &Principal, reason: &str) -> io::Result<()> {
        let reason = gate::screen(reason, usize::MAX, 0).text.chars().take(REASON_CHARS).collect();
        self.replace(principal, |standing| {
            standing.stopped = Some(Stopped { reason, since_ms: now_ms() });
            standing.generation = standing.generation.wrapping_add(1);
        })
    }

    /// Lets a principal run programs again. Says whether it was stopped.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn lift(&self, principal: &Principal) -> io::Result<bool> {
        let stopped = self.standing(principal).stopped.is_some();
        if stopped {
            self.replace(principal, |standing| standing.stopped = None)?;
        }
        Ok(stopped)
    }

    /// Every principal that is stopped.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(&self) -> io::Result<Vec<Standing>> {
        let entries = fs::read_dir(&self.root)?.collect::<io::Result<Vec<_>>>()?;
        let files = entries.iter().map(fs::DirEntry::path).filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let mut list: Vec<Standing> = files.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect();
        list.retain(|standing| standing.stopped.is_some());
        list.sort_by(|a, b| a.principal.cmp(&b.principal));
        Ok(list)
    }

    fn replace(&self, principal: &Principal, change: impl FnOnce(&mut Standing)) -> io::Result<()> {
        let held = File::create(self.root.join(LOCK))?;
        held.lock()?;
        // One that is damaged begins anew, with a number that was not there before.
        let mut standing = self.look(principal).unwrap_or_else(|_| Standing { principal: principal.clone(), stopped: None, generation: now_ms() });
        change(&mut standing);
        let mut fresh = tempfile::Builder::new().prefix(".new-").tempfile_in(&self.root)?;
        fresh.write_all(&serde_json::to_vec(&standing).map_err(io::Error::other)?)?;
        fresh.as_file().sync_all()?;
        fresh.persist(self.path(principal))?;
        File::open(&self.root)?.sync_all()
    }

    fn path(&self, principal: &Principal) -> PathBuf {
        let hash = blake3::hash(principal.as_str().as_bytes()).to_hex();
        self.root.join(format!("{}.json", hash.get(..32).unwrap_or_default()))
    }
}

/// What ends one run before its time: its client, or the operator.
#[derive(Debug)]
pub(crate) struct Halt {
    pub(crate) cancel: CancellationToken,
    /// The operator, if it was they.
    stopped: OnceLock<Stopped>,
}

impl Halt {
    /// Ended with this token too.
    pub(crate) fn below(cancel: &CancellationToken) -> Self {
        Halt { cancel: cancel.child_token(), stopped: OnceLock::new() }
    }

    /// Ends the run in the operator's name.
    pub(crate) fn stop(&self, stopped: Stopped) {
        // The first one counts.
        let _was = self.stopped.set(stopped);
        self.cancel.cancel();
    }

    /// What ended a run that had not begun, as the journal names it.
    pub(crate) fn code(&self) -> &'static str {
        if self.stopped().is_some() { "stopped" } else { "cancelled" }
    }

    /// The stop that ended the run; `None`: its client did, if anybody.
    pub(crate) fn stopped(&self) -> Option<&Stopped> {
        self.stopped.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn a_stop_holds_in_every_process_until_it_is_lifted_and_is_counted() {
        let state = TempDir::new().unwrap();
        let [broker, operator] = [(); 2].map(|()| Stops::open(state.path()).unwrap());
        let (local, other) = (Principal::local(), Principal::named("other".to_owned()));
        assert_eq!(broker.standing(&local), Standing { principal: local.clone(), stopped: None, generation: 0 });
        for generation in 1..=2 {
            operator.stop(&local, "it sends\u{1b}[31m too much").unwrap();
            let standing = broker.standing(&local);
            assert_eq!((standing.generation, standing.stopped.unwrap().reason.as_str()), (generation, "it sends too much"));
            assert_eq!(Stops::open(state.path()).unwrap().list().unwrap().len(), 1);
            assert_eq!(broker.standing(&other).stopped, None);
            assert!(operator.lift(&local).unwrap());
            assert!(!operator.lift(&local).unwrap());
            assert_eq!(broker.standing(&local), Standing { principal: local.clone(), stopped: None, generation });
        }
        assert_eq!(operator.list().unwrap(), []);
    }

    #[test]
    fn what_cannot_be_read_is_a_stop_that_can_be_lifted() {
        let state = TempDir::new().unwrap();
        let stops = Stops::open(state.path()).unwrap();
        let local = Principal::local();
        stops.stop(&local, "").unwrap();
        fs::write(stops.path(&local), "{").unwrap();
        assert!(stops.standing(&local).stopped.is_some());
        assert!(stops.lift(&local).unwrap());
        let standing = stops.standing(&local);
        assert!(standing.stopped.is_none() && standing.generation > 1);
    }

    #[tokio::test]
    async fn whoever_watches_is_told() {
        let state = TempDir::new().unwrap();
        let [broker, operator] = [(); 2].map(|()| Stops::open(state.path()).unwrap());
        let local = Principal::local();
        let stop = async {
            tokio::task::yield_now().await;
            operator.stop(&local, "enough").unwrap();
        };
        let (stopped, ()) = tokio::join!(broker.watch(&local), stop);
        assert_eq!(stopped.to_string(), "the operator stopped all programs: enough. Only the operator can allow them again");
    }
}
