//! `cofferdam policy check --tool`: what the policy makes of one call, and why.

use crate::cli::Check;
use crate::commands::{Exit, UsageError};
use crate::config::Config;
use crate::output::{self, plain};
use policy::{
    Annotations, Asked, Decision, Explanation, Facts, Labels, LoweredLimits, Passed, Pattern, Policy, Principal, Reason, Rule, Tool, ToolName,
    call_rule, closest,
};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;
use upstream::{Document, Lock};

/// Decides the call and prints why.
pub(super) fn verdict(tool: &str, command: &Check, config: Config, lock: &Lock) -> anyhow::Result<Exit> {
    let name = checked(tool)?;
    let document = lock.document();
    let (facts, notes) = facts(&name, command, &config, &document);
    let labels: Labels = command.labels.iter().cloned().collect();
    let policy = Arc::new(config.policy);
    let grant = policy.grant(&Principal::named(command.principal.clone()), &LoweredLimits::default());
    let tool = tool_of(name, facts);
    let asked = Asked { tool: &tool, args: &command.args, labels: &labels, session: command.session.as_deref() };
    let told = Told { explanation: grant.explain(&asked), policy: &policy, tool: &tool, labels: &labels, notes: &notes };
    if command.json {
        output::print_json(&told.document());
    } else {
        output::print(&plain(&told.text()));
    }
    let verdict = told.explanation.decision.verdict;
    match command.expect {
        Some(expected) if expected != verdict => {
            output::complain(&format!("expected {}, and it is {}", expected.name(), verdict.name()));
            Ok(Exit::Program)
        }
        Some(_) | None => Ok(Exit::Ok),
    }
}

/// A name as programs write it.
fn checked(tool: &str) -> Result<ToolName, UsageError> {
    let name = ToolName::parse(tool).map_err(|error| UsageError(error.to_string()))?;
    match Pattern::parse(tool) {
        Ok(_) if !tool.contains('*') => Ok(name),
        Ok(_) => Err(UsageError(format!("{tool:?} is a pattern; name one tool"))),
        Err(error) => Err(UsageError(error.to_string())),
    }
}

/// What the operator accepted of the tool, or what the command line says instead; and what one should know of it.
fn facts(name: &ToolName, command: &Check, config: &Config, document: &Document) -> (Facts, Vec<String>) {
    let mut notes = Vec::new();
    let configured: Vec<&str> =
        config.servers.iter().map(|server| server.name.as_str()).chain(config.failed.iter().map(|one| one.name.as_str())).collect();
    let server = name.server.as_str();
    if !configured.contains(&server) {
        let meant = closest(server, configured).map(|meant| format!("; did you mean {meant:?}?")).unwrap_or_default();
        notes.push(format!("no server {server:?} is configured{meant}"));
    }
    let locked = document.servers.get(server);
    let accepted = locked.and_then(|locked| locked.tools.get(&name.tool)).map(|tool| tool.facts);
    match (locked, accepted) {
        (None, _) => notes.push(format!("the lockfile does not have {server}; its tools count as unreviewed")),
        (Some(locked), None) => {
            let meant = closest(&name.tool, locked.tools.keys().map(String::as_str)).map(|meant| format!("; did you mean {server}.{meant}?"));
            let meant = meant.unwrap_or_default();
            notes.push(format!(
                "the lockfile does not have {name}: until it is accepted it is quarantined, and a call of it fails whatever the rules say{meant}"
            ));
        }
        (Some(_), Some(_)) => {}
    }
    let known = accepted.unwrap_or(Facts::UNREVIEWED);
    (Facts { effect: command.effect.unwrap_or(known.effect), external: command.external.unwrap_or(known.external) }, notes)
}

/// A tool of which only the name and the facts count.
fn tool_of(name: ToolName, facts: Facts) -> Tool {
    Tool {
        original: name.tool.clone(),
        name,
        description: None,
        input_schema: json!({}),
        output_schema: None,
        annotations: Annotations::default(),
        facts,
        hash: String::new(),
    }
}

/// A decided call.
struct Told<'a> {
    explanation: Explanation,
    policy: &'a Policy,
    tool: &'a Tool,
    labels: &'a Labels,
    notes: &'a [String],
}

impl Told<'_> {
    /// For people.
    fn text(&self) -> String {
        let rules = &self.policy.rules;
        let Facts { effect, external } = self.tool.facts;
        let outside = if external { ", external" } else { "" };
        let mut text = format!("{}\n", self.explanation.decision.in_words(rules));
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "  {}: {}{outside}; read before: {}", self.tool.name, effect.name(), self.labels);
        for line in passed(rules, &self.explanation.passed) {
            let _infallible = writeln!(text, "  {line}");
        }
        for note in self.notes {
            let _infallible = writeln!(text, "note: {note}");
        }
        text
    }

    /// For scripts. Rules are counted from 1, as people do.
    fn document(&self) -> Value {
        let Decision { verdict, reason } = &self.explanation.decision;
        let rules = &self.policy.rules;
        let line = |rule: usize| rules.get(rule).map(|rule| rule.line);
        let (because, rule, labels) = because(reason);
        let passed = self.explanation.passed.iter().map(|passed| {
            let why = match passed {
                Passed::OtherTools { .. } => "other_tools",
                Passed::ConditionFalse { .. } => "condition_false",
            };
            json!({"rule": passed.rule() + 1, "line": line(passed.rule()), "because": why})
        });
        json!({
            "verdict": verdict,
            "because": because,
            "rule": rule.map(|rule| rule + 1),
            "line": rule.and_then(line),
            "labels": labels.map(labels_document),
            "text": self.explanation.decision.in_words(rules),
            "tool": {"name": self.tool.name.to_string(), "effect": self.tool.facts.effect.name(), "external": self.tool.facts.external},
            "read": labels_document(self.labels),
            "passed": passed.collect::<Value>(),
            "notes": self.notes,
        })
    }
}

/// The name of a reason, its rule and its labels.
fn because(reason: &Reason) -> (&'static str, Option<usize>, Option<&Labels>) {
    match reason {
        Reason::Rule { rule } => ("rule", Some(*rule), None),
        Reason::Guard { rule, labels } => ("guard", Some(*rule), Some(labels)),
        Reason::Condition { rule, .. } => ("condition", Some(*rule), None),
        Reason::ReadOnly => ("read_only", None, None),
        Reason::AcceptedRead => ("accepted_read", None, None),
        Reason::PrivateElsewhere { labels } => ("private_elsewhere", None, Some(labels)),
        Reason::Write => ("write", None, None),
        Reason::Unreviewed => ("unreviewed", None, None),
        // Those of `[http]` are counted by themselves.
        Reason::HttpRule { .. } => ("http_rule", None, None),
        Reason::HttpGuard { labels, .. } => ("http_guard", None, Some(labels)),
        Reason::Unjudged => ("unjudged", None, None),
        Reason::NoHttpRule => ("no_http_rule", None, None),
    }
}

fn labels_document(labels: &Labels) -> Value {
    labels.iter().map(|label| Value::from(format!("{}:{}", label.kind.name(), label.origin))).collect()
}

/// The rules that were passed over, a line each; those about other tools in one line as long as they follow each other.
fn passed(rules: &[Rule], passed: &[Passed]) -> Vec<String> {
    let mut lines = Vec::new();
    for group in passed.chunk_by(|a, b| matches!((a, b), (Passed::OtherTools { .. }, Passed::OtherTools { .. }))) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        lines.push(match first {
            Passed::ConditionFalse { rule } => {
                let when = rules.get(*rule).and_then(|rule| rule.when.as_ref()).map(policy::Condition::text).unwrap_or_default();
                format!("{} does not match: {when} is false", call_rule(rules, *rule))
            }
            Passed::OtherTools { rule } if first == last => format!("{} is about other tools", call_rule(rules, *rule)),
            Passed::OtherTools { rule } => format!("rules {} to {} are about other tools", rule + 1, last.rule() + 1),
        });
    }
    lines
}
