//! Names of servers and tools. A raw upstream name never goes further than [`mint`]: what programs and models see consists of
//! `[a-z0-9_]`, starts with a letter, and is at most 64 characters long.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest server or tool name, in characters.
pub const NAME_CHARS: usize = 64;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left of it after minting.
    #[error("the name {0:?} has no letter or digit that a name may have (a-z, 0-9, _)")]
    Empty(String),
    /// It is not written as `server.tool`.
    #[error("{0:?} is not of the form server.tool")]
    NotQualified(String),
}

/// Words that are keywords in one of the languages or globals that every program sees; a server of that name gets a `_` at its end.
const RESERVED: &[&str] = &[
    "and",
    "artifacts",
    "as",
    "assert",
    "async",
    "asyncio",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "console",
    "continue",
    "crypto",
    "debugger",
    "def",
    "default",
    "del",
    "delete",
    "do",
    "elif",
    "else",
    "enum",
    "except",
    "export",
    "extends",
    "false",
    "fetch",
    "finally",
    "for",
    "from",
    "function",
    "global",
    "help",
    "if",
    "import",
    "in",
    "instanceof",
    "is",
    "json",
    "lambda",
    "let",
    "new",
    "none",
    "nonlocal",
    "not",
    "null",
    "or",
    "pass",
    "performance",
    "print",
    "process",
    "progress",
    "raise",
    "require",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "tools",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Makes a name out of any text: lower case, everything outside `[a-z0-9_]` becomes `_`, runs of `_` one, cut at 64 characters.
/// `listIssues` becomes `list_issues`. `None` when nothing is left.
#[must_use]
pub fn mint(raw: &str) -> Option<String> {
    let mut name = String::with_capacity(raw.len().min(NAME_CHARS));
    let mut previous_lower = false;
    for c in raw.chars() {
        if name.len() >= NAME_CHARS {
            break;
        }
        if c.is_ascii_uppercase() && previous_lower {
            name.push('_');
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            'A'..='Z' => name.push(c.to_ascii_lowercase()),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    name.truncate(NAME_CHARS);
    let name = name.trim_end_matches('_');
    match name.chars().next() {
        None => None,
        Some('0'..='9') => Some(format!("n{}", &name[..name.len().min(NAME_CHARS - 1)])),
        Some(_) => Some(name.to_owned()),
    }
}

/// The operator's alias of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerName(String);

impl ServerName {
    /// Mints a server's name out of the operator's alias. Reserved words get a `_` at their end.
    ///
    /// # Errors
    /// [`NameError::Empty`] when nothing is left of it.
    pub fn mint(raw: &str) -> Result<Self, NameError> {
        let name = mint(raw).ok_or_else(|| NameError::Empty(raw.to_owned()))?;
        Ok(ServerName(if RESERVED.contains(&name.as_str()) { format!("{name}_") } else { name }))
    }

    /// A name as a record of ours has it.
    pub(crate) fn written(name: String) -> Self {
        ServerName(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tool as programs name it: `server.tool`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToolName {
    /// The upstream.
    pub server: ServerName,
    /// The tool's minted name.
    pub tool: String,
}

impl ToolName {
    /// Splits `server.tool`. Neither part is checked against a catalog.
    ///
    /// # Errors
    /// [`NameError::NotQualified`] when there is no dot, or nothing on one side of it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text.split_once('.') {
            Some((server, tool)) if !server.is_empty() && !tool.is_empty() => {
                Ok(ToolName { server: ServerName(server.to_owned()), tool: tool.to_owned() })
            }
            _ => Err(NameError::NotQualified(text.to_owned())),
        }
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.server, self.tool)
    }
}

/// The candidate most like `wanted`, if one is near enough to be a likely misspelling.
#[must_use]
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = mint(wanted).unwrap_or_else(|| wanted.to_ascii_lowercase());
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= 0.82)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_names_have_only_allowed_characters() {
        for (raw, minted) in [
            ("list_issues", Some("list_issues")),
            ("listIssues", Some("list_issues")),
            ("get-tiny-image", Some("get_tiny_image")),
            ("API_v2", Some("api_v2")),
            ("2fa", Some("n2fa")),
            ("__x__", Some("x")),
            ("\u{202e}evil", Some("evil")),
            ("аdmin", Some("dmin")),
            ("", None),
            ("…", None),
        ] {
            assert_eq!(mint(raw).as_deref(), minted, "{raw:?}");
        }
        assert_eq!(mint(&"a".repeat(1000)).map(|n| n.len()), Some(64));
    }

    #[test]
    fn a_server_cannot_take_a_keyword() {
        assert_eq!(ServerName::mint("class").map(|n| n.to_string()), Ok("class_".to_owned()));
    }

    #[test]
    fn closest_finds_a_misspelling_and_nothing_else() {
        let names = ["list_issues", "create_issue", "read_file"];
        assert_eq!(closest("list_isues", names), Some("list_issues"));
        assert_eq!(closest("listIssues", names), Some("list_issues"));
        assert_eq!(closest("zzz", names), None);
    }
}
