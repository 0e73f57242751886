//! The text of `cofferdam.lock`: read strictly, written in one order, so that a change of it is a change that somebody can read.

use policy::{Effect, Facts, mint};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use toml::Spanned;

/// The only version of the format.
const VERSION: i64 = 1;

/// Digits of a hash: SHA-256 in hexadecimal.
const HASH_DIGITS: usize = 64;

const HEADER: &str = "\
# What the operator accepted: how each server is started, and each of its tools with the hash of its definition.
# Written by `cofferdam lock`; made to be read, and to be kept beside the configuration.
";

/// What the operator accepted, by server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The servers by their minted name.
    pub servers: BTreeMap<String, LockedServer>,
}

/// What the operator accepted of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedServer {
    /// How it is started.
    pub launch: LaunchLine,
    /// Its tools by the part of their name after the dot.
    pub tools: BTreeMap<String, LockedTool>,
}

/// How a server is started or reached, without secrets: the configuration as it is written, before references are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchLine {
    /// Command and arguments, or URL, for eyes: what is or looks like a secret is left out.
    pub summary: String,
    /// Names of environment variables, or of headers, sorted.
    pub names: Vec<String>,
    /// Working directory, when one is configured.
    pub cwd: Option<String>,
    /// Hash of all of it, with nothing left out but the values of variables and headers.
    pub hash: String,
}

/// What the operator accepted of one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedTool {
    /// Its effect and whether it is external.
    pub facts: Facts,
    /// Hash of its definition.
    pub hash: String,
}

/// Why a text is not a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Where, as a byte of the text.
    pub at: Option<usize>,
    /// What is wrong.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDocument {
    version: Spanned<i64>,
    #[serde(default)]
    servers: BTreeMap<Spanned<String>, RawServer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    launch: String,
    #[serde(default)]
    names: Vec<String>,
    cwd: Option<String>,
    hash: Spanned<String>,
    #[serde(default)]
    tools: BTreeMap<Spanned<String>, RawTool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTool {
    effect: Effect,
    external: bool,
    hash: Spanned<String>,
}

impl Document {
    /// Reads a lockfile.
    pub(crate) fn parse(text: &str) -> Result<Document, Malformed> {
        let raw: RawDocument = toml::from_str(text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ").replace('`', "\"");
            Malformed { at: error.span().map(|span| span.start), message }
        })?;
        if *raw.version.get_ref() != VERSION {
            let message = format!("version {} is not known to this program, which writes version {VERSION}", raw.version.get_ref());
            return Err(Malformed { at: Some(raw.version.span().start), message });
        }
        let servers = raw.servers.into_iter().map(|(name, server)| Ok((checked_name(name)?, checked_server(server)?))).collect::<Result<_, _>>()?;
        Ok(Document { servers })
    }

    /// Writes it. The same document is always the same text.
    pub(crate) fn print(&self) -> String {
        let mut text = format!("{HEADER}version = {VERSION}\n");
        let quoted = |value: &str| toml::Value::from(value).to_string();
        for (name, server) in &self.servers {
            let LaunchLine { summary, names, cwd, hash } = &server.launch;
            // Writing to a String cannot fail.
            let _infallible = write!(text, "\n[servers.{name}]\nlaunch = {}\n", quoted(summary));
            if !names.is_empty() {
                let _infallible = writeln!(text, "names = [{}]", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "));
            }
            if let Some(cwd) = cwd {
                let _infallible = writeln!(text, "cwd = {}", quoted(cwd));
            }
            let _infallible = writeln!(text, "hash = \"{hash}\"");
            if !server.tools.is_empty() {
                let _infallible = writeln!(text, "\n[servers.{name}.tools]");
            }
            for (tool, LockedTool { facts, hash }) in &server.tools {
                let (effect, external) = (facts.effect.name(), facts.external);
                let _infallible = writeln!(text, "{tool} = {{ effect = \"{effect}\", external = {external}, hash = \"{hash}\" }}");
            }
        }
        text
    }
}

fn checked_server(raw: RawServer) -> Result<LockedServer, Malformed> {
    let RawServer { launch, names, cwd, hash, tools } = raw;
    let tools = tools.into_iter().map(|(name, tool)| {
        let facts = Facts { effect: tool.effect, external: tool.external };
        Ok((checked_name(name)?, LockedTool { facts, hash: checked_hash(tool.hash)? }))
    });
    let tools = tools.collect::<Result<_, _>>()?;
    Ok(LockedServer { launch: LaunchLine { summary: launch, names, cwd, hash: checked_hash(hash)? }, tools })
}

/// A name as programs write it; a server's may end in `_`.
fn checked_name(name: Spanned<String>) -> Result<String, Malformed> {
    let written = name.get_ref().strip_suffix('_').unwrap_or(name.get_ref());
    if mint(written).as_deref() == Some(written) {
        return Ok(name.into_inner());
    }
    let message = format!("{:?} is not a name: names have a-z, 0-9 and _, and begin with a letter", name.get_ref());
    Err(Malformed { at: Some(name.span().start), message })
}

fn checked_hash(hash: Spanned<String>) -> Result<String, Malformed> {
    let digits = hash.get_ref();
    if digits.len() == HASH_DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(hash.into_inner());
    }
    Err(Malformed { at: Some(hash.span().start), message: format!("a hash has {HASH_DIGITS} hexadecimal digits") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(digit: &str) -> String {
        digit.repeat(HASH_DIGITS)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let tool = |effect, external, digit| LockedTool { facts: Facts { effect, external }, hash: hash(digit) };
        let launch = |summary: &str, names: &[&str], cwd: Option<&str>| LaunchLine {
            summary: summary.to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            cwd: cwd.map(str::to_owned),
            hash: hash("a"),
        };
        let tools = [("get".to_owned(), tool(Effect::Read, false, "b")), ("put".to_owned(), tool(Effect::Unreviewed, true, "c"))];
        let servers = [
            ("class_".to_owned(), LockedServer { launch: launch("npx -y \"x\"\n\\", &["A", "B"], Some("/tmp")), tools: tools.into() }),
            ("web".to_owned(), LockedServer { launch: launch("https://a.example/mcp", &[], None), tools: BTreeMap::new() }),
        ];
        let document = Document { servers: servers.into() };
        let text = document.print();
        assert_eq!(Document::parse(&text), Ok(document), "{text}");
        let line = format!("get = {{ effect = \"read\", external = false, hash = \"{}\" }}", hash("b"));
        assert!(text.lines().any(|one| one == line), "{text}");
    }

    #[test]
    fn what_is_not_a_lockfile_is_refused_with_its_place() {
        let refused = |text: &str| {
            let Malformed { at, message } = Document::parse(text).unwrap_err();
            (at.map(|at| text[..at].matches('\n').count() + 1), message)
        };
        let server = format!("version = 1\n[servers.a]\nlaunch = \"x\"\nhash = \"{}\"\n", hash("a"));
        for (text, line, message) in [
            (String::new(), Some(1), "missing field \"version\""),
            ("version = 2\n".to_owned(), Some(1), "version 2 is not known to this program, which writes version 1"),
            ("version = 1\nx = 1\n".to_owned(), Some(2), "unknown field \"x\", expected \"version\" or \"servers\""),
            ("version = 1\n[servers.\"A b\"]\n".to_owned(), Some(2), "missing field \"launch\""),
            (server.replace("servers.a", "servers.\"A b\""), Some(2), "\"A b\" is not a name: names have a-z, 0-9 and _, and begin with a letter"),
            (server.replace(&hash("a"), "abc"), Some(4), "a hash has 64 hexadecimal digits"),
            (
                format!("{server}[servers.a.tools]\nt = {{ effect = \"reads\", external = true, hash = \"\" }}\n"),
                Some(6),
                "unknown variant \"reads\", expected one of \"read\", \"write\", \"unreviewed\"",
            ),
        ] {
            assert_eq!(refused(&text), (line, message.to_owned()), "{text}");
        }
    }
}
