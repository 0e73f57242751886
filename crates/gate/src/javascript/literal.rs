//! Arguments that a JavaScript program writes out, as the JSON that they become on their way to a tool.

use crate::literal::{Literal, array, object};
use oxc_ast::ast::{Expression, ObjectPropertyKind, PropertyKind};
use serde_json::Value;

/// What the text of an expression says of its value; `None`: nothing.
pub(super) fn literal(expression: &Expression<'_>) -> Option<Literal> {
    let value = match expression.get_inner_expression() {
        Expression::StringLiteral(text) if !text.lone_surrogates => Value::from(text.value.as_str()),
        Expression::BooleanLiteral(truth) => Value::from(truth.value),
        Expression::NullLiteral(_) => Value::Null,
        Expression::NumericLiteral(number) => of_number(number.value)?,
        Expression::UnaryExpression(unary) if unary.operator.as_str() == "-" => match unary.argument.get_inner_expression() {
            Expression::NumericLiteral(number) => of_number(-number.value)?,
            _ => return None,
        },
        Expression::TemplateLiteral(_) => return Some(Literal::Type("string")),
        Expression::ArrayExpression(list) => return Some(array(list.elements.iter().map(|element| element.as_expression().and_then(literal)))),
        Expression::ObjectExpression(written) => return Some(object(written.properties.iter().map(member))),
        _ => return None,
    };
    Some(Literal::Value(value))
}

/// A member of an object, if it certainly becomes one of the same name.
fn member(property: &ObjectPropertyKind<'_>) -> Option<(String, Option<Literal>)> {
    let ObjectPropertyKind::ObjectProperty(property) = property else { return None };
    if property.computed || property.method || property.kind != PropertyKind::Init {
        return None;
    }
    let name = property.key.static_name().filter(|name| name != "__proto__")?;
    Some((name.into_owned(), literal(&property.value)))
}

/// The largest whole number that JavaScript writes as one.
const WHOLE: f64 = 9_007_199_254_740_992.0;

#[expect(clippy::cast_possible_truncation, reason = "it is whole and within 53 bits")]
fn of_number(number: f64) -> Option<Value> {
    match number {
        whole if whole.fract() == 0.0 && whole.abs() < WHOLE => Some(Value::from(whole as i64)),
        finite if finite.is_finite() => Some(Value::from(finite)),
        _ => None,
    }
}
