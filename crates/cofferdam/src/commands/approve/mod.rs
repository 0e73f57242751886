//! `cofferdam approve`: the questions that wait for a person, and the person's answers, from any process of the operator's.
//!
//! Nothing that a model sees can approve: an answer needs a code that is shown on the operator's own terminal only, once.

mod page;
pub(super) mod prompt;
mod rule;
mod web;

use super::{Exit, UsageError, homeless};
use crate::cli::Approve;
use crate::config::{Sources, load};
use crate::output::{self, plain};
use crate::surroundings::Surroundings;
use executor::{Answer, Board, BoardError, Question};
use prompt::{Reply, Terminal};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Lists what waits, and takes answers on a terminal or on a page.
pub(crate) async fn approve(asked: Approve, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let state = around.state_dir().ok_or_else(homeless)?;
    let (file, policy_hash) = rules_file(sources, around)?;
    let desk = Desk { board: Board::open(&state)?, file, policy_hash };
    if asked.web {
        return web::serve(desk, asked.port.unwrap_or(0)).await;
    }
    let mut questions = desk.board.questions();
    if let Some(id) = &asked.id {
        questions.retain(|question| question.id == *id);
        if questions.is_empty() {
            return Err(UsageError(plain(&BoardError::Gone(id.clone()).to_string())).into());
        }
    }
    if asked.json {
        output::print_json(&questions.iter().map(document).collect());
        return Ok(Exit::Ok);
    }
    if questions.is_empty() {
        output::print("nothing waits for you");
        return Ok(Exit::Ok);
    }
    let Some(mut terminal) = Terminal::open() else {
        questions.iter().for_each(|question| output::print(&plain(&told(question))));
        output::complain("answers are taken on a terminal, or on the page of `cofferdam approve --web`");
        return Ok(Exit::Program);
    };
    for question in questions {
        output::print(&plain(&told(&question)));
        match terminal.ask_with_code(&question)? {
            Reply::Answer(answer) => match desk.give(&question, &answer) {
                Ok(told) => output::print(&plain(&told)),
                Err(wrong) => output::complain(&plain(&wrong)),
            },
            Reply::Skip => output::print("left as it is"),
            Reply::Locked => {
                output::complain("three codes were wrong: nothing more is answered; start the command again");
                return Ok(Exit::Program);
            }
            Reply::Gone => break,
        }
    }
    Ok(Exit::Ok)
}

/// Where answers go.
struct Desk {
    board: Board,
    /// The configuration that takes lasting rules, if there is one.
    file: Option<PathBuf>,
    /// Hash of the policy that it makes.
    policy_hash: String,
}

impl Desk {
    /// Gives an answer; what came of it.
    fn give(&self, question: &Question, answer: &Answer) -> Result<String, String> {
        let mut told = format!("{}: {}", question.id, answer.name());
        let prepared = match (answer, &self.file) {
            (Answer::Always, None) => return Err("there is no configuration to write a rule into: `cofferdam init` makes one".to_owned()),
            (Answer::Always, Some(_)) if self.policy_hash != question.policy_hash => {
                return Err("the configuration is not the one under which this is asked: write the rule yourself, or answer otherwise".to_owned());
            }
            (Answer::Always, Some(file)) => Some((file, rule::prepare(file, question)?)),
            _ => None,
        };
        self.board.give(&question.id, answer).map_err(|error| error.to_string())?;
        // Only an answer that counts leaves a rule behind.
        if let Some((file, prepared)) = prepared {
            prepared.write().map_err(|error| format!("{told} for this conversation, but {error}"))?;
            told = format!("{told}; a rule stands in {}", file.display());
        }
        Ok(told)
    }
}

/// The configuration that the operator's rules are in, and the hash of its policy.
fn rules_file(sources: &Sources, around: &Surroundings) -> anyhow::Result<(Option<PathBuf>, String)> {
    // One that is not valid is told of before anybody answers anything.
    let config = load(sources, around)?;
    let file = match &sources.config {
        Some(file) => Some(around.folder.join(file)),
        None => around.default_config().filter(|file| file.exists()),
    };
    Ok((file, config.policy.hash))
}

/// A question for people.
fn told(question: &Question) -> String {
    let waits = if question.waits { "its run waits" } else { "its run went on without it; a yes counts when the same is asked again" };
    format!(
        "question {} of {} ({waits})\n{}\nThe program ({}):\n{}\n",
        question.id,
        question.context.name,
        question.text(),
        question.language,
        numbered(&question.program)
    )
}

/// A program with line numbers, in which nothing hides.
fn numbered(program: &str) -> String {
    executor::visible(program).lines().enumerate().map(|(at, line)| format!("{:>5}  {line}\n", at + 1)).collect()
}

/// A question for scripts.
fn document(question: &Question) -> Value {
    let calls =
        question.calls.iter().map(|call| json!({"tool": call.tool, "args": call.args, "labels": call.labels, "because": call.decision.reason}));
    json!({
        "id": question.id,
        "run": question.run.to_string(),
        "context": question.context.name,
        "session": question.session,
        "waits": question.waits,
        "intent": question.intent,
        "language": question.language,
        "program": question.program,
        "calls": calls.collect::<Value>(),
        "text": question.text(),
    })
}
