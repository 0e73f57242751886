//! What the operator wrote, what it yields for one run, and the one decision about a call.

use crate::{LabelKind, Labels, Limits, Origin, Principal, ServerName, Tool};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What the operator wrote. Until rules exist it allows every tool of a configured upstream; `cofferdam doctor` says so.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The operator's ceilings.
    pub limits: Limits,
    /// The labels that replies of an upstream carry, where the operator said so; the others carry both.
    pub data: BTreeMap<ServerName, BTreeSet<LabelKind>>,
    /// Hash of all that the operator wrote about authority. Approvals lapse when it changes.
    pub hash: String,
}

impl Policy {
    /// What a run of `principal` may do; `lowered` are the limits that the request asked for. Fixed before the program is looked at.
    #[must_use]
    pub fn grant(&self, principal: &Principal, lowered: &LoweredLimits) -> Grant {
        let mut limits = self.limits.clone();
        if let Some(wall) = lowered.wall {
            limits.wall = limits.wall.min(wall);
        }
        Grant { principal: principal.clone(), limits, data: self.data.clone(), policy_hash: self.hash.clone() }
    }
}

/// Limits that a request asks for; they count only where they are lower than the operator's.
#[derive(Debug, Clone, Default)]
pub struct LoweredLimits {
    /// Wall clock of the run.
    pub wall: Option<std::time::Duration>,
}

/// What one run may do. Only [`Policy::grant`] makes one.
#[derive(Debug, Clone)]
pub struct Grant {
    principal: Principal,
    limits: Limits,
    data: BTreeMap<ServerName, BTreeSet<LabelKind>>,
    policy_hash: String,
}

impl Grant {
    /// On whose behalf.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Within which limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Hash of the policy that it was made from.
    #[must_use]
    pub fn policy_hash(&self) -> &str {
        &self.policy_hash
    }

    /// The labels that a reply of this upstream carries: private and untrusted unless the operator said otherwise.
    #[must_use]
    pub fn labels_of(&self, server: &ServerName) -> Labels {
        let origin = Origin::Server(server.clone());
        match self.data.get(server) {
            Some(kinds) => Labels::of(kinds.iter().copied(), &origin),
            None => Labels::of(LabelKind::ALL, &origin),
        }
    }

    /// The one decision point: may this run make this call?
    #[must_use]
    pub fn decide(&self, _call: &Asked<'_>) -> Decision {
        Decision { verdict: Verdict::Allow, reason: Reason::AcceptedRead }
    }
}

/// A call that is to be decided.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The tool, with the facts that the operator accepted.
    pub tool: &'a Tool,
    /// Its arguments, as they would be sent.
    pub args: &'a Map<String, Value>,
    /// What the run had read when it made the call, its context and session included.
    pub labels: &'a Labels,
    /// The session's handle.
    pub session: Option<&'a str>,
}

/// What is to happen with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is sent.
    Allow,
    /// It is refused.
    Deny,
    /// A person is asked first.
    Ask,
}

/// A verdict and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What is to happen.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

/// Why a decision is what it is. Rules are counted from 0 in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Reason {
    /// This rule says so.
    Rule {
        /// Which.
        rule: usize,
    },
    /// This rule allows it, but its guard asks because of these labels.
    Guard {
        /// Which.
        rule: usize,
        /// The labels.
        labels: Labels,
    },
    /// The condition of this rule could not be evaluated: denied.
    Condition {
        /// Which.
        rule: usize,
        /// What went wrong.
        error: String,
    },
    /// No rule: an accepted read.
    AcceptedRead,
    /// No rule: an accepted read, but its arguments could carry these labels out.
    PrivateElsewhere {
        /// The labels.
        labels: Labels,
    },
    /// No rule: it changes something.
    Write,
    /// No rule: the operator has not reviewed the tool.
    Unreviewed,
}
