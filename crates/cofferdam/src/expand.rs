//! `${VAR}` and `${VAR:-default}` in the settings of a server.

use std::path::Path;

/// What a text may refer to. The environment is an argument: nothing here reads the process's own.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// Looks an environment variable up.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that `${workspaceFolder}` names: the one the file belongs to.
    pub(crate) folder: &'a Path,
}

/// Why a text cannot be expanded. The server it belongs to is marked failed; the others are not affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpandError {
    /// A variable without a value and without a default.
    #[error("the environment variable {0} is not set; set it, or give a default: ${{{0}:-default}}")]
    Unset(String),
    /// A question that VS Code would ask in its window.
    #[error("${{input:{0}}} is asked by the editor, which Cofferdam cannot do; use an environment variable instead: ${{NAME}}")]
    Input(String),
    /// Something else between the braces.
    #[error("${{{0}}} is not of the form ${{NAME}} or ${{NAME:-default}}")]
    Form(String),
    /// No closing brace.
    #[error("\"${{\" is never closed; write $${{ for a literal ${{")]
    Open,
}

/// Replaces every `${...}` of `text`. `$${` is a literal `${`; any other `$` is itself. As in a shell, `:-` also applies to an empty variable.
///
/// # Errors
/// The first reference that has no value.
pub(crate) fn expand(text: &str, scope: Scope<'_>) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at]);
            out.push('{');
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let end = inner.find('}').ok_or(ExpandError::Open)?;
        out.push_str(&value(&inner[..end], scope)?);
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The value of what stands between the braces.
fn value(reference: &str, scope: Scope<'_>) -> Result<String, ExpandError> {
    if let Some(id) = reference.strip_prefix("input:") {
        return Err(ExpandError::Input(id.to_owned()));
    }
    if reference == "workspaceFolder" {
        return Ok(scope.folder.display().to_string());
    }
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let name = name.strip_prefix("env:").unwrap_or(name);
    if !is_name(name) {
        return Err(ExpandError::Form(reference.to_owned()));
    }
    match ((scope.variable)(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(ExpandError::Unset(name.to_owned())),
    }
}

/// Whether this can be the name of an environment variable.
fn is_name(name: &str) -> bool {
    name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let variable = |name: &str| match name {
            "HOME" => Some("/home/ann".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let scope = Scope { variable: &variable, folder: Path::new("/project") };
        let actual = expand(text, scope).map_err(|error| error.to_string());
        assert_eq!(actual, expected.map(str::to_owned).map_err(str::to_owned), "{text:?}");
    }

    #[test]
    fn references_are_replaced() {
        check("", Ok(""));
        check("plain $HOME $", Ok("plain $HOME $"));
        check("${HOME}/x:${HOME}", Ok("/home/ann/x:/home/ann"));
        check("${NOPE:-a b}${EMPTY:-c}${EMPTY}", Ok("a bc"));
        check("${NOPE:-}", Ok(""));
        check("${env:HOME}", Ok("/home/ann"));
        check("${workspaceFolder}/db", Ok("/project/db"));
        check("$${HOME} ${HOME}", Ok("${HOME} /home/ann"));
    }

    #[test]
    fn what_has_no_value_says_why() {
        check("a ${TOKEN}", Err("the environment variable TOKEN is not set; set it, or give a default: ${TOKEN:-default}"));
        check("${input:key}", Err("${input:key} is asked by the editor, which Cofferdam cannot do; use an environment variable instead: ${NAME}"));
        check("${a b}", Err("${a b} is not of the form ${NAME} or ${NAME:-default}"));
        check("${}", Err("${} is not of the form ${NAME} or ${NAME:-default}"));
        check("${HOME", Err("\"${\" is never closed; write $${ for a literal ${"));
    }
}
