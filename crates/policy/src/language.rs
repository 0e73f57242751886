//! The languages a program may be written in, and the guests that run them.

use serde::{Deserialize, Serialize};

/// The language of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// CPython 3.13.
    #[default]
    Python,
    /// ES2023.
    JavaScript,
    /// TypeScript 5; types are stripped before the program runs, never checked.
    TypeScript,
}

impl Language {
    /// Every language, in the order in which help texts list them.
    pub const ALL: [Language; 3] = [Language::Python, Language::JavaScript, Language::TypeScript];

    /// The name used on the wire and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::TypeScript => "typescript",
        }
    }

    /// Reads a language by the names and file endings people write (`py`, `js`, `ts`, ...), in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Language> {
        match name.trim().to_ascii_lowercase().as_str() {
            "python" | "py" | "python3" => Some(Language::Python),
            "javascript" | "js" | "mjs" | "node" => Some(Language::JavaScript),
            "typescript" | "ts" | "mts" => Some(Language::TypeScript),
            _ => None,
        }
    }

    /// The guest that runs programs of this language.
    #[must_use]
    pub fn guest(self) -> Guest {
        match self {
            Language::Python => Guest::Python,
            Language::JavaScript | Language::TypeScript => Guest::JavaScript,
        }
    }

    /// The file name that errors and tracebacks show.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Language::Python => "program.py",
            Language::JavaScript => "program.js",
            Language::TypeScript => "program.ts",
        }
    }
}

/// A fixed interpreter compiled to WebAssembly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guest {
    /// CPython.
    Python,
    /// QuickJS-NG; also runs TypeScript.
    JavaScript,
}

impl Guest {
    /// Every guest.
    pub const ALL: [Guest; 2] = [Guest::Python, Guest::JavaScript];

    /// The name of the guest, of its folder in `wasm-guests/` and of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Guest::Python => "python",
            Guest::JavaScript => "javascript",
        }
    }
}
