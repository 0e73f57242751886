//! The benchmarks: a client over stdio that measures what a user would feel, and prints it beside what it should be.
//! `cargo xtask bench` builds everything and runs it.
//!
//! Times are of the ordinary development build, in which dependencies are optimised and our own crates a little: the interpreters and the
//! compiled guests are the same in every build. A machine that does something else at the same time gives other figures; the medians say
//! less than the minima then.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod artifact;
mod calls;
mod client;
mod compute;
mod decisions;
mod fairness;
mod journal;
mod memory;
mod plot;
mod report;
mod runs;
mod sessions;
mod setup;
mod wall;

use anyhow::Result;
use clap::Parser;
use report::Row;
use serde_json::json;
use setup::Setup;
use std::{path::PathBuf, time::Duration};

/// Measures start, fresh runs, calls, decisions, the journal, computing, memory, sessions and artifacts of a cofferdam over stdio, and what its
/// second wall costs. Run it on a quiet machine.
#[derive(Debug, Parser)]
#[command(after_help = "Environment:\n  COFFERDAM_BENCH_PYTHON  the native Python to compare with; else python3.13, else python3\n  \
                  COFFERDAM_BENCH_NODE    the native node to compare with; else node\n\n\
                  `cargo xtask bench` builds what this needs. Beside this program must be `shop`, the example upstream.")]
struct Arguments {
    /// The cofferdam binary to measure.
    cofferdam: PathBuf,
    /// Also writes the results here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also writes how long sessions of different sizes take, as a picture (SVG).
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Only these parts; all without it.
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Start,
    Fresh,
    Calls,
    Decisions,
    Journal,
    Parallel,
    Compute,
    Rate,
    Memory,
    Sessions,
    Fairness,
    Wall,
}

/// Which guest a program is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    JavaScript,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::Python, Self::JavaScript];

    /// As `execute` takes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
        }
    }

    /// As people write it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
        }
    }

    /// The smallest program worth a name.
    pub(crate) fn one_and_one(self) -> &'static str {
        match self {
            Self::Python => "print(1+1)",
            Self::JavaScript => "1+1",
        }
    }
}

fn main() -> Result<()> {
    if std::env::args_os().nth(1).is_some_and(|first| first == wall::ARGUMENT) {
        return wall::measure_here();
    }
    let arguments = Arguments::parse();
    let setup = Setup::new(&arguments.cofferdam)?;
    let (python, node, interpreter) = (compute::Native::python(), compute::Native::node(), compute::Native::node_interpreter());
    let mut notes = Vec::new();
    for (native, name) in [(&python, "Python"), (&node, "node")] {
        if native.is_none() {
            notes.push(format!("no native {name} was found to compare with"));
        }
    }
    if python.as_ref().is_some_and(|python| !python.name.starts_with("Python 3.13.")) {
        notes.push("the native Python is not 3.13, so ratios to it have no target; COFFERDAM_BENCH_PYTHON names another one".to_owned());
    }
    let machine = json!({
        "cpus": std::thread::available_parallelism()?.get(),
        "system": std::env::consts::OS,
        "kernel": first_word("/proc/sys/kernel/osrelease"),
        "architecture": std::env::consts::ARCH,
        "python": python.as_ref().map(|native| &native.name),
        "node": node.as_ref().map(|native| &native.name),
        "load_before": first_word("/proc/loadavg"),
    });

    let mut rows: Vec<Row> = Vec::new();
    let wanted = |part: Part| arguments.only.is_empty() || arguments.only.contains(&part);
    let mut add = |more: Vec<Row>| {
        print!("{}", progress(&more));
        rows.extend(more);
    };
    if wanted(Part::Start) {
        add(runs::start(&setup)?);
    }
    if wanted(Part::Fresh) {
        for language in Language::ALL {
            add(runs::fresh(&setup, language)?);
        }
    }
    if wanted(Part::Calls) {
        add(calls::round_trip(&setup)?);
    }
    if wanted(Part::Decisions) {
        add(decisions::measure()?);
    }
    if wanted(Part::Journal) {
        add(journal::measure(&setup)?);
    }
    if wanted(Part::Parallel) {
        add(calls::parallel(&setup)?);
    }
    if wanted(Part::Compute) {
        add(compute::measure(&setup, python.as_ref(), [node.as_ref(), interpreter.as_ref()])?);
    }
    if wanted(Part::Rate) {
        for language in Language::ALL {
            add(vec![runs::rate(&setup, language)?]);
        }
    }
    if wanted(Part::Memory) {
        for language in Language::ALL {
            add(memory::workers(&setup, language, &mut notes)?);
        }
    }
    if wanted(Part::Sessions) {
        let mut lines = Vec::new();
        for language in Language::ALL {
            add(sessions::small(&setup, language)?);
            let (rows, measured) = sessions::sizes(&setup, language)?;
            add(rows);
            lines.extend(measured);
        }
        add(sessions::many(&setup)?);
        add(artifact::large(&setup)?);
        if let Some(file) = &arguments.plot {
            std::fs::write(file, plot::svg("How long a session takes, by its live data", &lines))?;
        }
    }
    if wanted(Part::Fairness) {
        fairness::measure(&setup, |row| add(vec![row]))?;
    }
    if wanted(Part::Wall) {
        add(wall::measure()?);
    }
    notes.dedup();

    println!("\n{}\n\n{}", machine_line(&machine), report::table(&rows));
    for note in &notes {
        println!("note: {note}");
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&report::json(&machine, &notes, &rows))? + "\n")?;
    }
    Ok(())
}

/// So that whoever waits sees that something happens.
fn progress(rows: &[Row]) -> String {
    rows.iter().map(|row| format!("{}: {:.2} {}\n", row.name.trim(), row.median(), row.unit)).collect()
}

fn machine_line(machine: &serde_json::Value) -> String {
    let text = |key: &str| machine[key].as_str().unwrap_or("none").to_owned();
    format!(
        "{} CPUs, {}, {} {}; native: {}, {}; load before {}",
        machine["cpus"],
        text("architecture"),
        text("system"),
        text("kernel"),
        text("python"),
        text("node"),
        text("load_before")
    )
}

/// What one of Linux's files begins with; elsewhere there is none. Of the load it is the last minute's: figures from a busy machine
/// should say so.
fn first_word(file: &str) -> Option<String> {
    std::fs::read_to_string(file).ok()?.split_whitespace().next().map(str::to_owned)
}

/// Milliseconds, with what is below them.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
