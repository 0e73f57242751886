//! How often programs of one context failed: ends a loop of programs that are written again and again, whoever makes the model write them.

use policy::Limits;
use std::{
    collections::VecDeque,
    fmt,
    time::{Duration, Instant},
};

/// The time in which [`Limits::failures`] are counted.
const WITHIN: Duration = Duration::from_secs(600);

/// How long a context waits after [`Limits::failures_in_a_row`], and again after each further one.
const PAUSE: Duration = Duration::from_secs(60);

/// The failures of one context, in memory.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Since the last run that did not fail.
    in_a_row: u32,
    /// When each was, the oldest first; those of [`WITHIN`].
    at: VecDeque<Instant>,
}

/// The next program has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paused {
    failed: u32,
    /// The time they are counted in; `None`: one after the other.
    within: Option<Duration>,
    remaining: Duration,
}

impl Failures {
    /// Takes down the end of a run.
    pub(super) fn ended(&mut self, failed: bool, now: Instant) {
        self.forget(now);
        if failed {
            self.in_a_row = self.in_a_row.saturating_add(1);
            self.at.push_back(now);
        } else {
            self.in_a_row = 0;
        }
    }

    /// Whether the next run has to wait.
    pub(super) fn paused(&mut self, limits: &Limits, now: Instant) -> Option<Paused> {
        self.forget(now);
        let most = limits.failures as usize;
        let until = |since: &Instant, time: Duration| (*since + time).saturating_duration_since(now);
        let oldest = self.at.len().checked_sub(most).and_then(|beyond| self.at.get(beyond));
        let many = oldest.map(|oldest| Paused { failed: limits.failures, within: Some(WITHIN), remaining: until(oldest, WITHIN) });
        let last = self.at.back().filter(|_| self.in_a_row >= limits.failures_in_a_row);
        let row = last.map(|last| Paused { failed: self.in_a_row, within: None, remaining: until(last, PAUSE) });
        many.into_iter().chain(row).filter(|paused| !paused.remaining.is_zero()).max_by_key(|paused| paused.remaining)
    }

    fn forget(&mut self, now: Instant) {
        while self.at.front().is_some_and(|at| now.saturating_duration_since(*at) >= WITHIN) {
            self.at.pop_front();
        }
    }
}

impl fmt::Display for Paused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within {
            None => write!(f, "the last {} programs of this conversation failed", self.failed)?,
            Some(within) => write!(f, "{} programs of this conversation failed within {} minutes", self.failed, within.as_secs() / 60)?,
        }
        let seconds = self.remaining.as_secs() + 1;
        write!(f, "; the next one may run in {seconds} s. Until then, read what the errors say, and do not send the same again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: fn() -> Limits = Limits::default;

    /// Failures at these seconds, then how the next run at `now` is answered.
    fn after(failures: impl IntoIterator<Item = u64>, succeeded: bool, now: u64) -> Option<String> {
        let begin = Instant::now();
        let mut it = Failures::default();
        for at in failures {
            it.ended(true, begin + Duration::from_secs(at));
        }
        if succeeded {
            it.ended(false, begin + Duration::from_secs(now));
        }
        it.paused(&LIMITS(), begin + Duration::from_secs(now)).map(|paused| paused.to_string())
    }

    #[test]
    fn five_in_a_row_wait_a_minute_and_one_success_ends_it() {
        let paused = |failed: u32, seconds: u64| {
            Some(format!(
                "the last {failed} programs of this conversation failed; the next one may run in {seconds} s. \
                 Until then, read what the errors say, and do not send the same again"
            ))
        };
        assert_eq!(after(0..4, false, 4), None);
        assert_eq!(after(0..5, false, 10), paused(5, 55));
        assert_eq!(after(0..5, false, 64), None);
        // The one that was let through after the minute failed too.
        assert_eq!(after([0, 1, 2, 3, 4, 65], false, 65), paused(6, 61));
        assert_eq!(after(0..5, true, 10), None);
    }

    #[test]
    fn twenty_in_ten_minutes_wait_whatever_succeeded_between_them() {
        let paused = "20 programs of this conversation failed within 10 minutes; the next one may run in 401 s. \
                      Until then, read what the errors say, and do not send the same again";
        assert_eq!(after(0..20, true, 200).as_deref(), Some(paused));
        assert_eq!(after(0..19, true, 200), None);
        // The oldest is ten minutes old by then.
        assert_eq!(after(0..20, true, 600), None);
    }
}
