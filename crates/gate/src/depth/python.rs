//! The nesting of a Python program, from the tokens of the parser's own lexer.

use super::{Levels, PROGRAM_DEPTH};
use ruff_python_ast::token::TokenKind as T;
use ruff_python_parser::Mode;
use ruff_python_parser::lexer::lex;

/// Closes a level that an indentation opened; no token is written like this.
const DEDENT: char = '\n';

/// The levels of a program. The lexer keeps positions to itself: where a program is too deep is found by reading ever fewer lines.
pub(super) fn scan(program: &str) -> Levels {
    let mut levels = read(program);
    if levels.peak > PROGRAM_DEPTH {
        let ends: Vec<usize> = program.match_indices('\n').map(|(at, _)| at + 1).chain([program.len()]).collect();
        let fit = ends.partition_point(|end| program.get(..*end).is_some_and(|start| read(start).peak <= PROGRAM_DEPTH));
        levels.peak_at = fit.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or(0);
    }
    levels
}

fn read(program: &str) -> Levels {
    let mut lexer = lex(program, Mode::Module);
    let mut levels = Levels::new();
    loop {
        match lexer.next_token() {
            T::EndOfFile => return levels,
            T::Lpar => levels.open(')', false, 0),
            T::Lsqb => levels.open(']', false, 0),
            T::Lbrace => levels.open('}', false, 0),
            T::Indent => levels.open(DEDENT, false, 0),
            T::Rpar => _ = levels.close(')'),
            T::Rsqb => _ = levels.close(']'),
            T::Rbrace => _ = levels.close('}'),
            T::Dedent => _ = levels.close(DEDENT),
            T::Comma => levels.separate(),
            T::Newline | T::Semi => levels.end_statement(),
            T::Lambda => {
                levels.count(0);
                levels.stick();
            }
            T::Name | T::Int | T::Float | T::Complex | T::String | T::Comment | T::NonLogicalNewline => {}
            T::FStringMiddle | T::FStringEnd | T::TStringMiddle | T::TStringEnd => {}
            _ => levels.count(0),
        }
    }
}
