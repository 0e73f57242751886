//! The seat of each session in this process: whose turn it is, and the worker that waits for the next run.

use super::{Handle, SessionError};
use sandbox::Worker;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, timeout_at},
};

type Seat = Arc<tokio::sync::Mutex<Option<Live>>>;

/// All seats that are taken or have a worker.
#[derive(Debug, Default)]
pub(crate) struct Seats(Mutex<HashMap<Handle, Seat>>);

/// A worker at rest that holds a session's memory.
#[derive(Debug)]
pub(crate) struct Live {
    worker: Worker,
    /// How many runs the session had when the worker came to rest: with another number in the record, some other server has gone on without it.
    runs: u64,
    since: Instant,
}

/// The turn of one run.
#[derive(Debug)]
pub(crate) struct Taken(OwnedMutexGuard<Option<Live>>);

impl Seats {
    /// Waits for the turn in a session.
    pub(crate) async fn take(&self, handle: &Handle, deadline: Instant) -> Result<Taken, SessionError> {
        let seat = {
            let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            seats.retain(|_, seat| Arc::strong_count(seat) > 1 || seat.try_lock().is_ok_and(|live| live.is_some()));
            Arc::clone(seats.entry(handle.clone()).or_default())
        };
        timeout_at(deadline, seat.lock_owned()).await.map(Taken).map_err(|_| SessionError::Busy)
    }

    /// Ends the worker that has waited longest.
    pub(crate) fn park_oldest(&self) {
        let seats: Vec<Seat> = self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let waiting = seats.iter().filter_map(|seat| seat.try_lock().ok()).filter(|live| live.is_some());
        if let Some(mut oldest) = waiting.min_by_key(|live| live.as_ref().map(|live| live.since)) {
            *oldest = None;
        }
    }
}

impl Taken {
    /// The worker that waits, if it still lives and the session has as many runs as when it came to rest.
    pub(crate) fn take(&mut self, runs: u64) -> Option<Worker> {
        let mut live = self.0.take().filter(|live| live.runs == runs)?;
        (!live.worker.is_gone()).then_some(live.worker)
    }

    /// Ends the worker that waits.
    pub(crate) fn park(&mut self) {
        *self.0 = None;
    }

    /// Leaves the worker for the next run, at most for `idle`.
    pub(crate) fn keep(mut self, worker: Worker, runs: u64, idle: Duration) {
        let since = Instant::now();
        *self.0 = Some(Live { worker, runs, since });
        let seat = Arc::clone(OwnedMutexGuard::mutex(&self.0));
        tokio::spawn(async move {
            tokio::time::sleep(idle).await;
            // Another one's turn may be going on; the worker that it leaves is not this one.
            let mut live = seat.lock().await;
            if live.as_ref().is_some_and(|live| live.since == since) {
                *live = None;
            }
        });
    }
}
