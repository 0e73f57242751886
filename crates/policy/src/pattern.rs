//! Which tools a rule is about: `server.tool` with `*` in either part, or `*` alone for all of them.
//!
//! Patterns are compared with minted names only, so a pattern that no minted name can match is refused when it is read. Character classes,
//! `?` and `**` are deliberately absent.

use crate::{NAME_CHARS, ToolName, mint};
use std::fmt;

/// The longest pattern, in bytes: two names with room for wildcards.
const PATTERN_BYTES: usize = 2 * NAME_CHARS + 16;

/// A pattern over tools.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    server: String,
    tool: String,
}

impl Pattern {
    /// Every tool.
    #[must_use]
    pub fn any() -> Self {
        Pattern { server: "*".to_owned(), tool: "*".to_owned() }
    }

    /// Reads `server.tool`, where `*` stands for any characters, or `*`.
    ///
    /// # Errors
    /// Why it can match nothing, and what was probably meant.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::any());
        }
        if text.len() > PATTERN_BYTES {
            return Err(PatternError::Long);
        }
        let Some((server, tool)) = text.split_once('.').filter(|(server, tool)| !server.is_empty() && !tool.is_empty()) else {
            return Err(PatternError::NotQualified { text: text.to_owned() });
        };
        for part in [server, tool] {
            if let Some(strange) = part.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '*')) {
                let meant = |part: &str| part.split('*').map(|piece| mint(piece).unwrap_or_default()).collect::<Vec<_>>().join("*");
                return Err(PatternError::NoName { text: text.to_owned(), strange, meant: format!("{}.{}", meant(server), meant(tool)) });
            }
        }
        Ok(Pattern { server: server.to_owned(), tool: tool.to_owned() })
    }

    /// The part before the dot.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The part after the dot.
    #[must_use]
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// Whether it is about this tool.
    #[must_use]
    pub fn matches(&self, name: &ToolName) -> bool {
        glob(&self.server, name.server.as_str()) && glob(&self.tool, &name.tool)
    }

    /// Whether a tool of this name, by the part after the dot, is one of its server's that it is about.
    #[must_use]
    pub fn takes(&self, tool: &str) -> bool {
        glob(&self.tool, tool)
    }

    /// Whether it matches everything that `other` matches, whatever tools there are. May miss a cover that takes both parts together.
    #[must_use]
    pub fn covers(&self, other: &Pattern) -> bool {
        // A `*` of the other is a character that only a `*` of this one can take.
        glob(&self.server, &other.server) && glob(&self.tool, &other.tool)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::any() { f.write_str("*") } else { write!(f, "{}.{}", self.server, self.tool) }
    }
}

/// A pattern that can match nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is longer than two names.
    #[error("a pattern of more than {PATTERN_BYTES} bytes can match no tool")]
    Long,
    /// It has no dot, or nothing on one side of it.
    #[error("{text:?} is not a tool: write server.tool, server.*, or * for all")]
    NotQualified {
        /// What was written.
        text: String,
    },
    /// It has a character that names do not have.
    #[error("{text:?} can match no tool: names of tools have no {strange:?}; did you mean {meant:?}?")]
    NoName {
        /// What was written.
        text: String,
        /// The first such character.
        strange: char,
        /// The same as names are minted.
        meant: String,
    },
}

/// Whether `text` is `pattern` with every `*` replaced by some characters. Takes at most pattern times text steps.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // After the last `*`, and how far it reaches so far.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, t));
            }
            Some(byte) if *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, reach)) = retry else { return false };
                (p, t) = (after, reach + 1);
                retry = Some((after, t));
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn patterns_match_whole_names() {
        for (text, name, expected) in [
            ("*", "github.list_issues", true),
            ("github.*", "github.list_issues", true),
            ("github.*", "github2.list_issues", false),
            ("git*.list_*", "github.list_issues", true),
            ("*.list_*s", "github.list_issue", false),
            ("*.*issue*", "github.list_issues", true),
            ("github.list_issues", "github.list_issues", true),
            ("github.list", "github.list_issues", false),
            ("*.a*b*c", "x.a_b_c_b_c", true),
            ("*.a*b*c", "x.a_c_b", false),
        ] {
            assert_eq!(pattern(text).matches(&ToolName::parse(name).unwrap()), expected, "{text} {name}");
        }
    }

    #[test]
    fn what_covers_what() {
        for (wide, narrow, expected) in [
            ("*", "github.list_*", true),
            ("github.*", "github.list_*", true),
            ("github.list_*", "github.*", false),
            ("github.*_issue", "github.list_*", false),
            ("github.l*", "github.list_*", true),
            ("github.a", "github.a", true),
            ("github.*a", "github.*", false),
        ] {
            assert_eq!(pattern(wide).covers(&pattern(narrow)), expected, "{wide} {narrow}");
        }
    }

    #[test]
    fn what_can_match_nothing_is_refused() {
        for (text, error) in [
            ("github", "\"github\" is not a tool: write server.tool, server.*, or * for all"),
            (".x", "\".x\" is not a tool: write server.tool, server.*, or * for all"),
            ("github.listIssues", "\"github.listIssues\" can match no tool: names of tools have no 'I'; did you mean \"github.list_issues\"?"),
            ("My-Wiki.*", "\"My-Wiki.*\" can match no tool: names of tools have no 'M'; did you mean \"my_wiki.*\"?"),
            ("a.b.c", "\"a.b.c\" can match no tool: names of tools have no '.'; did you mean \"a.b_c\"?"),
        ] {
            assert_eq!(Pattern::parse(text).unwrap_err().to_string(), error);
        }
        assert_eq!(Pattern::parse(&format!("a.{}", "*".repeat(200))), Err(PatternError::Long));
    }
}
