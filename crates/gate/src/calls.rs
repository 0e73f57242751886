//! Judges the tool calls of a program against the catalog, the same for every language. Guards against runs that could only fail: it
//! refuses what is certain and leaves everything else to the call itself.

use crate::arguments::{missing_arguments, unknown_argument, usage};
use crate::lines::Lines;
use crate::literal::{self, Literal};
use crate::{Check, Checks, Flag, Lifetime, Refusal, RefusalCode};
use policy::{Catalog, Language, Server, ServerName, ServerState, Tool, closest};
use std::collections::{BTreeMap, BTreeSet};

/// Tools that a refusal lists when none is like the one that was meant.
const LISTED_TOOLS: usize = 8;

/// What a language's front end found in a program.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Calls of the form `name.name(...)`, and `name["name"](...)` in JavaScript, in any order.
    pub(crate) calls: Vec<Call>,
    /// Every name that the program binds or assigns, in whatever scope.
    pub(crate) bound: BTreeSet<String>,
    /// Whether it binds names that nobody can list: `from x import *`.
    pub(crate) binds_unknown: bool,
    /// What is worth telling but does not refuse.
    pub(crate) flags: Vec<Flag>,
    /// No statement at all.
    pub(crate) is_empty: bool,
}

/// A call that may be a tool's.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) object: String,
    pub(crate) name: String,
    /// Byte offset in the program.
    pub(crate) at: usize,
    pub(crate) given: Given,
    pub(crate) usage: Usage,
}

/// The arguments of a call, as far as the text says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Given {
    pub(crate) positional: usize,
    pub(crate) names: Vec<String>,
    /// What is known of their values.
    pub(crate) literals: Vec<(literal::Which, Literal)>,
    /// Whether there may be more: spreads, or one value that may be an object of arguments.
    pub(crate) open: bool,
}

impl Given {
    /// A named argument, with what is known of its value.
    pub(crate) fn name(&mut self, name: &str, value: Option<Literal>) {
        self.names.push(name.to_owned());
        self.literals.extend(value.map(|value| (literal::Which::Name(name.to_owned()), value)));
    }
}

/// What becomes of a call's result, where that is certain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Awaited, passed on, or not certain.
    Fine,
    /// The call is a statement.
    Dropped,
    /// Used directly as if it were the result.
    Direct,
    /// Stored in this variable, and only that used as if it were the result.
    Variable(String),
}

/// Refuses the first call, in the order of the text, that a check is against.
pub(crate) fn judge(facts: &Facts, program: &str, language: Language, lifetime: Lifetime, catalog: &Catalog, checks: &Checks) -> Result<(), Refusal> {
    let mut calls: Vec<&Call> = facts.calls.iter().collect();
    calls.sort_by_key(|call| call.at);
    let mut schemas = BTreeMap::new();
    for call in calls {
        let found = problem(call, facts, language, lifetime, catalog, checks).or_else(|| wrong_value(call, facts, catalog, checks, &mut schemas));
        let Some((code, what)) = found else { continue };
        let (line, column) = Lines::new(program).position(call.at);
        return Err(Refusal { code, message: format!("line {line}: {what}"), line: Some(line), column: Some(column) });
    }
    Ok(())
}

fn problem(call: &Call, facts: &Facts, language: Language, lifetime: Lifetime, catalog: &Catalog, checks: &Checks) -> Option<(RefusalCode, String)> {
    if facts.binds_unknown || facts.bound.contains(&call.object) {
        return None;
    }
    let Some((server_name, server)) = catalog.server(&call.object) else {
        let known_names = matches!(lifetime, Lifetime::Stateless) && checks.has(Check::UnknownTool);
        return if known_names { misspelled_server(call, catalog) } else { None };
    };
    let Some(tool) = server.tools.get(&call.name) else {
        // The call itself says why a tool is quarantined: an error that the program can catch.
        let certain = matches!(server.state, ServerState::Listed)
            && !server.quarantined.contains_key(&call.name)
            && checks.has(Check::UnknownTool)
            && !is_builtin_attribute(&call.name);
        return certain.then(|| (RefusalCode::UnknownTool, unknown_tool(call, server_name, server)));
    };
    wrong_arguments(call, tool, checks).or_else(|| not_awaited(call, language, checks))
}

fn unknown_tool(call: &Call, name: &ServerName, server: &Server) -> String {
    let missing = format!("there is no tool `{}.{}`", call.object, shortened(&call.name));
    if let Some(near) = closest(&call.name, server.tools.keys().map(String::as_str)) {
        return format!("{missing}; did you mean `{name}.{near}`?");
    }
    let listed: Vec<&str> = server.tools.keys().take(LISTED_TOOLS).map(String::as_str).collect();
    match (listed.is_empty(), server.tools.len().saturating_sub(LISTED_TOOLS)) {
        (true, _) => format!("{missing}; `{name}` has no tools"),
        (false, 0) => format!("{missing}; `{name}` has: {}", listed.join(", ")),
        (false, more) => format!("{missing}; `{name}` has: {}, and {more} more", listed.join(", ")),
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

/// A name that nothing binds, nearly a server's, with a method that is nearly a tool of it.
fn misspelled_server(call: &Call, catalog: &Catalog) -> Option<(RefusalCode, String)> {
    if is_language_global(&call.object) {
        return None;
    }
    let near = closest(&call.object, catalog.servers.keys().map(ServerName::as_str))?;
    let (_, server) = catalog.server(near)?;
    let tool = closest(&call.name, server.tools.keys().map(String::as_str))?;
    Some((RefusalCode::UnknownTool, format!("there is no server `{}`; did you mean `{near}.{tool}`?", shortened(&call.object))))
}

fn wrong_arguments(call: &Call, tool: &Tool, checks: &Checks) -> Option<(RefusalCode, String)> {
    let parameters = tool.parameters();
    let of = |what: String| format!("`{}(...)`: {what}{}", tool.name, usage(tool, &what));
    if checks.has(Check::UnknownArgument) && !tool.takes_undeclared() {
        let unknown = call.given.names.iter().find(|name| !parameters.iter().any(|(known, _)| known == name));
        if let Some(name) = unknown {
            return Some((RefusalCode::UnknownArgument, of(unknown_argument(name, &parameters))));
        }
    }
    if !checks.has(Check::MissingArgument) || call.given.open {
        return None;
    }
    let given = |name: &str| call.given.names.iter().any(|given| given == name);
    let missing: Vec<&str> =
        parameters.iter().skip(call.given.positional).filter(|(name, required)| *required && !given(name)).map(|(name, _)| *name).collect();
    (!missing.is_empty()).then(|| (RefusalCode::MissingArgument, of(missing_arguments(&missing))))
}

/// A value that is written out and that the tool's schema excludes. Schemas are compiled once for each tool.
fn wrong_value<'a>(
    call: &Call,
    facts: &Facts,
    catalog: &'a Catalog,
    checks: &Checks,
    schemas: &mut BTreeMap<&'a str, BTreeMap<&'a str, literal::Arguments>>,
) -> Option<(RefusalCode, String)> {
    if !checks.has(Check::WrongArgument) || call.given.literals.is_empty() || facts.binds_unknown || facts.bound.contains(&call.object) {
        return None;
    }
    let (server, known) = catalog.server(&call.object)?;
    let (name, tool) = known.tools.get_key_value(&call.name)?;
    let arguments = schemas.entry(server.as_str()).or_default().entry(name).or_insert_with(|| literal::Arguments::of(tool));
    let what = arguments.wrong(tool, &call.given.literals)?;
    Some((RefusalCode::WrongArgument, format!("`{}(...)`: {what}{}", tool.name, usage(tool, &what))))
}

fn not_awaited(call: &Call, language: Language, checks: &Checks) -> Option<(RefusalCode, String)> {
    if !checks.has(Check::NotAwaited) {
        return None;
    }
    let shown = format!("{}.{}(...)", call.object, call.name);
    let python = matches!(language, Language::Python);
    let what = match &call.usage {
        Usage::Fine => return None,
        Usage::Dropped if python => format!("`{shown}` is not awaited, so it would not run; write `await {shown}`"),
        Usage::Dropped => format!("`{shown}` is not awaited, so its result and its errors would be lost; write `await {shown}`"),
        Usage::Direct if python => format!("`{shown}` is not awaited, so it would not run; write `(await {shown})`"),
        Usage::Direct => format!("`{shown}` is not awaited, so this uses a promise; write `(await {shown})`"),
        Usage::Variable(name) => {
            format!("`{shown}` is not awaited, but `{}` is used as its result; write `{name} = await {shown}`", shortened(name))
        }
    };
    Some((RefusalCode::NotAwaited, what))
}

/// Attributes that every object has; they are not tools.
fn is_builtin_attribute(name: &str) -> bool {
    name.starts_with("__")
        || matches!(name, "constructor" | "hasOwnProperty" | "isPrototypeOf" | "propertyIsEnumerable" | "toLocaleString" | "toString" | "valueOf")
}

/// Names that a program need not bind, although they may look like a misspelt server.
fn is_language_global(name: &str) -> bool {
    matches!(
        name,
        "Array"
            | "ArrayBuffer"
            | "Atomics"
            | "BigInt"
            | "Boolean"
            | "Buffer"
            | "Date"
            | "Deno"
            | "Error"
            | "Function"
            | "Intl"
            | "Iterator"
            | "JSON"
            | "Map"
            | "Math"
            | "Number"
            | "Object"
            | "Promise"
            | "Proxy"
            | "Reflect"
            | "RegExp"
            | "Set"
            | "String"
            | "Symbol"
            | "Temporal"
            | "URL"
            | "WeakMap"
            | "artifacts"
            | "asyncio"
            | "bool"
            | "bytearray"
            | "bytes"
            | "complex"
            | "console"
            | "crypto"
            | "dict"
            | "document"
            | "fetch"
            | "float"
            | "fs"
            | "frozenset"
            | "globalThis"
            | "help"
            | "int"
            | "json"
            | "list"
            | "math"
            | "module"
            | "object"
            | "os"
            | "path"
            | "performance"
            | "print"
            | "process"
            | "progress"
            | "property"
            | "re"
            | "self"
            | "set"
            | "str"
            | "sys"
            | "this"
            | "time"
            | "tools"
            | "tuple"
            | "type"
            | "window"
    )
}
