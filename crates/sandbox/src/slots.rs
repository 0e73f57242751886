//! A fixed amount of something, shared out between principals: workers in turn, calls with an upstream, room for replies, places in the queue.
//!
//! First come first served within a principal, round robin between them. Alone, a principal may have all there is. While another one is about, nobody
//! takes more than half: what is held comes back only when a program ends, so it has to be free before somebody asks for it. A principal
//! whose worker died abnormally waits before it has the next, so that guessing at the second wall is slow.

use policy::Principal;
use std::time::Duration;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::oneshot, time::Instant};

/// How long a principal waits after the first abnormal death; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest that a principal waits.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// After this long without a death all is forgotten.
const QUIET: Duration = Duration::from_secs(60);

/// How long a principal is about after it asked last, also when it holds nothing.
const ABOUT: Duration = Duration::from_secs(60);

/// What there is to share out.
#[derive(Debug, Clone)]
pub struct Slots(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    total: usize,
    taken: HashMap<Principal, usize>,
    /// How much of that is held for later and not in use.
    resting: HashMap<Principal, usize>,
    /// When each principal asked last.
    about: HashMap<Principal, Instant>,
    /// Who waits, in the order in which they are next.
    queue: VecDeque<(Principal, VecDeque<oneshot::Sender<Slot>>)>,
    deaths: HashMap<Principal, Deaths>,
}

/// The abnormal deaths of a principal's workers.
#[derive(Debug)]
struct Deaths {
    last: Instant,
    wait: Duration,
}

/// What one principal took; given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    principal: Principal,
    amount: usize,
    crowds: bool,
    rests: bool,
}

impl Slots {
    /// So much of it, at least 1.
    #[must_use]
    pub fn new(total: usize) -> Self {
        let (taken, resting, about, queue, deaths) = Default::default();
        Slots(Arc::new(Mutex::new(State { total: total.max(1), taken, resting, about, queue, deaths })))
    }

    /// Waits until one can be had. Dropping the future leaves the queue.
    pub async fn take(&self, principal: &Principal) -> Slot {
        if let Some(until) = self.not_before(principal) {
            tokio::time::sleep_until(until).await;
        }
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.state();
            state.asks(principal);
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

    /// Takes this much at once, or nothing: `None` when there is not so much, or when it is more than a principal may have.
    #[must_use]
    pub fn try_take(&self, principal: &Principal, amount: usize) -> Option<Slot> {
        let mut state = self.state();
        state.asks(principal);
        state.has_room(principal, amount).then(|| {
            let crowds = state.give(principal, amount);
            Slot { slots: self.clone(), principal: principal.clone(), amount, crowds, rests: false }
        })
    }

    /// A worker of this principal died abnormally.
    pub(crate) fn back_off(&self, principal: &Principal, now: Instant) {
        let mut state = self.state();
        state.deaths.retain(|_, deaths| now.duration_since(deaths.last) < QUIET);
        let wait = state.deaths.get(principal).map_or(FIRST_WAIT, |deaths| (deaths.wait * 2).min(LONGEST_WAIT));
        state.deaths.insert(principal.clone(), Deaths { last: now, wait });
    }

    fn not_before(&self, principal: &Principal) -> Option<Instant> {
        self.state().deaths.get(principal).map(|deaths| deaths.last + deaths.wait)
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
        while let Some((principal, sender, crowds)) = self.next() {
            // A waiter that went away in this moment drops its slot, which serves the next.
            let _ = sender.send(Slot { slots: self.clone(), principal, amount: 1, crowds, rests: false });
        }
    }

    fn next(&self) -> Option<(Principal, oneshot::Sender<Slot>, bool)> {
        let mut state = self.state();
        for (_, waiters) in &mut state.queue {
            waiters.retain(|waiter| !waiter.is_closed());
        }
        state.queue.retain(|(_, waiters)| !waiters.is_empty());
        let at = state.queue.iter().position(|(principal, _)| state.has_room(principal, 1))?;
        let (principal, mut waiters) = state.queue.remove(at)?;
        let sender = waiters.pop_front()?;
        if !waiters.is_empty() {
            state.queue.push_back((principal.clone(), waiters));
        }
        let crowds = state.give(&principal, 1);
        Some((principal, sender, crowds))
    }
}

impl State {
    /// Notes that a principal asked.
    fn asks(&mut self, principal: &Principal) {
        let now = Instant::now();
        let State { about, taken, .. } = self;
        about.retain(|who, last| now.duration_since(*last) < ABOUT || taken.contains_key(who));
        about.insert(principal.clone(), now);
    }

    /// Notes what a principal has now; whether it crowds.
    fn give(&mut self, principal: &Principal, amount: usize) -> bool {
        let own = self.taken.entry(principal.clone()).or_default();
        let had = std::mem::replace(own, *own + amount);
        had > self.resting.get(principal).copied().unwrap_or(0) && !self.is_alone(principal)
    }

    fn is_alone(&self, principal: &Principal) -> bool {
        self.about.keys().all(|other| other == principal)
    }

    fn has_room(&self, principal: &Principal, amount: usize) -> bool {
        let own = self.taken.get(principal).copied().unwrap_or(0);
        let most = if self.is_alone(principal) { self.total } else { self.total.div_ceil(2) };
        let free = self.total.saturating_sub(self.taken.values().sum());
        amount <= free && own.saturating_add(amount) <= most
    }
}

impl Slot {
    /// Who holds it.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether its holder used others already when it took this one, while another principal was about.
    pub(crate) fn crowds(&self) -> bool {
        self.crowds
    }

    /// It is held for later, or in use again.
    pub(crate) fn rest(&mut self, rests: bool) {
        let mut state = self.slots.state();
        match (std::mem::replace(&mut self.rests, rests), rests) {
            (false, true) => *state.resting.entry(self.principal.clone()).or_default() += self.amount,
            (true, false) => less(&mut state.resting, &self.principal, self.amount),
            _ => {}
        }
    }
}

fn less(held: &mut HashMap<Principal, usize>, principal: &Principal, amount: usize) {
    if let Some(own) = held.get_mut(principal) {
        *own = own.saturating_sub(amount);
        if *own == 0 {
            held.remove(principal);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.rest(false);
        less(&mut self.slots.state().taken, &self.principal, self.amount);
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

    async fn now_of(slots: &Slots, name: &str) -> Option<Slot> {
        tokio::time::timeout(Duration::from_millis(20), slots.take(&principal(name))).await.ok()
    }

    #[tokio::test]
    async fn a_slot_comes_back_and_goes_to_the_next_principal_in_turn() {
        let slots = Slots::new(2);
        let (first, second) = (now_of(&slots, "a").await.unwrap(), now_of(&slots, "a").await.unwrap());
        assert!(now_of(&slots, "b").await.is_none(), "both slots are taken");
        assert_eq!(slots.waiting(), 0, "who gave up no longer waits");
        drop(second);
        let order = Arc::new(Mutex::new(Vec::new()));
        let waiters: Vec<_> = ["a", "b", "a"]
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
        while slots.waiting() != 2 || order.lock().unwrap().len() != 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*order.lock().unwrap(), ["b"], "a holds half already, and one slot is free");
        drop(first);
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["b", "a", "a"]);
    }

    #[test]
    fn half_is_kept_for_others_while_they_are_about_and_all_is_for_one_alone() {
        let (slots, [a, b]) = (Slots::new(100), ["a", "b"].map(principal));
        let all = slots.try_take(&a, 100).unwrap();
        assert!(slots.try_take(&b, 1).is_none(), "all is taken");
        drop(all);
        // b asked, so it is about, though it holds nothing.
        assert!(slots.try_take(&a, 51).is_none());
        let half = slots.try_take(&a, 50).unwrap();
        assert!(slots.try_take(&a, 1).is_none());
        assert!(slots.try_take(&b, 51).is_none());
        let other = slots.try_take(&b, 50).unwrap();
        assert!(slots.try_take(&b, 1).is_none());
        drop(half);
        let later = || slots.state().about.insert(b.clone(), Instant::now().checked_sub(ABOUT).unwrap());
        later();
        assert!(slots.try_take(&a, 51).is_none(), "what is held keeps its holder about");
        drop(other);
        later();
        assert!(slots.try_take(&a, 100).is_some(), "b is forgotten");
    }

    #[tokio::test]
    async fn who_uses_one_crowds_with_the_next_while_another_is_about() {
        let slots = Slots::new(8);
        let [mut first, second] = [now_of(&slots, "a").await.unwrap(), now_of(&slots, "a").await.unwrap()];
        assert_eq!([first.crowds(), second.crowds()], [false, false], "it is alone");
        drop(second);
        assert!(!now_of(&slots, "b").await.unwrap().crowds());
        assert!(now_of(&slots, "a").await.unwrap().crowds());
        first.rest(true);
        assert!(!now_of(&slots, "a").await.unwrap().crowds(), "the first is only held for later");
        first.rest(false);
        assert!(now_of(&slots, "a").await.unwrap().crowds());
        first.rest(true);
        drop(first);
        assert!(!now_of(&slots, "a").await.unwrap().crowds());
        assert!(slots.state().resting.is_empty());
    }

    #[tokio::test]
    async fn a_death_makes_its_principal_wait_and_a_quiet_minute_is_forgiven() {
        let slots = Slots::new(2);
        let mut now = Instant::now();
        let waits = std::array::from_fn(|_| {
            slots.back_off(&principal("a"), now);
            let wait = slots.not_before(&principal("a")).unwrap() - now;
            now += wait;
            wait.as_millis()
        });
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(slots.not_before(&principal("b")), None);
        slots.back_off(&principal("b"), now + QUIET);
        assert_eq!(slots.not_before(&principal("a")), None, "forgotten");
        slots.back_off(&principal("c"), Instant::now());
        let (refused, served) = (now_of(&slots, "c").await, now_of(&slots, "a").await);
        assert!(refused.is_none() && served.is_some());
    }
}
