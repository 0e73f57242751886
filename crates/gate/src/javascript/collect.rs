//! Walks a JavaScript or TypeScript program once and collects its facts: calls, bound names, flags, decorators.

use super::idioms::Idioms;
use super::{literal::literal, usage};
use crate::calls::{Call, Facts, Given, Usage};
use crate::literal::Which;
use crate::uses::Uses;
use oxc_ast::ast::{
    Argument, AssignmentTargetPropertyIdentifier, BinaryExpression, BindingIdentifier, CallExpression, Decorator, Expression, ExpressionStatement,
    ForOfStatement, IdentifierReference, ImportDeclaration, ImportExpression, MemberExpression, NewExpression, ObjectPropertyKind, Program,
    SimpleAssignmentTarget, SpreadElement, Statement, TSTypeName, TemplateLiteral, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};

/// What one walk found. Positions are those of the program, `shift` bytes before those of the tree.
pub(super) struct Collected {
    /// The first decorator.
    pub(super) decorator: Option<usize>,
    facts: Facts,
    idioms: Idioms,
    shift: usize,
}

pub(super) fn collect(program: &Program<'_>, shift: usize) -> Collected {
    let value = program.body.iter().rev().find(|statement| !matches!(statement, Statement::EmptyStatement(_)));
    let value = value.and_then(|last| if let Statement::ExpressionStatement(last) = last { Some(last.span.start) } else { None });
    let mut collector = Collector { facts: Facts::default(), uses: Uses::default(), value, decorator: None, idioms: Idioms::default() };
    collector.facts.is_empty =
        program.directives.is_empty() && program.body.iter().all(|statement| matches!(statement, Statement::EmptyStatement(_)));
    collector.visit_program(program);
    let Collector { mut facts, uses, decorator, idioms, .. } = collector;
    uses.settle(&mut facts.calls);
    for call in &mut facts.calls {
        call.at = call.at.saturating_sub(shift);
    }
    Collected { decorator, facts, idioms, shift }
}

impl Collected {
    /// The facts of the program whose text is given.
    pub(super) fn facts(self, text: &str) -> Facts {
        let Collected { mut facts, idioms, shift, .. } = self;
        facts.flags = idioms.found(&facts.bound).flags(text, shift);
        facts
    }
}

struct Collector {
    facts: Facts,
    uses: Uses,
    /// Where the statement starts whose expression is the program's value: it is awaited.
    value: Option<u32>,
    decorator: Option<usize>,
    idioms: Idioms,
}

impl Collector {
    fn bind(&mut self, name: &str) {
        self.facts.bound.insert(name.to_owned());
        self.uses.store(name);
    }
}

/// The arguments of a call. A single object is the arguments themselves; a single value that may be one leaves it open.
fn given(call: &CallExpression<'_>) -> Given {
    let mut given = Given { positional: call.arguments.len(), ..Given::default() };
    match call.arguments.as_slice() {
        [one] => match one.as_expression().map(Expression::get_inner_expression) {
            Some(Expression::ObjectExpression(object)) => {
                given.positional = 0;
                for property in &object.properties {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) if !property.computed => match property.key.static_name() {
                            Some(name) => given.name(&name, literal(&property.value)),
                            None => given.open = true,
                        },
                        _ => given.open = true,
                    }
                }
            }
            Some(Expression::ArrayExpression(_) | Expression::TemplateLiteral(_)) => {}
            Some(other) => given.open = !other.is_literal(),
            None => given.open = true,
        },
        many => given.open = many.iter().any(|argument| matches!(argument, Argument::SpreadElement(_))),
    }
    if given.positional > 0 {
        let certain = call.arguments.iter().map_while(Argument::as_expression).enumerate();
        given.literals.extend(certain.filter_map(|(at, argument)| Some((Which::Position(at), literal(argument)?))));
    }
    given
}

impl<'a> Visit<'a> for Collector {
    fn visit_expression_statement(&mut self, statement: &ExpressionStatement<'a>) {
        if self.value != Some(statement.span.start) {
            usage::of_statement(&mut self.uses, &statement.expression);
        }
        walk::walk_expression_statement(self, statement);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        usage::of_call(&mut self.uses, call);
        self.idioms.of_call(&call.callee, &call.arguments, usage::start(call));
        if let Some((object, name)) = usage::parts(call) {
            let (object, name, at) = (object.to_owned(), name.to_owned(), usage::start(call));
            self.facts.calls.push(Call { object, name, at, given: given(call), usage: Usage::Fine });
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        self.idioms.of_call(&new.callee, &new.arguments, usage::start(new));
        walk::walk_new_expression(self, new);
    }

    fn visit_member_expression(&mut self, member: &MemberExpression<'a>) {
        usage::of_member(&mut self.uses, member);
        self.idioms.of_member(member);
        walk::walk_member_expression(self, member);
    }

    fn visit_spread_element(&mut self, spread: &SpreadElement<'a>) {
        usage::misuse(&mut self.uses, &spread.argument);
        walk::walk_spread_element(self, spread);
    }

    fn visit_template_literal(&mut self, template: &TemplateLiteral<'a>) {
        template.expressions.iter().for_each(|expression| usage::misuse(&mut self.uses, expression));
        walk::walk_template_literal(self, template);
    }

    fn visit_binary_expression(&mut self, binary: &BinaryExpression<'a>) {
        usage::of_binary(&mut self.uses, binary);
        if binary.operator.is_instance_of() {
            self.idioms.harmless(&binary.right);
        }
        walk::walk_binary_expression(self, binary);
    }

    fn visit_for_of_statement(&mut self, each: &ForOfStatement<'a>) {
        if !each.r#await {
            usage::misuse(&mut self.uses, &each.right);
        }
        walk::walk_for_of_statement(self, each);
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        usage::of_declarator(&mut self.uses, declarator);
        walk::walk_variable_declarator(self, declarator);
    }

    fn visit_binding_identifier(&mut self, identifier: &BindingIdentifier<'a>) {
        self.bind(&identifier.name);
    }

    fn visit_identifier_reference(&mut self, identifier: &IdentifierReference<'a>) {
        self.uses.load(&identifier.name);
        self.idioms.of_name(&identifier.name, usage::start(identifier));
    }

    fn visit_simple_assignment_target(&mut self, target: &SimpleAssignmentTarget<'a>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(identifier) = target {
            self.bind(&identifier.name);
        }
        walk::walk_simple_assignment_target(self, target);
    }

    fn visit_assignment_target_property_identifier(&mut self, property: &AssignmentTargetPropertyIdentifier<'a>) {
        self.bind(&property.binding.name);
        walk::walk_assignment_target_property_identifier(self, property);
    }

    fn visit_ts_type_name(&mut self, name: &TSTypeName<'a>) {
        // A type is no value.
        if let TSTypeName::IdentifierReference(identifier) = name {
            self.uses.load(&identifier.name);
        }
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        self.idioms.of_import(import);
        walk::walk_import_expression(self, import);
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        self.idioms.of_source(&import.source.value, usage::start(import));
        walk::walk_import_declaration(self, import);
    }

    fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
        self.decorator.get_or_insert(usage::start(decorator));
        walk::walk_decorator(self, decorator);
    }
}
