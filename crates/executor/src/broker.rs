//! Answers the host calls of one run (`wasm-guests/abi.md`): what a program may ask for, and the only place where it can ask.
//!
//! A guest is blocked while a request is answered, so this is one state machine without locks; upstream calls run beside it as tasks, and
//! are aborted when the run ends.

use crate::{
    CallRecord, Events, Progress,
    approvals::Asking,
    artifacts::OfRun,
    calls::{self, Call, Held, Run, is_read_only},
    deadline::Deadline,
    execute::Shared,
    fetch::{self, Asked},
    journal::Which,
    outcome::Outcome,
    reads::Reads,
    replay::Recording,
    telling::{Replies, Untold, json},
};
use policy::{CallError, Catalog, Effect, ErrorCode, Guest, LabelKind, Labels, Origin, Tool, ToolName};
use sandbox::Awake;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// The broker's side of one run.
#[derive(Debug)]
pub(crate) struct Broker {
    shared: Arc<Shared>,
    run: Arc<Run>,
    /// As it was when the run began.
    catalog: Arc<Catalog>,
    guest: Guest,
    pub(crate) reads: Reads,
    events: Events,
    in_flight: JoinSet<Finished>,
    asking: Asking,
    deadline: Deadline,
    /// Of waits for calls.
    awake: Awake,
    /// Calls in the order in which they were made; a call's id is its place here.
    pub(crate) calls: Vec<CallRecord>,
    finished: u32,
    untold: Vec<Untold>,
    own_progress: Option<f64>,
    pub(crate) bytes_inside: usize,
    /// Of the arguments of all calls so far.
    argument_bytes: usize,
    /// Whether the run wanted more calls, or more in them, than it may have.
    pub(crate) is_limited: bool,
    pub(crate) artifacts: OfRun,
    pub(crate) outcome: Option<Result<Outcome, String>>,
    /// Whether the last request told the outcome.
    was_outcome: bool,
    /// What the program was told, for the run to be repeated.
    pub(crate) recording: Recording,
}

/// The run that a broker is for.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) run: Arc<Run>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) guest: Guest,
    pub(crate) artifacts: OfRun,
    pub(crate) reads: Reads,
    pub(crate) asking: Asking,
    pub(crate) deadline: Deadline,
}

#[derive(Debug)]
struct Finished {
    id: usize,
    /// The guest's own mark for the call: comes back with the reply and means nothing here.
    tag: u64,
    result: Result<Held, CallError>,
    /// Of what it brought: in place before the program sees it.
    labels: Labels,
    took: Duration,
}

/// A call as a guest sends it. Its arguments are read apart, so that bad ones are the call's fault alone.
#[derive(Deserialize)]
struct Submitted<'a> {
    tag: u64,
    /// A request of `fetch` in place of a tool and its arguments.
    #[serde(default, borrow)]
    fetch: Option<&'a RawValue>,
    #[serde(default)]
    tool: String,
    #[serde(default, borrow)]
    args: Option<&'a RawValue>,
    #[serde(default, borrow)]
    positional: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Request<'a> {
    op: String,
    #[serde(default, borrow)]
    submit: Vec<Submitted<'a>>,
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

/// The longest name of a tool, in bytes.
const TOOL_BYTES: usize = 2 * policy::NAME_CHARS + 1;

/// What a run may send as arguments in all, in bytes of JSON. Guards the broker's memory.
const ARGUMENT_BYTES: usize = 128 << 20;

/// How much of replies is told together, in bytes, before the rest is left to the next wait.
const TOGETHER_BYTES: usize = 16 << 20;

/// The longest a guest may ask to wait at once: a year. Longer or nonsensical times become this.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);

impl Drop for Broker {
    /// Also where the run was given up.
    fn drop(&mut self) {
        self.tell();
        self.shared.spare.ended(self.bytes_inside);
    }
}

impl Broker {
    pub(crate) fn new(shared: Arc<Shared>, setting: Setting, events: Events) -> Self {
        let Setting { run, catalog, guest, artifacts, reads, asking, deadline } = setting;
        Broker {
            shared,
            run,
            catalog,
            guest,
            reads,
            events,
            asking,
            deadline,
            awake: Awake::default(),
            in_flight: JoinSet::new(),
            calls: Vec::new(),
            finished: 0,
            untold: Vec::new(),
            own_progress: None,
            bytes_inside: 0,
            argument_bytes: 0,
            is_limited: false,
            artifacts,
            outcome: None,
            was_outcome: false,
            recording: Recording::default(),
        }
    }

    /// Ends what is still in flight; its fate is unknown.
    pub(crate) fn close(&mut self) {
        self.in_flight.abort_all();
        self.tell();
        if let Err(error) = self.shared.journal.flush() {
            tracing::error!(run = %self.run.id, %error, "the journal cannot be written");
        }
    }

    async fn answer(&mut self, document: &[u8]) -> Result<String, CallError> {
        let request: Request<'_> = serde_json::from_slice(document).map_err(malformed)?;
        match request.op.as_str() {
            "wait" => self.wait(request.submit, request.timeout_ms).await,
            "search" => self.search(&request.query.unwrap_or_default(), request.limit.unwrap_or(10)).await,
            "describe" => self.describe(&request.name.unwrap_or_default()).await,
            "progress" => self.progress(&request),
            "result" => self.result(request.outcome),
            "artifact" => {
                let calls = crate::present::counted(self.calls.iter().map(|call| call.tool.as_str()));
                let Broker { shared, run, artifacts, reads, .. } = self;
                let answer = artifacts.answer(&shared.artifacts, run.grant.limits(), document, calls, reads).await;
                answer.map_err(crate::ArtifactError::told)
            }
            "fetch" => self.fetch_now(&String::from_utf8_lossy(document)).await,
            other => Err(CallError::new(ErrorCode::BadRequest, format!("there is no request {other:?}"))),
        }
    }

    /// Starts a call.
    fn start(&mut self, submitted: Submitted<'_>) -> Result<(), CallError> {
        let Submitted { tag, fetch, tool, args, positional } = submitted;
        if let Some(document) = fetch {
            return self.start_fetch(tag, document.get());
        }
        if tool.len() > TOOL_BYTES {
            return Err(CallError::new(ErrorCode::UnknownTool, format!("there is no tool with a name of {} bytes", tool.len())));
        }
        self.argument_bytes += args.map_or(0, |args| args.get().len()) + positional.map_or(0, |positional| positional.get().len());
        if self.argument_bytes > ARGUMENT_BYTES {
            self.is_limited = true;
            return Err(CallError::new(ErrorCode::LimitExceeded, format!("the arguments of a run's calls may have {ARGUMENT_BYTES} bytes together")));
        }
        let (args, positional) = (read(args)?, read(positional)?);
        let name = ToolName::parse(&tool).ok();
        let read_only = name.as_ref().and_then(|name| self.catalog.tool(name).map(is_read_only)) == Some(true);
        // A program chooses the name, and a tool of it need not exist.
        let id = self.count(self.shared.secrets.remove(&tool).into_owned(), read_only)?;
        let call = Call { id, tool, args, positional, labels: self.reads.labels().clone() };
        let (shared, run) = (Arc::clone(&self.shared), Arc::clone(&self.run));
        self.in_flight.spawn(async move {
            let started = Instant::now();
            let result = calls::make(&shared, &run, call).await;
            let tells = result.as_ref().map_or_else(|error| error.tells, |_| true);
            let labels = name.filter(|_| tells).map(|name| run.grant.labels_of(&name.server)).unwrap_or_default();
            Finished { id, tag, result, labels, took: started.elapsed() }
        });
        Ok(())
    }

    /// Starts a request of `fetch`.
    fn start_fetch(&mut self, tag: u64, document: &str) -> Result<(), CallError> {
        let asked = Asked::read(document)?;
        let id = self.count(asked.name(), asked.reads())?;
        let (shared, run, labels) = (Arc::clone(&self.shared), Arc::clone(&self.run), self.reads.labels().clone());
        self.in_flight.spawn(async move {
            let started = Instant::now();
            let (result, labels) = fetch::make(&shared, &run, id, asked, &labels).await;
            Finished { id, tag, result, labels, took: started.elapsed() }
        });
        Ok(())
    }

    /// Makes a request of `fetch` while the guest waits for nothing else.
    async fn fetch_now(&mut self, document: &str) -> Result<String, CallError> {
        let asked = Asked::read(document)?;
        let id = self.count(asked.name(), asked.reads())?;
        let started = Instant::now();
        let (result, labels) = fetch::make(&self.shared, &self.run, id, asked, self.reads.labels()).await;
        let held = self.take_in(Finished { id, tag: 0, result, labels, took: started.elapsed() }).await?;
        Ok(held.json.clone())
    }

    /// Takes a call into the run's record; its place there.
    fn count(&mut self, tool: String, read_only: bool) -> Result<usize, CallError> {
        let (id, most) = (self.calls.len(), self.run.grant.limits().calls);
        if id >= most as usize {
            self.is_limited = true;
            let message = format!("a run may make {most} calls; ask for more data per call, or split the work");
            return Err(CallError::new(ErrorCode::LimitExceeded, message));
        }
        self.calls.push(CallRecord { tool, ok: None, bytes: 0, ms: 0.0, read_only });
        Ok(id)
    }

    /// Starts calls, then waits until one is done or the time is over.
    async fn wait(&mut self, submitted: Vec<Submitted<'_>>, timeout_ms: Option<f64>) -> Result<String, CallError> {
        let mut reply = Replies::default();
        for call in submitted {
            let tag = call.tag;
            if let Err(error) = self.start(call) {
                reply.push(tag, Err(&error));
            }
        }
        let timeout = timeout_ms.map(|ms| Duration::try_from_secs_f64(ms.max(0.0) / 1000.0).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT));
        let timeout = if reply.is_empty() { timeout } else { Some(Duration::ZERO) };
        if self.in_flight.is_empty() {
            return match timeout {
                Some(timeout) => {
                    tokio::time::sleep(timeout).await;
                    Ok(reply.finish())
                }
                None => Err(CallError::new(ErrorCode::Deadlock, "nothing is in flight that could end this wait")),
            };
        }
        let first = match timeout {
            Some(timeout) => tokio::time::timeout(timeout, self.finished()).await.ok().flatten(),
            None => self.finished().await,
        };
        let mut done: Vec<Finished> = first.into_iter().filter_map(Result::ok).collect();
        while let Some(finished) = done.pop().or_else(|| self.in_flight.try_join_next()?.ok()) {
            let tag = finished.tag;
            reply.push(tag, self.take_in(finished).await.as_deref());
            // The rest comes with the next wait: together they may be more than one message can hold.
            if reply.len() > TOGETHER_BYTES {
                break;
            }
        }
        Ok(reply.finish())
    }

    /// Waits until a call is done. Meanwhile those that need a person are asked for, and where the run waits for nothing else its clock stands
    /// still. Cancel-safe.
    async fn finished(&mut self) -> Option<Result<Finished, tokio::task::JoinError>> {
        let Broker { in_flight, asking, deadline, run, awake, .. } = self;
        let finished = async {
            loop {
                let _stopped = asking.pose(run, in_flight.len()).then(|| deadline.stop());
                tokio::select! {
                    biased;
                    finished = in_flight.join_next() => return finished,
                    () = asking.next() => {}
                }
            }
        };
        awake.wait(finished).await
    }

    /// Takes in how a call ended; the labels of what it brought are in place before the program sees it. What else there is to be done about it waits in
    /// `untold`.
    async fn take_in(&mut self, finished: Finished) -> Result<Arc<Held>, CallError> {
        let Finished { id, mut result, labels, took, .. } = finished;
        let mut shape = None;
        if let Ok(held) = &mut result {
            self.artifacts.made.append(&mut held.artifacts);
            shape = held.shape.take();
        }
        let result = result.map(Arc::new);
        let bytes = result.as_ref().map_or(0, |held| held.json.len());
        self.bytes_inside += bytes;
        self.finished += 1;
        let Some(record) = self.calls.get_mut(id) else { return result };
        record.ok = match &result {
            Ok(_) => Some(true),
            Err(error) if error.carried_out => Some(true),
            Err(error) if error.fate_unknown => None,
            Err(_) => Some(false),
        };
        record.bytes = bytes;
        record.ms = took.as_secs_f64() * 1000.0;
        let call = Which { call: id, tool: record.tool.clone(), read_only: record.read_only };
        let untold = Untold { call, ok: record.ok, took, result: result.clone(), count: self.finished };
        let (goes_first, tool) = (untold.goes_first(), record.tool.clone());
        self.untold.push(untold);
        if goes_first {
            self.tell();
        }
        if !labels.is_empty() {
            self.label(&labels).await.map_err(|error| CallError { tool: Some(tool), ..error })?;
        }
        // Only now: names can be data.
        if let Some((tool, shape)) = shape {
            self.shared.upstreams.learn(&tool, shape);
        }
        result
    }

    /// Tells the journal and the client how calls ended.
    fn tell(&mut self) {
        for untold in self.untold.drain(..) {
            let progress = Progress { progress: f64::from(untold.count), total: None, message: Some(untold.call.tool.clone()) };
            if let Err(error) = self.run.note(&self.shared, untold.event(&self.run)) {
                tracing::error!(run = %self.run.id, %error, "the journal cannot be written");
            }
            if self.own_progress.is_none() {
                // Nobody may be listening.
                let _ = self.events.send(progress);
            }
        }
    }

    /// Joins labels to those of the run, its session and its context.
    async fn label(&mut self, labels: &Labels) -> Result<(), CallError> {
        self.run.spent.on_all(self.reads.join(labels)).await.map_err(|error| {
            tracing::error!(run = %self.run.id, %error, "what a run has read could not be recorded");
            CallError::new(ErrorCode::Internal, "the reply is withheld, because where it came from could not be recorded; the call was carried out")
        })
    }

    /// Joins the labels of tools of which the program is told. What was learned from replies is as these are; a definition that the operator did not accept is
    /// a text of somebody else's.
    async fn label_told(&mut self, tools: impl Iterator<Item = &Tool>) -> Result<(), CallError> {
        let mut labels = Labels::default();
        for tool in tools {
            let of_replies = self.run.grant.labels_of(&tool.name.server);
            if self.shared.upstreams.has_learned(&tool.name) {
                labels.join(&of_replies);
            } else if tool.facts.effect == Effect::Unreviewed && of_replies.iter().any(|label| label.kind == LabelKind::Untrusted) {
                labels.join(&Labels::of([LabelKind::Untrusted], &Origin::Server(tool.name.server.clone())));
            }
        }
        if labels.is_empty() { Ok(()) } else { self.label(&labels).await }
    }

    async fn search(&mut self, query: &str, limit: usize) -> Result<String, CallError> {
        const MOST: usize = 50;
        let all: Vec<_> = self.shared.upstreams.names().cloned().collect();
        let catalog = self.shared.catalog(&all).await;
        let hits = self.shared.upstreams.search(&catalog, query, limit.clamp(1, MOST), self.guest);
        let told = hits.iter().filter_map(|hit| catalog.tool(&ToolName::parse(&hit.tool).ok()?));
        self.label_told(told).await?;
        Ok(json(&hits))
    }

    async fn describe(&mut self, name: &str) -> Result<String, CallError> {
        let server = name.split('.').next().unwrap_or_default();
        let wanted: Vec<_> = self.shared.upstreams.names().filter(|known| known.as_str() == server).cloned().collect();
        let catalog = self.shared.catalog(&wanted).await;
        let text = self.shared.upstreams.describe(&catalog, name, self.guest)?;
        let tools = catalog.servers.iter().filter(|(known, _)| known.as_str() == server).flat_map(|(_, one)| one.tools.values());
        self.label_told(tools.filter(|tool| name == server || tool.name.to_string() == name)).await?;
        Ok(json(&text))
    }

    fn progress(&mut self, request: &Request<'_>) -> Result<String, CallError> {
        let Some(progress) = request.progress.filter(|p| p.is_finite()) else {
            return Err(CallError::new(ErrorCode::BadRequest, "progress takes a number"));
        };
        // The protocol wants progress to grow.
        if self.own_progress.is_none_or(|before| progress > before) {
            self.own_progress = Some(progress);
            // Nothing that it says is shown before its outcome may be.
            let shown = self.run.grant.judge().is_none_or(|judge| !judge.sees_outcomes());
            let message = request.message.as_ref().filter(|_| shown).map(|text| self.shared.secrets.remove(text).chars().take(200).collect());
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
    async fn call(&mut self, request: &[u8]) -> Vec<u8> {
        let had_outcome = self.outcome.is_some();
        let reply = match self.answer(request).await {
            Ok(value) => format!("{{\"ok\":true,\"value\":{value}}}"),
            Err(error) => format!("{{\"ok\":false,\"error\":{}}}", json(&error)),
        };
        self.was_outcome = !had_outcome && self.outcome.is_some();
        reply.into_bytes()
    }

    fn told(&mut self, request: &[u8], reply: &[u8]) {
        self.tell();
        if self.shared.secrets.is_in(reply) {
            self.recording.spoil("a reply holds a secret, which is not kept");
        }
        self.run.spent.on(|| self.recording.add(request, self.was_outcome, reply));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
fn malformed(error: serde_json::Error) -> CallError {
    CallError::new(ErrorCode::BadRequest, format!("the request is malformed: {error}"))
}

/// Reads a request with all that is read of it later; whether it is one.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_all(document: &[u8]) -> bool {
    let request: Result<Request<'_>, _> = serde_json::from_slice(document);
    request.is_ok_and(|request| {
        let mut submitted = request.submit.iter();
        let read = |document| read::<serde_json::Value>(document).is_ok();
        submitted.all(|call| read(call.args) && read(call.positional) && read(call.fetch)) && read(request.outcome)
    })
}

fn read<T: Default + serde::de::DeserializeOwned>(document: Option<&RawValue>) -> Result<T, CallError> {
    document.map_or_else(|| Ok(T::default()), |document| serde_json::from_str(document.get()).map_err(malformed))
}
