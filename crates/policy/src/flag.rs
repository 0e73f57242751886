//! What a program may contain that is not wrong by itself, but worth recording, or forbidding.

use crate::Threat;
use serde::{Deserialize, Serialize};

/// The kinds of what is flagged in a program. Closed: the configuration and the journal name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// It makes a program of text or bytes that are not written out in it: `eval`, `Function`, `pickle.loads`.
    DynamicEvaluation,
    /// It names what programs use to get out of a sandbox: `__subclasses__`, `ctypes`, `child_process`.
    EscapeIdiom,
}

impl FlagKind {
    /// Every kind.
    pub const ALL: [FlagKind; 2] = [FlagKind::DynamicEvaluation, FlagKind::EscapeIdiom];

    /// The name used in the configuration, in the journal and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FlagKind::DynamicEvaluation => "dynamic_evaluation",
            FlagKind::EscapeIdiom => "escape_idiom",
        }
    }

    /// The class of attack that it is a sign of.
    #[must_use]
    pub fn threat(self) -> Threat {
        match self {
            FlagKind::DynamicEvaluation => Threat::P5_1,
            FlagKind::EscapeIdiom => Threat::P5_6,
        }
    }
}
