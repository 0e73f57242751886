//! Builds guests, runs the demo, the tests, the benchmarks: every command that a developer or CI needs.
//!
//! Light on purpose: it orchestrates. What needs Wasmtime is done by the `cofferdam` binary that it builds first.

mod attack;
mod bench;
mod demo;
#[cfg(test)]
mod edges;
mod fuzz;
mod guests;
mod packages;
mod paths;
mod peers;
mod run;
mod soak;
mod steps;
mod test;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds guests, runs the demo, the tests, the benchmarks.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    after_help = "Examples:\n  cargo xtask demo\n  cargo xtask test\n  cargo xtask test -- compat\n  cargo xtask attack --only P1.1\n  cargo xtask bench --only sessions --json bench.json\n  cargo xtask fuzz frames --seconds 600"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Install missing system packages (with apt-get); without it, and not as root, the command to run is printed.
    #[arg(long, global = true)]
    install: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds the guests from their pinned sources and compiles them for this machine.
    Guests,
    /// Builds everything and runs the demo: two programs and a session over two upstreams, through a real client.
    Demo,
    /// Builds everything, installs the real servers and clients that tests talk to, and runs all tests, then a soak of five minutes.
    Test {
        /// Only tests whose names contain one of these.
        filter: Vec<String>,
    },
    /// Builds everything, also without its defences, and runs the attack suite.
    Attack {
        /// As the suite takes them: --only ID, --json FILE.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Fuzzes whatever reads bytes of others, with cargo-fuzz, which is installed if it is not there. The first build takes long.
    Fuzz {
        /// Only these targets.
        targets: Vec<String>,
        /// Seconds for each.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Measures: start, fresh runs, host calls, loops, memory, sessions. Run it on a quiet machine.
    Bench {
        /// As the benchmark takes them: --only PART, --json FILE, --plot FILE.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Runs many clients at saturation while processes are killed, the disk fills, clients vanish and the clock jumps; docs/soak.md.
    Soak {
        /// As the soak takes them: --minutes N, --seed N, --json FILE, --plot FILE, --hostile-runs N.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut steps = steps::Steps::new();
    let done = match arguments.command {
        Command::Guests => guests::build(&mut steps, arguments.install).map(drop),
        Command::Demo => demo::run(&mut steps, arguments.install),
        Command::Test { filter } => test::run(&mut steps, arguments.install, &filter),
        Command::Attack { arguments: asked } => attack::run(&mut steps, arguments.install, &asked),
        Command::Fuzz { targets, seconds } => fuzz::run(&mut steps, &targets, seconds),
        Command::Bench { arguments: measured } => bench::run(&mut steps, arguments.install, &measured),
        Command::Soak { arguments: soaked } => soak::run(&mut steps, arguments.install, &soaked),
    };
    steps.summary();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            steps::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
