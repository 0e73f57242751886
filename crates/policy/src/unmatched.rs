//! Patterns of rules that match nothing that is known: most of them are misspelt, and a misspelt denial denies nothing.

use crate::{Rule, ServerName, Verdict, closest};
use std::collections::{BTreeMap, BTreeSet};

/// The servers that are configured, each with its tools by the part of their name after the dot; `None` where the tools are not known yet.
pub type Known = BTreeMap<ServerName, Option<BTreeSet<String>>>;

/// A pattern that matches nothing that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The rule, counted from 0.
    pub rule: usize,
    /// The pattern as it is written.
    pub pattern: String,
    /// What of it is not known.
    pub unseen: Unseen,
    /// What was probably meant.
    pub meant: Option<String>,
}

/// What of a pattern is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unseen {
    /// There is no such server.
    Server,
    /// The server has no such tool.
    Tool,
}

/// The patterns that match nothing. One with `*` that denies or asks is not among them: it may well be about tools that are still to come.
#[must_use]
pub fn unmatched(rules: &[Rule], known: &Known) -> Vec<Unmatched> {
    let mut found = Vec::new();
    for (rule, written) in rules.iter().enumerate() {
        for pattern in written.tools.iter().filter(|pattern| !pattern.server().contains('*')) {
            let says = |unseen, meant| Unmatched { rule, pattern: pattern.to_string(), unseen, meant };
            let Some((_, tools)) = known.iter().find(|(name, _)| name.as_str() == pattern.server()) else {
                let meant = closest(pattern.server(), known.keys().map(ServerName::as_str));
                found.push(says(Unseen::Server, meant.map(|server| format!("{server}.{}", pattern.tool()))));
                continue;
            };
            // What is not known cannot be missed.
            let Some(tools) = tools else { continue };
            if tools.iter().any(|tool| pattern.takes(tool)) {
                continue;
            }
            if !pattern.tool().contains('*') {
                let meant = closest(pattern.tool(), tools.iter().map(String::as_str));
                found.push(says(Unseen::Tool, meant.map(|tool| format!("{}.{tool}", pattern.server()))));
            } else if written.effect == Verdict::Allow {
                found.push(says(Unseen::Tool, None));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;

    #[test]
    fn what_matches_nothing_is_found_with_what_was_meant() {
        let tools = ["list_issues", "create_issue"].map(str::to_owned);
        let known = Known::from([(ServerName::mint("github").unwrap(), Some(BTreeSet::from(tools))), (ServerName::mint("fresh").unwrap(), None)]);
        let of = |pattern: &str, effect| {
            let rule = Rule { tools: vec![Pattern::parse(pattern).unwrap()], effect, when: None, guard: BTreeSet::new(), line: 1 };
            unmatched(&[rule], &known).into_iter().map(|one| (one.unseen, one.meant)).next()
        };
        let meant = |text: &str| Some(text.to_owned());
        for (pattern, effect, expected) in [
            ("*", Verdict::Allow, None),
            ("*.delete_*", Verdict::Allow, None),
            ("fresh.anything", Verdict::Allow, None),
            ("github.list_*", Verdict::Allow, None),
            ("github.create_issue", Verdict::Deny, None),
            ("githb.*", Verdict::Deny, Some((Unseen::Server, meant("github.*")))),
            ("zzz.*", Verdict::Deny, Some((Unseen::Server, None))),
            ("github.creat_issue", Verdict::Deny, Some((Unseen::Tool, meant("github.create_issue")))),
            ("github.zzz", Verdict::Ask, Some((Unseen::Tool, None))),
            ("github.delete_*", Verdict::Deny, None),
            ("github.delete_*", Verdict::Allow, Some((Unseen::Tool, None))),
        ] {
            assert_eq!(of(pattern, effect), expected, "{pattern}");
        }
    }
}
