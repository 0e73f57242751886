//! One `fetch` of a run: the decision, the recorded intent, the sending and the reply, in this order for the request and again for every redirect.
//!
//! A host's addresses are checked where the connection is made (`web`), so that no name can lead to one address when it is checked and to another
//! when it is connected to. Proxies, cookies that outlast a request, and caches are deliberately absent.

mod answer;
mod request;
mod web;

pub(crate) use answer::Answer;
pub(crate) use request::Asked;
pub(crate) use web::Web;

use crate::{
    calls::{Held, Run, hold},
    execute::Shared,
    journal::{Event, Which},
};
use policy::{AskedHttp, CallError, Decision, ErrorCode, Grant, HttpRule, Labels, Method, Reason, Verdict};
use request::Hop;
use serde_json::json;
use std::time::Duration;

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// How far an exchange came: known also when it was given up.
#[derive(Debug, Default)]
struct Progress {
    /// Of all hosts that answered.
    labels: Labels,
    /// Whether something was sent that may have had an effect.
    sent: bool,
    /// Whether that was answered.
    answered: bool,
}

/// Makes a request and returns its reply as JSON text, with the labels of what was heard; also when it fails.
pub(crate) async fn make(shared: &Shared, run: &Run, id: usize, asked: Asked, labels: &Labels) -> (Result<Held, CallError>, Labels) {
    let tool = asked.name();
    let limits = run.grant.limits();
    let time = asked.timeout.map_or(limits.call, |asked| asked.min(limits.call));
    let intent = Recorder { shared, run, id, tool: &tool };
    let mut progress = Progress::default();
    let exchanged = within(time, exchange(&shared.web, &run.grant, labels, asked, &intent, &mut progress)).await;
    let held = exchanged.and_then(|answer| hold(shared, answer.json(), Vec::new(), limits.replies_bytes));
    let held = held.map_err(|error| {
        tracing::info!(run = %run.id, tool, code = %error.code, "a fetch failed");
        CallError { fate_unknown: progress.sent && !progress.answered, carried_out: progress.sent && progress.answered, ..error }
    });
    (held, progress.labels)
}

/// Is told of a request before it is sent; one that cannot be recorded is not sent.
trait Intent: Sync {
    fn record(&self, hop: &Hop, reason: Reason) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// Writes it into the journal: to the disk, if it may have an effect.
struct Recorder<'a> {
    shared: &'a Shared,
    run: &'a Run,
    id: usize,
    tool: &'a str,
}

impl Intent for Recorder<'_> {
    async fn record(&self, hop: &Hop, reason: Reason) -> Result<(), CallError> {
        let Recorder { shared, run, id, tool } = *self;
        let arguments = shared.payloads.keep(&json!({"method": hop.method.as_str(), "url": hop.url.as_str()}).to_string());
        let call = Which { call: id, tool: tool.to_owned(), read_only: hop.method.reads() };
        let entry = run.entry(Event::Sent { call, reason, arguments });
        let recorded = if hop.method.reads() { shared.journal.append(&entry) } else { shared.journal.append_synced(&entry).await };
        recorded.map_err(|error| {
            tracing::error!(run = %run.id, %error, "the journal cannot be written");
            CallError::new(ErrorCode::Internal, "not sent, because the request could not be recorded; the operator finds the reason in the log")
        })
    }
}

async fn within<T>(time: Duration, exchange: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    let late = |_| CallError::new(ErrorCode::Timeout, format!("fetch: there was no complete reply within {time:?}"));
    tokio::time::timeout(time, exchange).await.map_err(late)?
}

/// Sends a request and follows its redirects. `intent` is told before anything is sent.
async fn exchange(
    web: &Web,
    grant: &Grant,
    labels: &Labels,
    asked: Asked,
    intent: &impl Intent,
    progress: &mut Progress,
) -> Result<Answer, CallError> {
    let mut hop = asked.hop;
    for redirects in 0..=REDIRECTS {
        let (rule, reason) = allowed(grant, labels, &hop)?;
        intent.record(&hop, reason).await?;
        (progress.sent, progress.answered) = (!hop.method.reads(), false);
        let response = web.send(rule, &hop).await.inspect_err(|error| progress.sent &= error.fate_unknown)?;
        progress.labels.join(&rule.labels_of(&hop.url));
        match request::redirected(&hop, response.status(), response.headers())? {
            Some(next) => (hop, progress.sent) = (next, false),
            None => {
                progress.answered = true;
                return Answer::read(response, &hop, rule, grant.limits(), redirects > 0).await;
            }
        }
    }
    Err(CallError::new(ErrorCode::ToolOutputInvalid, format!("fetch: there were more than {REDIRECTS} redirects, the last one to {}", hop.shown())))
}

/// The rule under which this may be sent, and why.
fn allowed<'a>(grant: &'a Grant, labels: &Labels, hop: &Hop) -> Result<(&'a HttpRule, Reason), CallError> {
    let (decision, rule) = grant.decide_http(&AskedHttp { method: hop.method, url: &hop.url, labels });
    match rule {
        Some(rule) if decision.verdict == Verdict::Allow => Ok((rule, decision.reason)),
        _ => Err(refused(hop, &decision)),
    }
}

/// The error of a request that is not sent. It says what is so, and nothing of how to obtain more.
fn refused(hop: &Hop, decision: &Decision) -> CallError {
    tracing::info!(method = hop.method.as_str(), host = hop.url.host_str(), reason = ?decision.reason, "a fetch is not allowed");
    let (code, why) = match (decision.verdict, &decision.reason) {
        (Verdict::Deny, Reason::ReadOnly) => (ErrorCode::Denied, "this server allows reads only"),
        (Verdict::Deny, Reason::NoHttpRule) => {
            (ErrorCode::Denied, "no http rule of the policy allows it; the tools of a server may do (tools.search finds them)")
        }
        (Verdict::Deny, _) => (ErrorCode::Denied, "the policy does not allow it"),
        _ => (ErrorCode::NeedsApproval, "after what was read before, a person has to allow it"),
    };
    CallError::new(code, format!("fetch {}: {why}; it was not sent", hop.shown()))
}

/// What a call record and the journal call a request: method and host, never its path.
fn name(method: Method, host: &str) -> String {
    format!("fetch {} {host}", method.as_str())
}

#[cfg(test)]
mod tests;
