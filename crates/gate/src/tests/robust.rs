//! No text makes `check` panic, and what it says of a text is within the text.

use crate::{Checks, Lifetime, RefusalCode, check};
use policy::Language;
use proptest::prelude::*;

/// Pieces that together look like programs more often than random characters do.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "github.list_issues(",
        ")",
        "await ",
        "x",
        " = ",
        "\n",
        "    ",
        "{",
        "}",
        "[",
        "]",
        "'a'",
        "\"",
        "`",
        "${",
        "/",
        "//",
        "#",
        "def f():",
        "if x:",
        "else",
        "=>",
        "?",
        ":",
        ",",
        ";",
        "import ",
        " from ",
        "export ",
        "default ",
        "class A",
        "return ",
        "const ",
        "let ",
        "é",
        "\u{2028}",
        "\u{feff}",
        "😀",
        "\\",
        "<",
        ">",
        "as ",
        "type ",
        "enum ",
        "f'",
        "```",
        "async ",
        "for ",
        "of ",
        "in ",
        "@",
        "1",
        "*",
        "(",
        "\r\n",
        "\t",
        "function ",
        "namespace ",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn read(source: &str) -> Result<(), TestCaseError> {
    for language in Language::ALL {
        for lifetime in [Lifetime::Stateless, Lifetime::Session] {
            let checked = check(source, language, lifetime, &super::catalog(), &Checks::all());
            match checked {
                Ok(program) => {
                    prop_assert!(language == Language::TypeScript || program.code().lines().count() <= source.lines().count() + 1);
                    let _ = program.restore(source);
                }
                Err(refusal) => {
                    prop_assert_ne!(refusal.code, RefusalCode::ParserFailed, "{}", source);
                    prop_assert!(refusal.line.is_none_or(|line| line as usize <= source.split(['\n', '\r']).count() + 1));
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn any_text(source in any::<String>()) {
        read(&source)?;
    }

    #[test]
    fn anything_like_a_program(source in pieces()) {
        read(&source)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// A stack that overflows ends the process, and with it this test.
    #[test]
    fn anything_repeated(source in pieces(), end in pieces(), deep in 100usize..3000) {
        let unit: String = source.chars().take(24).collect();
        let program = unit.repeat(deep) + &end;
        for language in Language::ALL {
            let _ = check(&program, language, Lifetime::Stateless, &super::catalog(), &Checks::all());
        }
    }
}
