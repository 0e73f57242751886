//! Makes a parsed program into what the guest runs: its value, and names that live as long as they should. See [`super`].

use super::edits::{Edits, Shift};
use super::modules::{Binding, import, is_bare_export};
use crate::Lifetime;
use crate::program::Mode;
use oxc_ast::ast::{
    Class, Declaration, ExportDefaultDeclarationKind, Expression, Function, Program, Statement, VariableDeclaration, VariableDeclarationKind,
};
use oxc_ast_visit::Visit;
use oxc_semantic::ScopeFlags;
use oxc_span::{GetSpan, Span};
use std::collections::BTreeSet;

/// What becomes of the top level's names and of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// The body of a function.
    Stateless,
    /// A global script.
    Script,
    /// The body of a function whose names are global.
    GlobalFunction,
}

/// The code, how the guest has to run it, and what the edits moved.
pub(super) fn for_guest(program: &Program<'_>, lifetime: Lifetime) -> (String, Mode, Vec<Shift>) {
    let scheme = match lifetime {
        Lifetime::Stateless => Scheme::Stateless,
        Lifetime::Session if returns(program) => Scheme::GlobalFunction,
        Lifetime::Session => Scheme::Script,
    };
    let mut work = Work { text: program.source_text, scheme, edits: Edits::default(), globals: BTreeSet::new(), functions: Vec::new() };
    let last = program.body.iter().rposition(|statement| !matches!(statement, Statement::EmptyStatement(_)) && !is_bare_export(statement));
    for (at, statement) in program.body.iter().enumerate() {
        work.statement(statement, Some(at) == last);
    }
    if let (None, Some(directive)) = (last, program.directives.last()) {
        work.value(directive.expression.span);
    }
    if let Some(hashbang) = &program.hashbang {
        work.edits.blank(work.text, hashbang.span);
    }
    if scheme == Scheme::GlobalFunction {
        work.declare_globals();
    }
    let mode = if scheme == Scheme::Script { Mode::Script } else { Mode::Function };
    let (code, shifts) = work.edits.apply(program.source_text);
    (code, mode, shifts)
}

struct Work<'a> {
    text: &'a str,
    scheme: Scheme,
    edits: Edits,
    /// Names of the top level, in the third scheme.
    globals: BTreeSet<String>,
    functions: Vec<String>,
}

impl Work<'_> {
    fn statement(&mut self, statement: &Statement<'_>, is_last: bool) {
        match statement {
            Statement::ExpressionStatement(expression) if is_last => return self.value(expression.expression.span()),
            Statement::ExportDefaultDeclaration(export) => return self.export_default(export.span, &export.declaration, is_last),
            Statement::ImportDeclaration(declaration) => self.import(declaration),
            Statement::ExportDeclaration(export) => {
                self.edits.blank(self.text, Span::new(export.span.start, export.declaration.span().start));
                self.declaration(&export.declaration);
            }
            _ if is_bare_export(statement) => self.edits.blank(self.text, statement.span()),
            _ => {
                if let Some(declaration) = statement.as_declaration() {
                    self.declaration(declaration);
                }
            }
        }
        if is_last && self.scheme == Scheme::Script {
            self.edits.insert(statement.span().end, ";void 0;");
        }
    }

    /// Makes the expression the program's value.
    fn value(&mut self, span: Span) {
        if self.scheme != Scheme::Script {
            self.edits.insert(span.start, "return (");
            self.edits.insert(span.end, ")");
        }
    }

    fn import(&mut self, declaration: &oxc_ast::ast::ImportDeclaration<'_>) {
        let binding = match self.scheme {
            Scheme::Stateless => Binding::Const,
            Scheme::Script => Binding::Var,
            Scheme::GlobalFunction => Binding::Assign,
        };
        for specifier in declaration.specifiers.iter().flatten() {
            self.globals.insert(specifier.local().name.to_string());
        }
        import(&mut self.edits, self.text, declaration, binding);
    }

    fn export_default(&mut self, span: Span, declaration: &ExportDefaultDeclarationKind<'_>, is_last: bool) {
        let inner = declaration.span();
        let words = Span::new(span.start, inner.start);
        match declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) if function.id.is_some() => {
                self.edits.blank(self.text, words);
                self.function(function);
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) if class.id.is_some() => {
                self.edits.blank(self.text, words);
                self.class(class);
            }
            _ => {
                self.edits.replace(words, if is_last && self.scheme != Scheme::Script { ";return (" } else { ";(" });
                self.edits.insert(inner.end, ")");
                return;
            }
        }
        if is_last && self.scheme == Scheme::Script {
            self.edits.insert(span.end, ";void 0;");
        }
    }

    fn declaration(&mut self, declaration: &Declaration<'_>) {
        match declaration {
            Declaration::VariableDeclaration(variables) => self.variables(variables),
            Declaration::ClassDeclaration(class) => self.class(class),
            Declaration::FunctionDeclaration(function) => self.function(function),
            _ => {}
        }
    }

    fn variables(&mut self, variables: &VariableDeclaration<'_>) {
        let word = match variables.kind {
            VariableDeclarationKind::Var => "var",
            VariableDeclarationKind::Let => "let",
            VariableDeclarationKind::Const => "const",
            VariableDeclarationKind::Using | VariableDeclarationKind::AwaitUsing => return,
        };
        let word_len = u32::try_from(word.len()).unwrap_or(0);
        let word_span = Span::new(variables.span.start, variables.span.start + word_len);
        match self.scheme {
            Scheme::Stateless => {}
            // Of the same width, so that columns stay.
            Scheme::Script => self.edits.replace(word_span, if word == "const" { "var  " } else { "var" }),
            Scheme::GlobalFunction => self.assignments(variables, word_span),
        }
    }

    /// `let a = 1, { b } = c, d;` becomes `;(a = 1, { b } = c, d = undefined);`.
    fn assignments(&mut self, variables: &VariableDeclaration<'_>, word: Span) {
        for declarator in &variables.declarations {
            self.globals.extend(declarator.id.get_binding_identifiers().iter().map(|id| id.name.to_string()));
            if declarator.init.is_none() {
                // `var a;` does not change an `a` that exists.
                let value = if variables.kind == VariableDeclarationKind::Var { "" } else { " = undefined" };
                self.edits.insert(declarator.span.end, value);
            }
        }
        let end = variables.declarations.last().map_or(variables.span.end, |last| last.span.end);
        self.edits.replace(word, ";(");
        self.edits.insert(end, ");");
    }

    fn class(&mut self, class: &Class<'_>) {
        let Some(id) = &class.id else { return };
        match self.scheme {
            Scheme::Stateless => return,
            Scheme::Script => self.edits.insert(class.span.start, &format!("var {} = ", id.name)),
            Scheme::GlobalFunction => {
                self.globals.insert(id.name.to_string());
                self.edits.insert(class.span.start, &format!(";{} = ", id.name));
            }
        }
        self.edits.insert(class.span.end, ";");
    }

    fn function(&mut self, function: &Function<'_>) {
        if let (Scheme::GlobalFunction, Some(id)) = (self.scheme, &function.id) {
            self.functions.push(id.name.to_string());
        }
    }

    /// Puts what makes the names global at the start, on the first line.
    fn declare_globals(&mut self) {
        let mut start = String::new();
        let names: Vec<&str> = self.globals.iter().map(String::as_str).filter(|name| !self.functions.iter().any(|f| f == name)).collect();
        if !names.is_empty() {
            let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
            start += &format!("for (const n of [{list}]) if (!(n in globalThis)) globalThis[n] = undefined;");
        }
        for name in &self.functions {
            start += &format!("globalThis.{name} = {name};");
        }
        if !start.is_empty() {
            self.edits.insert(0, &start);
        }
    }
}

/// Whether the program has a `return` of its own.
fn returns(program: &Program<'_>) -> bool {
    let mut finder = FindReturn(false);
    finder.visit_program(program);
    finder.0
}

struct FindReturn(bool);

impl<'a> Visit<'a> for FindReturn {
    fn visit_return_statement(&mut self, _: &oxc_ast::ast::ReturnStatement<'a>) {
        self.0 = true;
    }
    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}
    fn visit_class(&mut self, _: &Class<'a>) {}
    fn visit_expression(&mut self, _: &Expression<'a>) {}
}
