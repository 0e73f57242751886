//! The binary as people and clients use it: the command line, and programs from a client to real servers and back.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and what it saw is printed with it"
)]

mod approvals;
mod approvals_clients;
mod artifacts;
mod artifacts_disk;
mod bad_input;
mod bad_upstreams;
mod browser;
mod cli;
mod clients;
mod compat;
mod connection;
mod contexts;
mod escapes;
mod examples;
mod fetch;
mod files;
mod gates;
mod judge;
mod lock;
mod log;
mod many;
mod place;
mod policies;
mod policy;
mod repeats;
mod replay;
mod replay_sessions;
mod replies;
mod required;
mod rereading;
mod secrets;
mod sessions;
mod sessions_disk;
mod sessions_faults;
mod sessions_shared;
mod stdio;
mod stops;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary in a home of its own: no configuration, no cache, no variables beside `PATH`.
fn cofferdam(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cofferdam"));
    command.env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(home);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it with these arguments: exit code, standard output, standard error with the home's path as `~`.
fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = cofferdam(home).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace(&home.display().to_string(), "~");
    (status.code().unwrap_or(-1), text(&stdout), text(&stderr))
}
