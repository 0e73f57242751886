//! What the broker knows of a session between two runs: one small file, replaced as a whole, that nobody without the key can write.
//!
//! The checkpoint's pages come from a worker and are hostile; who owns them, where their data came from and which guest they fit is
//! the broker's own word, and stands here under a MAC.

use super::{Handle, SessionError};
use crate::key::Key;
use policy::{Guest, Labels, Principal, RunId};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// The record's file in a session's directory.
const FILE: &str = "record";
/// The largest record that is read, in bytes: labels are bounded by the number of configured upstreams.
const BYTES: u64 = 1 << 20;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) handle: Handle,
    pub(crate) principal: Principal,
    pub(crate) guest: Guest,
    /// The build of the guest that the checkpoint fits.
    pub(crate) guest_hash: String,
    /// Where the next run begins; `None`: as a new session does.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// The one before, until the newer one is on the disk for sure.
    pub(crate) previous: Option<Checkpoint>,
    /// Where the session's data came from. Only added to.
    pub(crate) labels: Labels,
    /// Runs that were completed.
    pub(crate) runs: u64,
    /// Where the guest's monotonic clock stands, in nanoseconds.
    pub(crate) clock_ns: u64,
    /// The last run that was completed.
    pub(crate) last: Option<RunId>,
    /// When it was made, in milliseconds since 1970.
    pub(crate) made_ms: u64,
    /// When it was last used, in the same unit.
    pub(crate) used_ms: u64,
    /// The session that it was forked from.
    pub(crate) forked_from: Option<Handle>,
}

/// The memory of a session after a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    /// BLAKE3 of the file, in hexadecimal; also its name.
    pub(crate) digest: String,
    /// The file's size, in bytes.
    pub(crate) bytes: u64,
    /// Size of the guest's memory, in bytes.
    pub(crate) memory_bytes: u64,
    /// How many runs were completed then.
    pub(crate) runs: u64,
}

impl Record {
    /// Reads and verifies the record in this directory. `Ok(None)`: there is none, so there is no such session.
    pub(crate) fn read(directory: &Path, key: &Key) -> Result<Option<Self>, SessionError> {
        let path = directory.join(FILE);
        let text = match File::open(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(file) => io::read_to_string(io::Read::take(file, BYTES)).map_err(|_| SessionError::Damaged("its record is not text"))?,
        };
        let (mac, body) = text.split_once('\n').ok_or(SessionError::Damaged("its record is cut short"))?;
        let mac = blake3::Hash::from_hex(mac).map_err(|_| SessionError::Damaged("its record has no MAC"))?;
        // `Hash` compares in constant time.
        if key.mac(&[body.as_bytes()]) != mac {
            return Err(SessionError::Damaged("its record was changed by something else than this program"));
        }
        let record: Self = serde_json::from_str(body).map_err(|_| SessionError::Damaged("its record is of another version"))?;
        // The MAC says that it is ours; a copy from another session would bring that one's labels and owner.
        if directory.file_name() == Some(record.handle.as_str().as_ref()) {
            Ok(Some(record))
        } else {
            Err(SessionError::Damaged("its record is another session's"))
        }
    }

    /// Replaces the record: whoever reads sees the old one or the new one.
    pub(crate) fn write(&self, directory: &Path, key: &Key) -> io::Result<()> {
        let body = serde_json::to_string(self).map_err(io::Error::other)?;
        replace(&directory.join(FILE), format!("{}\n{body}", key.mac(&[body.as_bytes()]).to_hex()).as_bytes())
    }
}

/// Replaces a small file: whoever reads, also after this process was killed, sees the old content or the new.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    let replaced = file.write_all(content).and_then(|()| fs::rename(&fresh, path));
    if replaced.is_err() {
        // A full disk must not stay full because of us.
        let _ = fs::remove_file(fresh);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn record() -> Record {
        Record {
            handle: Handle::from_random([7; 24]),
            principal: Principal::local(),
            guest: Guest::Python,
            guest_hash: "abc".to_owned(),
            checkpoint: Some(Checkpoint { digest: "d".to_owned(), bytes: 1, memory_bytes: 2, runs: 3 }),
            previous: None,
            labels: Labels::default(),
            runs: 3,
            clock_ns: 4,
            last: Some(RunId::from_random([8; 16])),
            made_ms: 5,
            used_ms: 6,
            forked_from: None,
        }
    }

    #[test]
    fn a_record_comes_back_and_a_changed_one_does_not() {
        let state = TempDir::new().unwrap();
        let key = Key::fixed(1);
        let place = state.path().join(record().handle.as_str());
        assert!(matches!(Record::read(&place, &key), Ok(None)));
        fs::create_dir(&place).unwrap();
        record().write(&place, &key).unwrap();
        assert_eq!(Record::read(&place, &key).unwrap(), Some(record()));
        let whole = fs::read(place.join(FILE)).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(place.join(FILE), &changed).unwrap();
            assert!(matches!(Record::read(&place, &key), Err(SessionError::Damaged(_))), "byte {at}");
            fs::write(place.join(FILE), &whole[..at]).unwrap();
            assert!(matches!(Record::read(&place, &key), Err(SessionError::Damaged(_))), "cut at {at}");
        }
        // What is sound and stands in another session's place is not that session's.
        fs::write(place.join(FILE), &whole).unwrap();
        let other = state.path().join(Handle::from_random([9; 24]).as_str());
        fs::rename(place, &other).unwrap();
        assert!(matches!(Record::read(&other, &key), Err(SessionError::Damaged("its record is another session's"))));
    }

    #[test]
    fn another_key_does_not_fit() {
        let state = TempDir::new().unwrap();
        record().write(state.path(), &Key::fixed(1)).unwrap();
        assert!(matches!(Record::read(state.path(), &Key::fixed(2)), Err(SessionError::Damaged(_))));
    }
}
