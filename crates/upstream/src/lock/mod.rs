//! `cofferdam.lock` in use: which upstreams may be started and which of their tools may be called, as the operator accepted them.
//!
//! A launch line that differs from the accepted one is not started; a tool whose definition differs from the accepted one, or that is not there at
//! all, is quarantined. What nobody has accepted yet is recorded at its first sight as `unreviewed`, which asks; from then on it may not change
//! either. The file may change under a running broker: it is looked at whenever a catalog is taken. Deliberately absent: what an
//! accepted effect means for a call (`policy`), and every way to accept anything without the operator.

mod definition;
mod definitions;
mod document;
mod file;
mod review;

pub(crate) use definition::{Definition, sha256};
pub use document::{Document, LaunchLine, LockedServer, LockedTool};
pub use file::LockError;
pub use review::{Review, ReviewedTool};

use crate::listing::Listing;
use definitions::Definitions;
use file::Stamp;
use policy::{Layer, Quarantine, ServerName, ServerState, propose};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why a server with another launch line is not started.
const LAUNCH_CHANGED: &str = "its launch line changed; the operator has to accept it";
/// Why a server is not started that the lockfile does not have, where nothing may be added to it.
const NOT_LOCKED: &str = "it is not in the lockfile; the operator has to accept it";

/// Whether a server that is not available is so because the lockfile forbids its start, by the reason that its state gives.
#[must_use]
pub fn is_forbidden(reason: &str) -> bool {
    [LAUNCH_CHANGED, NOT_LOCKED].contains(&reason)
}

/// What becomes of a server that the lockfile does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is started and recorded as unreviewed.
    Record,
    /// It is started and nothing is written: for commands that only look.
    Look,
    /// It is not started, and nothing is written.
    Locked,
}

/// The lockfile of one process.
#[derive(Debug)]
pub struct Lock {
    place: Option<PathBuf>,
    mode: Mode,
    definitions: Definitions,
    held: Mutex<Held>,
    /// Held by whoever writes the file. `held` is not, meanwhile: nobody who calls a tool waits for the disk.
    writing: Mutex<()>,
}

/// What the lockfile says of a tool as its upstream defines it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does not know the server.
    Unknown,
    /// It knows the server and not the tool.
    New,
    /// It knows another definition of the tool.
    Changed,
    /// It knows this definition, with these facts.
    Locked(policy::Facts),
}

impl Standing {
    /// Why the tool may not be called. `None`: it may, as far as the policy allows.
    pub(crate) fn keeps_out(self) -> Option<&'static str> {
        match self {
            Standing::New => Some("it is new, and was not accepted"),
            Standing::Changed => Some("its definition changed since it was accepted"),
            Standing::Unknown | Standing::Locked(_) => None,
        }
    }
}

#[derive(Debug, Default)]
struct Held {
    document: Arc<Document>,
    stamp: Option<Stamp>,
    /// Counts the documents.
    version: u64,
    /// Whether it was told that the file cannot be read or written.
    told: bool,
    /// Servers whose new launch lines the operator lets start, to see their tools.
    allowed: BTreeSet<ServerName>,
}

impl Lock {
    /// Reads the lockfile at `place`; one that is not there is empty. `definitions` is where accepted definitions are kept. Without a place nothing
    /// outlives the process.
    ///
    /// # Errors
    /// When there is a file that cannot be read or is no lockfile.
    pub fn open(place: Option<PathBuf>, mode: Mode, definitions: Option<PathBuf>) -> Result<Arc<Lock>, LockError> {
        let mut held = Held::default();
        if let Some(place) = &place {
            (held.document, held.stamp) = file::read(place)?.map(|(document, stamp)| (Arc::new(document), stamp)).unwrap_or_default();
        }
        Ok(Arc::new(Lock { place, mode, definitions: Definitions(definitions), held: Mutex::new(held), writing: Mutex::default() }))
    }

    /// A lockfile that begins empty and is never written.
    #[must_use]
    pub fn in_memory() -> Arc<Lock> {
        Arc::new(Lock { place: None, mode: Mode::Record, definitions: Definitions::default(), held: Mutex::default(), writing: Mutex::default() })
    }

    /// The file, if there is one.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        self.place.as_deref()
    }

    /// What the operator accepted, as far as this process knows.
    #[must_use]
    pub fn document(&self) -> Arc<Document> {
        self.held().document.clone()
    }

    /// Lets these servers start with the launch lines that they have now, and accepts nothing: their tools can be looked at.
    pub fn let_start(&self, servers: impl IntoIterator<Item = ServerName>) {
        let mut held = self.held();
        held.allowed.extend(servers);
        held.version += 1;
    }

    /// Looks whether the file changed, and says which document this is. One that cannot be read leaves what was known, with a line in the log.
    pub(crate) fn refresh(&self) -> u64 {
        let mut held = self.held();
        let Some(place) = &self.place else { return held.version };
        let stamp = file::stamp(place);
        if stamp.is_none() || stamp == held.stamp {
            return held.version;
        }
        held.stamp = stamp;
        match file::read(place) {
            Ok(Some((document, stamp))) => {
                held.stamp = stamp;
                if *held.document != document {
                    held.document = Arc::new(document);
                    held.version += 1;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the lockfile changed and cannot be used; what it said before still holds"),
        }
        held.version
    }

    /// Why a server may not be started: words for everybody. `None`: it may.
    pub(crate) fn forbids(&self, name: &ServerName, launch: &LaunchLine) -> Option<&'static str> {
        let held = self.held();
        match held.document.servers.get(name.as_str()) {
            _ if Layer::Lock.is_off() => None,
            Some(locked) if locked.launch.hash != launch.hash && !held.allowed.contains(name) => Some(LAUNCH_CHANGED),
            None if self.mode == Mode::Locked => Some(NOT_LOCKED),
            Some(_) | None => None,
        }
    }

    /// What of a server's tools may be called, with the facts that the operator accepted.
    pub(crate) fn judge(&self, name: &ServerName, launch: &LaunchLine, state: ServerState, listing: Option<&Listing>) -> policy::Server {
        if let Some(reason) = self.forbids(name, launch) {
            return policy::Server { state: ServerState::Failed(reason.to_owned()), tools: BTreeMap::new(), quarantined: BTreeMap::new() };
        }
        let document = self.document();
        let mut server = policy::Server { state, tools: BTreeMap::new(), quarantined: BTreeMap::new() };
        for (tool, found) in listing.into_iter().flat_map(|listing| &listing.tools) {
            let standing = standing(&document, found);
            if let Some(reason) = standing.keeps_out().filter(|_| !Layer::Lock.is_off()) {
                server.quarantined.insert(tool.clone(), Quarantine { reason: reason.to_owned(), layer: Layer::Lock });
                continue;
            }
            let facts = if let Standing::Locked(facts) = standing { facts } else { policy::Facts::UNREVIEWED };
            server.tools.insert(tool.clone(), policy::Tool { facts, ..found.clone() });
        }
        for kept_out in listing.into_iter().flat_map(|listing| &listing.quarantined) {
            // A tool that may be named keeps its name, whatever others would be called.
            if let Some(tool) = kept_out.name.as_ref().filter(|&tool| !server.tools.contains_key(tool) && !server.quarantined.contains_key(tool)) {
                server.quarantined.insert(tool.clone(), Quarantine { reason: kept_out.reason.to_owned(), layer: Layer::Metadata });
            }
        }
        server
    }

    /// Records a server at its first sight, as unreviewed. Where the file cannot be written, this process remembers it alone. Blocks on the disk.
    pub(crate) fn record(&self, name: &ServerName, launch: &LaunchLine, listing: &Listing) {
        if self.mode != Mode::Record || self.document().servers.contains_key(name.as_str()) {
            return;
        }
        let unreviewed = |tool: &policy::Tool| {
            let facts = policy::Facts { external: propose(tool).external, ..policy::Facts::UNREVIEWED };
            LockedTool { facts, hash: tool.hash.clone() }
        };
        let tools = listing.tools.iter().map(|(name, tool)| (name.clone(), unreviewed(tool))).collect();
        let server = LockedServer { launch: launch.clone(), tools };
        let add = |document: &mut Document| {
            document.servers.entry(name.as_str().to_owned()).or_insert(server);
        };
        self.definitions.keep(listing.definitions.values());
        if let Err(error) = self.change(add) {
            let mut held = self.held();
            if !std::mem::replace(&mut held.told, true) {
                tracing::warn!(%error, "the lockfile cannot be written; until this ends, tools are remembered as they are now, and not beyond");
            }
        }
    }

    /// Changes the lockfile, with what other processes wrote before, in one step; what is known here changes even when the file cannot be written.
    /// Blocks on the disk, and up to 5 s on other processes.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is no lockfile.
    pub fn change(&self, change: impl FnOnce(&mut Document)) -> Result<(), LockError> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.document();
        let (mut document, disk) = match self.place.as_deref().map(|place| file::lock(place).and_then(|lock| Ok((place, file::read(place)?, lock)))) {
            None => (Document::clone(&known), None),
            Some(Ok((place, read, lock))) => {
                let on_disk = read.map(|(document, _)| document);
                (on_disk.clone().unwrap_or_else(|| Document::clone(&known)), Some(Ok((place, on_disk, lock))))
            }
            Some(Err(error)) => (Document::clone(&known), Some(Err(error))),
        };
        change(&mut document);
        let written = match &disk {
            None => Ok(None),
            Some(Ok((place, on_disk, _))) if on_disk.as_ref() == Some(&document) => Ok(file::stamp(place)),
            Some(Ok((place, _, _))) => file::write(place, &document),
            Some(Err(error)) => Err(error.clone()),
        };
        let mut held = self.held();
        held.document = Arc::new(document);
        held.version += 1;
        held.stamp = written?;
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a lockfile says of a tool.
pub(crate) fn standing(document: &Document, tool: &policy::Tool) -> Standing {
    let Some(server) = document.servers.get(tool.name.server.as_str()) else { return Standing::Unknown };
    match server.tools.get(&tool.name.tool) {
        None => Standing::New,
        Some(locked) if locked.hash != tool.hash => Standing::Changed,
        Some(locked) => Standing::Locked(locked.facts),
    }
}
