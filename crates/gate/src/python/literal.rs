//! Arguments that a Python program writes out, as the JSON that they become on their way to a tool.

use crate::literal::{Literal, array, object};
use ruff_python_ast::{Expr, Number, UnaryOp};
use serde_json::Value;

/// What the text of an expression says of its value; `None`: nothing.
pub(super) fn literal(expr: &Expr) -> Option<Literal> {
    let value = match expr {
        Expr::StringLiteral(text) => Value::from(text.value.to_str()),
        Expr::BooleanLiteral(truth) => Value::from(truth.value),
        Expr::NoneLiteral(_) => Value::Null,
        Expr::NumberLiteral(_) => number(expr, 1)?,
        Expr::UnaryOp(operation) if operation.op == UnaryOp::USub => number(&operation.operand, -1)?,
        Expr::FString(_) => return Some(Literal::Type("string")),
        Expr::ListComp(_) => return Some(Literal::Type("array")),
        Expr::DictComp(_) => return Some(Literal::Type("object")),
        Expr::List(list) => return Some(array(list.elts.iter().map(literal))),
        Expr::Dict(dict) => {
            return Some(object(dict.items.iter().map(|item| match &item.key {
                Some(Expr::StringLiteral(key)) => Some((key.value.to_str().to_owned(), literal(&item.value))),
                _ => None,
            })));
        }
        _ => return None,
    };
    Some(Literal::Value(value))
}

fn number(expr: &Expr, sign: i32) -> Option<Value> {
    let Expr::NumberLiteral(literal) = expr else { return None };
    match &literal.value {
        Number::Int(int) => Some(Value::from(int.as_i64()?.checked_mul(i64::from(sign))?)),
        Number::Float(float) if float.is_finite() => Some(Value::from(float * f64::from(sign))),
        _ => None,
    }
}
