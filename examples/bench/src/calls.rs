//! Calls of upstream tools: what one costs besides the upstream's own time, and whether calls go side by side.

use crate::{
    Language,
    client::Client,
    milliseconds,
    report::Row,
    setup::{LATENCY_MS, Setup},
};
use anyhow::Result;
use std::time::Instant;

const CALLS: usize = 2000;
const ROUNDS: usize = 5;

/// What a call may cost besides the upstream's own time, in microseconds.
const OWN_TARGET_US: f64 = 60.0;

const PARALLEL: usize = 16;
const PARALLEL_ROUNDS: usize = 20;
const PARALLEL_TARGET_MS: f64 = 60.0;

/// One call after the other. The upstream's own time is what a client without us in between sees, measured in turns with ours, so that
/// what else the machine does falls on both.
pub(crate) fn round_trip(setup: &Setup) -> Result<Vec<Row>> {
    let mut upstream = Client::connect(&mut setup.upstream())?;
    let mut client = Client::connect(&mut setup.cofferdam())?;
    let mut direct = Vec::new();
    let mut through = [Vec::new(), Vec::new()];
    let mut alone = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let began = Instant::now();
        for _ in 0..CALLS {
            upstream.call("return_policy")?;
        }
        let own = milliseconds(began.elapsed()) * 1000.0 / CALLS as f64;
        let mut figures = Vec::new();
        let mut crossings = Vec::new();
        for language in Language::ALL {
            figures.push(client.run(language.name(), &sequential(language))?.figure()?);
            crossings.push(client.run(language.name(), &crossing(language))?.figure()?);
        }
        // The first round starts the upstream and warms everything.
        if round > 0 {
            direct.push(own);
            through.iter_mut().zip(figures).for_each(|(times, figure)| times.push(figure));
            alone.iter_mut().zip(crossings).for_each(|(times, figure)| times.push(figure));
        }
    }
    upstream.end()?;
    client.end()?;
    let own = |times: &[f64]| times.iter().zip(&direct).map(|(through, direct)| through - direct).collect();
    let mut rows = vec![Row::new("upstream's own time per call", "us", direct.clone())];
    for ((language, times), alone) in Language::ALL.into_iter().zip(through).zip(alone) {
        let title = language.title();
        rows.push(Row::new(format!("host call that needs no upstream, {title}"), "us", alone).below(OWN_TARGET_US));
        rows.push(Row::new(format!("call from {title}"), "us", times.clone()));
        rows.push(Row::new(format!("call from {title}, besides the upstream"), "us", own(&times)).below(OWN_TARGET_US));
    }
    Ok(rows)
}

/// Calls that each take 50 ms, at the same time.
pub(crate) fn parallel(setup: &Setup) -> Result<Vec<Row>> {
    let mut client = Client::connect(&mut setup.cofferdam())?;
    let mut rows = Vec::new();
    for language in Language::ALL {
        let (mut seen, mut inside) = (Vec::new(), Vec::new());
        for round in 0..=PARALLEL_ROUNDS {
            let run = client.run(language.name(), &side_by_side(language))?;
            if round > 0 {
                seen.push(milliseconds(run.seen));
                inside.push(run.figure()?);
            }
        }
        let title = language.title();
        rows.push(Row::new(format!("{PARALLEL} calls of {LATENCY_MS} ms, {title}, seen by the client"), "ms", seen).below(PARALLEL_TARGET_MS));
        rows.push(Row::new(format!("{PARALLEL} calls of {LATENCY_MS} ms, {title}, in the program"), "ms", inside));
    }
    client.end()?;
    Ok(rows)
}

/// Prints microseconds per call.
fn sequential(language: Language) -> String {
    match language {
        Language::Python => format!(
            "import time\n\
             await orders.return_policy()\n\
             began = time.perf_counter()\n\
             for _ in range({CALLS}):\n    await orders.return_policy()\n\
             print((time.perf_counter() - began) * 1e6 / {CALLS})"
        ),
        Language::JavaScript => format!(
            "await orders.return_policy();\n\
             const began = performance.now();\n\
             for (let n = 0; n < {CALLS}; n++) await orders.return_policy();\n\
             console.log((performance.now() - began) * 1e3 / {CALLS});"
        ),
    }
}

/// Prints microseconds per host call, when the broker answers at once: the way to the broker and back.
fn crossing(language: Language) -> String {
    match language {
        Language::Python => format!(
            "import time\n\
             progress(1)\n\
             began = time.perf_counter()\n\
             for _ in range({CALLS}):\n    progress(1)\n\
             print((time.perf_counter() - began) * 1e6 / {CALLS})"
        ),
        Language::JavaScript => format!(
            "progress(1);\n\
             const began = performance.now();\n\
             for (let n = 0; n < {CALLS}; n++) progress(1);\n\
             console.log((performance.now() - began) * 1e3 / {CALLS});"
        ),
    }
}

/// Prints milliseconds for all.
fn side_by_side(language: Language) -> String {
    match language {
        Language::Python => format!(
            "import asyncio, time\n\
             began = time.perf_counter()\n\
             await asyncio.gather(*(slow.return_policy() for _ in range({PARALLEL})))\n\
             print((time.perf_counter() - began) * 1e3)"
        ),
        Language::JavaScript => format!(
            "const began = performance.now();\n\
             await Promise.all(Array.from({{ length: {PARALLEL} }}, () => slow.return_policy()));\n\
             console.log(performance.now() - began);"
        ),
    }
}
