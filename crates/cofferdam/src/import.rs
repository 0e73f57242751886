//! Files of other clients: `.mcp.json` and its relatives. They are not ours, so keys that we do not know are ignored, and a
//! server that we cannot use does not keep us from the others.

use crate::entry::{Entry, Launch};
use crate::fault::{ConfigError, place};
use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The keys under which clients keep their servers: most of them, VS Code, Zed.
const TABLES: [&str; 3] = ["mcpServers", "servers", "context_servers"];

/// JSON with comments and trailing commas, as editors write it; nothing looser.
const SYNTAX: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The servers of one file, in its order, without the disabled ones.
///
/// # Errors
/// When the file is not JSON, or has no servers to offer.
pub(crate) fn read(file: &Path, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Value = parse_to_serde_value(text, &SYNTAX)
        .map_err(|error| ConfigError::at(file, place(text, error.range().start), lower_first(&error.kind().to_string())))?;
    let Value::Object(document) = document else {
        return Err(ConfigError::of(file, format!("is {}, not an object with \"mcpServers\"", kind(&document))));
    };
    let Some((table, servers)) = TABLES.iter().find_map(|table| Some((*table, document.get(*table)?))) else {
        return Err(ConfigError::of(file, "has none of the keys \"mcpServers\", \"servers\" and \"context_servers\""));
    };
    let Value::Object(servers) = servers else {
        return Err(ConfigError::of(file, format!("\"{table}\" is {}, not an object", kind(servers))));
    };
    Ok(servers
        .iter()
        .filter(|(_, server)| server.get("disabled") != Some(&Value::Bool(true)))
        .map(|(alias, server)| Entry {
            alias: alias.clone(),
            file: file.to_owned(),
            launch: launch(server),
            era: None,
            call_timeout: None,
            start_timeout: None,
        })
        .collect())
}

/// How a server is reached, or why it cannot be.
fn launch(server: &Value) -> Result<Launch, String> {
    let Value::Object(server) = server else { return Err(format!("is {}, not an object", kind(server))) };
    let declared = string(server, "type")?;
    match declared.as_deref() {
        Some("sse") => Err("type \"sse\" (HTTP with server-sent events) is deprecated and not supported; use the server's streamable HTTP endpoint: \"type\": \"http\"".to_owned()),
        Some("http" | "streamable-http" | "streamableHttp") => http(server),
        Some("stdio" | "local") => stdio(server),
        Some(other) => Err(format!("has the unknown type {other:?}; known are \"stdio\" and \"http\"")),
        None if server.contains_key("command") => stdio(server),
        None if server.contains_key("url") => http(server),
        None => Err("has neither \"command\" nor \"url\"".to_owned()),
    }
}

/// A child process.
fn stdio(server: &Map<String, Value>) -> Result<Launch, String> {
    Ok(Launch::Stdio {
        command: string(server, "command")?.filter(|command| !command.is_empty()).ok_or("has no \"command\"")?,
        args: match server.get("args") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(args)) => args.iter().map(|arg| scalar("args", arg)).collect::<Result<_, _>>()?,
            Some(other) => return Err(format!("\"args\" is {}, not an array", kind(other))),
        },
        env: strings(server, "env")?,
        cwd: string(server, "cwd")?,
    })
}

/// Streamable HTTP.
fn http(server: &Map<String, Value>) -> Result<Launch, String> {
    let url = string(server, "url")?.filter(|url| !url.is_empty()).ok_or("has no \"url\"")?;
    Ok(Launch::Http { url, headers: strings(server, "headers")? })
}

/// An optional string.
fn string(server: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match server.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("\"{key}\" is {}, not a string", kind(other))),
    }
}

/// An optional object of strings.
fn strings(server: &Map<String, Value>, key: &str) -> Result<BTreeMap<String, String>, String> {
    match server.get(key) {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map.iter().map(|(name, value)| Ok((name.clone(), scalar(&format!("{key}.{name}"), value)?))).collect(),
        Some(other) => Err(format!("\"{key}\" is {}, not an object", kind(other))),
    }
}

/// A string; numbers and booleans, which some clients let pass, as they are written.
fn scalar(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(format!("\"{key}\" is {}, not a string", kind(other))),
    }
}

/// What a value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Our messages begin in lower case, after the place.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> &'static Path {
        Path::new("/project/.mcp.json")
    }

    fn entries(text: &str) -> Vec<(String, Result<Launch, String>)> {
        read(file(), text).unwrap().into_iter().map(|entry| (entry.alias, entry.launch)).collect()
    }

    fn refused(text: &str) -> String {
        read(file(), text).unwrap_err().to_string()
    }

    fn reason(server: &str) -> String {
        entries(&format!(r#"{{"mcpServers": {{"x": {server}}}}}"#)).remove(0).1.unwrap_err()
    }

    #[test]
    fn servers_of_every_client() {
        let stdio = Ok(Launch::Stdio {
            command: "npx".to_owned(),
            args: vec!["-y".to_owned(), "s".to_owned()],
            env: [("PORT".to_owned(), "80".to_owned())].into(),
            cwd: None,
        });
        let text = r#"{"command": "npx", "args": ["-y", "s"], "env": {"PORT": 80}, "alwaysAllow": ["x"], "timeout": 60}"#;
        for table in ["mcpServers", "servers", "context_servers"] {
            let text = format!(r#"{{"inputs": [], "{table}": {{"a": {text}}}}}"#);
            assert_eq!(entries(&text), [("a".to_owned(), stdio.clone())], "{table}");
        }
        let headers: BTreeMap<String, String> = [("Authorization".to_owned(), "Bearer ${T}".to_owned())].into();
        for kind in ["http", "streamable-http"] {
            let text = format!(
                r#"{{"mcpServers": {{"b": {{"type": "{kind}", "url": "https://x/mcp", "headers": {{"Authorization": "Bearer ${{T}}"}}}}}}}}"#
            );
            let expected = Ok(Launch::Http { url: "https://x/mcp".to_owned(), headers: headers.clone() });
            assert_eq!(entries(&text), [("b".to_owned(), expected)], "{kind}");
        }
    }

    #[test]
    fn comments_and_trailing_commas_are_read() {
        let text = "\u{feff}{\n // mine\n \"servers\": { /* one */ \"a\": {\"url\": \"http://x\",}, },\n}";
        assert_eq!(entries(text), [("a".to_owned(), Ok(Launch::Http { url: "http://x".to_owned(), headers: BTreeMap::new() }))]);
    }

    #[test]
    fn disabled_servers_are_left_out() {
        assert_eq!(entries(r#"{"mcpServers": {"a": {"command": "x", "disabled": true}}}"#), []);
    }

    #[test]
    fn a_server_that_cannot_be_used_says_why() {
        assert_eq!(
            reason(r#"{"type": "sse", "url": "http://x"}"#),
            "type \"sse\" (HTTP with server-sent events) is deprecated and not supported; use the server's streamable HTTP endpoint: \"type\": \"http\""
        );
        assert_eq!(reason(r#"{"type": "ws"}"#), "has the unknown type \"ws\"; known are \"stdio\" and \"http\"");
        assert_eq!(reason("{}"), "has neither \"command\" nor \"url\"");
        assert_eq!(reason("5"), "is a number, not an object");
        assert_eq!(reason(r#"{"command": ["npx"]}"#), "\"command\" is an array, not a string");
        assert_eq!(reason(r#"{"command": "x", "args": "-y"}"#), "\"args\" is a string, not an array");
        assert_eq!(reason(r#"{"command": "x", "env": {"A": {}}}"#), "\"env.A\" is an object, not a string");
        assert_eq!(reason(r#"{"type": "stdio"}"#), "has no \"command\"");
    }

    #[test]
    fn a_file_that_cannot_be_read_says_where() {
        assert_eq!(
            refused("{\n  \"mcpServers\": {\n    \"a\" 5\n}}"),
            "/project/.mcp.json:3:9: expected colon after the string or word in object property"
        );
        // A line ends where it does in a file of ours.
        assert_eq!(refused("{\n\r ?}"), "/project/.mcp.json:2:3: unexpected token");
        assert_eq!(refused("{'a': 1}"), "/project/.mcp.json:1:2: single-quoted strings are not allowed");
        assert_eq!(refused("[]"), "/project/.mcp.json: is an array, not an object with \"mcpServers\"");
        assert_eq!(refused(""), "/project/.mcp.json: is null, not an object with \"mcpServers\"");
        assert_eq!(refused("{}"), "/project/.mcp.json: has none of the keys \"mcpServers\", \"servers\" and \"context_servers\"");
        assert_eq!(refused(r#"{"mcpServers": []}"#), "/project/.mcp.json: \"mcpServers\" is an array, not an object");
    }
}
