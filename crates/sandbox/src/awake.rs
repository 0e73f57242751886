//! Waiting awake: who expects word within microseconds looks for it a few times before going to sleep.
//!
//! To wake a thread that sleeps on an idle processor takes as long as a fast upstream needs to answer, and it costs the one that wakes it as much again
//! (decision 15). So a wait whose predecessor was short does not sleep at first. After a long one the next is expected to be long too, and sleeps at
//! once: whatever comes, looking takes at most [`AWAKE`] of each wait.

use std::{
    future::{Future, pending},
    time::{Duration, Instant},
};

/// The longest wait that is spent awake.
const AWAKE: Duration = Duration::from_micros(160);

/// The waits for one thing, one after the other.
#[derive(Debug)]
pub struct Awake {
    /// Up to here a wait is short, and is spent awake.
    most: Duration,
    last_was_short: bool,
}

impl Default for Awake {
    fn default() -> Self {
        Awake { most: AWAKE, last_was_short: false }
    }
}

impl Awake {
    /// Waits, awake for at most 160 us if the wait before was as short as that. Other tasks go on meanwhile.
    pub async fn wait<F: Future>(&mut self, future: F) -> F::Output {
        let begun = Instant::now();
        // One that is given up is taken for a long one.
        let (awake, most) = (std::mem::take(&mut self.last_was_short), self.most);
        let looking = async {
            while awake && begun.elapsed() < most {
                tokio::task::yield_now().await;
            }
            pending().await
        };
        let output = tokio::select! {
            biased;
            output = future => output,
            never = looking => never,
        };
        self.last_was_short = begun.elapsed() < self.most;
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, task::Poll};
    use tokio::time::timeout;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    /// Word that somebody has to look for: it never wakes who waits for it.
    fn word() -> impl Future<Output = ()> {
        let mut looked = 0;
        poll_fn(move |_| {
            looked += 1;
            if looked == 50 { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// Whether that is found.
    async fn finds_it(awake: &mut Awake) -> bool {
        timeout(Duration::from_millis(200), awake.wait(word())).await.is_ok()
    }

    #[tokio::test]
    async fn only_a_wait_after_a_short_one_is_spent_awake() {
        let mut awake = Awake { most: DAY, ..Awake::default() };
        assert!(!finds_it(&mut awake).await, "the first wait was spent awake");
        assert!(!finds_it(&mut awake).await, "a wait was spent awake after one that was given up");
        awake.wait(async {}).await;
        assert!(finds_it(&mut awake).await, "a wait after a short one was not spent awake");
        assert!(finds_it(&mut awake).await, "nor was the next");
        awake.most = Duration::ZERO;
        awake.wait(async {}).await;
        awake.most = DAY;
        assert!(!finds_it(&mut awake).await, "a wait after a long one was spent awake");
    }

    #[tokio::test]
    async fn nobody_stays_awake_for_longer() {
        let mut awake = Awake { most: Duration::ZERO, last_was_short: true };
        assert!(!finds_it(&mut awake).await);
    }

    #[tokio::test]
    async fn other_tasks_go_on_meanwhile() {
        let mut awake = Awake { most: DAY, last_was_short: true };
        let (tell, mut told) = tokio::sync::oneshot::channel();
        tokio::spawn(async move { tell.send(7) });
        // Looked for, without asking to be woken.
        let looked = poll_fn(|_| told.try_recv().map_or(Poll::Pending, Poll::Ready));
        assert_eq!(awake.wait(looked).await, 7);
    }
}
