//! What each context has seen: its labels are on the disk before anything that carries them enters a worker or is shown.
//!
//! One small file per context, named by a hash, replaced as a whole under a lock that all servers of this state directory share. Memory holds what the
//! file said last and is asked first, so that only labels that are new cost a write. Labels are only ever added; the operator alone clears a
//! context, in any process, and the broker that serves it obeys from its next request on. How often programs of a context failed is in memory only.

mod failures;
mod record;

pub use record::{Seen, SeenLabel};

pub(crate) use failures::Paused;

use crate::{journal::now_ms, tree::private};
use failures::Failures;
use policy::{Context, Labels, Layer, Limits, Principal};
use record::{Record, Stamp};
use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a context is kept after its last run. Whoever still uses it has its labels in memory, and writes them again with the next new one.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How many contexts are held in memory; what is durable of the others is read again. Guards the broker's memory against clients that name many.
const MOST: usize = 4096;

/// Held while a file is replaced.
const LOCK: &str = "lock";

/// The contexts of all principals below one state directory.
#[derive(Debug, Clone)]
pub struct Contexts {
    root: Arc<PathBuf>,
    known: Arc<Mutex<HashMap<Context, Known>>>,
}

/// What this process knows of a context.
#[derive(Debug)]
struct Known {
    labels: Labels,
    /// Of the file as it was last read or written; `None`: there was none.
    stamp: Option<Stamp>,
    /// How often the operator had cleared it by then.
    cleared: u64,
    failures: Failures,
    used: Instant,
}

impl Known {
    fn new() -> Self {
        Known { labels: Labels::default(), stamp: None, cleared: 0, failures: Failures::default(), used: Instant::now() }
    }

    /// Takes over what the file says.
    fn take(&mut self, record: &Record, stamp: Stamp) {
        if record.cleared > self.cleared {
            self.labels = Labels::default();
            self.failures = Failures::default();
        }
        self.cleared = record.cleared;
        self.labels.join(&record.labels());
        self.stamp = Some(stamp);
    }
}

impl Contexts {
    /// The contexts below this state directory; removes those that were not used for 30 days.
    ///
    /// # Errors
    /// When the directory cannot be read or written.
    pub fn open(state: &Path) -> io::Result<Self> {
        let root = state.join("contexts");
        private(&root)?;
        let contexts = Contexts { root: Arc::new(root), known: Arc::default() };
        contexts.sweep()?;
        Ok(contexts)
    }

    /// What a context has seen so far.
    ///
    /// # Errors
    /// When its file cannot be read or is damaged: then nobody knows what it has seen.
    pub(crate) fn labels(&self, context: &Context) -> io::Result<Labels> {
        self.look(context).map(|(labels, _)| labels)
    }

    /// The same, and whether there is a file that says so.
    fn look(&self, context: &Context) -> io::Result<(Labels, bool)> {
        let path = self.path(context);
        let stamp = Stamp::of(&path)?;
        if stamp.is_some()
            && self.known().get(context).is_none_or(|known| known.stamp != stamp)
            && let Some((record, stamp)) = Record::read(&path)?
        {
            self.entry(context, |known| known.take(&record, stamp));
        }
        // A file that is gone clears nothing: only the operator does.
        Ok((self.entry(context, |known| known.labels.clone()), stamp.is_some()))
    }

    /// Joins labels to what a context has seen. They are on the disk when this returns.
    ///
    /// # Errors
    /// When they could not be written: then what carries them must not be shown.
    pub(crate) async fn join(&self, context: &Context, labels: &Labels) -> io::Result<()> {
        if labels.is_empty() {
            return Ok(());
        }
        let (held, on_disk) = self.look(context)?;
        if on_disk && held.contains(labels) {
            return Ok(());
        }
        let (contexts, context, labels) = (self.clone(), context.clone(), labels.clone());
        let written = tokio::task::spawn_blocking(move || {
            contexts.replace(&context, true, |record| {
                if !on_disk {
                    // The file was swept, and this process still knows what it said.
                    record.join(&held, now_ms());
                }
                record.join(&labels, now_ms());
            })
        });
        written.await.map_err(io::Error::other)?
    }

    /// Whether programs of this context failed so often that the next one has to wait.
    pub(crate) fn paused(&self, context: &Context, limits: &Limits) -> Option<Paused> {
        if Layer::Failures.is_off() {
            return None;
        }
        // The operator may have cleared it. What cannot be read stops the run a little later, with its reason.
        let _looked = self.look(context);
        self.entry(context, |known| known.failures.paused(limits, Instant::now()))
    }

    /// Takes down how a run of the context ended.
    pub(crate) fn ended(&self, context: &Context, failed: bool) {
        let written = self.entry(context, |known| {
            known.failures.ended(failed, Instant::now());
            known.stamp.is_some()
        });
        if written {
            let (contexts, context) = (self.clone(), context.clone());
            // What is shown to the operator of its use is no reason to let a reply wait.
            tokio::task::spawn_blocking(move || {
                let noted = contexts.replace(&context, false, |record| {
                    record.runs += 1;
                    record.used_ms = now_ms();
                });
                if let Err(error) = noted {
                    tracing::warn!(context = context.name, %error, "the use of a context could not be noted");
                }
            });
        }
    }

    /// Every context that has seen something and can be read, the last used first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(&self) -> io::Result<Vec<Seen>> {
        let files = self.files()?;
        let mut list: Vec<Seen> = files.iter().filter_map(|path| Record::read(path).ok().flatten()).map(|(record, _)| record.seen()).collect();
        list.sort_by_key(|seen| std::cmp::Reverse(seen.used_ms));
        Ok(list)
    }

    /// Takes all labels of a context away, and the failures of its programs. Whoever serves it obeys from the next request on. Says whether there is such
    /// a context.
    ///
    /// # Errors
    /// When its file cannot be replaced. One that is damaged is.
    pub fn clear(&self, principal: &Principal, name: &str) -> io::Result<bool> {
        let context = Context { principal: principal.clone(), name: name.to_owned() };
        let path = self.path(&context);
        if Stamp::of(&path)?.is_none() {
            return Ok(false);
        }
        let _held = self.lock()?;
        let mut record = Record::read(&path).ok().flatten().map_or_else(|| Record::of(&context, now_ms()), |(record, _)| record);
        record.clear();
        record.write(&path, true)?;
        Ok(true)
    }

    /// Changes the file of a context, which is made if need be.
    fn replace(&self, context: &Context, synced: bool, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        let path = self.path(context);
        let _held = self.lock()?;
        let mut record = Record::read(&path)?.map_or_else(|| Record::of(context, now_ms()), |(record, _)| record);
        change(&mut record);
        let stamp = record.write(&path, synced)?;
        self.entry(context, |known| known.take(&record, stamp));
        Ok(())
    }

    fn entry<T>(&self, context: &Context, act: impl FnOnce(&mut Known) -> T) -> T {
        let mut all = self.known();
        if !all.contains_key(context) {
            if all.len() >= MOST
                && let Some(oldest) = all.iter().min_by_key(|(_, known)| known.used).map(|(context, _)| context.clone())
            {
                all.remove(&oldest);
            }
            all.insert(context.clone(), Known::new());
        }
        let known = all.entry(context.clone()).or_insert_with(Known::new);
        known.used = Instant::now();
        act(known)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Context, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> io::Result<File> {
        let lock = File::create(self.root.join(LOCK))?;
        lock.lock()?;
        Ok(lock)
    }

    fn path(&self, context: &Context) -> PathBuf {
        let Context { principal, name } = context;
        let hash = blake3::hash(format!("{}\0{name}", principal.as_str()).as_bytes()).to_hex();
        self.root.join(format!("{}.json", hash.get(..32).unwrap_or_default()))
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&*self.root)?.collect::<io::Result<Vec<_>>>()?;
        Ok(entries.into_iter().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect())
    }

    /// Removes the files that nothing was written to for [`KEPT`]: every run writes to its context's.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&*self.root)?.flatten() {
            let age = entry.metadata().and_then(|known| known.modified()).ok().and_then(|at| at.elapsed().ok());
            if entry.file_name() != LOCK && age.is_some_and(|age| age > KEPT) {
                // Another server may remove it at the same time.
                let _gone = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "contexts_tests.rs"]
mod tests;
