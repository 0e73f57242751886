//! A tool's definition as one text that is the same whenever it means the same: what the operator accepts, and what is hashed.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The members of a raw tool that make its definition. What else an upstream sends of a tool, nothing here reads.
const MEMBERS: [&str; 5] = ["name", "description", "inputSchema", "outputSchema", "annotations"];

/// A definition and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    /// JSON with sorted members, one per line.
    pub text: String,
    /// SHA-256 of the text in hexadecimal digits.
    pub hash: String,
}

impl Definition {
    /// The definition of a tool as its upstream sent it. Its depth is bounded by the wire's own limit.
    pub(crate) fn of(raw: &Value) -> Definition {
        let members = MEMBERS.iter().filter_map(|&member| Some((member.to_owned(), sorted(raw.get(member)?)))).filter(|(_, value)| !value.is_null());
        let text = format!("{:#}\n", Value::Object(sorted_members(members.collect())));
        let hash = sha256(text.as_bytes());
        Definition { text, hash }
    }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(sorted_members(members.iter().map(|(key, value)| (key.clone(), sorted(value))).collect())),
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        plain => plain.clone(),
    }
}

fn sorted_members(mut members: Vec<(String, Value)>) -> Map<String, Value> {
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_and_what_nobody_reads_do_not_count_and_everything_else_does() {
        let hash = |raw: Value| Definition::of(&raw).hash;
        let schema = json!({"type": "object", "required": ["b", "a"]});
        let base = hash(json!({"name": "t", "description": "d", "inputSchema": schema}));
        assert_eq!(
            base,
            hash(json!({"inputSchema": {"required": ["b", "a"], "type": "object"}, "description": "d", "name": "t", "_meta": {"n": 1}}))
        );
        for changed in [
            json!({"name": "T", "description": "d", "inputSchema": schema}),
            json!({"name": "t", "description": "d ", "inputSchema": schema}),
            json!({"name": "t", "description": "d", "inputSchema": {"type": "object", "required": ["a", "b"]}}),
            json!({"name": "t", "description": "d", "inputSchema": schema, "outputSchema": {}}),
            json!({"name": "t", "description": "d", "inputSchema": schema, "annotations": {"readOnlyHint": true}}),
        ] {
            assert_ne!(base, hash(changed.clone()), "{changed}");
        }
    }

    #[test]
    fn a_definition_is_readable() {
        let text = Definition::of(&json!({"name": "t", "inputSchema": {"type": "object", "properties": {}}})).text;
        assert_eq!(text, "{\n  \"inputSchema\": {\n    \"properties\": {},\n    \"type\": \"object\"\n  },\n  \"name\": \"t\"\n}\n");
    }
}
