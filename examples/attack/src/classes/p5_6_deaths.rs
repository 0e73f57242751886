//! P5.6, when it succeeds: the worker of a run is killed, as an abort of the engine or a forbidden system call would kill it. The broker lives, the
//! run has a typed end, and its session goes on from before it.

use crate::act::language;
use crate::ground::Ground;
use crate::open;
use crate::suite::{Seen, Variant};
use crate::world::World;
use anyhow::{Context, Result, bail, ensure};
use policy::Guest::{self, JavaScript, Python};
use serde_json::json;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) fn variants() -> impl Iterator<Item = Variant> {
    [("ABRT", Python), ("SYS", Python), ("KILL", Python), ("ABRT", JavaScript), ("KILL", JavaScript)]
        .into_iter()
        .map(|(signal, guest)| dies(signal, guest))
}

/// Keeps something in the session; computes for ever; reads it again.
fn programs(guest: Guest) -> [&'static str; 3] {
    match guest {
        Guest::Python => ["kept = 42", "kept = 0\nwhile True: pass", "kept"],
        Guest::JavaScript => ["var kept = 42; 0", "kept = 0; while (true) {}", "kept"],
    }
}

/// The children of all threads of a process.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// Processor time of a process, in ticks: user and system.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    [11, 12].into_iter().filter_map(|at| fields.get(at)?.parse::<u64>().ok()).sum()
}

/// The grandchild of the broker that computes: the worker of the run.
fn busy(broker: u32) -> Result<u32> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) {
        let workers = children(broker).into_iter().flat_map(children);
        // A fifth of a second of processor time: more than a worker ever takes to be ready.
        if let Some(worker) = workers.max_by_key(|pid| ticks(*pid)).filter(|pid| ticks(*pid) >= 20) {
            return Ok(worker);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("no worker computes")
}

fn kill(signal: &str, pid: u32) -> Result<()> {
    ensure!(Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status()?.success(), "the worker could not be killed");
    Ok(())
}

fn dies(signal: &'static str, guest: Guest) -> Variant {
    let [keep, compute, read] = programs(guest);
    let attack = move |world: &World| {
        let mut client = world.connect()?;
        let first = client.execute(&json!({"language": language(guest), "code": keep, "session": "new"}))?;
        let session = first.session.context("there is no session")?;
        let run = client
            .submit("tools/call", &json!({"name": "execute", "arguments": {"language": language(guest), "code": compute, "session": session}}))?;
        kill(signal, busy(client.pid())?)?;
        let said = client.wait(run)?["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        ensure!(said.starts_with("crashed: the sandbox process ended unexpectedly"), "the end is not told of: {said}");
        // An abnormal death may make the next run wait a little.
        let after = client.execute(&json!({"language": language(guest), "code": read, "session": session}))?;
        let landed = after.is_error || !after.text.contains("42");
        Ok(Seen { landed, effect: format!("the next run of the session shows {}", after.text), said })
    };
    let native = move |_: &World| {
        let (ground, aside) = (Ground::new()?, tempfile::tempdir()?);
        let mut child = open::start(&ground, guest, compute, aside.path())?;
        kill(signal, child.id())?;
        let status = child.wait()?;
        Ok(Seen { landed: status.code().is_none(), effect: format!("the interpreter and all that it held: {status}"), said: String::new() })
    };
    let twin = move |world: &World| {
        let mut client = world.connect()?;
        let session =
            client.execute(&json!({"language": language(guest), "code": keep, "session": "new"}))?.session.context("there is no session")?;
        let shown = client.execute(&json!({"language": language(guest), "code": read, "session": session}))?;
        ensure!(shown.text == "42", "shown: {}", shown.text);
        Ok(())
    };
    Variant::standing(format!("a worker that dies of SIG{signal} ({})", language(guest)), attack, native, twin)
}
