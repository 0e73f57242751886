//! A request that is sent twice runs once: whoever repeats it waits for the first one's reply, or gets it at once.
//!
//! Kept in this process for [`KEPT`], at most [`MOST`] of them, without the images that a run showed. A key belongs to its context and to one
//! request: another program under the same key is refused, since one of the two would silently not run. Where nothing ran, nothing is kept.

use crate::{Ending, Fault, Reply, Request};
use policy::Context;
use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long an outcome is kept.
const KEPT: Duration = Duration::from_secs(600);

/// How many outcomes are kept. Guards the broker's memory.
const MOST: usize = 1000;

/// The outcomes by context and key.
#[derive(Debug, Default)]
pub(crate) struct Repeats(Mutex<HashMap<(Context, String), Entry>>);

/// What became of a request: nothing yet, or its outcome in a form that can be told twice.
type Outcome = watch::Receiver<Option<Result<Reply, String>>>;

#[derive(Debug)]
struct Entry {
    request: blake3::Hash,
    outcome: Outcome,
    since: Instant,
}

/// How a request with a key ended.
#[derive(Debug)]
pub(crate) enum Repeated {
    /// The reply of this request, or of the first one.
    Reply(Box<Reply>),
    /// This request ran and failed by a fault of ours.
    Fault(Fault),
    /// It was not run: why.
    Refused(&'static str, String),
}

impl Repeats {
    /// Runs the request, unless one with its key was there before: then waits for that one's outcome, or for the cancellation.
    pub(crate) async fn once(
        &self,
        key: String,
        request: &Request,
        cancel: &CancellationToken,
        run: impl Future<Output = Result<Reply, Fault>>,
    ) -> Repeated {
        let digest = digest(request);
        let name = (request.context.clone(), key);
        let (first, outcome) = {
            let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            entries.retain(|_, entry| entry.since.elapsed() < KEPT || entry.outcome.borrow().is_none() && entry.outcome.has_changed().is_ok());
            match entries.get(&name) {
                Some(entry) if entry.request != digest => {
                    return Repeated::Refused(
                        "idempotency_conflict",
                        "another request was made under this idempotency key; use a key of its own for each request".to_owned(),
                    );
                }
                Some(entry) => (None, entry.outcome.clone()),
                None => {
                    if entries.len() >= MOST
                        && let ended = entries.iter().filter(|(_, entry)| entry.outcome.borrow().is_some())
                        && let Some(oldest) = ended.min_by_key(|(_, entry)| entry.since).map(|(name, _)| name.clone())
                    {
                        entries.remove(&oldest);
                    }
                    let (sender, outcome) = watch::channel(None);
                    entries.insert(name.clone(), Entry { request: digest, outcome: outcome.clone(), since: Instant::now() });
                    (Some(sender), outcome)
                }
            }
        };
        match first {
            Some(sender) => {
                let result = run.await;
                if result.as_ref().map_or(true, |reply| reply.stats.outcome == Ending::Refused) {
                    self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
                }
                let told = result.as_ref().map(|reply| Reply { images: Vec::new(), ..reply.clone() });
                sender.send_replace(Some(told.map_err(ToString::to_string)));
                result.map_or_else(Repeated::Fault, |reply| Repeated::Reply(Box::new(reply)))
            }
            None => attach(outcome, cancel).await,
        }
    }
}

async fn attach(mut outcome: Outcome, cancel: &CancellationToken) -> Repeated {
    let ended = tokio::select! {
        ended = outcome.wait_for(Option::is_some) => ended.ok().and_then(|ended| ended.clone()),
        () = cancel.cancelled() => {
            let text = "this request only waited for an earlier one with its idempotency key, which goes on".to_owned();
            return Repeated::Refused("cancelled", text);
        }
    };
    match ended {
        Some(Ok(reply)) => Repeated::Reply(Box::new(reply)),
        Some(Err(fault)) => Repeated::Refused("internal", fault),
        None => Repeated::Refused(
            "cancelled",
            "the first request with this idempotency key was ended in the middle, and what it did is not undone; use another key to run it again"
                .to_owned(),
        ),
    }
}

/// What makes two requests the same.
fn digest(request: &Request) -> blake3::Hash {
    let Request { context: _, code, language, session, timeout, intent: _, idempotency: _ } = request;
    blake3::hash(format!("{language:?}\0{session:?}\0{timeout:?}\0{code}").as_bytes())
}
