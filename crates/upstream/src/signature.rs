//! A tool as one line of code: what a program writes to call it and what it gets.

use crate::learned::Learned;
use crate::render::{Style, is_python_name, literal, property, quoted, render};
use crate::schema::{Type, type_of};
use policy::Tool;
use serde_json::Value;

/// The longest signature, in characters; arguments beyond it are `…`.
const SIGNATURE_CHARS: usize = 900;

/// An argument of a tool.
pub(crate) struct Argument<'a> {
    /// Its raw name.
    pub name: &'a str,
    /// Whether it must be given.
    pub required: bool,
    /// Its schema; null when the tool requires it without describing it.
    pub schema: &'a Value,
    /// Its type.
    pub kind: Type,
}

/// A tool's arguments, in the order in which positional arguments are mapped.
pub(crate) fn arguments(tool: &Tool) -> Vec<Argument<'_>> {
    tool.parameters()
        .into_iter()
        .map(|(name, required)| {
            let schema = tool.input_schema.get("properties").and_then(|properties| properties.get(name)).unwrap_or(&Value::Null);
            Argument { name, required, schema, kind: type_of(schema, &tool.input_schema) }
        })
        .collect()
}

/// The type of a tool's result and whether it is declared (rather than learned); `None` when nothing is known.
pub(crate) fn result(tool: &Tool, learned: &Learned) -> Option<(Type, Source)> {
    match &tool.output_schema {
        Some(schema) => Some((type_of(schema, schema), Source::Declared)),
        None => learned.get(&tool.name).map(|kind| (kind, Source::Learned)),
    }
}

/// Where a result's type comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The tool's output schema.
    Declared,
    /// Earlier replies.
    Learned,
}

/// The signature with `name` as it is called, e.g. `github.list_issues(repo: str, state: str = "open") -> list[Any]`.
pub(crate) fn signature(name: &str, tool: &Tool, learned: &Learned, style: Style) -> String {
    let result = result(tool, learned).map_or(Type::Any, |(kind, _)| kind);
    let result = render(&result, style);
    match style {
        Style::Python => format!("{name}({}) -> {result}", python_arguments(tool)),
        Style::TypeScript => format!("{name}({}): Promise<{result}>", typescript_arguments(tool)),
    }
}

fn python_arguments(tool: &Tool) -> String {
    let (named, others): (Vec<_>, Vec<_>) = arguments(tool).into_iter().partition(|argument| is_python_name(argument.name));
    let mut parts: Vec<String> = named
        .iter()
        .map(|argument| {
            let kind = render(&argument.kind, Style::Python);
            match (argument.required, argument.schema.get("default").and_then(short_default)) {
                (true, _) => format!("{}: {kind}", argument.name),
                (false, Some(default)) => format!("{}: {kind} = {}", argument.name, literal(default, Style::Python)),
                (false, None) => format!("{}: {kind} = ...", argument.name),
            }
        })
        .collect();
    if !others.is_empty() {
        let members: Vec<String> =
            others.iter().map(|argument| format!("{}: {}", quoted(argument.name), render(&argument.kind, Style::Python))).collect();
        parts.push(format!("**{{{}}}", members.join(", ")));
    } else if takes_any(tool) {
        parts.push("**arguments: Any".to_owned());
    }
    within(parts, ", ")
}

fn typescript_arguments(tool: &Tool) -> String {
    let arguments = arguments(tool);
    let mut parts: Vec<String> = arguments
        .iter()
        .map(|argument| {
            let optional = if argument.required { "" } else { "?" };
            format!("{}{optional}: {}", property(argument.name), render(&argument.kind, Style::TypeScript))
        })
        .collect();
    if takes_any(tool) {
        parts.push("[name: string]: any".to_owned());
    }
    match parts.is_empty() {
        true => String::new(),
        false => {
            let optional = if arguments.iter().any(|argument| argument.required) { "" } else { "?" };
            format!("args{optional}: {{ {} }}", within(parts, "; "))
        }
    }
}

/// Whether the schema says in so many words that other arguments may be given.
fn takes_any(tool: &Tool) -> bool {
    match tool.input_schema.get("additionalProperties") {
        Some(Value::Bool(allowed)) => *allowed,
        Some(_) => true,
        None => false,
    }
}

fn short_default(value: &Value) -> Option<&Value> {
    Some(value).filter(|value| value.to_string().len() <= 60)
}

fn within(parts: Vec<String>, separator: &str) -> String {
    let mut line = String::new();
    for part in parts {
        if !line.is_empty() {
            line.push_str(separator);
        }
        if line.len() + part.len() > SIGNATURE_CHARS {
            line.push('…');
            break;
        }
        line.push_str(&part);
    }
    line
}

/// An example call with the required arguments, e.g. `await github.list_issues(repo="...")`.
pub(crate) fn example(tool: &Tool, style: Style) -> String {
    let given: Vec<(&str, String)> =
        arguments(tool).into_iter().filter(|argument| argument.required).map(|argument| (argument.name, example_value(&argument, style))).collect();
    let name = &tool.name;
    match style {
        Style::Python => {
            let (named, others): (Vec<_>, Vec<_>) = given.into_iter().partition(|(name, _)| is_python_name(name));
            let mut parts: Vec<String> = named.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if !others.is_empty() {
                let members: Vec<String> = others.iter().map(|(name, value)| format!("{}: {value}", quoted(name))).collect();
                parts.push(format!("**{{{}}}", members.join(", ")));
            }
            format!("result = await {name}({})", parts.join(", "))
        }
        Style::TypeScript if given.is_empty() => format!("const result = await {name}();"),
        Style::TypeScript => {
            let members: Vec<String> = given.iter().map(|(name, value)| format!("{}: {value}", property(name))).collect();
            format!("const result = await {name}({{ {} }});", members.join(", "))
        }
    }
}

fn example_value(argument: &Argument<'_>, style: Style) -> String {
    let offered = argument.schema.get("default").or_else(|| argument.schema.pointer("/examples/0"));
    match offered.and_then(short_default) {
        Some(value) => literal(value, style),
        None => placeholder(&argument.kind, style),
    }
}

fn placeholder(kind: &Type, style: Style) -> String {
    match kind {
        Type::Any | Type::Str => "\"...\"".to_owned(),
        Type::Null => literal(&Value::Null, style),
        Type::Bool => literal(&Value::Bool(true), style),
        Type::Int => "1".to_owned(),
        Type::Number => "1.5".to_owned(),
        Type::Literal(values) => literal(values.first().unwrap_or(&Value::Null), style),
        Type::List(item) => format!("[{}]", placeholder(item, style)),
        Type::Map(_) => "{}".to_owned(),
        Type::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .filter(|member| member.required)
                .map(|member| {
                    let name = if style == Style::Python { quoted(&member.name) } else { property(&member.name) };
                    format!("{name}: {}", placeholder(&member.kind, style))
                })
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Type::Union(kinds) => kinds.first().map_or_else(|| "\"...\"".to_owned(), |kind| placeholder(kind, style)),
    }
}
