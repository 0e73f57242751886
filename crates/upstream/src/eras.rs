//! Remembers on disk which era each upstream speaks, so that only its first start pays for finding it out (up to 10 s when an upstream does not
//! answer `server/discover`). Losing the file costs time only, so every failure to read or write it is ignored.

use crate::config::Era;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Launch lines that are remembered.
const ENTRIES: usize = 256;

/// Eras by launch hash; several processes may share the file.
#[derive(Debug)]
pub(crate) struct Eras {
    file: Option<PathBuf>,
    known: Mutex<BTreeMap<String, Era>>,
}

impl Eras {
    /// Reads `eras.json` of `directory`; without a directory nothing outlives the process.
    pub(crate) fn open(directory: Option<PathBuf>) -> Eras {
        let file = directory.map(|directory| directory.join("eras.json"));
        let known = file.as_ref().map(read).unwrap_or_default();
        Eras { file, known: Mutex::new(known) }
    }

    /// The era that this launch line spoke last.
    pub(crate) fn get(&self, launch: &str) -> Option<Era> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(launch).copied()
    }

    /// Remembers an era, or forgets it with `None`.
    pub(crate) fn set(&self, launch: &str, era: Option<Era>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(launch).copied() == era {
            return;
        }
        if let Some(file) = &self.file {
            *known = read(file);
        }
        match era {
            Some(era) if known.len() < ENTRIES => known.insert(launch.to_owned(), era),
            _ => known.remove(launch),
        };
        if let Some(file) = &self.file
            && let Err(error) = write(file, &known)
        {
            tracing::debug!(%error, "cannot remember the eras of upstreams");
        }
    }
}

fn read(file: &PathBuf) -> BTreeMap<String, Era> {
    std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn write(file: &PathBuf, known: &BTreeMap<String, Era>) -> std::io::Result<()> {
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let new = file.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&new, serde_json::to_vec(known)?)?;
    std::fs::rename(new, file)
}
