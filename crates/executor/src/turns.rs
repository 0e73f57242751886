//! When a call may go to its upstream: so many of one run at the same time, and so many with one upstream, shared out between principals.
//!
//! So no principal keeps a slow upstream to itself. Requests of `fetch` count together as one upstream's.

use crate::calls::Run;
use policy::{Principal, ServerName};
use sandbox::{Slot, Slots};
use std::{collections::HashMap, time::Duration};
use tokio::{runtime::Handle, sync::SemaphorePermit};

/// How long a call that was given up keeps its place with its upstream, which may still be at work on it: else a principal whose programs are
/// ended again and again would have the upstream do more at a time than it may.
const GIVEN_UP: Duration = Duration::from_secs(5);

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
    with_server: Option<Slot>,
    /// Whether something was sent that was not answered.
    is_open: bool,
}

impl Turn<'_> {
    /// From now on the upstream may be at work on it.
    pub(crate) fn sent(&mut self) {
        self.is_open = true;
    }

    /// The upstream is done with it.
    pub(crate) fn answered(&mut self) {
        self.is_open = false;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.with_server.take().filter(|_| self.is_open)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                tokio::time::sleep(GIVEN_UP).await;
                drop(slot);
            });
        }
    }
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
        Turn { _of_run: of_run, with_server: Some(self.with(server, run.grant.principal()).await), is_open: false }
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

    #[tokio::test]
    async fn a_call_that_was_given_up_keeps_its_place_and_one_that_was_answered_does_not() {
        let (slots, principal) = (Slots::new(1), Principal::local());
        let turn = || Turn { _of_run: None, with_server: slots.try_take(&principal, 1), is_open: false };
        let mut answered = turn();
        answered.sent();
        answered.answered();
        drop(answered);
        let mut given_up = turn();
        assert!(given_up.with_server.is_some());
        given_up.sent();
        drop(given_up);
        assert!(turn().with_server.is_none());
        // It comes back by itself.
        assert!(tokio::time::timeout(Duration::from_secs(60), slots.take(&principal)).await.is_ok());
    }
}
