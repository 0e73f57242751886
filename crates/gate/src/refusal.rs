//! Why a program was not run, and which of these reasons are on. Both lists are closed.

use policy::{FlagKind, Threat};
use std::collections::BTreeSet;
use std::fmt;

/// Why a program was refused before it ran. Closed: clients and documents rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// The language's own parser refuses it.
    SyntaxError,
    /// It parses, but uses syntax that this sandbox does not run: JSX, decorators.
    UnsupportedSyntax,
    /// Nothing in it but blank lines and comments.
    EmptyProgram,
    /// It contains a NUL character.
    NulByte,
    /// It is nested deeper than the parsers may follow.
    TooDeep,
    /// It calls a tool that does not exist.
    UnknownTool,
    /// A call leaves out an argument that the tool requires.
    MissingArgument,
    /// A call gives an argument that the tool does not have.
    UnknownArgument,
    /// A call gives an argument of a type, or a value, that the tool's schema excludes.
    WrongArgument,
    /// A call's result is used, or dropped, without `await`.
    NotAwaited,
    /// It does something that the operator's policy forbids programs to do.
    Forbidden,
    /// The parser itself failed on it; a fault of ours that must not become a crash.
    ParserFailed,
}

impl RefusalCode {
    /// The code as clients see it, e.g. `unknown_tool`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalCode::SyntaxError => "syntax_error",
            RefusalCode::UnsupportedSyntax => "unsupported_syntax",
            RefusalCode::EmptyProgram => "empty_program",
            RefusalCode::NulByte => "nul_byte",
            RefusalCode::TooDeep => "too_deep",
            RefusalCode::UnknownTool => "unknown_tool",
            RefusalCode::MissingArgument => "missing_argument",
            RefusalCode::UnknownArgument => "unknown_argument",
            RefusalCode::WrongArgument => "wrong_argument",
            RefusalCode::NotAwaited => "not_awaited",
            RefusalCode::Forbidden => "forbidden",
            RefusalCode::ParserFailed => "parser_failed",
        }
    }
}

impl RefusalCode {
    /// Every code.
    pub const ALL: [RefusalCode; 12] = [
        RefusalCode::SyntaxError,
        RefusalCode::UnsupportedSyntax,
        RefusalCode::EmptyProgram,
        RefusalCode::NulByte,
        RefusalCode::TooDeep,
        RefusalCode::UnknownTool,
        RefusalCode::MissingArgument,
        RefusalCode::UnknownArgument,
        RefusalCode::WrongArgument,
        RefusalCode::NotAwaited,
        RefusalCode::Forbidden,
        RefusalCode::ParserFailed,
    ];

    /// The class of attack that the refused program may be; `None`: it is a mistake.
    #[must_use]
    pub fn threat(self) -> Option<Threat> {
        match self {
            RefusalCode::Forbidden => Some(Threat::P5_1),
            RefusalCode::NulByte | RefusalCode::TooDeep | RefusalCode::ParserFailed => Some(Threat::P5_5),
            RefusalCode::SyntaxError
            | RefusalCode::UnsupportedSyntax
            | RefusalCode::EmptyProgram
            | RefusalCode::UnknownTool
            | RefusalCode::MissingArgument
            | RefusalCode::UnknownArgument
            | RefusalCode::WrongArgument
            | RefusalCode::NotAwaited => None,
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A program that is not run: the typed reason, and what to change, for the program's author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The typed reason.
    pub code: RefusalCode,
    /// What is wrong, where, and what to write instead.
    pub message: String,
    /// The line, from 1, of the program without its code fence.
    pub line: Option<u32>,
    /// The column, from 1, in characters.
    pub column: Option<u32>,
}

impl Refusal {
    pub(crate) fn of_whole(code: RefusalCode, message: impl Into<String>) -> Self {
        Refusal { code, message: message.into(), line: None, column: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// A refusal that can be turned off. What protects the parsers themselves (`nul_byte`, `too_deep`) cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// Refuses programs without a statement.
    EmptyProgram,
    /// Refuses calls of tools that do not exist.
    UnknownTool,
    /// Refuses calls without a required argument.
    MissingArgument,
    /// Refuses calls with an argument that the tool does not have.
    UnknownArgument,
    /// Refuses calls with an argument, written out, that the tool's schema excludes.
    WrongArgument,
    /// Refuses calls that are provably not awaited.
    NotAwaited,
}

impl Check {
    /// Every check.
    pub const ALL: [Check; 6] =
        [Check::EmptyProgram, Check::UnknownTool, Check::MissingArgument, Check::UnknownArgument, Check::WrongArgument, Check::NotAwaited];
}

/// The set of checks that are on, and what the operator forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    on: Vec<Check>,
    forbidden: BTreeSet<FlagKind>,
}

impl Checks {
    /// Every check: the default of every run.
    #[must_use]
    pub fn all() -> Self {
        Checks { on: Check::ALL.to_vec(), forbidden: BTreeSet::new() }
    }

    /// No check: programs are parsed and types stripped, nothing else. For the attack build.
    #[must_use]
    pub fn none() -> Self {
        Checks { on: Vec::new(), forbidden: BTreeSet::new() }
    }

    /// The same set without one check.
    #[must_use]
    pub fn without(mut self, check: Check) -> Self {
        self.on.retain(|on| *on != check);
        self
    }

    /// The same set, which also refuses programs with a flag of these kinds.
    #[must_use]
    pub fn forbidding(self, forbidden: &BTreeSet<FlagKind>) -> Self {
        Checks { forbidden: forbidden.clone(), ..self }
    }

    pub(crate) fn forbidden(&self) -> &BTreeSet<FlagKind> {
        &self.forbidden
    }

    /// Whether the check is on.
    #[must_use]
    pub fn has(&self, check: Check) -> bool {
        self.on.contains(&check)
    }
}
