//! Who asks, in which conversation, and which run it is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// On whose behalf a run happens. Over stdio there is one, the account that started the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Principal(String);

impl Principal {
    /// The name of the principal of every request over stdio.
    pub const LOCAL: &'static str = "local";

    /// The principal of every request over stdio.
    #[must_use]
    pub fn local() -> Self {
        Principal(Self::LOCAL.to_owned())
    }

    /// The principal of this name.
    #[must_use]
    pub fn named(name: String) -> Self {
        Principal(name)
    }

    /// The name, for the journal and messages to the operator.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one model has seen: one stdio connection, or one HTTP principal. Labels are kept per context.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Context {
    /// The principal it belongs to.
    pub principal: Principal,
    /// Its name among that principal's contexts.
    pub name: String,
}

/// One run, named in the journal and in logs: 128 bits, printed and written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RunId(u128);

/// A text that names no run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name of a run is 32 hexadecimal digits")]
pub struct RunIdError;

impl RunId {
    /// Makes an id of random bytes; the caller supplies the randomness.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        RunId(u128::from_le_bytes(bytes))
    }

    /// Reads an id as it is printed.
    ///
    /// # Errors
    /// When it is anything but 32 hexadecimal digits in lower case.
    pub fn parse(text: &str) -> Result<Self, RunIdError> {
        let printed = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if printed { u128::from_str_radix(text, 16).map(RunId).map_err(|_| RunIdError) } else { Err(RunIdError) }
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> Self {
        run.to_string()
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        RunId::parse(&text)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_is_printed_and_no_other_way() {
        let run = RunId::from_random([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0x01]);
        assert_eq!(run.to_string(), "01ab0000000000000000000000000000");
        assert_eq!(RunId::parse(&run.to_string()), Ok(run));
        for other in ["", "1ab0000000000000000000000000000", "01AB0000000000000000000000000000", "+1ab0000000000000000000000000000"] {
            assert_eq!(RunId::parse(other), Err(RunIdError), "{other}");
        }
    }
}
