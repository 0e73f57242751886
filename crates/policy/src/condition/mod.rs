//! The condition of a rule: a CEL expression over a call, checked when it is read and bounded when it is evaluated.
//!
//! A [`Condition`] names only variables and functions that exist, nests a little and no more, and compiles its regular expressions once.
//! The arguments that it looks at are a program's, so hostile: how much evaluation could cost at most is estimated from their size
//! first, and what could cost more is not evaluated. Time, randomness, type conversions that can fail on the host, and functions of our
//! own are deliberately absent.

mod check;
mod cost;
mod values;

use crate::{Labels, Principal, ToolName};
use cel::{Context, Env, IdedExpr, Value as Cel};
use regex::Regex;
use serde_json::{Map, Value};
use std::{
    cell::Cell,
    fmt,
    sync::{Arc, LazyLock},
};

/// The longest condition, in bytes. Guards the parser's stack.
pub const CONDITION_BYTES: usize = 1024;

/// How deep its expression may nest. Guards the evaluator's stack.
const EXPRESSION_DEPTH: usize = 48;

/// How deep `all`, `exists`, `map` and `filter` may nest. Each level multiplies the cost by the length of a list.
const COMPREHENSION_DEPTH: usize = 2;

/// What evaluating a condition may cost: one for each step, and for each 64 bytes that a step looks at. In the hands of a hostile program
/// it bounds how long the broker, which has one thread, can be held up: a few milliseconds.
pub const COST: u64 = 50_000;

/// What all conditions of one decision may cost together, in the same steps: there may be hundreds of rules.
pub const DECISION_COST: u64 = 10 * COST;

/// How deep arguments may nest that a condition looks at. Guards the stack.
const ARGUMENTS_DEPTH: usize = 64;

/// The memory of one regular expression, in bytes.
const REGEX_BYTES: usize = 256 * 1024;

/// How much of an error is kept, in bytes: it may name a key that a program chose.
const ERROR_BYTES: usize = 200;

/// The variables of a condition.
pub const VARIABLES: [&str; 5] = ["args", "labels", "session", "principal", "tool"];

/// Under which name the evaluator finds our regular expressions. No condition can write it.
const MATCHES: &str = "@matches";

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// A checked CEL expression.
#[derive(Clone)]
pub struct Condition {
    text: Arc<str>,
    expression: Arc<IdedExpr>,
    uses: check::Uses,
}

/// What a condition looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) args: &'a Map<String, Value>,
    pub(crate) labels: &'a Labels,
    pub(crate) session: Option<&'a str>,
    pub(crate) principal: &'a Principal,
    pub(crate) tool: &'a ToolName,
    /// What is left of [`DECISION_COST`].
    pub(crate) left: &'a Cell<u64>,
}

/// A condition that cannot be used. The text says what to write instead where that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConditionError(String);

/// A condition that could not be evaluated for a call, in words of ours that hold none of its arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct EvaluationError(String);

impl Condition {
    /// Reads and checks a CEL expression.
    ///
    /// # Errors
    /// When it is too large, is not CEL, or names something that does not exist.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        if text.len() > CONDITION_BYTES {
            return Err(ConditionError(format!("a condition has at most {CONDITION_BYTES} bytes; split the rule")));
        }
        let mut expression = ENVIRONMENT.parser().parse(text).map_err(|errors| not_cel(&errors))?;
        let uses = check::check(&mut expression)?;
        Ok(Condition { text: text.into(), expression: Arc::new(expression), uses })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is true of a call.
    pub(crate) fn holds(&self, inputs: &Inputs<'_>) -> Result<bool, EvaluationError> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        let mut sizes = cost::Sizes::default();
        if self.uses.variable("args") {
            let args = values::arguments(inputs.args, &self.uses, &mut sizes)?;
            context.add_variable_from_value("args", args);
        }
        if self.uses.variable("labels") {
            context.add_variable_from_value("labels", values::labels(inputs.labels, &mut sizes));
        }
        let strings = [("session", inputs.session), ("principal", Some(inputs.principal.as_str()))];
        for (name, text) in strings.into_iter().filter(|(name, _)| self.uses.variable(name)) {
            context.add_variable_from_value(name, text.map_or(Cel::Null, Cel::from));
        }
        if self.uses.variable("tool") {
            context.add_variable_from_value("tool", inputs.tool.to_string());
        }
        let cost = cost::estimate(&self.expression, &sizes);
        let Some(left) = inputs.left.get().checked_sub(cost).filter(|_| cost <= COST) else {
            return Err(EvaluationError("the arguments are so large that the condition could take too long".to_owned()));
        };
        inputs.left.set(left);
        if !self.uses.regexes.is_empty() {
            add_matches(&mut context, Arc::clone(&self.uses.regexes))?;
        }
        match Cel::resolve(&self.expression, &context) {
            Ok(Cel::Bool(truth)) => Ok(truth),
            Ok(other) => Err(EvaluationError(format!("the condition is a {}, not true or false", other.type_of()))),
            Err(error) => Err(EvaluationError(values::in_words(&error))),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({:?})", self.text)
    }
}

/// `matches` with the expressions that were compiled when the condition was read: the evaluator's own compiles one at every call.
fn add_matches(context: &mut Context<'_, '_>, regexes: Arc<[Regex]>) -> Result<(), EvaluationError> {
    let matches = move |cel::extractors::This(text): cel::extractors::This<Arc<String>>, which: i64| -> bool {
        usize::try_from(which).ok().and_then(|which| regexes.get(which)).is_some_and(|regex| regex.is_match(&text))
    };
    context.add_function(MATCHES, matches).map_err(|error| EvaluationError(error.to_string()))
}

/// The first error of the parser, on one line.
fn not_cel(errors: &cel::ParseErrors) -> ConditionError {
    let Some(first) = errors.errors.first() else { return ConditionError("is not a CEL expression".to_owned()) };
    let message = first.msg.lines().collect::<Vec<_>>().join(" ");
    let place = if first.pos.1 > 0 { format!(" at character {}", first.pos.1) } else { String::new() };
    ConditionError(format!("is not a CEL expression{place}: {}", shortened(&message)))
}

/// The beginning of a text.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(ERROR_BYTES)]
}

#[cfg(test)]
mod tests;
