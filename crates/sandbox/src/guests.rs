//! The guests on this machine: snapshots in the cache, and what Wasmtime compiled of them.
//!
//! A compiled file is native code that a worker maps, so its directory is the user's alone (0700), and its name carries the hash of the
//! snapshot and of everything about Wasmtime that matters. Files come into place by renaming: half of one is never seen.

use crate::{engine, snapshot};
use policy::Guest;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    fs,
    hash::{Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// One guest on this machine.
#[derive(Debug, Clone, Serialize)]
pub struct Installed {
    /// Which.
    pub guest: Guest,
    /// Its snapshot.
    pub wasm: PathBuf,
    /// Size of the snapshot.
    pub wasm_bytes: u64,
    /// Its compiled form for this Wasmtime and processor, if there is one.
    pub compiled: Option<PathBuf>,
    /// Size of the compiled form.
    pub compiled_bytes: Option<u64>,
    /// Hash of the snapshot: a session's memory belongs to exactly this guest.
    pub key: String,
}

/// Why guests could not be read or built.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The index of guests is not readable.
    #[error("{path} is damaged ({reason}); build the guests again with `cargo xtask guests`")]
    Index {
        /// The index.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is not what was built.
    #[error("{path} is not the file that was built (its hash differs); build the guests again with `cargo xtask guests`")]
    Damaged {
        /// The snapshot.
        path: PathBuf,
    },
    /// The snapshot could not be taken.
    #[error(transparent)]
    Snapshot(#[from] snapshot::SnapshotError),
    /// Wasmtime could not compile it.
    #[error("{guest} could not be compiled: {reason}")]
    Compile {
        /// Which guest.
        guest: &'static str,
        /// Wasmtime's words.
        reason: String,
    },
}

/// The guests that are in place, in the order of [`Guest::ALL`]; a guest that was never built is absent.
///
/// # Errors
/// When the index cannot be read.
pub fn list(cache: &Path) -> Result<Vec<Installed>, GuestError> {
    let key_of_engine = engine_key()?;
    let mut installed = Vec::new();
    for (guest, entry) in index(cache)? {
        let wasm = directory(cache).join(entry.file(guest));
        let Ok(metadata) = fs::metadata(&wasm) else { continue };
        let compiled = compiled_path(cache, &key_of_engine, guest, &entry);
        let compiled_bytes = fs::metadata(&compiled).ok().map(|m| m.len());
        installed.push(Installed {
            guest,
            wasm,
            wasm_bytes: metadata.len(),
            compiled: compiled_bytes.map(|_| compiled),
            compiled_bytes,
            key: entry.sha256,
        });
    }
    Ok(installed)
}

/// Compiles what is not compiled yet for this Wasmtime and processor. Some 15 s of both cores for a Python guest.
///
/// # Errors
/// When a snapshot is missing or damaged, or Wasmtime refuses it.
pub fn build(cache: &Path, progress: &dyn Fn(&str)) -> Result<Vec<Installed>, GuestError> {
    let key_of_engine = engine_key()?;
    for (guest, entry) in index(cache)? {
        let target = compiled_path(cache, &key_of_engine, guest, &entry);
        if target.exists() {
            continue;
        }
        progress(&format!("compiling {} for this machine", guest.name()));
        let wasm = directory(cache).join(entry.file(guest));
        let bytes = read(&wasm)?;
        if hash(&bytes) != entry.sha256 {
            return Err(GuestError::Damaged { path: wasm });
        }
        let compile = |bytes: &[u8]| engine::engine()?.precompile_module(bytes);
        let compiled = compile(&bytes).map_err(|e| GuestError::Compile { guest: guest.name(), reason: format!("{e:#}") })?;
        write(&target, &compiled)?;
    }
    list(cache)
}

/// Takes the snapshot of a linked guest, puts it in place, and compiles it. Skips what was done before for the same file.
///
/// # Errors
/// As [`build`], and when the linked module is not a guest.
pub fn install(cache: &Path, guest: Guest, linked: &Path, progress: &dyn Fn(&str)) -> Result<Vec<Installed>, GuestError> {
    let linked_bytes = read(linked)?;
    let linked_sha256 = hash(&linked_bytes);
    let mut entries = index(cache)?;
    let current = entries.get(&guest).filter(|entry| entry.linked_sha256 == linked_sha256 && directory(cache).join(entry.file(guest)).exists());
    if current.is_none() {
        progress(&format!("initialising {} and taking its snapshot", guest.name()));
        let snapshot = snapshot::snapshot(&linked_bytes)?;
        let entry = Entry { sha256: hash(&snapshot), linked_sha256 };
        write(&directory(cache).join(entry.file(guest)), &snapshot)?;
        entries.insert(guest, entry);
        let text = serde_json::to_vec_pretty(&entries).map_err(|e| GuestError::File { path: index_path(cache), source: e.into() })?;
        write(&index_path(cache), &text)?;
    }
    build(cache, progress)
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    sha256: String,
    linked_sha256: String,
}

impl Entry {
    fn file(&self, guest: Guest) -> String {
        format!("{}-{}.wasm", guest.name(), self.sha256.get(..16).unwrap_or_default())
    }
}

fn directory(cache: &Path) -> PathBuf {
    cache.join("guests")
}

fn index_path(cache: &Path) -> PathBuf {
    directory(cache).join("index.json")
}

fn index(cache: &Path) -> Result<BTreeMap<Guest, Entry>, GuestError> {
    let path = index_path(cache);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| GuestError::Index { path, reason: e.to_string() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(source) => Err(GuestError::File { path, source }),
    }
}

fn compiled_path(cache: &Path, engine_key: &str, guest: Guest, entry: &Entry) -> PathBuf {
    directory(cache).join(format!("{}-{}-{engine_key}.cwasm", guest.name(), entry.sha256.get(..16).unwrap_or_default()))
}

/// Wasmtime's version, configuration and target, as one word.
pub(crate) fn engine_key() -> Result<String, GuestError> {
    let engine = engine::engine().map_err(|e| GuestError::Compile { guest: "the engine", reason: format!("{e:#}") })?;
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    // A checkpoint of another format is of another build, not damaged.
    crate::pages::MARK.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, GuestError> {
    fs::read(path).map_err(|source| GuestError::File { path: path.to_owned(), source })
}

/// Writes a file by renaming it into a directory of this user's alone.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), GuestError> {
    let in_place = || -> io::Result<()> {
        let directory = path.parent().ok_or_else(|| io::Error::other("no directory"))?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    in_place().map_err(|source| GuestError::File { path: path.to_owned(), source })
}
