//! The soak: many clients on several servers that share one state, at saturation, while everything around them fails. `cargo xtask soak` builds what it
//! needs. What it checks, and what it cannot, is in docs/soak.md.
#![expect(clippy::print_stdout, reason = "it prints its report")]

mod connection;
mod control;
mod faults;
mod hostile;
mod hostile_runs;
mod place;
mod plot;
mod random;
mod report;
mod rest;
mod sessions;
mod watch;
mod window;
mod work;

use anyhow::{Context, Result};
use clap::Parser;
use control::Control;
use indicatif::{ProgressBar, ProgressStyle};
use place::Place;
use report::Sample;
use std::{
    path::PathBuf,
    process::ExitCode,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use window::{Manners, Window};

/// Makes requests of every kind to several servers while processes are killed, the disk fills, clients vanish and the clock jumps.
#[derive(Debug, Parser)]
#[command(
    after_help = "Beside this program must be `shop`, the example upstream. As root the state lies on a tmpfs of its own that is filled now and then.\n\n\
                        Exit code 1: something cannot be so; the report says what, and how to do it again."
)]
struct Arguments {
    /// The cofferdam binary.
    cofferdam: PathBuf,
    /// How long, in minutes.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// The same seed makes the same requests and faults in the same order; their moments are the machine's.
    #[arg(long)]
    seed: Option<u64>,
    /// Also writes the figures here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also writes throughput, latencies and memory over time, as a picture (SVG).
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Instead: so many hostile programs on one server, and what they leave of its memory.
    #[arg(long, value_name = "N")]
    hostile_runs: Option<usize>,
}

/// Windows: two whose servers live as long as the soak, one of each era, and two that kill theirs.
const MANNERS: [Manners; 4] = [Manners::Lasting, Manners::Lasting, Manners::Rough, Manners::Rough];

/// The longest time of work between two moments of rest.
const WORK: Duration = Duration::from_secs(60);

fn main() -> Result<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some("--upstream") {
        hostile::serve();
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    place::enter()?;
    // Whatever loses its parent comes to this process, and is seen.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).context("set_child_subreaper")?;
    let mut place = Place::new(&arguments.cofferdam)?;
    if let Some(most) = arguments.hostile_runs {
        return hostile_runs::run(&place, most);
    }
    let seed = arguments.seed.unwrap_or_else(|| std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs());
    let time = Duration::try_from_secs_f64(arguments.minutes * 60.0)?;
    println!("soak of {} min with seed {seed} on {}", arguments.minutes, report::machine());
    let control = Control::new(MANNERS.len());
    let (rests, samples) = run(&control, &place, seed, time)?;
    let report = report::Report::new(&control, &rests, &samples, seed, place.has_disk);
    println!("\n{report}");
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&report.json())? + "\n")?;
    }
    if let Some(file) = &arguments.plot {
        std::fs::write(file, plot::svg(&control, &samples))?;
    }
    if control.violations().is_empty() {
        println!("nothing was lost and nothing leaked");
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nagain: cargo xtask soak --minutes {} --seed {seed}", arguments.minutes);
    println!("logs and configuration are kept in {}", place.keep().display());
    Ok(ExitCode::FAILURE)
}

fn run(control: &Control, place: &Place, seed: u64, time: Duration) -> Result<(rest::Rests, Vec<Sample>)> {
    let mut rests = rest::Rests::default();
    let mut samples = Vec::new();
    let result = std::thread::scope(|scope| {
        for (number, manners) in MANNERS.into_iter().enumerate() {
            let window = Window::new(number, manners, control, place, seed);
            scope.spawn(move || window.live());
        }
        scope.spawn(|| faults::inject(control, place, seed));
        let result = conduct(control, place, time, &mut rests, &mut samples);
        control.over.store(true, Ordering::Release);
        result
    });
    result?;
    rest::last_look(control, place)?;
    Ok((rests, samples))
}

/// Lets work and rest alternate, and takes samples, until the time is over.
fn conduct(control: &Control, place: &Place, time: Duration, rests: &mut rest::Rests, samples: &mut Vec<Sample>) -> Result<()> {
    let bar = ProgressBar::new(time.as_secs());
    bar.set_style(ProgressStyle::with_template("{bar:40} {elapsed}/{len}s {msg}")?);
    let work = WORK.min(time / 3);
    let (mut worked, mut told) = (Instant::now(), Instant::now());
    loop {
        std::thread::sleep(Duration::from_secs(1));
        samples.push(Sample::take(control));
        let (answers, violations) = (control.answer_count(), control.violations().len());
        let seconds = control.begun.elapsed().as_secs();
        bar.set_position(seconds);
        bar.set_message(format!("{answers} answers, {violations} violations"));
        if bar.is_hidden() && told.elapsed() >= Duration::from_secs(30) {
            told = Instant::now();
            println!("   {seconds} s: {answers} answers, {} faults, {violations} violations", control.injected().len());
        }
        if control.begun.elapsed() >= time || worked.elapsed() >= work {
            rests.rest(control, place)?;
            worked = Instant::now();
        }
        if control.begun.elapsed() >= time {
            bar.finish_and_clear();
            return Ok(());
        }
    }
}
