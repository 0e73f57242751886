//! What evaluating a condition could cost at most, estimated from its expression and the size of what it looks at.
//!
//! Never too low, often too high: it stands in for a limit that the evaluator does not have.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use std::collections::HashMap;

/// How many bytes count as one step.
pub(super) const STEP_BYTES: usize = 64;

/// How large a value can be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// The longest list or map in it.
    pub(super) items: u64,
    /// One for each value in it, and for each 64 bytes of its texts.
    pub(super) total: u64,
}

impl Size {
    /// A number, a truth, or nothing.
    pub(super) const ONE: Size = Size { items: 0, total: 1 };

    /// Of a text.
    pub(super) fn of_text(bytes: usize) -> Size {
        Size { items: 0, total: 1 + (bytes / STEP_BYTES) as u64 }
    }

    /// Of a value made of both.
    pub(super) fn plus(self, other: Size) -> Size {
        Size { items: self.items.saturating_add(other.items), total: self.total.saturating_add(other.total) }
    }

    /// Of either.
    fn or(self, other: Size) -> Size {
        Size { items: self.items.max(other.items), total: self.total.max(other.total) }
    }

    fn times(self, count: u64) -> Size {
        Size { items: self.items.saturating_mul(count), total: self.total.saturating_mul(count) }
    }
}

/// How large the variables are.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    /// Each argument.
    pub(super) arguments: HashMap<String, Size>,
    /// All arguments together.
    pub(super) all: Size,
    /// The labels.
    pub(super) labels: Size,
}

/// What evaluating `expression` costs at most, in steps.
pub(super) fn estimate(expression: &IdedExpr, sizes: &Sizes) -> u64 {
    let mut scope = Scope { sizes, bound: Vec::new(), steps: sizes.all.total.saturating_add(sizes.labels.total) };
    scope.value(expression);
    scope.steps
}

struct Scope<'a> {
    sizes: &'a Sizes,
    /// The variables of the comprehensions around.
    bound: Vec<(&'a str, Size)>,
    steps: u64,
}

impl<'a> Scope<'a> {
    fn spend(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// Adds what an expression costs, and says how large its value can be.
    fn value(&mut self, expression: &'a IdedExpr) -> Size {
        self.spend(1);
        match &expression.expr {
            Expr::Literal(LiteralValue::String(text)) => Size::of_text(text.inner().len()),
            Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => Size::ONE,
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                let of = match &select.operand.expr {
                    Expr::Ident(name) if name == "args" => self.argument(&select.field),
                    _ => self.value(&select.operand),
                };
                if select.test { Size::ONE } else { of }
            }
            Expr::List(list) => list.elements.iter().fold(Size::ONE, |size, element| self.part(size, element)),
            Expr::Map(map) => map.entries.iter().fold(Size::ONE, |size, entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    let size = self.part(size, &entry.key);
                    self.part(size, &entry.value)
                }
                EntryExpr::StructField(field) => self.part(size, &field.value),
            }),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
        }
    }

    fn variable(&self, name: &str) -> Size {
        match (self.bound.iter().rev().find(|(bound, _)| *bound == name), name) {
            (Some((_, size)), _) => *size,
            (None, "args") => self.sizes.all,
            (None, "labels") => self.sizes.labels,
            (None, _) => Size::of_text(4 * STEP_BYTES),
        }
    }

    fn argument(&mut self, name: &str) -> Size {
        self.spend(1);
        self.sizes.arguments.get(name).copied().unwrap_or(Size::ONE)
    }

    /// An element of a literal: copied into it.
    fn part(&mut self, whole: Size, element: &'a IdedExpr) -> Size {
        let element = self.value(element);
        self.spend(element.total);
        whole.plus(Size { items: element.items.saturating_add(1), total: element.total })
    }

    fn call(&mut self, call: &'a CallExpr) -> Size {
        let operands: Vec<Size> = call.target.as_deref().into_iter().chain(&call.args).map(|operand| self.value(operand)).collect();
        let all = operands.iter().fold(Size::default(), |all, one| all.plus(*one));
        let least = operands.iter().map(|one| one.total).min().unwrap_or(0);
        match call.func_name.as_str() {
            // Ends with the shorter of both.
            operators::EQUALS | operators::NOT_EQUALS | "startsWith" | "endsWith" => self.spend(least),
            operators::CONDITIONAL => return operands.into_iter().fold(Size::ONE, Size::or),
            operators::INDEX => return operands.first().copied().unwrap_or(Size::ONE),
            operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE => {}
            operators::ADD => {
                self.spend(all.total);
                return all;
            }
            _ => self.spend(all.total),
        }
        Size::ONE
    }

    fn comprehension(&mut self, comprehension: &'a ComprehensionExpr) -> Size {
        let range = self.value(&comprehension.iter_range);
        let init = self.value(&comprehension.accu_init);
        // Every element is copied once.
        self.spend(range.total);
        let outer = self.bound.len();
        // What is gathered so far is counted by `init` and `times`, not in each round again: the evaluator appends in place.
        self.bound.extend([(comprehension.iter_var.as_str(), range), (comprehension.accu_var.as_str(), Size::default())]);
        let before = self.steps;
        self.value(&comprehension.loop_cond);
        let gathered = self.value(&comprehension.loop_step);
        let round = self.steps.saturating_sub(before).saturating_add(gathered.total);
        self.spend(round.saturating_mul(range.items.saturating_sub(1)));
        let result = init.plus(gathered.times(range.items));
        if let Some((_, size)) = self.bound.last_mut() {
            *size = result;
        }
        let value = self.value(&comprehension.result);
        self.bound.truncate(outer);
        value
    }
}
