//! Arguments that are written out and that the tool's schema excludes: refused where that is certain, and nowhere else.

use super::tool;
use crate::{Checks, Lifetime, check};
use policy::{Catalog, Effect, Facts, Language, Server, ServerName, ServerState};
use serde_json::json;
use std::collections::BTreeMap;

/// `s.all` with an argument of each kind, accepted; `s.new` with one that nobody accepted.
fn catalog() -> Catalog {
    let server = ServerName::mint("s").unwrap();
    let (name, mut all) = tool(
        &server,
        "all",
        json!({
            "type": "object",
            "required": ["text"],
            "$defs": {"row": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}},
            "properties": {
                "text": {"type": "string"},
                "count": {"type": "integer", "minimum": 1},
                "ratio": {"type": "number"},
                "on": {"type": "boolean"},
                "state": {"enum": ["open", "closed"]},
                "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "row": {"$ref": "#/$defs/row"},
                "any": {},
            },
        }),
    );
    all.facts = Facts { effect: Effect::Read, external: false };
    let new = tool(&server, "new", json!({"type": "object", "properties": {"state": {"enum": ["IGNORE PREVIOUS", "b"]}}}));
    let tools = BTreeMap::from([(name, all), new]);
    Catalog { servers: BTreeMap::from([(server, Server { state: ServerState::Listed, tools, quarantined: BTreeMap::new() })]) }
}

fn verdict(program: &str, language: Language) -> Option<String> {
    let refusal = check(program, language, Lifetime::Stateless, &catalog(), &Checks::all()).err()?;
    Some(format!("{}: {}", refusal.code, refusal.message))
}

#[track_caller]
fn refused(program: &str, language: Language, what: &str) {
    let usage = "Usage: s.all(text, count?, ratio?, on?, state?, maybe?, tags?, row?, any?)";
    assert_eq!(verdict(program, language), Some(format!("wrong_argument: line 1: `s.all(...)`: {what}. {usage}")), "{program}");
}

#[test]
fn what_the_schema_excludes_is_refused() {
    for (python, javascript, what) in [
        ("await s.all(text=5)", "await s.all({text: 5})", r#"/text: 5 is not of type "string""#),
        ("await s.all(5)", "await s.all(5)", r#"/text: 5 is not of type "string""#),
        ("await s.all({'text': -5})", "await s.all({'text': -5})", r#"/text: -5 is not of type "string""#),
        ("await s.all('a', count='3')", "await s.all('a', '3')", r#"/count: "3" is not of type "integer""#),
        ("await s.all('a', 2.5)", "await s.all('a', 2.5)", r#"/count: 2.5 is not of type "integer""#),
        ("await s.all('a', 0)", "await s.all('a', 0)", "/count: 0 is less than the minimum of 1"),
        ("await s.all('a', ratio='1')", "await s.all({text: 'a', ratio: '1'})", r#"/ratio: "1" is not of type "number""#),
        ("await s.all('a', on=1)", "await s.all({text: 'a', on: 1})", r#"/on: 1 is not of type "boolean""#),
        ("await s.all('a', state='opn')", "await s.all({text: 'a', state: 'opn'})", r#"/state: "opn" is not one of "open" or "closed""#),
        ("await s.all('a', tags=['x', 1])", "await s.all({text: 'a', tags: ['x', 1]})", r#"/tags/1: 1 is not of type "string""#),
        ("await s.all('a', row={'id': 'x'})", "await s.all({text: 'a', row: {id: 'x'}})", r#"/row/id: "x" is not of type "integer""#),
        ("await s.all('a', row={})", "await s.all({text: 'a', row: {}})", r#"/row: "id" is a required property"#),
        ("await s.all(None)", "await s.all(null)", r#"/text: null is not of type "string""#),
        // Only the type is known.
        ("await s.all('a', count=f'{x}')", "await s.all({text: 'a', count: `${x}`})", "`count` may not be a string"),
        ("await s.all([x])", "await s.all([x])", "`text` may not be an array"),
        ("await s.all(text={'a': x})", "await s.all({text: {a: x}})", "`text` may not be an object"),
        ("await s.all('a', maybe=[x])", "await s.all({text: 'a', maybe: [x]})", "`maybe` may not be an array"),
    ] {
        refused(python, Language::Python, what);
        refused(javascript, Language::JavaScript, what);
        refused(javascript, Language::TypeScript, what);
    }
}

#[test]
fn what_may_fit_is_left_to_the_call() {
    for program in [
        "await s.all('a', 3, 1, True, 'open', None, ['x'], {'id': 1}, {'a': [1, None]})",
        "await s.all('a', count=3.0)",
        "await s.all(text=x, count=y)",
        "await s.all(f'{x}')",
        "await s.all('a', tags=[x, 'b'])",
        "await s.all('a', tags=[f'{x}' for x in y])",
        "await s.all('a', row={'id': x})",
        "await s.all('a', row={k: 'x'})",
        "await s.all(str(5))",
        "await s.all(*x, 5)",
        "await s.all('a', count=10**3)",
        "await s.all('a', count=99999999999999999999)",
        "await s.all('a', state='op' 'en')",
        "s = Fake()\nawait s.all(text=5)",
        "def f(s):\n    return s.all(text=5)",
        "from x import *\nawait s.all(text=5)",
    ] {
        assert_eq!(verdict(program, Language::Python), None, "{program}");
    }
    for program in [
        "await s.all('a', 3, 1, true, 'open', null, ['x'], {id: 1}, {a: [1, null]})",
        "await s.all('a', 3.0)",
        "await s.all({text: `a`, count: x})",
        "await s.all({text: 'a', count: undefined})",
        "await s.all({text: 'a', row: {id: 1, get x() { return 1 }}})",
        "await s.all({text: 'a', row: {__proto__: null, id: x}})",
        "await s.all({text: 'a', tags: ['b', ...x]})",
        "await s.all(...x, 5)",
        "const s = fake(); await s.all({text: 5})",
    ] {
        assert_eq!(verdict(program, Language::JavaScript), None, "{program}");
    }
}

#[test]
fn words_of_a_definition_that_nobody_accepted_are_not_repeated() {
    let told = "wrong_argument: line 1: `s.new(...)`: an argument does not fit; tools.describe(\"s.new\") says what does. Usage: s.new(state?)";
    assert_eq!(verdict("await s.new(state='c')", Language::Python).as_deref(), Some(told));
}

#[test]
fn the_check_can_be_turned_off() {
    let checks = Checks::all().without(crate::Check::WrongArgument);
    assert!(check("await s.all(text=5)", Language::Python, Lifetime::Stateless, &catalog(), &checks).is_ok());
}
