//! Reads one JSON-RPC message per line under a limit of size and of nesting, and knows what an unusable line answered.
//!
//! A line that is too long is never in memory as a whole, and a line that is nested too deep never reaches a recursive parser; yet
//! the request it answers must fail at once instead of timing out. So every byte passes a small scanner that finds the message's own
//! `id`, wherever it is written. The scanner does not validate: `serde_json` does, on the lines that are let through.

use rmcp::model::RequestId;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// What one line was.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    /// Within the limits; `facts` say what it seems to be.
    Whole(Vec<u8>, Facts),
    /// Larger than the limit; dropped.
    TooLong(Facts),
    /// Nested deeper than the limit; dropped.
    TooDeep(Facts),
}

/// From this size on, in bytes, reading a message takes longer than handing it to another thread.
const LARGE_BYTES: usize = 256 * 1024;

impl Line {
    /// Whether reading it would hold up whatever else the thread does.
    pub(crate) fn is_large(&self) -> bool {
        matches!(self, Line::Whole(bytes, _) if bytes.len() >= LARGE_BYTES)
    }
}

/// What the scanner saw of a line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Facts {
    /// The line's length in bytes.
    pub bytes: usize,
    /// The message's own `id`.
    pub id: Option<RequestId>,
    /// Whether the message has a `method`: then it is a request or a notification, not an answer.
    pub has_method: bool,
}

impl Facts {
    /// The id of the request that this line answers, if it answers one.
    pub(crate) fn answers(&self) -> Option<&RequestId> {
        self.id.as_ref().filter(|_| !self.has_method)
    }
}

/// Splits a stream into [`Line`]s.
pub(crate) struct LineReader<R> {
    inner: BufReader<R>,
    max_bytes: usize,
    max_depth: usize,
    /// What came so far of the line that is being read.
    line: Vec<u8>,
    scan: Scan,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Lines of at most `max_bytes` and at most `max_depth` levels of objects and arrays.
    pub(crate) fn new(inner: R, max_bytes: usize, max_depth: usize) -> Self {
        LineReader { inner: BufReader::with_capacity(64 * 1024, inner), max_bytes, max_depth, line: Vec::new(), scan: Scan::default() }
    }

    /// The next line, or `None` at the end of the stream. A last line without a line break does not count. Cancel-safe.
    pub(crate) async fn next(&mut self) -> std::io::Result<Option<Line>> {
        loop {
            let chunk = self.inner.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let piece = &chunk[..end.unwrap_or(chunk.len())];
            self.scan.read(piece);
            if self.scan.facts.bytes <= self.max_bytes && self.scan.deepest <= self.max_depth {
                self.line.extend_from_slice(piece);
            } else {
                self.line = Vec::new();
            }
            let used = piece.len() + usize::from(end.is_some());
            self.inner.consume(used);
            if end.is_some() {
                let (line, Scan { facts, deepest, .. }) = (std::mem::take(&mut self.line), std::mem::take(&mut self.scan));
                return Ok(Some(if facts.bytes > self.max_bytes {
                    Line::TooLong(facts)
                } else if deepest > self.max_depth {
                    Line::TooDeep(facts)
                } else {
                    Line::Whole(line, facts)
                }));
            }
        }
    }
}

/// The longest `id` that is recognised, in bytes of JSON. Ours are numbers.
const ID_BYTES: usize = 64;

/// A scanner over the bytes of one message: nesting, and the members `id` and `method` of the outermost object.
#[derive(Default)]
struct Scan {
    facts: Facts,
    depth: usize,
    deepest: usize,
    in_string: bool,
    escaped: bool,
    /// The outermost object's current member: its name, then its value if it is an `id`.
    word: Vec<u8>,
    part: Part,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Part {
    #[default]
    Name,
    Value,
    IdValue,
}

impl Scan {
    fn read(&mut self, bytes: &[u8]) {
        self.facts.bytes += bytes.len();
        for &byte in bytes {
            self.step(byte);
        }
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_string = false;
            }
            self.keep(byte);
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.keep(byte);
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            }
            b'}' | b']' => {
                if self.depth == 1 {
                    self.end_member();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if self.depth == 1 && self.part == Part::Name => {
                self.facts.has_method |= self.word == b"\"method\"";
                self.part = if self.word == b"\"id\"" { Part::IdValue } else { Part::Value };
                self.word.clear();
            }
            b',' if self.depth == 1 => self.end_member(),
            b' ' | b'\t' | b'\r' => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.part != Part::Value && self.word.len() < ID_BYTES {
            self.word.push(byte);
        }
    }

    fn end_member(&mut self) {
        if self.part == Part::IdValue {
            self.facts.id = serde_json::from_slice(&self.word).ok();
        }
        self.part = Part::Name;
        self.word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &str, max_bytes: usize, max_depth: usize) -> Vec<Line> {
        let mut reader = LineReader::new(input.as_bytes(), max_bytes, max_depth);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await.unwrap() {
            lines.push(line);
        }
        lines
    }

    fn facts(bytes: usize, id: Option<i64>, has_method: bool) -> Facts {
        Facts { bytes, id: id.map(RequestId::Number), has_method }
    }

    #[tokio::test]
    async fn the_id_is_found_before_and_after_a_result_of_any_content() {
        let before = r#"{"jsonrpc":"2.0","id": 7 ,"result":{"id":1,"text":"\"id\":9,{[\\"}}"#;
        let after = r#"{"result":{"id":1,"method":"x","text":"\"}]"},"jsonrpc":"2.0","id":7}"#;
        for text in [before, after] {
            let whole = Line::Whole(text.as_bytes().to_vec(), facts(text.len(), Some(7), false));
            assert_eq!(lines(&format!("{text}\n"), 1000, 10).await, [whole]);
            assert_eq!(lines(&format!("{text}\nrest"), 20, 10).await, [Line::TooLong(facts(text.len(), Some(7), false))]);
        }
    }

    #[tokio::test]
    async fn the_limits_are_exact_and_the_next_line_is_read() {
        assert_eq!(
            lines("[[[1]]]\n[[1]]\n12345678\n1234567\n", 7, 2).await,
            [
                Line::TooDeep(facts(7, None, false)),
                Line::Whole(b"[[1]]".to_vec(), facts(5, None, false)),
                Line::TooLong(facts(8, None, false)),
                Line::Whole(b"1234567".to_vec(), facts(7, None, false)),
            ]
        );
    }

    #[tokio::test]
    async fn a_request_is_not_an_answer() {
        let Line::Whole(_, facts) = lines("{\"id\":\"a\",\"method\":\"ping\"}\n", 100, 10).await.remove(0) else {
            panic!("not whole");
        };
        assert_eq!(facts.id, Some(RequestId::String("a".into())));
        assert_eq!(facts.answers(), None);
    }
}
