//! Definitions as they were accepted, by hash, so that what an upstream changed can be shown. Losing one costs only that: every failure to keep
//! one is told to the log alone. A file whose content is not what its name says is not there.

use super::definition::{Definition, sha256};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Definitions that are kept; of more the oldest go. Guards the disk.
const KEPT: usize = 4096;
/// The largest definition that is kept, in bytes. Guards the disk.
const BYTES: usize = 1024 * 1024;

/// The directory, if there is one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definitions(pub(crate) Option<PathBuf>);

impl Definitions {
    /// Keeps them.
    pub(crate) fn keep<'a>(&self, definitions: impl IntoIterator<Item = &'a Definition>) {
        let Some(directory) = &self.0 else { return };
        let kept = definitions.into_iter().filter(|one| one.text.len() <= BYTES).try_for_each(|one| write(directory, one));
        if let Err(error) = kept.and_then(|()| sweep(directory)) {
            tracing::debug!(%error, "cannot keep the definitions of tools");
        }
    }

    /// The definition with this hash, if it is kept.
    pub(crate) fn get(&self, hash: &str) -> Option<String> {
        let file = file(self.0.as_ref()?, hash);
        let size = fs::metadata(&file).ok()?.len();
        let text = usize::try_from(size).ok().filter(|size| *size <= BYTES).and_then(|_| fs::read_to_string(file).ok())?;
        (sha256(text.as_bytes()) == hash).then_some(text)
    }
}

fn file(directory: &Path, hash: &str) -> PathBuf {
    directory.join(format!("{hash}.json"))
}

fn write(directory: &Path, definition: &Definition) -> io::Result<()> {
    let file = file(directory, &definition.hash);
    if file.exists() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let new = file.with_extension(format!("{}.new", std::process::id()));
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?.write_all(definition.text.as_bytes())?;
    fs::rename(new, file)
}

fn sweep(directory: &Path) -> io::Result<()> {
    let files: Vec<PathBuf> = fs::read_dir(directory)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let Some(more) = files.len().checked_sub(KEPT).filter(|more| *more > 0) else { return Ok(()) };
    let written = |file: &PathBuf| file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut by_age: Vec<(SystemTime, PathBuf)> = files.into_iter().map(|file| (written(&file), file)).collect();
    by_age.sort();
    by_age.into_iter().take(more).try_for_each(|(_, file)| fs::remove_file(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_was_kept_is_found_unless_somebody_changed_it() {
        let place = tempfile::tempdir().unwrap();
        let definitions = Definitions(Some(place.path().join("state/definitions")));
        let one = Definition::of(&json!({"name": "t"}));
        assert_eq!(definitions.get(&one.hash), None);
        definitions.keep([&one]);
        assert_eq!(definitions.get(&one.hash), Some(one.text.clone()));
        let directory = definitions.0.as_ref().unwrap();
        assert_eq!(fs::metadata(directory).unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(file(directory, &one.hash), "{}").unwrap();
        assert_eq!(definitions.get(&one.hash), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let place = tempfile::tempdir().unwrap();
        for n in 0..KEPT + 3 {
            fs::write(place.path().join(format!("{n}.json")), "").unwrap();
        }
        let one = Definition::of(&json!({"name": "t"}));
        let definitions = Definitions(Some(place.path().to_owned()));
        definitions.keep([&one]);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), KEPT);
        assert_eq!(definitions.get(&one.hash), Some(one.text));
    }
}
