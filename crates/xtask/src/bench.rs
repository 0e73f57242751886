//! The benchmarks: builds everything and hands over to `examples/bench`, which is an MCP client.

use crate::{guests, paths, run, steps::Steps};
use anyhow::Result;
use std::{path::Path, process::Command};

/// Builds everything and measures it; the results go to `json` too.
pub(crate) fn run(steps: &mut Steps, install: bool, json: Option<&Path>) -> Result<()> {
    let cofferdam = guests::build(steps, install)?;
    let mut command = Command::new(paths::binary("bench")?);
    command.arg(&cofferdam);
    if let Some(file) = json {
        command.arg("--json").arg(file);
    }
    steps.step("bench", |_| run::run(&mut command))
}
