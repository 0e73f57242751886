//! Sessions: what saving, restoring and forking one costs, by the server's own figures of each run (`saved_ms`, `restored_ms`, `queued_ms`), and
//! what parked ones hold.
//!
//! A client cannot see the parts by themselves: a run in a session and one without differ in more than the saving. What it does see stands
//! beside them. Unless a row says otherwise, no session keeps its worker, so that every run restores and saves.

use crate::{
    Language,
    client::{Client, Run},
    memory, milliseconds,
    plot::Line,
    report::Row,
    setup::Setup,
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

const ROUNDS: usize = 30;
/// Between two runs: a worker is ready again, and the one before is gone.
const THINK: Duration = Duration::from_millis(40);

const SMALL_TARGET_MS: f64 = 5.0;

/// Live data, in MB, with the rounds that are measured: at 10 MB there is a target.
const SIZES: [(usize, usize); 6] = [(0, 30), (1, 30), (3, 15), (10, 15), (30, 9), (100, 5)];
const WITH_TARGET_MB: usize = 10;
const TARGET_MS: f64 = 25.0;
/// An item holds 99 bytes of Python's memory and 121 of JavaScript's: what `memory_bytes` of a session grows by.
const PYTHON_ITEMS_PER_MB: usize = 10_000;
const JAVASCRIPT_ITEMS_PER_MB: usize = 8_200;

const PARKED: usize = 20;
const MANY: usize = 1000;
const LISTINGS: usize = 20;
const LIST_TARGET_MS: f64 = 100.0;

/// A class, a database, a generator, 1 MiB of files.
pub(crate) fn small(setup: &Setup, language: Language) -> Result<Vec<Row>> {
    let (make, ask, answer) = match language {
        Language::Python => (SMALL_PYTHON, "[kept.number, rows(), next(counter) > 1]", "[7,1000,true]"),
        Language::JavaScript => (SMALL_JAVASCRIPT, "[kept.size, kept.get(7).number]", "[1000,7]"),
    };
    let title = language.title();
    let asked = |client: &mut Client, session: &str| -> Result<Run> {
        sleep(THINK);
        let run = client.run_in(session, language.name(), ask)?;
        ensure!(run.text.lines().next() == Some(answer), "instead of {answer}: {}", run.text);
        Ok(run)
    };
    let mut live = Client::connect(&mut setup.cofferdam())?;
    let session = live.run_in("new", language.name(), make)?.session()?;
    let kept = (0..ROUNDS).map(|_| asked(&mut live, &session)).collect::<Result<Vec<_>>>()?;
    live.end()?;

    let state = setup.state(&format!("small-{}", language.name()))?;
    let mut parking = Client::connect(&mut setup.parking(&state, &["serve"]))?;
    let session = parking.run_in("new", language.name(), make)?.session()?;
    let runs = (0..ROUNDS).map(|_| asked(&mut parking, &session)).collect::<Result<Vec<_>>>()?;
    let fork = format!("fork:{session}");
    let forks = (0..ROUNDS).map(|_| asked(&mut parking, &fork)).collect::<Result<Vec<_>>>()?;
    parking.end()?;

    let seen = |runs: &[Run]| runs.iter().map(|run| milliseconds(run.seen)).collect();
    let figure = |runs: &[Run], name: &str| runs.iter().map(|run| run.server_ms(name)).collect::<Result<Vec<_>>>();
    let forked = forks.iter().map(|run| Ok(run.server_ms("queued_ms")? - run.server_ms("restored_ms")?)).collect::<Result<Vec<_>>>()?;
    Ok(vec![
        Row::new(format!("small session, {title}, saved, its worker live"), "ms", figure(&kept, "saved_ms")?).below(SMALL_TARGET_MS),
        Row::new(format!("small session, {title}, saved after it was restored"), "ms", figure(&runs, "saved_ms")?).below(SMALL_TARGET_MS),
        Row::new(format!("small session, {title}, restored"), "ms", figure(&runs, "restored_ms")?).below(SMALL_TARGET_MS),
        Row::new(format!("small session, {title}, forked with 1 MiB of files"), "ms", forked).below(SMALL_TARGET_MS),
        Row::new(format!("run in it, {title}, its worker live, seen by the client"), "ms", seen(&kept)),
        Row::new(format!("run in it, {title}, parked, seen by the client"), "ms", seen(&runs)),
    ])
}

const SMALL_PYTHON: &str = r#"
import os, sqlite3
class Order:
    def __init__(self, number):
        self.number = number
kept = Order(7)
database = sqlite3.connect(":memory:")
database.execute("create table t(x)")
database.executemany("insert into t values(?)", [(n,) for n in range(1000)])
def rows():
    return database.execute("select count(*) from t").fetchone()[0]
def numbers():
    n = 0
    while True:
        n += 1
        yield n
counter = numbers()
next(counter)
with open("/workspace/file", "wb") as file:
    file.write(os.urandom(1 << 20))
None
"#;

const SMALL_JAVASCRIPT: &str = r#"
class Order { constructor(number) { this.number = number; } }
const kept = new Map(Array.from({ length: 1000 }, (_, n) => [n, new Order(n)]));
fs.writeFileSync("/workspace/file", new Uint8Array(1 << 20).fill(7));
"#;

/// Saving and restoring over the size of a session.
pub(crate) fn sizes(setup: &Setup, language: Language) -> Result<(Vec<Row>, [Line; 2])> {
    let title = language.title();
    let state = setup.state(&format!("sizes-{}", language.name()))?;
    let mut client = Client::connect(&mut setup.parking(&state, &["serve"]))?;
    let mut rows = Vec::new();
    let mut lines = ["saved", "restored"].map(|what| Line { title: format!("{title}, {what}"), is_dashed: what == "restored", points: Vec::new() });
    for (megabytes, rounds) in SIZES {
        let items = megabytes
            * match language {
                Language::Python => PYTHON_ITEMS_PER_MB,
                Language::JavaScript => JAVASCRIPT_ITEMS_PER_MB,
            };
        let (make, ask) = match language {
            Language::Python => (
                format!(
                    "data = [f'order {{n:07}} of customer {{n * 7919 % 12000:05}}: {{n * 104729 % 1000003:06}} cents, street {{n * 31337 % 99991:05}}, paid' for n in range({items})]\nNone"
                ),
                "len(data)",
            ),
            Language::JavaScript => (
                format!(
                    "const data = Array.from({{ length: {items} }}, (_, n) => ({{ id: n, text: `${{n * 7919 % 12000}} ${{n * 104729 % 1000003}}` }}));"
                ),
                "data.length",
            ),
        };
        let session = client.run_in("new", language.name(), &make)?.session()?;
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            sleep(THINK);
            let run = client.run_in(&session, language.name(), ask)?;
            ensure!(run.text == items.to_string(), "instead of {items} items: {}", run.text);
            times[0].push(run.server_ms("saved_ms")?);
            times[1].push(run.server_ms("restored_ms")?);
        }
        for ((times, line), what) in times.into_iter().zip(&mut lines).zip(["saved", "restored"]) {
            let row = Row::new(format!("session of {megabytes} MB, {title}, {what}"), "ms", times);
            line.points.push((megabytes as f64, row.median()));
            rows.push(if megabytes == WITH_TARGET_MB { row.below(TARGET_MS) } else { row });
        }
    }
    client.end()?;
    Ok((rows, lines))
}

/// Sessions that nobody uses: their processes, their disk, and the list of a thousand.
pub(crate) fn many(setup: &Setup) -> Result<Vec<Row>> {
    let state = setup.state("many")?;
    let mut client = Client::connect(&mut setup.parking(&state, &["serve"]))?;
    let mut rows = Vec::new();
    let mut processes = Vec::new();
    for language in Language::ALL {
        client.run(language.name(), language.one_and_one())?;
        sleep(THINK * 5);
        let before = memory::zygote_and_workers(&client)?.len();
        let mut disk = Vec::new();
        for _ in 0..PARKED {
            let session = client.run_in("new", language.name(), "x = 1")?.session()?;
            disk.push(on_disk(&state.join("cofferdam/sessions").join(session))? / 1e6);
        }
        sleep(THINK * 5);
        processes.push(memory::zygote_and_workers(&client)?.len() as f64 - before as f64);
        rows.push(Row::new(format!("parked session that holds x = 1, {}, on the disk", language.title()), "MB", disk).below(1.0));
    }
    rows.push(Row::new(format!("processes of {PARKED} parked sessions"), "", processes).below(1.0));
    for _ in PARKED * Language::ALL.len()..MANY {
        client.run_in("new", Language::JavaScript.name(), "1")?;
    }
    client.end()?;
    let mut times = Vec::new();
    for _ in 0..LISTINGS {
        let began = Instant::now();
        let list = printed(&mut setup.parking(&state, &["sessions", "list", "--json"]))?;
        times.push(milliseconds(began.elapsed()));
        let list: serde_json::Value = serde_json::from_slice(&list)?;
        ensure!(list.as_array().is_some_and(|list| list.len() == MANY), "not {MANY} sessions");
    }
    rows.push(Row::new(format!("cofferdam sessions list --json, {MANY} sessions"), "ms", times).below(LIST_TARGET_MS));
    Ok(rows)
}

fn printed(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// Bytes that a directory takes of the disk, whole blocks and itself.
fn on_disk(path: &Path) -> Result<f64> {
    let about = fs::symlink_metadata(path)?;
    let mut bytes = about.blocks() as f64 * 512.0;
    if about.is_dir() {
        for entry in fs::read_dir(path)? {
            bytes += on_disk(&entry?.path())?;
        }
    }
    Ok(bytes)
}
