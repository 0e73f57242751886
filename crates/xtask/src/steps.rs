//! Names and times of the steps of a command, so that what becomes slow is seen.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// The steps of one command.
#[derive(Debug)]
pub(crate) struct Steps {
    done: Vec<(String, Duration)>,
    started: Instant,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Steps { done: Vec::new(), started: Instant::now() }
    }

    /// Runs one step; `work` may report what it is doing.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce(&dyn Fn(&str)) -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        let report = |what: &str| {
            bar.set_message(what.to_owned());
            // Where there is no terminal the bar is invisible; a log wants the lines.
            if bar.is_hidden() {
                say(&format!("   {name}: {what}"));
            }
        };
        let result = work(&report);
        bar.finish_and_clear();
        let took = started.elapsed();
        say(&format!("== {name}: {:.1} s{}", took.as_secs_f64(), if result.is_ok() { "" } else { ", failed" }));
        self.done.push((name.to_owned(), took));
        result
    }

    /// Prints all steps with their times.
    pub(crate) fn summary(&self) {
        if self.done.len() < 2 {
            return;
        }
        let times: Vec<String> = self.done.iter().map(|(name, took)| format!("{name} {:.1} s", took.as_secs_f64())).collect();
        say(&format!("== total {:.1} s: {}", self.started.elapsed().as_secs_f64(), times.join(", ")));
    }
}

/// Tells the person at the terminal.
#[expect(clippy::print_stderr, reason = "the one place where this program speaks about itself")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
