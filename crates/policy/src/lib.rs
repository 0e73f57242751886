//! What a run may do: names, limits, labels, grants, and the plain types that the other crates share.
//!
//! Pure: nothing here reads the environment, the clock, the disk or the network. A [`Grant`] can only be made here, from a
//! [`Policy`], so that no stage of a run can give itself more than the operator wrote. Connections, programs and
//! processes are deliberately absent.

mod catalog;
mod condition;
mod effect;
mod error;
mod explain;
mod files;
mod flag;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod grant;
mod http;
mod identity;
mod judge;
mod label;
mod language;
mod layer;
mod limits;
mod names;
mod pattern;
mod propose;
mod reply;
mod rule;
mod threat;
mod unmatched;

pub use catalog::{Annotations, Catalog, Quarantine, Server, ServerState, Tool};
pub use condition::{CONDITION_BYTES, COST, Condition, ConditionError, DECISION_COST, VARIABLES};
pub use effect::{Effect, Facts};
pub use error::{CallError, ErrorCode};
pub use explain::{Explanation, Passed, call_rule};
pub use files::{FileAccess, FileGrant};
pub use flag::FlagKind;
pub use grant::{Asked, Decision, Grant, LoweredLimits, Mode, Policy, Reason, Verdict};
pub use http::{Addresses, AskedHttp, HttpRule, Method, SecretHeaders, UrlPattern, UrlPatternError, origin_of, refused_address};
pub use identity::{Context, Principal, RunId, RunIdError};
pub use judge::{Judge, JudgeWhen, Who};
pub use label::{Label, LabelError, LabelKind, Labels, Origin};
pub use language::{Guest, Language};
pub use layer::Layer;
#[cfg(feature = "attack")]
pub use layer::attack;
pub use limits::Limits;
pub use names::{NAME_CHARS, NameError, ServerName, ToolName, closest, mint};
pub use pattern::{Pattern, PatternError};
pub use propose::propose;
pub use reply::{Block, ErrorTexts, Reply, ResourceBody};
pub use rule::{PATTERNS, RULES, Rule, Shadow, Shadowed, shadows};
pub use threat::Threat;
pub use unmatched::{Known, Unmatched, Unseen, unmatched};
