//! What the operator wrote, what it yields for one run, and the one decision about a call.

use crate::{Limits, Principal, ToolName};

/// What the operator wrote. Until rules exist it allows every tool of a configured upstream; `cofferdam doctor` says so.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The operator's ceilings.
    pub limits: Limits,
}

impl Policy {
    /// What a run of `principal` may do; `lowered` are the limits that the request asked for. Fixed before the program is looked at.
    #[must_use]
    pub fn grant(&self, principal: &Principal, lowered: &LoweredLimits) -> Grant {
        let mut limits = self.limits.clone();
        if let Some(wall) = lowered.wall {
            limits.wall = limits.wall.min(wall);
        }
        Grant { principal: principal.clone(), limits }
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

    /// The one decision point: may this run call this tool?
    #[must_use]
    pub fn decide(&self, _tool: &ToolName) -> Decision {
        Decision::Allow
    }
}

/// What is to happen with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is sent.
    Allow,
    /// It is refused.
    Deny,
    /// A person is asked first.
    Ask,
}
