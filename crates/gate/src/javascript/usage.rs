//! What becomes of a call's result in JavaScript, where the text alone proves it: a promise that is dropped, read, iterated, compared or
//! printed was meant to be awaited.

use crate::uses::{Place, Uses};
use oxc_ast::ast::{Argument, BinaryExpression, BindingPattern, CallExpression, ChainElement, Expression, MemberExpression, VariableDeclarator};
use oxc_span::{GetSpan, Span};

/// The call that an expression is, without parentheses and types: also `a?.b()`.
pub(super) fn call_of<'b, 'a>(expression: &'b Expression<'a>) -> Option<&'b CallExpression<'a>> {
    match expression.get_inner_expression() {
        Expression::CallExpression(call) => Some(call),
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::CallExpression(call) => Some(call),
            _ => None,
        },
        _ => None,
    }
}

/// Object and name of `object.name(...)` and `object["name"](...)`.
pub(super) fn parts<'b, 'a>(call: &'b CallExpression<'a>) -> Option<(&'b str, &'a str)> {
    let member = call.callee.as_member_expression()?;
    let Expression::Identifier(object) = member.object() else { return None };
    Some((object.name.as_str(), member.static_property_name()?))
}

pub(super) fn place(span: Span) -> Place {
    (span.start as usize, span.end as usize)
}

fn simple_call(expression: &Expression<'_>) -> Option<Place> {
    call_of(expression).filter(|call| parts(call).is_some()).map(|call| place(call.span))
}

/// The expression is used as if it were a result.
pub(super) fn misuse(uses: &mut Uses, expression: &Expression<'_>) {
    if let Expression::Identifier(name) = expression.get_inner_expression() {
        uses.misuse_name(&name.name);
    } else if let Some(call) = simple_call(expression) {
        uses.misuse_call(call);
    }
}

pub(super) fn of_statement(uses: &mut Uses, expression: &Expression<'_>) {
    if let Some(call) = simple_call(expression) {
        uses.dropped(call);
    }
}

pub(super) fn of_member(uses: &mut Uses, member: &MemberExpression<'_>) {
    if !member.static_property_name().is_some_and(is_promise_method) {
        misuse(uses, member.object());
    }
}

pub(super) fn of_declarator(uses: &mut Uses, declarator: &VariableDeclarator<'_>) {
    let Some(init) = &declarator.init else { return };
    match (&declarator.id, simple_call(init)) {
        (BindingPattern::BindingIdentifier(name), Some(call)) => uses.assigned(call, &name.name),
        (BindingPattern::ObjectPattern(_) | BindingPattern::ArrayPattern(_), _) => misuse(uses, init),
        _ => {}
    }
}

pub(super) fn of_binary(uses: &mut Uses, binary: &BinaryExpression<'_>) {
    // `x instanceof Promise` and `x == null` ask whether it is there.
    let asks =
        binary.operator.is_instance_of() || [&binary.left, &binary.right].iter().any(|side| side.get_inner_expression().is_null_or_undefined());
    if !asks {
        misuse(uses, &binary.left);
        misuse(uses, &binary.right);
    }
}

/// Calls of functions that make nothing of a promise.
pub(super) fn of_call(uses: &mut Uses, call: &CallExpression<'_>) {
    let reads =
        matches!(parts(call), Some(("JSON", "stringify") | ("console", _) | ("Object", "keys" | "values" | "entries") | ("Array", "isArray")));
    if reads {
        call.arguments.iter().filter_map(Argument::as_expression).for_each(|argument| misuse(uses, argument));
    }
}

fn is_promise_method(name: &str) -> bool {
    matches!(name, "then" | "catch" | "finally" | "constructor")
}

/// Where an expression starts.
pub(super) fn start(expression: &impl GetSpan) -> usize {
    expression.span().start as usize
}
