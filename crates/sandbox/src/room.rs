//! How much of the workspace's quota is left: bytes of file content, and names.
//!
//! What counts is what is there: growing takes, shrinking and deleting give back. A file that was deleted while it is open gives back when it is
//! closed, since it takes space until then. Every change goes through this worker, so that nothing is asked of the file system at a write.

use std::{
    collections::{HashMap, HashSet},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

/// What may still be written and created, and the files that are open.
#[derive(Debug, Default)]
pub(crate) struct Room {
    bytes: u64,
    names: u64,
    /// By identity: a file may be open more than once.
    held: HashMap<u64, Held>,
}

/// A regular file that is open.
#[derive(Debug)]
struct Held {
    bytes: u64,
    opened: u32,
    /// Its last name is gone.
    deleted: bool,
}

/// There is no room: "no space left" to the program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Room {
    /// The room for this many bytes and names that is left beside what is below a directory now, and what was deleted there and is open still. Says
    /// whether there is anything below it.
    pub(crate) fn count(&mut self, (bytes, names): (u64, u64), directory: &Path) -> bool {
        let deleted = self.held.values().filter(|held| held.deleted).map(|held| held.bytes).fold(0, u64::saturating_add);
        (self.bytes, self.names) = (bytes.saturating_sub(deleted), names);
        match used(directory) {
            Ok((bytes, names)) => {
                self.bytes = self.bytes.saturating_sub(bytes);
                self.names = self.names.saturating_sub(names);
                names > 0
            }
            Err(_) => {
                (self.bytes, self.names) = (0, 0);
                true
            }
        }
    }

    /// Whether one more name may be made.
    pub(crate) fn allows_name(&self) -> Result<(), Full> {
        if self.names == 0 { Err(Full) } else { Ok(()) }
    }

    /// A name was made.
    pub(crate) fn named(&mut self) {
        self.names = self.names.saturating_sub(1);
    }

    /// A name is gone; with it a regular file's content, when it was the last one of these bytes.
    pub(crate) fn unnamed(&mut self, last_of: Option<(u64, u64)>) {
        self.names += 1;
        if let Some((identity, bytes)) = last_of {
            match self.held.get_mut(&identity) {
                Some(held) => held.deleted = true,
                None => self.bytes = self.bytes.saturating_add(bytes),
            }
        }
    }

    /// A regular file of this size was opened.
    pub(crate) fn opened(&mut self, identity: u64, bytes: u64) {
        let held = self.held.entry(identity).or_insert(Held { bytes, opened: 0, deleted: false });
        held.opened += 1;
    }

    /// A regular file was closed once.
    pub(crate) fn closed(&mut self, identity: u64) {
        let Some(held) = self.held.get_mut(&identity) else { return };
        held.opened = held.opened.saturating_sub(1);
        if held.opened == 0 {
            if held.deleted {
                self.bytes = self.bytes.saturating_add(held.bytes);
            }
            self.held.remove(&identity);
        }
    }

    /// The size of an open file, in bytes.
    pub(crate) fn size(&self, identity: u64) -> u64 {
        self.held.get(&identity).map_or(0, |held| held.bytes)
    }

    /// Whether an open file may end at `end`.
    pub(crate) fn allows_end(&self, identity: u64, end: u64) -> Result<(), Full> {
        if end.saturating_sub(self.size(identity)) > self.bytes { Err(Full) } else { Ok(()) }
    }

    /// An open file has another size now.
    pub(crate) fn resized(&mut self, identity: u64, bytes: u64) {
        if let Some(held) = self.held.get_mut(&identity) {
            self.bytes = self.bytes.saturating_add(held.bytes).saturating_sub(bytes);
            held.bytes = bytes;
        }
    }

    /// A file that was not open had content, and has none now.
    pub(crate) fn emptied(&mut self, identity: u64, bytes: u64) {
        if self.held.contains_key(&identity) {
            self.resized(identity, 0);
        } else {
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }
}

/// Bytes of the regular files below a directory, each counted once, and the number of names. Links are not followed.
fn used(directory: &Path) -> io::Result<(u64, u64)> {
    let (mut bytes, mut names, mut linked) = (0_u64, 0_u64, HashSet::new());
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            names += 1;
            if metadata.is_dir() {
                left.push(entry.path());
            } else if metadata.is_file() && (metadata.nlink() == 1 || linked.insert((metadata.dev(), metadata.ino()))) {
                bytes = bytes.saturating_add(metadata.len());
            }
        }
    }
    Ok((bytes, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_counted_once() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir(at("d")).unwrap();
        std::fs::write(at("d/a"), [0; 100]).unwrap();
        std::fs::hard_link(at("d/a"), at("b")).unwrap();
        std::os::unix::fs::symlink("d", at("loop")).unwrap();
        assert_eq!(used(directory.path()).unwrap(), (100, 4));
        let mut room = Room::default();
        assert!(room.count((1000, 4), directory.path()));
        assert_eq!((room.bytes, room.allows_name()), (900, Err(Full)));
        assert!(room.count((1000, 4), Path::new("/nowhere")));
        assert_eq!((room.bytes, room.names), (0, 0));
        assert!(!room.count((1000, 4), tempfile::tempdir().unwrap().path()));
    }

    #[test]
    fn a_deleted_file_takes_space_until_it_is_closed() {
        let mut room = Room { bytes: 100, names: 10, ..Room::default() };
        room.named();
        room.opened(7, 0);
        room.opened(7, 0);
        assert_eq!((room.allows_end(7, 100), room.allows_end(7, 101)), (Ok(()), Err(Full)));
        room.resized(7, 60);
        room.unnamed(Some((7, 60)));
        room.closed(7);
        assert_eq!((room.bytes, room.names), (40, 10));
        room.closed(7);
        assert_eq!((room.bytes, room.held.len()), (100, 0));
    }

    #[test]
    fn shrinking_gives_back() {
        let mut room = Room { bytes: 100, names: 10, ..Room::default() };
        room.opened(1, 30);
        room.resized(1, 10);
        assert_eq!(room.bytes, 120);
        room.emptied(1, 30);
        assert_eq!((room.bytes, room.size(1)), (130, 0));
        room.emptied(2, 5);
        assert_eq!(room.bytes, 135);
    }
}
