//! Reads JavaScript and TypeScript and makes the code that the guest runs. Programs are parsed as modules (strict, with top-level
//! `await`) in which `return` is allowed too.
//!
//! TypeScript is printed anew without its types, with a map back; JavaScript is only edited, so that its lines stay as they are:
//!
//! - `import` becomes `await import(...)` in its place, `export` is blanked out;
//! - *stateless* programs are the body of an async function (`function`): the last expression statement becomes its `return`;
//! - in a *session* the program is a global script (`script`), whose completion value is its value: top-level `let`, `const` and `class`
//!   become `var`, so that they persist and can be declared again; without a last expression the value is undefined (`;void 0`);
//! - a session's program with a top-level `return` cannot be a script. It runs as a function, whose top-level names are made properties of
//!   `globalThis` first, their declarations being assignments. A `var` inside a block or a loop does not persist then.
//!
//! A program that is one block but also an object literal, `{a: 1}`, is the object.

mod collect;
mod edits;
mod idioms;
mod literal;
mod modules;
mod positions;
mod typescript;
mod usage;
mod value;

pub(crate) use positions::Positions;

use crate::calls::Facts;
use crate::lines::Lines;
use crate::program::Mode;
use crate::{Lifetime, Refusal, RefusalCode, depth, python};
use oxc_allocator::Allocator;
use oxc_ast::ast::{Expression, Program, Statement};
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_span::SourceType;
use policy::Language;

/// Parses a program whose depth is bounded, lets `judge` see its facts, and makes the guest's code.
pub(crate) fn read(
    program: &str,
    language: Language,
    lifetime: Lifetime,
    judge: impl FnOnce(&Facts) -> Result<(), Refusal>,
) -> Result<(String, Mode, Positions, Facts), Refusal> {
    let allocator = Allocator::default();
    let first = parse(&allocator, program, source_type(language));
    let wrapped = if may_be_object(program, &first) { as_object(&allocator, program, source_type(language)) } else { None };
    let shift = usize::from(wrapped.is_some());
    let parsed = match (wrapped, first) {
        (Some(parsed), _) | (None, Ok(parsed)) => parsed,
        (None, Err(error)) => return Err(syntax_error(program, language, &error)),
    };
    let collected = collect::collect(&parsed.program, shift);
    if let Some(at) = collected.decorator {
        return Err(unsupported(program, at, "decorators are not supported; call the function that the decorator would call"));
    }
    let facts = collected.facts(program);
    judge(&facts)?;
    if matches!(language, Language::JavaScript) {
        let (code, mode, shifts) = value::for_guest(&parsed.program, lifetime);
        return Ok((code, mode, Positions::new(shifts, Vec::new()), facts));
    }
    let (plain, map) = typescript::strip(&allocator, parsed).map_err(|error| syntax_error(program, language, &error))?;
    let parsed = parse(&allocator, allocator.alloc_str(&plain), SourceType::mjs())
        .map_err(|_| Refusal::of_whole(RefusalCode::ParserFailed, "the types of this program could not be taken off; send it as JavaScript"))?;
    let (code, mode, shifts) = value::for_guest(&parsed.program, lifetime);
    Ok((code, mode, Positions::new(shifts, map), facts))
}

/// The language in which the program has no error, if any. Its depth is checked here: it was measured as another language's.
pub(crate) fn is_valid(program: &str) -> Option<Language> {
    [Language::JavaScript, Language::TypeScript]
        .into_iter()
        .find(|language| depth::of_program(program, *language).is_ok() && parse(&Allocator::default(), program, source_type(*language)).is_ok())
}

/// A language's name in a sentence.
pub(crate) fn title(language: Language) -> &'static str {
    match language {
        Language::Python => "Python",
        Language::JavaScript => "JavaScript",
        Language::TypeScript => "TypeScript",
    }
}

/// What the parser or the semantic analysis refuses, and where.
#[derive(Debug)]
struct Wrong {
    at: usize,
    what: String,
}

impl Wrong {
    fn new(at: Option<u32>, what: &str) -> Self {
        Wrong { at: at.unwrap_or(0) as usize, what: what.to_owned() }
    }
}

/// A program without a syntax error.
struct Parsed<'a> {
    program: Program<'a>,
    scoping: Scoping,
}

fn source_type(language: Language) -> SourceType {
    if matches!(language, Language::TypeScript) { SourceType::ts().with_module(true) } else { SourceType::mjs() }
}

fn parse<'a>(allocator: &'a Allocator, text: &'a str, source_type: SourceType) -> Result<Parsed<'a>, Wrong> {
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    let parsed = Parser::new(allocator, text, source_type).with_options(options).parse();
    if let Some(error) = parsed.diagnostics.first() {
        return Err(Wrong::new(error.labels.first().map(|label| label.offset()), &error.message));
    }
    let semantic = SemanticBuilder::new().with_check_syntax_error(true).with_enum_eval(true).build(&parsed.program);
    if let Some(error) = semantic.diagnostics.first() {
        return Err(Wrong::new(error.labels.first().map(|label| label.offset()), &error.message));
    }
    let scoping = semantic.semantic.into_scoping();
    Ok(Parsed { program: parsed.program, scoping })
}

/// Whether it could be an object literal: it starts with `{`, and is one block or no program at all.
fn may_be_object(program: &str, parsed: &Result<Parsed<'_>, Wrong>) -> bool {
    let one_block = |parsed: &Parsed<'_>| matches!(parsed.program.body.as_slice(), [Statement::BlockStatement(_)]);
    program.trim_start().starts_with('{') && parsed.as_ref().map_or(true, one_block)
}

fn as_object<'a>(allocator: &'a Allocator, program: &str, source_type: SourceType) -> Option<Parsed<'a>> {
    let program = program.trim_end().trim_end_matches(';');
    let parsed = parse(allocator, allocator.alloc_str(&format!("({program}\n)")), source_type).ok()?;
    match parsed.program.body.as_slice() {
        [Statement::ExpressionStatement(statement)] if matches!(statement.expression.get_inner_expression(), Expression::ObjectExpression(_)) => {
            Some(parsed)
        }
        _ => None,
    }
}

fn syntax_error(program: &str, language: Language, error: &Wrong) -> Refusal {
    let jsx = source_type(language).with_jsx(true);
    if program.contains('<') && parse(&Allocator::default(), program, jsx).is_ok() {
        return unsupported(program, error.at, "JSX is not supported; return plain data");
    }
    let lines = Lines::new(program);
    let (line, column) = lines.position(error.at);
    let other = match is_valid(program) {
        Some(Language::TypeScript) if matches!(language, Language::JavaScript) && looks_typed(program) => Some(Language::TypeScript),
        _ if python::is_valid(program) => Some(Language::Python),
        _ => None,
    };
    let hint = other.map_or_else(String::new, |other| format!("\nthis looks like {}; pass language: \"{}\"", title(other), other.name()));
    let message =
        format!("syntax error in line {line}, column {column}: {}\n{}{hint}", crate::clean(&error.what).into_text(), lines.excerpt(error.at));
    Refusal { code: RefusalCode::SyntaxError, message, line: Some(line), column: Some(column) }
}

/// A sign or word of TypeScript: its parser also forgives other mistakes.
fn looks_typed(program: &str) -> bool {
    [":", "<", " as ", "enum ", "type ", "interface ", "namespace ", "abstract "].iter().any(|sign| program.contains(sign))
}

fn unsupported(program: &str, at: usize, what: &str) -> Refusal {
    let (line, column) = Lines::new(program).position(at);
    Refusal { code: RefusalCode::UnsupportedSyntax, message: format!("line {line}: {what}"), line: Some(line), column: Some(column) }
}
