//! What the model is shown of a run: printed text first, then the value or a short typed error; bounded, cleaned, nothing twice.

use crate::{
    CallRecord,
    journal::Journal,
    judge::NotAllowed,
    outcome::Outcome,
    place::News,
    sessions::{Kept, Open, Untold, Wanted},
    stops::Stopped,
};
use policy::{Limits, RunId};
use sandbox::{End, Output};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _, io::ErrorKind};

/// How a run ended. Closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// With a value.
    Value,
    /// Without one.
    None,
    /// With an uncaught error.
    Error,
    /// The program ended the interpreter.
    Exit,
    /// Some calls were never awaited.
    NotAwaited,
    /// It waited for something that can never come.
    Pending,
    /// It was refused before it ran.
    Refused,
    /// The operator's judge did not let its outcome be shown.
    Withheld,
    /// Its time was over.
    Deadline,
    /// The client cancelled it.
    Cancelled,
    /// The operator stopped it.
    Stopped,
    /// The interpreter or the worker failed.
    Crashed,
}

/// What a run has to say before it is screened and fitted, and how it ended.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(crate) printed: Printed,
    pub(crate) value: Said,
    pub(crate) ending: Ending,
}

/// Printed text, as far as it was kept.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    pub(crate) text: String,
    /// Where in the text the middle of a flood was dropped, and how much.
    pub(crate) gap: usize,
    pub(crate) dropped_bytes: u64,
}

/// What comes after the printed text.
#[derive(Debug)]
pub(crate) enum Said {
    /// A value as JSON.
    Json(Box<RawValue>),
    /// A value as text.
    Text(String),
    /// Words of ours, or an error; maybe none.
    Words(String),
}

impl Said {
    pub(crate) fn text(&self) -> &str {
        match self {
            Said::Json(json) => json.get(),
            Said::Text(text) | Said::Words(text) => text,
        }
    }
}

impl Presented {
    /// Of a run that printed nothing.
    pub(crate) fn words(ending: Ending, words: String) -> Self {
        Presented { printed: Printed::default(), value: Said::Words(words), ending }
    }

    /// Takes secrets out, before anything is cut or kept.
    pub(crate) fn remove(&mut self, secrets: &gate::Secrets) {
        let Printed { text, gap, .. } = &mut self.printed;
        if let Some((head, tail)) = text.split_at_checked(*gap)
            && let (head, tail) = (secrets.remove(head), secrets.remove(tail))
            && let (Cow::Owned(_), _) | (_, Cow::Owned(_)) = (&head, &tail)
        {
            (*gap, *text) = (head.len(), format!("{head}{tail}"));
        }
        if let Cow::Owned(text) = secrets.remove(self.value.text()) {
            self.value = match (RawValue::from_string(text.clone()), &self.value) {
                (_, Said::Words(_)) => Said::Words(text),
                (Ok(json), Said::Json(_)) => Said::Json(json),
                // A number was one, and what is left of it is no JSON.
                _ => Said::Text(text),
            };
        }
    }
}

impl Ending {
    /// Whether the run is shown as failed.
    #[must_use]
    pub fn is_error(self) -> bool {
        !matches!(self, Ending::Value | Ending::None)
    }
}

/// Makes the text of a run that was started.
pub(crate) fn present(
    end: &End,
    outcome: Option<Result<Outcome, String>>,
    output: &Output,
    program: &gate::Program,
    limits: &Limits,
    calls: &[CallRecord],
    stopped: Option<&Stopped>,
) -> Presented {
    let printed = printed(output);
    let (ending, mut value) = match (end, stopped) {
        (End::Cancelled, Some(stopped)) => (Ending::Stopped, Said::Words(format!("stopped: the run was ended, because {stopped}"))),
        _ => ended(end, outcome, program, limits),
    };
    if let Said::Words(words) = &mut value {
        if ending == Ending::None && printed.text.is_empty() {
            words.push_str("(no output: the program printed nothing and its last expression has no value)");
        }
        if ending.is_error() {
            words.push_str(&effects(calls));
        }
    }
    Presented { printed, value, ending }
}

/// The printed text; where the middle of a flood was dropped, its two ends.
fn printed(output: &Output) -> Printed {
    let mut text = String::from_utf8_lossy(&output.head).into_owned();
    let gap = text.len();
    let kept = (output.head.len() + output.tail.len()) as u64;
    // Where the two meet is far inside what is not shown.
    text.push_str(&String::from_utf8_lossy(&output.tail));
    Printed { text, gap, dropped_bytes: output.total_bytes.saturating_sub(kept) }
}

fn ended(end: &End, outcome: Option<Result<Outcome, String>>, program: &gate::Program, limits: &Limits) -> (Ending, Said) {
    let (ending, words) = match end {
        End::Completed(_) => match outcome {
            Some(Ok(outcome)) => return completed(outcome, program),
            Some(Err(reason)) => (Ending::Crashed, format!("crashed: the interpreter reported its result wrongly: {reason}")),
            None => (Ending::Crashed, "crashed: the interpreter ended without a result; a value may have been too large for its memory".to_owned()),
        },
        End::Deadline => (
            Ending::Deadline,
            format!("deadline: the program was ended after {} s, its limit. Do less per run, or make calls side by side", limits.wall.as_secs_f64()),
        ),
        End::Cancelled => (Ending::Cancelled, "cancelled: the run was ended at the client's request".to_owned()),
        End::Trapped(sandbox::Trapped::StackOverflow, _) => {
            (Ending::Crashed, "crashed: recursion went deeper than the interpreter's stack; use a loop, or limit the depth".to_owned())
        }
        End::Trapped(sandbox::Trapped::Exit(code), _) => (Ending::Crashed, format!("crashed: the interpreter ended itself (status {code})")),
        End::Trapped(sandbox::Trapped::Other, _) => (
            Ending::Crashed,
            format!(
                "crashed: the interpreter failed, most likely for want of memory (limit {} MiB); hold less data at a time",
                limits.memory_bytes >> 20
            ),
        ),
        End::Died { .. } | End::Misbehaved(_) => {
            (Ending::Crashed, "crashed: the sandbox process ended unexpectedly; the program was stopped with it".to_owned())
        }
    };
    (ending, Said::Words(words))
}

fn completed(outcome: Outcome, program: &gate::Program) -> (Ending, Said) {
    let (ending, words) = match outcome {
        Outcome::Json(value) => return (Ending::Value, Said::Json(value)),
        Outcome::Text(text) => return (Ending::Value, Said::Text(text)),
        Outcome::None => (Ending::None, String::new()),
        Outcome::Error { traceback, line, tool_error } => {
            let mut text = program.restore(traceback.trim_end());
            // A traceback names the line; where there is none, the line is all there is.
            if let Some(line) = line.filter(|_| !text.contains(program.file())) {
                let _ = write!(text, " (line {line})");
            }
            if let Some(error) = tool_error.filter(|error| !text.contains(error.code.as_str())) {
                let _ = write!(text, " [{}]", error.code);
            }
            (Ending::Error, text)
        }
        Outcome::Exit(0) => (Ending::None, String::new()),
        Outcome::Exit(code) => (Ending::Exit, format!("exit: the program ended itself with status {code}")),
        Outcome::NotAwaited { tools, line } => {
            let at = line.map(|line| format!(" (line {line})")).unwrap_or_default();
            (
                Ending::NotAwaited,
                format!(
                    "not_awaited: {} was called without await{at}, so its result was lost; write `await {}(...)`",
                    tools.join(", "),
                    tools.first().map_or("server.tool", String::as_str)
                ),
            )
        }
        Outcome::Pending(what) => (Ending::Pending, format!("pending: the program waits for something that can never come: {what}")),
    };
    (ending, Said::Words(words))
}

/// The calls that may have changed something, when a run did not end well.
fn effects(calls: &[CallRecord]) -> String {
    let list = |ok: Option<bool>| counted(calls.iter().filter(|call| !call.read_only && call.ok == ok).map(|call| call.tool.as_str())).join(", ");
    let (done, unknown) = (list(Some(true)), list(None));
    let mut text = String::new();
    if !done.is_empty() {
        let _ = write!(text, "\nCalls already made, not undone: {done}");
    }
    if !unknown.is_empty() {
        let _ = write!(text, "\nCalls whose fate is unknown: {unknown}");
    }
    text
}

/// Each tool once, with how often it was called: `chat.post x3`.
pub(crate) fn counted<'a>(tools: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tool in tools {
        *counts.entry(tool).or_default() += 1;
    }
    counts.iter().map(|(tool, n)| if *n == 1 { (*tool).to_owned() } else { format!("{tool} x{n}") }).collect()
}

/// Makes the text of a run whose outcome may not be shown: its calls were made all the same.
pub(crate) fn withheld(not_allowed: NotAllowed, calls: &[CallRecord]) -> Presented {
    let words = format!("the outcome is withheld ({}): {not_allowed}{}", not_allowed.code(), effects(calls));
    Presented::words(Ending::Withheld, words)
}

/// Makes the text of a run that was refused before it started.
pub(crate) fn refused(refusal: &gate::Refusal) -> Presented {
    Presented::words(Ending::Refused, format!("refused before it ran ({}): {refusal}", refusal.code.as_str()))
}

/// Makes the text of a request that came to no run for another reason than its program.
pub(crate) fn not_run(code: &str, why: &impl std::fmt::Display) -> Presented {
    Presented::words(Ending::Refused, format!("refused before it ran ({code}): {why}"))
}

/// Makes the text of a request that came to no run because it was given up, or its principal stopped.
pub(crate) fn not_begun(stopped: Option<&Stopped>) -> Presented {
    match stopped {
        Some(stopped) => not_run("stopped", stopped),
        None => Presented::words(Ending::Cancelled, "cancelled: the run was ended at the client's request before it began".to_owned()),
    }
}

/// What is to be said of a session before its run: its handle, where that is new, and what happened to it since the last one.
pub(crate) fn before(open: &Open, wanted: Option<&Wanted>, news: &News, journal: &Journal) -> String {
    let mut text = String::new();
    if news.rolled_back {
        text.push_str("\nSession: its last saved state was damaged, so this run began from the one before it.");
    }
    if let Some(lost) = &news.lost {
        if let Some(untold) = lost.cut_off(journal) {
            text.push_str(&told(&untold, "cut off: changes of variables are undone, changes of files are not."));
        }
        if let Some(untold) = lost.unsent(journal) {
            text.push_str(&told(&untold, "completed, but no reply was sent."));
        }
    }
    if !matches!(wanted, Some(Wanted::Continue(_))) {
        let _ = write!(text, "\n[session {}]", open.handle());
    }
    text
}

/// Runs whose reply nobody got, what became of them, and their effectful calls.
fn told(untold: &Untold, fate: &str) -> String {
    let Untold { runs, made, unknown } = untold;
    let which = if *runs == 1 { "a run before this one was".to_owned() } else { format!("{runs} runs before this one were") };
    let mut text = format!("\nSession: {which} {fate}");
    for (words, calls) in [("Calls already made, not undone", made), ("Calls whose fate is unknown", unknown)] {
        if !calls.is_empty() {
            let _ = write!(text, " {words}: {}.", counted(calls.iter().map(String::as_str)).join(", "));
        }
    }
    text
}

/// What is to be said of a session after its run.
pub(crate) fn after(at_rest: bool, kept: &std::io::Result<Kept>) -> String {
    match kept {
        _ if !at_rest => "\nSession: variables are as they were before this run; files are as it left them.".to_owned(),
        Ok(Kept::Saved) => String::new(),
        Ok(Kept::Lost { reason, .. }) => {
            format!("\nSession: what this run changed in variables could not be saved ({reason}) and is undone; files are as it left them.")
        }
        Err(_) => "\nSession: this run could not be saved, and is undone but for its files; the operator finds the reason in the log.".to_owned(),
    }
}

/// What a fault of ours looks like to the model: no detail, a name to look for in the log.
pub(crate) fn fault(run: RunId) -> String {
    format!("internal error: the run could not be carried out; the operator finds the reason in the log under {run}")
}

/// The same where the program ran, and what it left could not be looked at.
pub(crate) fn unread(run: RunId) -> String {
    format!("internal error: the program ran, its calls were made, and its outcome is lost; the operator finds the reason in the log under {run}")
}

/// The same where the state directory is at fault. That a disk is full is no secret, and somebody can mend it.
pub(crate) fn disk(run: RunId, source: &std::io::Error) -> String {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk that sessions and workspaces are kept on is full; nothing ran".to_owned(),
        _ => fault(run),
    }
}
