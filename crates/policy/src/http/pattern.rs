//! One pattern of an http rule: `GET,POST https://*.example.com:8443/v1/**`.
//!
//! Methods are a list or `*`; a host is exact, `*.` and what it ends with, or `*` for any; without a port it is the scheme's own; in a path `*` stands
//! for characters but `/`, and `**` for any. Query and fragment are deliberately absent.

use super::Method;
use std::{collections::BTreeSet, fmt};
use url::{Host, Url};

/// The longest pattern, in bytes. Every request is compared with every pattern.
const PATTERN_BYTES: usize = 2048;

/// A pattern over requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlPattern {
    text: String,
    methods: BTreeSet<Method>,
    scheme: &'static str,
    host: HostPattern,
    port: u16,
    path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Exact(Host<String>),
    /// Any name that ends with this, which begins with a dot.
    Below(String),
    Any,
}

/// A pattern that cannot be obeyed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} {why}")]
pub struct UrlPatternError {
    text: String,
    why: String,
}

impl UrlPattern {
    /// Reads `METHOD[,METHOD...] https://host[:port]/path`.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn parse(text: &str) -> Result<Self, UrlPatternError> {
        let wrong = |why: &str| UrlPatternError { text: text.chars().take(200).collect(), why: why.to_owned() };
        if text.len() > PATTERN_BYTES {
            return Err(wrong("is longer than a pattern may be"));
        }
        let form = || wrong("is no pattern: write methods and a URL, such as \"GET,POST https://api.example.com/v1/**\"");
        let (methods, url) = text.split_once(' ').ok_or_else(form)?;
        let methods = match methods {
            "*" => Method::ALL.into(),
            list => list
                .split(',')
                .map(|one| Method::ALL.into_iter().find(|method| method.as_str() == one))
                .collect::<Option<_>>()
                .ok_or_else(|| wrong("has a method that is none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, or * for all"))?,
        };
        let (scheme, rest, own_port) = match url.split_once("://") {
            Some(("https", rest)) => ("https", rest, 443),
            Some(("http", rest)) => ("http", rest, 80),
            _ => return Err(form()),
        };
        let at = rest.find('/').ok_or_else(|| wrong("has no path: end it with /** for all paths"))?;
        let (authority, path) = rest.split_at(at);
        if authority.contains('@') {
            return Err(wrong("has a user name: programs may not name one; let the rule have headers"));
        }
        if path.contains(['?', '#']) {
            return Err(wrong("has a query or fragment: a pattern ends with the path, and the query is free"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong("has a port that is no number"))?),
            _ => (authority, own_port),
        };
        Ok(UrlPattern {
            text: text.to_owned(),
            methods,
            scheme,
            host: host_pattern(host).ok_or_else(|| wrong("has no host that a URL can have: write a name, an address, *.name, or * for any"))?,
            port,
            path: normal(path, scheme)
                .ok_or_else(|| wrong("has a path that no URL has: it would be written in another way; . and .. are resolved"))?,
        })
    }

    /// Whether it is about this request. A URL that names a user matches nothing.
    #[must_use]
    pub fn matches(&self, method: Method, url: &Url) -> bool {
        self.methods.contains(&method)
            && url.scheme() == self.scheme
            && url.username().is_empty()
            && url.password().is_none()
            && url.port_or_known_default() == Some(self.port)
            && self.host.matches(url)
            && glob(self.path.as_bytes(), url.path().as_bytes())
            && slashes_decoded(url).is_none_or(|other| glob(self.path.as_bytes(), other.path().as_bytes()))
    }

    /// Whether it names one host.
    #[must_use]
    pub fn has_exact_host(&self) -> bool {
        matches!(self.host, HostPattern::Exact(_))
    }
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl HostPattern {
    fn matches(&self, url: &Url) -> bool {
        match (self, url.host()) {
            (HostPattern::Any, Some(_)) => true,
            (HostPattern::Exact(host), Some(asked)) => *host == asked.to_owned(),
            (HostPattern::Below(end), Some(Host::Domain(name))) => name.strip_suffix(end.as_str()).is_some_and(|before| !before.is_empty()),
            _ => false,
        }
    }
}

fn host_pattern(text: &str) -> Option<HostPattern> {
    match text {
        "*" => Some(HostPattern::Any),
        _ => match text.strip_prefix("*.") {
            Some(name) => match Host::parse(name).ok()? {
                Host::Domain(name) if !name.contains('*') => Some(HostPattern::Below(format!(".{name}"))),
                _ => None,
            },
            None => Host::parse(text).ok().filter(|host| !matches!(host, Host::Domain(name) if name.contains('*'))).map(HostPattern::Exact),
        },
    }
}

/// A pattern's path, if it is as URLs write paths: one that they write in another way would never match.
fn normal(path: &str, scheme: &str) -> Option<String> {
    let url = Url::parse(&format!("{scheme}://host{path}")).ok()?;
    (url.path() == path).then(|| path.to_owned())
}

/// The URL that a server sees which decodes slashes before it resolves dots; `None`: there are none.
fn slashes_decoded(url: &Url) -> Option<Url> {
    let lower = url.path().to_ascii_lowercase();
    if !lower.contains("%2f") && !lower.contains("%5c") {
        return None;
    }
    let mut path = url.path().to_owned();
    for code in ["%2f", "%2F", "%5c", "%5C"] {
        path = path.replace(code, "/");
    }
    let mut other = url.clone();
    other.set_path(&path);
    Some(other)
}

/// Whether `text` is `pattern` with every `**` replaced by some bytes, and every `*` by some bytes that are no slash.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    // reached[t]: the pattern so far can end before byte t.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    let mut rest = pattern;
    while let [first, after @ ..] = rest {
        let (any, after) = match (first, after) {
            (b'*', [b'*', after @ ..]) => (Some(true), after),
            (b'*', after) => (Some(false), after),
            (_, after) => (None, after),
        };
        match any {
            Some(also_slashes) => {
                for t in 0..text.len() {
                    reached[t + 1] |= reached[t] && (also_slashes || text[t] != b'/');
                }
            }
            None => {
                for t in (0..text.len()).rev() {
                    reached[t + 1] = reached[t] && text[t] == *first;
                }
                reached[0] = false;
            }
        }
        rest = after;
    }
    reached[text.len()]
}
