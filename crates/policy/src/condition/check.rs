//! The check of a condition when it is read: only known names, bounded nesting, regular expressions that compile.

use super::{COMPREHENSION_DEPTH, ConditionError, EXPRESSION_DEPTH, MATCHES, REGEX_BYTES, VARIABLES};
use crate::closest;
use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use regex::{Regex, RegexBuilder};
use std::{collections::BTreeSet, sync::Arc};

/// The functions that a condition may call by name.
const FUNCTIONS: [&str; 11] = ["all", "contains", "endsWith", "exists", "exists_one", "filter", "has", "map", "matches", "size", "startsWith"];

/// Operators, and what macros expand to.
const OPERATORS: [&str; 16] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
];

/// More of them.
const LOOKUPS: [&str; 3] = [operators::INDEX, operators::IN, operators::NOT_STRICTLY_FALSE];

/// What a condition uses, so that nothing else is prepared for it.
#[derive(Debug, Clone)]
pub(super) struct Uses {
    variables: BTreeSet<String>,
    /// The arguments that it looks at; none if it looks at all of them together.
    pub(super) arguments: Option<BTreeSet<String>>,
    /// Its regular expressions, in the order of their numbers.
    pub(super) regexes: Arc<[Regex]>,
}

impl Uses {
    pub(super) fn variable(&self, name: &str) -> bool {
        self.variables.contains(name)
    }
}

/// Checks an expression and puts numbers in place of its regular expressions.
pub(super) fn check(expression: &mut IdedExpr) -> Result<Uses, ConditionError> {
    let mut found = Found { arguments: Some(BTreeSet::new()), ..Found::default() };
    found.walk(expression, At::default())?;
    Ok(Uses { variables: found.variables, arguments: found.arguments, regexes: found.regexes.into() })
}

/// What was found so far.
#[derive(Default)]
struct Found {
    variables: BTreeSet<String>,
    arguments: Option<BTreeSet<String>>,
    regexes: Vec<Regex>,
    /// The variables of the comprehensions around.
    bound: Vec<String>,
}

/// Where in the expression the walk is.
#[derive(Clone, Copy, Default)]
struct At {
    depth: usize,
    comprehensions: usize,
}

impl Found {
    fn walk(&mut self, expression: &mut IdedExpr, at: At) -> Result<(), ConditionError> {
        if at.depth > EXPRESSION_DEPTH {
            return Err(ConditionError(format!("nests deeper than {EXPRESSION_DEPTH} levels; split the rule")));
        }
        let at = At { depth: at.depth + 1, ..at };
        match &mut expression.expr {
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.ident(name),
            Expr::Select(select) if self.is_arguments(&select.operand) => {
                self.argument(&select.field);
                Ok(())
            }
            Expr::Select(select) => self.walk(&mut select.operand, at),
            Expr::Call(call) => self.call(call, at),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|element| self.walk(element, at)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => self.walk(&mut entry.key, at).and_then(|()| self.walk(&mut entry.value, at)),
                EntryExpr::StructField(_) => Err(unsupported("fields")),
            }),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, at),
            Expr::Struct(_) => Err(unsupported("structures")),
            Expr::Unspecified => Err(unsupported("empty expressions")),
        }
    }

    fn ident(&mut self, name: &str) -> Result<(), ConditionError> {
        if self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        if !VARIABLES.contains(&name) {
            let hint = match closest(name, VARIABLES) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are {}", VARIABLES.join(", ")),
            };
            return Err(ConditionError(format!("unknown variable {name:?}; {hint}")));
        }
        self.variables.insert(name.to_owned());
        if name == "args" {
            self.arguments = None;
        }
        Ok(())
    }

    /// Whether this is `args` itself, of which one argument is taken. Comprehensions cannot bind its name.
    fn is_arguments(&self, expression: &IdedExpr) -> bool {
        matches!(&expression.expr, Expr::Ident(name) if name == "args")
    }

    fn argument(&mut self, name: &str) {
        self.variables.insert("args".to_owned());
        if let Some(arguments) = &mut self.arguments {
            arguments.insert(name.to_owned());
        }
    }

    fn call(&mut self, call: &mut CallExpr, at: At) -> Result<(), ConditionError> {
        let name = call.func_name.as_str();
        if !OPERATORS.contains(&name) && !LOOKUPS.contains(&name) && !FUNCTIONS.contains(&name) {
            let hint = match closest(name, FUNCTIONS) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are {}", FUNCTIONS.join(", ")),
            };
            return Err(ConditionError(format!("unknown function {name:?}; {hint}")));
        }
        if name == "matches" {
            self.regex(call)?;
        }
        if let (operators::INDEX, [of, key]) = (call.func_name.as_str(), call.args.as_slice())
            && self.is_arguments(of)
            && let Expr::Literal(LiteralValue::String(key)) = &key.expr
        {
            let key = key.inner().to_owned();
            self.argument(&key);
            return Ok(());
        }
        call.target.as_deref_mut().map_or(Ok(()), |target| self.walk(target, at))?;
        call.args.iter_mut().try_for_each(|arg| self.walk(arg, at))
    }

    /// Compiles the expression of `x.matches("...")`. One that is not written there could be a program's.
    fn regex(&mut self, call: &mut CallExpr) -> Result<(), ConditionError> {
        let written = "matches takes a regular expression as a text in quotes: args.name.matches(\"^[a-z]+$\")";
        let (Some(_), [argument]) = (&call.target, call.args.as_mut_slice()) else { return Err(ConditionError(written.to_owned())) };
        let Expr::Literal(LiteralValue::String(text)) = &argument.expr else { return Err(ConditionError(written.to_owned())) };
        let regex = RegexBuilder::new(text.inner()).size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES).build().map_err(|error| {
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            ConditionError(format!("{:?} is not a regular expression that can be used: {last}", text.inner()))
        })?;
        let number = i64::try_from(self.regexes.len()).unwrap_or(i64::MAX);
        self.regexes.push(regex);
        argument.expr = Expr::Literal(LiteralValue::Int(number.into()));
        call.func_name = MATCHES.to_owned();
        Ok(())
    }

    fn comprehension(&mut self, comprehension: &mut ComprehensionExpr, at: At) -> Result<(), ConditionError> {
        if at.comprehensions >= COMPREHENSION_DEPTH {
            return Err(ConditionError(format!("all, exists, map and filter nest deeper than {COMPREHENSION_DEPTH} levels; split the rule")));
        }
        if let Some(taken) = VARIABLES.iter().find(|name| **name == comprehension.iter_var) {
            return Err(ConditionError(format!("{taken:?} is a variable of its own; name the element otherwise")));
        }
        self.walk(&mut comprehension.iter_range, at)?;
        self.walk(&mut comprehension.accu_init, at)?;
        let inside = At { comprehensions: at.comprehensions + 1, ..at };
        let outer = self.bound.len();
        self.bound.extend([comprehension.iter_var.clone(), comprehension.accu_var.clone()]);
        self.bound.extend(comprehension.iter_var2.clone());
        let walked = self
            .walk(&mut comprehension.loop_cond, inside)
            .and_then(|()| self.walk(&mut comprehension.loop_step, inside))
            .and_then(|()| self.walk(&mut comprehension.result, inside));
        self.bound.truncate(outer);
        walked
    }
}

fn unsupported(what: &str) -> ConditionError {
    ConditionError(format!("{what} are not supported in conditions"))
}
