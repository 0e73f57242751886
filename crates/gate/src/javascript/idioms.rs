//! What is flagged in JavaScript programs, as far as it is written plainly: names, members, imports, and calls that take a program as text.

use super::usage::start;
use crate::flag::{Found, dotted};
use oxc_ast::ast::{Argument, Expression, ImportExpression, MemberExpression};
use std::collections::BTreeSet;

/// Functions that make a program of text.
const EVALUATE: [&str; 2] = ["eval", "Function"];

/// Functions that take a function, and text where other runtimes allow it.
const TIMERS: [&str; 2] = ["setTimeout", "setInterval"];

/// Names of the object that has all global names.
const GLOBAL: [&str; 4] = ["globalThis", "window", "self", "global"];

/// Members of other runtimes' objects that start processes or reach the runtime itself.
const ESCAPES: [&str; 12] = [
    "process.binding",
    "process._linkedBinding",
    "process.dlopen",
    "process.mainModule",
    "process.kill",
    "Deno.run",
    "Deno.Command",
    "Deno.dlopen",
    "Bun.spawn",
    "Bun.spawnSync",
    "Error.prepareStackTrace",
    "module.constructor",
];

/// Modules that are about nothing else.
const MODULES: [&str; 9] = ["child_process", "vm", "worker_threads", "cluster", "inspector", "qjs:std", "qjs:os", "bun:ffi", "ffi-napi"];

/// What is collected on one walk.
#[derive(Debug, Default)]
pub(super) struct Idioms {
    found: Found,
    /// Under a name that the program may have bound itself.
    named: Found,
    /// Where names stand that are called, asked for, or whose members are read.
    harmless: BTreeSet<usize>,
}

fn entry(list: &[&'static str], name: &str) -> Option<&'static str> {
    list.iter().find(|entry| **entry == name).copied()
}

impl Idioms {
    /// All of it, but for names that the program bound itself.
    pub(super) fn found(self, bound: &BTreeSet<String>) -> Found {
        self.found.and(self.named.without(bound))
    }

    /// The name that stands here does not hand the function on.
    pub(super) fn harmless(&mut self, expression: &Expression<'_>) {
        if let Expression::Identifier(name) = expression {
            self.harmless.insert(name.span.start as usize);
        }
    }

    pub(super) fn of_name(&mut self, name: &str, at: usize) {
        if let Some(what) = entry(&EVALUATE, name).filter(|_| !self.harmless.contains(&at)) {
            self.named.dynamic(what, at);
        }
    }

    /// A call, or `new` with arguments.
    pub(super) fn of_call(&mut self, callee: &Expression<'_>, arguments: &[Argument<'_>], at: usize) {
        self.harmless(callee);
        let Some(name) = callee.get_identifier_reference().map(|name| name.name.as_str()) else { return };
        let first = arguments.first().and_then(Argument::as_expression);
        // A program that is written out is no more than the rest of it.
        let written = arguments.iter().all(|argument| argument.as_expression().is_some_and(Expression::is_literal));
        if let Some(what) = entry(&EVALUATE, name).filter(|_| !written) {
            self.named.dynamic(what, at);
        }
        if let Some(what) = entry(&TIMERS, name).filter(|_| first.is_some_and(is_text)) {
            self.named.dynamic(what, at);
        }
        if name == "require" {
            self.module(first, at);
        }
    }

    pub(super) fn of_import(&mut self, import: &ImportExpression<'_>) {
        if !import.source.is_literal() {
            self.found.dynamic("import", start(import));
        }
        self.module(Some(&import.source), start(import));
    }

    pub(super) fn of_source(&mut self, source: &str, at: usize) {
        if let Some(what) = entry(&MODULES, source.strip_prefix("node:").unwrap_or(source)) {
            self.found.escape(what, at);
        }
    }

    fn module(&mut self, source: Option<&Expression<'_>>, at: usize) {
        if let Some(Expression::StringLiteral(source)) = source {
            self.of_source(&source.value, at);
        }
    }

    pub(super) fn of_member(&mut self, member: &MemberExpression<'_>) {
        self.harmless(member.object());
        let (Some(name), at) = (member.static_property_name(), start(member)) else { return };
        let object = member.object().get_inner_expression();
        if name == "constructor" && (is_function(object) || is_prototype_of_function(object) || is_constructor(object)) {
            self.found.dynamic("constructor", at);
        }
        let Expression::Identifier(object) = object else { return };
        if let Some(what) = entry(&EVALUATE, name).filter(|_| GLOBAL.contains(&object.name.as_str())) {
            self.found.dynamic(what, at);
        }
        if let Some(what) = dotted(&ESCAPES, &object.name, name) {
            self.found.escape(what, at);
        }
    }
}

/// Text, or a sum that begins with text.
fn is_text(expression: &Expression<'_>) -> bool {
    let mut first = expression.get_inner_expression();
    while let Expression::BinaryExpression(sum) = first {
        first = sum.left.get_inner_expression();
    }
    matches!(first, Expression::StringLiteral(_) | Expression::TemplateLiteral(_))
}

fn is_function(expression: &Expression<'_>) -> bool {
    matches!(
        expression.get_inner_expression(),
        Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) | Expression::ClassExpression(_)
    )
}

/// `Object.getPrototypeOf(async function () {})`, whose constructor makes functions of text.
fn is_prototype_of_function(expression: &Expression<'_>) -> bool {
    let Expression::CallExpression(call) = expression else { return false };
    let named = call.callee.as_member_expression().is_some_and(|member| member.static_property_name() == Some("getPrototypeOf"));
    named && call.arguments.first().and_then(Argument::as_expression).is_some_and(is_function)
}

fn is_constructor(expression: &Expression<'_>) -> bool {
    expression.as_member_expression().is_some_and(|member| member.static_property_name() == Some("constructor"))
}
