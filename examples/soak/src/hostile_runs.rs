//! Many hostile programs on one server, one after the other and side by side: how long beyond its limit any of them ran, and what they leave of the
//! server's memory.

use crate::{
    control::Control,
    place::Place,
    report::Spread,
    watch::{Held, Table},
    window::{Manners, Window},
};
use anyhow::Result;
use std::{
    process::ExitCode,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// A program that is ended later than this after its limit, in milliseconds, is a violation.
const BEYOND_MS: f64 = 250.0;

/// How much more memory the server may hold afterwards than after the first tenth of the runs.
const GROWTH: f64 = 0.05;

/// How long a server is left alone before its memory is read.
const QUIET: Duration = Duration::from_secs(12);

/// Runs them, in ten parts.
pub(crate) fn run(place: &Place, most: usize) -> Result<ExitCode> {
    let control = Control::new(1);
    let mut held: Vec<Held> = Vec::new();
    std::thread::scope(|scope| {
        let window = Window::new(0, Manners::Hostile, &control, place, 0);
        scope.spawn(move || window.live());
        for part in 1..=10_usize {
            while control.answer_count() < most * part / 10 && control.violations().is_empty() {
                std::thread::sleep(Duration::from_millis(50));
            }
            control.resting.store(true, Ordering::Release);
            let drained = Instant::now();
            while control.open() > 0 && drained.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(50));
            }
            std::thread::sleep(QUIET);
            let server = control.servers().first().map_or(0, |(_, pid)| *pid);
            held.push(Table::read().held(server));
            println!("   {} of {most}: {:.1} MB", control.answer_count(), megabytes(held.last()));
            control.resting.store(false, Ordering::Release);
        }
        control.over.store(true, Ordering::Release);
    });
    let (first, last) = (megabytes(held.first()), megabytes(held.last()));
    let Spread { count, p50, p99, max, .. } = Spread::of(control.all_beyond());
    println!("\n{} hostile runs in {:.0} s", control.answer_count(), control.begun.elapsed().as_secs_f64());
    for ((kind, outcome), times) in control.outcomes() {
        println!("   {}: {outcome} {times}", kind.name());
    }
    println!(
        "{count} that never end were killed {p50:.1} ms after their limit in the middle, p99 {p99:.1} ms, {max:.1} ms at most (at most {BEYOND_MS})"
    );
    let grown = last / first - 1.0;
    println!("memory of the server at rest: {first:.1} MB after a tenth of them, {last:.1} MB after all: {:+.1} % (at most 5 %)", grown * 100.0);
    let holds = control.violations().is_empty() && max <= BEYOND_MS && grown <= GROWTH;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn megabytes(held: Option<&Held>) -> f64 {
    held.map_or(f64::NAN, |held| held.resident_bytes as f64 / 1e6)
}
