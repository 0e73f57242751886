//! Reads Python with the grammar of CPython 3.13: syntax errors, and the facts that [`crate::calls`] judges. The code itself is not
//! changed: the guest allows `await` and `return` at the top level, and takes the last expression as the value.

mod collect;
mod idioms;
mod literal;
mod usage;

use crate::calls::Facts;
use crate::lines::Lines;
use crate::{Refusal, RefusalCode, javascript};
use policy::Language;
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

/// Parses a program whose depth is bounded and collects its facts.
pub(crate) fn read(program: &str) -> Result<Facts, Refusal> {
    let parsed = parse_unchecked(program, ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY313));
    let error = parsed.errors().first().map(|error| (error.location.start().to_usize(), error.error.to_string()));
    let unsupported = || parsed.unsupported_syntax_errors().first().map(|error| (error.range().start().to_usize(), error.to_string()));
    if let Some((at, what)) = error.or_else(unsupported) {
        return Err(syntax_error(program, at, &what));
    }
    let Mod::Module(module) = parsed.syntax() else {
        return Err(Refusal::of_whole(RefusalCode::ParserFailed, "this program could not be parsed"));
    };
    collect::collect(module, program).map_err(|misplaced| syntax_error(program, misplaced.at, misplaced.what))
}

/// Whether it is Python without an error. Its depth is checked here: it was measured as another language's.
pub(crate) fn is_valid(program: &str) -> bool {
    crate::depth::of_program(program, Language::Python).is_ok() && parse_unchecked(program, ParseOptions::from(Mode::Module)).errors().is_empty()
}

fn syntax_error(program: &str, at: usize, what: &str) -> Refusal {
    let lines = Lines::new(program);
    let (line, column) = lines.position(at);
    let hint = match javascript::is_valid(program) {
        Some(other) if looks_like_javascript(program) => {
            format!("\nthis looks like {}; pass language: \"{}\"", javascript::title(other), other.name())
        }
        _ => String::new(),
    };
    let message = format!("syntax error in line {line}, column {column}: {}\n{}{hint}", crate::clean(what).into_text(), lines.excerpt(at));
    Refusal { code: RefusalCode::SyntaxError, message, line: Some(line), column: Some(column) }
}

/// A word or sign that Python does not have. Much broken Python happens to parse as JavaScript.
fn looks_like_javascript(program: &str) -> bool {
    const STARTS: [&str; 10] = ["const ", "let ", "var ", "function ", "async function ", "import ", "export ", "interface ", "type ", "//"];
    ["=>", "===", "!==", "console.", "&&", "||", "${", "new "].iter().any(|sign| program.contains(sign))
        || program.lines().any(|line| STARTS.iter().any(|start| line.trim_start().starts_with(start)) || line.trim_end().ends_with(';'))
}
