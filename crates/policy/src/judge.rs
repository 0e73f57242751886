//! A judge of the operator's own: a program or an endpoint that is shown a run and says whether it may go on. It only ever takes away.

use serde::Serialize;
use std::time::Duration;

/// Who is asked, when, and how long that may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judge {
    /// Who.
    pub who: Who,
    /// When.
    pub when: JudgeWhen,
    /// How long an answer may take; none in time is no answer.
    pub timeout: Duration,
}

/// A judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A program and its arguments: a document comes in on its standard input, the answer goes out on its standard output.
    Command(Vec<String>),
    /// An endpoint: the document is posted to it, its reply is the answer.
    Url(String),
}

/// When a judge is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JudgeWhen {
    /// Before a program runs.
    Before,
    /// Before its outcome is shown.
    After,
    /// Both.
    #[default]
    Both,
}

impl Judge {
    /// Whether it is shown programs before they run.
    #[must_use]
    pub fn sees_programs(&self) -> bool {
        matches!(self.when, JudgeWhen::Before | JudgeWhen::Both)
    }

    /// Whether it is shown outcomes before the model is.
    #[must_use]
    pub fn sees_outcomes(&self) -> bool {
        matches!(self.when, JudgeWhen::After | JudgeWhen::Both)
    }
}
