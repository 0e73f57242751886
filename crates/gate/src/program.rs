//! A program that may run, and the one function that makes one. Guards the guest against text that is not a program and the broker's
//! stack against deep ones; what a program may do is decided at every call, not here.

use crate::calls::{Facts, judge};
use crate::javascript::Positions;
use crate::{Check, Checks, Flag, Refusal, RefusalCode, depth, flag, javascript, prepare, python};
use policy::{Catalog, Language};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Whether names outlive the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// They do not.
    Stateless,
    /// Names of the top level persist, and may be declared again.
    Session,
}

/// A program that may be sent to a guest. Only [`check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    language: Language,
    code: String,
    mode: Mode,
    positions: Positions,
    flags: Vec<Flag>,
}

/// How the guest reads JavaScript; see `wasm-guests/abi.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Function,
    Script,
}

impl Program {
    /// What the guest's interpreter reads: no fence, no types.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// `function` or `script`, as the turn document wants it.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Function => "function",
            Mode::Script => "script",
        }
    }

    /// The file name that tracebacks show.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.language.file()
    }

    /// The language it was written in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// What was found that does not refuse.
    #[must_use]
    pub fn flags(&self) -> &[Flag] {
        &self.flags
    }

    /// The line of the program, as its author sent it, of a line of [`Program::code`].
    #[must_use]
    pub fn source_line(&self, line: u32) -> u32 {
        self.positions.source(line, 1).0
    }

    /// A traceback with every `program.ts:LINE:COLUMN` turned from positions in [`Program::code`] to the author's.
    #[must_use]
    pub fn restore(&self, traceback: &str) -> String {
        self.positions.restore(traceback, self.file())
    }
}

/// Reads a program: takes off its fence, parses it, strips types, and refuses what can only fail or is forbidden.
///
/// Turning all `checks` off leaves the parsing, and the refusals that protect the parsers. Needs 1 MiB of stack.
///
/// # Errors
/// A [`Refusal`] with the line, when the program may not or cannot run.
pub fn check(source: &str, language: Language, lifetime: Lifetime, catalog: &Catalog, checks: &Checks) -> Result<Program, Refusal> {
    let program = prepare::prepare(source, language);
    if let Some(at) = program.find('\0') {
        let (line, column) = crate::lines::Lines::new(&program).position(at);
        let message = format!("line {line}: the program contains a NUL character; write \\0 in a string instead");
        return Err(Refusal { code: RefusalCode::NulByte, message, line: Some(line), column: Some(column) });
    }
    let depth = depth::of_program(&program, language)?;
    with_stack_for(depth, || read(&program, language, lifetime, catalog, checks))?
}

fn read(program: &str, language: Language, lifetime: Lifetime, catalog: &Catalog, checks: &Checks) -> Result<Program, Refusal> {
    let judge = |facts: &Facts| {
        if facts.is_empty && checks.has(Check::EmptyProgram) {
            return Err(Refusal::of_whole(RefusalCode::EmptyProgram, "the program is empty: there is no statement in it"));
        }
        judge(facts, program, language, lifetime, catalog, checks)?;
        flag::forbid(&facts.flags, checks.forbidden())
    };
    match language {
        Language::Python => {
            let facts = python::read(program)?;
            judge(&facts)?;
            let positions = Positions::default();
            Ok(Program { language, code: program.to_owned(), mode: Mode::Function, positions, flags: facts.flags })
        }
        Language::JavaScript | Language::TypeScript => {
            let (code, mode, positions, facts) = javascript::read(program, language, lifetime, judge)?;
            Ok(Program { language, code, mode, positions, flags: facts.flags })
        }
    }
}

/// Deepest program that is read on the caller's stack.
const CALLERS_STACK_DEPTH: usize = 125;
/// The stack for deeper ones, in bytes. Reserved, not used: only what a program's depth needs is ever touched.
const DEEP_STACK_BYTES: usize = 256 * 1024 * 1024;

/// Runs `f` where a tree of that depth fits on the stack. A panic of a parser becomes a refusal: it must not end the broker.
fn with_stack_for<T: Send>(depth: usize, f: impl FnOnce() -> T + Send) -> Result<T, Refusal> {
    let result = if depth <= CALLERS_STACK_DEPTH {
        catch_unwind(AssertUnwindSafe(f)).ok()
    } else {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("gate".to_owned()).stack_size(DEEP_STACK_BYTES);
            thread.spawn_scoped(scope, f).ok().and_then(|thread| thread.join().ok())
        })
    };
    result.ok_or_else(|| Refusal::of_whole(RefusalCode::ParserFailed, "this program could not be parsed; write it in another way"))
}
