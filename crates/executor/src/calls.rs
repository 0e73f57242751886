//! One upstream call from a run: the one decision, arguments, upstream, reply, in this order and nowhere else.

use crate::{
    approvals::{AskedCall, By, Unanswered, Waiting},
    artifacts::{New, Origin, Record, Source, is_media_type},
    execute::{Shared, random},
    journal::{Entry, Event, Which, now_ms},
    recorded::Spent,
    sessions::Handle,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use policy::{
    Asked, CallError, Context, Decision, ErrorCode, ErrorTexts, Facts, Grant, Labels, Layer, Limits, Quarantine, Reason, Reply, RunId, Tool,
    ToolName, Verdict,
};
use sandbox::Slot;
use serde_json::{Map, Value};
use std::{io, sync::Arc};
use tokio::sync::{Semaphore, mpsc, oneshot};
use upstream::Shape;

/// The run that a call belongs to: what stays the same for all of its calls.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    /// Who asked for it, in which conversation.
    pub(crate) context: Context,
    pub(crate) session: Option<Handle>,
    pub(crate) grant: Arc<Grant>,
    /// What its artifacts have in common.
    pub(crate) origin: Arc<Origin>,
    /// Bounds the calls that are with upstreams at the same time; those that wait for a person are not.
    pub(crate) permits: Semaphore,
    /// Where calls wait for a person.
    pub(crate) asks: mpsc::UnboundedSender<Waiting>,
    /// What recording it took so far.
    pub(crate) spent: Arc<Spent>,
}

impl Run {
    fn entry(&self, event: Event) -> Entry {
        Entry { at_ms: now_ms(), run: Some(self.id), session: self.session.clone(), event }
    }

    /// Tells the journal of one of its calls.
    ///
    /// # Errors
    /// See [`crate::journal::Journal::append`].
    pub(crate) fn note(&self, shared: &Shared, event: Event) -> io::Result<()> {
        self.spent.on(|| shared.journal.append(&self.entry(event)))
    }

    /// Tells the journal of one of its calls, and has that on the disk.
    ///
    /// # Errors
    /// See [`crate::journal::Journal::append_synced`].
    pub(crate) async fn note_synced(&self, shared: &Shared, event: Event) -> io::Result<()> {
        self.spent.on_all(shared.journal.append_synced(&self.entry(event))).await
    }
}

/// Whether a call is told of as one that changes nothing. Until the operator has reviewed a tool its own word counts here, and only here: what is
/// allowed rests on [`Facts`] alone.
pub(crate) fn is_read_only(tool: &Tool) -> bool {
    match tool.facts {
        Facts { effect: policy::Effect::Unreviewed, .. } => tool.annotations.read_only == Some(true),
        facts => !facts.may_write(),
    }
}

/// A call as a program made it.
#[derive(Debug)]
pub(crate) struct Call {
    /// Its place among the run's calls.
    pub(crate) id: usize,
    pub(crate) tool: String,
    pub(crate) args: Map<String, Value>,
    pub(crate) positional: Vec<Value>,
    /// What the run had read when it made the call: bytes that come back may be made of it.
    pub(crate) labels: Labels,
}

/// A value on its way to the program, counted against what the broker may hold.
#[derive(Debug)]
pub(crate) struct Held {
    /// JSON text.
    pub(crate) json: String,
    /// Images and other bytes that came with it.
    pub(crate) artifacts: Vec<Record>,
    /// Of a value whose tool says nothing of it.
    pub(crate) shape: Option<(ToolName, Shape)>,
    /// Its room among the replies of all runs.
    _room: Slot,
}

/// Makes a call and returns its value as JSON text.
pub(crate) async fn make(shared: &Shared, run: &Run, call: Call) -> Result<Held, CallError> {
    let name = ToolName::parse(&call.tool).map_err(|e| CallError::new(ErrorCode::UnknownTool, e.to_string()))?;
    let catalog = shared.catalog(std::slice::from_ref(&name.server)).await;
    let Some(tool) = catalog.tool(&name) else { return Err(unknown(&catalog, &name)) };
    let arguments = gate::arguments(tool, call.args, call.positional)?;
    shared.schemas.check_arguments(tool, &arguments)?;
    let asked = Asked { tool, args: &arguments, labels: &call.labels, session: run.session.as_ref().map(Handle::as_str) };
    let decision = run.grant.decide(&asked);
    let which = Which { call: call.id, tool: call.tool, read_only: is_read_only(tool) };
    let written = run.spent.on(|| arguments_hash(shared, &arguments));
    if decision.verdict != Verdict::Allow {
        let allowed = match decision.verdict {
            Verdict::Ask => {
                let asked = AskedCall {
                    tool: name.to_string(),
                    tool_hash: tool.hash.clone(),
                    facts: tool.facts,
                    args: arguments.clone(),
                    labels: call.labels.clone(),
                    decision: decision.clone(),
                };
                approved(shared, run, asked, refused(&name, &decision)).await
            }
            _ => Err(refused(&name, &decision)),
        };
        let by = match allowed {
            Ok(by) => by,
            Err(refusal) => {
                tracing::info!(run = %run.id, context = run.context.name, tool = %name, reason = ?decision.reason, "a call is not allowed");
                let layer = Some(decision.reason.layer());
                let event = Event::Decided { call: which, verdict: decision.verdict, reason: decision.reason, arguments: written, layer };
                run.note(shared, event).map_err(|error| unrecorded(run, &name, &error))?;
                return Err(refusal);
            }
        };
        let event = Event::Approved { call: which.clone(), by: by.by.to_owned(), scope: by.scope.to_owned() };
        run.note(shared, event).map_err(|error| unrecorded(run, &name, &error))?;
        // While a person thought about it, the upstream may have made something else of the tool.
        let catalog = shared.catalog(std::slice::from_ref(&name.server)).await;
        if catalog.tool(&name).is_none_or(|now| now.hash != tool.hash) {
            let message = format!("{name}: its definition changed while a person was asked; it was not sent");
            return Err(CallError::new(ErrorCode::ToolQuarantined, message).of(&name));
        }
    }
    let mut turn = shared.turns.take(run, Some(&name.server)).await;
    let (effectful, event) = (!which.read_only, Event::Sent { call: which.clone(), reason: decision.reason, arguments: written });
    let recorded = if effectful { run.note_synced(shared, event).await } else { run.note(shared, event) };
    recorded.map_err(|error| unrecorded(run, &name, &error))?;
    let limits = run.grant.limits();
    turn.sent();
    let reply = shared.upstreams.call(tool, arguments, limits.call).await;
    if !reply.as_ref().is_err_and(|error| error.fate_unknown) {
        turn.answered();
    }
    // A call whose fate is unknown may have had its effect: only what does no harm twice is worth trying again.
    let harmless_twice = tool.annotations.read_only == Some(true) || tool.annotations.idempotent == Some(true);
    let reply = reply.map_err(|error| {
        let retryable = error.retryable && (harmless_twice || !error.fate_unknown);
        let tells = has_words(error.code);
        withhold(shared, run, &which, &name, CallError { retryable, tells, ..error })
    })?;
    // A reply came: unless the tool says that it failed, it has done what it does.
    let value = value_of(shared, tool, run, call.labels, reply).await;
    value.map_err(|error| {
        let error = CallError { carried_out: error.code != ErrorCode::ToolFailed, tells: true, ..error };
        withhold(shared, run, &which, &name, error)
    })
}

/// Whether an error of this kind may hold words of the upstream: the others have ours alone.
fn has_words(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::ToolFailed | ErrorCode::InvalidArguments | ErrorCode::ToolOutputInvalid)
}

/// An error as the program gets it: where the operator withholds an upstream's words, with a reference in their place. It is random, so that an
/// upstream cannot choose it either.
fn withhold(shared: &Shared, run: &Run, which: &Which, name: &ToolName, error: CallError) -> CallError {
    if !has_words(error.code) || run.grant.errors_of(&name.server) == ErrorTexts::Shown {
        return error;
    }
    let reference = format!("e_{:016x}", u64::from_le_bytes(random()));
    let text = shared.payloads.keep(&error.message);
    let wording = gate::wording_in_data(&error.message);
    let event = Event::Withheld { call: which.clone(), reference: reference.clone(), text, wording };
    let message = match shared.journal.append(&run.entry(event)) {
        Ok(()) => format!("error {reference}: what {name} said is withheld; the operator can read it with: cofferdam log error {reference}"),
        Err(cause) => {
            tracing::error!(run = %run.id, error = %cause, "the journal cannot be written");
            format!("what {name} said is withheld, and could not be recorded; the operator finds the reason in the log")
        }
    };
    CallError { message, ..error }
}

fn arguments_hash(shared: &Shared, arguments: &Map<String, Value>) -> String {
    // A map of JSON values always has a text.
    shared.payloads.keep(&serde_json::to_string(arguments).unwrap_or_default())
}

/// The error of a call that is not sent because that could not be recorded.
fn unrecorded(run: &Run, name: &ToolName, error: &std::io::Error) -> CallError {
    tracing::error!(run = %run.id, %error, "the journal cannot be written");
    let message = format!("{name}: not sent, because the call could not be recorded; the operator finds the reason in the log");
    CallError::new(ErrorCode::Internal, message).of(name)
}

/// The arguments that a person may be shown, in bytes of JSON. Guards the person, and the broker's memory.
const ASKED_BYTES: usize = 64 * 1024;

/// Has a person allow a call, unless one did before; `refusal` is its error where nobody can be asked.
pub(crate) async fn approved(shared: &Shared, run: &Run, call: AskedCall, refusal: CallError) -> Result<By, CallError> {
    let session = run.session.as_ref().map(Handle::as_str);
    // What was allowed before a stop is not allowed any more.
    let generation = shared.stops.standing(run.grant.principal()).generation;
    if shared.approvals.covers(&run.context, session, run.grant.policy_hash(), generation, &call) {
        return Ok(By { by: "an earlier answer", scope: "earlier" });
    }
    let bytes: usize = call.args.values().map(|value| value.to_string().len()).sum();
    if bytes > ASKED_BYTES {
        let message =
            format!("{}: a person has to allow this call, and its arguments of {bytes} bytes are too long to be shown; it was not sent", call.tool);
        return Err(CallError { tool: refusal.tool, ..CallError::new(ErrorCode::NeedsApproval, message) });
    }
    let (name, (told, answer)) = (call.tool.clone(), oneshot::channel());
    // A run that ended takes no more questions.
    let _gone = run.asks.send(Waiting { call, generation, told });
    match answer.await.unwrap_or(Err(Unanswered::Nobody)) {
        Ok(by) => Ok(by),
        Err(Unanswered::Nobody) => Err(refusal),
        Err(Unanswered::Denied(reason)) => {
            let reason = if reason.trim().is_empty() { String::new() } else { format!(": {}", reason.trim()) };
            let denied = CallError::new(ErrorCode::Denied, format!("{name}: a person did not allow this call{reason}; it was not sent"));
            Err(CallError { tool: refusal.tool, ..denied })
        }
    }
}

/// The error of a call that is not sent. It says what is so, and nothing of how to obtain more.
fn refused(name: &ToolName, decision: &Decision) -> CallError {
    let (code, why) = match (decision.verdict, &decision.reason) {
        (Verdict::Deny, Reason::ReadOnly) => (ErrorCode::Denied, "this server allows reads only"),
        (Verdict::Deny, Reason::Condition { .. }) => (ErrorCode::Denied, "the policy could not be applied to these arguments"),
        (Verdict::Deny, _) => (ErrorCode::Denied, "the policy does not allow this call"),
        (_, Reason::Unreviewed) => (ErrorCode::NeedsApproval, "the operator has not reviewed this tool, so a person has to allow the call"),
        (_, Reason::Guard { .. } | Reason::PrivateElsewhere { .. }) => {
            (ErrorCode::NeedsApproval, "after what was read before, a person has to allow this call")
        }
        _ => (ErrorCode::NeedsApproval, "a person has to allow this call"),
    };
    CallError::new(code, format!("{name}: {why}; it was not sent")).of(name)
}

/// Makes the program's value of a reply: checked against the tool's own schema, parsed once, serialised anew.
async fn value_of(shared: &Shared, tool: &Tool, run: &Run, mut labels: Labels, reply: Reply) -> Result<Held, CallError> {
    let (name, limits) = (&tool.name, run.grant.limits());
    if !reply.is_error
        && !Layer::Replies.is_off()
        && let Some(structured) = &reply.structured
    {
        shared.schemas.check_structured(tool, structured)?;
    }
    let unwrapped = gate::reply(reply, tool, limits)?;
    labels.join(&run.grant.labels_of(&name.server));
    let (value, artifacts) = keep(shared, &run.origin, labels, unwrapped, tool, limits).await?;
    // Learned when the program's labels say that it was read: names can be data.
    let shape = tool.output_schema.is_none().then(|| (name.clone(), Shape::of(&value)));
    let json = serde_json::to_string(&value)
        .map_err(|e| CallError::new(ErrorCode::ToolOutputInvalid, format!("{name}: the reply cannot be written as JSON: {e}")).of(name))?;
    let mut held = hold(shared, run, json, artifacts).map_err(|e| e.of(name))?;
    held.shape = shape;
    Ok(held)
}

/// Keeps the bytes of a reply as artifacts, which the value then names.
async fn keep(
    shared: &Shared,
    origin: &Origin,
    labels: Labels,
    unwrapped: gate::Unwrapped,
    tool: &Tool,
    limits: &Limits,
) -> Result<(Value, Vec<Record>), CallError> {
    let gate::Unwrapped { mut value, media } = unwrapped;
    let mut artifacts = Vec::new();
    for media in media {
        let bytes = STANDARD
            .decode(&media.data)
            .map_err(|_| CallError::new(ErrorCode::ToolOutputInvalid, format!("{}: the {} is not base64", tool.name, media.kind)).of(&tool.name))?;
        let source = Source::Bytes(&bytes);
        let (name, calls) = (format!("{} {}", tool.name, media.kind), vec![tool.name.to_string()]);
        let new = New {
            name: &name,
            media_type: media.mime_type.as_deref().filter(|given| is_media_type(given)),
            source,
            labels: labels.clone(),
            calls,
            automatic: true,
        };
        let record = shared.artifacts.save(origin, limits, new).await.map_err(|error| error.told().of(&tool.name))?;
        if let Some(object) = media.at.and_then(|at| value.pointer_mut(&at)).and_then(Value::as_object_mut) {
            object.insert("artifact".to_owned(), record.told());
        }
        artifacts.push(record);
    }
    Ok((value, artifacts))
}

/// Counts a value against what the broker may hold.
pub(crate) fn hold(shared: &Shared, run: &Run, json: String, artifacts: Vec<Record>) -> Result<Held, CallError> {
    let Some(room) = shared.replies.try_take(run.grant.principal(), json.len()) else {
        let limit = run.grant.limits().replies_bytes;
        let message = format!(
            "the replies that wait in the broker would take more than {limit} bytes, or more than half of it while somebody else runs programs; \
             await calls before making more"
        );
        return Err(CallError::new(ErrorCode::LimitExceeded, message));
    };
    Ok(Held { json, artifacts, shape: None, _room: room })
}

/// There is no such tool: why, and what was probably meant.
pub(crate) fn unknown(catalog: &policy::Catalog, name: &ToolName) -> CallError {
    let meant = catalog.suggest(name).map(|tool| format!("; did you mean {tool}?")).unwrap_or_default();
    let server = catalog.servers.get(&name.server);
    if let Some(Quarantine { reason, layer }) = server.and_then(|server| server.quarantined.get(&name.tool)) {
        return CallError::new(ErrorCode::ToolQuarantined, format!("{name} is quarantined and cannot be called: {reason}")).of(name).by(*layer);
    }
    let error = match server.map(|server| &server.state) {
        Some(policy::ServerState::Failed(reason)) => {
            let error = CallError::new(ErrorCode::UpstreamUnavailable, format!("the server {} is not available: {reason}", name.server));
            if upstream::is_forbidden(reason) { error.by(Layer::Lock) } else { error }
        }
        Some(_) => CallError::new(ErrorCode::UnknownTool, format!("{} has no tool {:?}{meant}", name.server, name.tool)),
        None => CallError::new(ErrorCode::UnknownTool, format!("there is no server {:?}{meant}", name.server.as_str())),
    };
    error.of(name)
}
