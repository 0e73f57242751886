//! The wall clock of a run, which stands still while the run waits for a person and for nothing else.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The clock of one run.
#[derive(Debug, Clone)]
pub(crate) struct Deadline(watch::Sender<State>);

#[derive(Debug, Clone, Copy)]
enum State {
    /// It ends then.
    Running(Instant),
    /// This much is left.
    Stopped(Duration),
}

impl Deadline {
    /// A clock that runs from now.
    pub(crate) fn after(wall: Duration) -> Self {
        Deadline(watch::Sender::new(State::Running(Instant::now() + wall)))
    }

    /// Waits until the time is over.
    pub(crate) fn over(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut state = self.0.subscribe();
        async move {
            loop {
                let now = *state.borrow_and_update();
                let changed = match now {
                    State::Running(until) => tokio::select! {
                        () = tokio::time::sleep_until(until) => return,
                        changed = state.changed() => changed,
                    },
                    State::Stopped(_) => state.changed().await,
                };
                if changed.is_err() {
                    // Nobody can let it go on any more: the run is over.
                    return;
                }
            }
        }
    }

    /// Stops the clock until the result is dropped.
    pub(crate) fn stop(&self) -> Stopped<'_> {
        self.0.send_modify(|state| {
            if let State::Running(until) = *state {
                *state = State::Stopped(until.saturating_duration_since(Instant::now()));
            }
        });
        Stopped(self)
    }
}

/// While this lives, the clock stands still.
#[derive(Debug)]
pub(crate) struct Stopped<'a>(&'a Deadline);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| {
            if let State::Stopped(left) = *state {
                *state = State::Running(Instant::now() + left);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn time_that_a_person_takes_does_not_count() {
        let deadline = Deadline::after(Duration::from_millis(300));
        let over = deadline.over();
        tokio::pin!(over);
        let stopped = deadline.stop();
        assert!(tokio::time::timeout(Duration::from_millis(900), &mut over).await.is_err());
        drop(stopped);
        assert!(tokio::time::timeout(Duration::from_secs(60), &mut over).await.is_ok());
    }
}
