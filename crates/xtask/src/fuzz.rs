//! Runs the fuzz targets of `crates/fuzz` with cargo-fuzz, each for some time. Its corpus stays in the target directory, and grows; an input that fails is
//! left in `crates/fuzz/artifacts`, to become a test of the crate.

use crate::{paths, run, steps::Steps};
use anyhow::{Context, Result, bail};
use std::fs;

/// The version that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.1";

/// Fuzzes these targets, or all, for so many seconds each. Ends with an error at the first input that fails, which cargo-fuzz then names.
pub(crate) fn run(steps: &mut Steps, targets: &[String], seconds: u64) -> Result<()> {
    let fuzz = paths::root().join("crates/fuzz");
    let files = fs::read_dir(fuzz.join("targets")).context("crates/fuzz/targets cannot be read")?;
    let mut known: Vec<String> = files.filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    known.sort();
    if let Some(unknown) = targets.iter().find(|target| !known.contains(target)) {
        bail!("there is no target {unknown}; there are {}", known.join(", "));
    }
    if run::quietly(run::cargo()?.args(["fuzz", "--version"])).is_err() {
        steps.step("install cargo-fuzz", |_| run::run(run::cargo()?.args(["install", "--locked", "--version", CARGO_FUZZ, "cargo-fuzz"])))?;
    }
    for target in if targets.is_empty() { &known } else { targets } {
        steps.step(target, |_| {
            let corpus = paths::target()?.join("fuzz-corpus").join(target);
            fs::create_dir_all(&corpus)?;
            let mut command = run::cargo()?;
            // The instrumentation is not of the stable compiler's interface.
            command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", paths::target()?.join("fuzz"));
            command.args(["fuzz", "run", "--fuzz-dir"]).arg(&fuzz).args(["--sanitizer", "none", target]).arg(&corpus);
            let seeds = fuzz.join("seeds").join(target);
            if seeds.is_dir() {
                command.arg(seeds);
            }
            run::run(command.arg("--").arg(format!("-max_total_time={seconds}")).args(["-timeout=10", "-rss_limit_mb=2048"]))
        })?;
    }
    Ok(())
}
