//! Shapes of results, learned from replies that really came. Names and types are kept, values never; names that are not plain identifiers may be
//! data themselves, so an object that has one is "any names to values".

use crate::schema::{Member, Type, union};
use policy::ToolName;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Tools whose shape is remembered. Guards the broker's memory.
const TOOLS: usize = 4096;
/// Levels of a learned shape.
const DEPTH: usize = 5;
/// Members of one object; one with more is "any names".
const MEMBERS: usize = 32;
/// Items of an array that are looked at.
const ITEMS: usize = 50;
/// Parts of one shape; a larger one is not kept.
const PARTS: usize = 200;
/// A member's name, in bytes.
const NAME_BYTES: usize = 40;

/// The shapes by tool.
#[derive(Debug, Default)]
pub(crate) struct Learned(Mutex<HashMap<ToolName, Type>>);

/// The shape of one result: names and types, no values.
#[derive(Debug, Clone)]
pub struct Shape(Type);

impl Shape {
    /// The shape of a result.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        Shape(shape(value, DEPTH))
    }
}

impl Learned {
    /// Joins the shape of one more result.
    pub(crate) fn learn(&self, tool: &ToolName, Shape(mut seen): Shape) {
        let mut shapes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shapes.get(tool) {
            seen = merge(known.clone(), seen);
        } else if shapes.len() >= TOOLS {
            return;
        }
        let small = (0..=DEPTH).rev().map(|depth| seen.to_depth(depth)).find(|shape| parts(shape) <= PARTS);
        shapes.insert(tool.clone(), small.unwrap_or(Type::Any));
    }

    /// The shape that replies of this tool had so far.
    pub(crate) fn get(&self, tool: &ToolName) -> Option<Type> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(tool).cloned()
    }
}

fn shape(value: &Value, depth: usize) -> Type {
    match value {
        Value::Array(_) | Value::Object(_) if depth == 0 => Type::of_value(value),
        Value::Array(items) => {
            let item = items.iter().take(ITEMS).map(|item| shape(item, depth - 1)).reduce(merge);
            Type::List(Box::new(item.unwrap_or(Type::Any)))
        }
        Value::Object(members) if members.len() <= MEMBERS && members.keys().all(|name| is_plain(name)) => {
            Type::Object(members.iter().map(|(name, value)| Member { name: name.clone(), kind: shape(value, depth - 1), required: true }).collect())
        }
        Value::Object(members) => {
            let item = members.values().take(ITEMS).map(|item| shape(item, depth - 1)).reduce(merge);
            Type::Map(Box::new(item.unwrap_or(Type::Any)))
        }
        plain => Type::of_value(plain),
    }
}

fn is_plain(name: &str) -> bool {
    name.len() <= NAME_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A type for both.
fn merge(a: Type, b: Type) -> Type {
    match (a, b) {
        (a, b) if a == b => a,
        // Nothing was known of an empty array's items.
        (Type::List(item), Type::List(any)) | (Type::List(any), Type::List(item)) if *any == Type::Any => Type::List(item),
        (Type::List(a), Type::List(b)) => Type::List(Box::new(merge(*a, *b))),
        (Type::Object(a), Type::Object(b)) => join(a, b),
        (Type::Map(item), Type::Object(members)) | (Type::Object(members), Type::Map(item)) => {
            Type::Map(Box::new(members.into_iter().map(|member| member.kind).fold(*item, merge)))
        }
        (Type::Map(a), Type::Map(b)) => Type::Map(Box::new(merge(*a, *b))),
        (Type::Union(kinds), one) | (one, Type::Union(kinds)) => {
            let same = |kind: &Type| std::mem::discriminant(kind) == std::mem::discriminant(&one);
            match kinds.iter().position(same) {
                Some(place) => {
                    let mut kinds = kinds;
                    let known = kinds.remove(place);
                    kinds.insert(place, merge(known, one));
                    union(kinds)
                }
                None => union(kinds.into_iter().chain([one]).collect()),
            }
        }
        (a, b) => union(vec![a, b]),
    }
}

fn join(mut a: Vec<Member>, b: Vec<Member>) -> Type {
    for member in &mut a {
        member.required &= b.iter().any(|other| other.name == member.name && other.required);
    }
    for member in b {
        match a.iter().position(|known| known.name == member.name) {
            Some(place) => {
                let known = a[place].kind.clone();
                a[place].kind = merge(known, member.kind);
            }
            None => a.push(Member { required: false, ..member }),
        }
    }
    if a.len() > MEMBERS {
        return Type::Map(Box::new(a.into_iter().map(|member| member.kind).reduce(merge).unwrap_or(Type::Any)));
    }
    Type::Object(a)
}

fn parts(kind: &Type) -> usize {
    1 + match kind {
        Type::List(item) | Type::Map(item) => parts(item),
        Type::Object(members) => members.iter().map(|member| parts(&member.kind)).sum(),
        Type::Union(kinds) => kinds.iter().map(parts).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Style, render};
    use serde_json::json;

    fn learned(values: &[Value]) -> String {
        let tool = ToolName::parse("s.t").unwrap();
        let learned = Learned::default();
        for value in values {
            learned.learn(&tool, Shape::of(value));
        }
        render(&learned.get(&tool).unwrap(), Style::TypeScript)
    }

    #[test]
    fn shapes_are_merged_over_replies() {
        assert_eq!(
            learned(&[
                json!({"items": [], "next": null}),
                json!({"items": [{"id": 1, "name": "a"}, {"id": 2.5}], "next": "x"}),
                json!({"items": [{"id": 3}], "next": null, "total": 3}),
            ]),
            "{ items: { id: number; name?: string }[]; next: string | null; total?: number }"
        );
    }

    #[test]
    fn names_that_may_be_data_are_not_kept() {
        assert_eq!(learned(&[json!({"anna@example.org": 1, "b": 2})]), "Record<string, number>");
        assert_eq!(learned(&[json!({"secret": "value"})]), "{ secret: string }");
    }

    #[test]
    fn a_shape_is_bounded() {
        let wide: serde_json::Map<String, Value> = (0..30).map(|i| (format!("m{i}"), json!({"a": {"b": {"c": 1, "d": 2, "e": 3}}}))).collect();
        let shape = learned(&[Value::Object(wide)]);
        assert!(shape.len() < 4000, "{}", shape.len());
    }
}
