//! The two facts about a tool that decisions rest on, as the operator accepted them.

use serde::{Deserialize, Serialize};

/// What a call of a tool does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
    /// The operator has not said yet: treated as a write that asks.
    Unreviewed,
}

impl Effect {
    /// The name used in the lockfile and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::Unreviewed => "unreviewed",
        }
    }
}

/// What the operator accepted of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What it does.
    pub effect: Effect,
    /// Whether its arguments reach somebody beside the user: the network, other people. What says nothing is external.
    pub external: bool,
}

impl Facts {
    /// Of a tool that nobody has looked at.
    pub const UNREVIEWED: Facts = Facts { effect: Effect::Unreviewed, external: true };

    /// Whether a call may change something.
    #[must_use]
    pub fn may_write(self) -> bool {
        self.effect != Effect::Read
    }
}
