//! The name of a session: unguessable, and a safe file name by its form.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters of a handle after its prefix: 120 random bits.
const CHARS: usize = 24;
const PREFIX: &str = "ses_";
/// Without the characters that are mistaken for others.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A session's handle. It names the session and, for its principal, is the permission to use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);

/// A text is not a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session handle is {PREFIX} and {CHARS} small letters and digits")]
pub struct HandleError;

impl Handle {
    /// Makes a handle of random bytes; the caller supplies the randomness.
    pub(super) fn from_random(bytes: [u8; CHARS]) -> Self {
        let letters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        Handle(PREFIX.chars().chain(letters).collect())
    }

    /// Reads a handle.
    ///
    /// # Errors
    /// When it does not have the form of one.
    pub fn parse(text: &str) -> Result<Self, HandleError> {
        let letters = text.strip_prefix(PREFIX).ok_or(HandleError)?;
        let whole = letters.len() == CHARS && letters.bytes().all(|byte| ALPHABET.contains(&byte));
        whole.then(|| Handle(text.to_owned())).ok_or(HandleError)
    }

    /// The handle as clients write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Handle {
    type Error = HandleError;

    fn try_from(text: String) -> Result<Self, HandleError> {
        Handle::parse(&text)
    }
}

impl From<Handle> for String {
    fn from(handle: Handle) -> String {
        handle.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which session a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A fresh one.
    New,
    /// The one of this handle.
    Continue(Handle),
    /// A fresh one that starts as this one is now.
    Fork(Handle),
}

impl Wanted {
    /// Reads the argument `session`: `new`, a handle, or `fork:HANDLE`.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(text: &str) -> Result<Self, HandleError> {
        match text.strip_prefix("fork:") {
            Some(handle) => Handle::parse(handle.trim()).map(Wanted::Fork),
            None if text == "new" => Ok(Wanted::New),
            None => Handle::parse(text).map(Wanted::Continue),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_back() {
        let handle = Handle::from_random(std::array::from_fn(|n| u8::try_from(n * 11).unwrap()));
        assert_eq!(Handle::parse(handle.as_str()), Ok(handle.clone()));
        assert_eq!(Wanted::parse(&format!("fork:{handle}")), Ok(Wanted::Fork(handle.clone())));
        assert_eq!(Wanted::parse(handle.as_str()), Ok(Wanted::Continue(handle)));
        assert_eq!(Wanted::parse("new"), Ok(Wanted::New));
    }

    #[test]
    fn nothing_else_is_a_handle() {
        let long = format!("ses_{}", "a".repeat(10_000));
        for text in [
            "",
            "ses_",
            "New",
            "fork:",
            "fork:new",
            "ses_aaaaaaaaaaaaaaaaaaaaaaa",
            "ses_aaaaaaaaaaaaaaaaaaaaaaal",
            "ses_../../../../../../etc/pa",
            "ses_aaaaaaaaaaaaaaaaaaaaaaa\0",
            &long,
        ] {
            assert_eq!(Wanted::parse(text), Err(HandleError), "{text:?}");
        }
    }
}
