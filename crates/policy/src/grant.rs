//! What the operator wrote, what it yields for one run, and the one decision about a call.

use crate::{
    AskedHttp, Effect, Explanation, FileAccess, FileGrant, HttpRule, LabelKind, Labels, Layer, Limits, Origin, Passed, Principal, Rule, ServerName,
    Tool,
    condition::{DECISION_COST, Inputs},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What the operator wrote.
///
/// Without a rule: reads that the operator accepted are allowed, unless they are external and private data of another origin was read; everything
/// else asks. A tool that nobody reviewed asks as well.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The operator's ceilings.
    pub limits: Limits,
    /// The first one that matches a call decides.
    pub rules: Vec<Rule>,
    /// Whether programs may change anything at all.
    pub mode: Mode,
    /// The labels that replies of an upstream carry, where the operator said so; the others carry both.
    pub data: BTreeMap<ServerName, BTreeSet<LabelKind>>,
    /// Where `fetch` may go: the first one that matches a request decides, and none denies.
    pub http: Vec<HttpRule>,
    /// The directories that programs may use beside their workspace.
    pub files: Vec<FileGrant>,
    /// Variables that programs see. No secrets.
    pub env: BTreeMap<String, String>,
    /// Hash of all that the operator wrote about authority. Approvals lapse when it changes.
    pub hash: String,
}

/// Whether programs may change anything, whatever the rules say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// As the rules say.
    #[default]
    ByRules,
    /// Only tools that the operator accepted as reads can be called.
    ReadOnly,
}

impl Policy {
    /// What a run of `principal` may do; `lowered` are the limits that the request asked for. Fixed before the program is looked at.
    #[must_use]
    pub fn grant(self: &Arc<Self>, principal: &Principal, lowered: &LoweredLimits) -> Grant {
        let mut limits = self.limits.clone();
        if let Some(wall) = lowered.wall {
            limits.wall = limits.wall.min(wall);
        }
        Grant { principal: principal.clone(), limits, policy: Arc::clone(self) }
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
    policy: Arc<Policy>,
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
        &self.policy.hash
    }

    /// The directories that the run may use beside its workspace. Where only reads are allowed, none can be written to.
    #[must_use]
    pub fn files(&self) -> Vec<FileGrant> {
        let mut files = self.policy.files.clone();
        if self.policy.mode == Mode::ReadOnly {
            files.iter_mut().for_each(|grant| grant.access = FileAccess::Read);
        }
        files
    }

    /// Variables that the run's program sees.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.policy.env
    }

    /// The labels that a reply of this upstream carries: private and untrusted unless the operator said otherwise.
    #[must_use]
    pub fn labels_of(&self, server: &ServerName) -> Labels {
        let origin = Origin::Server(server.clone());
        match self.policy.data.get(server) {
            Some(kinds) => Labels::of(kinds.iter().copied(), &origin),
            None => Labels::of(LabelKind::ALL, &origin),
        }
    }

    /// The one decision point: may this run make this call?
    #[must_use]
    pub fn decide(&self, call: &Asked<'_>) -> Decision {
        self.walk(call, |_| {})
    }

    /// The same decision, with the rules that were passed over on the way to it.
    #[must_use]
    pub fn explain(&self, call: &Asked<'_>) -> Explanation {
        let mut passed = Vec::new();
        let decision = self.walk(call, |rule| passed.push(rule));
        Explanation { decision, passed }
    }

    /// Looks at the rules in their order, tells of each that does not match, and ends with the one that decides.
    fn walk(&self, call: &Asked<'_>, mut pass: impl FnMut(Passed)) -> Decision {
        let says = |verdict, reason| Decision { verdict, reason };
        if Layer::Decisions.is_off() {
            let labels = guarded(&BTreeSet::from(LabelKind::ALL), call);
            return if labels.is_empty() {
                says(Verdict::Allow, Reason::AcceptedRead)
            } else {
                says(Verdict::Ask, Reason::PrivateElsewhere { labels })
            };
        }
        let facts = call.tool.facts;
        if self.policy.mode == Mode::ReadOnly && facts.may_write() {
            return says(Verdict::Deny, Reason::ReadOnly);
        }
        let left = Cell::new(DECISION_COST);
        for (rule, written) in self.policy.rules.iter().enumerate() {
            if !written.names(&call.tool.name) {
                pass(Passed::OtherTools { rule });
                continue;
            }
            match written.when.as_ref().map(|when| when.holds(&self.inputs(call, &left))) {
                None | Some(Ok(true)) => {}
                Some(Ok(false)) => {
                    pass(Passed::ConditionFalse { rule });
                    continue;
                }
                Some(Err(error)) => return says(Verdict::Deny, Reason::Condition { rule, error: error.to_string() }),
            }
            if written.effect != Verdict::Allow {
                return says(written.effect, Reason::Rule { rule });
            }
            let labels = guarded(&written.guard, call);
            return if labels.is_empty() { says(Verdict::Allow, Reason::Rule { rule }) } else { says(Verdict::Ask, Reason::Guard { rule, labels }) };
        }
        match facts.effect {
            Effect::Unreviewed => says(Verdict::Ask, Reason::Unreviewed),
            Effect::Write => says(Verdict::Ask, Reason::Write),
            Effect::Read => {
                let labels = guarded(&BTreeSet::from([LabelKind::Private]), call);
                if labels.is_empty() { says(Verdict::Allow, Reason::AcceptedRead) } else { says(Verdict::Ask, Reason::PrivateElsewhere { labels }) }
            }
        }
    }

    /// The one decision point of `fetch`, for a request and again for every redirect: may this run send it? With the rule that matched.
    #[must_use]
    pub fn decide_http(&self, request: &AskedHttp<'_>) -> (Decision, Option<&HttpRule>) {
        let says = |verdict, reason| Decision { verdict, reason };
        let Some((rule, written)) = self.policy.http.iter().enumerate().find(|(_, written)| written.names(request.method, request.url)) else {
            return (says(Verdict::Deny, Reason::NoHttpRule), None);
        };
        if self.policy.mode == Mode::ReadOnly && !request.method.reads() {
            return (says(Verdict::Deny, Reason::ReadOnly), Some(written));
        }
        let labels = request.guarded(&written.guard);
        let decision =
            if labels.is_empty() { says(Verdict::Allow, Reason::HttpRule { rule }) } else { says(Verdict::Ask, Reason::HttpGuard { rule, labels }) };
        (decision, Some(written))
    }

    fn inputs<'a>(&'a self, call: &Asked<'a>, left: &'a Cell<u64>) -> Inputs<'a> {
        Inputs { args: call.args, labels: call.labels, session: call.session, principal: &self.principal, tool: &call.tool.name, left }
    }
}

/// The labels because of which an allowed call still asks: what somebody else wrote may steer what changes something, and what is private may not
/// leave. What comes from the tool's own upstream never does: it returns to where it was.
fn guarded(guard: &BTreeSet<LabelKind>, call: &Asked<'_>) -> Labels {
    if Layer::Labels.is_off() {
        return Labels::default();
    }
    let own = Origin::Server(call.tool.name.server.clone());
    let mut found = Labels::default();
    for kind in guard {
        let counts = match kind {
            LabelKind::Untrusted => call.tool.facts.may_write(),
            LabelKind::Private => call.tool.facts.external,
        };
        if counts {
            found.join(&call.labels.foreign(*kind, &own));
        }
    }
    found
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

impl Verdict {
    /// The name used in the configuration and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
            Verdict::Ask => "ask",
        }
    }
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
    /// Only reads are allowed, whatever the rules say.
    ReadOnly,
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
    /// This rule of `[http]` allows the request.
    HttpRule {
        /// Which.
        rule: usize,
    },
    /// This rule of `[http]` allows the request, but its guard asks because of these labels.
    HttpGuard {
        /// Which.
        rule: usize,
        /// The labels.
        labels: Labels,
    },
    /// No rule of `[http]` allows the request.
    NoHttpRule,
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
