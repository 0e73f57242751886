//! `[http]` as it is written, made valid. Headers may refer to variables: their values are secrets, which only the broker has.

use crate::expand::{Scope, expand};
use crate::fault::{ConfigError, place};
use crate::{raw, rules};
use policy::{Addresses, HttpRule, LabelKind, PATTERNS, RULES, SecretHeaders, UrlPattern};
use std::path::Path;
use toml::Spanned;

/// Headers that say how a message travels: a rule that set them would break it.
const NOT_OURS: [&str; 9] = ["host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "accept-encoding"];

/// The http rules of a file, in the order in which they are tried.
///
/// # Errors
/// The first rule that cannot be obeyed as it is written.
pub(crate) fn rules(file: &Path, text: &str, raw: raw::Http, scope: Scope<'_>) -> Result<Vec<HttpRule>, ConfigError> {
    let at = |byte: usize, message: String| ConfigError::at(file, place(text, byte), message);
    if let Some(beyond) = raw.rules.get(RULES) {
        return Err(at(beyond.span().start, format!("there are more than {RULES} http rules")));
    }
    let mut rules = Vec::new();
    for one in raw.rules {
        let begin = one.span().start;
        let line = place(text, begin).0;
        let one = one.into_inner();
        if one.allow.is_empty() {
            return Err(at(begin, "http.rules.allow: a rule needs a pattern, such as [\"GET https://api.example.com/**\"]".to_owned()));
        }
        rules.push(rule("http.rules", line, one, scope, &at)?);
    }
    if let Some(first) = raw.allow.first() {
        let line = place(text, first.span().start).0;
        rules.push(rule("http", line, raw::HttpRule { allow: raw.allow, ..raw::HttpRule::default() }, scope, &at)?);
    }
    Ok(rules)
}

fn rule(key: &str, line: usize, raw: raw::HttpRule, scope: Scope<'_>, at: &impl Fn(usize, String) -> ConfigError) -> Result<HttpRule, ConfigError> {
    if let Some(beyond) = raw.allow.get(PATTERNS) {
        return Err(at(beyond.span().start, format!("{key}.allow: there are more than {PATTERNS} patterns")));
    }
    let mut allow = Vec::new();
    for written in &raw.allow {
        allow.push(UrlPattern::parse(written.get_ref()).map_err(|error| at(written.span().start, format!("{key}.allow: {error}")))?);
    }
    let addresses = match &raw.private_addresses {
        Some(given) if *given.get_ref() => {
            if let Some(wide) = allow.iter().find(|pattern| !pattern.has_exact_host()) {
                let message = format!("{key}.private_addresses: {wide} may lead anywhere; only a rule with exact hosts can reach private addresses");
                return Err(at(given.span().start, message));
            }
            Addresses::All
        }
        _ => Addresses::Public,
    };
    Ok(HttpRule {
        allow,
        guard: raw.guard.map_or_else(|| LabelKind::ALL.into(), rules::kinds),
        data: raw.data.map_or_else(|| LabelKind::ALL.into(), rules::kinds),
        addresses,
        headers: SecretHeaders(raw.headers.iter().map(|(name, value)| header(key, name, value, scope, at)).collect::<Result<_, _>>()?),
        line,
    })
}

/// One header with its references replaced. Errors name it, never its value.
fn header(
    key: &str,
    name: &Spanned<String>,
    value: &Spanned<String>,
    scope: Scope<'_>,
    at: &impl Fn(usize, String) -> ConfigError,
) -> Result<(String, String), ConfigError> {
    let lower = name.get_ref().to_ascii_lowercase();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if lower.is_empty() || !lower.bytes().all(is_token) {
        return Err(at(name.span().start, format!("{key}.headers: {:?} is no name of a header", name.get_ref())));
    }
    if NOT_OURS.contains(&&*lower) || lower.starts_with("proxy-") {
        return Err(at(name.span().start, format!("{key}.headers: {lower} says how a message travels and cannot be set")));
    }
    let value_at = value.span().start;
    let value = expand(value.get_ref(), scope).map_err(|error| at(value_at, format!("{key}.headers.{lower}: {error}")))?;
    if value.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err(at(value_at, format!("{key}.headers.{lower}: its value has a line break or another control character")));
    }
    Ok((lower, value))
}
