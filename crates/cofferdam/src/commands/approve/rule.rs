//! A lasting answer as rules of the configuration. Each stands right before the rule that asked, or after all others where none did: what the operator
//! refuses before that stays refused. The rest of the file stays as it is.

use executor::{AskedCall, Question};
use policy::Reason;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A changed configuration that is not written yet.
pub(super) struct Prepared {
    file: PathBuf,
    text: String,
}

/// Makes the text with the rules.
pub(super) fn prepare(file: &Path, question: &Question) -> Result<Prepared, String> {
    if let Some(call) = question.calls.iter().find(|call| policy::ToolName::parse(&call.tool).is_err()) {
        return Err(format!("{}: no rule about tools can allow it; write a pattern and a guard into [http] yourself", call.tool));
    }
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("{} cannot be {what}: {error}", file.display());
    let target = fs::canonicalize(file).map_err(|error| failed("read", &error))?;
    let text = with_rules(&fs::read_to_string(&target).map_err(|error| failed("read", &error))?, question);
    // What would not be read again is not written.
    toml::from_str::<crate::raw::File>(&text).map_err(|error| failed("changed", &error))?;
    Ok(Prepared { file: target, text })
}

impl Prepared {
    /// Replaces the file in one step.
    pub(super) fn write(&self) -> Result<(), String> {
        let new = self.file.with_extension(format!("{}.new", std::process::id()));
        let written = fs::File::create(&new).and_then(|mut out| {
            out.write_all(self.text.as_bytes())?;
            out.sync_all()?;
            out.set_permissions(fs::metadata(&self.file)?.permissions())
        });
        written.and_then(|()| fs::rename(&new, &self.file)).map_err(|error| {
            // Nothing is lost if it stays.
            let _gone = fs::remove_file(&new);
            format!("{} cannot be written: {error}", self.file.display())
        })
    }
}

/// The rule before which a call's rule belongs, counted from 0; `None`: after all.
fn place(call: &AskedCall) -> Option<usize> {
    match call.decision.reason {
        Reason::Rule { rule } | Reason::Guard { rule, .. } => Some(rule),
        _ => None,
    }
}

fn with_rules(text: &str, question: &Question) -> String {
    let mut groups: BTreeMap<usize, Vec<&AskedCall>> = BTreeMap::new();
    for call in &question.calls {
        groups.entry(place(call).unwrap_or(usize::MAX)).or_default().push(call);
    }
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    // From the last to the first, so that what is added moves no place that is still needed.
    for (rule, calls) in groups.into_iter().rev() {
        let headers = lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("[[rules]]")).map(|(at, _)| at);
        let mut at = headers.clone().nth(rule).unwrap_or(lines.len());
        // The comment above a rule is the rule's.
        while at < lines.len() && at > 0 && lines.get(at - 1).is_some_and(|line| line.trim_start().starts_with('#')) {
            at -= 1;
        }
        let gap = match at.checked_sub(1).and_then(|before| lines.get(before)) {
            Some(last) if !last.ends_with('\n') => "\n\n",
            Some(last) if !last.trim().is_empty() => "\n",
            _ => "",
        };
        lines.insert(at, format!("{gap}{}", written(question, &calls)));
    }
    lines.concat()
}

fn written(question: &Question, calls: &[&AskedCall]) -> String {
    let tools: BTreeSet<String> = calls.iter().map(|call| toml::Value::from(call.tool.as_str()).to_string()).collect();
    // Where labels made it ask, a guard would ask again.
    let guard = if calls.iter().all(|call| call.labels.is_empty()) { "" } else { "guard = []\n" };
    let tools = tools.into_iter().collect::<Vec<_>>().join(", ");
    format!("# Allowed by a person, question {}.\n[[rules]]\ntools = [{tools}]\neffect = \"allow\"\n{guard}\n", question.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn question(labels: &Value, reason: &Value) -> Question {
        let call = json!({"tool": "chat.post", "tool_hash": "h", "facts": {"effect": "write", "external": true}, "args": {}, "labels": labels,
                          "decision": {"verdict": "ask", "reason": reason}});
        serde_json::from_value(json!({"id": "a", "run": "0".repeat(32), "context": {"principal": "local", "name": "c"}, "session": null, "intent": null,
                                      "language": "python", "program": "1", "calls": [call], "policy_hash": "p", "generation": 0, "at_ms": 1, "waits": true}))
        .unwrap()
    }

    #[test]
    fn the_rule_stands_where_it_overrules_nothing_but_what_asked() {
        let rule = "# Allowed by a person, question a.\n[[rules]]\ntools = [\"chat.post\"]\neffect = \"allow\"\n\n";
        let deny = "# Never.\n[[rules]]\ntools = [\"chat.*\"]\neffect = \"deny\"\nwhen = 'args.public'\n\n";
        let ask = "# Slowly.\n[[rules]]\ntools = [\"*\"]\neffect = \"ask\"\n";
        let by_rule = question(&json!([]), &json!({"because": "rule", "rule": 1}));
        assert_eq!(with_rules(&format!("{deny}{ask}"), &by_rule), format!("{deny}{rule}{ask}"));
        let by_none = question(&json!([]), &json!({"because": "write"}));
        assert_eq!(with_rules(deny, &by_none), format!("{deny}{rule}"));
        assert_eq!(with_rules("", &by_none), rule);
        assert_eq!(with_rules("[limits]\nwall = \"1s\"", &by_none), format!("[limits]\nwall = \"1s\"\n\n{rule}"));
        let labelled = question(&json!([{"kind": "private", "origin": "github"}]), &json!({"because": "write"}));
        assert!(with_rules("", &labelled).contains("\nguard = []\n"));
    }
}
