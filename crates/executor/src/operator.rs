//! What the operator allows now. It is asked for every run, so that a server that has been running for days obeys what was written a moment ago.

use policy::{Policy, ServerName};
use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

/// Where the policy of each run comes from.
pub trait Operator: Debug + Send + Sync {
    /// What is allowed now. Asked once for every run, before its program is looked at: it has to be quick where nothing changed.
    ///
    /// # Errors
    /// When what was written cannot be obeyed. Nothing runs under what held before.
    fn current(&self) -> Result<Current, NotObeyed>;
}

/// What the operator allows now.
#[derive(Debug, Clone)]
pub struct Current {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Upstreams that are not any more what they were when the executor started: they are not called.
    pub outdated: Arc<BTreeSet<ServerName>>,
}

/// What the operator wrote cannot be obeyed: where, in words for the model. What is wrong is for the operator, who finds it in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the operator changed the configuration to something that cannot be used ({0}), so nothing runs until it is corrected; `cofferdam doctor` tells \
     the operator what is wrong"
)]
pub struct NotObeyed(pub String);

impl NotObeyed {
    /// The code that clients see.
    pub const CODE: &str = "policy_invalid";
}
