//! `[[rules]]` and what servers' data is, as they are written, made valid: a mistake names its place, its key and what was probably meant.

use crate::fault::{ConfigError, place};
use crate::raw;
use policy::{Condition, LabelKind, PATTERNS, Pattern, Policy, RULES, Rule, Verdict};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use toml::Spanned;

/// The rules of a file, in their order.
///
/// # Errors
/// The first rule that cannot be obeyed as it is written.
pub(crate) fn rules(file: &Path, text: &str, raw: Vec<Spanned<raw::Rule>>) -> Result<Vec<Rule>, ConfigError> {
    if let Some(beyond) = raw.get(RULES) {
        return Err(ConfigError::at(file, place(text, beyond.span().start), format!("there are more than {RULES} rules")));
    }
    raw.into_iter().map(|one| rule(file, text, one)).collect()
}

fn rule(file: &Path, text: &str, raw: Spanned<raw::Rule>) -> Result<Rule, ConfigError> {
    let begin = raw.span().start;
    let raw = raw.into_inner();
    let at = |byte: usize, message: String| ConfigError::at(file, place(text, byte), message);
    if raw.tools.is_empty() || raw.tools.len() > PATTERNS {
        return Err(at(begin, format!("rules.tools: a rule is about 1 to {PATTERNS} patterns, such as [\"github.create_*\"]; * means all tools")));
    }
    let pattern =
        |written: &Spanned<String>| Pattern::parse(written.get_ref()).map_err(|error| at(written.span().start, format!("rules.tools: {error}")));
    let when = match &raw.when {
        None => None,
        Some(written) => match Condition::parse(written.get_ref()) {
            Ok(condition) => Some(condition),
            Err(error) => return Err(at(written.span().start, format!("rules.when: {error}"))),
        },
    };
    if let (Some(guard), true) = (&raw.guard, raw.effect != raw::Effect::Allow) {
        return Err(at(guard.span().start, "rules.guard: only a rule that allows has a guard".to_owned()));
    }
    Ok(Rule {
        tools: raw.tools.iter().map(pattern).collect::<Result<_, _>>()?,
        effect: verdict(raw.effect),
        when,
        guard: raw.guard.map_or_else(|| LabelKind::ALL.into(), |guard| kinds(guard.into_inner())),
        line: place(text, begin).0,
    })
}

fn verdict(effect: raw::Effect) -> Verdict {
    match effect {
        raw::Effect::Allow => Verdict::Allow,
        raw::Effect::Ask => Verdict::Ask,
        raw::Effect::Deny => Verdict::Deny,
    }
}

/// Kinds of label as they are written.
pub(crate) fn kinds(written: Vec<raw::Kinds>) -> BTreeSet<LabelKind> {
    written
        .into_iter()
        .map(|kind| match kind {
            raw::Kinds::Untrusted => LabelKind::Untrusted,
            raw::Kinds::Private => LabelKind::Private,
        })
        .collect()
}

/// The hash of all that was written about authority: two policies that decide alike and are written alike have the same.
pub(crate) fn hash(policy: &Policy) -> String {
    let rules: Vec<_> = policy
        .rules
        .iter()
        .map(|rule| {
            let tools: Vec<String> = rule.tools.iter().map(ToString::to_string).collect();
            json!({"tools": tools, "effect": rule.effect, "when": rule.when.as_ref().map(Condition::text), "guard": rule.guard})
        })
        .collect();
    // Of headers the names only: a token that is renewed is no other policy.
    let http: Vec<_> = policy
        .http
        .iter()
        .map(|rule| {
            let allow: Vec<String> = rule.allow.iter().map(ToString::to_string).collect();
            let headers: Vec<&String> = rule.headers.0.keys().collect();
            json!({"allow": allow, "guard": rule.guard, "data": rule.data, "addresses": rule.addresses, "headers": headers})
        })
        .collect();
    let written = json!({"rules": rules, "http": http, "files": policy.files, "env": policy.env, "data": policy.data, "mode": policy.mode, "forbidden": policy.forbidden, "errors": policy.errors, "errors_of": policy.errors_of, "judge": policy.judge, "limits": format!("{:?}", policy.limits)});
    blake3::hash(written.to_string().as_bytes()).to_string()
}
