//! What a soak has to say: for people and as JSON.

use crate::{control::Control, rest::Rests, watch::Table, work::Kind};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, time::Duration};

/// What was seen in one moment.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) at: Duration,
    /// Resident memory of each window's server, in bytes; none while it is being started.
    pub(crate) resident: BTreeMap<usize, u64>,
    /// Processes of all servers.
    pub(crate) processes: usize,
}

impl Sample {
    /// As it is now.
    pub(crate) fn take(control: &Control) -> Self {
        let table = Table::read();
        let held: Vec<_> = control.servers().into_iter().map(|(window, server)| (window, table.held(server))).collect();
        Sample {
            at: control.begun.elapsed(),
            resident: held.iter().map(|(window, held)| (*window, held.resident_bytes)).collect(),
            processes: held.iter().map(|(_, held)| held.processes + 1).sum(),
        }
    }
}

/// The report.
pub(crate) struct Report {
    seed: u64,
    seconds: f64,
    answers: usize,
    kinds: Vec<(Kind, Spread, BTreeMap<&'static str, u64>)>,
    faults: BTreeMap<&'static str, usize>,
    /// How much longer than its limit a program ran that never ends, in milliseconds.
    beyond: Spread,
    memory: Vec<String>,
    rests: usize,
    violations: usize,
    has_disk: bool,
}

/// A distribution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of these figures; without any of them not a number.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |hundredths: usize| {
            let place = (figures.len() * hundredths).div_ceil(100).saturating_sub(1);
            figures.get(place).copied().unwrap_or(f64::NAN)
        };
        Spread { count: figures.len(), p50: at(50), p90: at(90), p99: at(99), max: at(100) }
    }
}

impl Report {
    pub(crate) fn new(control: &Control, rests: &Rests, samples: &[Sample], seed: u64, has_disk: bool) -> Self {
        let answers = control.answers();
        let outcomes = control.outcomes();
        let milliseconds =
            |kind: Kind| answers.iter().filter(|answer| answer.kind == kind).map(|answer| answer.took.as_secs_f64() * 1000.0).collect();
        let kinds = Kind::ALL.map(|kind| {
            let outcomes = outcomes.iter().filter(|((of, _), _)| *of == kind).map(|((_, outcome), count)| (*outcome, *count)).collect();
            (kind, Spread::of(milliseconds(kind)), outcomes)
        });
        let mut faults = BTreeMap::new();
        for injected in control.injected() {
            *faults.entry(injected.fault.name()).or_default() += 1;
        }
        let memory = [0, 1].map(|window| {
            let all = samples.iter().filter_map(|sample| sample.resident.get(&window));
            let most = all.copied().max().unwrap_or_default() / 1_000_000;
            let rests = &rests.lasting[window];
            let (descriptors, processes) = rests.last().map(|held| (held.descriptors, held.processes)).unwrap_or_default();
            let rests: Vec<String> = rests.iter().map(|held| (held.resident_bytes / 1_000_000).to_string()).collect();
            format!("window {window}, MB at each rest: {}; {most} at most; at last {descriptors} descriptors, {processes} processes", rests.join(" "))
        });
        Report {
            seed,
            seconds: control.begun.elapsed().as_secs_f64(),
            answers: answers.len(),
            kinds: kinds.into(),
            faults,
            beyond: Spread::of(control.all_beyond()),
            memory: memory.into(),
            rests: rests.count,
            violations: control.violations().len(),
            has_disk,
        }
    }

    /// For comparisons over time.
    pub(crate) fn json(&self) -> Value {
        let spread = |spread: &Spread| json!({"count": spread.count, "p50": spread.p50, "p90": spread.p90, "p99": spread.p99, "max": spread.max});
        let kinds: serde_json::Map<String, Value> =
            self.kinds.iter().map(|(kind, times, outcomes)| (kind.name().to_owned(), json!({"ms": spread(times), "outcomes": outcomes}))).collect();
        json!({
            "machine": machine(), "seed": self.seed, "seconds": self.seconds, "answers": self.answers, "per_second": self.answers as f64 / self.seconds,
            "kinds": kinds, "faults": self.faults, "beyond_the_limit_ms": spread(&self.beyond), "memory": self.memory, "rests": self.rests,
            "violations": self.violations,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { seed, seconds, answers, rests, violations, .. } = self;
        writeln!(
            f,
            "seed {seed}: {answers} answers in {seconds:.0} s, {:.1} a second; {rests} rests; {violations} violations\n",
            *answers as f64 / seconds
        )?;
        writeln!(f, "{:<11} {:>8} {:>8} {:>8} {:>8} {:>8} ms   how they ended", "", "answers", "p50", "p90", "p99", "max")?;
        for (kind, times, outcomes) in &self.kinds {
            let Spread { count, p50, p90, p99, max } = times;
            let ended: Vec<String> = outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
            writeln!(f, "{:<11} {count:>8} {p50:>8.1} {p90:>8.1} {p99:>8.1} {max:>8.0}      {}", kind.name(), ended.join(", "))?;
        }
        let faults: Vec<String> = self.faults.iter().map(|(fault, count)| format!("{fault} {count}")).collect();
        writeln!(f, "\nfaults: {}", faults.join(", "))?;
        if !self.has_disk {
            writeln!(f, "no disk was filled: that needs root")?;
        }
        let Spread { count, p50, p99, max, .. } = self.beyond;
        writeln!(f, "{count} programs that never end, killed after their limit: by {p50:.1} ms in the middle, p99 {p99:.1} ms, {max:.1} ms at most")?;
        for memory in &self.memory {
            writeln!(f, "memory of the server of {memory}")?;
        }
        Ok(())
    }
}

/// What this runs on.
pub(crate) fn machine() -> String {
    let first =
        |file: &str| std::fs::read_to_string(file).ok().and_then(|text| text.split_whitespace().next().map(str::to_owned)).unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{cpus} CPUs, {} {}, load {}", std::env::consts::OS, first("/proc/sys/kernel/osrelease"), first("/proc/loadavg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_figures_that_were_measured() {
        let Spread { count, p50, p90, p99, max } = Spread::of((1..=200).map(f64::from).rev().collect());
        assert_eq!((count, p50, p90, p99, max), (200, 100.0, 180.0, 198.0, 200.0));
        let one = Spread::of(vec![7.0]);
        assert_eq!((one.p50, one.p99, one.max), (7.0, 7.0, 7.0));
    }
}
