//! Start, fresh runs one after the other, and many at once.

use crate::{
    Language,
    client::{Client, Run, execute},
    milliseconds,
    report::Row,
    setup::Setup,
};
use anyhow::{Result, ensure};
use serde_json::json;
use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// What a model thinks between two runs is seconds; this is enough for a used worker to be replaced.
const THINK: Duration = Duration::from_millis(20);

const STARTS: usize = 10;
const RUNS: usize = 200;
const IN_FLIGHT: usize = 8;
const RATE_ROUNDS: usize = 5;
const RUNS_PER_ROUND: usize = 100;

/// From the start of the process to the reply to `tools/list`, handshake included.
pub(crate) fn start(setup: &Setup) -> Result<Vec<Row>> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let mut client = Client::start(&mut setup.cofferdam())?;
        client.greet()?;
        let tools = client.request("tools/list", &json!({}))?;
        times.push(milliseconds(began.elapsed()));
        ensure!(tools["tools"].as_array().is_some_and(|tools| tools.len() == 1), "not one tool: {tools}");
        client.end()?;
        sleep(THINK);
    }
    Ok(vec![Row::new("start to tools/list, 9 upstreams configured", "ms", times).below(100.0)])
}

/// Runs that print 1+1, each in a worker of its own.
pub(crate) fn fresh(setup: &Setup, language: Language) -> Result<Vec<Row>> {
    let mut client = Client::connect(&mut setup.cofferdam())?;
    let code = language.one_and_one();
    let mut runs = |pause: Duration| -> Result<Vec<Run>> {
        let mut runs = Vec::new();
        // The first ones are not like those after them: pages of the binary and the guest are read for the first time.
        for n in 0..RUNS + 5 {
            sleep(pause);
            let run = client.run(language.name(), code)?;
            ensure!(run.text == "2", "1+1 is {:?}", run.text);
            if n >= 5 {
                runs.push(run);
            }
        }
        Ok(runs)
    };
    let seen = |runs: &[Run]| runs.iter().map(|run| milliseconds(run.seen)).collect();
    let title = language.title();
    let apart = runs(THINK)?;
    let close = runs(Duration::ZERO)?;
    let target = match language {
        Language::Python => 3.0,
        Language::JavaScript => 1.5,
    };
    let rows = vec![
        Row::new(format!("fresh run, {title}, seen by the client"), "ms", seen(&apart)).below(target),
        Row::new(format!("fresh run, {title}, inside (wall_ms)"), "ms", apart.iter().map(|run| run.inside_ms).collect()),
        Row::new(format!("fresh run, {title}, back to back"), "ms", seen(&close)),
    ];
    client.end()?;
    Ok(rows)
}

/// Runs per second with eight requests in flight.
pub(crate) fn rate(setup: &Setup, language: Language) -> Result<Row> {
    let mut client = Client::connect(&mut setup.cofferdam())?;
    let request = execute(language.name(), language.one_and_one());
    let mut rates = Vec::new();
    for _ in 0..RATE_ROUNDS {
        sleep(THINK);
        let began = Instant::now();
        for _ in 0..IN_FLIGHT {
            client.submit("tools/call", &request)?;
        }
        for done in 1..=RUNS_PER_ROUND {
            let (_, result) = client.reply()?;
            Run::read(&result, Duration::ZERO)?;
            if done + IN_FLIGHT <= RUNS_PER_ROUND {
                client.submit("tools/call", &request)?;
            }
        }
        rates.push(RUNS_PER_ROUND as f64 / began.elapsed().as_secs_f64());
    }
    client.end()?;
    Ok(Row::new(format!("{IN_FLIGHT} in flight, {}", language.title()), "runs/s", rates))
}
