//! The demo: builds everything and hands over to `examples/demo`, which is an MCP client.

use crate::{guests, paths, run, steps::Steps};
use anyhow::Result;
use std::process::Command;

/// Builds everything and runs the demo.
pub(crate) fn run(steps: &mut Steps, install: bool) -> Result<()> {
    let cofferdam = guests::build(steps, install)?;
    let examples = paths::root().join("examples");
    steps.step("demo", |_| run::run(Command::new(paths::binary("demo")?).arg(&cofferdam).arg(&examples)))
}
