//! Positions in a program: byte offsets to lines and columns, and the source line that an error message shows.

/// Characters of a source line that a message shows.
const SHOWN_LINE_CHARS: usize = 100;

/// The start of every line of a text.
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    /// Line and column, from 1, the column in characters. Offsets outside the text or inside a character are moved into it.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        (number(line + 1), number(column + 1))
    }

    /// The line of `offset`, with a caret under the column, both indented by two.
    pub(crate) fn excerpt(&self, offset: usize) -> String {
        let (line, column) = self.position(offset);
        let text = self.text.split('\n').nth(line as usize - 1).unwrap_or_default();
        let first = (column as usize).saturating_sub(SHOWN_LINE_CHARS * 3 / 4);
        let shown: String = text.chars().skip(first).take(SHOWN_LINE_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let caret = " ".repeat((column as usize - 1).saturating_sub(first));
        format!("  {}\n  {caret}^", shown.trim_end())
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
