//! `cofferdam doctor`: what works, what does not, and the command that mends it.

use super::{Exit, cache_dir, guests, looking, upstreams, words};
use crate::cli::Doctor;
use crate::config::{Config, Failed, Sources, Wall, load};
use crate::output::{self, Spinner, plain};
use crate::surroundings::Surroundings;
use crate::units::show_duration;
use crate::warnings::warnings;
use executor::Stops;
use policy::{Guest, ServerState};
use sandbox::Protection;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use upstream::{Lock, ServerStatus, Transport};

/// How many lines of a server's standard error are shown.
const STDERR_LINES: usize = 5;

/// What is said where there are no rules.
const NO_RULES: &str = "no rules are configured: what was accepted as a read is allowed, every other call needs a person's approval";

/// What nothing here protects from; said always.
const OUTSIDE: &str =
    "whoever has a shell under your account, an agent too, can answer for you and read what is kept: that is outside this protection";

/// What `doctor` found. Collected first, shown after: the same findings for people and for scripts.
struct Findings {
    system: String,
    protections: Vec<Protection>,
    guests: Vec<(String, Value)>,
    files: Vec<PathBuf>,
    lockfile: Option<PathBuf>,
    servers: Vec<ServerStatus>,
    unusable: Vec<Failed>,
    skipped: Vec<String>,
    /// What does not work, each with what mends it.
    problems: Vec<(String, String)>,
    /// What one should know.
    notes: Vec<String>,
}

/// Looks at everything.
pub(crate) async fn doctor(command: Doctor, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    let protections = sandbox::protections(&std::env::current_exe()?);
    notes.push(OUTSIDE.to_owned());
    let guests = look_at_guests(around, &mut problems);
    let config = load(sources, around).unwrap_or_else(|error| {
        problems.push((error.to_string(), "correct the file".to_owned()));
        Config::default()
    });
    // A file that cannot be read asks for nothing, and what the command line asks for stands.
    let asked = config.wall == Wall::Whole || sources.wall == Wall::Whole;
    for missing in protections.iter().filter(|protection| !protection.in_force) {
        let (what, mend) = (format!("{} is not in force: {}", missing.name, missing.detail), missing.mend.unwrap_or_default().to_owned());
        if asked {
            problems.push((what, mend));
        } else {
            notes.push(format!("{what}; to mend it, {mend}"));
        }
    }
    let lock = looking(&config, sources, around).unwrap_or_else(|error| {
        problems.push((error.to_string(), "correct the file, or remove it and accept the tools anew".to_owned()));
        Lock::in_memory()
    });
    for failed in &config.failed {
        problems.push((format!("the server {} of {} cannot be used: {}", failed.name, failed.file.display(), failed.reason), mend(&failed.reason)));
    }
    if config.policy.rules.is_empty() {
        notes.push(NO_RULES.to_owned());
    }
    let state = around.state_dir().filter(|state| state.is_dir());
    for standing in state.map(|state| Stops::open(&state)?.list()).transpose().unwrap_or_default().unwrap_or_default() {
        let name = standing.principal.as_str();
        notes.push(format!("{name} is stopped: no program of it runs until `cofferdam stop --lift {name}`"));
    }
    notes.extend(warnings(&config, &lock.document()).into_iter().map(|warning| warning.text));
    let place = lock.place().map(std::path::Path::to_owned);
    let (servers, worded) = look_at_servers(&config, lock, around, &mut problems).await?;
    notes.extend(worded);
    let waiting: Vec<&str> = servers.iter().filter(|one| one.unreviewed > 0 || !one.quarantined.is_empty()).map(|one| one.name.as_str()).collect();
    if !waiting.is_empty() {
        notes.push(format!("tools of {} wait for your review: `cofferdam lock` shows them", waiting.join(", ")));
    }
    if servers.is_empty() && config.failed.is_empty() && problems.is_empty() {
        notes.push("no servers are configured: give --mcp-config FILE, or write one into the configuration".to_owned());
    }
    let findings = Findings {
        system: system(),
        protections,
        guests,
        files: config.files,
        lockfile: place,
        servers,
        unusable: config.failed,
        skipped: config.skipped,
        problems,
        notes,
    };
    if command.json {
        output::print_json(&findings.document());
    } else {
        output::print(&plain(&findings.text()));
    }
    Ok(if findings.problems.is_empty() { Exit::Ok } else { Exit::Program })
}

/// Every guest for people and for scripts.
fn look_at_guests(around: &Surroundings, problems: &mut Vec<(String, String)>) -> Vec<(String, Value)> {
    let found = cache_dir(around).map_err(anyhow::Error::from).and_then(|cache| Ok(sandbox::guests::list(&cache)?));
    let installed = found.unwrap_or_else(|error| {
        problems.push((format!("the guests cannot be read: {error}"), "cargo xtask guests".to_owned()));
        Vec::new()
    });
    let each = Guest::ALL.into_iter().map(|guest| {
        let one = guests::of(&installed, guest);
        if let Some((what, mend)) = guests::missing(one) {
            problems.push((format!("the {} guest {what}", guest.name()), mend.to_owned()));
        }
        (guests::line(guest, one), guests::document(guest, one))
    });
    each.collect()
}

/// Starts every server and lists its tools. Also what is to be said of the wording of those that wait for the operator.
async fn look_at_servers(
    config: &Config,
    lock: Arc<Lock>,
    around: &Surroundings,
    problems: &mut Vec<(String, String)>,
) -> anyhow::Result<(Vec<ServerStatus>, Option<String>)> {
    let upstreams = upstreams(config, lock, around)?;
    let names: Vec<_> = upstreams.names().cloned().collect();
    let spinner = Spinner::start(&format!("starting {} servers", names.len()));
    upstreams.settled_catalog(&names).await;
    let (servers, reviews) = (upstreams.status(), upstreams.review(&names));
    upstreams.shutdown().await;
    drop(spinner);
    for server in &servers {
        if let ServerState::Failed(reason) = &server.state {
            let reason = server.last_error.as_deref().unwrap_or(reason);
            let is_http = config.servers.iter().any(|one| one.name == server.name && matches!(one.transport, Transport::Http { .. }));
            let mend = if reason.contains("the operator has to accept it") {
                format!("cofferdam lock --accept {}, once you have looked at it: cofferdam lock", server.name)
            } else if is_http {
                format!("check its URL, its headers and whether this machine reaches it: {}", server.transport)
            } else {
                format!("try its command by hand: {}", server.transport)
            };
            problems.push((format!("the server {} does not work: {reason}", server.name), mend));
        }
    }
    Ok((servers, words::counted(&reviews)))
}

/// What helps when a server's settings cannot be used.
fn mend(reason: &str) -> String {
    match reason.split_once("the environment variable ").and_then(|(_, rest)| rest.split_once(" is not set")) {
        Some((name, _)) => format!("export {name}=..."),
        None => "correct its settings, or set \"disabled\" on it".to_owned(),
    }
}

/// The system in a few words.
fn system() -> String {
    let (os, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{os} {} on {processor}", kernel.trim()).replace("  ", " ")
}

/// The last lines that a server wrote to its standard error.
fn last_lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(STDERR_LINES)..].to_vec()
}

impl Findings {
    /// For people.
    fn text(&self) -> String {
        let mut text = format!("cofferdam {} on {}\n\nprotections\n", env!("CARGO_PKG_VERSION"), self.system);
        // Writing to a String cannot fail.
        for one in &self.protections {
            let _infallible = writeln!(text, "  {} {:<15} {}", mark(one.in_force), one.name, one.detail);
        }
        text.push_str("\nguests\n");
        for (line, document) in &self.guests {
            let _infallible = writeln!(text, "  {} {line}", mark(document["compiled"] == true));
        }
        text.push_str("\nconfiguration\n");
        for file in &self.files {
            let _infallible = writeln!(text, "  read {}", file.display());
        }
        if self.files.is_empty() {
            text.push_str("  no file was read\n");
        }
        if let Some(place) = &self.lockfile {
            let there = if place.exists() { "" } else { ", which is not there yet" };
            let _infallible = writeln!(text, "  lockfile {}{there}", place.display());
        }
        for alias in &self.skipped {
            let _infallible = writeln!(text, "  left out {alias:?}: it is this program");
        }
        text.push_str("\nservers\n");
        for server in &self.servers {
            self.server(&mut text, server);
        }
        for failed in &self.unusable {
            let _infallible = writeln!(text, "  {} {:<15} {}", mark(false), failed.name.as_str(), failed.reason);
        }
        if self.servers.is_empty() && self.unusable.is_empty() {
            text.push_str("  none\n");
        }
        for note in &self.notes {
            let _infallible = write!(text, "\nnote: {note}");
        }
        text.push('\n');
        for (what, mend) in &self.problems {
            let _infallible = write!(text, "\nproblem: {what}\n   mend: {mend}\n");
        }
        text.push_str(if self.problems.is_empty() { "\nall is well" } else { "" });
        text
    }

    /// One server for people.
    fn server(&self, text: &mut String, server: &ServerStatus) {
        let failed = matches!(server.state, ServerState::Failed(_));
        let took = server.start_ms.map(|ms| format!(", started in {}", show_duration(Duration::from_millis(ms)))).unwrap_or_default();
        let era = server.era.map(|era| format!(", {}", era_name(era))).unwrap_or_default();
        let what = match &server.state {
            ServerState::Failed(reason) => reason.clone(),
            ServerState::Listed if server.unreviewed > 0 => format!("{} tools, {} not reviewed{took}{era}", server.tools, server.unreviewed),
            ServerState::Listed => format!("{} tools{took}{era}", server.tools),
            ServerState::Unknown => "was not asked".to_owned(),
        };
        let _infallible = writeln!(text, "  {} {:<15} {what}", mark(!failed), server.name.as_str());
        if failed {
            let lines = last_lines(&server.stderr_tail);
            let lines = lines.iter().map(|line| format!("      | {line}\n"));
            text.extend(lines);
        }
        for tool in &server.quarantined {
            let _infallible = writeln!(text, "      quarantined {}: {}", tool.raw_name, tool.reason);
        }
    }

    /// For scripts.
    fn document(&self) -> Value {
        let protections =
            self.protections.iter().map(|one| json!({"name": one.name, "in_force": one.in_force, "detail": one.detail, "mend": one.mend}));
        let servers = self.servers.iter().map(|server| {
            let quarantined = server.quarantined.iter().map(|tool| json!({"tool": tool.raw_name, "reason": tool.reason}));
            let (ok, reason) = match &server.state {
                ServerState::Failed(reason) => (false, Some(reason.clone())),
                ServerState::Listed | ServerState::Unknown => (true, None),
            };
            json!({
                "server": server.name,
                "ok": ok,
                "reason": reason,
                "transport": server.transport,
                "era": server.era.map(era_name),
                "tools": server.tools,
                "unreviewed": server.unreviewed,
                "start_ms": server.start_ms,
                "quarantined": quarantined.collect::<Value>(),
                "stderr": last_lines(&server.stderr_tail),
            })
        });
        let unusable = self.unusable.iter().map(|failed| json!({"server": failed.name, "ok": false, "reason": failed.reason}));
        let problems = self.problems.iter().map(|(what, mend)| json!({"what": what, "mend": mend}));
        json!({
            "ok": self.problems.is_empty(),
            "version": env!("CARGO_PKG_VERSION"),
            "system": self.system,
            "protections": protections.collect::<Value>(),
            "guests": self.guests.iter().map(|(_, document)| document.clone()).collect::<Value>(),
            "files": self.files.iter().map(|file| file.display().to_string()).collect::<Value>(),
            "lockfile": self.lockfile.as_ref().map(|place| place.display().to_string()),
            "skipped": self.skipped,
            "servers": servers.chain(unusable).collect::<Value>(),
            "notes": self.notes,
            "problems": problems.collect::<Value>(),
        })
    }
}

fn mark(works: bool) -> &'static str {
    if works { "ok    " } else { "not ok" }
}

fn era_name(era: upstream::Era) -> &'static str {
    match era {
        upstream::Era::Legacy => "legacy era",
        upstream::Era::Modern => "modern era",
    }
}
