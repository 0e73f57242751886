//! Builds the guests from their pinned sources: compile and link here, then initialise, snapshot and compile ahead of time with `cofferdam`.

pub(crate) mod fetch;
mod javascript;
mod python;
pub(crate) mod toolchain;

use crate::{paths, run, steps::Steps};
use anyhow::Result;
use std::{path::PathBuf, process::Command};

/// Brings both guests into the cache; quick when nothing changed. Returns the cofferdam binary.
pub(crate) fn build(steps: &mut Steps, install: bool) -> Result<PathBuf> {
    let cache = paths::cache()?;
    let sources = paths::root().join("wasm-guests");
    let toolchain = steps.step("toolchain", |_| toolchain::ensure(install))?;
    let javascript = steps.step("javascript guest", |report| javascript::build(&toolchain, &cache, &sources.join("javascript"), report))?;
    let python = steps.step("python guest", |report| python::build(&toolchain, &cache, &sources.join("python"), report))?;
    steps.step("cargo build", |_| run::build())?;
    let cofferdam = paths::binary("cofferdam")?;
    for (name, linked) in [("javascript", javascript), ("python", python)] {
        steps.step(&format!("snapshot {name}"), |_| run::quietly(Command::new(&cofferdam).args(["guests", "install", name]).arg(&linked)))?;
    }
    Ok(cofferdam)
}
