//! The soak: builds everything and hands over to `examples/soak`, which says what holds and what does not.

use crate::{guests, paths, run, steps::Steps};
use anyhow::Result;
use std::{ffi::OsString, path::Path, process::Command};

/// How long it takes as the last step of all tests, in minutes. CI has to be done in 70.
const AFTER_TESTS: &str = "5";

/// Builds everything and runs it, with the soak's own arguments.
pub(crate) fn run(steps: &mut Steps, install: bool, arguments: &[OsString]) -> Result<()> {
    let cofferdam = guests::build(steps, install)?;
    soak(steps, &cofferdam, arguments)
}

/// The last step of all tests: everything is built.
pub(crate) fn after_tests(steps: &mut Steps, cofferdam: &Path) -> Result<()> {
    soak(steps, cofferdam, &["--minutes".into(), AFTER_TESTS.into()])
}

fn soak(steps: &mut Steps, cofferdam: &Path, arguments: &[OsString]) -> Result<()> {
    steps.step("soak", |_| run::run(Command::new(paths::binary("soak")?).arg(cofferdam).args(arguments)))
}
