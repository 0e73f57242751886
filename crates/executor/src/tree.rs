//! Directories that a guest filled: measured, copied and removed, however it filled them.
//!
//! No link in them is followed. A guest can nest directories deeper than a path is long and deeper than a process may have files open, and can
//! give one file thousands of names: nothing here recurses, holds a descriptor per level, or makes more of a file than it was.

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use std::{
    collections::{HashMap, HashSet},
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io,
    os::{
        fd::AsRawFd as _,
        unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
};

/// Makes a directory that only this user may enter.
pub(crate) fn private(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)
}

/// Bytes of the files below a directory, each counted once, and the number of names.
pub(crate) fn usage(directory: &Path) -> io::Result<(u64, u64)> {
    let (mut bytes, mut names, mut seen) = (0, 0, HashSet::new());
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            names += 1;
            if metadata.is_dir() {
                left.push(entry.path());
            } else if metadata.is_file() && identity(&metadata).is_none_or(|file| seen.insert(file)) {
                bytes += metadata.len();
            }
        }
    }
    Ok((bytes, names))
}

/// Copies a directory; the file system shares the bytes where it can. Links are copied as links, and the names of one file become names of one
/// file; what is no file, directory or link cannot be in a workspace and is left out.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut copied: HashMap<(u64, u64), PathBuf> = HashMap::new();
    let root = File::open(from)?;
    let mut left = vec![(PathBuf::from("."), to.to_owned())];
    while let Some((from, to)) = left.pop() {
        private(&to)?;
        let directory = beneath(&root, &from, OFlags::DIRECTORY)?;
        // By its descriptor: what its path names may be another directory by now.
        for entry in fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd()))? {
            let entry = entry?;
            let (metadata, from, target) = (entry.metadata()?, from.join(entry.file_name()), to.join(entry.file_name()));
            if metadata.is_dir() {
                left.push((from, target));
            } else if metadata.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
            } else if metadata.is_file() {
                let mut file = beneath(&root, &from, OFlags::NONBLOCK)?;
                let metadata = file.metadata()?;
                let names = identity(&metadata);
                match names.and_then(|names| copied.get(&names)) {
                    Some(first) => fs::hard_link(first, target)?,
                    None if metadata.is_file() => {
                        let mode = metadata.mode() & 0o777;
                        io::copy(&mut file, &mut OpenOptions::new().write(true).create_new(true).mode(mode).open(&target)?)?;
                        copied.extend(names.map(|names| (names, target)));
                    }
                    None => {}
                }
            }
        }
    }
    Ok(())
}

/// Opens what lies below a directory, without following a link on the way: a worker that is still alive may put one there at any moment.
fn beneath(root: &File, path: &Path, flags: OFlags) -> io::Result<File> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    Ok(openat2(root, path, flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty(), resolve)?.into())
}

/// A file that has more than one name.
fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    (metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()))
}

/// Removes a directory: first its name, so that nobody finds half of it.
pub(crate) fn remove(directory: &Path) -> io::Result<()> {
    let beside = directory.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let grave = tempfile::Builder::new().prefix(".removed-").tempdir_in(beside)?;
    let first = grave.path().join("0");
    // Without what is renamed into it, it goes when it is dropped; with it, whoever looks for leftovers finds it.
    fs::rename(directory, &first)?;
    let grave = grave.keep();
    let (mut left, mut moved) = (vec![first], 0_u64);
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                // To the top: no path becomes longer than this one.
                moved += 1;
                let top = grave.join(moved.to_string());
                fs::rename(entry.path(), &top)?;
                // Out of reach of a worker that is still alive now; it may have been a link by then.
                if fs::symlink_metadata(&top)?.is_dir() {
                    left.push(top);
                } else {
                    fs::remove_file(top)?;
                }
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        fs::remove_dir(directory)?;
    }
    fs::remove_dir(grave)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn a_copy_follows_no_link_and_keeps_the_names_of_one_file_together() {
        let place = TempDir::new().unwrap();
        let from = place.path().join("from");
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/file"), "12345").unwrap();
        for n in 0..3 {
            fs::hard_link(from.join("a/b/file"), from.join(format!("name{n}"))).unwrap();
        }
        fs::write(place.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink(place.path().join("secret"), from.join("a/link")).unwrap();
        let to = place.path().join("to");
        copy(&from, &to).unwrap();
        assert_eq!(fs::read_link(to.join("a/link")).unwrap(), place.path().join("secret"));
        assert_eq!((usage(&from).unwrap(), usage(&to).unwrap()), ((5, 7), (5, 7)));
        // One file under four names, and not the original.
        fs::write(to.join("name1"), "changed").unwrap();
        for (directory, text) in [(&to, "changed"), (&from, "12345")] {
            for name in ["a/b/file", "name0", "name1", "name2"] {
                assert_eq!(fs::read_to_string(directory.join(name)).unwrap(), text, "{name}");
            }
        }
        fs::remove_file(place.path().join("secret")).unwrap();
        for directory in [from, to] {
            remove(&directory).unwrap();
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_tree_deeper_than_a_path_is_long_can_be_removed() {
        let place = TempDir::new().unwrap();
        let guest = place.path().join("guest");
        private(&guest).unwrap();
        // As a guest does it: every path stays short, and each chain goes to the bottom of the next.
        for n in 0..2 {
            let mut bottom = guest.join(n.to_string());
            private(&bottom).unwrap();
            for _ in 0..1500 {
                bottom.push("d");
                fs::create_dir(&bottom).unwrap();
            }
            fs::write(bottom.join("0"), "").unwrap();
            if n > 0 {
                fs::rename(guest.join((n - 1).to_string()), bottom.join("1")).unwrap();
            }
        }
        assert_eq!(usage(&guest).unwrap_err().kind(), io::ErrorKind::InvalidFilename);
        assert_eq!(copy(&guest, &place.path().join("copy")).unwrap_err().kind(), io::ErrorKind::InvalidFilename);
        remove(&place.path().join("copy")).unwrap();
        remove(&guest).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
