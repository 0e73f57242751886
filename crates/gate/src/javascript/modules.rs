//! `import` and `export` in a guest that runs no modules.

use super::edits::Edits;
use oxc_ast::ast::{ImportDeclaration, ImportDeclarationSpecifier, Statement};
use oxc_span::{GetSpan, Span};

/// Which word declares what an import binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// `const`: the names live as long as the run.
    Const,
    /// `var`: the names persist.
    Var,
    /// Assignments to names that exist.
    Assign,
}

/// Rewrites an import as an `await import(...)`.
pub(super) fn import(edits: &mut Edits, text: &str, import: &ImportDeclaration<'_>, binding: Binding) {
    let source = piece(text, import.source.span);
    let load = format!("await import({source})");
    let (mut fields, mut namespace) = (Vec::new(), None);
    for specifier in import.specifiers.iter().flatten() {
        match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(named) => {
                fields.push(format!("{}: {}", piece(text, named.imported.span()), named.local.name));
            }
            ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => fields.push(format!("default: {}", default.local.name)),
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(star) => namespace = Some(star.local.name.to_string()),
        }
    }
    let fields = if fields.is_empty() { None } else { Some(format!("{{ {} }}", fields.join(", "))) };
    let pairs = match (namespace, fields) {
        (None, None) => return edits.replace(import.span, &format!("{load};")),
        (None, Some(fields)) => format!("{fields} = {load}"),
        (Some(name), None) => format!("{name} = {load}"),
        (Some(name), Some(fields)) => format!("{name} = {load}, {fields} = {name}"),
    };
    let statement = match binding {
        Binding::Const => format!("const {pairs};"),
        Binding::Var => format!("var {pairs};"),
        Binding::Assign => format!(";({pairs});"),
    };
    edits.replace(import.span, &statement);
}

/// Blanks an export that declares nothing: `export { a }`, `export * from "m"`. Whether it was one.
pub(super) fn is_bare_export(statement: &Statement<'_>) -> bool {
    matches!(statement, Statement::ExportNamedDeclaration(_) | Statement::ExportFromDeclaration(_) | Statement::ExportAllDeclaration(_))
}

/// The text of a span.
pub(super) fn piece(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}
