//! Installs the real servers and clients that tests and benchmarks talk to, from npm and PyPI, by lock files, into the cache.

use crate::{paths, run};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the peers are.
#[derive(Debug)]
pub(crate) struct Peers {
    /// Holds `node_modules`.
    pub(crate) node: PathBuf,
    /// A virtual environment with the newest `mcp` package and servers built on it.
    pub(crate) modern: PathBuf,
    /// A virtual environment with servers that need the older `mcp` package.
    pub(crate) legacy: PathBuf,
}

/// Installs what is missing.
pub(crate) fn ensure(report: &dyn Fn(&str)) -> Result<Peers> {
    let pins = paths::root().join("crates/cofferdam/tests/peers");
    let node = installed("npm", &[&pins.join("package.json"), &pins.join("package-lock.json")], report, |place| {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(pins.join(name), place.join(name))?;
        }
        run::quietly(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(place)).map(drop)
    })?;
    let python = |name: &str, file: &str| {
        let requirements = pins.join(file);
        installed(name, &[&requirements], report, |place| {
            run::quietly(Command::new("python3").args(["-m", "venv"]).arg(place))?;
            run::quietly(Command::new(place.join("bin/pip")).args(["install", "--quiet", "--requirement"]).arg(&requirements)).map(drop)
        })
    };
    Ok(Peers { node, modern: python("modern", "requirements-modern.txt")?, legacy: python("legacy", "requirements-legacy.txt")? })
}

/// A directory named after the hash of its lock files; a marker in it says that the installation came to its end. (It is not renamed into
/// place: virtual environments hold their own path.)
fn installed(name: &str, pins: &[&Path], report: &dyn Fn(&str), install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let mut hasher = Sha256::new();
    for pin in pins {
        hasher.update(fs::read(pin).with_context(|| pin.display().to_string())?);
    }
    let hash: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let place = paths::cache()?.join("peers").join(format!("{name}-{hash}"));
    let marker = place.join(".complete");
    if !marker.exists() {
        report(&format!("installing {name}"));
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        fs::create_dir_all(&place)?;
        install(&place)?;
        fs::write(&marker, "")?;
    }
    Ok(place)
}
