//! When a call may go to its upstream: so many of one run at the same time, and so many with one upstream, shared out between principals.
//!
//! So no principal keeps a slow upstream to itself. Requests of `fetch` count together as one upstream's.

use crate::calls::Run;
use policy::{Principal, ServerName};
use sandbox::{Slot, Slots};
use std::collections::HashMap;
use tokio::sync::SemaphorePermit;

/// The turns of all upstreams.
#[derive(Debug)]
pub(crate) struct Turns {
    servers: HashMap<ServerName, Slots>,
    web: Slots,
}

/// A call's turn; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _of_run: Option<SemaphorePermit<'a>>,
    _with_server: Slot,
}

impl Turns {
    /// With so many calls at the same time for each of these upstreams.
    pub(crate) fn new<'a>(servers: impl Iterator<Item = &'a ServerName>, most: usize) -> Self {
        Turns { servers: servers.map(|name| (name.clone(), Slots::new(most))).collect(), web: Slots::new(most) }
    }

    /// Waits for the turn of a call; `None`: a request of `fetch`. The run's own comes first: who waits for it keeps no upstream from others.
    pub(crate) async fn take<'a>(&self, run: &'a Run, server: Option<&ServerName>) -> Turn<'a> {
        // Never closed; were it, the call goes ahead.
        let of_run = run.permits.acquire().await.ok();
        Turn { _of_run: of_run, _with_server: self.with(server, run.grant.principal()).await }
    }

    async fn with(&self, server: Option<&ServerName>, principal: &Principal) -> Slot {
        server.and_then(|name| self.servers.get(name)).unwrap_or(&self.web).take(principal).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_keeps_a_slow_upstream_busy_leaves_half_of_it_and_all_of_the_others() {
        let [slow, quick] = ["slow", "quick"].map(|name| ServerName::mint(name).unwrap());
        let [greedy, other] = ["greedy", "other"].map(|name| serde_json::from_value::<Principal>(name.into()).unwrap());
        let turns = Turns::new([&slow, &quick].into_iter(), 4);
        let at_once = async |server: Option<&ServerName>, principal: &Principal| {
            tokio::time::timeout(std::time::Duration::from_millis(20), turns.with(server, principal)).await.ok()
        };
        // Both are known to both upstreams.
        for server in [Some(&slow), Some(&quick), None] {
            assert!(at_once(server, &other).await.is_some());
        }
        let mut held = Vec::new();
        while let Some(turn) = at_once(Some(&slow), &greedy).await {
            held.push(turn);
        }
        assert_eq!(held.len(), 2);
        assert!(at_once(Some(&quick), &greedy).await.is_some());
        assert!(at_once(None, &greedy).await.is_some());
        assert!(at_once(Some(&slow), &other).await.is_some());
    }
}
