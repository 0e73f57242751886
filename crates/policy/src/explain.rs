//! Why a decision is what it is, in words for the operator. Never for a program: it would learn what to avoid.

use crate::{Decision, Reason, Rule, Verdict};

/// A decision with the rules that were passed over on the way to it, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What [`Grant::decide`](crate::Grant::decide) says.
    pub decision: Decision,
    /// The rules before the one that decides; all of them when none does.
    pub passed: Vec<Passed>,
}

/// A rule that did not match, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// It is about other tools.
    OtherTools {
        /// Which.
        rule: usize,
    },
    /// Its condition is false of this call.
    ConditionFalse {
        /// Which.
        rule: usize,
    },
}

impl Passed {
    /// Which rule, counted from 0.
    #[must_use]
    pub fn rule(self) -> usize {
        match self {
            Passed::OtherTools { rule } | Passed::ConditionFalse { rule } => rule,
        }
    }
}

/// A rule as people count and find it: `rule 3 (line 14)`.
#[must_use]
pub fn call_rule(rules: &[Rule], rule: usize) -> String {
    let line = rules.get(rule).map(|rule| format!(" (line {})", rule.line)).unwrap_or_default();
    format!("rule {}{line}", rule + 1)
}

impl Decision {
    /// The verdict and why, in one line: `ask: rule 3 (line 14) allows it, but its guard asks because of private (github)`. `rules` are those of
    /// the policy that decided.
    #[must_use]
    pub fn in_words(&self, rules: &[Rule]) -> String {
        let name = |rule: usize| call_rule(rules, rule);
        let why = match &self.reason {
            Reason::Rule { rule } => match self.verdict {
                Verdict::Allow => format!("{} allows it", name(*rule)),
                Verdict::Ask => format!("{} asks", name(*rule)),
                Verdict::Deny => format!("{} denies it", name(*rule)),
            },
            Reason::Guard { rule, labels } => format!("{} allows it, but its guard asks because of {labels}", name(*rule)),
            Reason::Condition { rule, error } => format!("the condition of {} cannot be evaluated: {error}", name(*rule)),
            Reason::ReadOnly => "only reads are allowed, and it was not accepted as one".to_owned(),
            Reason::AcceptedRead => "no rule matches, and it was accepted as a read".to_owned(),
            Reason::PrivateElsewhere { labels } => {
                format!("no rule matches; it was accepted as a read, but it is external and its arguments could carry out {labels}")
            }
            Reason::Write => "no rule matches, and it changes something".to_owned(),
            Reason::Unreviewed => "no rule matches, and the operator has not reviewed it".to_owned(),
            Reason::HttpRule { rule } => format!("http rule {} allows it", rule + 1),
            Reason::HttpGuard { rule, labels } => format!("http rule {} allows it, but its guard asks because of {labels}", rule + 1),
            Reason::Unjudged => "the operator's judge gave no answer".to_owned(),
            Reason::NoHttpRule => "no http rule allows it".to_owned(),
        };
        format!("{}: {why}", self.verdict.name())
    }
}
