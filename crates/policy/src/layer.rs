//! The layers of the defence by name, so that a record can say which one decided and the attack suite can take one away.
//!
//! In an ordinary build [`Layer::is_off`] is the constant `false`: there is no switch, no variable and no word of one in the binary. With the
//! feature `attack` the layers named in `COFFERDAM_WITHOUT` are off; such a build protects nobody.

use crate::{ErrorCode, Reason};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One layer of the defence. Closed: records and the attack suite rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// What is refused of a program before it runs.
    Programs,
    /// What may name a tool: a malformed one is quarantined.
    Metadata,
    /// The lockfile: launch lines and definitions that the operator did not accept.
    Lock,
    /// Rules and accepted facts: what is denied, and what asks.
    Decisions,
    /// Guards over the labels of what was read before.
    Labels,
    /// The budget of programs that fail.
    Failures,
    /// A judge of the operator's own. An operator who has none turns this off; there is no other switch.
    Judge,
    /// What a reply may be: strict JSON, the tool's own schema, size and depth.
    Replies,
    /// The withholding of what upstreams' errors say. The operator turns it on; there is no other switch.
    Errors,
    /// The cleaning of what a model or a person is shown.
    Outcomes,
    /// The removal of known secrets from what is shown, kept and logged.
    Secrets,
    /// The addresses that `fetch` may reach.
    Addresses,
    /// The limits of a run. An operator who raises them turns this off; there is no other switch.
    Limits,
    /// The guest's own border: one workspace and the granted directories.
    Wasi,
    /// The worker's border around files.
    Landlock,
    /// The worker's filter of system calls.
    Seccomp,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Layer; 16] = [
        Layer::Programs,
        Layer::Metadata,
        Layer::Lock,
        Layer::Decisions,
        Layer::Labels,
        Layer::Failures,
        Layer::Judge,
        Layer::Replies,
        Layer::Errors,
        Layer::Outcomes,
        Layer::Secrets,
        Layer::Addresses,
        Layer::Limits,
        Layer::Wasi,
        Layer::Landlock,
        Layer::Seccomp,
    ];

    /// Its name in records, e.g. `labels`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Layer::Programs => "programs",
            Layer::Metadata => "metadata",
            Layer::Lock => "lock",
            Layer::Decisions => "decisions",
            Layer::Labels => "labels",
            Layer::Failures => "failures",
            Layer::Judge => "judge",
            Layer::Replies => "replies",
            Layer::Errors => "errors",
            Layer::Outcomes => "outcomes",
            Layer::Secrets => "secrets",
            Layer::Addresses => "addresses",
            Layer::Limits => "limits",
            Layer::Wasi => "wasi",
            Layer::Landlock => "landlock",
            Layer::Seccomp => "seccomp",
        }
    }

    /// Whether it was taken away: never, in a build that anybody should use.
    #[cfg(not(feature = "attack"))]
    #[must_use]
    pub const fn is_off(self) -> bool {
        false
    }

    /// Whether it was taken away by [`attack::WITHOUT`].
    #[cfg(feature = "attack")]
    #[must_use]
    pub fn is_off(self) -> bool {
        attack::off().contains(&self)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Reason {
    /// The layer that decides for this reason.
    #[must_use]
    pub fn layer(&self) -> Layer {
        match self {
            Reason::Guard { .. } | Reason::PrivateElsewhere { .. } | Reason::HttpGuard { .. } => Layer::Labels,
            Reason::Unjudged => Layer::Judge,
            Reason::Rule { .. }
            | Reason::Condition { .. }
            | Reason::ReadOnly
            | Reason::AcceptedRead
            | Reason::Write
            | Reason::Unreviewed
            | Reason::HttpRule { .. }
            | Reason::NoHttpRule => Layer::Decisions,
        }
    }
}

impl ErrorCode {
    /// The layer that this error comes from, where it comes from one. A call that is denied or asks is recorded as decided before, with its layer.
    #[must_use]
    pub fn layer(self) -> Option<Layer> {
        match self {
            ErrorCode::ToolQuarantined => Some(Layer::Lock),
            ErrorCode::ReplyTooLarge | ErrorCode::ToolOutputInvalid => Some(Layer::Replies),
            ErrorCode::LimitExceeded => Some(Layer::Limits),
            ErrorCode::ToolFailed
            | ErrorCode::UnknownTool
            | ErrorCode::InvalidArguments
            | ErrorCode::Denied
            | ErrorCode::NeedsApproval
            | ErrorCode::UpstreamUnavailable
            | ErrorCode::Timeout
            | ErrorCode::Deadlock
            | ErrorCode::BadRequest
            | ErrorCode::Unsupported
            | ErrorCode::Cancelled
            | ErrorCode::Internal => None,
        }
    }
}

/// The switch of the attack build.
#[cfg(feature = "attack")]
pub mod attack {
    use super::Layer;
    use std::{collections::BTreeSet, sync::OnceLock};

    /// The environment variable with the names of the layers that are off, apart by commas.
    pub const WITHOUT: &str = "COFFERDAM_WITHOUT";

    /// The variable's text, to be handed on to a process that is started with an empty environment.
    #[must_use]
    pub fn handed_on() -> String {
        std::env::var(WITHOUT).unwrap_or_default()
    }

    /// The layers that are off. Ends the process over an unknown name: a misspelled one would make an attack's failure mean nothing.
    #[expect(clippy::exit, clippy::print_stderr, reason = "an attack build with a wrong switch must not run at all")]
    pub(super) fn off() -> &'static BTreeSet<Layer> {
        static OFF: OnceLock<BTreeSet<Layer>> = OnceLock::new();
        OFF.get_or_init(|| {
            let named = handed_on();
            let names = named.split(',').filter(|name| !name.is_empty());
            let layers = names.map(|name| Layer::ALL.into_iter().find(|layer| layer.name() == name).ok_or(name)).collect::<Result<_, _>>();
            layers.unwrap_or_else(|name| {
                let known: Vec<&str> = Layer::ALL.iter().map(|layer| layer.name()).collect();
                eprintln!("{WITHOUT}: there is no layer {name:?}; there are {}", known.join(", "));
                std::process::exit(2)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_written_as_it_is_named() {
        for layer in Layer::ALL {
            assert_eq!(serde_json::to_value(layer).unwrap(), layer.name());
        }
    }

    #[test]
    #[cfg(not(feature = "attack"))]
    fn no_layer_can_be_off_in_an_ordinary_build() {
        const OFF: bool = Layer::Labels.is_off();
        assert_eq!((OFF, Layer::ALL.iter().filter(|layer| layer.is_off()).count()), (false, 0));
    }
}
