//! Checkpoints that the session has gone on from: kept for a while beside it, so that the runs which began there can be repeated.
//!
//! They go with the session. Moving one costs a rename; the disk that they take is bounded for each session.

use super::{Handle, record::Record};
use crate::tree::private;
use std::{
    fs::{self, File},
    io,
    path::Path,
    time::SystemTime,
};

/// Their directory in the session's.
const KEPT: &str = "kept";

/// How many bytes of them a session keeps, and how many of them; the newest first. Guards the disk.
const BYTES: u64 = 16 << 20;
const FILES: usize = 32;

/// Moves every checkpoint out of the way that the record does not name: of earlier runs, damaged ones, and those of a server that was killed before its
/// record was in place. A fork holds the same file under its own name. What cannot be moved now is moved after the next run.
pub(super) fn supersede(directory: &Path, record: &Record) {
    let named = |name: &str| record.checkpoint.iter().chain(&record.previous).any(|checkpoint| checkpoint.digest == name);
    let kept = directory.join(KEPT);
    let mut moved = false;
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| blake3::Hash::from_hex(name).is_ok() && !named(name)) {
            continue;
        }
        let (from, to) = (entry.path(), kept.join(&name));
        if fs::rename(&from, &to).or_else(|_| private(&kept).and_then(|()| fs::rename(&from, &to))).is_err() {
            let _ = fs::remove_file(from);
        }
        moved = true;
    }
    if moved {
        prune(&kept, BYTES, FILES);
    }
}

/// Removes the oldest that are too many.
fn prune(kept: &Path, bytes: u64, files: usize) {
    let mut found: Vec<_> = fs::read_dir(kept)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), entry.path()))
        })
        .collect();
    found.sort();
    let mut together = 0_u64;
    for (at, (_, size, path)) in found.into_iter().rev().enumerate() {
        together = together.saturating_add(size);
        if at >= files || together > bytes {
            let _ = fs::remove_file(path);
        }
    }
}

/// A checkpoint of a session below this state directory, while it is there.
pub(crate) fn open(state: &Path, session: &Handle, digest: &str) -> io::Result<Option<File>> {
    if blake3::Hash::from_hex(digest).is_err() {
        return Ok(None);
    }
    let directory = state.join(super::DIRECTORY).join(session.as_str());
    // It may be moved meanwhile, once and in this direction.
    for path in [directory.join(digest), directory.join(KEPT).join(digest)] {
        match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened.map(Some),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_newest_are_kept_within_both_bounds() {
        let kept = tempfile::TempDir::new().unwrap();
        let left = |bytes, files| {
            for (age, name) in ["a", "b", "c", "d"].iter().enumerate() {
                let file = File::create(kept.path().join(name)).unwrap();
                file.set_len(10).unwrap();
                file.set_modified(SystemTime::now() - Duration::from_secs(age as u64)).unwrap();
            }
            prune(kept.path(), bytes, files);
            let mut names: Vec<_> = fs::read_dir(kept.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(left(1000, 2), ["a", "b"]);
        assert_eq!(left(35, 9), ["a", "b", "c"]);
        assert_eq!(left(9, 9), [""; 0]);
        assert_eq!(left(1000, 9), ["a", "b", "c", "d"]);
    }
}
