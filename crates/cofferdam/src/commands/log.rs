//! `cofferdam log`: what programs did, what was refused, and whether the journal is as it was written.

use super::{Exit, UsageError, homeless, sessions::ago};
use crate::cli::{Log as Arguments, LogCommand as Command};
use crate::output::{self, plain};
use crate::surroundings::Surroundings;
use crate::units::show_size;
use anyhow::Context;
use executor::{Asked, Entry, Event, Fate, Filter, Finding, Flagged, Handle, Judged, Log, RunLine, Stage, Verified, Which, WordingKind};
use policy::{Layer, Reason, RunId, Threat, Verdict};
use serde_json::{Map, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::SystemTime;

/// How much of a call's arguments is shown, in characters.
const ARGUMENTS_CHARS: usize = 200;

/// Lists, shows or verifies.
pub(crate) fn log(arguments: Arguments, around: &Surroundings) -> anyhow::Result<Exit> {
    let log = Log::new(&around.state_dir().ok_or_else(homeless)?);
    match arguments.command {
        None => list(&log, arguments),
        Some(Command::Show { run, json }) => show(&log, run, json),
        Some(Command::Error { reference, json }) => error(&log, &reference, json),
        Some(Command::Verify { json }) => verify(&log, json),
    }
}

fn list(log: &Log, arguments: Arguments) -> anyhow::Result<Exit> {
    let Arguments { session, run, since, limit, json, .. } = arguments;
    let session = session.map(|text| Handle::parse(&text).map_err(|error| UsageError(format!("{text:?} is not a handle: {error}")))).transpose()?;
    let since = since.and_then(|age| SystemTime::now().checked_sub(age));
    let runs = log.runs(&Filter { session, run, since, limit: Some(limit) }).context("the journal cannot be read")?;
    if json {
        output::print_json(&serde_json::to_value(runs)?);
    } else {
        let lines: Vec<String> = runs.iter().map(line).collect();
        output::print(&plain(if lines.is_empty() { "there are no such runs".to_owned() } else { lines.join("\n") }.as_str()));
    }
    Ok(Exit::Ok)
}

fn line(run: &RunLine) -> String {
    let mut text = format!("{}  {:>8} ago  {:<10}  {:<20}", run.run, ago(run.at_ms), run.language.name(), fate(&run.fate));
    let ms = run.wall_ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
    let _ = write!(text, "  {ms:>9}  {:>3} calls", run.sent);
    for (count, what) in [(run.effects, "with an effect"), (run.unknown, "of unknown fate"), (run.not_allowed, "not allowed")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    if let Some(session) = &run.session {
        let _ = write!(text, "  {session}");
    }
    if let Some(intent) = &run.intent {
        let _ = write!(text, "  {}", intent.replace('\n', " "));
    }
    text
}

fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Ended { outcome } => serde_json::to_value(outcome).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default(),
        Fate::GivenUp => "given up".to_owned(),
        Fate::Refused { code } => format!("refused: {code}"),
        Fate::Open => "no end recorded".to_owned(),
    }
}

fn show(log: &Log, run: RunId, json: bool) -> anyhow::Result<Exit> {
    let entries = log.show(run).context("the journal cannot be read")?;
    if entries.is_empty() {
        return Err(UsageError(format!("there is no run {run}; `cofferdam log` shows those that there are, of the last 30 days")).into());
    }
    if json {
        let mut kept = Map::new();
        for hash in entries.iter().filter_map(payload) {
            if let Some(text) = log.payload(hash)? {
                kept.insert(hash.to_owned(), String::from_utf8_lossy(&text).into());
            }
        }
        let mut lines = Vec::new();
        for entry in &entries {
            let mut line = serde_json::to_value(entry)?;
            if let Some(threat) = entry.event.threat() {
                line["threat"] = threat.id().into();
            }
            lines.push(line);
        }
        output::print_json(&json!({"run": run, "lines": lines, "payloads": kept}));
        return Ok(Exit::Ok);
    }
    let first = entries.iter().map(|entry| entry.at_ms).min().unwrap_or(0);
    let mut text = format!("{run}  {} ago", ago(first));
    for entry in &entries {
        let _ = write!(text, "\n  +{:<6} ms  {}", entry.at_ms.saturating_sub(first), told(log, &entry.event)?);
    }
    output::print(&plain(&text));
    Ok(Exit::Ok)
}

/// The hash of the text that a line is about.
fn payload(entry: &Entry) -> Option<&str> {
    match &entry.event {
        Event::Begun { asked, .. } | Event::Refused { asked, .. } => Some(&asked.program),
        Event::Sent { arguments, .. } | Event::Decided { arguments, .. } => Some(arguments),
        Event::Withheld { text, .. } => Some(text),
        _ => None,
    }
}

/// One line of a timeline.
fn told(log: &Log, event: &Event) -> anyhow::Result<String> {
    let arguments = |hash: &str| -> anyhow::Result<String> {
        let Some(text) = log.payload(hash)? else { return Ok("arguments are not kept any more".to_owned()) };
        let text = String::from_utf8_lossy(&text).into_owned();
        let shown: String = text.chars().take(ARGUMENTS_CHARS).collect();
        Ok(if shown.len() < text.len() { format!("{shown}... ({} in all)", show_size(text.len() as u64)) } else { shown })
    };
    let asked = |asked: &Asked| {
        let intent = asked.intent.as_ref().map(|intent| format!("; for: {}", intent.replace('\n', " "))).unwrap_or_default();
        let Asked { principal, context, language, program, .. } = asked;
        format!("{} for {} in {context}; program {program}{intent}", language.name(), principal.as_str())
    };
    let call = |Which { call, tool, .. }: &Which| format!("#{call} {tool}");
    Ok(match event {
        Event::Started { version, pid, .. } => format!("started   version {version}, process {pid}"),
        Event::Continued { file, .. } => format!("continued after {file}"),
        Event::Begun { asked: what, labels, flags, .. } => format!("begun     {}; labels {labels}{}", asked(what), flagged(flags)),
        Event::Refused { asked: what, code, layer } => format!("refused   {code}{}; {}", by(layer), asked(what)),
        Event::Decided { call: which, verdict, reason, arguments: hash, layer } => {
            let verdict = match verdict {
                Verdict::Allow => "allowed",
                Verdict::Deny => "denied",
                Verdict::Ask => "asks",
            };
            format!("{verdict:<9} {}  {}{}  {}", call(which), because(reason), by(layer), arguments(hash)?)
        }
        Event::Approved { call: which, by, scope } => format!("approved  {}  by {by}, for {scope}", call(which)),
        Event::Sent { call: which, reason, arguments: hash } => {
            format!("sent      {}  {}  {}", call(which), because(reason), arguments(hash)?)
        }
        Event::Done { call: which, ok, code, bytes, ms, layer, wording, .. } => {
            let how = match (ok, code) {
                (_, Some(code)) => code.as_str(),
                (Some(true), None) => "ok",
                (Some(false), None) => "failed",
                (None, None) => "fate unknown",
            };
            let effect = if *ok == Some(true) && !which.read_only { ", had its effect" } else { "" };
            format!(
                "done      {}  {how}{}{effect}, {}, {ms} ms{}",
                call(which),
                by(layer),
                show_size(*bytes as u64),
                spoken(wording, if code.is_some() { Threat::P2_2 } else { Threat::P2_1 })
            )
        }
        Event::Withheld { call: which, reference, wording, .. } => {
            format!("withheld  {}  what it said: cofferdam log error {reference}{}", call(which), spoken(wording, Threat::P2_2))
        }
        Event::Judged { stage, judged, reason } => {
            let (stage, judged) = (
                if *stage == Stage::Before { "the program" } else { "the outcome" },
                match judged {
                    Judged::Allow => "allowed",
                    Judged::Block => "blocked",
                    Judged::Nothing => "gave no answer about",
                },
            );
            format!("judged    the judge {judged} {stage}: {reason}").trim_end_matches(": ").to_owned()
        }
        Event::Settled { saved } => format!("settled   the session's memory was {}", if *saved { "saved" } else { "not saved" }),
        Event::Finished { outcome, wall_ms, bytes, layer, wording, .. } => {
            let how = outcome.map_or(Fate::GivenUp, |outcome| Fate::Ended { outcome });
            format!("finished  {}{}, {wall_ms} ms, {} shown{}", fate(&how), by(layer), show_size(*bytes as u64), spoken(wording, Threat::P2_1))
        }
    })
}

/// What is flagged in a program, a line for each thing.
fn flagged(flags: &[Flagged]) -> String {
    let line = |Flagged { kind, what, line, threat }: &Flagged| format!("\n             flagged   {} in line {line}: {what} ({threat})", kind.name());
    flags.iter().map(line).collect()
}

/// What speaks to a model in a reply or in the text that was shown, a line for each kind.
fn spoken(wording: &BTreeSet<WordingKind>, threat: Threat) -> String {
    wording.iter().map(|kind| format!("\n             flagged   it {} ({})", kind.words(), threat.id())).collect()
}

/// Which layer of the defence refused something.
fn by(layer: &Option<Layer>) -> String {
    layer.map(|layer| format!(" (layer {layer})")).unwrap_or_default()
}

/// Why a call was allowed or not; rules are counted from 1, for people.
fn because(reason: &Reason) -> String {
    match reason {
        Reason::Rule { rule } => format!("rule {}", rule + 1),
        Reason::Guard { rule, labels } => format!("guard of rule {}: {labels}", rule + 1),
        Reason::Condition { rule, error } => format!("condition of rule {}: {error}", rule + 1),
        Reason::ReadOnly => "reads only".to_owned(),
        Reason::AcceptedRead => "accepted read".to_owned(),
        Reason::PrivateElsewhere { labels } => format!("read before: {labels}"),
        Reason::Write => "it changes something".to_owned(),
        Reason::Unreviewed => "not reviewed".to_owned(),
        Reason::HttpRule { rule } => format!("http rule {}", rule + 1),
        Reason::HttpGuard { rule, labels } => format!("guard of http rule {}: {labels}", rule + 1),
        Reason::Unjudged => "the judge gave no answer".to_owned(),
        Reason::NoHttpRule => "no http rule".to_owned(),
    }
}

/// The words of an upstream that a program did not get: for the operator's eyes, with everything that hides made visible.
fn error(log: &Log, reference: &str, json: bool) -> anyhow::Result<Exit> {
    let Some(text) = log.withheld(reference).context("the journal cannot be read")? else {
        let shown: String = reference.chars().take(40).collect();
        return Err(UsageError(format!("there is no error {shown:?}, or it is older than the 7 days for which texts are kept")).into());
    };
    let text = String::from_utf8_lossy(&text);
    if json {
        output::print_json(&json!({"error": reference, "text": text}));
    } else {
        output::print(&plain(&text));
    }
    Ok(Exit::Ok)
}

fn verify(log: &Log, json: bool) -> anyhow::Result<Exit> {
    let verified = log.verify().context("the journal cannot be read")?;
    let Verified { chains, files, lines, faults, notes } = &verified;
    if json {
        output::print_json(&serde_json::to_value(&verified)?);
    } else {
        let word = if faults.is_empty() { "as it was written" } else { "NOT as it was written" };
        let mut text = format!("the journal is {word}: {lines} sound lines in {files} files of {chains} processes");
        for (kind, findings) in [("fault", faults), ("note", notes)] {
            for Finding { file, line, what, detail } in findings {
                let at = line.map(|line| format!(":{line}")).unwrap_or_default();
                let what = serde_json::to_value(what).ok().and_then(|what| what.as_str().map(|what| what.replace('_', " "))).unwrap_or_default();
                let _ = write!(text, "\n{kind}: {file}{at}: {what}: {detail}");
            }
        }
        output::print(&plain(&text));
    }
    Ok(if faults.is_empty() { Exit::Ok } else { Exit::Program })
}
