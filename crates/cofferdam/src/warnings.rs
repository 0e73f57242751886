//! What the rules say that their author can hardly have meant. It changes nothing of what they do: `policy check`, `doctor` and the log tell of it.

use crate::config::Config;
use policy::{Known, Shadowed, Unseen, call_rule};
use std::collections::BTreeSet;
use upstream::Document;

/// Something about one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The rule, counted from 1.
    pub(crate) rule: usize,
    /// The line on which it begins, from 1.
    pub(crate) line: usize,
    /// What is odd, in one line that names the rule.
    pub(crate) text: String,
}

/// All warnings of a configuration, in the order of its rules. Tools are those of the lockfile: no server is asked.
pub(crate) fn warnings(config: &Config, accepted: &Document) -> Vec<Warning> {
    let rules = &config.policy.rules;
    let mut found = Vec::new();
    for shadow in policy::shadows(rules) {
        let (late, early) = (call_rule(rules, shadow.rule), call_rule(rules, shadow.by));
        let text = match shadow.how {
            Shadowed::Covered => format!("{late} never decides: {early} comes first and takes every call that it matches"),
            Shadowed::Contradicted => format!("{late} never decides: {early} comes first and says something else of the same calls"),
        };
        found.push((shadow.rule, text));
    }
    for one in policy::unmatched(rules, &known(config, accepted)) {
        let unseen = match one.unseen {
            Unseen::Server => "no server of this name is configured",
            Unseen::Tool => "the lockfile has no such tool of this server",
        };
        let meant = one.meant.map(|meant| format!("; did you mean {meant:?}?")).unwrap_or_default();
        found.push((one.rule, format!("{}: {:?} matches nothing, {unseen}{meant}", call_rule(rules, one.rule), one.pattern)));
    }
    found.sort_by_key(|(rule, _)| *rule);
    let line = |rule: usize| rules.get(rule).map_or(0, |rule| rule.line);
    found.into_iter().map(|(rule, text)| Warning { rule: rule + 1, line: line(rule), text }).collect()
}

/// The configured servers with the tools that the lockfile has of them.
fn known(config: &Config, accepted: &Document) -> Known {
    let tools = |server: &str| -> Option<BTreeSet<String>> { Some(accepted.servers.get(server)?.tools.keys().cloned().collect()) };
    let names = config.servers.iter().map(|server| &server.name).chain(config.failed.iter().map(|failed| &failed.name));
    names.map(|name| (name.clone(), tools(name.as_str()))).collect()
}
