//! What the journal and labels take of a run: the server's own figure (`recorded_ms`), beside what the client waited for in the same run. It holds
//! everything on the run's way: lines written, texts hashed and handed over, labels on the disk, the wait for a disk that is busy with the lines before.
//! It does not hold what other threads do meanwhile (compressing, putting lines on the disk), nor the tape that the worker keeps.

use crate::{
    Language,
    client::{Client, Run},
    milliseconds,
    report::Row,
    setup::Setup,
};
use anyhow::Result;
use std::{thread::sleep, time::Duration};

const RUNS: usize = 100;
const CALLS: usize = 16;
/// What a model thinks between two runs is seconds; lines are put on the disk in the pause.
const THINK: Duration = Duration::from_millis(20);

/// What recording a run without a call may take, in milliseconds.
const NO_CALL_MS: f64 = 0.3;
/// What recording a run with 16 calls may take of it, in percent.
const CALLS_PERCENT: f64 = 5.0;

/// Runs without a call, then with 16 calls at once and one after the other, of tools that answer at once and of tools that take 50 ms.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let mut client = Client::connect(&mut setup.cofferdam())?;
    let mut rows = Vec::new();
    for language in Language::ALL {
        let title = language.title();
        for pause in [THINK, Duration::ZERO] {
            let when = if pause.is_zero() { "back to back" } else { "20 ms apart" };
            let runs = runs(&mut client, language, language.one_and_one(), pause)?;
            let took = runs.iter().map(|(recorded, _)| *recorded).collect();
            rows.push(Row::new(format!("recording a run without calls, {title}, {when}"), "ms", took).below(NO_CALL_MS));
        }
        for (what, server, at_once) in [("50 ms each, at once", "slow", true), ("at once", "orders", true), ("one after the other", "orders", false)]
        {
            let runs = runs(&mut client, language, &calling(language, server, at_once), THINK)?;
            let share = runs.iter().map(|(recorded, seen)| recorded / seen * 100.0).collect();
            let row = Row::new(format!("recording {CALLS} calls, {title}, {what}: share of the run"), "%", share);
            rows.push(row.below(CALLS_PERCENT));
            rows.push(Row::new(format!("recording {CALLS} calls, {title}, {what}"), "ms", runs.iter().map(|(recorded, _)| *recorded).collect()));
        }
    }
    client.end()?;
    Ok(rows)
}

/// What recording took and what the client waited for, of each run, in milliseconds.
fn runs(client: &mut Client, language: Language, code: &str, pause: Duration) -> Result<Vec<(f64, f64)>> {
    let mut runs = Vec::new();
    for n in 0..RUNS + 3 {
        sleep(pause);
        let run: Run = client.run(language.name(), code)?;
        // The first ones start upstreams and make files.
        if n >= 3 {
            runs.push((run.server_ms("recorded_ms")?, milliseconds(run.seen)));
        }
    }
    Ok(runs)
}

/// Sixteen calls of a tool that reads.
fn calling(language: Language, server: &str, at_once: bool) -> String {
    match (language, at_once) {
        (Language::Python, true) => format!("import asyncio\nlen(await asyncio.gather(*({server}.return_policy() for _ in range({CALLS}))))"),
        (Language::Python, false) => format!("for _ in range({CALLS}): await {server}.return_policy()"),
        (Language::JavaScript, true) => format!("return (await Promise.all(Array.from({{length: {CALLS}}}, () => {server}.return_policy()))).length"),
        (Language::JavaScript, false) => format!("for (let n = 0; n < {CALLS}; n++) await {server}.return_policy()"),
    }
}
