//! Maps positions of the guest's code back to the program that its author sent, and rewrites tracebacks with it.

use super::edits::Shift;
use std::fmt::Write as _;

/// How to get from the guest's code to the author's program: first back over the edits, then over the printer's map, if any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Positions {
    shifts: Vec<Shift>,
    map: Vec<Mapped>,
}

/// A token of printed code and where it came from; all from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mapped {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) source: (u32, u32),
}

impl Positions {
    pub(super) fn new(shifts: Vec<Shift>, map: Vec<Mapped>) -> Self {
        Positions { shifts, map }
    }

    /// The author's line and column.
    pub(crate) fn source(&self, line: u32, column: u32) -> (u32, u32) {
        let column = self.before_edits(line, column);
        let next = self.map.partition_point(|token| (token.line, token.column) <= (line, column));
        match next.checked_sub(1).and_then(|at| self.map.get(at)) {
            Some(token) if token.line == line => token.source,
            // Nothing on this line before: what the line starts with, else what came last.
            before => match (self.map.get(next), before) {
                (Some(token), _) if token.line == line => token.source,
                (_, Some(token)) => token.source,
                (Some(token), None) => token.source,
                (None, None) => (line, column),
            },
        }
    }

    fn before_edits(&self, line: u32, column: u32) -> u32 {
        let mut moved: i64 = 0;
        for shift in self.shifts.iter().filter(|shift| shift.line == line && shift.column <= column) {
            let inside = i64::from(column) - i64::from(shift.column);
            moved += if inside < i64::from(shift.inserted) { inside } else { i64::from(shift.inserted) - i64::from(shift.removed) };
        }
        u32::try_from((i64::from(column) - moved).max(1)).unwrap_or(1)
    }

    /// `text` with every `file:LINE` and `file:LINE:COLUMN` turned into the author's.
    pub(crate) fn restore(&self, text: &str, file: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(file) {
            let (before, after) = rest.split_at(at + file.len());
            out.push_str(before);
            let Some((line, after_line)) = colon_number(after) else {
                rest = after;
                continue;
            };
            match colon_number(after_line) {
                Some((column, after_column)) => {
                    let (line, column) = self.source(line, column);
                    let _ = write!(out, ":{line}:{column}");
                    rest = after_column;
                }
                None => {
                    let _ = write!(out, ":{}", self.source(line, 1).0);
                    rest = after_line;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// `:12` at the start of a text.
fn colon_number(text: &str) -> Option<(u32, &str)> {
    let digits = text.strip_prefix(':')?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    Some((digits.get(..end)?.parse().ok()?, digits.get(end..)?))
}
