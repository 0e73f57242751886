//! Runs every test: guests, workspace, the real peers, one nextest run over all crates, and then, unless only some tests are wanted, the attack suite
//! and a short soak.

use crate::{attack, guests, packages, peers, run, soak, steps::Steps};
use anyhow::Result;

/// Runs the tests whose names contain one of `filter`; all of them when it is empty.
pub(crate) fn run(steps: &mut Steps, install: bool, filter: &[String]) -> Result<()> {
    let cofferdam = guests::build(steps, install)?;
    let peers = steps.step("peers", |report| peers::ensure(report))?;
    // Of Debian's packages, unlike the other peers: no lock file can hold a browser and the libraries that it needs.
    steps.step("browser", |_| packages::ensure(&[("chromium", "chromium")], install))?;
    // Cargo's own runner does where nextest is not installed: slower, since it runs one binary after the other.
    let nextest = run::quietly(run::cargo()?.args(["nextest", "--version"])).is_ok();
    let runner: &[&str] = if nextest { &["nextest", "run"] } else { &["test"] };
    steps.step("build tests", |_| run::run(run::cargo()?.args(runner).args(["--workspace", "--no-run"])))?;
    steps.step("tests", |_| {
        let mut command = run::cargo()?;
        command.args(runner).args(["--workspace", "--no-fail-fast"]).args(filter);
        command.env("COFFERDAM_TEST_NODE", &peers.node).env("COFFERDAM_TEST_MODERN", &peers.modern).env("COFFERDAM_TEST_LEGACY", &peers.legacy);
        run::run(&mut command)
    })?;
    if !filter.is_empty() {
        return Ok(());
    }
    attack::attack(steps, &[])?;
    soak::after_tests(steps, &cofferdam)
}
