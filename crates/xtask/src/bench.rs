//! The benchmarks: builds everything and hands over to `examples/bench`, which is an MCP client.

use crate::{guests, paths, run, steps::Steps};
use anyhow::Result;
use std::{ffi::OsString, process::Command};

/// Builds everything and measures it, with the benchmark's own arguments.
pub(crate) fn run(steps: &mut Steps, install: bool, arguments: &[OsString]) -> Result<()> {
    let cofferdam = guests::build(steps, install)?;
    steps.step("bench", |_| run::run(Command::new(paths::binary("bench")?).arg(&cofferdam).args(arguments)))
}
