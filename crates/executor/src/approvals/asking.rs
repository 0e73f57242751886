//! The questions of one run: calls that a person has to allow are collected until the program can do nothing but wait for them, and asked for
//! together.

use super::{Answer, Approvals, AskedCall, Posed, Question, Questions, Seat};
use crate::{calls::Run, execute::random, journal::now_ms};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

/// A call that waits for a person.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) call: AskedCall,
    /// How often the operator had stopped the principal by then.
    pub(crate) generation: u64,
    /// Told what the person said.
    pub(crate) told: oneshot::Sender<Result<By, Unanswered>>,
}

/// Who allowed a call, and for what; for the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) by: &'static str,
    pub(crate) scope: &'static str,
}

/// Why a call was not allowed by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// A person said no, and why.
    Denied(String),
    /// Nobody could be asked, or nobody answered.
    Nobody,
}

/// What a question says of its run beside the calls.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) intent: Option<String>,
    pub(crate) language: &'static str,
    pub(crate) program: String,
}

/// The questions of one run.
#[derive(Debug)]
pub(crate) struct Asking {
    approvals: Arc<Approvals>,
    about: About,
    /// A client that can ask.
    client: Option<Questions>,
    /// How long calls wait for the board alone.
    patience: Duration,
    inbox: mpsc::UnboundedReceiver<Waiting>,
    waiting: Vec<Waiting>,
    open: Option<Open>,
}

/// A question that was asked.
#[derive(Debug)]
struct Open {
    question: Arc<Question>,
    calls: Vec<Waiting>,
    answer: JoinHandle<Option<(Answer, &'static str)>>,
    approvals: Arc<Approvals>,
    /// Held while it is open.
    _seat: Option<Seat>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.answer.abort();
        self.approvals.board.remove(&self.question.id);
    }
}

impl Asking {
    pub(crate) fn new(
        approvals: Arc<Approvals>,
        about: About,
        client: Option<Questions>,
        patience: Duration,
        inbox: mpsc::UnboundedReceiver<Waiting>,
    ) -> Self {
        Asking { approvals, about, client, patience, inbox, waiting: Vec::new(), open: None }
    }

    /// Asks for the calls that wait, if the run has nothing else in flight, and says whether it waits for a person alone. `in_flight` is the number
    /// of its calls that are not done.
    pub(crate) fn pose(&mut self, run: &Run, in_flight: usize) -> bool {
        if self.open.is_none() && !self.waiting.is_empty() && self.waiting.len() == in_flight {
            self.ask(run);
        }
        self.open.as_ref().is_some_and(|open| open.calls.len() + self.waiting.len() == in_flight)
    }

    fn ask(&mut self, run: &Run) {
        let calls = std::mem::take(&mut self.waiting);
        let mut question = Question {
            id: random::<16>().map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(byte % 32)])).iter().collect(),
            run: run.id,
            context: run.context.clone(),
            session: run.session.as_ref().map(ToString::to_string),
            intent: self.about.intent.clone(),
            language: self.about.language.to_owned(),
            program: self.about.program.clone(),
            calls: calls.iter().map(|waiting| waiting.call.clone()).collect(),
            policy_hash: run.grant.policy_hash().to_owned(),
            // What was asked before a stop is not allowed by an answer after it.
            generation: calls.iter().map(|waiting| waiting.generation).min().unwrap_or_default(),
            at_ms: now_ms(),
            waits: true,
        };
        let seat = self.approvals.place(run.grant.principal());
        let asks = seat.is_some() && (self.client.is_some() || !self.patience.is_zero());
        question.waits = asks;
        let question = Arc::new(question);
        if asks && let Err(error) = self.approvals.board.put(&question) {
            tracing::warn!(%error, "a question cannot be put up for the operator");
        }
        let (told, client) = oneshot::channel();
        let posed = asks && self.client.as_ref().is_some_and(|client| client.send(Posed { question: Arc::clone(&question), answer: told }).is_ok());
        let (approvals, asked, patience) = (Arc::clone(&self.approvals), Arc::clone(&question), if asks { self.patience } else { Duration::ZERO });
        let answer = tokio::spawn(async move { approvals.wait(&asked, posed.then_some(client), patience).await });
        tracing::info!(run = %run.id, question = question.id, calls = calls.len(), asks, "a person has to allow calls");
        self.open = Some(Open { question, calls, answer, approvals: Arc::clone(&self.approvals), _seat: seat });
    }

    /// Waits until there is another call that waits, or an answer, and takes it in. Cancel-safe.
    pub(crate) async fn next(&mut self) {
        let Some(open) = &mut self.open else {
            return match self.inbox.recv().await {
                Some(waiting) => self.waiting.push(waiting),
                // The run holds the other end.
                None => std::future::pending().await,
            };
        };
        let answer = tokio::select! {
            biased;
            Some(waiting) = self.inbox.recv() => return self.waiting.push(waiting),
            answer = &mut open.answer => answer.ok().flatten(),
        };
        let Some(mut open) = self.open.take() else { return };
        let said = match &answer {
            Some((Answer::Deny { reason }, _)) => Err(Unanswered::Denied(reason.clone())),
            Some((answer, by)) => Ok(By { by, scope: answer.name() }),
            None => Err(Unanswered::Nobody),
        };
        let calls = std::mem::take(&mut open.calls);
        let question = Arc::clone(&open.question);
        drop(open);
        match &answer {
            Some((answer, _)) => self.approvals.remember(&question, answer, false),
            None => self.approvals.leave(&question),
        }
        tracing::info!(run = %question.run, question = question.id, answer = answer.as_ref().map(|(answer, _)| answer.name()), "a question was answered");
        for waiting in calls {
            // A call that was given up meanwhile hears nothing.
            let _gone = waiting.told.send(said.clone());
        }
    }
}
