//! A rule: which tools it is about, when, and what is to happen. The first rule that matches decides.
//!
//! Rules are checked when they are made; deciding with them cannot fail, only deny. What a rule would do in combination with others
//! is told by [`shadows`], which never changes what they do.

use crate::{Condition, LabelKind, Pattern, ToolName, Verdict};
use std::collections::BTreeSet;

/// How many rules a policy may have. Every call looks at all of them in turn.
pub const RULES: usize = 500;

/// How many patterns a rule may have.
pub const PATTERNS: usize = 100;

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The tools that it is about: any of these.
    pub tools: Vec<Pattern>,
    /// What is to happen.
    pub effect: Verdict,
    /// When it counts; always if absent.
    pub when: Option<Condition>,
    /// The kinds of label that still ask although it allows.
    pub guard: BTreeSet<LabelKind>,
    /// The line of the file on which it begins, from 1: for people.
    pub line: usize,
}

impl Rule {
    /// Whether it is about this tool.
    #[must_use]
    pub fn names(&self, tool: &ToolName) -> bool {
        self.tools.iter().any(|pattern| pattern.matches(tool))
    }
}

/// A rule that does not do what its author seems to want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadow {
    /// The rule, counted from 0.
    pub rule: usize,
    /// The rule before it that is in its way.
    pub by: usize,
    /// How.
    pub how: Shadowed,
}

/// How an earlier rule is in the way of a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shadowed {
    /// It takes every call that the later one could match: the later one never decides.
    Covered,
    /// It has the same patterns and the same condition, and says something else.
    Contradicted,
}

/// The rules that can never decide, or that contradict an earlier one.
#[must_use]
pub fn shadows(rules: &[Rule]) -> Vec<Shadow> {
    let each = rules.iter().enumerate().filter_map(|(at, rule)| {
        rules[..at].iter().enumerate().find_map(|(before, earlier)| {
            let same_condition = match (&earlier.when, &rule.when) {
                (None, _) => true,
                (Some(a), Some(b)) => a.text() == b.text(),
                (Some(_), None) => false,
            };
            let covered = rule.tools.iter().all(|narrow| earlier.tools.iter().any(|wide| wide.covers(narrow)));
            if !(same_condition && covered) {
                return None;
            }
            let set = |rule: &Rule| rule.tools.iter().cloned().collect::<BTreeSet<_>>();
            let condition = |rule: &Rule| rule.when.as_ref().map(|when| when.text().to_owned());
            let twins = set(earlier) == set(rule) && condition(earlier) == condition(rule);
            let how = if twins && earlier.effect != rule.effect { Shadowed::Contradicted } else { Shadowed::Covered };
            Some(Shadow { rule: at, by: before, how })
        })
    });
    each.collect()
}
