//! What the operator is offered to accept of a tool: its two facts, guessed from the upstream's hints, its name and its arguments.
//!
//! Guards against nothing by itself: a proposal counts only once the operator has accepted it. So it errs to the side that asks: what is not
//! clearly a read is a write, what is not clearly closed is external.

use crate::{Effect, Facts, Tool, mint};
use serde_json::Value;

/// Words with which the names of tools that only look begin.
const READING: &[&str] = &[
    "check",
    "compare",
    "count",
    "describe",
    "diff",
    "fetch",
    "find",
    "get",
    "grep",
    "head",
    "info",
    "inspect",
    "list",
    "log",
    "lookup",
    "ls",
    "peek",
    "preview",
    "query",
    "read",
    "resolve",
    "search",
    "show",
    "stat",
    "stats",
    "status",
    "summarize",
    "tail",
    "tree",
    "validate",
    "view",
    "whoami",
];

/// Words that, anywhere in a name, say that something changes.
const WRITING: &[&str] = &[
    "add",
    "append",
    "apply",
    "approve",
    "archive",
    "assign",
    "cancel",
    "clear",
    "close",
    "commit",
    "convert",
    "copy",
    "create",
    "delete",
    "deploy",
    "destroy",
    "disable",
    "drop",
    "edit",
    "enable",
    "eval",
    "exec",
    "execute",
    "forget",
    "grant",
    "insert",
    "install",
    "invite",
    "kill",
    "merge",
    "modify",
    "move",
    "patch",
    "pay",
    "post",
    "publish",
    "purge",
    "push",
    "put",
    "refund",
    "remove",
    "rename",
    "replace",
    "reset",
    "revoke",
    "run",
    "save",
    "send",
    "set",
    "start",
    "stop",
    "store",
    "submit",
    "transfer",
    "trigger",
    "truncate",
    "uninstall",
    "update",
    "upload",
    "upsert",
    "write",
];

/// Words that, anywhere in a name, say that something is lost: no hint outweighs them.
const DESTROYING: &[&str] = &["clear", "delete", "destroy", "drop", "kill", "purge", "remove", "reset", "revoke", "truncate", "uninstall", "wipe"];

/// Arguments that are programs: what a tool does with them, its name does not say.
const PROGRAMS: &[&str] = &["code", "command", "script", "sql", "statement"];

/// Words of argument names that say where something is reached.
const PLACES: &[&str] = &["url", "urls", "uri", "uris", "host", "hosts", "hostname", "endpoint", "domain", "webhook"];

/// Formats of JSON Schema that say the same.
const PLACE_FORMATS: &[&str] = &["uri", "url", "uri-reference", "iri", "iri-reference", "hostname", "idn-hostname"];

/// Levels of a schema that are looked at. Schemas are bounded before; this is the bound of our own recursion.
const DEPTH: usize = 64;

/// What is proposed for a tool.
#[must_use]
pub fn propose(tool: &Tool) -> Facts {
    Facts { effect: effect(tool), external: tool.annotations.open_world != Some(false) || names_a_place(&tool.input_schema, DEPTH) }
}

fn effect(tool: &Tool) -> Effect {
    // The name without the server's own, which many repeat: `git_status` of `git`.
    let words: Vec<&str> = tool.name.tool.split('_').filter(|word| *word != tool.name.server.as_str()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let hints = &tool.annotations;
    if hints.destructive == Some(true) || hints.read_only == Some(false) || has(DESTROYING) {
        return Effect::Write;
    }
    if hints.read_only == Some(true) {
        return Effect::Read;
    }
    let looks = words.first().is_some_and(|first| READING.contains(first));
    if looks && !has(WRITING) && !takes_a_program(tool) { Effect::Read } else { Effect::Write }
}

fn takes_a_program(tool: &Tool) -> bool {
    let Some(properties) = tool.input_schema.get("properties").and_then(Value::as_object) else { return false };
    properties.keys().filter_map(|name| mint(name)).any(|name| name.split('_').any(|word| PROGRAMS.contains(&word)))
}

/// Whether an argument, at any depth, may be any URL or host.
fn names_a_place(schema: &Value, depth: usize) -> bool {
    let Some(deeper) = depth.checked_sub(1) else { return true };
    match schema {
        Value::Object(members) => {
            let is_place = |(name, of): (&String, &Value)| is_free(of) && mint(name).is_some_and(|name| name.split('_').any(|w| PLACES.contains(&w)));
            let by_name = members.get("properties").and_then(Value::as_object).is_some_and(|properties| properties.iter().any(is_place));
            let by_format = members.get("format").and_then(Value::as_str).is_some_and(|format| PLACE_FORMATS.contains(&format)) && is_free(schema);
            by_name || by_format || members.iter().any(|(keyword, member)| member_names_a_place(keyword, member, deeper))
        }
        Value::Array(items) => items.iter().any(|item| names_a_place(item, deeper)),
        _ => false,
    }
}

/// The same for what stands behind one keyword: schemas by name, values that are no schemas, or schemas.
fn member_names_a_place(keyword: &str, member: &Value, depth: usize) -> bool {
    match (keyword, member) {
        ("properties" | "patternProperties" | "dependentSchemas" | "$defs" | "definitions", Value::Object(schemas)) => {
            schemas.values().any(|schema| names_a_place(schema, depth))
        }
        ("default" | "examples" | "enum" | "const", _) => false,
        _ => names_a_place(member, depth),
    }
}

/// Whether the values are not listed, so that the caller chooses.
fn is_free(schema: &Value) -> bool {
    let numeric = schema.get("type").and_then(Value::as_str).is_some_and(|kind| matches!(kind, "boolean" | "integer" | "number"));
    !numeric && schema.get("enum").is_none() && schema.get("const").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Annotations, ServerName, ToolName};
    use serde_json::json;

    fn tool(name: &str, annotations: Annotations, input_schema: Value) -> Tool {
        let name = ToolName { server: ServerName::mint("git").unwrap(), tool: mint(name).unwrap() };
        let (original, facts, hash) = (name.tool.clone(), Facts::UNREVIEWED, String::new());
        Tool { name, original, description: None, input_schema, output_schema: None, annotations, facts, hash }
    }

    fn effect_of(name: &str, read_only: Option<bool>, destructive: Option<bool>) -> &'static str {
        propose(&tool(name, Annotations { read_only, destructive, ..Annotations::default() }, json!({}))).effect.name()
    }

    #[test]
    fn effects_by_name_and_hint() {
        let (yes, no) = (Some(true), Some(false));
        for (name, read_only, destructive, expected) in [
            ("list_issues", None, None, "read"),
            ("getFile", None, None, "read"),
            ("git_status", None, None, "read"),
            ("search", None, no, "read"),
            ("get_or_create_user", None, None, "write"),
            ("find_and_replace", None, None, "write"),
            ("list_issues", no, None, "write"),
            ("list_issues", None, yes, "write"),
            ("issues", None, None, "write"),
            ("listen", None, None, "write"),
            ("create_issue", None, None, "write"),
            ("reticulate", yes, None, "read"),
            ("convert_time", yes, no, "read"),
            // An upstream's word does not outweigh a name that says the opposite, nor its own other word.
            ("delete_all", yes, None, "write"),
            ("reticulate", yes, yes, "write"),
        ] {
            assert_eq!(effect_of(name, read_only, destructive), expected, "{name} {read_only:?} {destructive:?}");
        }
    }

    #[test]
    fn a_tool_that_takes_a_program_does_whatever_it_says() {
        let query = |argument: &str| {
            let schema = json!({"type": "object", "properties": {argument: {"type": "string"}}});
            propose(&tool("query", Annotations::default(), schema)).effect.name()
        };
        assert_eq!([query("sql"), query("rawSql"), query("words")], ["write", "write", "read"]);
    }

    #[test]
    fn external_unless_closed_and_without_a_free_place() {
        let external = |open_world, schema: Value| propose(&tool("t", Annotations { open_world, ..Annotations::default() }, schema)).external;
        let closed = Some(false);
        let of = |name: &str, schema: Value| json!({"type": "object", "properties": {name: schema}});
        for (open_world, schema, expected) in [
            (None, json!({}), true),
            (Some(true), json!({}), true),
            (closed, json!({}), false),
            (closed, of("text", json!({"type": "string"})), false),
            (closed, of("url", json!({"type": "string"})), true),
            (closed, of("imageUrl", json!({"type": "string"})), true),
            (closed, of("url", json!({"enum": ["https://a.example"]})), false),
            (closed, of("target", json!({"type": "string", "format": "uri"})), true),
            (closed, of("target", json!({"const": "https://a.example", "format": "uri"})), false),
            (closed, of("hosts", json!({"type": "array", "items": {"type": "string"}})), true),
            (closed, of("host", json!({"type": "boolean"})), false),
            (closed, of("options", json!({"anyOf": [{"type": "null"}, of("webhook", json!({}))]})), true),
            (closed, of("text", json!({"default": {"properties": {"url": {}}}})), false),
            (closed, of("default", of("url", json!({}))), true),
            // Deeper than we look: unsure.
            (closed, (0..70).fold(json!({}), |inner, _| json!({"not": inner})), true),
        ] {
            assert_eq!(external(open_world, schema.clone()), expected, "{open_world:?} {schema}");
        }
    }
}
