//! What a model or a terminal is shown of a run. Guards against text that hides from the reader (bidi controls, zero-width and tag
//! characters), against terminal escapes, and against a flood: the middle of what is too long is left out.

use policy::Layer;
use std::{borrow::Cow, fmt::Write as _, str::Chars};

/// Text that may be shown. Only [`screen`] and [`Cut::screened`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Screened {
    /// The text as it may be shown.
    pub text: String,
    /// Size of all of it after cleaning, in bytes.
    pub total_bytes: usize,
    /// Whether the middle was left out.
    pub truncated: bool,
}

/// A text without what hides or steers a terminal, whole. Only [`clean`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean<'a>(Cow<'a, str>);

/// What is shown of a clean text. Only [`Clean::cut`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// All of it, where nothing is left out.
    head: String,
    left_out: Option<LeftOut>,
    total_bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LeftOut {
    bytes: usize,
    tail: String,
}

/// Cleans `text` and keeps at most `shown_bytes` of it: three quarters head, one quarter tail, cut at line ends where one is near.
/// `dropped_bytes` of its middle were left out before it came here; they count towards the sizes that are told.
#[must_use]
pub fn screen(text: &str, shown_bytes: usize, dropped_bytes: u64) -> Screened {
    clean(text).cut(shown_bytes, dropped_bytes).screened("")
}

/// Strips terminal escape sequences and control characters, and writes characters that cannot be seen as `\u{...}`. What needs none of that is
/// not copied.
#[must_use]
pub fn clean(text: &str) -> Clean<'_> {
    if Layer::Outcomes.is_off() { Clean(Cow::Borrowed(text)) } else { cleaned(text, plain) }
}

impl<'a> Clean<'a> {
    /// The text.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.0
    }

    /// Size of all of it, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// Keeps at most `shown_bytes` of it, as [`screen`] does.
    #[must_use]
    pub fn cut(self, shown_bytes: usize, dropped_bytes: u64) -> Cut {
        let text = self.0;
        let dropped_bytes = usize::try_from(dropped_bytes).unwrap_or(usize::MAX);
        let total_bytes = text.len().saturating_add(dropped_bytes);
        if total_bytes <= shown_bytes {
            return Cut { head: text.into_owned(), left_out: None, total_bytes };
        }
        let head_end = head_end(&text, shown_bytes / 4 * 3);
        let tail_start = tail_start(&text, text.len().saturating_sub(shown_bytes / 4)).max(head_end);
        let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let bytes = (tail_start - head_end).saturating_add(dropped_bytes);
        let left_out = LeftOut { bytes, tail: part(text.get(tail_start..)) };
        Cut { head: part(text.get(..head_end)), left_out: Some(left_out), total_bytes }
    }
}

impl Cut {
    /// Whether something is left out.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.left_out.is_some()
    }

    /// The text that is shown. Where something is left out, `place` says where all of it is; maybe nowhere.
    #[must_use]
    pub fn screened(self, place: &str) -> Screened {
        let Cut { head, left_out, total_bytes } = self;
        let Some(LeftOut { bytes, tail }) = left_out else { return Screened { text: head, total_bytes, truncated: false } };
        let gap = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
        let place = if place.is_empty() { String::new() } else { format!("; {place}") };
        let text = format!("{head}{gap}... [{} of {} bytes not shown{place}] ...\n{tail}", grouped(bytes), grouped(total_bytes));
        Screened { text, total_bytes, truncated: true }
    }
}

/// Cleans a text; `plain` says how much of what is left of it begins with nothing to clean, in bytes: that is copied as it is.
fn cleaned(text: &str, plain: impl Fn(&str) -> usize) -> Clean<'_> {
    let mut as_it_is = plain(text);
    if as_it_is == text.len() {
        return Clean(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut previous = '\0';
    let mut rest = text;
    loop {
        let (run, after) = rest.split_at(as_it_is);
        out.push_str(run);
        previous = run.chars().next_back().unwrap_or(previous);
        let mut chars = after.chars();
        let Some(c) = chars.next() else { return Clean(Cow::Owned(out)) };
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if peek(&chars) == Some('\n') => {}
            '\r' => out.push('\n'),
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_csi(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut chars),
            _ if c.is_control() => {}
            '\u{200d}' if is_pictograph(previous) && peek(&chars).is_some_and(is_pictograph) => out.push(c),
            '\u{fe0f}' if is_pictograph(previous) => out.push(c),
            _ if hides(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => out.push(c),
        }
        previous = c;
        rest = chars.as_str();
        as_it_is = plain(rest);
    }
}

/// How much of a text begins with characters that stand for themselves, in bytes: nearly all of nearly every text.
fn plain(text: &str) -> usize {
    let mut rest = text;
    loop {
        let ascii = rest.bytes().position(|byte| !matches!(byte, b' '..=b'~' | b'\n' | b'\t')).unwrap_or(rest.len());
        let mut chars = rest.get(ascii..).unwrap_or_default().chars();
        match chars.next() {
            Some(c) if !c.is_ascii() && !c.is_control() && !hides(c) => rest = chars.as_str(),
            _ => return text.len() - rest.len() + ascii,
        }
    }
}

/// A text for a decision, in which nothing hides and nothing is left out: what cannot be seen, and every control character but the end of a line, is
/// written as `\u{...}`.
#[must_use]
pub fn visible(text: &str) -> String {
    let shown = |c: char| if c != '\n' && (c.is_control() || hides(c)) { c.escape_unicode().collect() } else { String::from(c) };
    text.chars().map(shown).collect()
}

/// Characters that are not seen but change what is read.
pub(crate) fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Roughly: what an emoji sequence is made of.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{fe0f}' | '\u{20e3}' | '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '0'..='9' | '#' | '*'
        | '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Longest escape sequence that is skipped, in characters: an unfinished one must not swallow the whole text.
const ESCAPE_CHARS: usize = 4096;

fn peek(chars: &Chars<'_>) -> Option<char> {
    chars.clone().next()
}

/// Skips the next character if it is one of these; whether it was.
fn skip_if(chars: &mut Chars<'_>, is_one: impl Fn(char) -> bool) -> bool {
    let skips = peek(chars).is_some_and(is_one);
    if skips {
        chars.next();
    }
    skips
}

fn skip_escape(chars: &mut Chars<'_>) {
    match peek(chars) {
        Some('[') => {
            chars.next();
            skip_csi(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        Some(' '..='/') => {
            while skip_if(chars, |c| matches!(c, ' '..='/')) {}
            skip_if(chars, |c| matches!(c, '0'..='~'));
        }
        Some('0'..='~') => {
            chars.next();
        }
        _ => {}
    }
}

/// Skips parameters, intermediates and the final byte of a control sequence.
fn skip_csi(chars: &mut Chars<'_>) {
    for _ in 0..ESCAPE_CHARS {
        if !skip_if(chars, |c| matches!(c, ' '..='?')) {
            break;
        }
    }
    skip_if(chars, |c| matches!(c, '@'..='~'));
}

/// Skips an operating system command or another string, up to its terminator. Unterminated: only its first line is looked at.
fn skip_string(chars: &mut Chars<'_>) {
    for _ in 0..ESCAPE_CHARS {
        match peek(chars) {
            None | Some('\n') => return,
            Some('\u{7}' | '\u{9c}') => {
                chars.next();
                return;
            }
            Some('\u{1b}') => {
                chars.next();
                skip_if(chars, |c| c == '\\');
                return;
            }
            Some(_) => {
                chars.next();
            }
        }
    }
}

/// Where the head ends: at a line end in its last quarter, else at a character.
fn head_end(text: &str, at_most: usize) -> usize {
    let end = text.floor_char_boundary(at_most);
    match text.get(..end).and_then(|head| head.rfind('\n')) {
        Some(newline) if newline + 1 >= end - end / 4 => newline + 1,
        _ => end,
    }
}

/// Where the tail starts: after a line end in its first quarter, else at a character.
fn tail_start(text: &str, at_least: usize) -> usize {
    let start = text.ceil_char_boundary(at_least);
    let tail = text.get(start..).unwrap_or_default();
    match tail.find('\n') {
        Some(newline) if newline + 1 < tail.len().div_ceil(4) => start + newline + 1,
        _ => start,
    }
}

/// `12,345`.
#[must_use]
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_hides_in_a_text_for_a_decision() {
        assert_eq!(visible("a\u{200b}b\u{e0041}\u{1b}[2J\u{202e}é\n\t\r"), "a\\u{200b}b\\u{e0041}\\u{1b}[2J\\u{202e}é\n\\u{9}\\u{d}");
    }

    #[test]
    fn what_hides_becomes_visible_and_what_steers_a_terminal_is_gone() {
        for (text, shown) in [
            ("plain\ttext\nü 日本", "plain\ttext\nü 日本"),
            ("a\u{202e}b\u{200b}c\u{e0041}d\u{feff}", "a\\u{202e}b\\u{200b}c\\u{e0041}d\\u{feff}"),
            ("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}x\u{1b}]8;;http://e\u{1b}\\link", "red xlink"),
            ("\u{1b}(Bx\u{1b}7y\u{9b}2Jz\u{1b}", "xyz"),
            ("a\0b\u{8}c\u{7f}d\u{85}e", "abcde"),
            ("one\r\ntwo\rthree", "one\ntwo\nthree"),
            ("👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3}", "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3}"),
            ("a\u{200d}b \u{fe0f}", "a\\u{200d}b \\u{fe0f}"),
            ("\u{1b}]0;unfinished\nnext", "\nnext"),
        ] {
            assert_eq!(screen(text, 1000, 0), Screened { text: shown.to_owned(), total_bytes: shown.len(), truncated: false }, "{text:?}");
        }
    }

    #[test]
    fn long_text_is_shown_as_head_and_tail() {
        let text: String = (0..1000).map(|n| format!("line {n}\n")).collect();
        let Screened { text, total_bytes, truncated } = screen(&text, 80, 0);
        assert_eq!((total_bytes, truncated), (8890, true));
        assert_eq!(
            text,
            "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\n... [8,816 of 8,890 bytes not shown] ...\nline 998\nline 999\n"
        );
        assert_eq!(screen(&"ä".repeat(50), 9, 0).text, "äää\n... [92 of 100 bytes not shown] ...\nä");
        assert_eq!(screen("abc", 0, 0).text, "... [3 of 3 bytes not shown] ...\n");
        assert_eq!(screen("abcdefgh", 4, 1000).text, "abc\n... [1,004 of 1,008 bytes not shown] ...\nh");
    }

    /// Pieces of what is cleaned, whole and not.
    const PIECES: [&str; 26] = [
        "plain",
        "\n",
        "\t",
        " ",
        "é",
        "日本",
        "👩",
        "7",
        "#",
        "\u{fe0f}",
        "\u{200d}",
        "\u{200b}",
        "\u{e0041}",
        "\r",
        "\0",
        "\u{7}",
        "\u{7f}",
        "\u{85}",
        "\u{1b}",
        "\u{1b}[31m",
        "\u{1b}]0;",
        "\u{1b}(",
        "\u{9b}2",
        "\u{90}",
        "\u{9c}",
        "\\",
    ];

    #[test]
    fn what_needs_no_cleaning_is_not_copied() {
        for (text, is_copied) in [("plain\ttext\n~ü 日本 é👩", false), ("", false), ("plain\r\n", true), ("a\u{7f}", true)] {
            assert_eq!(matches!(clean(text).into_text(), Cow::Owned(_)), is_copied, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn long_runs_are_cleaned_as_single_characters_are(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40), any in any::<String>()) {
            for text in [pieces.concat(), format!("{any}{}", pieces.concat()), any] {
                prop_assert_eq!(cleaned(&text, plain), cleaned(&text, |_| 0));
            }
        }

        #[test]
        fn nothing_hidden_is_left(text in any::<String>(), shown in 0usize..200) {
            let screened = screen(&text, shown, 0);
            prop_assert!(screened.text.len() <= shown + 80);
            prop_assert!(!screened.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}
