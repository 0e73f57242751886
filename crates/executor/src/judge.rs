//! Asking the operator's judge, which blocks or does not. It can give nothing: what it allows is decided as everything else. A judge that fails, is slow or
//! answers anything but one of its two words has not allowed; then a person is asked, as of a call, where one can be.

use crate::{
    AskedCall, CallRecord, Questions, Request,
    approvals::{About, Asking},
    artifacts::Origin,
    calls::{self, Run},
    execute::Shared,
    journal::{Entry, Event, Which, now_ms},
    present::Presented,
};
use gate::Program;
use policy::{CallError, Decision, Effect, ErrorCode, Facts, Grant, Judge, Reason, RunId, Verdict, Who};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{fmt, process::Stdio, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
};

/// The largest answer, in bytes. Guards the broker's memory.
const ANSWER_BYTES: usize = 64 * 1024;

/// How much of a run's text a judge is shown, in bytes: as much as a program may have.
const OUTCOME_BYTES: usize = 256 * 1024;

/// How much of a judge's own words the journal keeps, in characters.
const REASON_CHARS: usize = 500;

/// At which point of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Before the program runs.
    Before,
    /// Before its outcome is shown.
    After,
}

/// What a judge said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judged {
    /// Allow.
    Allow,
    /// Block.
    Block,
    /// Nothing that counts.
    Nothing,
}

/// Why a run does not go on. The judge's own words are the operator's: they may repeat what it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAllowed {
    /// The judge said so.
    Blocked,
    /// The judge said nothing, and nobody else was asked or answered.
    Unanswered,
    /// The judge said nothing, and a person said no.
    Denied,
}

impl NotAllowed {
    /// The typed reason.
    pub(crate) fn code(self) -> &'static str {
        match self {
            NotAllowed::Blocked => "judge_blocked",
            NotAllowed::Unanswered => "needs_approval",
            NotAllowed::Denied => "denied",
        }
    }
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotAllowed::Blocked => "the operator's judge does not allow it",
            NotAllowed::Unanswered => "the operator's judge gave no answer, so a person has to look at it; the operator finds the reason in the log",
            NotAllowed::Denied => "the operator's judge gave no answer, and a person did not allow it",
        })
    }
}

/// The run that is judged, and who can be asked where the judge says nothing.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) grant: &'a Arc<Grant>,
    pub(crate) run: RunId,
    pub(crate) request: &'a Request,
    pub(crate) questions: Option<Questions>,
}

/// Asks whether a program may run, if the operator has a judge for that.
pub(crate) async fn before(case: &Case<'_>, program: &Program) -> Result<(), NotAllowed> {
    let Some(judge) = case.grant.judge().filter(|judge| judge.sees_programs()) else { return Ok(()) };
    let flags: Vec<Value> = program
        .flags()
        .iter()
        .map(|flag| json!({"kind": flag.kind, "what": flag.what, "line": flag.line, "threat": flag.kind.threat().id()}))
        .collect();
    let mut document = about(case, Stage::Before);
    document["flags"] = flags.into();
    let shown = json!({"language": document["language"], "program": document["program"]});
    ask(case, judge, Stage::Before, &document, shown).await
}

/// Asks whether an outcome may be shown, if the operator has a judge for that. The outcome has no secrets any more.
pub(crate) async fn after(case: &Case<'_>, presented: &Presented, calls: &[CallRecord]) -> Result<(), NotAllowed> {
    let Some(judge) = case.grant.judge().filter(|judge| judge.sees_outcomes()) else { return Ok(()) };
    let mut document = about(case, Stage::After);
    document["calls"] = calls.iter().map(|call| json!({"tool": call.tool, "ok": call.ok, "read_only": call.read_only})).collect();
    let outcome = format!("{}{}", presented.printed.text, presented.value.text());
    let text = outcome.get(..outcome.floor_char_boundary(OUTCOME_BYTES)).unwrap_or_default();
    document["outcome"] = json!({"text": text, "bytes": outcome.len(), "ending": presented.ending});
    let shown = json!({"outcome": outcome});
    ask(case, judge, Stage::After, &document, shown).await
}

/// What a judge is told of a request at either point, without secrets.
fn about(case: &Case<'_>, stage: Stage) -> Value {
    let request = case.request;
    let without = |text: &str| case.shared.secrets.remove(text).into_owned();
    json!({
        "stage": stage,
        "language": request.language.name(),
        "intent": request.intent.as_deref().map(without),
        "program": without(&request.code),
        "principal": request.context.principal,
        "context": request.context.name,
    })
}

/// Asks the judge; where it says nothing, a person, who is shown what `shown` says.
async fn ask(case: &Case<'_>, judge: &Judge, stage: Stage, document: &Value, shown: Value) -> Result<(), NotAllowed> {
    let (shared, run) = (case.shared, case.run);
    let document = shared.secrets.remove(&document.to_string()).into_owned().into_bytes();
    let answer = async {
        match &judge.who {
            Who::Command(line) => of_command(line, &document).await,
            Who::Url(url) => of_url(url, document.clone()).await,
        }
    };
    let read = match tokio::time::timeout(judge.timeout, answer).await {
        Ok(Ok(answer)) => read(&answer),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(format!("it did not answer within {} s", judge.timeout.as_secs_f64())),
    };
    let (judged, reason) = read.unwrap_or_else(|why| (Judged::Nothing, why));
    let reason: String = gate::visible(&shared.secrets.remove(&reason)).chars().take(REASON_CHARS).collect();
    tracing::info!(%run, ?stage, ?judged, reason, "the judge was asked");
    note(case, Event::Judged { stage, judged, reason })?;
    match judged {
        Judged::Allow => Ok(()),
        Judged::Block => Err(NotAllowed::Blocked),
        Judged::Nothing => ask_person(case, stage, shown).await,
    }
}

/// Puts on record what a run rests on.
fn note(case: &Case<'_>, event: Event) -> Result<(), NotAllowed> {
    case.shared.journal.append(&Entry { at_ms: now_ms(), run: Some(case.run), session: None, event }).map_err(|error| {
        tracing::error!(run = %case.run, %error, "the journal cannot be written");
        NotAllowed::Unanswered
    })
}

/// Has a person say what the judge did not: as of a call, with the program or the outcome as its arguments.
async fn ask_person(case: &Case<'_>, stage: Stage, shown: Value) -> Result<(), NotAllowed> {
    let Case { shared, grant, run, request, questions } = case;
    let labels = shared.contexts.labels(&request.context).map_err(|_| NotAllowed::Unanswered)?;
    let tool = if stage == Stage::Before { "execute: program" } else { "execute: outcome" };
    let call = AskedCall {
        tool: tool.to_owned(),
        tool_hash: String::new(),
        facts: Facts { effect: Effect::Write, external: true },
        args: shown.as_object().cloned().unwrap_or_default(),
        labels,
        decision: Decision { verdict: Verdict::Ask, reason: Reason::Unjudged },
    };
    let program = blake3::hash(request.code.as_bytes()).to_string();
    let origin = Origin { principal: request.context.principal.clone(), run: *run, program, session: None };
    let (asks, asked) = tokio::sync::mpsc::unbounded_channel();
    let grant = Arc::clone(grant);
    let about = About { intent: request.intent.clone(), language: request.language.name(), program: request.code.clone() };
    let mut asking = Asking::new(Arc::clone(&shared.approvals), about, questions.clone(), grant.limits().approval, asked);
    let permits = tokio::sync::Semaphore::new(1);
    let one =
        Run { id: *run, context: request.context.clone(), session: None, grant, origin: Arc::new(origin), permits, asks, spent: Arc::default() };
    let refusal = CallError::new(ErrorCode::NeedsApproval, NotAllowed::Unanswered.to_string());
    let answer = calls::approved(shared, &one, call, refusal);
    tokio::pin!(answer);
    loop {
        asking.pose(&one, 1);
        tokio::select! {
            biased;
            answer = &mut answer => return match answer {
                Ok(by) => {
                    let call = Which { call: 0, tool: tool.to_owned(), read_only: false };
                    note(case, Event::Approved { call, by: by.by.to_owned(), scope: by.scope.to_owned() })
                }
                Err(CallError { code: ErrorCode::Denied, .. }) => Err(NotAllowed::Denied),
                Err(_) => Err(NotAllowed::Unanswered),
            },
            () = asking.next() => {}
        }
    }
}

/// The answer document.
#[derive(Deserialize)]
struct Answer {
    verdict: String,
    #[serde(default)]
    reason: String,
}

fn read(answer: &[u8]) -> Result<(Judged, String), String> {
    let Answer { verdict, reason } = serde_json::from_slice(answer).map_err(|error| format!("its answer cannot be read: {error}"))?;
    match verdict.as_str() {
        "allow" => Ok((Judged::Allow, reason)),
        "block" => Ok((Judged::Block, reason)),
        other => Err(format!("its verdict {other:?} is neither allow nor block")),
    }
}

/// The processes of a command: what is left of them is killed with it.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Fails only when nobody is left in the group.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

async fn of_command(line: &[String], document: &[u8]) -> Result<Vec<u8>, String> {
    let (program, arguments) = line.split_first().ok_or("it has no command")?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
    let _group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw));
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Err("it cannot be talked to".to_owned()) };
    // It need not read what it is shown; what it says counts.
    let tell = async move { _ = input.write_all(document).await };
    let listen = async move {
        let mut answer = Vec::new();
        output.take(ANSWER_BYTES as u64 + 1).read_to_end(&mut answer).await.map_err(|error| error.to_string())?;
        if answer.len() > ANSWER_BYTES { Err(format!("its answer has more than {ANSWER_BYTES} bytes")) } else { Ok(answer) }
    };
    tokio::pin!(tell, listen);
    let answer = tokio::select! {
        answer = &mut listen => answer,
        () = &mut tell => listen.await,
    }?;
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if status.success() { Ok(answer) } else { Err(format!("it ended with {status}")) }
}

async fn of_url(url: &str, document: Vec<u8>) -> Result<Vec<u8>, String> {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).referer(false).build();
    let request = client.map_err(|error| error.to_string())?.post(url).header(reqwest::header::CONTENT_TYPE, "application/json").body(document);
    let mut response = request.send().await.map_err(|error| error.without_url().to_string())?;
    if !response.status().is_success() {
        return Err(format!("it answered with status {}", response.status().as_u16()));
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        answer.extend_from_slice(&chunk);
        if answer.len() > ANSWER_BYTES {
            return Err(format!("its answer has more than {ANSWER_BYTES} bytes"));
        }
    }
    Ok(answer)
}
