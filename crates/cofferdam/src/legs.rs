//! Runs that outlive the request which began them. A modern client is told what is needed and repeats its request with the answer; in between the
//! run waits here, under a name that only this process knows: it is found by that name, for the same request, once. Repeating an answer gets
//! what the first one got.

use crate::asking;
use executor::{Executor, Fault, PATIENCE, Posed, Progress, Questions, Reply, Request};
use rmcp::model::{CallToolResponse, ElicitRequest, ElicitResult, InputRequest, InputRequests, InputRequiredResult, InputResponses, JsonObject};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The key of our one question.
const KEY: &str = "approval";

/// How long a run is kept for the client's next request: as long as a person may take, and a little.
const KEPT: Duration = PATIENCE.saturating_add(Duration::from_secs(60));

/// A run that goes on.
pub(crate) struct Live {
    pub(crate) run: JoinHandle<Result<Reply, Fault>>,
    /// Its progress, if the client wants to know.
    pub(crate) progress: Option<UnboundedReceiver<Progress>>,
    pub(crate) questions: UnboundedReceiver<Posed>,
    pub(crate) cancel: CancellationToken,
}

impl Live {
    /// Starts a run. `progress`: whether anybody wants to know how far it is; `asks`: whether its client can ask a person.
    pub(crate) fn start(executor: &Arc<Executor>, request: Request, progress: bool, asks: bool, cancel: CancellationToken) -> Self {
        let (events, inbox) = unbounded_channel();
        let (posed, questions) = unbounded_channel();
        let posed: Option<Questions> = asks.then_some(posed);
        let (executor, token) = (Arc::clone(executor), cancel.clone());
        let run = tokio::spawn(async move { executor.execute(request, events, posed, token).await });
        Live { run, progress: progress.then_some(inbox), questions, cancel }
    }
}

impl Drop for Live {
    /// Nobody waits for it any more.
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// The runs that wait for their clients' next requests.
#[derive(Default)]
pub(crate) struct Legs(Mutex<HashMap<String, Leg>>);

struct Leg {
    /// Of the request: another one cannot go on with this run.
    digest: blake3::Hash,
    state: State,
}

enum State {
    Parked(Box<Parked>),
    /// Somebody came back for it; the response that they get.
    Taken(watch::Receiver<Option<CallToolResponse>>),
}

struct Parked {
    live: Live,
    posed: Posed,
    needed: InputRequiredResult,
}

/// What a repeated request comes to.
pub(crate) enum Resumed {
    /// The run goes on; its response is told to this too.
    Goes(Live, watch::Sender<Option<CallToolResponse>>),
    /// It was answered before: the response to that.
    Again(watch::Receiver<Option<CallToolResponse>>),
    /// There was no answer in it: what is needed.
    Needs(Box<InputRequiredResult>),
}

impl Legs {
    fn legs(&self) -> MutexGuard<'_, HashMap<String, Leg>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a run until its client comes back with an answer; what the client is told. A question that does not fit into a form comes back.
    pub(crate) fn park(self: &Arc<Self>, live: Live, posed: Posed, digest: blake3::Hash) -> Result<InputRequiredResult, (Live, Posed)> {
        let Some(form) = asking::form(&posed.question) else { return Err((live, posed)) };
        let mut bytes = [0; 16];
        if getrandom::fill(&mut bytes).is_err() {
            // A name that can be guessed is worse than none.
            return Err((live, posed));
        }
        let name = format!("{:032x}", u128::from_le_bytes(bytes));
        let requests = InputRequests::from([(KEY.to_owned(), InputRequest::Elicitation(ElicitRequest::new(form)))]);
        let needed = InputRequiredResult::new(Some(requests), Some(name.clone()));
        let parked = Parked { live, posed, needed: needed.clone() };
        self.legs().insert(name.clone(), Leg { digest, state: State::Parked(Box::new(parked)) });
        let legs = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            legs.legs().remove(&name);
        });
        Ok(needed)
    }

    /// Goes on with a run.
    ///
    /// # Errors
    /// What is wrong with the request, for the client.
    pub(crate) fn resume(&self, name: &str, digest: blake3::Hash, responses: Option<&InputResponses>) -> Result<Resumed, String> {
        let mut legs = self.legs();
        let Some(leg) = legs.get_mut(name).filter(|leg| leg.digest == digest) else {
            return Err("no run of this request waits under this requestState: it may have ended, or waited too long; \
                        make the request again without requestState and inputResponses"
                .to_owned());
        };
        let parked = match &leg.state {
            State::Taken(response) => return Ok(Resumed::Again(response.clone())),
            State::Parked(parked) => parked,
        };
        let Some(response) = responses.and_then(|responses| responses.get(KEY)) else {
            return Ok(Resumed::Needs(Box::new(parked.needed.clone())));
        };
        let result: ElicitResult = serde_json::from_value(response.clone()).map_err(|error| format!("inputResponses.{KEY}: {error}"))?;
        let answer = asking::answer(&result, parked.posed.question.run).map_err(|wrong| format!("inputResponses.{KEY}.content: {wrong}"))?;
        let (told, response) = watch::channel(None);
        let State::Parked(parked) = std::mem::replace(&mut leg.state, State::Taken(response)) else {
            return Err("the run is gone".to_owned());
        };
        let Parked { live, posed, .. } = *parked;
        // It may have been answered elsewhere meanwhile: the first answer counts.
        let _late = posed.answer.send(answer);
        Ok(Resumed::Goes(live, told))
    }
}

/// What makes two requests the same.
pub(crate) fn digest(arguments: Option<&JsonObject>) -> blake3::Hash {
    let mut members: Vec<(&String, &Value)> = arguments.into_iter().flatten().collect();
    members.sort_by(|a, b| a.0.cmp(b.0));
    let text: Vec<String> = members.iter().map(|(name, value)| format!("{name:?}={value}")).collect();
    blake3::hash(text.join("\0").as_bytes())
}
