//! The attack suite: builds everything, and the build whose defences can be taken away, and hands over to `examples/attack`, which is an MCP client.

use crate::{guests, paths, run, steps::Steps};
use anyhow::Result;
use std::{ffi::OsString, process::Command};

/// Builds everything and attacks it, with the suite's own arguments.
pub(crate) fn run(steps: &mut Steps, install: bool, arguments: &[OsString]) -> Result<()> {
    guests::build(steps, install)?;
    attack(steps, arguments)
}

/// Attacks what is built, whose guests are there.
pub(crate) fn attack(steps: &mut Steps, arguments: &[OsString]) -> Result<()> {
    steps.step("build attack", |_| {
        run::build()?;
        // The whole workspace, so that dependencies have the features that they have in every other build.
        let binary = ["build", "--workspace", "--quiet", "--features", "cofferdam/attack", "--bin", "cofferdam-attack"];
        run::run(run::cargo()?.args(binary))
    })?;
    steps.step("attack", |_| run::run(Command::new(paths::binary("attack")?).args(arguments)))
}
