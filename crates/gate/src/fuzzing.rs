//! What must hold of any text: entry points for fuzzers (`crates/fuzz`). Tests with texts of their own are in `tests/robust.rs` and beside each gate.

use crate::{Checks, Lifetime, check, reply, screen};
use policy::{Annotations, Block, Catalog, Facts, Language, Limits, Reply, ServerName, Tool, ToolName};
use serde_json::json;

/// A program in every language: what was let through is let through again, and a refusal has a line that is there.
pub fn program(source: &str) {
    for language in Language::ALL {
        for lifetime in [Lifetime::Stateless, Lifetime::Session] {
            if let Err(refusal) = check(source, language, lifetime, &Catalog::default(), &Checks::all()) {
                let lines = source.split(['\n', '\r', '\u{2028}', '\u{2029}']).count();
                assert!(refusal.line.is_none_or(|line| line as usize <= lines + 1), "{refusal:?}");
            }
        }
    }
}

/// Text of an upstream, as a reply, as an error and as structured content; and as what is shown.
pub fn replies(text: &str) {
    let Ok(server) = ServerName::mint("a") else { return };
    let tool = Tool {
        name: ToolName { server, tool: "b".to_owned() },
        original: "b".to_owned(),
        description: None,
        input_schema: json!({"type": "object"}),
        output_schema: None,
        annotations: Annotations::default(),
        facts: Facts::UNREVIEWED,
        hash: String::new(),
    };
    let limits = Limits { reply_depth: 8, ..Limits::default() };
    let content = || vec![Block::Text(text.to_owned())];
    for is_error in [false, true] {
        let _ = reply(Reply { content: content(), is_error, ..Reply::default() }, &tool, &limits);
    }
    let structured = serde_json::from_str(text).ok();
    let _ = reply(Reply { structured, content: content(), ..Reply::default() }, &tool, &limits);
    let _ = screen(text, 1000, 0);
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_entry_points_take_what_they_are_for() {
        for text in ["", "1 + 1", "[1, {\"a\": null}]", "\u{1b}[31m\u{202e}", "def f(:\n", "`${"] {
            super::program(text);
            super::replies(text);
        }
    }
}
