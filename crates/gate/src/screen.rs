//! What a model or a terminal is shown of a run. Guards against text that hides from the reader (bidi controls, zero-width and tag
//! characters), against terminal escapes, and against a flood: the middle of what is too long is left out.

use policy::Layer;
use std::fmt::Write as _;

/// Text that may be shown. Only [`screen`] and [`screen_kept`] make one.
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

/// Cleans `text` and keeps at most `shown_bytes` of it: three quarters head, one quarter tail, cut at line ends where one is near.
/// `dropped_bytes` of its middle were left out before it came here; they count towards the sizes that are told.
#[must_use]
pub fn screen(text: &str, shown_bytes: usize, dropped_bytes: u64) -> Screened {
    screen_kept(text, shown_bytes, dropped_bytes, "")
}

/// As [`screen`], for a text that is kept elsewhere: where something is left out, `place` says where all of it is.
#[must_use]
pub fn screen_kept(text: &str, shown_bytes: usize, dropped_bytes: u64, place: &str) -> Screened {
    let text = clean(text);
    let dropped_bytes = usize::try_from(dropped_bytes).unwrap_or(usize::MAX);
    let total_bytes = text.len().saturating_add(dropped_bytes);
    if total_bytes <= shown_bytes {
        return Screened { text, total_bytes, truncated: false };
    }
    let head_end = head_end(&text, shown_bytes / 4 * 3);
    let tail_start = tail_start(&text, text.len().saturating_sub(shown_bytes / 4)).max(head_end);
    let head = text.get(..head_end).unwrap_or_default();
    let tail = text.get(tail_start..).unwrap_or_default();
    let gap = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
    let hidden = grouped((tail_start - head_end).saturating_add(dropped_bytes));
    let place = if place.is_empty() { String::new() } else { format!("; {place}") };
    let text = format!("{head}{gap}... [{hidden} of {} bytes not shown{place}] ...\n{tail}", grouped(total_bytes));
    Screened { text, total_bytes, truncated: true }
}

/// Strips terminal escape sequences and control characters, and writes characters that cannot be seen as `\u{...}`.
pub(crate) fn clean(text: &str) -> String {
    if Layer::Outcomes.is_off() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut previous = '\0';
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_csi(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut chars),
            _ if c.is_control() => {}
            '\u{200d}' if is_pictograph(previous) && chars.peek().copied().is_some_and(is_pictograph) => out.push(c),
            '\u{fe0f}' if is_pictograph(previous) => out.push(c),
            _ if hides(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => out.push(c),
        }
        previous = c;
    }
    out
}

/// A text for a decision, in which nothing hides and nothing is left out: what cannot be seen, and every control character but the end of a line, is
/// written as `\u{...}`.
#[must_use]
pub fn visible(text: &str) -> String {
    let shown = |c: char| if c != '\n' && (c.is_control() || hides(c)) { c.escape_unicode().collect() } else { String::from(c) };
    text.chars().map(shown).collect()
}

/// Characters that are not seen but change what is read.
fn hides(c: char) -> bool {
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

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_escape(chars: &mut Chars<'_>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_csi(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        Some(' '..='/') => {
            while chars.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            chars.next_if(|c| matches!(c, '0'..='~'));
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
        if chars.next_if(|c| matches!(c, ' '..='?')).is_none() {
            break;
        }
    }
    chars.next_if(|c| matches!(c, '@'..='~'));
}

/// Skips an operating system command or another string, up to its terminator. Unterminated: only its first line is looked at.
fn skip_string(chars: &mut Chars<'_>) {
    for _ in 0..ESCAPE_CHARS {
        match chars.peek() {
            None | Some('\n') => return,
            Some('\u{7}' | '\u{9c}') => {
                chars.next();
                return;
            }
            Some('\u{1b}') => {
                chars.next();
                chars.next_if_eq(&'\\');
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

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>(), shown in 0usize..200) {
            let screened = screen(&text, shown, 0);
            prop_assert!(screened.text.len() <= shown + 80);
            prop_assert!(!screened.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}
