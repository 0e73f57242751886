//! Writes types as Python or TypeScript. Names and literals are the upstream's: whatever is not an identifier is written as a string literal
//! with everything unusual escaped, so that no name can end the line, the string or the type.

use crate::schema::{Member, Type};
use policy::Guest;
use serde_json::Value;

/// The longest type on one line, in characters, before levels are left out and then the rest.
const LINE_CHARS: usize = 600;

/// A member's name or a literal as it is shown, in characters.
const WORD_CHARS: usize = 60;

/// The language that a type is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Annotations.
    Python,
    /// Types.
    TypeScript,
}

impl Style {
    /// The style of a guest's programs.
    pub(crate) fn of(guest: Guest) -> Style {
        match guest {
            Guest::Python => Style::Python,
            Guest::JavaScript => Style::TypeScript,
        }
    }
}

/// The type on one line of at most about 600 characters; what is left out is `…`, or `Any` where it lies deep.
pub(crate) fn render(kind: &Type, style: Style) -> String {
    let mut line = String::new();
    for depth in (1..=crate::schema::TYPE_DEPTH).rev() {
        line = write(&kind.to_depth(depth), style);
        if line.len() <= LINE_CHARS {
            return line;
        }
    }
    line.truncate(line.floor_char_boundary(LINE_CHARS));
    line.push('…');
    line
}

fn write(kind: &Type, style: Style) -> String {
    let python = style == Style::Python;
    match kind {
        Type::Any if python => "Any".to_owned(),
        Type::Any => "any".to_owned(),
        Type::Null if python => "None".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Bool if python => "bool".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Int if python => "int".to_owned(),
        Type::Number if python => "float".to_owned(),
        Type::Int | Type::Number => "number".to_owned(),
        Type::Str if python => "str".to_owned(),
        Type::Str => "string".to_owned(),
        Type::Literal(values) => {
            let values: Vec<String> = values.iter().map(|value| literal(value, style)).collect();
            if python { format!("Literal[{}]", values.join(", ")) } else { values.join(" | ") }
        }
        Type::List(item) if python => format!("list[{}]", write(item, style)),
        Type::List(item) if matches!(**item, Type::Union(_) | Type::Literal(_)) => format!("({})[]", write(item, style)),
        Type::List(item) => format!("{}[]", write(item, style)),
        Type::Map(item) if python => format!("dict[str, {}]", write(item, style)),
        Type::Map(item) => format!("Record<string, {}>", write(item, style)),
        Type::Object(members) => {
            let members: Vec<String> = members.iter().map(|shown| member(shown, style)).collect();
            if python { format!("{{{}}}", members.join(", ")) } else { format!("{{ {} }}", members.join("; ")) }
        }
        Type::Union(kinds) => kinds.iter().map(|kind| write(kind, style)).collect::<Vec<_>>().join(" | "),
    }
}

fn member(member: &Member, style: Style) -> String {
    let kind = write(&member.kind, style);
    match (style, member.required) {
        (Style::Python, true) => format!("{}: {kind}", quoted(&member.name)),
        (Style::Python, false) => format!("{}: NotRequired[{kind}]", quoted(&member.name)),
        (Style::TypeScript, required) => format!("{}{}: {kind}", property(&member.name), if required { "" } else { "?" }),
    }
}

/// A property name of TypeScript, quoted unless it is an identifier.
pub(crate) fn property(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name) }
}

/// A simple value as a literal of the language.
pub(crate) fn literal(value: &Value, style: Style) -> String {
    match (value, style) {
        (Value::Null, Style::Python) => "None".to_owned(),
        (Value::Bool(true), Style::Python) => "True".to_owned(),
        (Value::Bool(false), Style::Python) => "False".to_owned(),
        (Value::String(text), _) => quoted(text),
        (Value::Array(items), _) => format!("[{}]", items.iter().map(|item| literal(item, style)).collect::<Vec<_>>().join(", ")),
        (Value::Object(members), _) => {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{}: {}", quoted(name), literal(value, style))).collect();
            format!("{{{}}}", members.join(", "))
        }
        (plain, _) => plain.to_string(),
    }
}

/// A string literal that both languages read the same: printable ASCII and other visible characters as they are, the rest as `\u`
/// escapes of UTF-16 units.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for (count, c) in text.chars().enumerate() {
        match c {
            _ if count == WORD_CHARS => {
                out.push('…');
                break;
            }
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if crate::text::is_hidden(c) => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether both languages read the text as one name (keywords aside).
pub(crate) fn is_identifier(name: &str) -> bool {
    name.len() <= WORD_CHARS
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether Python takes the text as the name of an argument.
pub(crate) fn is_python_name(name: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
        "with", "yield",
    ];
    is_identifier(name) && !KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::type_of;
    use serde_json::json;

    fn check(schema: Value, python: &str, typescript: &str) {
        let kind = type_of(&schema, &schema);
        assert_eq!((render(&kind, Style::Python).as_str(), render(&kind, Style::TypeScript).as_str()), (python, typescript));
    }

    #[test]
    fn schemas_become_types() {
        check(json!({"type": "string"}), "str", "string");
        check(json!({"type": ["integer", "null"]}), "int | None", "number | null");
        check(json!({"enum": ["a", 1, null]}), "Literal[\"a\", 1, None]", "\"a\" | 1 | null");
        check(json!({"type": "array", "items": {"enum": ["a", "b"]}}), "list[Literal[\"a\", \"b\"]]", "(\"a\" | \"b\")[]");
        check(json!({"type": "object", "additionalProperties": {"type": "number"}}), "dict[str, float]", "Record<string, number>");
        check(json!({"anyOf": [{"type": "null"}, {"const": "x"}]}), "Literal[\"x\"] | None", "\"x\" | null");
        check(
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b-c": {"type": "boolean"}}}),
            "{\"a\": int, \"b-c\": NotRequired[bool]}",
            "{ a: number; \"b-c\"?: boolean }",
        );
        check(
            json!({"allOf": [{"$ref": "#/$defs/a"}, {"properties": {"y": {"type": "string"}}}], "$defs": {"a": {"properties": {"x": {}}, "required": ["x"]}}}),
            "{\"x\": Any, \"y\": NotRequired[str]}",
            "{ x: any; y?: string }",
        );
        check(json!(true), "Any", "any");
        check(json!({"$ref": "http://example.org/schema"}), "Any", "any");
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        check(
            json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}}}),
            "{\"children\": NotRequired[list[Any]]}",
            "{ children?: any[] }",
        );
    }

    #[test]
    fn a_long_type_loses_levels_then_its_end() {
        let inner: serde_json::Map<String, Value> = (0..60).map(|i| (format!("member_{i}"), json!({"type": "string"}))).collect();
        check(
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "object", "properties": inner}}}),
            "{\"a\": dict[str, Any]}",
            "{ a: Record<string, any> }",
        );
        let flat = json!({"type": "object", "properties": inner});
        let line = render(&type_of(&flat, &flat), Style::Python);
        assert_eq!((line.len(), line.ends_with('…')), (LINE_CHARS + '…'.len_utf8(), true));
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        check(
            json!({"type": "object", "required": ["a\"; b"], "properties": {"a\"; b": {"const": "x\u{202e}\n\"y"}}}),
            "{\"a\\\"; b\": Literal[\"x\\u202e\\n\\\"y\"]}",
            "{ \"a\\\"; b\": \"x\\u202e\\n\\\"y\" }",
        );
    }
}
