//! Measures saving and restoring sessions of the Python guest: `checkpoint CACHE`, with the folder that holds `guests`.
#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use policy::{Guest, Principal};
use sandbox::{Bind, End, Host, Sandbox, Settings, Turn, Warm, Worker};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 30;

const SESSIONS: [(&str, &str); 3] = [
    ("fresh", "x = 1"),
    (
        "small",
        "import sqlite3\nclass A:\n    pass\na = A(); a.l = list(range(1000))\nm = sqlite3.connect(':memory:'); m.execute('create table t(x)')\nm.executemany('insert into t values(?)', [(i,) for i in range(1000)])\nNone",
    ),
    ("10 MB", "l = [f'order {i} of customer {i * 7919 % 12000}' for i in range(110_000)]\nNone"),
];

struct Quiet;

impl Host for Quiet {
    async fn call(&mut self, _: &[u8]) -> Vec<u8> {
        br#"{"ok":true,"value":null}"#.to_vec()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    sandbox::worker_main();
    let cache = std::env::args().nth(1).ok_or("checkpoint CACHE")?.into();
    let settings = Settings { cache, binary: None, warm: Warm { python: 2, javascript: 0 }, workers: 4, output_kept_bytes: 1 << 20 };
    let sandbox = Sandbox::start(settings).await?;
    for (name, code) in SESSIONS {
        let (mut saves, mut restores, mut line) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..ROUNDS {
            let workspace = tempfile::tempdir()?;
            let bind = Bind {
                workspace: workspace.path().to_string_lossy().into_owned(),
                memory_bytes: 512 << 20,
                workspace_bytes: 1 << 20,
                workspace_files: 10,
                environment: vec![],
                files: Vec::new(),
            };
            let mut worker = sandbox.worker(Guest::Python, &Principal::local()).await?;
            worker.bind(&bind).await.map_err(|end| format!("{end:?}"))?;
            turn(&mut worker, code).await?;
            let mut blob = Vec::new();
            let start = Instant::now();
            let saved = worker.checkpoint(&mut blob, 64 << 20).await?;
            saves.push(start.elapsed());
            drop(worker);
            // The next worker is warm by then, as it is on a server.
            tokio::time::sleep(Duration::from_millis(30)).await;
            let mut worker = sandbox.worker(Guest::Python, &Principal::local()).await?;
            let start = Instant::now();
            worker.restore(&bind, &mut blob.as_slice()).await?;
            restores.push(start.elapsed());
            turn(&mut worker, "None").await?;
            line = format!("{} pages, {} KiB of memory in {} KiB", saved.pages, saved.pages * 4, blob.len() / 1024);
        }
        println!("{name:6} {line}; save {}; restore {}", figures(saves), figures(restores));
    }
    Ok(())
}

async fn turn(worker: &mut Worker, code: &str) -> Result<(), String> {
    let document = serde_json::json!({"code": code, "file": "program.py", "mode": "function", "servers": [], "tools": {}});
    let turn = Turn { document: document.to_string().into_bytes(), seed: [1; 32], clock_ns: 0, tape: None };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let finished = worker.turn(turn, &mut Quiet, tokio::time::sleep_until(deadline), &CancellationToken::new()).await;
    if finished.end == End::Completed(0) { Ok(()) } else { Err(format!("{finished:?}")) }
}

fn figures(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    format!("min {:.2} median {:.2} p90 {:.2} ms", at(0), at(50), at(90))
}
