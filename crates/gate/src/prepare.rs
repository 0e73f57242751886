//! Takes off what models put around a program: a byte order mark, a Markdown code fence, indentation of the whole program.
//! Everything after this file counts lines of what it returns: line 1 is the first line inside the fence.

use policy::Language;
use std::borrow::Cow;

/// The program inside `source`, with `\n` line ends.
pub(crate) fn prepare(source: &str, language: Language) -> String {
    let source = source.trim_start_matches('\u{feff}');
    let source = unify_line_ends(source);
    let source = strip_fence(&source);
    match language {
        Language::Python => dedent(source),
        Language::JavaScript | Language::TypeScript => source.to_owned(),
    }
}

fn unify_line_ends(source: &str) -> Cow<'_, str> {
    if source.contains('\r') { Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(source) }
}

/// The inside of a fence that surrounds the whole text; the text itself when there is none. A missing closing fence is forgiven.
fn strip_fence(source: &str) -> &str {
    let Some((opening, rest)) = source.trim_start().split_once('\n') else { return source };
    let opening = opening.trim_end();
    let mark = if opening.starts_with('`') { '`' } else { '~' };
    let width = opening.chars().take_while(|c| *c == mark).count();
    let info = opening.get(width..).unwrap_or_default();
    if width < 3 || info.contains(mark) {
        return source;
    }
    let body = rest.trim_end();
    let last_start = body.rfind('\n').map_or(0, |at| at + 1);
    let last = body.get(last_start..).unwrap_or_default().trim();
    if last.len() >= width && last.chars().all(|c| c == mark) { rest.get(..last_start).unwrap_or(rest) } else { rest }
}

/// Takes the indentation that all lines share off them, if the first line is indented.
fn dedent(source: &str) -> String {
    let mut shared: Option<&str> = None;
    for line in source.lines().filter(|line| !line.trim().is_empty()) {
        let indent = indentation(line);
        shared = Some(match shared {
            None => indent,
            Some(before) => common_prefix(before, indent),
        });
        if shared == Some("") {
            return source.to_owned();
        }
    }
    let width = shared.map_or(0, str::len);
    let mut out = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        out.push_str(line.get(width..).filter(|_| !line.trim().is_empty()).unwrap_or_else(|| line.trim_start_matches([' ', '\t'])));
    }
    out
}

fn indentation(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let len = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    a.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_marks_and_indentation_are_taken_off() {
        for (source, program) in [
            ("x = 1", "x = 1"),
            ("```python\nx = 1\n```", "x = 1\n"),
            ("\u{feff}\n\n```py\r\nx = 1\r\ny\r\n```\r\n", "x = 1\ny\n"),
            ("~~~\nx\n~~~\n", "x\n"),
            ("```\nx\n", "x\n"),
            ("```\nx\n```\nand so on", "x\n```\nand so on"),
            ("```\n```", ""),
            ("```x```", "```x```"),
            ("    x = 1\n\n    if x:\n        y\n", "x = 1\n\nif x:\n    y\n"),
            ("  x\n y", " x\ny"),
            ("  x\ny", "  x\ny"),
            ("", ""),
            ("  \n\t", "\n"),
        ] {
            assert_eq!(prepare(source, Language::Python), program, "{source:?}");
        }
        assert_eq!(prepare("  a\n    b\n", Language::JavaScript), "  a\n    b\n");
    }
}
