//! The attack suite: a client that is already fully hijacked sends the attacker's programs, against malicious upstreams, with and without each layer.
//!
//! Every variant of a class is run four times: with every layer off it must land, or it proves nothing; with its own layer alone it must not; with all
//! layers on it must not, with a typed error and one record that names the layer; and its benign twin must give the right answer. What
//! happened is read from side effects (calls that arrived at an upstream, a database, files, processes, sockets), never from a word of
//! Cofferdam's. `README.md` says how to add a class.
//!
//! In reading order: [`suite`] (the four runs), [`world`] and [`client`] (where they happen), [`hostile`], [`door`] and [`desk`] (the upstreams), [`report`],
//! and one file per class in [`classes`].

mod act;
mod classes;
mod client;
mod desk;
mod door;
mod ground;
pub mod hostile;
mod open;
mod report;
mod suite;
mod world;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use policy::Threat;
use std::{path::PathBuf, process::ExitCode};

/// Attacks Cofferdam in every class of docs/threats.md, with and without each layer of its defence.
#[derive(Debug, Parser)]
#[command(
    name = "attack",
    after_help = "`cargo xtask attack` builds what this needs: beside this program must be cofferdam, cofferdam-attack and hostile.\n\n\
                  Exit codes: 0 every variant behaves as it must; 1 one does not"
)]
struct Arguments {
    /// Only these classes, by their ids; all without it.
    #[arg(long, value_name = "ID", value_parser = threat)]
    only: Vec<Threat>,
    /// Also writes the results here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn threat(id: &str) -> Result<Threat, String> {
    let known = Threat::ALL.map(Threat::id).join(", ");
    Threat::ALL.into_iter().find(|threat| threat.id().eq_ignore_ascii_case(id)).ok_or_else(|| format!("there are {known}"))
}

/// The program: runs the classes that are asked for and prints what became of them.
///
/// # Errors
/// When it cannot be run at all; an attack that behaves otherwise than it must is the exit code 1.
pub fn run() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let built = std::env::current_exe()?.parent().context("this program is in no directory")?.to_owned();
    for name in ["cofferdam", "cofferdam-attack", "hostile"] {
        ensure!(built.join(name).is_file(), "{name} is not beside this program; `cargo xtask attack` builds it");
    }
    let classes = classes::all().into_iter().filter(|class| arguments.only.is_empty() || arguments.only.contains(&class.threat)).collect();
    let results = suite::run(&built, classes);
    report::print(&results);
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&report::json(&results))? + "\n").with_context(|| file.display().to_string())?;
    }
    Ok(if results.iter().all(suite::ClassResult::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
