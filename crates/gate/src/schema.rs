//! Checks values against an upstream's JSON Schema. The schema is as untrusted as the values: it may not fetch anything, its patterns
//! run in linear time, and one that is too deep or not understood is no schema at all.

use serde_json::Value;
use std::error::Error;
use std::fmt;

/// Nesting of a schema that is still compiled. Guards the stack.
const SCHEMA_DEPTH: usize = 96;
/// Problems that a message names.
const PROBLEMS: usize = 3;
/// Length of one problem's text, in bytes: schemas and values are quoted in it.
const PROBLEM_BYTES: usize = 240;
/// Size of a compiled pattern, in bytes. Guards the broker's memory.
const PATTERN_BYTES: usize = 1024 * 1024;

/// A compiled schema.
pub struct Schema(jsonschema::Validator);

impl Schema {
    /// Compiles a schema. `None` when it is not usable: malformed, too deep, or referring to another document.
    #[must_use]
    pub fn compile(schema: &Value) -> Option<Schema> {
        if crate::depth::of_value(schema) > SCHEMA_DEPTH {
            return None;
        }
        jsonschema::options()
            .with_retriever(NoRetrieval)
            .with_pattern_options(jsonschema::PatternOptions::regex().size_limit(PATTERN_BYTES))
            .should_validate_formats(false)
            .build(schema)
            .ok()
            .map(Schema)
    }

    /// Checks a value. The value's nesting has to be bounded by the caller, as [`crate::reply`] does.
    ///
    /// # Errors
    /// The first problems, each as path and reason.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let mut problems: Vec<String> = Vec::new();
        for error in self.0.iter_errors(value).take(PROBLEMS) {
            let path = error.instance_path().to_string();
            let path = if path.is_empty() { "the value".to_owned() } else { path };
            problems.push(short(&format!("{path}: {error}")));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

/// Refuses every document that a `$ref` names: a schema may not reach the network or the disk.
struct NoRetrieval;

impl jsonschema::Retrieve for NoRetrieval {
    fn retrieve(&self, _: &jsonschema::Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        Err("a schema may not refer to another document".into())
    }
}

fn short(problem: &str) -> String {
    let cleaned = crate::clean(problem).into_text();
    if cleaned.len() <= PROBLEM_BYTES {
        return cleaned.into_owned();
    }
    format!("{}...", cleaned.get(..cleaned.floor_char_boundary(PROBLEM_BYTES)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(schema: Value, value: Value, result: Result<(), &str>) {
        let schema = Schema::compile(&schema).expect("usable");
        assert_eq!(schema.check(&value), result.map_err(str::to_owned));
    }

    #[test]
    fn problems_name_path_and_reason() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        check(schema.clone(), json!({"n": 1}), Ok(()));
        check(schema.clone(), json!({"n": "x"}), Err("/n: \"x\" is not of type \"integer\""));
        check(schema, json!({}), Err("the value: \"n\" is a required property"));
        check(
            json!({"pattern": "^(a+)+$"}),
            json!("a".repeat(60) + "b"),
            Err(&format!("the value: \"{}b\" does not match \"^(a+)+$\"", "a".repeat(60))),
        );
        check(json!({"$ref": "#"}), json!(1), Ok(()));
    }

    #[test]
    fn unusable_schemas_are_none() {
        for schema in [
            json!({"type": 3}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"pattern": "("}),
            json!({"pattern": "(?=a)b"}),
            json!("text"),
        ] {
            assert!(Schema::compile(&schema).is_none(), "{schema}");
        }
        let deep = (0..120).fold(json!({}), |inner, _| json!({"items": inner}));
        assert!(Schema::compile(&deep).is_none());
    }
}
