//! Cleans words of an upstream before anybody reads them: no control characters, no direction overrides, no invisible characters, bounded.

/// The text without characters that hide or move other text; line breaks stay, tabs become spaces; at most `limit` bytes of UTF-8, cut
/// with `…`.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for c in text.chars() {
        let c = if c == '\t' { ' ' } else { c };
        if c != '\n' && is_hidden(c) {
            continue;
        }
        if out.len() + c.len_utf8() > limit {
            out.push('…');
            return out;
        }
        out.push(c);
    }
    out
}

/// As [`clean`], on one line: runs of white space become one space.
pub(crate) fn clean_line(text: &str, limit: usize) -> String {
    let cleaned = clean(text, limit.saturating_mul(4));
    let line = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    clean(&line, limit)
}

/// Whether a character is a control character, changes the direction of text, or cannot be seen.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A raw name for the operator: everything outside printable ASCII escaped, at most 80 characters.
pub(crate) fn escaped(raw: &str) -> String {
    let mut out: String = raw.chars().flat_map(|c| if c == ' ' { vec![' '] } else { c.escape_default().collect() }).take(80).collect();
    if out.len() == 80 {
        out.push_str("...");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_go_and_the_length_is_bounded() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\u{e0041}\u{200b}\n\td\r", 100), "a[31mbc\n d");
        assert_eq!(clean("ääää", 5), "ää…");
        assert_eq!(clean_line("  a\n b\r\n\tc ", 100), "a b c");
        assert_eq!(escaped("x\u{202e}\"y z"), "x\\u{202e}\\\"y z");
    }
}
