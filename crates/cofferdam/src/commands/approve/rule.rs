//! A lasting answer as a rule of the configuration: before all others, since the first that matches decides. The rest of the file stays as it is.

use executor::Question;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Writes the rule; the line on which it stands.
pub(super) fn add(file: &Path, question: &Question) -> Result<usize, String> {
    if let Some(call) = question.calls.iter().find(|call| policy::ToolName::parse(&call.tool).is_err()) {
        return Err(format!("{}: no rule about tools can allow it; write a pattern and a guard into [http] yourself", call.tool));
    }
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("{} cannot be {what}: {error}", file.display());
    let target = fs::canonicalize(file).map_err(|error| failed("read", &error))?;
    let text = fs::read_to_string(&target).map_err(|error| failed("read", &error))?;
    let (changed, line) = with_rule(&text, question);
    // What would not be read again is not written.
    toml::from_str::<crate::raw::File>(&changed).map_err(|error| failed("changed", &error))?;
    let new = target.with_extension(format!("{}.new", std::process::id()));
    let written = fs::File::create(&new).and_then(|mut out| {
        out.write_all(changed.as_bytes())?;
        out.sync_all()?;
        out.set_permissions(fs::metadata(&target)?.permissions())
    });
    written.and_then(|()| fs::rename(&new, &target)).map_err(|error| {
        let _gone = fs::remove_file(&new);
        failed("written", &error)
    })?;
    Ok(line)
}

/// The text with the rule, and the rule's line from 1.
fn with_rule(text: &str, question: &Question) -> (String, usize) {
    let tools: BTreeSet<String> = question.calls.iter().map(|call| toml::Value::from(call.tool.as_str()).to_string()).collect();
    // Where labels made it ask, a guard would ask again.
    let guard = if question.calls.iter().all(|call| call.labels.is_empty()) { "" } else { "guard = []\n" };
    let tools = tools.into_iter().collect::<Vec<_>>().join(", ");
    let rule = format!("# Allowed by a person, question {}.\n[[rules]]\ntools = [{tools}]\neffect = \"allow\"\n{guard}\n", question.id);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let begins = |line: &str| line.trim_start().starts_with("[[rules]]");
    let mut at = lines.iter().position(|line| begins(line)).unwrap_or(lines.len());
    if at < lines.len() {
        // The comment above a rule is the rule's.
        while at > 0 && lines.get(at - 1).is_some_and(|line| line.trim_start().starts_with('#')) {
            at -= 1;
        }
    }
    let (before, after) = lines.split_at(at);
    let gap = match before.last() {
        Some(last) if !last.ends_with('\n') => "\n\n",
        Some(last) if !last.trim().is_empty() => "\n",
        _ => "",
    };
    let before = before.concat() + gap;
    let line = before.matches('\n').count() + 2;
    (format!("{before}{rule}{}", after.concat()), line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn question(labels: &serde_json::Value) -> Question {
        let call = json!({"tool": "chat.post", "tool_hash": "h", "facts": {"effect": "write", "external": true}, "args": {}, "labels": labels,
                          "decision": {"verdict": "ask", "reason": {"because": "write"}}});
        serde_json::from_value(json!({"id": "a", "run": "0".repeat(32), "context": {"principal": "local", "name": "c"}, "session": null, "intent": null,
                                      "language": "python", "program": "1", "calls": [call], "policy_hash": "p", "generation": 0, "at_ms": 1, "waits": true}))
        .unwrap()
    }

    #[test]
    fn the_rule_stands_before_the_others() {
        let plain = question(&json!([]));
        let rule = "# Allowed by a person, question a.\n[[rules]]\ntools = [\"chat.post\"]\neffect = \"allow\"\n\n";
        let others = "# Never.\n[[rules]]\ntools = [\"*\"]\neffect = \"deny\"\n";
        let (text, line) = with_rule(&format!("[limits]\nwall = \"1s\"\n\n{others}"), &plain);
        assert_eq!((text, line), (format!("[limits]\nwall = \"1s\"\n\n{rule}{others}"), 5));
        assert_eq!(with_rule("", &plain), (rule.to_owned(), 2));
        assert_eq!(with_rule("[limits]\nwall = \"1s\"", &plain).0, format!("[limits]\nwall = \"1s\"\n\n{rule}"));
        let (text, _) = with_rule("", &question(&json!([{"kind": "private", "origin": "github"}])));
        assert!(text.contains("\nguard = []\n"), "{text}");
    }
}
