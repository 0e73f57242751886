//! What other principals feel while one misbehaves: the executor embedded as a library, since over stdio there is one principal. Linux on as many
//! processors as there are; the figure is a ratio within one run.

use crate::{milliseconds, report::Row, setup::Setup};
use anyhow::{Context as _, Result, ensure};
use executor::{Executor, Request, Settings};
use policy::{Context, Language, Limits, Pattern, Policy, Principal, Rule, ServerName, Verdict};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use upstream::{Lock, ServerConfig, Transport};

/// What the others may wait, at the 99th percentile, over what they wait when they are alone.
const TARGET: f64 = 3.0;

/// Runs of the quiet principal in each part.
const RUNS: usize = 200;

/// What a model thinks between two runs is seconds; this is enough for a used worker to be replaced.
const THINK: Duration = Duration::from_millis(20);

/// How long a misbehaving principal has to take what it can before the others are measured.
const HEAD_START: Duration = Duration::from_millis(1500);

/// What a program that never ends is given.
const WALL: Duration = Duration::from_secs(2);

/// What the quiet principal waits: a figure that is too long is a figure.
const PATIENCE: Duration = Duration::from_secs(30);

/// The ways in which a principal misbehaves, how many requests it keeps open, and its program.
const WAYS: [(&str, usize, &str); 5] = [
    ("24 programs that never end", 24, "while True: pass"),
    ("24 programs that take all memory", 24, "held = []\nwhile True: held.append(bytearray(1 << 20))"),
    ("24 programs that print without end", 24, "while True: print('x' * 10000)"),
    ("24 programs that ask the broker without end", 24, "while True: tools.search('orders of a customer')"),
    ("400 requests at once", 400, "1"),
];

/// Keeps an upstream busy that takes 50 ms for a call, waiting more than computing: what it computes for one principal is not ours to share out. The others call it too.
const SLOW: &str = "import asyncio\nwhile True: await asyncio.gather(*(slow.get_order(id=100_001) for _ in range(16)))";
const CALL: &str = "len(await slow.get_order(id=100_001))";

/// One principal at a time misbehaves.
pub(crate) fn measure(setup: &Setup, mut add: impl FnMut(Row)) -> Result<()> {
    // As the server does: one thread.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let executor = start(setup).await?;
        let alone = p99(quiet(&executor, "1 + 1").await?);
        let alone = Row::new("p99 of a quiet principal's runs, alone", "ms", vec![alone]);
        for (way, requests, program) in WAYS {
            let seen = besides(&executor, requests, program, "1 + 1").await?;
            add(Row::new(format!("the same beside {way}"), "ms", vec![seen]).against("alone", &alone, Some(TARGET)));
        }
        let calling = p99(quiet(&executor, CALL).await?);
        let calling = Row::new("p99 of a quiet principal's runs with a call of 50 ms, alone", "ms", vec![calling]);
        let seen = besides(&executor, 24, SLOW, CALL).await?;
        let busy =
            Row::new("the same beside 24 programs with 16 such calls each, without end", "ms", vec![seen]).against("alone", &calling, Some(TARGET));
        [alone, calling, busy].into_iter().for_each(add);
        executor.shutdown().await;
        Ok(())
    })
}

async fn start(setup: &Setup) -> Result<Arc<Executor>> {
    let (limits, slow) = (Limits { failures: u32::MAX, failures_in_a_row: u32::MAX, ..Limits::default() }, ServerName::mint("slow")?);
    let all = Rule { tools: vec![Pattern::parse("*")?], effect: Verdict::Allow, when: None, guard: std::collections::BTreeSet::new(), line: 1 };
    let (command, args) = setup.slow_upstream();
    let transport = Transport::Stdio { command, args, env: std::collections::BTreeMap::new(), cwd: None };
    let settings = Settings {
        policy: Policy { limits, rules: vec![all], ..Policy::default() },
        operator: None,
        servers: vec![ServerConfig::new(slow, transport)],
        lock: Lock::in_memory(),
        unusable: Vec::new(),
        secrets: executor::Secrets::default(),
        cache_dir: cache()?,
        state_dir: setup.state("fairness")?,
        warm: sandbox::Warm::default(),
        binary: Some(setup.binary().to_owned()),
    };
    Ok(Executor::start(settings).await?)
}

/// Where the cofferdam binary finds its guests.
fn cache() -> Result<std::path::PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(std::path::PathBuf::from);
    let base = named.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor HOME is set")?.join("cofferdam"))
}

/// How a run of this principal failed, if it did, and how long it took in milliseconds.
async fn run(executor: &Executor, principal: &str, code: &str, wall: Duration) -> Result<(Option<String>, f64)> {
    let request = Request {
        context: Context { principal: Principal::named(principal.to_owned()), name: "bench".to_owned() },
        code: code.to_owned(),
        language: Language::Python,
        session: None,
        timeout: Some(wall),
        intent: None,
        idempotency: None,
    };
    let (events, _) = tokio::sync::mpsc::unbounded_channel();
    let began = Instant::now();
    let reply = executor.execute(request, events, None, CancellationToken::new()).await?;
    Ok((reply.is_error.then_some(reply.text), milliseconds(began.elapsed())))
}

/// The times of a principal that waits between its runs.
async fn quiet(executor: &Executor, code: &str) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    // The first ones read pages of the guest, and start the upstream.
    for n in 0..RUNS + 5 {
        tokio::time::sleep(THINK).await;
        let (failed, ms) = run(executor, "quiet", code, PATIENCE).await?;
        ensure!(failed.is_none(), "a run of the quiet principal failed after {ms:.0} ms: {}", failed.unwrap_or_default());
        if n >= 5 {
            times.push(ms);
        }
    }
    Ok(times)
}

/// The 99th percentile of the quiet principal while another one keeps so many of these programs open.
async fn besides(executor: &Arc<Executor>, requests: usize, program: &'static str, code: &str) -> Result<f64> {
    let over = Arc::new(AtomicBool::new(false));
    let greedy: Vec<_> = (0..requests)
        .map(|_| {
            let (executor, over) = (Arc::clone(executor), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    // However it ends; one that is refused at once would only keep this thread busy.
                    if run(&executor, "greedy", program, WALL).await.is_err() {
                        tokio::time::sleep(THINK).await;
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(HEAD_START).await;
    let times = quiet(executor, code).await;
    over.store(true, Ordering::Relaxed);
    for one in greedy {
        one.await?;
    }
    times.map(p99)
}

fn p99(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get((times.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
