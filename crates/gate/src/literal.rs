//! Arguments that a program writes out, against the tool's own schema. Guards against calls that can only fail: it uses the validator that the call itself
//! would meet, on what the text alone makes certain, so that nothing is refused here which would have been sent.

use crate::Schema;
use policy::{Effect, Tool};
use serde_json::{Map, Value};

/// What the text of an argument says of its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// All of it.
    Value(Value),
    /// Its JSON type: `string`, `array` or `object`.
    Type(&'static str),
}

/// Which argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    Position(usize),
    Name(String),
}

/// An array of these elements.
pub(crate) fn array(elements: impl Iterator<Item = Option<Literal>>) -> Literal {
    let known = elements.map(|element| match element {
        Some(Literal::Value(value)) => Some(value),
        _ => None,
    });
    known.collect::<Option<Vec<_>>>().map_or(Literal::Type("array"), |values| Literal::Value(Value::Array(values)))
}

/// An object of these members.
pub(crate) fn object(members: impl Iterator<Item = Option<(String, Option<Literal>)>>) -> Literal {
    let known = members.map(|member| match member {
        Some((name, Some(Literal::Value(value)))) => Some((name, value)),
        _ => None,
    });
    known.collect::<Option<Map<_, _>>>().map_or(Literal::Type("object"), |members| Literal::Value(Value::Object(members)))
}

/// A tool's schema as far as it speaks of single arguments.
#[derive(Debug)]
pub(crate) struct Arguments(Option<Schema>);

impl Arguments {
    pub(crate) fn of(tool: &Tool) -> Self {
        // Not what it says of all arguments together: only some of them are known.
        let keep = |key: &str| matches!(key, "$schema" | "$id" | "$defs" | "definitions" | "properties");
        let members = tool.input_schema.as_object().into_iter().flatten();
        let single: Map<String, Value> = members.filter(|(key, _)| keep(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
        Arguments(Schema::compile(&Value::Object(single)))
    }

    /// What is wrong with the arguments that are written out; `None` if nothing certainly is.
    pub(crate) fn wrong(&self, tool: &Tool, literals: &[(Which, Literal)]) -> Option<String> {
        let parameters = tool.parameters();
        let mut known = Map::new();
        for (which, literal) in literals {
            let name = match which {
                Which::Name(name) => name.as_str(),
                Which::Position(at) => parameters.get(*at)?.0,
            };
            match literal {
                Literal::Value(value) => _ = known.insert(name.to_owned(), value.clone()),
                Literal::Type(kind) => {
                    let schema = tool.input_schema.get("properties").and_then(|properties| properties.get(name));
                    if self.0.is_some() && schema.is_some_and(|schema| excludes(schema, kind)) {
                        return Some(format!("`{name}` may not be {} {kind}", if *kind == "string" { "a" } else { "an" }));
                    }
                }
            }
        }
        let problem = self.0.as_ref()?.check(&Value::Object(known)).err()?;
        // It quotes the schema: words of the upstream that nobody has accepted yet are not for a model's eyes.
        Some(if tool.facts.effect == Effect::Unreviewed {
            format!("an argument does not fit; tools.describe(\"{}\") says what does", tool.name)
        } else {
            problem
        })
    }
}

/// Whether a schema certainly allows no value of this type.
fn excludes(schema: &Value, kind: &str) -> bool {
    let by_type = match schema.get("type") {
        Some(Value::String(only)) => only != kind,
        Some(Value::Array(some)) => !some.is_empty() && some.iter().all(|one| one.as_str().is_some_and(|one| one != kind)),
        _ => false,
    };
    let by_branches = ["anyOf", "oneOf"].iter().filter_map(|word| schema.get(word)?.as_array()).any(|branches| {
        // One level: a branch that refers or combines is not looked into.
        !branches.is_empty() && branches.iter().all(|branch| branch.get("type").and_then(Value::as_str).is_some_and(|only| only != kind))
    });
    by_type || by_branches
}
