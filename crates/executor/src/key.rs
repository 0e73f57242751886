//! The secret under which this state directory's own records stand: made once, readable by this user alone.
//!
//! It tells what this program wrote from what anything else wrote. Whoever can read it can write as this program does.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

/// A key of MACs.
#[derive(Clone)]
pub(crate) struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Reads the key with this name in this state directory, or makes it. Two servers that start at the same time agree on one.
    pub(crate) fn open(state: &Path, name: &str, random: [u8; 32]) -> io::Result<Self> {
        let path = state.join(name);
        if !path.exists() {
            let fresh = tempfile::Builder::new().prefix(".key-").tempfile_in(state)?;
            fresh.as_file().write_all(&random)?;
            fresh.as_file().sync_all()?;
            match fs::hard_link(fresh.path(), &path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Self::read(&path)
    }

    /// Reads a key that is there.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let damaged = format!("the file `{name}` is damaged; remove it, and with it all that was written under it");
        fs::read(path)?.try_into().map(Key).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, damaged))
    }

    /// The MAC of parts, one after the other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(part);
        }
        hasher.finalize()
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn fixed(byte: u8) -> Self {
        Key([byte; 32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_first_one_makes_it_and_whoever_comes_later_takes_it() {
        let state = tempfile::TempDir::new().unwrap();
        let first = Key::open(state.path(), "k", [1; 32]).unwrap();
        assert_eq!(Key::open(state.path(), "k", [2; 32]).unwrap().0, first.0);
        assert_eq!(fs::metadata(state.path().join("k")).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(state.path().join("k"), "short").unwrap();
        let error = Key::open(state.path(), "k", [2; 32]).unwrap_err().to_string();
        assert_eq!(error, "the file `k` is damaged; remove it, and with it all that was written under it");
    }
}
