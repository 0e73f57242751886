//! Runs commands, and says which one failed and how.

use crate::paths;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Runs a command with its output on the terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{} could not be started", describe(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", describe(command));
    }
    Ok(())
}

/// Runs a command and shows its output only when it fails.
pub(crate) fn quietly(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{} could not be started", describe(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let from = said.len().saturating_sub(4000);
        bail!("{} failed ({}):\n{}", describe(command), output.status, said.get(said.ceil_char_boundary(from)..).unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Cargo, with the output directory that everything here uses.
pub(crate) fn cargo() -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(paths::root()).env("CARGO_TARGET_DIR", paths::target()?);
    Ok(command)
}

/// Builds the whole workspace: always all of it, so that features and therefore dependencies are the same for every command.
pub(crate) fn build() -> Result<()> {
    run(cargo()?.args(["build", "--workspace", "--quiet"]))
}
