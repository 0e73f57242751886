//! Why the configuration cannot be used: the place first, as compilers write it.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error in a configuration file. Nothing is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigError {
    /// The file.
    file: PathBuf,
    /// Line and column, both from 1.
    place: Option<(usize, usize)>,
    /// What is wrong and what to do.
    message: String,
}

impl ConfigError {
    /// An error of the file as a whole.
    pub(crate) fn of(file: &Path, message: impl Into<String>) -> Self {
        ConfigError { file: file.to_owned(), place: None, message: message.into() }
    }

    /// An error at a place in the file.
    pub(crate) fn at(file: &Path, place: (usize, usize), message: impl Into<String>) -> Self {
        ConfigError { file: file.to_owned(), place: Some(place), message: message.into() }
    }
}

impl ConfigError {
    /// Where it is, without the folder and the text: for those who are to know neither.
    pub(crate) fn whereabouts(&self) -> String {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        self.place.map_or_else(|| name.to_string(), |(line, column)| format!("{name}:{line}:{column}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Line and column of a byte in a text, both from 1; columns count characters.
pub(crate) fn place(text: &str, byte: usize) -> (usize, usize) {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
