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
    calls::{Held, Run, approved, hold},
    execute::Shared,
    journal::{Event, Which},
    turns::Turn,
};
use policy::{AskedHttp, CallError, Decision, ErrorCode, Grant, Labels, Method, Reason, Verdict};
use request::Hop;
use serde_json::json;
use std::time::{Duration, Instant};

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
    /// Whether something that may have had an effect was answered, be it by a redirect.
    effect: bool,
}

/// Makes a request and returns its reply as JSON text, with the labels of what was heard; also when it fails.
pub(crate) async fn make(shared: &Shared, run: &Run, id: usize, asked: Asked, labels: &Labels) -> (Result<Held, CallError>, Labels) {
    let tool = asked.name();
    let limits = run.grant.limits();
    let time = asked.timeout.map_or(limits.call, |asked| asked.min(limits.call));
    let intent = Recorder { shared, run, id, tool: &tool };
    let mut progress = Progress::default();
    let exchanged = exchange(&shared.web, &run.grant, labels, asked, time, &intent, &mut progress).await;
    let held = exchanged.and_then(|answer| hold(shared, run, answer.json(), Vec::new()));
    let held = held.map_err(|error| {
        tracing::info!(run = %run.id, tool, code = %error.code, "a fetch failed");
        let fate_unknown = progress.sent && !progress.answered;
        CallError { fate_unknown, carried_out: progress.effect && !fate_unknown, ..error }
    });
    (held, progress.labels)
}

/// Makes a request ready to be sent: a person allowed it, if one has to, it is recorded, and it is its turn. One that cannot be recorded is not sent.
trait Intent: Sync {
    fn ready(&self, hop: &Hop, decision: Decision, labels: &Labels) -> impl Future<Output = Result<Option<Turn<'_>>, CallError>> + Send;
}

/// Asks where somebody has to be asked, and writes into the journal: to the disk, if the request may have an effect.
struct Recorder<'a> {
    shared: &'a Shared,
    run: &'a Run,
    id: usize,
    tool: &'a str,
}

impl Intent for Recorder<'_> {
    async fn ready(&self, hop: &Hop, decision: Decision, labels: &Labels) -> Result<Option<Turn<'_>>, CallError> {
        let Recorder { shared, run, id, tool } = *self;
        let unrecorded = |error: std::io::Error| {
            tracing::error!(run = %run.id, %error, "the journal cannot be written");
            CallError::new(ErrorCode::Internal, "not sent, because the request could not be recorded; the operator finds the reason in the log")
        };
        let arguments = run.spent.on(|| shared.payloads.keep(&json!({"method": hop.method.as_str(), "url": hop.url.as_str()}).to_string()));
        let call = Which { call: id, tool: tool.to_owned(), read_only: hop.method.reads() };
        if decision.verdict == Verdict::Ask {
            match approved(shared, run, hop.asked(labels, &decision), refused(hop, &decision)).await {
                Ok(by) => {
                    let event = Event::Approved { call: call.clone(), by: by.by.to_owned(), scope: by.scope.to_owned() };
                    run.note(shared, event).map_err(unrecorded)?;
                }
                Err(refusal) => {
                    let layer = Some(decision.reason.layer());
                    let event = Event::Decided { call, verdict: decision.verdict, reason: decision.reason, arguments, layer };
                    run.note(shared, event).map_err(unrecorded)?;
                    return Err(refusal);
                }
            }
        }
        let turn = shared.turns.take(run, None).await;
        let event = Event::Sent { call, reason: decision.reason, arguments };
        let recorded = if hop.method.reads() { run.note(shared, event) } else { run.note_synced(shared, event).await };
        recorded.map_err(unrecorded)?;
        Ok(Some(turn))
    }
}

/// Lets a part of an exchange take what is left of its time, which is spent by it.
async fn within<T>(time: Duration, left: &mut Duration, part: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    let late = |_| CallError::new(ErrorCode::Timeout, format!("fetch: there was no complete reply within {time:?}"));
    let begun = Instant::now();
    let done = tokio::time::timeout(*left, part).await.map_err(late)?;
    *left = left.saturating_sub(begun.elapsed());
    done
}

/// Sends a request and follows its redirects, within `time` beside that of a person who is asked.
async fn exchange(
    web: &Web,
    grant: &Grant,
    labels: &Labels,
    asked: Asked,
    time: Duration,
    intent: &impl Intent,
    progress: &mut Progress,
) -> Result<Answer, CallError> {
    let (mut hop, mut left) = (asked.hop, time);
    for redirects in 0..=REDIRECTS {
        // Where a redirect leads is said by the host that redirects.
        let mut read = labels.clone();
        read.join(&progress.labels);
        let followed = |error| if redirects > 0 { not_followed(error) } else { error };
        let (decision, rule) = grant.decide_http(&AskedHttp { method: hop.method, url: &hop.url, labels: &read });
        let Some(rule) = rule.filter(|_| decision.verdict != Verdict::Deny) else {
            // Nothing else records this one.
            return Err(followed(refused(&hop, &decision).by(decision.reason.layer())));
        };
        let _turn = intent.ready(&hop, decision, &read).await.map_err(followed)?;
        (progress.sent, progress.answered) = (!hop.method.reads(), false);
        let sending = async { web.send(rule, &hop).await.inspect_err(|error| progress.sent &= error.fate_unknown) };
        let response = within(time, &mut left, sending).await?;
        progress.labels.join(&rule.labels_of(&hop.url));
        (progress.answered, progress.effect) = (true, progress.effect || progress.sent);
        match request::redirected(&hop, response.status(), response.headers())? {
            Some(next) => (hop, progress.sent) = (next, false),
            None => {
                return within(time, &mut left, Answer::read(response, &hop, rule, grant.limits(), redirects > 0)).await;
            }
        }
    }
    Err(CallError::new(ErrorCode::ToolOutputInvalid, format!("fetch: there were more than {REDIRECTS} redirects, the last one to {}", hop.shown())))
}

/// The error of a request that was answered by a redirect which is not followed.
fn not_followed(error: CallError) -> CallError {
    CallError { message: format!("the request was answered with a redirect that was not followed: {}", error.message), ..error }
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
