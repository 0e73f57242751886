//! One upstream call from a run: the one decision, arguments, upstream, reply, in this order and nowhere else.

use crate::execute::Shared;
use policy::{CallError, Decision, ErrorCode, Grant, Limits, Reply, Tool, ToolName};
use serde_json::{Map, Value};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A call as a program made it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) args: Map<String, Value>,
    pub(crate) positional: Vec<Value>,
}

/// A value on its way to the program, counted against what the broker may hold.
#[derive(Debug)]
pub(crate) struct Held {
    /// JSON text.
    pub(crate) json: String,
    held: Arc<AtomicUsize>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.held.fetch_sub(self.json.len(), Ordering::Relaxed);
    }
}

/// Makes a call and returns its value as JSON text.
pub(crate) async fn make(shared: &Shared, grant: &Grant, call: Call) -> Result<Held, CallError> {
    let name = ToolName::parse(&call.tool).map_err(|e| CallError::new(ErrorCode::UnknownTool, e.to_string()))?;
    let catalog = shared.catalog(std::slice::from_ref(&name.server)).await;
    let Some(tool) = catalog.tool(&name) else { return Err(unknown(&catalog, &name)) };
    match grant.decide(&name) {
        Decision::Allow => {}
        Decision::Deny => return Err(CallError::new(ErrorCode::Denied, format!("{name}: the policy does not allow this call")).of(&name)),
        Decision::Ask => return Err(CallError::new(ErrorCode::NeedsApproval, format!("{name}: a person has to allow this call first")).of(&name)),
    }
    let arguments = gate::arguments(tool, call.args, call.positional)?;
    shared.schemas.check_arguments(tool, &arguments)?;
    let limits = grant.limits();
    let reply = shared.upstreams.call(tool, arguments, limits.call).await;
    // A call whose fate is unknown may have had its effect: only what does no harm twice is worth trying again.
    let harmless_twice = tool.annotations.read_only == Some(true) || tool.annotations.idempotent == Some(true);
    let reply = reply.map_err(|error| CallError { retryable: error.retryable && (harmless_twice || !error.fate_unknown), ..error })?;
    // A reply came: unless the tool says that it failed, it has done what it does.
    value_of(shared, tool, reply, limits).map_err(|error| CallError { carried_out: error.code != ErrorCode::ToolFailed, ..error })
}

/// Makes the program's value of a reply: checked against the tool's own schema, parsed once, serialised anew.
fn value_of(shared: &Shared, tool: &Tool, reply: Reply, limits: &Limits) -> Result<Held, CallError> {
    let name = &tool.name;
    if !reply.is_error
        && let Some(structured) = &reply.structured
    {
        shared.schemas.check_structured(tool, structured)?;
    }
    let value = gate::reply(reply, tool, limits)?;
    if tool.output_schema.is_none() {
        shared.upstreams.learn(name, &value);
    }
    let json = serde_json::to_string(&value)
        .map_err(|e| CallError::new(ErrorCode::ToolOutputInvalid, format!("{name}: the reply cannot be written as JSON: {e}")).of(name))?;
    hold(shared, json, limits.replies_bytes).map_err(|e| e.of(name))
}

fn hold(shared: &Shared, json: String, limit: usize) -> Result<Held, CallError> {
    let before = shared.held_bytes.fetch_add(json.len(), Ordering::Relaxed);
    let held = Held { json, held: Arc::clone(&shared.held_bytes) };
    if before + held.json.len() > limit {
        let message = format!("the replies that wait in the broker would take more than {limit} bytes; await calls before making more");
        return Err(CallError::new(ErrorCode::LimitExceeded, message));
    }
    Ok(held)
}

/// There is no such tool: why, and what was probably meant.
pub(crate) fn unknown(catalog: &policy::Catalog, name: &ToolName) -> CallError {
    let meant = catalog.suggest(name).map(|tool| format!("; did you mean {tool}?")).unwrap_or_default();
    let error = match catalog.servers.get(&name.server).map(|server| &server.state) {
        Some(policy::ServerState::Failed(reason)) => {
            CallError::new(ErrorCode::UpstreamUnavailable, format!("the server {} is not available: {reason}", name.server))
        }
        Some(_) => CallError::new(ErrorCode::UnknownTool, format!("{} has no tool {:?}{meant}", name.server, name.tool)),
        None => CallError::new(ErrorCode::UnknownTool, format!("there is no server {:?}{meant}", name.server.as_str())),
    };
    error.of(name)
}
