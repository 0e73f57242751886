//! Walks a Python program once and collects its facts: calls, bound names, flags, misplaced `await`.

use super::idioms::Idioms;
use super::{literal::literal, usage};
use crate::calls::{Call, Facts, Given, Usage};
use crate::literal::Which;
use crate::uses::Uses;
use ruff_python_ast::visitor::{Visitor, walk_alias, walk_except_handler, walk_expr, walk_parameter, walk_pattern, walk_stmt, walk_type_param};
use ruff_python_ast::{
    Alias, ExceptHandler, Expr, ExprCall, ExprContext, InterpolatedStringElement, ModModule, Parameter, Pattern, Stmt, StmtFunctionDef, TypeParam,
};
use ruff_text_size::Ranged;

/// An `await` that CPython refuses.
pub(super) struct Misplaced {
    pub(super) at: usize,
    pub(super) what: &'static str,
}

pub(super) fn collect(module: &ModModule, program: &str) -> Result<Facts, Misplaced> {
    let mut collector =
        Collector { facts: Facts::default(), uses: Uses::default(), function: Function::Async, misplaced: None, idioms: Idioms::default() };
    collector.facts.is_empty = module.body.is_empty();
    collector.visit_body(&module.body);
    if let Some(misplaced) = collector.misplaced {
        return Err(misplaced);
    }
    let mut facts = collector.facts;
    collector.uses.settle(&mut facts.calls);
    facts.flags = collector.idioms.found(&facts.bound).flags(program, 0);
    Ok(facts)
}

/// Where `await` is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    /// Allowed: the top level, `async def`, and where it is left to CPython (generator expressions).
    Async,
    /// `def` and `lambda`.
    Sync,
}

struct Collector {
    facts: Facts,
    uses: Uses,
    function: Function,
    misplaced: Option<Misplaced>,
    idioms: Idioms,
}

impl Collector {
    fn bind(&mut self, name: &str) {
        self.facts.bound.insert(name.to_owned());
        self.uses.store(name);
    }

    /// Walks with another kind of function around.
    fn within(&mut self, function: Function, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.function, function);
        walk(self);
        self.function = outer;
    }

    fn asynchronous(&mut self, at: usize, what: &'static str) {
        if self.function == Function::Sync && self.misplaced.is_none() {
            self.misplaced = Some(Misplaced { at, what });
        }
    }

    fn function_definition(&mut self, definition: &StmtFunctionDef) {
        self.bind(&definition.name.id);
        definition.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        definition.type_params.iter().for_each(|params| self.visit_type_params(params));
        self.visit_parameters(&definition.parameters);
        definition.returns.iter().for_each(|returns| self.visit_annotation(returns));
        let function = if definition.is_async { Function::Async } else { Function::Sync };
        self.within(function, |inner| inner.visit_body(&definition.body));
    }

    fn call(&mut self, call: &ExprCall) {
        let Expr::Attribute(attribute) = &*call.func else { return };
        let Expr::Name(object) = &*attribute.value else { return };
        self.facts.calls.push(Call {
            object: object.id.to_string(),
            name: attribute.attr.id.to_string(),
            at: call.range().start().to_usize(),
            given: given(call),
            usage: Usage::Fine,
        });
    }
}

/// The arguments of a call. One positional dictionary is the arguments themselves; one value that may be such a one leaves it open.
fn given(call: &ExprCall) -> Given {
    let mut given = Given { positional: call.arguments.args.len(), ..Given::default() };
    match &*call.arguments.args {
        [Expr::Dict(dict)] => {
            given.positional = 0;
            for item in &dict.items {
                match &item.key {
                    Some(Expr::StringLiteral(key)) => given.name(key.value.to_str(), literal(&item.value)),
                    _ => given.open = true,
                }
            }
        }
        [one] => given.open = !is_certainly_no_dict(one),
        args => given.open = args.iter().any(|arg| matches!(arg, Expr::Starred(_))),
    }
    if given.positional > 0 {
        let certain = call.arguments.args.iter().take_while(|arg| !matches!(arg, Expr::Starred(_))).enumerate();
        given.literals.extend(certain.filter_map(|(at, arg)| Some((Which::Position(at), literal(arg)?))));
    }
    for keyword in &call.arguments.keywords {
        match &keyword.arg {
            Some(name) => given.name(&name.id, literal(&keyword.value)),
            None => given.open = true,
        }
    }
    given
}

fn is_certainly_no_dict(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::StringLiteral(_)
            | Expr::FString(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::List(_)
            | Expr::ListComp(_)
    )
}

impl<'a> Visitor<'a> for Collector {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        usage::of_stmt(&mut self.uses, stmt);
        self.idioms.of_stmt(stmt);
        match stmt {
            Stmt::FunctionDef(definition) => return self.function_definition(definition),
            Stmt::ClassDef(class) => {
                self.bind(&class.name.id);
                return self.within(Function::Async, |inner| walk_stmt(inner, stmt));
            }
            Stmt::For(each) if each.is_async => self.asynchronous(each.range.start().to_usize(), "'async for' outside async function"),
            Stmt::With(with) if with.is_async => self.asynchronous(with.range.start().to_usize(), "'async with' outside async function"),
            Stmt::Global(global) => global.names.iter().for_each(|name| self.bind(&name.id)),
            Stmt::Nonlocal(nonlocal) => nonlocal.names.iter().for_each(|name| self.bind(&name.id)),
            Stmt::ImportFrom(import) => self.facts.binds_unknown |= import.names.iter().any(|alias| alias.name.id == "*"),
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        usage::of_expr(&mut self.uses, expr);
        self.idioms.of_expr(expr);
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::Name(name) => match name.ctx {
                ExprContext::Load => self.uses.load(&name.id),
                _ => self.bind(&name.id),
            },
            Expr::Await(awaited) => self.asynchronous(awaited.range.start().to_usize(), "'await' outside async function"),
            Expr::Lambda(_) => return self.within(Function::Sync, |inner| walk_expr(inner, expr)),
            Expr::Generator(_) => return self.within(Function::Async, |inner| walk_expr(inner, expr)),
            _ => {}
        }
        walk_expr(self, expr);
    }

    fn visit_interpolated_string_element(&mut self, element: &'a InterpolatedStringElement) {
        usage::of_interpolation(&mut self.uses, element);
        ruff_python_ast::visitor::walk_interpolated_string_element(self, element);
    }

    fn visit_comprehension(&mut self, comprehension: &'a ruff_python_ast::Comprehension) {
        usage::of_comprehension(&mut self.uses, comprehension);
        ruff_python_ast::visitor::walk_comprehension(self, comprehension);
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.bind(&parameter.name.id);
        walk_parameter(self, parameter);
    }

    fn visit_alias(&mut self, alias: &'a Alias) {
        let name = alias.asname.as_ref().unwrap_or(&alias.name);
        self.bind(name.id.split('.').next().unwrap_or_default());
        walk_alias(self, alias);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        inner.name.iter().for_each(|name| self.bind(&name.id));
        walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(capture) => capture.name.as_ref(),
            Pattern::MatchStar(star) => star.name.as_ref(),
            Pattern::MatchMapping(mapping) => mapping.rest.as_ref(),
            _ => None,
        };
        name.into_iter().for_each(|name| self.bind(&name.id));
        walk_pattern(self, pattern);
    }

    fn visit_type_param(&mut self, param: &'a TypeParam) {
        self.bind(&param.name().id);
        walk_type_param(self, param);
    }
}
