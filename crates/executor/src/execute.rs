//! The straight line of one run, and what all runs share.

use crate::{
    Artifacts, Current, Events, Fault, NotObeyed, Operator, Reply, Request, Settings, StartError, Stats,
    approvals::{About, Approvals, Asking, Questions},
    artifacts::{OfRun, Origin},
    aside::{Aside, Undone},
    broker::{Broker, Setting},
    budget::Budget,
    calls::Run,
    contexts::Contexts,
    deadline::Deadline,
    fetch::Web,
    journal::{Journal, Payloads},
    judge,
    left::{Left, Looked},
    place::{self, News, NoPlace},
    present::{self, Ending, Presented},
    reads::Reads,
    recorded::{self, Recorded, Spent},
    repeats::{Repeated, Repeats},
    replay::{Memory, Start},
    schemas::Schemas,
    sessions::Sessions,
    spare::Spare,
    stops::{Halt, Stops},
    turns::Turns,
    workspace::Workspaces,
};
use gate::Checks;
use policy::{Catalog, Layer, LoweredLimits, Policy, RunId, Server, ServerName, ServerState};
use sandbox::{Sandbox, Slot, Slots};
use serde_json::json;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use upstream::Upstreams;

/// What all runs share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) schemas: Schemas,
    /// Room for replies, in bytes.
    pub(crate) replies: Slots,
    pub(crate) turns: Turns,
    pub(crate) spare: Spare,
    pub(crate) aside: Aside,
    pub(crate) journal: Journal,
    pub(crate) payloads: Payloads,
    pub(crate) sessions: Sessions,
    pub(crate) artifacts: Artifacts,
    pub(crate) contexts: Contexts,
    pub(crate) secrets: gate::Secrets,
    pub(crate) stops: Stops,
    pub(crate) web: Web,
    pub(crate) approvals: Arc<Approvals>,
    unusable: Vec<ServerName>,
    /// What the operator changed or removed since the start.
    outdated: Mutex<Arc<BTreeSet<ServerName>>>,
}

impl Shared {
    /// The catalog, in which the wanted upstreams were at least tried to be listed.
    pub(crate) async fn catalog(&self, wanted: &[ServerName]) -> Arc<Catalog> {
        let catalog = self.upstreams.catalog(wanted).await;
        let outdated = Arc::clone(&self.outdated.lock().unwrap_or_else(PoisonError::into_inner));
        if self.unusable.is_empty() && outdated.is_empty() {
            return catalog;
        }
        let mut catalog = Arc::unwrap_or_clone(catalog);
        // The reason may name variables and files of the host: that is the operator's to know.
        let unusable = self.unusable.iter().map(|name| (name, "its configuration is not usable; `cofferdam doctor` tells the operator why"));
        let outdated = outdated.iter().map(|name| (name, "the operator changed how it is reached, which counts when Cofferdam is started again"));
        for (name, why) in unusable.chain(outdated) {
            let state = ServerState::Failed(why.to_owned());
            catalog.servers.insert(name.clone(), Server { state, tools: BTreeMap::default(), quarantined: BTreeMap::default() });
        }
        Arc::new(catalog)
    }
}

/// Runs programs. One per process.
#[derive(Debug)]
pub struct Executor {
    /// What the operator allowed at the start.
    policy: Arc<Policy>,
    operator: Option<Box<dyn Operator>>,
    pub(crate) sandbox: Sandbox,
    shared: Arc<Shared>,
    pub(crate) workspaces: Workspaces,
    repeats: Repeats,
    /// Places of runs that wait.
    queue: Slots,
    checks: Checks,
}

impl Executor {
    /// Starts the sandbox. Upstreams are started when they are first needed.
    ///
    /// # Errors
    /// When the guests are not built, or the state directory is not writable.
    pub async fn start(settings: Settings) -> Result<Arc<Self>, StartError> {
        let Settings { policy, operator, servers, lock, unusable, secrets, cache_dir, state_dir, warm, binary } = settings;
        let not_usable = |source| StartError::State { path: state_dir.clone(), source };
        let workspaces = Workspaces::open(&state_dir).map_err(not_usable)?;
        let sessions = Sessions::open(&state_dir, &policy.limits).map_err(not_usable)?;
        let journal = Journal::open(&state_dir, &policy.hash, secrets.clone()).map_err(not_usable)?;
        let payloads = Payloads::new(&state_dir, secrets.clone());
        let artifacts = Artifacts::open(&state_dir).map_err(not_usable)?.without(secrets.clone());
        let contexts = Contexts::open(&state_dir).map_err(not_usable)?;
        let stops = Stops::open(&state_dir).map_err(not_usable)?;
        let approvals = Arc::new(Approvals::open(&state_dir).map_err(not_usable)?);
        let sandbox = Sandbox::start(sandbox::Settings {
            cache: cache_dir.clone(),
            binary,
            warm,
            workers: policy.limits.workers,
            output_kept_bytes: policy.limits.output_kept_bytes as u64,
        })
        .await?;
        let upstreams = Upstreams::new(servers, Some(cache_dir.join("upstreams")), lock, &policy.limits);
        let turns = Turns::new(upstreams.names(), policy.limits.server_calls);
        let shared = Shared {
            upstreams,
            schemas: Schemas::default(),
            replies: Slots::new(policy.limits.replies_bytes),
            spare: Spare::default(),
            aside: Aside::default(),
            turns,
            journal,
            payloads,
            sessions,
            artifacts,
            contexts,
            secrets,
            stops,
            approvals,
            web: Web::default(),
            unusable,
            outdated: Mutex::default(),
        };
        Ok(Arc::new(Executor {
            queue: Slots::new(policy.limits.queued),
            policy: Arc::new(policy),
            operator,
            sandbox,
            shared: Arc::new(shared),
            workspaces,
            repeats: Repeats::default(),
            checks: if Layer::Programs.is_off() { Checks::none() } else { Checks::all() },
        }))
    }

    /// The upstreams.
    #[must_use]
    pub fn upstreams(&self) -> &Arc<Upstreams> {
        &self.shared.upstreams
    }

    /// What all runs share.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The sessions.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }

    /// The artifacts.
    pub(crate) fn store(&self) -> &Artifacts {
        &self.shared.artifacts
    }

    /// What each context has seen.
    #[must_use]
    pub fn contexts(&self) -> &Contexts {
        &self.shared.contexts
    }

    /// Runs one program, or attaches to the run of the same request. Calls that a person has to allow are asked for through `questions`; `None`: the
    /// client cannot ask. Cancel-safe: dropping the future kills the worker and aborts its calls.
    ///
    /// # Errors
    /// Only for faults of ours; a program that fails is a [`Reply`].
    pub async fn execute(&self, request: Request, events: Events, questions: Option<Questions>, cancel: CancellationToken) -> Result<Reply, Fault> {
        let run = RunId::from_random(random());
        let Some(waits) = self.queue.try_take(&request.context.principal, 1) else { return Err(Fault::Queue) };
        let going = self.unless_stopped(run, &request, waits, events, questions, &cancel);
        let mut reply = match request.idempotency.clone() {
            None => going.await?,
            Some(key) => match self.repeats.once(key, &request, &cancel, going).await {
                Repeated::Reply(reply) => *reply,
                Repeated::Fault(fault) => return Err(fault),
                Repeated::Refused(code, why) => Reply::without_run(run, &present::not_run(code, &why), self.policy.limits.output_shown_bytes),
            },
        };
        // Once more: what was cleaned and put together may have become one by it.
        if let Cow::Owned(text) = self.shared.secrets.remove(&reply.text) {
            reply.text = text;
        }
        Ok(reply)
    }

    /// Runs one program unless the operator stopped its principal, and ends it when they do.
    async fn unless_stopped(
        &self,
        run: RunId,
        request: &Request,
        waits: Slot,
        events: Events,
        questions: Option<Questions>,
        cancel: &CancellationToken,
    ) -> Result<Reply, Fault> {
        let (stops, principal) = (&self.shared.stops, &request.context.principal);
        if let Some(stopped) = stops.standing(principal).stopped {
            return self.refuse(run, request, "stopped", None, &present::not_run("stopped", &stopped));
        }
        let halt = Halt::below(cancel);
        let going = self.run(run, request, waits, events, questions, &halt);
        tokio::pin!(going);
        tokio::select! {
            biased;
            reply = &mut going => reply,
            stopped = stops.watch(principal) => {
                halt.stop(stopped);
                going.await
            }
        }
    }

    async fn run(
        &self,
        run: RunId,
        request: &Request,
        waits: Slot,
        events: Events,
        questions: Option<Questions>,
        halt: &Halt,
    ) -> Result<Reply, Fault> {
        let lowered = LoweredLimits { wall: request.timeout };
        let policy = match self.current() {
            Ok(policy) => policy,
            Err(invalid) => return self.refuse(run, request, NotObeyed::CODE, None, &present::not_run(NotObeyed::CODE, &invalid)),
        };
        let grant = Arc::new(policy.grant(&request.context.principal, &lowered));
        if let Some(paused) = self.shared.contexts.paused(&request.context, grant.limits()) {
            return self.refuse(run, request, "limit_exceeded", Some(Layer::Failures), &present::not_run("limit_exceeded", &paused));
        }
        let mentioned = self.mentioned(&request.code);
        let catalog = tokio::select! {
            catalog = self.shared.catalog(&mentioned) => catalog,
            () = halt.cancel.cancelled() => return self.refuse(run, request, halt.code(), None, &present::not_begun(halt.stopped())),
        };
        let lifetime = if request.session.is_some() { gate::Lifetime::Session } else { gate::Lifetime::Stateless };
        let checks = if Layer::Programs.is_off() { self.checks.clone() } else { self.checks.clone().forbidding(grant.forbidden()) };
        let program = match gate::check(&request.code, request.language, lifetime, &catalog, &checks) {
            Ok(program) => program,
            Err(refusal) => {
                self.shared.contexts.ended(&request.context, true);
                return self.refuse(run, request, refusal.code.as_str(), Some(Layer::Programs), &present::refused(&refusal));
            }
        };
        let case = judge::Case { shared: &self.shared, grant: &grant, run, request, questions: questions.clone() };
        let judged = tokio::select! {
            judged = judge::before(&case, &program) => judged,
            () = halt.cancel.cancelled() => return self.refuse(run, request, halt.code(), None, &present::not_begun(halt.stopped())),
        };
        if let Err(not_allowed) = judged {
            // That nobody answers is not the program's failure.
            if not_allowed == judge::NotAllowed::Blocked {
                self.shared.contexts.ended(&request.context, true);
            }
            return self.refuse(run, request, not_allowed.code(), Some(Layer::Judge), &present::not_run(not_allowed.code(), &not_allowed));
        }
        let guest = request.language.guest();
        let queued = Instant::now();
        let placing = async {
            match &request.session {
                None => self.stateless(run, &grant, guest).await.map(|place| (place, News::default())),
                Some(wanted) => self.in_session(run, &grant, guest, wanted).await,
            }
        };
        let placed = tokio::select! {
            placed = placing => placed,
            () = halt.cancel.cancelled() => return self.refuse(run, request, halt.code(), None, &present::not_begun(halt.stopped())),
        };
        let (mut place, news) = match placed {
            Ok(placed) => placed,
            Err(NoPlace::Fault(fault)) => return Err(fault),
            Err(NoPlace::Refused(error)) => {
                let code = error.code().unwrap_or("internal");
                return self.refuse(run, request, code, None, &present::not_run(code, &error));
            }
        };
        drop(waits);
        let queued = queued.elapsed();
        let (workspace, restored) = (place.workspace(), place.restored);
        let session = place.take_session();
        let before = session.as_ref().map(|open| present::before(open, request.session.as_ref(), &news, &self.shared.journal)).unwrap_or_default();
        let spent = Arc::new(Spent::default());
        let begun = Reads::begin(Arc::clone(&self.shared), request.context.clone(), session);
        let mut reads = spent.on_all(begun).await.map_err(|source| not_kept(run, source))?;
        for files in grant.files() {
            spent.on_all(reads.join(&files.labels())).await.map_err(|source| not_kept(run, source))?;
        }
        let handle = reads.session.as_ref().map(|open| open.handle().clone());
        let recorded = spent.on(|| Recorded::begin(&self.shared, run, request, handle.clone(), &grant, reads.labels(), program.flags()))?;
        if let Some(open) = &mut reads.session {
            self.shared.sessions.mark(open, run, &self.shared.journal).map_err(|source| Fault::Workspace { run, source })?;
        }
        let origin = Origin {
            principal: request.context.principal.clone(),
            run,
            program: blake3::hash(request.code.as_bytes()).to_string(),
            session: handle.as_ref().map(ToString::to_string),
        };
        let origin = Arc::new(origin);
        let artifacts = OfRun::new(Arc::clone(&origin), &workspace);
        let (asks, asked) = tokio::sync::mpsc::unbounded_channel();
        let permits = tokio::sync::Semaphore::new(grant.limits().calls_in_flight);
        let of_calls = Run {
            id: run,
            context: request.context.clone(),
            session: handle,
            grant: Arc::clone(&grant),
            origin,
            permits,
            asks,
            spent: Arc::clone(&spent),
        };
        let about = About { intent: request.intent.clone(), language: request.language.name(), program: request.code.clone() };
        let asking = Asking::new(Arc::clone(&self.shared.approvals), about, questions, grant.limits().approval, asked);
        let deadline = Deadline::after(grant.limits().wall);
        let over = deadline.over();
        let setting = Setting { run: Arc::new(of_calls), catalog: Arc::clone(&catalog), guest, artifacts, reads, asking, deadline };
        let mut broker = Broker::new(Arc::clone(&self.shared), setting, events);
        let started = Instant::now();
        tracing::info!(%run, principal = grant.principal().as_str(), language = request.language.name(), intent = request.intent, "a run begins");
        if self.shared.secrets.is_in(program.code()) {
            broker.recording.spoil("its program holds a secret, which is not kept");
        }
        let start = Start {
            guest,
            guest_hash: place.worker.guest_hash().to_owned(),
            memory: broker.reads.session.as_ref().and_then(Memory::of),
            document: turn(&program, &catalog),
            seed: random(),
            clock_ns: place.clock_ns,
            bind: place::bind(&grant, &workspace),
            output_kept_bytes: self.policy.limits.output_kept_bytes as u64,
        };
        let finished = place.run(start.document.clone(), start.seed, &mut broker, over, &halt.cancel).await;
        let wall = started.elapsed();
        broker.close();
        if broker.artifacts.has_copied() {
            broker.recording.spoil("it loaded an artifact as a file");
        }
        self.look_at_death(run, &finished.end, &place.worker).await;
        let end = finished.end.clone();
        let left = Left {
            start,
            recording: std::mem::take(&mut broker.recording),
            finished,
            outcome: broker.outcome.take(),
            calls: std::mem::take(&mut broker.calls),
            stopped: halt.stopped().cloned(),
            program,
            grant: Arc::clone(&grant),
            secrets: self.shared.secrets.clone(),
            spent: Arc::clone(&spent),
        };
        let looked = left.look_at(&self.shared.aside).await.map_err(|undone| not_looked_at(run, undone))?;
        let Looked { mut record, mut presented, mut budget, calls } = looked;
        broker.calls = calls;
        let judged = tokio::select! {
            biased;
            judged = judge::after(&case, &presented, &broker.calls) => judged,
            () = halt.cancel.cancelled() => Err(judge::NotAllowed::Unanswered),
        };
        if let Err(not_allowed) = judged {
            presented = present::withheld(not_allowed, &broker.calls);
            budget = Budget::of(&presented, grant.limits().output_shown_bytes);
            // Names of artifacts, and of tools that there are not, are the program's words.
            (broker.artifacts.shown, broker.artifacts.made) = (Vec::new(), Vec::new());
            broker.calls.retain(|call| call.ok != Some(false));
            record = Err("its outcome is withheld");
        }
        let mut text = self.fit(budget, &mut presented, &grant, &mut broker).await;
        let images = self.images(std::mem::take(&mut broker.artifacts.shown)).await;
        let shown = spent.on_all(broker.reads.end()).await;
        if !matches!(presented.ending, Ending::Cancelled | Ending::Stopped) {
            self.shared.contexts.ended(&request.context, presented.ending.is_error());
        }
        let session = broker.reads.session.as_ref().map(|open| open.handle().clone());
        let mut saved_ms = None;
        if let Some(open) = broker.reads.session.take() {
            let saving = Instant::now();
            text.push_str(&self.settle(&recorded, open, place, &end, wall, &grant).await);
            text.push_str(&before);
            saved_ms = Some(milliseconds(saving.elapsed()));
        }
        shown.map_err(|source| not_kept(run, source))?;
        let limited = presented.ending == Ending::Deadline || broker.is_limited;
        spent.on(|| recorded.finish(presented.ending, limited.then_some(Layer::Limits), wall, &text, record));
        let stats = Stats {
            calls: std::mem::take(&mut broker.calls),
            bytes_inside: broker.bytes_inside,
            bytes_shown: text.len(),
            queued_ms: milliseconds(queued),
            restored_ms: restored.map(milliseconds),
            saved_ms,
            wall_ms: milliseconds(wall),
            recorded_ms: milliseconds(spent.time()),
            outcome: presented.ending,
        };
        let artifacts = std::mem::take(&mut broker.artifacts.made);
        Ok(Reply { run, text, is_error: presented.ending.is_error(), session, artifacts, images, stats })
    }

    /// What the operator allows now.
    fn current(&self) -> Result<Arc<Policy>, NotObeyed> {
        let Some(operator) = &self.operator else { return Ok(Arc::clone(&self.policy)) };
        let Current { policy, outdated } = operator.current()?;
        *self.shared.outdated.lock().unwrap_or_else(PoisonError::into_inner) = outdated;
        Ok(policy)
    }

    /// Ends a request that comes to no run.
    fn refuse(&self, run: RunId, request: &Request, code: &str, layer: Option<Layer>, presented: &Presented) -> Result<Reply, Fault> {
        recorded::refused(&self.shared, run, request, code, layer)?;
        Ok(Reply::without_run(run, presented, self.policy.limits.output_shown_bytes))
    }

    /// Ends the upstreams, and puts the journal on the disk. Workers end with the process.
    pub async fn shutdown(&self) {
        self.shared.upstreams.shutdown().await;
        self.shared.journal.close().await;
        let shared = Arc::clone(&self.shared);
        // A panic in it would be lost payloads.
        let _ = tokio::task::spawn_blocking(move || shared.payloads.close()).await;
    }

    /// The servers whose names stand in the program: those are started and listed before it is looked at.
    fn mentioned(&self, code: &str) -> Vec<ServerName> {
        let words: std::collections::HashSet<&str> = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        self.shared.upstreams.names().filter(|name| words.contains(name.as_str())).cloned().collect()
    }
}

/// What a run has read, or may read, could not be put down.
fn not_kept(run: RunId, source: std::io::Error) -> Fault {
    tracing::error!(%run, error = %source, "what a context has seen could not be recorded");
    Fault::Workspace { run, source }
}

/// What a run left could not be looked at.
fn not_looked_at(run: RunId, undone: Undone) -> Fault {
    tracing::error!(%run, error = %undone, "what a run left could not be looked at");
    Fault::Unread { run }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The turn document of `wasm-guests/abi.md`.
fn turn(program: &gate::Program, catalog: &Catalog) -> Vec<u8> {
    let servers: Vec<&str> = catalog.servers.keys().map(ServerName::as_str).collect();
    let listed = catalog.servers.iter().filter(|(_, server)| server.state == ServerState::Listed);
    let tools: serde_json::Map<String, serde_json::Value> =
        listed.map(|(name, server)| (name.to_string(), server.tools.keys().map(String::as_str).collect())).collect();
    json!({"code": program.code(), "file": program.file(), "mode": program.mode(), "servers": servers, "tools": tools}).to_string().into_bytes()
}

/// Fresh random bytes of the operating system.
#[expect(clippy::expect_used, reason = "without the system's randomness nothing here is safe to go on")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}
