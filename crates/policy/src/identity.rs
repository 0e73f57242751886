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

/// One run, named in the journal and in logs: 128 bits, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(u128);

impl RunId {
    /// Makes an id of random bytes; the caller supplies the randomness.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        RunId(u128::from_le_bytes(bytes))
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
