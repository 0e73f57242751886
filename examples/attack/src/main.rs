//! `cargo xtask attack` builds everything and runs this.

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    attack::run()
}
