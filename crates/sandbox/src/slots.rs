//! Who may have a worker next: a fixed number of slots, handed out in turn to the principals that wait.
//!
//! First come first served within a principal, round robin between them, and no principal holds more than half while another waits.

use policy::Principal;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// The slots.
#[derive(Debug, Clone)]
pub(crate) struct Slots(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    total: usize,
    taken: HashMap<Principal, usize>,
    /// Who waits, in the order in which they are next.
    queue: VecDeque<(Principal, VecDeque<oneshot::Sender<Slot>>)>,
}

/// One slot; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    principal: Principal,
}

impl Slots {
    pub(crate) fn new(total: usize) -> Self {
        Slots(Arc::new(Mutex::new(State { total: total.max(1), taken: HashMap::new(), queue: VecDeque::new() })))
    }

    /// Waits for a slot. Dropping the future leaves the queue.
    pub(crate) async fn take(&self, principal: &Principal) -> Slot {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.state();
            match state.queue.iter_mut().find(|(waiting, _)| waiting == principal) {
                Some((_, waiters)) => waiters.push_back(sender),
                None => state.queue.push_back((principal.clone(), VecDeque::from([sender]))),
            }
        }
        self.serve();
        match receiver.await {
            Ok(slot) => slot,
            // The sender only goes away together with `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state().queue.iter().flat_map(|(_, waiters)| waiters).filter(|waiter| !waiter.is_closed()).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what is free.
    fn serve(&self) {
        while let Some((principal, sender)) = self.next() {
            // A waiter that went away in this moment drops its slot, which serves the next.
            let _ = sender.send(Slot { slots: self.clone(), principal });
        }
    }

    fn next(&self) -> Option<(Principal, oneshot::Sender<Slot>)> {
        let mut state = self.state();
        for (_, waiters) in &mut state.queue {
            waiters.retain(|waiter| !waiter.is_closed());
        }
        state.queue.retain(|(_, waiters)| !waiters.is_empty());
        if state.taken.values().sum::<usize>() >= state.total {
            return None;
        }
        let half = state.total.div_ceil(2);
        let contested = state.queue.len() > 1;
        let at = state.queue.iter().position(|(principal, _)| !contested || state.taken.get(principal).copied().unwrap_or(0) < half)?;
        let (principal, mut waiters) = state.queue.remove(at)?;
        let sender = waiters.pop_front()?;
        if !waiters.is_empty() {
            state.queue.push_back((principal.clone(), waiters));
        }
        *state.taken.entry(principal.clone()).or_default() += 1;
        Some((principal, sender))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut state = self.slots.state();
            if let Some(taken) = state.taken.get_mut(&self.principal) {
                *taken = taken.saturating_sub(1);
                if *taken == 0 {
                    state.taken.remove(&self.principal);
                }
            }
        }
        self.slots.serve();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn principal(name: &str) -> Principal {
        serde_json::from_value(name.into()).unwrap()
    }

    async fn now(slots: &Slots, name: &str) -> Option<Slot> {
        tokio::time::timeout(Duration::from_millis(20), slots.take(&principal(name))).await.ok()
    }

    #[tokio::test]
    async fn a_slot_comes_back_and_goes_to_the_next_principal_in_turn() {
        let slots = Slots::new(2);
        let (first, _second) = (now(&slots, "a").await.unwrap(), now(&slots, "a").await.unwrap());
        assert!(now(&slots, "b").await.is_none(), "both slots are taken");
        assert_eq!(slots.waiting(), 0, "who gave up no longer waits");
        let order = Arc::new(Mutex::new(Vec::new()));
        let waiters: Vec<_> = ["a", "a", "b"]
            .into_iter()
            .map(|name| {
                let (slots, order) = (slots.clone(), Arc::clone(&order));
                tokio::spawn(async move {
                    let slot = slots.take(&principal(name)).await;
                    order.lock().unwrap().push(name);
                    drop(slot);
                })
            })
            .collect();
        while slots.waiting() < 3 {
            tokio::task::yield_now().await;
        }
        drop(first);
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["b", "a", "a"], "a holds half already");
    }
}
