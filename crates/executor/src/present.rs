//! What the model is shown of a run: printed text first, then the value or a short typed error; bounded, cleaned, nothing twice.

use crate::{
    CallRecord,
    journal::Journal,
    outcome::Outcome,
    place::News,
    sessions::{Kept, LostCalls, Open, SessionError, Wanted},
};
use policy::{Limits, RunId};
use sandbox::{End, Output};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write as _};

/// How a run ended. Closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    /// Its time was over.
    Deadline,
    /// The client cancelled it.
    Cancelled,
    /// The interpreter or the worker failed.
    Crashed,
}

/// The text of a run before it is screened, and how it ended.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(crate) text: String,
    pub(crate) ending: Ending,
    /// Printed bytes that were dropped before the text was made.
    pub(crate) dropped_bytes: u64,
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
) -> Presented {
    let (mut text, dropped_bytes) = printed(output);
    let (ending, words) = ended(end, outcome, program, limits);
    if !words.is_empty() {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&words);
    }
    if ending == Ending::None && text.is_empty() {
        text.push_str("(no output: the program printed nothing and its last expression has no value)");
    }
    if ending.is_error() {
        text.push_str(&effects(calls));
    }
    Presented { text, ending, dropped_bytes }
}

/// The printed text; where the middle of a flood was dropped, its two ends.
fn printed(output: &Output) -> (String, u64) {
    let mut text = String::from_utf8_lossy(&output.head).into_owned();
    let kept = (output.head.len() + output.tail.len()) as u64;
    // Where the two meet is far inside what is not shown.
    text.push_str(&String::from_utf8_lossy(&output.tail));
    (text, output.total_bytes.saturating_sub(kept))
}

fn ended(end: &End, outcome: Option<Result<Outcome, String>>, program: &gate::Program, limits: &Limits) -> (Ending, String) {
    match end {
        End::Completed(_) => match outcome {
            Some(Ok(outcome)) => completed(outcome, program),
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
    }
}

fn completed(outcome: Outcome, program: &gate::Program) -> (Ending, String) {
    match outcome {
        Outcome::Json(value) => (Ending::Value, value.get().to_owned()),
        Outcome::Text(text) => (Ending::Value, text),
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
    }
}

/// The calls that may have changed something, when a run did not end well.
fn effects(calls: &[CallRecord]) -> String {
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| !call.read_only) {
        match call.ok {
            Some(true) => *done.entry(&call.tool).or_default() += 1,
            None => *unknown.entry(&call.tool).or_default() += 1,
            Some(false) => {}
        }
    }
    let mut text = String::new();
    if !done.is_empty() {
        let _ = write!(text, "\nCalls already made, not undone: {}", list(&done));
    }
    if !unknown.is_empty() {
        let _ = write!(text, "\nCalls whose fate is unknown: {}", list(&unknown));
    }
    text
}

/// Makes the text of a run that was refused before it started.
pub(crate) fn refused(refusal: &gate::Refusal) -> Presented {
    Presented { text: format!("refused before it ran ({}): {refusal}", refusal.code.as_str()), ending: Ending::Refused, dropped_bytes: 0 }
}

/// Makes the text of a run whose session cannot be used.
pub(crate) fn no_session(error: &SessionError) -> Presented {
    let code = error.code().unwrap_or("internal");
    Presented { text: format!("refused before it ran ({code}): {error}"), ending: Ending::Refused, dropped_bytes: 0 }
}

/// What is to be said of a session before its run: its handle, where that is new, and what happened to it since the last one.
pub(crate) fn before(open: &Open, wanted: Option<&Wanted>, news: &News, journal: &Journal) -> String {
    let mut text = String::new();
    if news.rolled_back {
        text.push_str("\nSession: its last saved state was damaged, so this run began from the one before it.");
    }
    if let Some(lost) = &news.lost {
        let LostCalls { made, unknown } = lost.calls(journal);
        text.push_str("\nSession: the run before this one was lost when the server ended; variables are as before it, files as it left them.");
        for (words, calls) in [("It had already called, and this is not undone", made), ("It had called, and the fate is unknown", unknown)] {
            if !calls.is_empty() {
                let _ = write!(text, " {words}: {}.", list(&calls));
            }
        }
    }
    if !matches!(wanted, Some(Wanted::Continue(_))) {
        let _ = write!(text, "\n[session {}]", open.handle());
    }
    text
}

/// What is to be said of a session after its run.
pub(crate) fn after(before: Option<&str>, at_rest: bool, kept: &std::io::Result<Kept>) -> String {
    let undone = match kept {
        _ if !at_rest => Some("Session: variables are as they were before this run; files are as it left them.".to_owned()),
        Ok(Kept::Saved) => None,
        Ok(Kept::Lost(reason)) => Some(format!(
            "Session: what this run changed in variables could not be saved ({reason}) and is undone; files are as it left them."
        )),
        Err(_) => Some("Session: this run could not be saved, and is undone but for its files; the operator finds the reason in the log.".to_owned()),
    };
    undone.map(|text| format!("\n{text}")).unwrap_or_default() + before.unwrap_or_default()
}

fn list<K: AsRef<str>>(calls: &BTreeMap<K, usize>) -> String {
    let one = |(tool, n): (&K, &usize)| if *n == 1 { tool.as_ref().to_owned() } else { format!("{} x{n}", tool.as_ref()) };
    calls.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a fault of ours looks like to the model: no detail, a name to look for in the log.
pub(crate) fn fault(run: RunId) -> String {
    format!("internal error: the run could not be carried out; the operator finds the reason in the log under {run}")
}
