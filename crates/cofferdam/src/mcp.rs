//! The MCP server: one tool, over standard input and output, in both eras of the protocol.

use crate::asking::{self, Asks};
use crate::legs::{self, Legs, Live, Resumed};
use crate::wire::Wire;
use crate::{announce, arguments, output, progress, resources};
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use executor::{Answer, Executor, Fault, PATIENCE, Posed, Reply, Settings};
use policy::{Context, Limits, Mode, Principal, ServerName};
use rmcp::model::{
    CacheScope, CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CallToolResult, ConstString, ContentBlock, CustomRequest,
    CustomResult, ErrorCode, ErrorData, Implementation, JsonObject, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, MetaObject,
    PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{Peer, RequestContext, RoleServer, serve_server_with_ct};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ServerHandler, transport::io::stdio_pipes};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long the end may take: answers on their way, workers, upstreams. Then the process ends anyway.
const FAREWELL: Duration = Duration::from_secs(8);

/// What a run may take beside its queue and its wall clock, at most: 12 s for upstreams that start, and its reply. After that nobody waits for
/// runs of a client that closed its input.
const LAST_ANSWERS: Duration = Duration::from_secs(20);

/// How long a cancelled run may take to say how it ended.
const CANCELLED: Duration = Duration::from_secs(1);

/// How long the last progress of a run may delay its reply, if the client does not read.
const LAST_PROGRESS: Duration = Duration::from_millis(200);

/// How many of a run's artifacts are linked. Guards the model's context.
const LINKS: usize = 20;

/// How long a client may keep the list of tools. It does not change while this process lives.
const LIST_TTL_MS: u64 = 300_000;

/// Serves one client until it closed its end and got its answers, or a signal asks for the end.
///
/// # Errors
/// When the executor cannot start, or the client does not speak MCP.
pub(crate) async fn serve(settings: Settings) -> anyhow::Result<()> {
    let (limits, mode) = (settings.policy.limits.clone(), settings.policy.mode);
    let ended = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let executor = Executor::start(settings).await?;
    let server = Server::new(Arc::clone(&executor), limits.clone(), mode, ended.clone());
    let (input, out) = stdio_pipes();
    let patience = limits.queue + limits.wall + LAST_ANSWERS;
    let wire = Wire::new(AsyncRwTransport::new_server(input, out), patience, ended.clone());
    let conversation = async {
        match serve_server_with_ct(server, wire, ended.clone()).await {
            Ok(running) => running.waiting().await.map(drop).context("the MCP connection failed"),
            // The client left before it said anything, or we were asked to end.
            Err(_) if ended.is_cancelled() => Ok(()),
            Err(error) => Err(anyhow::anyhow!("the client does not speak MCP: {error}")),
        }
    };
    tokio::pin!(conversation);
    let result = tokio::select! {
        result = &mut conversation => result,
        () = first(&mut terminate, &mut interrupt) => {
            ended.cancel();
            tokio::time::timeout(FAREWELL, conversation).await.unwrap_or(Ok(()))
        }
    };
    ended.cancel();
    tokio::select! {
        _ = tokio::time::timeout(FAREWELL, executor.shutdown()) => {}
        () = first(&mut terminate, &mut interrupt) => {}
    }
    result
}

/// Waits until a run was cancelled and had its time to say how it ended.
pub(crate) async fn overdue(cancel: &CancellationToken) {
    cancel.cancelled().await;
    tokio::time::sleep(CANCELLED).await;
}

/// Either signal.
async fn first(terminate: &mut tokio::signal::unix::Signal, interrupt: &mut tokio::signal::unix::Signal) {
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
}

/// What rmcp asks on behalf of one client.
struct Server {
    executor: Arc<Executor>,
    limits: Limits,
    tool: Tool,
    instructions: String,
    context: Context,
    legs: Arc<Legs>,
    ended: CancellationToken,
}

impl Server {
    fn new(executor: Arc<Executor>, limits: Limits, mode: Mode, ended: CancellationToken) -> Self {
        let servers: Vec<ServerName> = executor.upstreams().names().cloned().collect();
        let tool = announce::tool(&servers, &limits, mode);
        let instructions = announce::instructions(&servers);
        // One connection is one context: its name must not be another process's.
        let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("stdio-{}-{since_epoch:x}", std::process::id());
        Server { executor, limits, tool, instructions, context: Context { principal: Principal::local(), name }, legs: Arc::default(), ended }
    }

    /// One call of `execute`: whatever goes wrong is told to the model as the tool's own error.
    async fn execute(&self, arguments: Option<JsonObject>, context: RequestContext<RoleServer>) -> CallToolResponse {
        let digest = legs::digest(arguments.as_ref());
        let request = match arguments::read(&arguments.unwrap_or_default(), &context.meta, &self.limits, self.context.clone()) {
            Ok(request) => request,
            Err(wrong) => return refusal(wrong).into(),
        };
        let (tells, asks) = (context.meta.get_progress_token().is_some(), Asks::of(&context) != Asks::No);
        let live = Live::start(&self.executor, request, tells, asks, self.ended.child_token());
        self.go_on(live, digest, &context).await
    }

    /// Goes on with a run whose question was answered.
    async fn resume(&self, state: &str, request: &CallToolRequestParams, context: RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
        let digest = legs::digest(request.arguments.as_ref());
        let resumed = self.legs.resume(state, digest, request.input_responses.as_ref()).map_err(|wrong| ErrorData::invalid_params(wrong, None))?;
        Ok(match resumed {
            Resumed::Needs(needed) => (*needed).into(),
            Resumed::Goes(live, told) => {
                let response = self.go_on(live, digest, &context).await;
                told.send_replace(Some(response.clone()));
                response
            }
            Resumed::Again(mut response) => {
                let response = response.wait_for(Option::is_some).await.ok().and_then(|response| response.clone());
                response.unwrap_or_else(|| refusal("cancelled: the request that answered first was ended".to_owned()).into())
            }
        })
    }

    /// Follows a run to its end, or to a question that its client has to answer.
    async fn go_on(&self, mut live: Live, digest: blake3::Hash, context: &RequestContext<RoleServer>) -> CallToolResponse {
        loop {
            let posed = match self.leg(&mut live, context).await {
                Ended::Run(result) => return told(*result, &self.context).into(),
                // Dropping the run ends it, wherever it is.
                Ended::Cancelled => return refusal("cancelled".to_owned()).into(),
                Ended::Asks(posed) => posed,
            };
            match self.legs.park(live, posed, digest) {
                Ok(needed) => return needed.into(),
                // Dropping the question says that the client was not asked.
                Err((back, _posed)) => live = back,
            }
        }
    }

    /// One request's part of a run.
    async fn leg(&self, live: &mut Live, context: &RequestContext<RoleServer>) -> Ended {
        let Live { run, progress, questions, cancel } = live;
        let asks = Asks::of(context);
        let mut forwarding = progress.is_some() && context.meta.get_progress_token().is_some();
        let forward = async {
            if let (Some(inbox), Some(token)) = (progress, context.meta.get_progress_token()) {
                progress::forward(inbox, context.peer.clone(), token).await;
            }
        };
        tokio::pin!(forward);
        let overdue = overdue(cancel);
        tokio::pin!(overdue);
        let result = loop {
            tokio::select! {
                result = &mut *run => break result,
                () = &mut forward, if forwarding => forwarding = false,
                () = context.ct.cancelled(), if !cancel.is_cancelled() => cancel.cancel(),
                () = &mut overdue => return Ended::Cancelled,
                Some(posed) = questions.recv() => match asks {
                    Asks::Modern => return Ended::Asks(posed),
                    Asks::Legacy => { tokio::spawn(ask(context.peer.clone(), posed)); }
                    Asks::No => drop(posed),
                },
            }
        };
        if forwarding {
            let _late = tokio::time::timeout(LAST_PROGRESS, forward).await;
        }
        match result {
            Ok(result) => Ended::Run(Box::new(result)),
            // It panicked, which is our fault, or the process ends.
            Err(error) => {
                tracing::error!(%error, "a run ended in the middle");
                Ended::Cancelled
            }
        }
    }
}

/// How one request's part of a run ended.
enum Ended {
    Run(Box<Result<Reply, Fault>>),
    Asks(Posed),
    Cancelled,
}

/// Asks a person through a client of the legacy era. Dropping the question's other end says that nobody was asked.
async fn ask(peer: Peer<RoleServer>, posed: Posed) {
    let Posed { question, mut answer } = posed;
    let Some(form) = asking::form(&question) else { return };
    let asked = tokio::select! {
        asked = peer.create_elicitation_with_timeout(form, Some(PATIENCE)) => asked,
        // Answered elsewhere, or the run ended: rmcp tells the client so.
        () = answer.closed() => return,
    };
    match asked {
        Ok(result) => {
            let said = asking::answer(&result, question.run)
                .unwrap_or_else(|wrong| Answer::Deny { reason: format!("the client's answer is not valid: {wrong}") });
            let _late = answer.send(said);
        }
        Err(error) => tracing::warn!(run = %question.run, %error, "the client could not ask"),
    }
}

/// What the model is told of a run.
fn told(result: Result<Reply, Fault>, context: &Context) -> CallToolResult {
    match result {
        Ok(reply) => {
            let meta = figures(&reply, context);
            let mut content = vec![ContentBlock::text(reply.text)];
            content.extend(reply.artifacts.iter().take(LINKS).map(|made| ContentBlock::resource_link(resources::link(made))));
            if let Some(more) = reply.artifacts.len().checked_sub(LINKS).filter(|more| *more > 0) {
                content.push(ContentBlock::text(format!("... and {more} more artifacts: artifacts.list() in a program has them all")));
            }
            content.extend(reply.images.into_iter().map(|image| ContentBlock::image(STANDARD.encode(image.bytes), image.media_type)));
            let mut result = if reply.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
            result.meta = Some(meta);
            result
        }
        Err(fault) => {
            tracing::error!(%fault, "a run could not be made");
            refusal(fault.to_string())
        }
    }
}

/// What a person or a framework may want to know of a run. It travels in `_meta`, which clients do not show to the model.
fn figures(reply: &Reply, context: &Context) -> MetaObject {
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    for call in &reply.stats.calls {
        *calls.entry(&call.tool).or_default() += 1;
    }
    let mut figures = json!({
        "run": reply.run.to_string(),
        "context": context.name,
        "outcome": reply.stats.outcome,
        "calls": calls,
        "bytes_inside": reply.stats.bytes_inside,
        "wall_ms": hundredths(reply.stats.wall_ms),
        "recorded_ms": (reply.stats.recorded_ms * 1000.0).round() / 1000.0,
    });
    if let Some(session) = &reply.session {
        figures["session"] = session.as_str().into();
        figures["queued_ms"] = hundredths(reply.stats.queued_ms).into();
    }
    for (name, figure) in [("restored_ms", reply.stats.restored_ms), ("saved_ms", reply.stats.saved_ms)] {
        if let Some(figure) = figure {
            figures[name] = hundredths(figure).into();
        }
    }
    let mut meta = MetaObject::new();
    meta.insert("cofferdam/run".to_owned(), figures);
    meta
}

fn hundredths(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// A tool error: text that the model reads.
fn refusal(text: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_resources().build())
            .with_server_info(Implementation::new("cofferdam", env!("CARGO_PKG_VERSION")).with_title("Cofferdam"))
            .with_instructions(self.instructions.clone())
    }

    async fn list_tools(&self, _: Option<PaginatedRequestParams>, _: RequestContext<RoleServer>) -> Result<ListToolsResult, ErrorData> {
        let mut result = ListToolsResult::with_all_items(vec![self.tool.clone()]);
        result.ttl_ms = Some(LIST_TTL_MS);
        result.cache_scope = Some(CacheScope::Private);
        Ok(result)
    }

    async fn list_resources(&self, request: Option<PaginatedRequestParams>, _: RequestContext<RoleServer>) -> Result<ListResourcesResult, ErrorData> {
        resources::list(&self.executor, &self.context, request.and_then(|request| request.cursor).as_deref()).await
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resources::templates())
    }

    async fn read_resource(&self, request: ReadResourceRequestParams, _: RequestContext<RoleServer>) -> Result<ReadResourceResponse, ErrorData> {
        Ok(resources::read(&self.executor, &self.context, &request.uri).await?.into())
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
        if request.name != announce::TOOL {
            let name: String = output::plain(&request.name).chars().take(64).collect();
            let text =
                format!("there is no tool {name:?}; the only tool is {:?}, in whose programs the servers' tools are functions", announce::TOOL);
            return Err(ErrorData::invalid_params(text, None));
        }
        match &request.request_state {
            Some(state) => self.resume(state, &request, context).await,
            None => Ok(self.execute(request.arguments, context).await),
        }
    }

    /// rmcp hands over what it could not read as one of its own requests. For `tools/call` that is the model's mistake, so the model is told.
    async fn on_custom_request(&self, request: CustomRequest, context: RequestContext<RoleServer>) -> Result<CustomResult, ErrorData> {
        if request.method != CallToolRequestMethod::VALUE {
            return Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None));
        }
        let text = "the arguments of a tool call must be an object: {\"code\": \"...\"}";
        let mut result = refusal(text.to_owned());
        // rmcp does this for its own requests: earlier revisions do not know the field.
        if context.protocol_version().is_none_or(|version| version.as_str() < ProtocolVersion::V_2026_07_28.as_str()) {
            result.result_type = None;
        }
        let result = serde_json::to_value(result);
        Ok(CustomResult::new(result.map_err(|error| ErrorData::internal_error(error.to_string(), None))?))
    }
}
