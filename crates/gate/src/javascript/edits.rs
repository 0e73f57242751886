//! Textual edits of a program that never change the number of its lines, and the record that maps columns back.

use oxc_span::Span;

/// Edits of one text, in any order, not overlapping.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<Edit>);

#[derive(Debug)]
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// On `line` of the new text, `inserted` columns from `column` on stand for `removed` columns of the old text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) inserted: u32,
    pub(super) removed: u32,
}

impl Edits {
    pub(super) fn insert(&mut self, at: u32, text: &str) {
        self.replace(Span::new(at, at), text);
    }

    /// Replaces a piece; line ends that it loses are put at its end. `text` has none.
    pub(super) fn replace(&mut self, span: Span, text: &str) {
        self.0.push(Edit { start: span.start as usize, end: span.end as usize, text: text.to_owned() });
    }

    /// Overwrites a piece with blanks.
    pub(super) fn blank(&mut self, text: &str, span: Span) {
        let old = text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let blanks: String = old.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        self.0.push(Edit { start: span.start as usize, end: span.end as usize, text: blanks });
    }

    /// The text after all edits. Of two insertions at one place the one that was made first comes first.
    pub(super) fn apply(mut self, text: &str) -> (String, Vec<Shift>) {
        self.0.sort_by_key(|edit| (edit.start, edit.end));
        let mut out = String::with_capacity(text.len() + 64);
        let mut shifts = Vec::new();
        let mut here = Cursor { line: 1, column: 1 };
        let mut at = 0;
        for edit in self.0 {
            let Some(kept) = text.get(at..edit.start) else { continue };
            here.advance(kept);
            out.push_str(kept);
            let old = text.get(edit.start..edit.end).unwrap_or_default();
            let lost = old.matches('\n').count().saturating_sub(edit.text.matches('\n').count());
            if old != edit.text && !old.contains('\n') {
                shifts.push(Shift { line: here.line, column: here.column, inserted: columns(&edit.text), removed: columns(old) });
            }
            here.advance(&edit.text);
            out.push_str(&edit.text);
            for _ in 0..lost {
                here.advance("\n");
                out.push('\n');
            }
            at = edit.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        (out, shifts)
    }
}

struct Cursor {
    line: u32,
    column: u32,
}

impl Cursor {
    fn advance(&mut self, text: &str) {
        let lines = text.matches('\n').count();
        self.line += u32::try_from(lines).unwrap_or(u32::MAX);
        let last = text.rsplit('\n').next().unwrap_or_default();
        self.column = if lines > 0 { 1 + columns(last) } else { self.column + columns(last) };
    }
}

/// Columns as JavaScript engines count them: UTF-16 units.
fn columns(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}
