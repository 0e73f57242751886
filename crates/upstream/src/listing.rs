//! Lists an upstream's tools and turns them into [`policy::Tool`]s, or quarantines them.
//!
//! What may name a tool, what may be in its schemas and how much there may be of all is decided here, once; everything behind this module
//! sees minted names and bounded schemas. A tool that is kept out here cannot be accepted either: its name or
//! its schema is not fit to be judged.

use crate::connection::{Connection, Failure, Reason};
use crate::lock::Definition;
use crate::text::{clean_line, escaped, is_hidden};
use policy::{Annotations, Facts, Layer, ServerName, Tool, ToolName, mint};
use rmcp::model::{ClientRequest, ListToolsRequest, PaginatedRequestParams, ServerResult};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Pages that are followed. Guards against a cursor without end.
const PAGES: usize = 100;
/// Tools of one upstream. Guards the broker's memory and the search index.
const TOOLS: usize = 2000;
/// All pages together, in bytes. Guards the broker's memory.
const LIST_BYTES: usize = 8 * 1024 * 1024;
/// A tool's raw name, in characters.
const RAW_NAME_CHARS: usize = 128;
/// Each schema of a tool, in bytes of JSON.
const SCHEMA_BYTES: usize = 256 * 1024;
/// Nesting of a schema. Guards every recursive reader after it.
const SCHEMA_DEPTH: usize = 64;
/// A description as it is kept, in bytes.
const DESCRIPTION_BYTES: usize = 16 * 1024;
/// Quarantined tools that are remembered.
pub(crate) const QUARANTINED: usize = 200;

/// A tool that is kept out of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its raw name, escaped and cut: never an identifier, never shown to a model.
    pub raw_name: String,
    /// The name that it would have.
    pub name: Option<String>,
    /// Why it is kept out, for the operator.
    pub reason: &'static str,
}

/// What an upstream listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    /// Tools by minted name.
    pub tools: BTreeMap<String, Tool>,
    /// Their definitions, by the same name.
    pub definitions: BTreeMap<String, Definition>,
    /// Tools that are kept out whatever the operator accepted.
    pub quarantined: Vec<Quarantined>,
}

/// Follows all pages of `tools/list` within `wait`.
///
/// # Errors
/// The reason: the upstream did not answer, or lists more than any limit of this module.
pub(crate) async fn list(connection: &Connection, server: &ServerName, wait: Duration) -> Result<Listing, Reason> {
    let deadline = Instant::now() + wait;
    let mut raw_tools = Vec::new();
    let mut bytes = 0;
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor.take());
        let request = ClientRequest::ListToolsRequest(ListToolsRequest::with_param(params));
        let left = deadline.saturating_duration_since(Instant::now());
        let (result, wire_bytes) = connection.request(request, left).await.map_err(reason)?;
        let mut page = match result {
            ServerResult::CustomResult(custom) => custom.0,
            typed => serde_json::to_value(typed).map_err(|_| Reason::plain("its list of tools could not be read"))?,
        };
        bytes += if wire_bytes == 0 { page.to_string().len() } else { wire_bytes };
        if bytes > LIST_BYTES {
            return Err(Reason::plain(format!("its list of tools is larger than {LIST_BYTES} bytes")));
        }
        let Some(Value::Array(tools)) = page.get_mut("tools").map(Value::take) else {
            return Err(Reason::plain("its answer to tools/list has no tools"));
        };
        raw_tools.extend(tools);
        if raw_tools.len() > TOOLS {
            return Err(Reason::plain(format!("it lists more than {TOOLS} tools")));
        }
        match page.get("nextCursor") {
            Some(Value::String(next)) => cursor = Some(next.clone()),
            _ => return Ok(sort(server, raw_tools)),
        }
    }
    Err(Reason::plain(format!("its list of tools has more than {PAGES} pages")))
}

fn reason(failure: Failure) -> Reason {
    Reason::plain(match failure {
        Failure::NotSent(why) => format!("{why} before its tools were listed"),
        Failure::Closed(why) => format!("{why} while its tools were listed"),
        Failure::Timeout => "it did not list its tools in time".to_owned(),
        Failure::Rejected(error) => {
            let detail = Some(clean_line(&error.message, 200));
            return Reason { text: "it refused to list its tools".to_owned(), detail };
        }
        Failure::TooLarge => format!("its list of tools is larger than {LIST_BYTES} bytes"),
        Failure::TooDeep => "its list of tools is nested too deep".to_owned(),
        Failure::Malformed => "its answer to tools/list could not be read".to_owned(),
    })
}

/// Splits raw tools into those that may be named and those that may not. Tools that would share a name are all kept out: which of
/// them was meant must not depend on their order.
fn sort(server: &ServerName, raw_tools: Vec<Value>) -> Listing {
    let mut candidates: BTreeMap<String, Vec<(Tool, Definition)>> = BTreeMap::new();
    let mut listing = Listing::default();
    for raw in raw_tools {
        match accept(server, raw) {
            Ok((tool, definition)) => candidates.entry(tool.name.tool.clone()).or_default().push((tool, definition)),
            Err(quarantined) => listing.quarantined.push(quarantined),
        }
    }
    for (name, mut tools) in candidates {
        match (tools.len(), tools.pop()) {
            (others, Some((tool, definition))) if others == 1 || Layer::Metadata.is_off() => {
                listing.definitions.insert(name.clone(), definition);
                listing.tools.insert(name, tool);
            }
            (_, last) => listing.quarantined.extend(tools.into_iter().chain(last).map(|(tool, _)| Quarantined {
                raw_name: escaped(&tool.original),
                name: Some(name.clone()),
                reason: "another tool of this server has the same name once both are written in a-z, 0-9 and _",
            })),
        }
    }
    listing.quarantined.truncate(QUARANTINED);
    listing
}

/// One raw tool as a catalog entry, with its definition.
fn accept(server: &ServerName, mut raw: Value) -> Result<(Tool, Definition), Quarantined> {
    let name = raw.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let quarantine = |reason| Quarantined { raw_name: escaped(&name), name: mint(&name), reason };
    let (judged, minted) = (!Layer::Metadata.is_off(), mint(&name));
    if judged && name.chars().count() > RAW_NAME_CHARS {
        return Err(quarantine("its name is longer than 128 characters"));
    }
    if judged && name.chars().any(is_hidden) {
        return Err(quarantine("its name has control, direction or invisible characters"));
    }
    let Some(tool) = minted else {
        return Err(quarantine("its name has no letter or digit"));
    };
    if judged && !name.is_ascii() {
        return Err(quarantine("its name has characters that can be taken for others: only ASCII is sure to look like what it is"));
    }
    let definition = Definition::of(&raw);
    let mut schema = |member: &str| raw.get_mut(member).map(Value::take).filter(|schema| !schema.is_null());
    let input_schema = schema("inputSchema").filter(Value::is_object).unwrap_or_else(|| json!({"type": "object"}));
    let output_schema = schema("outputSchema");
    for schema in [Some(&input_schema), output_schema.as_ref()].into_iter().flatten() {
        if depth(schema) > SCHEMA_DEPTH {
            return Err(quarantine("its schema is nested deeper than 64 levels"));
        }
        if schema.to_string().len() > SCHEMA_BYTES {
            return Err(quarantine("its schema is larger than 256 KiB"));
        }
    }
    let hint = |name: &str| raw.pointer(&format!("/annotations/{name}")).and_then(Value::as_bool);
    let annotations = Annotations {
        read_only: hint("readOnlyHint"),
        destructive: hint("destructiveHint"),
        idempotent: hint("idempotentHint"),
        open_world: hint("openWorldHint"),
    };
    let description = raw
        .get("description")
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty())
        .map(|text| text[..text.floor_char_boundary(DESCRIPTION_BYTES)].to_owned());
    let (name_of_tool, hash) = (ToolName { server: server.clone(), tool }, definition.hash.clone());
    let tool = Tool { name: name_of_tool, original: name, description, input_schema, output_schema, annotations, facts: Facts::UNREVIEWED, hash };
    Ok((tool, definition))
}

/// Levels of objects and arrays. The wire's own limit bounds the recursion.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(raw_tools: Vec<Value>) -> (Vec<String>, Vec<(String, &'static str)>) {
        let listing = sort(&ServerName::mint("s").unwrap(), raw_tools);
        (listing.tools.into_keys().collect(), listing.quarantined.into_iter().map(|q| (q.raw_name, q.reason)).collect())
    }

    #[test]
    fn names_that_cannot_be_told_apart_or_seen_are_kept_out() {
        let long = "a".repeat(129);
        let names = ["read-file", "readFile", "ok", "\u{202e}evil", "…", long.as_str(), "tag\u{e0041}", "", "r\u{435}ad", "\u{ff4f}k"];
        let same = "another tool of this server has the same name once both are written in a-z, 0-9 and _";
        let lookalike = "its name has characters that can be taken for others: only ASCII is sure to look like what it is";
        let hidden = "its name has control, direction or invisible characters";
        assert_eq!(
            sorted(names.iter().map(|name| json!({"name": name})).collect()),
            (
                vec!["ok".to_owned()],
                vec![
                    ("\\u{202e}evil".to_owned(), hidden),
                    ("\\u{2026}".to_owned(), "its name has no letter or digit"),
                    (format!("{}...", "a".repeat(80)), "its name is longer than 128 characters"),
                    ("tag\\u{e0041}".to_owned(), hidden),
                    (String::new(), "its name has no letter or digit"),
                    ("r\\u{435}ad".to_owned(), lookalike),
                    ("\\u{ff4f}k".to_owned(), lookalike),
                    ("read-file".to_owned(), same),
                    ("readFile".to_owned(), same),
                ]
            )
        );
    }

    #[test]
    fn schemas_are_bounded_and_made_objects() {
        let deep = (0..65).fold(json!({}), |inner, _| json!({"not": inner}));
        let large = json!({"type": "object", "description": "x".repeat(SCHEMA_BYTES)});
        let (names, quarantined) = sorted(vec![
            json!({"name": "deep", "inputSchema": deep}),
            json!({"name": "large", "outputSchema": large}),
            json!({"name": "odd", "inputSchema": true}),
        ]);
        assert_eq!(names, ["odd"]);
        assert_eq!(
            quarantined,
            [("deep".to_owned(), "its schema is nested deeper than 64 levels"), ("large".to_owned(), "its schema is larger than 256 KiB")]
        );
        let (odd, _) = accept(&ServerName::mint("s").unwrap(), json!({"name": "odd", "inputSchema": true})).unwrap();
        assert_eq!(odd.input_schema, json!({"type": "object"}));
    }
}
