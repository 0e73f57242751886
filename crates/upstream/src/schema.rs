//! What a JSON Schema says of a value, as a small type that both languages can express.
//!
//! Schemas are the upstream's words: depth, number of parts and references are bounded, references lead nowhere but into the same schema, and
//! what cannot be expressed becomes `Any`. A type is advice to a program's author, never a check.

use serde_json::{Map, Value};

/// Levels of a type. What lies deeper is `Any`.
pub(crate) const TYPE_DEPTH: usize = 8;
/// Parts of a type altogether. Guards against schemas that grow when their references are followed.
const PARTS: usize = 400;
/// Values of an `enum` that are shown.
const LITERALS: usize = 24;

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Anything.
    Any,
    /// `null`, `None`.
    Null,
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// Text.
    Str,
    /// One of these values: text, numbers, truth values or null.
    Literal(Vec<Value>),
    /// An array.
    List(Box<Type>),
    /// An object with any names.
    Map(Box<Type>),
    /// An object with these members, perhaps beside others.
    Object(Vec<Member>),
    /// One of these; never empty, never nested.
    Union(Vec<Type>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    /// Its raw name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// Whether it is always there.
    pub required: bool,
}

/// The type that `schema` describes; local references are looked up in `root`.
pub(crate) fn type_of(schema: &Value, root: &Value) -> Type {
    Reading { root, parts: PARTS, open: Vec::new() }.read(schema, TYPE_DEPTH)
}

struct Reading<'a> {
    root: &'a Value,
    parts: usize,
    /// References that are being followed: one that leads to itself is `Any`.
    open: Vec<&'a str>,
}

impl<'a> Reading<'a> {
    fn read(&mut self, schema: &'a Value, depth: usize) -> Type {
        let Some(schema) = schema.as_object() else {
            return Type::Any;
        };
        if depth == 0 || self.parts == 0 {
            return Type::Any;
        }
        self.parts -= 1;
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.follow(reference, depth);
        }
        if let Some(value) = schema.get("const") {
            return literal(std::slice::from_ref(value));
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            return literal(values);
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(Value::Array(choices)) = schema.get(word) {
                return union(choices.iter().map(|choice| self.read(choice, depth - 1)).collect());
            }
        }
        if let Some(Value::Array(parts)) = schema.get("allOf") {
            return self.all_of(schema, parts, depth);
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.named(kind, schema, depth),
            Some(Value::Array(kinds)) => union(kinds.iter().filter_map(Value::as_str).map(|kind| self.named(kind, schema, depth)).collect()),
            _ if schema.contains_key("properties") => self.object(schema, depth),
            _ if schema.contains_key("items") => self.named("array", schema, depth),
            _ => Type::Any,
        }
    }

    fn follow(&mut self, reference: &'a str, depth: usize) -> Type {
        let target = match reference.strip_prefix('#') {
            Some("") => Some(self.root),
            Some(pointer) => self.root.pointer(pointer),
            None => None,
        };
        match target {
            Some(target) if !self.open.contains(&reference) => {
                self.open.push(reference);
                let kind = self.read(target, depth);
                self.open.pop();
                kind
            }
            _ => Type::Any,
        }
    }

    /// All parts at once: objects are joined, otherwise the first part that says something counts.
    fn all_of(&mut self, schema: &'a Map<String, Value>, parts: &'a [Value], depth: usize) -> Type {
        let mut kinds: Vec<Type> = parts.iter().map(|part| self.read(part, depth - 1)).collect();
        if schema.contains_key("properties") {
            kinds.push(self.object(schema, depth));
        }
        let mut members: Vec<Member> = Vec::new();
        let mut other = None;
        for kind in kinds {
            match kind {
                Type::Object(more) => {
                    for member in more {
                        match members.iter_mut().find(|known| known.name == member.name) {
                            Some(known) => known.required |= member.required,
                            None => members.push(member),
                        }
                    }
                }
                Type::Any => {}
                kind => other = other.or(Some(kind)),
            }
        }
        if members.is_empty() { other.unwrap_or(Type::Any) } else { Type::Object(members) }
    }

    fn named(&mut self, kind: &str, schema: &'a Map<String, Value>, depth: usize) -> Type {
        match kind {
            "null" => Type::Null,
            "boolean" => Type::Bool,
            "integer" => Type::Int,
            "number" => Type::Number,
            "string" => Type::Str,
            "array" => Type::List(Box::new(schema.get("items").map_or(Type::Any, |items| self.read(items, depth - 1)))),
            "object" => self.object(schema, depth),
            _ => Type::Any,
        }
    }

    fn object(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Type {
        let required: Vec<&str> = required(schema);
        match schema.get("properties").and_then(Value::as_object).filter(|properties| !properties.is_empty()) {
            Some(properties) => Type::Object(
                properties
                    .iter()
                    .map(|(name, schema)| Member {
                        name: name.clone(),
                        kind: self.read(schema, depth - 1),
                        required: required.contains(&name.as_str()),
                    })
                    .collect(),
            ),
            None => Type::Map(Box::new(schema.get("additionalProperties").map_or(Type::Any, |schema| self.read(schema, depth - 1)))),
        }
    }
}

fn required(schema: &Map<String, Value>) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn literal(values: &[Value]) -> Type {
    let simple = |value: &&Value| !value.is_array() && !value.is_object();
    if values.is_empty() || values.len() > LITERALS || !values.iter().all(|value| simple(&value)) {
        return union(values.iter().take(LITERALS).map(Type::of_value).collect());
    }
    Type::Literal(values.to_vec())
}

/// One type for all of these: flat, without repetition.
pub(crate) fn union(kinds: Vec<Type>) -> Type {
    let mut flat: Vec<Type> = Vec::new();
    for kind in kinds {
        let parts = match kind {
            Type::Union(parts) => parts,
            Type::Any => return Type::Any,
            kind => vec![kind],
        };
        for part in parts {
            if !(flat.contains(&part) || part == Type::Int && flat.contains(&Type::Number)) {
                flat.push(part);
            }
        }
    }
    if flat.contains(&Type::Number) {
        flat.retain(|part| *part != Type::Int);
    }
    // What may be absent is read last.
    if let Some(null) = flat.iter().position(|part| *part == Type::Null) {
        let null = flat.remove(null);
        flat.push(null);
    }
    match flat.len() {
        0 => Type::Any,
        1 => flat.remove(0),
        _ => Type::Union(flat),
    }
}

impl Type {
    /// The type of one value, without its content.
    pub(crate) fn of_value(value: &Value) -> Type {
        match value {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Number(number) if number.is_f64() => Type::Number,
            Value::Number(_) => Type::Int,
            Value::String(_) => Type::Str,
            Value::Array(_) => Type::List(Box::new(Type::Any)),
            Value::Object(_) => Type::Map(Box::new(Type::Any)),
        }
    }

    /// The same type, `depth` levels of it.
    pub(crate) fn to_depth(&self, depth: usize) -> Type {
        let deeper = |kind: &Type| if depth == 0 { Type::Any } else { kind.to_depth(depth - 1) };
        match self {
            Type::List(item) => Type::List(Box::new(deeper(item))),
            Type::Map(item) => Type::Map(Box::new(deeper(item))),
            Type::Object(_) if depth == 0 => Type::Map(Box::new(Type::Any)),
            Type::Object(members) => Type::Object(members.iter().map(|member| Member { kind: deeper(&member.kind), ..member.clone() }).collect()),
            Type::Union(kinds) => union(kinds.iter().map(|kind| kind.to_depth(depth)).collect()),
            plain => plain.clone(),
        }
    }
}
