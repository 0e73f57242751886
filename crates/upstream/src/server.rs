//! One upstream over its whole life: started when first needed, started again after it ended, left alone for a while after it failed to start.
//!
//! Starting happens in a task of its own: a run that is cancelled does not stop a start that others wait for. The state behind the plain
//! mutex is only ever copied in and out; waiting for a start is behind one asynchronous lock per upstream.

use crate::config::{Era, ServerConfig};
use crate::connection::{Connection, Failure, Reason, StartFailure, WireLimits};
use crate::eras::Eras;
use crate::listing::{Listing, QUARANTINED, Quarantined, list};
use crate::lock::{LaunchLine, Lock, Review, standing};
use crate::process::Tail;
use crate::reply;
use crate::text::escaped;
use policy::{CallError, ErrorCode, Reply, ServerName, ServerState, Tool};
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest};
use serde_json::{Map, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The longest time an upstream that fails to start is left alone; the first time is one second, doubled with each failure.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// How long a run waits for an upstream that is starting; the start goes on behind it. Guards runs against one that answers nothing. Longer
/// than rmcp waits for an answer to `server/discover` (10 s), so that an upstream which ignores that is there for the first run.
const LISTING_WAIT: Duration = Duration::from_secs(12);

/// One upstream.
pub(crate) struct Upstream {
    pub config: ServerConfig,
    /// How it is reached, as the operator accepts it.
    launch: LaunchLine,
    limits: WireLimits,
    eras: Arc<Eras>,
    lock: Arc<Lock>,
    state: Mutex<State>,
    starting: tokio::sync::Mutex<()>,
    closed: CancellationToken,
    version: AtomicU64,
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    listing: Option<Arc<Listing>>,
    /// Whether the tools must be listed (again): never listed, announced as changed, or served by a new process.
    must_list: bool,
    /// When the start began that is under way.
    begun: Option<Instant>,
    failures: u32,
    retry_at: Option<Instant>,
    failed: Option<String>,
    last_error: Option<String>,
    stderr: Tail,
    start: Option<Duration>,
    era: Option<Era>,
}

/// What the operator may know of one upstream. Holds no secret of ours; `stderr_tail` and `last_error` are the upstream's own words.
#[derive(Debug, Clone)]
pub struct ServerStatus {
    /// Its name.
    pub name: ServerName,
    /// Launch line or URL, without secrets.
    pub transport: String,
    /// Whether its tools are known.
    pub state: ServerState,
    /// The era it speaks, once known.
    pub era: Option<Era>,
    /// Tools in the catalog.
    pub tools: usize,
    /// Those of them that the operator has not reviewed.
    pub unreviewed: usize,
    /// Tools that are kept out, at most 200.
    pub quarantined: Vec<Quarantined>,
    /// The last 16 KiB of its standard error.
    pub stderr_tail: String,
    /// What went wrong last, if anything did.
    pub last_error: Option<String>,
    /// Whether it runs (or its connection is open) now.
    pub started: bool,
    /// How long its last start took until the handshake was done, in milliseconds.
    pub start_ms: Option<u64>,
}

impl Upstream {
    pub(crate) fn new(config: ServerConfig, limits: WireLimits, eras: Arc<Eras>, lock: Arc<Lock>) -> Arc<Upstream> {
        Arc::new(Upstream {
            launch: config.launch(),
            config,
            limits,
            eras,
            lock,
            state: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            closed: CancellationToken::new(),
            version: AtomicU64::new(0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever [`Upstream::picture`] may have changed for a reason of its own; the lockfile has a version too.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// What the catalog says of it.
    pub(crate) fn picture(&self) -> policy::Server {
        let (state, listing) = {
            let state = self.state();
            (known(&state), state.listing.clone())
        };
        self.lock.judge(&self.config.name, &self.launch, state, listing.as_deref())
    }

    /// As [`Upstream::ensure_listed`], for a run: waits only until the start has taken 12 s. It goes on, and is `Failed` until it is done.
    pub(crate) async fn ensure_listed_soon(self: Arc<Self>) {
        let left = self.state().begun.map_or(LISTING_WAIT, |begun| LISTING_WAIT.saturating_sub(begun.elapsed()));
        if tokio::time::timeout(left, self.clone().ensure_listed()).await.is_ok() {
            return;
        }
        let mut state = self.state();
        if state.begun.is_some() {
            state.failed = Some(format!("it is still starting after {} s; try again later", LISTING_WAIT.as_secs()));
            drop(state);
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Why the lockfile lets it not be started.
    fn forbidden(&self) -> Option<&'static str> {
        self.lock.forbids(&self.config.name, &self.launch)
    }

    /// Starts it and lists its tools, unless that is done, forbidden, or failed a moment ago. Within the start timeout.
    pub(crate) async fn ensure_listed(self: Arc<Self>) {
        if self.forbidden().is_some() || self.is_listed() || self.is_backing_off().is_some() {
            return;
        }
        let upstream = self.clone();
        let _ = tokio::spawn(async move {
            let _one = upstream.starting.lock().await;
            if !upstream.is_listed() && upstream.is_backing_off().is_none() {
                upstream.state().begun = Some(Instant::now());
                upstream.start_and_list().await;
                upstream.state().begun = None;
            }
        })
        .await;
    }

    /// Whether its tools are known and, as far as it said, still the same.
    pub(crate) fn is_listed(&self) -> bool {
        let state = self.state();
        let changed = state.connection.as_ref().is_some_and(|connection| connection.changed().load(Ordering::Acquire));
        state.listing.is_some() && !state.must_list && !changed
    }

    fn is_backing_off(&self) -> Option<String> {
        let state = self.state();
        state.failed.clone().filter(|_| state.retry_at.is_some_and(|at| Instant::now() < at))
    }

    async fn start_and_list(self: &Arc<Self>) {
        let begin = Instant::now();
        let Ok(connection) = self.start().await else {
            return;
        };
        connection.changed().store(false, Ordering::Release);
        let left = self.config.start_timeout.saturating_sub(begin.elapsed());
        let listed = tokio::select! {
            listed = list(&connection, &self.config.name, left) => listed,
            () = self.closed.cancelled() => return,
        };
        match listed {
            Ok(listing) => {
                let listing = self.recorded(Arc::new(listing)).await;
                let mut state = self.state();
                state.listing = Some(listing);
                state.must_list = false;
                state.failed = None;
                state.failures = 0;
                drop(state);
                self.version.fetch_add(1, Ordering::Release);
            }
            Err(reason) => self.fail(&reason),
        }
    }

    /// A listing that the lockfile has seen: recorded in it, if this is the first of its server.
    async fn recorded(self: &Arc<Self>, listing: Arc<Listing>) -> Arc<Listing> {
        let (upstream, seen) = (self.clone(), listing.clone());
        // A panic there is the task's own; the listing is judged by what is known.
        let _done = tokio::task::spawn_blocking(move || upstream.lock.record(&upstream.config.name, &upstream.launch, &seen)).await;
        listing
    }

    /// The living connection, else a new one. The caller holds the `starting` lock.
    async fn start(&self) -> Result<Arc<Connection>, String> {
        if let Some(connection) = self.living() {
            return Ok(connection);
        }
        if let Some(reason) = self.forbidden() {
            return Err(reason.to_owned());
        }
        if let Some(reason) = self.is_backing_off() {
            return Err(reason);
        }
        let begin = Instant::now();
        let stderr = Tail::default();
        self.state().stderr = stderr.clone();
        let opened = tokio::select! {
            biased;
            () = self.closed.cancelled() => return Err("the broker is shutting down".to_owned()),
            opened = tokio::time::timeout(self.config.start_timeout, self.open(stderr)) => opened,
        };
        match opened {
            Ok(Ok(connection)) => {
                let connection = Arc::new(connection);
                self.eras.set(&self.config.transport.launch_hash(), Some(connection.era()));
                let mut state = self.state();
                state.connection = Some(connection.clone());
                state.must_list = true;
                state.start = Some(begin.elapsed());
                state.era = Some(connection.era());
                state.retry_at = None;
                Ok(connection)
            }
            Ok(Err(failure)) => {
                self.fail(&failure.reason);
                Err(failure.reason.text)
            }
            Err(_) => {
                let text = format!("it did not start within {} s", self.config.start_timeout.as_secs_f64());
                self.eras.set(&self.config.transport.launch_hash(), None);
                let detail = self.state().stderr.last_line();
                self.fail(&Reason { text: text.clone(), detail });
                Err(text)
            }
        }
    }

    /// Tries the pinned era; else the one it spoke last, then whatever it answers, then the handshake that older servers insist on as
    /// the first message.
    async fn open(&self, stderr: Tail) -> Result<Connection, StartFailure> {
        let attempts = match (self.config.era, self.eras.get(&self.config.transport.launch_hash())) {
            (Some(pinned), _) => vec![Some(pinned)],
            (None, Some(Era::Legacy)) => vec![Some(Era::Legacy), None],
            (None, Some(Era::Modern)) => vec![Some(Era::Modern), None, Some(Era::Legacy)],
            (None, None) => vec![None, Some(Era::Legacy)],
        };
        let mut failure = None;
        for era in attempts {
            match Connection::open(&self.config, era, self.limits, stderr.clone()).await {
                Ok(connection) => return Ok(connection),
                Err(failed) if failed.may_be_era => failure = Some(failed),
                Err(failed) => return Err(failed),
            }
        }
        Err(failure.unwrap_or(StartFailure { reason: Reason::plain("it was not tried"), may_be_era: false }))
    }

    fn fail(&self, reason: &Reason) {
        tracing::warn!(upstream = %self.config.name, reason = reason.for_operator(), "an upstream is not available");
        let mut state = self.state();
        let wait = Duration::from_secs(1 << state.failures.min(6)).min(BACKOFF_MAX);
        state.failures = state.failures.saturating_add(1);
        state.retry_at = Some(Instant::now() + wait);
        state.failed = Some(reason.text.clone());
        state.last_error = Some(reason.for_operator());
        drop(state);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The connection, if it lives. One that ended is taken away, with what it said last.
    fn living(&self) -> Option<Arc<Connection>> {
        let mut state = self.state();
        let connection = state.connection.clone()?;
        if connection.is_alive() {
            return Some(connection);
        }
        state.connection = None;
        state.last_error = connection.epitaph().or_else(|| state.last_error.take());
        None
    }

    async fn connection(self: &Arc<Self>) -> Result<Arc<Connection>, String> {
        if let Some(connection) = self.living() {
            return Ok(connection);
        }
        let upstream = self.clone();
        let started = tokio::spawn(async move {
            let _one = upstream.starting.lock().await;
            upstream.start().await
        });
        started.await.unwrap_or_else(|_| Err("it could not be started".to_owned()))
    }

    /// Calls a tool. Starts the upstream if need be (within its start timeout, beside `wait`); a second time only when no byte of the
    /// request had been sent.
    pub(crate) async fn call(self: &Arc<Self>, tool: &Tool, arguments: Map<String, Value>, wait: Duration) -> Result<Reply, CallError> {
        let wait = self.config.call_timeout.map_or(wait, |limit| limit.min(wait));
        let mut tries = 0;
        let failure = loop {
            tries += 1;
            let connection = self.connection().await.map_err(|reason| self.unavailable(&reason).of(&tool.name))?;
            let params = CallToolRequestParams::new(tool.original.clone()).with_arguments(arguments.clone());
            match connection.request(ClientRequest::CallToolRequest(CallToolRequest::new(params)), wait).await {
                Ok((result, wire_bytes)) => return reply::reply(tool, result, wire_bytes),
                // Its connection ends at this moment: the next turn must find that out.
                Err(Failure::NotSent(_)) if tries < 2 => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(failure) => break failure,
            }
        };
        let error = reply::call_error(tool, failure, wait, self.limits.bytes);
        if error.code == ErrorCode::UpstreamUnavailable {
            self.living();
        }
        Err(error)
    }

    /// The error of every call while it cannot be started.
    fn unavailable(&self, reason: &str) -> CallError {
        let name = &self.config.name;
        CallError::new(ErrorCode::UpstreamUnavailable, format!("{name} is not available: {reason}; nothing was called"))
    }

    /// What there is for the operator to accept.
    pub(crate) fn review(&self) -> Review {
        let picture = self.picture();
        let (listing, error) = {
            let state = self.state();
            (state.listing.clone(), state.last_error.clone())
        };
        let failed = match picture.state {
            // Its launch line is not accepted: the review says so itself.
            ServerState::Failed(reason) => Some(error.unwrap_or(reason)),
            ServerState::Listed => None,
            ServerState::Unknown => Some("it was not asked".to_owned()),
        };
        self.lock.review(&self.config.name, &self.launch, listing.as_deref().filter(|_| failed.is_none()), failed)
    }

    /// What the operator may know.
    pub(crate) fn status(&self) -> ServerStatus {
        let living = self.living();
        let picture = self.picture();
        let document = self.lock.document();
        let state = self.state();
        let listing = state.listing.clone().unwrap_or_default();
        let kept_out = listing.tools.values().filter_map(|tool| {
            let reason = standing(&document, tool).keeps_out()?;
            Some(Quarantined { raw_name: escaped(&tool.original), name: Some(tool.name.tool.clone()), reason })
        });
        let quarantined = listing.quarantined.iter().cloned().chain(kept_out).take(QUARANTINED).collect();
        ServerStatus {
            name: self.config.name.clone(),
            transport: self.config.transport.summary(),
            state: picture.state,
            era: state.era,
            tools: picture.tools.len(),
            unreviewed: picture.tools.values().filter(|tool| tool.facts.effect == policy::Effect::Unreviewed).count(),
            quarantined,
            stderr_tail: state.stderr.text(),
            last_error: state.last_error.clone(),
            started: living.is_some(),
            start_ms: state.start.and_then(|start| u64::try_from(start.as_millis()).ok()),
        }
    }

    /// Closes the connection, ends the child and lets nothing start any more.
    pub(crate) async fn shutdown(&self) {
        self.closed.cancel();
        let _one = self.starting.lock().await;
        let connection = self.state().connection.take();
        if let Some(connection) = connection {
            connection.close().await;
        }
    }
}

fn known(state: &State) -> ServerState {
    match (&state.listing, &state.failed) {
        (Some(_), _) => ServerState::Listed,
        (None, Some(reason)) => ServerState::Failed(reason.clone()),
        (None, None) => ServerState::Unknown,
    }
}
