//! What the process finds around it: environment, folders, itself. Read once, in `main`; everything else gets it as an argument.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The surroundings of one start.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// The environment variables. Values may be secrets: there is no `Debug`.
    environment: BTreeMap<String, String>,
    /// The folder the process was started in.
    pub(crate) folder: PathBuf,
    /// This program's own file, to recognise ourselves among the servers.
    pub(crate) program: Option<PathBuf>,
}

impl Surroundings {
    /// Reads them from the process.
    pub(crate) fn of_process() -> std::io::Result<Self> {
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let program = std::env::current_exe().and_then(|path| path.canonicalize()).ok();
        Ok(Surroundings { environment: environment.collect(), folder: std::env::current_dir()?, program })
    }

    /// Surroundings for tests: these variables, that folder, no program.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_test(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Surroundings { environment: environment.collect(), folder: folder.to_owned(), program: None }
    }

    /// The value of an environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    /// The configuration that is read unasked: the user's own, never a project's.
    pub(crate) fn default_config(&self) -> Option<PathBuf> {
        Some(self.base("XDG_CONFIG_HOME", ".config")?.join("cofferdam.toml"))
    }

    /// Where compiled guests and other things that can be made again lie.
    pub(crate) fn cache_dir(&self) -> Option<PathBuf> {
        self.base("XDG_CACHE_HOME", ".cache")
    }

    /// Where sessions, artifacts and the journal lie.
    pub(crate) fn state_dir(&self) -> Option<PathBuf> {
        self.base("XDG_STATE_HOME", ".local/state")
    }

    /// Our folder in one of the XDG base directories. The specification has relative values ignored.
    fn base(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let absolute = |name: &str| self.environment.get(name).map(Path::new).filter(|path| path.is_absolute()).map(Path::to_owned);
        let base = absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))?;
        Some(base.join("cofferdam"))
    }

    /// Whether starting `command` would start this program again: a server that lists itself would do so without end.
    pub(crate) fn is_ourselves(&self, command: &str) -> bool {
        let path = Path::new(command);
        if path.file_stem().is_some_and(|stem| stem == "cofferdam") {
            return true;
        }
        let Some(program) = &self.program else { return false };
        let same = |path: &Path| path.canonicalize().is_ok_and(|path| path == *program);
        if path.components().count() > 1 {
            return same(&self.folder.join(path));
        }
        let search = self.environment.get("PATH").map(String::as_str).unwrap_or_default();
        std::env::split_paths(search).any(|folder| same(&folder.join(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_directories() {
        let found = |variables: &[(&str, &str)]| Surroundings::of_test(Path::new("/"), variables).cache_dir();
        assert_eq!(found(&[("HOME", "/home/ann")]), Some(PathBuf::from("/home/ann/.cache/cofferdam")));
        assert_eq!(found(&[("HOME", "/home/ann"), ("XDG_CACHE_HOME", "/c")]), Some(PathBuf::from("/c/cofferdam")));
        assert_eq!(found(&[("HOME", "/home/ann"), ("XDG_CACHE_HOME", "c")]), Some(PathBuf::from("/home/ann/.cache/cofferdam")));
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn ourselves_by_name_and_by_file() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let program = folder.path().canonicalize()?.join("broker");
        std::fs::write(&program, "")?;
        let path = folder.path().display().to_string();
        let mut surroundings = Surroundings::of_test(folder.path(), &[("PATH", &path)]);
        surroundings.program = Some(program.clone());
        for (command, ours) in [
            ("cofferdam", true),
            ("/usr/local/bin/cofferdam", true),
            ("broker", true),
            ("./broker", true),
            (&*program.display().to_string(), true),
            ("npx", false),
            ("cofferdam-like", false),
            ("./other", false),
        ] {
            assert_eq!(surroundings.is_ourselves(command), ours, "{command}");
        }
        Ok(())
    }
}
