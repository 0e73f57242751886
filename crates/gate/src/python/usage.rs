//! What becomes of a call's result in Python, where the text alone proves it: a coroutine that is dropped, indexed, iterated, compared
//! or formatted was meant to be awaited.

use crate::uses::{Place, Uses};
use ruff_python_ast::{CmpOp, Comprehension, Expr, InterpolatedStringElement, Stmt};
use ruff_text_size::Ranged;

pub(super) fn of_stmt(uses: &mut Uses, stmt: &Stmt) {
    match stmt {
        Stmt::Expr(statement) if is_simple_call(&statement.value) => uses.dropped(place(&statement.value)),
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(name)] if is_simple_call(&assign.value) => uses.assigned(place(&assign.value), &name.id),
            [Expr::Tuple(_) | Expr::List(_)] => misuse(uses, &assign.value),
            _ => {}
        },
        Stmt::AnnAssign(assign) => {
            if let (Expr::Name(name), Some(value)) = (&*assign.target, &assign.value)
                && is_simple_call(value)
            {
                uses.assigned(place(value), &name.id);
            }
        }
        Stmt::For(each) if !each.is_async => misuse(uses, &each.iter),
        _ => {}
    }
}

pub(super) fn of_expr(uses: &mut Uses, expr: &Expr) {
    match expr {
        Expr::Attribute(attribute) if !is_coroutine_attribute(&attribute.attr.id) => misuse(uses, &attribute.value),
        Expr::Subscript(subscript) => misuse(uses, &subscript.value),
        Expr::Starred(starred) => misuse(uses, &starred.value),
        Expr::BinOp(operation) => {
            misuse(uses, &operation.left);
            misuse(uses, &operation.right);
        }
        Expr::Compare(compare) if !compare.ops.iter().any(|op| matches!(op, CmpOp::Is | CmpOp::IsNot)) => {
            misuse(uses, &compare.left);
            compare.comparators.iter().for_each(|operand| misuse(uses, operand));
        }
        Expr::Call(call) if reads_its_argument(&call.func) => call.arguments.args.iter().for_each(|arg| misuse(uses, arg)),
        _ => {}
    }
}

pub(super) fn of_interpolation(uses: &mut Uses, element: &InterpolatedStringElement) {
    if let InterpolatedStringElement::Interpolation(interpolation) = element {
        misuse(uses, &interpolation.expression);
    }
}

pub(super) fn of_comprehension(uses: &mut Uses, comprehension: &Comprehension) {
    if !comprehension.is_async {
        misuse(uses, &comprehension.iter);
    }
}

/// `expr` is used as if it were a result.
fn misuse(uses: &mut Uses, expr: &Expr) {
    match expr {
        Expr::Name(name) => uses.misuse_name(&name.id),
        Expr::Call(_) if is_simple_call(expr) => uses.misuse_call(place(expr)),
        _ => {}
    }
}

/// Whether it is written `name.name(...)`.
fn is_simple_call(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(call) if matches!(&*call.func, Expr::Attribute(a) if matches!(&*a.value, Expr::Name(_))))
}

fn place(expr: &Expr) -> Place {
    (expr.range().start().to_usize(), expr.range().end().to_usize())
}

/// Functions that make nothing of a coroutine.
fn reads_its_argument(function: &Expr) -> bool {
    match function {
        Expr::Name(name) => matches!(
            name.id.as_str(),
            "dict" | "enumerate" | "len" | "list" | "max" | "min" | "print" | "repr" | "set" | "sorted" | "str" | "sum" | "tuple"
        ),
        Expr::Attribute(attribute) => attribute.attr.id == "dumps" && matches!(&*attribute.value, Expr::Name(module) if module.id == "json"),
        _ => false,
    }
}

/// What coroutines, tasks and futures have themselves.
fn is_coroutine_attribute(name: &str) -> bool {
    name.starts_with('_')
        || matches!(name, "add_done_callback" | "cancel" | "cancelled" | "close" | "done" | "exception" | "result" | "send" | "throw")
}
