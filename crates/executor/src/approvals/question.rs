//! A question to a person: the calls that a program wants to make, with everything that a decision rests on, and the person's answer.
//!
//! What is shown here is complete and cannot pretend to be something else: every character that cannot be seen is escaped, our words stand at the
//! beginning of lines, foreign words are JSON or quoted.

use gate::visible;
use policy::{Context, Decision, Facts, Labels, Reason, RunId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// One call that waits for a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AskedCall {
    /// `server.tool`.
    pub tool: String,
    /// Hash of the tool's definition, as the operator accepted it.
    pub tool_hash: String,
    /// What the operator accepted of it.
    pub facts: Facts,
    /// The arguments, as they would be sent.
    pub args: Map<String, Value>,
    /// What the run had read.
    pub labels: Labels,
    /// Why somebody is asked.
    pub decision: Decision,
}

/// The calls on which a program waits, together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Question {
    /// Its name: 16 small letters and digits.
    pub id: String,
    /// The run.
    pub run: RunId,
    /// Whose, in which conversation.
    pub context: Context,
    /// The session's handle.
    pub session: Option<String>,
    /// What the program is for, in the model's words.
    pub intent: Option<String>,
    /// The program's language.
    pub language: String,
    /// The program.
    pub program: String,
    /// The calls.
    pub calls: Vec<AskedCall>,
    /// Hash of the policy under which it is asked.
    pub policy_hash: String,
    /// How often the operator had stopped the principal when it was asked.
    pub generation: u64,
    /// When it was asked, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whether a run waits for the answer. If not, the answer counts for the next time that the same is asked.
    pub waits: bool,
}

/// What a person says. Every form counts for the calls of the question; some count for more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// These calls, once.
    Once,
    /// In this conversation, the same tools with the same arguments, as often as they are called.
    SameArguments,
    /// In this conversation, the same tools with data from where these calls' data comes from.
    Edge,
    /// Always: a rule that allows these tools is written into the configuration.
    Always,
    /// No.
    Deny {
        /// Told to the program.
        reason: String,
    },
}

impl Answer {
    /// The name under which it is given.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Answer::Once => "once",
            Answer::SameArguments => "same-arguments",
            Answer::Edge => "edge",
            Answer::Always => "always",
            Answer::Deny { .. } => "deny",
        }
    }

    /// Reads a name. `reason` is what a denial tells the program.
    #[must_use]
    pub fn parse(name: &str, reason: &str) -> Option<Answer> {
        Some(match name {
            "once" => Answer::Once,
            "same-arguments" => Answer::SameArguments,
            "edge" => Answer::Edge,
            "always" => Answer::Always,
            "deny" => Answer::Deny { reason: reason.to_owned() },
            _ => return None,
        })
    }
}

impl Question {
    /// What an edge would allow: tools, and the origins of data that may go to them.
    #[must_use]
    pub fn edge(&self) -> String {
        let mut tools: Vec<&str> = self.calls.iter().map(|call| call.tool.as_str()).collect();
        tools.sort_unstable();
        tools.dedup();
        let from = self.origins();
        format!("{} with data from {}", tools.join(", "), if from.is_empty() { "nowhere else".to_owned() } else { from.join(", ") })
    }

    fn origins(&self) -> Vec<String> {
        let mut from: Vec<String> = self.calls.iter().flat_map(|call| call.labels.iter().map(|label| label.origin.to_string())).collect();
        from.sort_unstable();
        from.dedup();
        from
    }

    /// The question for eyes: each call with its arguments, complete; why it is asked; what the run has read.
    #[must_use]
    pub fn text(&self) -> String {
        let count = if self.calls.len() == 1 {
            "A program wants to make this call".to_owned()
        } else {
            format!("A program wants to make these {} calls", self.calls.len())
        };
        let mut text = format!("{count}:\n");
        // Writing to a String cannot fail.
        for (at, call) in self.calls.iter().enumerate() {
            let _infallible = writeln!(text, "\n{}. {} ({})", at + 1, call.tool, facts(call.facts));
            for (name, value) in &call.args {
                let _infallible = writeln!(text, "     {} = {}", named(name), indented(&visible(&format!("{value:#}"))));
            }
            if call.args.is_empty() {
                text.push_str("     without arguments\n");
            }
            let _infallible = writeln!(text, "   Asked because {}.", why(&call.decision.reason));
        }
        let from = self.origins();
        let _infallible = if from.is_empty() {
            writeln!(text, "\nNothing was read before.")
        } else {
            let labels: Vec<String> = self.calls.iter().flat_map(|call| call.labels.iter().map(ToString::to_string)).collect();
            let mut labels: Vec<String> = labels;
            labels.sort_unstable();
            labels.dedup();
            writeln!(text, "\nRead before: {}.", labels.join(", "))
        };
        if let Some(intent) = &self.intent {
            let _infallible = writeln!(text, "The model says that it is for: {}", Value::from(visible(intent)));
        }
        text
    }
}

fn facts(facts: Facts) -> String {
    format!("{}{}", facts.effect.name(), if facts.external { ", external" } else { "" })
}

fn why(reason: &Reason) -> String {
    match reason {
        Reason::Rule { rule } => format!("rule {} says so", rule + 1),
        Reason::Guard { rule, labels } => format!("rule {} allows it, but not after {labels} was read", rule + 1),
        Reason::PrivateElsewhere { labels } => format!("it reaches others, and {labels} was read before"),
        Reason::Write => "it changes something and no rule allows it".to_owned(),
        Reason::Unjudged => "your judge gave no answer".to_owned(),
        Reason::Unreviewed => "the tool was not reviewed".to_owned(),
        Reason::HttpGuard { rule, labels } => format!("http rule {} allows it, but not after {labels} was read", rule + 1),
        // These do not ask.
        _ => "of the policy".to_owned(),
    }
}

/// The name of an argument: as it is where it is one word, else quoted. A program may choose any.
fn named(name: &str) -> String {
    let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if is_word { name.to_owned() } else { visible(&Value::from(name).to_string()) }
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n       ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_an_argument_looks_like_our_words() {
        assert_eq!(named("to_list.a-1"), "to_list.a-1");
        assert_eq!(named("to = \"me\"\n\n2. github.read (read)\n     n\u{202e}"), r#""to = \"me\"\n\n2. github.read (read)\n     n\u{202e}""#);
        assert_eq!(named(""), "\"\"");
    }
}
