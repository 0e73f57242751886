//! A home of its own for every test, with the built guests in it, and where the real servers and clients are.

use crate::cofferdam;
use crate::connection::{Connection, Era};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Rules under which a program may do whatever its servers can: for tests that are not about rules.
pub(crate) const ALLOW: &str = "[[rules]]\ntools = [\"*\"]\neffect = \"allow\"\nguard = []\n";

/// Limits under which a client may fail as often as it likes: for tests of what fails.
pub(crate) const FAILURES: &str = "[limits]\nfailures = 100000\nfailures_in_a_row = 100000\n";

/// A home with the guests of the user who runs the tests, and nothing else of theirs.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache"))).unwrap().join("cofferdam/guests");
        assert!(cache.is_dir(), "the guests are not built; run `cargo xtask test`, which builds them first");
        let ours = home.path().join(".cache/cofferdam");
        std::fs::create_dir_all(&ours).unwrap();
        std::os::unix::fs::symlink(cache, ours.join("guests")).unwrap();
        let place = Place(home);
        place.write(".config/cofferdam/cofferdam.toml", format!("{ALLOW}{FAILURES}"));
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, making its folder.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes `.mcp.json` with these servers.
    pub(crate) fn servers(&self, servers: &Value) -> PathBuf {
        self.write(".mcp.json", json!({"mcpServers": servers}).to_string())
    }

    /// The binary in this home, with what was built beside it on PATH.
    pub(crate) fn command(&self) -> Command {
        let mut command = cofferdam(self.path());
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env("PATH", std::env::join_paths(std::iter::once(built(".")).chain(std::env::split_paths(&path))).unwrap());
        command
    }

    /// A client's connection to `cofferdam serve` with these arguments.
    pub(crate) fn serve(&self, era: Era, arguments: &[&str]) -> Connection {
        let child = self.command().arg("serve").args(arguments).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        Connection::open(child, era)
    }
}

/// A file that the workspace's build leaves beside the binary under test.
pub(crate) fn built(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_cofferdam")).parent().unwrap().join(name);
    assert!(path.exists(), "{} is not there; build the whole workspace: `cargo xtask test`", path.display());
    path
}

/// Where `cargo xtask test` installed the real servers and clients of one kind.
fn peers(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable);
    let value = value.unwrap_or_else(|| {
        panic!("{variable} is not set: it names where the real servers and clients are; run `cargo xtask test`, which installs them")
    });
    PathBuf::from(value)
}

/// A file below `node_modules`.
pub(crate) fn node(file: &str) -> PathBuf {
    peers("COFFERDAM_TEST_NODE").join("node_modules").join(file)
}

/// A program of the environment with the newest Python `mcp` package.
pub(crate) fn modern(program: &str) -> PathBuf {
    peers("COFFERDAM_TEST_MODERN").join("bin").join(program)
}

/// A program of the environment with the older Python `mcp` package.
pub(crate) fn legacy(program: &str) -> PathBuf {
    peers("COFFERDAM_TEST_LEGACY").join("bin").join(program)
}

/// A file of the tests' own folder.
pub(crate) fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}
