//! All of the binary: command line, configuration, and MCP over standard input and output. The programs only call [`main`]; nothing else is public.
//!
//! This crate reads files and the environment, speaks to clients and prints; what a run is and may do is decided in `executor` and
//! below it. Nothing here parses a program or a tool's reply.
//!
//! In reading order: [`cli`] (what was asked), [`surroundings`] and [`config`] with [`raw`], [`import`], [`entry`] and [`expand`]
//! (what the operator wrote), [`commands`], and [`mcp`] with [`announce`], [`arguments`], [`asking`], [`legs`],
//! [`resources`], [`progress`] and [`wire`] (the server).

mod announce;
mod arguments;
mod asking;
mod cli;
mod commands;
mod config;
mod entry;
mod expand;
mod fault;
mod files;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod import;
mod judge;
mod legs;
mod mcp;
mod output;
mod progress;
mod raw;
mod rereading;
mod resources;
mod rules;
mod secrets;
mod surroundings;
mod units;
mod warnings;
mod wire;

use anyhow::Context;
use clap::Parser;
use cli::{Cli, Command};
use commands::{Exit, Unprotected, UsageError};
use fault::ConfigError;
use std::io::IsTerminal;
use std::process::ExitCode;
use surroundings::Surroundings;

/// The program, from its arguments to its exit code; a zygote and its workers are started with the same binary, and never return.
#[must_use]
pub fn main() -> ExitCode {
    #[cfg(feature = "attack")]
    policy::attack::begin();
    sandbox::worker_main();
    sandbox::give_large_blocks_back();
    let cli = Cli::parse();
    match log(&cli).and_then(|()| start(cli)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::complain(&output::plain(&format!("{error:#}")));
            let exit = if error.is::<ConfigError>() || error.is::<UsageError>() {
                Exit::Usage
            } else if error.is::<Unprotected>() {
                Exit::Unprotected
            } else {
                Exit::Internal
            };
            exit.into()
        }
    }
}

/// What is logged unless somebody asks for more. rmcp tells of every request that a client gets wrong, and of every server that cannot be
/// reached, several times; the client was told, and `doctor` tells the operator.
const QUIET: &str = "warn,rmcp=off";

/// Logs to standard error: standard output belongs to the protocol.
fn log(cli: &Cli) -> anyhow::Result<()> {
    // These print what goes wrong with a server themselves.
    let quiet = if matches!(cli.command, Some(Command::Doctor(_) | Command::Tools(_) | Command::Lock(_) | Command::Init(_))) {
        "error,rmcp=off"
    } else {
        QUIET
    };
    let filter = cli.shared.log.clone().or_else(|| std::env::var("RUST_LOG").ok()).unwrap_or_else(|| quiet.to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(&filter)
        .map_err(|error| UsageError(format!("{filter:?} is not a log filter ({error}); write a level such as info, or target=level")))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(output::errors).with_ansi(std::io::stderr().is_terminal()).init();
    Ok(())
}

/// Runs the command on a runtime of one thread: a call passes several tasks, and waking another thread for each costs more than all their work.
/// What would hold that thread up is done on blocking threads.
fn start(cli: Cli) -> anyhow::Result<Exit> {
    let around = Surroundings::of_process().context("the current folder is gone")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let result = runtime.block_on(dispatch(cli, &around));
    // A read of standard input that is still waiting cannot be interrupted: it must not keep the process alive.
    runtime.shutdown_background();
    result
}

/// One command.
async fn dispatch(cli: Cli, around: &Surroundings) -> anyhow::Result<Exit> {
    let sources = cli.shared.sources();
    match cli.command {
        None | Some(Command::Serve) => commands::serve(&sources, around).await,
        Some(Command::Run(run)) => commands::run::run(run, &sources, around).await,
        Some(Command::Tools(tools)) => commands::tools::tools(tools, &sources, around).await,
        Some(Command::Lock(lock)) => commands::lock::lock(&lock, &sources, around).await,
        Some(Command::Init(init)) => commands::init::init(&init, &sources, around).await,
        Some(Command::Sessions(command)) => commands::sessions::sessions(command, &sources, around).await,
        Some(Command::Context(context)) => commands::context::context(context, around),
        Some(Command::Replay(arguments)) => commands::replay::replay(&arguments, around).await,
        Some(Command::Log(arguments)) => commands::log::log(arguments, around),
        Some(Command::Guests(guests)) => commands::guests::guests(guests, around).await,
        Some(Command::Artifacts(artifacts)) => commands::artifacts::artifacts(artifacts, around).await,
        Some(Command::Stop(stop)) => commands::stop::stop(&stop, around),
        Some(Command::Policy(command)) => commands::policy::policy(command, &sources, around),
        Some(Command::Approve(asked)) => commands::approve::approve(asked, &sources, around).await,
        Some(Command::Doctor(doctor)) => commands::doctor::doctor(doctor, &sources, around).await,
    }
}
