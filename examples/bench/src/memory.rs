//! What live workers hold. Linux only: it reads `/proc`.
//!
//! The proportional set size divides shared pages by those who share them, so the sum over a tree of processes is what the tree holds.
//! Workers are not dumpable, so only root may read theirs; without it the private pages that `statm` shows are taken, which counts what a
//! worker shares with its zygote in anonymous memory as the worker's own: an upper bound.

use crate::{
    Language,
    client::{Client, execute},
    report::Row,
    setup::Setup,
};
use anyhow::{Context, Result};
use std::{collections::BTreeMap, fs, thread::sleep, time::Duration};

const MANY: usize = 50;

/// How long the programs sleep; they are asked for at once, and looked at when the last one surely sleeps.
const SLEEP_SECS: u32 = 6;
const SETTLE: Duration = Duration::from_secs(3);

/// What one more live worker may hold, in MB.
const TARGET_MB: f64 = 2.0;

/// Memory in MB, with how it was measured.
#[derive(Clone, Copy)]
struct Held {
    megabytes: f64,
    is_proportional: bool,
}

/// The workers of one language: one, then fifty. The tree counted is the zygote and all that it forked.
pub(crate) fn workers(setup: &Setup, language: Language, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let one = live(setup, language, 1)?;
    let many = live(setup, language, MANY)?;
    if !one.is_proportional || !many.is_proportional {
        notes.push("memory: /proc/PID/smaps_rollup of workers was not readable (run as root); private pages of /proc/PID/statm instead".to_owned());
    }
    let title = language.title();
    let each = (many.megabytes - one.megabytes) / (MANY - 1) as f64;
    Ok(vec![
        Row::new(format!("zygote and 1 live worker, {title}"), "MB", vec![one.megabytes]),
        Row::new(format!("zygote and {MANY} live workers, {title}"), "MB", vec![many.megabytes]),
        Row::new(format!("each further live worker, {title}"), "MB", vec![each]).below(TARGET_MB),
    ])
}

/// What the zygote and its workers hold while `count` programs sleep. The same few warm workers are in every such sum.
fn live(setup: &Setup, language: Language, count: usize) -> Result<Held> {
    let mut client = Client::connect(&mut setup.cofferdam())?;
    for _ in 0..count {
        client.submit("tools/call", &execute(language.name(), &sleeping(language)))?;
    }
    sleep(SETTLE);
    let mut sum = Held { megabytes: 0.0, is_proportional: true };
    for pid in zygote_and_workers(&client)? {
        let held = held(pid)?;
        sum = Held { megabytes: sum.megabytes + held.megabytes, is_proportional: sum.is_proportional && held.is_proportional };
    }
    for _ in 0..count {
        client.reply()?;
    }
    client.end()?;
    Ok(sum)
}

/// The processes below a server that has not started an upstream: its only child is its zygote.
pub(crate) fn zygote_and_workers(client: &Client) -> Result<Vec<u32>> {
    let parents = parents()?;
    let children = |of: u32| parents.iter().filter(move |(_, parent)| **parent == of).map(|(pid, _)| *pid);
    let zygote = children(client.pid()).next().context("the server has no zygote")?;
    Ok(std::iter::once(zygote).chain(children(zygote)).collect())
}

/// The most that a server's own process ever held, in MB.
pub(crate) fn most(client: &Client) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", client.pid()))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB")?.trim().parse::<f64>().ok());
    Ok(kib.context("status has no VmHWM")? * 1024.0 / 1e6)
}

fn sleeping(language: Language) -> String {
    match language {
        Language::Python => format!("import asyncio\nawait asyncio.sleep({SLEEP_SECS})"),
        Language::JavaScript => format!("await new Promise((done) => setTimeout(done, {SLEEP_SECS}000));"),
    }
}

fn held(pid: u32) -> Result<Held> {
    if let Ok(rollup) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) {
        let kib = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.strip_suffix("kB")?.trim().parse::<f64>().ok());
        return Ok(Held { megabytes: kib.context("smaps_rollup has no Pss")? * 1024.0 / 1e6, is_proportional: true });
    }
    let statm = fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let pages: Vec<f64> = statm.split_whitespace().map_while(|n| n.parse().ok()).collect();
    let (resident, shared) = pages.get(1).zip(pages.get(2)).context("statm has fewer than three figures")?;
    Ok(Held { megabytes: (resident - shared) * rustix::param::page_size() as f64 / 1e6, is_proportional: false })
}

/// Every process and its parent.
fn parents() -> Result<BTreeMap<u32, u32>> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may be gone by now. The name, in parentheses, may hold anything, so the fields are counted from its end.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parents.insert(pid, parent.unwrap_or_default());
    }
    Ok(parents)
}
