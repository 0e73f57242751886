//! Moments of rest: no request is open, and whatever is there beyond what a server keeps for itself has leaked.

use crate::{
    control::Control,
    place::Place,
    watch::{Held, Table},
};
use anyhow::{Context, Result};
use rustix::process::{Pid, WaitOptions, waitpid};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// How long all open requests may take to be answered: longer than a window's own patience.
const DRAIN: Duration = Duration::from_secs(150);

/// How long what is left over may take to go: idle workers of sessions (2 s), blocking threads, processes that end.
const SETTLE: Duration = Duration::from_secs(20);

/// Processes below a server at rest: its zygote, two warm workers of each guest, and three upstreams.
const PROCESSES: usize = 8;

/// Descriptors that may come and go: a log file that was begun anew, a connection that is being made.
const SPARE_DESCRIPTORS: usize = 6;

/// Memory that a lasting server may hold more than it did at the most of its first rests, in bytes, beside a quarter of that.
const SPARE_BYTES: u64 = 32 << 20;

/// How many rests a server may take to come to what it needs.
const FIRST_RESTS: usize = 3;

/// What was found at every rest, by server.
#[derive(Debug, Default)]
pub(crate) struct Rests {
    /// At the first rest of a server.
    first: BTreeMap<u32, Held>,
    /// Of the servers that last, at every rest.
    pub(crate) lasting: [Vec<Held>; 2],
    pub(crate) count: usize,
}

impl Rests {
    /// Waits until nothing is open, looks, clears away, and lets the work go on.
    pub(crate) fn rest(&mut self, control: &Control, place: &Place) -> Result<()> {
        control.resting.store(true, Ordering::Release);
        let began = Instant::now();
        // A window counts what it is just about to send before it sends it.
        std::thread::sleep(Duration::from_millis(200));
        while control.open() > 0 && began.elapsed() < DRAIN {
            std::thread::sleep(Duration::from_millis(50));
        }
        if control.open() > 0 {
            control.violation(&format!("{} requests are still open {} s after the last was sent", control.open(), DRAIN.as_secs()));
        }
        self.look(control);
        clear(control, place)?;
        self.count += 1;
        control.resting.store(false, Ordering::Release);
        Ok(())
    }

    fn look(&mut self, control: &Control) {
        let began = Instant::now();
        let found = loop {
            let found = self.leaks(control);
            if found.is_empty() || began.elapsed() > SETTLE {
                break found;
            }
            std::thread::sleep(Duration::from_millis(250));
        };
        for leak in found {
            control.violation(&format!("at rest {}: {leak}", self.count));
        }
        let table = Table::read();
        for (window, server) in control.servers() {
            let held = table.held(server);
            self.first.entry(server).or_insert(held);
            if let Some(lasting) = self.lasting.get_mut(window) {
                lasting.push(held);
            }
        }
    }

    fn leaks(&self, control: &Control) -> Vec<String> {
        let mut leaks = orphans(&control.servers().iter().map(|(_, pid)| *pid).collect::<Vec<_>>());
        let table = Table::read();
        for (window, server) in control.servers() {
            let held = table.held(server);
            if held.processes > PROCESSES {
                leaks.push(format!("window {window}: {} processes are below its server: {:?}", held.processes, table.below(server)));
            }
            let Some(first) = self.first.get(&server) else { continue };
            if held.descriptors > first.descriptors + SPARE_DESCRIPTORS {
                leaks.push(format!("window {window}: {} descriptors are open, {} were at its first rest", held.descriptors, first.descriptors));
            }
            let begun = self.lasting.get(window).filter(|rests| rests.len() >= FIRST_RESTS);
            let Some(most) = begun.and_then(|rests| rests.iter().take(FIRST_RESTS).map(|held| held.resident_bytes).max()) else { continue };
            if held.resident_bytes > most + SPARE_BYTES + most / 4 {
                let megabytes = |bytes: u64| bytes / 1_000_000;
                leaks.push(format!(
                    "window {window}: its server holds {} MB, and {} MB at the most of its first rests",
                    megabytes(held.resident_bytes),
                    megabytes(most)
                ));
            }
        }
        leaks
    }
}

/// Processes that belong to no server any more: this process is where they come to.
pub(crate) fn orphans(servers: &[u32]) -> Vec<String> {
    let mut found = Vec::new();
    for (pid, process) in Table::read().children(std::process::id()).filter(|(pid, _)| !servers.contains(pid)) {
        if !process.is_zombie {
            found.push(format!("process {pid} is left over from a server that ended: {}", process.line));
        } else if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            // Whoever started it may be waiting for it, too: then there is nothing more to know here.
            let _reaped = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
    found
}

/// Removes artifacts and some of the sessions, as an operator would.
fn clear(control: &Control, place: &Place) -> Result<()> {
    let listed: Value = serde_json::from_str(&place.run(&["artifacts", "list", "--json"])?).context("artifacts list --json")?;
    let ids: Vec<&str> = listed.as_array().into_iter().flatten().filter_map(|artifact| artifact["id"].as_str()).collect();
    for some in ids.chunks(200) {
        place.run(&[&["artifacts", "rm"][..], some].concat())?;
    }
    while control.sessions.count() > 16
        && let Some(session) = control.sessions.take(0)
    {
        place.run(&["sessions", "rm", &session.handle])?;
    }
    Ok(())
}

/// What may not be there when every server has ended.
pub(crate) fn last_look(control: &Control, place: &Place) -> Result<()> {
    let began = Instant::now();
    while !orphans(&[]).is_empty() && began.elapsed() < SETTLE {
        std::thread::sleep(Duration::from_millis(100));
    }
    for orphan in orphans(&[]) {
        control.violation(&format!("at the end: {orphan}"));
    }
    // Every session that somebody was told of is still there; others may be whose reply was lost.
    let listed: Value = serde_json::from_str(&place.run(&["sessions", "list", "--json"])?).context("sessions list --json")?;
    let handles: Vec<&str> = listed.as_array().into_iter().flatten().filter_map(|session| session["handle"].as_str()).collect();
    let mut known = Vec::new();
    while let Some(session) = control.sessions.take(0) {
        if !handles.contains(&&*session.handle) {
            control.violation(&format!("at the end: session {} is gone", session.handle));
        }
        known.push(session);
    }
    let nameless = control.sessions.nameless.load(Ordering::Relaxed);
    if handles.len() > known.len() + nameless {
        control.violation(&format!(
            "at the end: there are {} sessions; {} are known, and {nameless} may have been made besides",
            handles.len(),
            known.len()
        ));
    }
    place.run(&["sessions", "rm", "--all"])?;
    clear(control, place)?;
    // A server that starts and ends takes away what killed ones left.
    place.run(&["run", "-e", "1"])?;
    for what in ["runs", "sessions", "artifacts/blobs", "artifacts/records", "artifacts/temporary"].map(|name| format!("state/cofferdam/{name}")) {
        leftover(control, &place.path(&what), &what);
    }
    leftover(control, &place.path("tmp"), "tmp");
    if let Err(error) = place.run(&["log", "verify"]) {
        control.violation(&format!("at the end: the journal does not verify: {error:#}"));
    }
    for entry in fs::read_dir(place.path("logs"))?.flatten() {
        let log = fs::read_to_string(entry.path()).unwrap_or_default();
        if let Some(line) = log.lines().find(|line| line.contains("panicked")) {
            control.violation(&format!("a server of window {} panicked: {line}", entry.file_name().display()));
        }
    }
    Ok(())
}

/// Notes the first file below a directory; empty directories are none.
fn leftover(control: &Control, directory: &Path, what: &str) {
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(entry.path());
            } else {
                return control.violation(&format!("at the end: there is still a file below {what}: {}", entry.path().display()));
            }
        }
    }
}
