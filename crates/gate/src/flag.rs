//! What is flagged in programs. A flag is what the text says plainly, for the record and for policies that forbid it; what hides itself is not found, and
//! need not be: a program that does these things reaches no more than one that does not.

use crate::lines::Lines;
use crate::{Refusal, RefusalCode};
use policy::FlagKind;
use std::collections::BTreeSet;

/// Something in a program that is worth recording, or refusing by policy, but is not wrong by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// What kind of thing it is.
    pub kind: FlagKind,
    /// What it is: one of our own words, such as `eval` or `os.system`.
    pub what: &'static str,
    /// The line, from 1, where it stands first.
    pub line: u32,
}

/// Flags while a program is walked: each thing once, where it stands first.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<(usize, FlagKind, &'static str)>);

impl Found {
    pub(crate) fn dynamic(&mut self, what: &'static str, at: usize) {
        self.0.push((at, FlagKind::DynamicEvaluation, what));
    }

    pub(crate) fn escape(&mut self, what: &'static str, at: usize) {
        self.0.push((at, FlagKind::EscapeIdiom, what));
    }

    /// Drops what the program itself defines under that name.
    pub(crate) fn without(mut self, bound: &BTreeSet<String>) -> Self {
        self.0.retain(|(_, _, what)| !bound.contains(*what));
        self
    }

    pub(crate) fn and(mut self, more: Found) -> Self {
        self.0.extend(more.0);
        self
    }

    /// The flags of the program with this text, in its order. Places are those of a tree that has `shift` bytes more in front.
    pub(crate) fn flags(mut self, text: &str, shift: usize) -> Vec<Flag> {
        self.0.sort_unstable_by_key(|(at, _, what)| (*at, *what));
        let (lines, mut seen) = (Lines::new(text), BTreeSet::new());
        let first = self.0.into_iter().filter(|(_, _, what)| seen.insert(*what));
        first.map(|(at, kind, what)| Flag { kind, what, line: lines.position(at.saturating_sub(shift)).0 }).collect()
    }
}

/// The entry of a list of dotted names, such as `os.system`.
pub(crate) fn dotted(list: &[&'static str], object: &str, name: &str) -> Option<&'static str> {
    list.iter().find(|entry| entry.split_once('.') == Some((object, name))).copied()
}

/// Refuses the first flag of a kind that the operator forbids.
pub(crate) fn forbid(flags: &[Flag], forbidden: &BTreeSet<FlagKind>) -> Result<(), Refusal> {
    let Some(Flag { kind, what, line }) = flags.iter().find(|flag| forbidden.contains(&flag.kind)) else { return Ok(()) };
    let instead = match kind {
        FlagKind::DynamicEvaluation => "write the code itself out, and read data with json.loads or JSON.parse",
        FlagKind::EscapeIdiom => "use the servers, `tools`, `artifacts`, `fetch` and /workspace, which are all that there is",
    };
    let message = format!("line {line}: `{what}` is forbidden by the operator's policy ({}); {instead}", kind.name());
    Err(Refusal { code: RefusalCode::Forbidden, message, line: Some(*line), column: None })
}
