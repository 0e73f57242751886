//! Answers the host calls of one run (`wasm-guests/abi.md`): what a program may ask for, and the only place where it can ask.
//!
//! A guest is blocked while a request is answered, so this is one state machine without locks; upstream calls run beside it as tasks, and
//! are aborted when the run ends.

use crate::{
    CallRecord, Events, Progress,
    artifacts::OfRun,
    calls::{self, Call, Held},
    execute::Shared,
    outcome::Outcome,
};
use policy::{CallError, Catalog, ErrorCode, Grant, Guest, Labels, ToolName};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet};

/// The broker's side of one run.
#[derive(Debug)]
pub(crate) struct Broker {
    shared: Arc<Shared>,
    grant: Arc<Grant>,
    /// As it was when the run began.
    catalog: Arc<Catalog>,
    guest: Guest,
    events: Events,
    in_flight: JoinSet<Finished>,
    permits: Arc<Semaphore>,
    /// Calls in the order in which they were made; a call's id is its place here.
    pub(crate) calls: Vec<CallRecord>,
    finished: u32,
    own_progress: Option<f64>,
    pub(crate) bytes_inside: usize,
    pub(crate) artifacts: OfRun,
    /// Of all that the run has read so far.
    pub(crate) labels: Labels,
    pub(crate) outcome: Option<Result<Outcome, String>>,
}

#[derive(Debug)]
struct Finished {
    id: usize,
    result: Result<Held, CallError>,
    took: Duration,
}

#[derive(Deserialize)]
struct Request<'a> {
    op: String,
    #[serde(default)]
    tool: Option<String>,
    #[serde(default)]
    args: Map<String, Value>,
    #[serde(default)]
    positional: Vec<Value>,
    #[serde(default)]
    timeout_ms: Option<f64>,
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    progress: Option<f64>,
    #[serde(default)]
    total: Option<f64>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default, borrow)]
    outcome: Option<&'a RawValue>,
}

/// The longest a guest may ask to wait at once: a year. Longer or nonsensical times become this.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);

impl Broker {
    pub(crate) fn new(shared: Arc<Shared>, grant: Arc<Grant>, catalog: Arc<Catalog>, guest: Guest, artifacts: OfRun, events: Events) -> Self {
        let permits = Arc::new(Semaphore::new(grant.limits().calls_in_flight));
        Broker {
            shared,
            grant,
            catalog,
            guest,
            events,
            permits,
            in_flight: JoinSet::new(),
            calls: Vec::new(),
            finished: 0,
            own_progress: None,
            bytes_inside: 0,
            artifacts,
            labels: Labels::default(),
            outcome: None,
        }
    }

    /// Ends what is still in flight; its fate is unknown.
    pub(crate) fn close(&mut self) {
        self.in_flight.abort_all();
    }

    async fn answer(&mut self, document: &[u8]) -> Result<String, CallError> {
        let request: Request<'_> =
            serde_json::from_slice(document).map_err(|e| CallError::new(ErrorCode::BadRequest, format!("the request is malformed: {e}")))?;
        match request.op.as_str() {
            "call" => {
                let id = self.submit(request)?;
                self.finish(id).await
            }
            "submit" => self.submit(request).map(|id| id.to_string()),
            "wait" => self.wait(request.timeout_ms).await,
            "search" => self.search(&request.query.unwrap_or_default(), request.limit.unwrap_or(10)).await,
            "describe" => self.describe(&request.name.unwrap_or_default()).await,
            "progress" => self.progress(&request),
            "result" => self.result(request.outcome),
            "artifact" => {
                let calls = crate::present::counted(self.calls.iter().map(|call| call.tool.as_str()));
                let (store, limits) = (&self.shared.artifacts, self.grant.limits());
                self.artifacts.answer(store, limits, document, &mut self.labels, calls).await.map_err(crate::ArtifactError::told)
            }
            "fetch" => Err(CallError::new(
                ErrorCode::Denied,
                "fetch is refused: no http rule grants it. Use the tools of a server instead (tools.search finds them)",
            )),
            other => Err(CallError::new(ErrorCode::BadRequest, format!("there is no request {other:?}"))),
        }
    }

    /// Starts a call and returns its id.
    fn submit(&mut self, request: Request<'_>) -> Result<usize, CallError> {
        let tool = request.tool.ok_or_else(|| CallError::new(ErrorCode::BadRequest, "a call names a tool"))?;
        let most = self.grant.limits().calls;
        if self.calls.len() >= most as usize {
            return Err(CallError::new(
                ErrorCode::LimitExceeded,
                format!("a run may make {most} calls; ask for more data per call, or split the work"),
            ));
        }
        let id = self.calls.len();
        let name = ToolName::parse(&tool).ok();
        let read_only = name.and_then(|name| self.catalog.tool(&name)?.annotations.read_only) == Some(true);
        self.calls.push(CallRecord { tool: tool.clone(), ok: None, bytes: 0, ms: 0.0, read_only });
        let call = Call { tool, args: request.args, positional: request.positional };
        let (shared, grant, permits) = (Arc::clone(&self.shared), Arc::clone(&self.grant), Arc::clone(&self.permits));
        let origin = Arc::clone(&self.artifacts.origin);
        self.in_flight.spawn(async move {
            // Never closed; were it, the call goes ahead.
            let _permit = permits.acquire_owned().await.ok();
            let started = Instant::now();
            let result = calls::make(&shared, &grant, &origin, call).await;
            Finished { id, result, took: started.elapsed() }
        });
        Ok(id)
    }

    /// Waits for one call; others that finish meanwhile cannot exist, since the guest is blocked in `call` and had none in flight, or is
    /// mixing both forms: then they are answered by the next `wait`.
    async fn finish(&mut self, id: usize) -> Result<String, CallError> {
        let mut others = Vec::new();
        let result = loop {
            match self.in_flight.join_next().await {
                Some(Ok(done)) if done.id == id => break self.record(done).map(|held| held.json.clone()),
                Some(Ok(done)) => others.push(done),
                Some(Err(_)) => {}
                None => break Err(CallError::new(ErrorCode::Cancelled, "the call was aborted")),
            }
        };
        for done in others {
            self.in_flight.spawn(std::future::ready(done));
        }
        result
    }

    /// Waits until a call is done or the time is over.
    async fn wait(&mut self, timeout_ms: Option<f64>) -> Result<String, CallError> {
        let timeout = timeout_ms.map(|ms| Duration::try_from_secs_f64(ms.max(0.0) / 1000.0).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT));
        if self.in_flight.is_empty() {
            return match timeout {
                Some(timeout) => {
                    tokio::time::sleep(timeout).await;
                    Ok("[]".to_owned())
                }
                None => Err(CallError::new(ErrorCode::Deadlock, "nothing is in flight that could end this wait")),
            };
        }
        let first = match timeout {
            Some(timeout) => tokio::time::timeout(timeout, self.in_flight.join_next()).await.ok().flatten(),
            None => self.in_flight.join_next().await,
        };
        let mut done: Vec<Finished> = first.into_iter().filter_map(Result::ok).collect();
        while let Some(next) = self.in_flight.try_join_next() {
            done.extend(next.ok());
        }
        let mut reply = String::from("[");
        for finished in done {
            let id = finished.id;
            let separator = if reply.len() > 1 { "," } else { "" };
            // Writing to a string does not fail.
            let _ = match self.record(finished) {
                Ok(held) => write!(reply, "{separator}{{\"id\":{id},\"ok\":true,\"value\":{}}}", held.json),
                Err(error) => write!(reply, "{separator}{{\"id\":{id},\"ok\":false,\"error\":{}}}", json(&error)),
            };
        }
        reply.push(']');
        Ok(reply)
    }

    fn record(&mut self, mut finished: Finished) -> Result<Held, CallError> {
        if let Ok(held) = &mut finished.result {
            self.artifacts.made.append(&mut held.artifacts);
        }
        let bytes = finished.result.as_ref().map_or(0, |held| held.json.len());
        self.bytes_inside += bytes;
        self.finished += 1;
        let Some(record) = self.calls.get_mut(finished.id) else { return finished.result };
        let read = match &finished.result {
            Ok(_) => true,
            Err(error) => matches!(error.code, ErrorCode::ToolFailed | ErrorCode::ToolOutputInvalid),
        };
        if read && let Ok(tool) = ToolName::parse(&record.tool) {
            self.labels.join(&Labels::of_reply(&tool.server));
        }
        record.ok = match &finished.result {
            Ok(_) => Some(true),
            Err(error) if error.fate_unknown => None,
            Err(_) => Some(false),
        };
        record.bytes = bytes;
        record.ms = finished.took.as_secs_f64() * 1000.0;
        if self.own_progress.is_none() {
            let message = Some(record.tool.clone());
            // Nobody may be listening.
            let _ = self.events.send(Progress { progress: f64::from(self.finished), total: None, message });
        }
        finished.result
    }

    async fn search(&self, query: &str, limit: usize) -> Result<String, CallError> {
        const MOST: usize = 50;
        let all: Vec<_> = self.shared.upstreams.names().cloned().collect();
        let catalog = self.shared.catalog(&all).await;
        let hits = self.shared.upstreams.search(&catalog, query, limit.clamp(1, MOST), self.guest);
        Ok(json(&hits))
    }

    async fn describe(&self, name: &str) -> Result<String, CallError> {
        let server = name.split('.').next().unwrap_or_default();
        let wanted: Vec<_> = self.shared.upstreams.names().filter(|known| known.as_str() == server).cloned().collect();
        let catalog = self.shared.catalog(&wanted).await;
        self.shared.upstreams.describe(&catalog, name, self.guest).map(|text| json(&text))
    }

    fn progress(&mut self, request: &Request<'_>) -> Result<String, CallError> {
        let Some(progress) = request.progress.filter(|p| p.is_finite()) else {
            return Err(CallError::new(ErrorCode::BadRequest, "progress takes a number"));
        };
        // The protocol wants progress to grow.
        if self.own_progress.is_none_or(|before| progress > before) {
            self.own_progress = Some(progress);
            let message = request.message.as_ref().map(|text| text.chars().take(200).collect());
            let _ = self.events.send(Progress { progress, total: request.total.filter(|t| t.is_finite()), message });
        }
        Ok("null".to_owned())
    }

    fn result(&mut self, outcome: Option<&RawValue>) -> Result<String, CallError> {
        if self.outcome.is_some() {
            return Err(CallError::new(ErrorCode::BadRequest, "a turn has one result"));
        }
        self.outcome = Some(outcome.ok_or_else(|| "there is none".to_owned()).and_then(Outcome::read));
        Ok("null".to_owned())
    }
}

impl sandbox::Host for Broker {
    async fn call(&mut self, request: Vec<u8>) -> Vec<u8> {
        let reply = match self.answer(&request).await {
            Ok(value) => format!("{{\"ok\":true,\"value\":{value}}}"),
            Err(error) => format!("{{\"ok\":false,\"error\":{}}}", json(&error)),
        };
        reply.into_bytes()
    }
}

/// JSON of something that always has one.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
