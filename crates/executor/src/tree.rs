//! Directories that a guest filled: measured, copied and removed, however it filled them.
//!
//! No link in them is followed. A guest can nest directories deeper than a path is long and deeper than a process may have files open, and can
//! give one file thousands of names: nothing here recurses, holds a descriptor per level, or makes more of a file than it was.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, DirBuilder, Metadata},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
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
    let mut left = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = left.pop() {
        private(&to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (metadata, target) = (entry.metadata()?, to.join(entry.file_name()));
            if metadata.is_dir() {
                left.push((entry.path(), target));
            } else if metadata.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
            } else if metadata.is_file() {
                let file = identity(&metadata);
                match file.and_then(|file| copied.get(&file)) {
                    Some(first) => fs::hard_link(first, target)?,
                    None => {
                        fs::copy(entry.path(), &target)?;
                        copied.extend(file.map(|file| (file, target)));
                    }
                }
            }
        }
    }
    Ok(())
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
                left.push(top);
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
