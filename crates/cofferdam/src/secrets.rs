//! Which settings of a server are secrets: their values are removed from what is shown and kept.
//!
//! A value that came from a `${VARIABLE}` counts, in every setting; one that is written out counts in `env` and `headers` where its name or its look
//! says so, and in a URL as password or query. What plainly is none does not, because it would be missing where it is needed: a path that exists, a
//! URL without user and query, and the few variables that every child gets.

use crate::entry::Launch;
use crate::expand::{Scope, expand};
use std::cell::RefCell;
use std::path::Path;

/// Variables of no secret.
const PUBLIC: [&str; 8] = ["PATH", "HOME", "USER", "LANG", "TMPDIR", "PWD", "SHELL", "HOSTNAME"];

/// The shortest value of letters and digits that looks like a token whatever its name is, in bytes.
const TOKEN_BYTES: usize = 20;

/// The values of a server's settings that are secrets, of any length.
pub(crate) fn of(launch: &Launch, scope: Scope<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let (texts, named, url) = match launch {
        Launch::Stdio { command, args, env, cwd } => (std::iter::once(command).chain(args).chain(cwd).collect::<Vec<_>>(), env, None),
        Launch::Http { url, headers } => (vec![url], headers, Some(url)),
    };
    for text in texts.into_iter().chain(named.values()) {
        found.extend(references(text, scope));
    }
    for (name, value) in named {
        let Ok(value) = expand(value, scope) else { continue };
        // `Bearer TOKEN`, `token=TOKEN`: whoever echoes it may leave the first word out.
        let words = value.split([' ', '=', ';', ',']).filter(|word| *word != value).map(str::to_owned).collect::<Vec<_>>();
        if names_a_secret(name) {
            found.extend(words);
            found.push(value);
        } else {
            found.extend(words.into_iter().chain([value]).filter(|word| looks_like_a_token(word)));
        }
    }
    if let Some(url) = url.and_then(|url| expand(url, scope).ok()) {
        found.extend(parts(&url));
    }
    found.retain(|value| !is_public(value));
    found
}

/// The values of the variables that a text refers to.
fn references(text: &str, scope: Scope<'_>) -> Vec<String> {
    let values = RefCell::new(Vec::new());
    let variable = |name: &str| {
        let value = (scope.variable)(name);
        values.borrow_mut().extend(value.clone().filter(|_| !PUBLIC.contains(&name)));
        value
    };
    // Where one has no value the server cannot be used, and those before it still count.
    let _expanded = expand(text, Scope { variable: &variable, ..scope });
    values.into_inner()
}

/// The password and the query's values of a URL.
fn parts(url: &str) -> Vec<String> {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = before.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let password = authority.rsplit_once('@').and_then(|(user, _)| Some(user.split_once(':')?.1));
    let values = query.split('#').next().unwrap_or_default().split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    password.into_iter().chain(values).map(str::to_owned).collect()
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "passw", "auth", "credential", "cookie", "dsn", "connection"].iter().any(|word| name.contains(word))
}

fn looks_like_a_token(value: &str) -> bool {
    let of = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    value.len() >= TOKEN_BYTES && plain && of(u8::is_ascii_digit) && of(u8::is_ascii_alphabetic)
}

fn is_public(value: &str) -> bool {
    let address = value.starts_with("http://") || value.starts_with("https://");
    (address && !value.contains(['@', '?'])) || (Path::new(value).is_absolute() && Path::new(value).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn check(launch: &Launch, expected: &[&str]) {
        let variable = |name: &str| match name {
            "TOKEN" => Some("from-a-variable".to_owned()),
            "DIRECTORY" => Some("/".to_owned()),
            "HOME" => Some("/home/ann/elsewhere".to_owned()),
            "ADDRESS" => Some("https://a.example/mcp".to_owned()),
            _ => None,
        };
        assert_eq!(of(launch, Scope { variable: &variable, folder: Path::new("/project") }), expected);
    }

    #[test]
    fn settings_that_are_secrets() {
        let stdio = |args: &[&str], env| Launch::Stdio {
            command: "npx".to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: pairs(env),
            cwd: None,
        };
        let http = |url: &str, headers| Launch::Http { url: url.to_owned(), headers: pairs(headers) };
        check(&stdio(&["--key", "${TOKEN}"], &[]), &["from-a-variable"]);
        check(&stdio(&["${UNSET}"], &[("MODE", "${TOKEN}"), ("LEVEL", "production-like")]), &["from-a-variable"]);
        check(&stdio(&[], &[("API_KEY", "written-out")]), &["written-out"]);
        check(&stdio(&[], &[("GH", "ghp_0123456789abcdefghij"), ("NODE_OPTIONS", "--max-old-space-size=4096")]), &["ghp_0123456789abcdefghij"]);
        check(&stdio(&["${DIRECTORY}", "${HOME}/x"], &[("KEY_FILE", "/dev/null"), ("AUTH_URL", "${ADDRESS}")]), &[]);
        check(
            &http("https://a.example/mcp", &[("Authorization", "Bearer the-token"), ("Accept", "application/json")]),
            &["Bearer", "the-token", "Bearer the-token"],
        );
        check(&http("https://ann:the-password@a.example/mcp?key=the-key&v=1#x", &[]), &["the-password", "the-key", "1"]);
    }
}
