//! `cofferdam log` and `replay` as they are written on the command line.

use crate::units::parse_duration;
use clap::{Args, Subcommand};
use policy::RunId;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Log {
    #[command(subcommand)]
    pub(crate) command: Option<LogCommand>,
    /// Only runs in this session
    #[arg(long, value_name = "HANDLE")]
    pub(crate) session: Option<String>,
    /// Only this run
    #[arg(long, value_name = "RUN", value_parser = RunId::parse)]
    pub(crate) run: Option<RunId>,
    /// Only runs of this last time, such as 1h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) since: Option<Duration>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Show one run: its calls with decisions, times and sizes
    Show {
        /// The run, as `cofferdam log` shows it
        #[arg(value_parser = RunId::parse)]
        run: RunId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what an upstream said where a program got a reference in its place
    Error {
        /// The reference, e_ and 16 digits
        reference: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check that no line was changed or removed; exit code 1 names file, line and what
    Verify {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The run, as `cofferdam log` shows it
    #[arg(value_parser = RunId::parse)]
    pub(crate) run: RunId,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
