//! Where things are: the project, and the cache outside of it.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The project's root.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// `$XDG_CACHE_HOME/cofferdam`: guests, toolchain, peers, and by default cargo's output. Shared by all clones.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(base) if !base.is_empty() => PathBuf::from(base),
        _ => PathBuf::from(std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?).join(".cache"),
    };
    Ok(base.join("cofferdam"))
}

/// Cargo's output: `$CARGO_TARGET_DIR`, else in the cache.
pub(crate) fn target() -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) if !target.is_empty() => Ok(PathBuf::from(target)),
        _ => Ok(cache()?.join("target")),
    }
}

/// A binary that [`crate::run::build`] made.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    Ok(target()?.join("debug").join(name))
}
