//! Turns what a program wrote in a call into the tool's arguments. Guards upstreams against calls that cannot be meant: arguments
//! that the tool does not have, none where it needs one, two for one name. Types are the schema's business.

use policy::{CallError, ErrorCode, Tool, closest};
use serde_json::{Map, Value};

/// Merges named and positional arguments: a single positional object is the arguments themselves; otherwise positions are
/// [`Tool::parameters`] in order.
///
/// # Errors
/// `invalid_arguments`, saying what is wrong and what the tool takes.
pub fn arguments(tool: &Tool, args: Map<String, Value>, positional: Vec<Value>) -> Result<Map<String, Value>, CallError> {
    let parameters = tool.parameters();
    let mut args = args;
    for (name, value) in positions(tool, &parameters, positional)? {
        if args.contains_key(&name) {
            return Err(invalid(tool, &format!("`{name}` is given twice")));
        }
        args.insert(name, value);
    }
    if !tool.takes_undeclared()
        && let Some(name) = args.keys().find(|name| !parameters.iter().any(|(known, _)| known == name))
    {
        return Err(invalid(tool, &unknown_argument(name, &parameters)));
    }
    let missing: Vec<&str> = parameters.iter().filter(|(name, required)| *required && !args.contains_key(*name)).map(|(name, _)| *name).collect();
    if missing.is_empty() { Ok(args) } else { Err(invalid(tool, &missing_arguments(&missing))) }
}

fn positions(tool: &Tool, parameters: &[(&str, bool)], mut positional: Vec<Value>) -> Result<Vec<(String, Value)>, CallError> {
    if let [Value::Object(_)] = positional.as_slice()
        && let Some(Value::Object(object)) = positional.pop()
    {
        return Ok(object.into_iter().collect());
    }
    if positional.len() > parameters.len() {
        let takes = match parameters.len() {
            0 => "no arguments".to_owned(),
            1 => "one argument".to_owned(),
            n => format!("{n} arguments"),
        };
        return Err(invalid(tool, &format!("it takes {takes}, but {} were given by position", positional.len())));
    }
    Ok(parameters.iter().map(|(name, _)| (*name).to_owned()).zip(positional).collect())
}

/// How a tool is called, e.g. `github.list_issues(repo, state?)`: `?` marks what may be left out. Names that are not plain words
/// are quoted, because they are the upstream's text.
#[must_use]
pub fn signature(tool: &Tool) -> String {
    let names: Vec<String> =
        tool.parameters().iter().map(|(name, required)| format!("{}{}", shown(name), if *required { "" } else { "?" })).collect();
    format!("{}({})", tool.name, names.join(", "))
}

/// The text of an argument that the tool does not have.
pub(crate) fn unknown_argument(name: &str, parameters: &[(&str, bool)]) -> String {
    match closest(name, parameters.iter().map(|(known, _)| *known)) {
        Some(near) => format!("it has no argument `{}`; did you mean `{}`?", shown(name), shown(near)),
        None => format!("it has no argument `{}`", shown(name)),
    }
}

/// The text of required arguments that are not there.
pub(crate) fn missing_arguments(missing: &[&str]) -> String {
    let names: Vec<String> = missing.iter().map(|name| format!("`{}`", shown(name))).collect();
    let noun = if names.len() == 1 { "argument" } else { "arguments" };
    format!("the required {noun} {} {} missing", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// Longest argument name that messages show whole, in characters: names are the upstream's or the program's text.
const SHOWN_NAME_CHARS: usize = 64;

fn shown(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
    let cut: String = name.chars().take(SHOWN_NAME_CHARS).collect();
    let cut = if cut.len() == name.len() { cut } else { format!("{cut}...") };
    if plain { cut } else { format!("{:?}", crate::clean(&cut).into_text()) }
}

/// The end of a message about arguments: how the tool is called.
pub(crate) fn usage(tool: &Tool, what: &str) -> String {
    let stop = if what.ends_with('?') { "" } else { "." };
    format!("{stop} Usage: {}", signature(tool))
}

fn invalid(tool: &Tool, what: &str) -> CallError {
    CallError::new(ErrorCode::InvalidArguments, format!("{}: {what}{}", tool.name, usage(tool, what))).of(&tool.name)
}

#[cfg(test)]
mod tests {
    use crate::tests::catalog;
    use policy::ToolName;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(tool: &str, args: Value, positional: Value, result: Result<Value, &str>) {
        let catalog = catalog();
        let tool = catalog.tool(&ToolName::parse(tool).unwrap()).unwrap();
        let Value::Object(args) = args else { panic!("{args}") };
        let Value::Array(positional) = positional else { panic!("{positional}") };
        let got = super::arguments(tool, args, positional).map(Value::Object).map_err(|e| e.message);
        assert_eq!(got, result.map_err(str::to_owned));
    }

    #[test]
    fn positions_are_mapped_in_the_order_of_the_schema() {
        check("github.list_issues", json!({}), json!(["a/b", "open"]), Ok(json!({"repo": "a/b", "state": "open"})));
        check("github.list_issues", json!({"state": "open"}), json!(["a/b"]), Ok(json!({"state": "open", "repo": "a/b"})));
        check("github.list_issues", json!({}), json!([{"repo": "a/b"}]), Ok(json!({"repo": "a/b"})));
        check("chat.any", json!({"__proto__": 1}), json!([]), Ok(json!({"__proto__": 1})));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_signature() {
        let usage = "Usage: github.list_issues(repo, state?, max_results?)";
        let refuse =
            |args, positional, what: &str| check("github.list_issues", args, positional, Err(&format!("github.list_issues: {what} {usage}")));
        refuse(json!({}), json!([]), "the required argument `repo` is missing.");
        refuse(json!({"repo": 1, "maxResults": 3}), json!([]), "it has no argument `maxResults`; did you mean `max_results`?");
        refuse(json!({"repo": 1, "\u{202e}zzz": 3}), json!([]), "it has no argument `\"\\\\u{202e}zzz\"`.");
        refuse(json!({"repo": 1}), json!([2]), "`repo` is given twice.");
        refuse(json!({}), json!([1, 2, 3, 4]), "it takes 3 arguments, but 4 were given by position.");
        check("chat.post", json!({}), json!([]), Err("chat.post: the required arguments `to`, `text` are missing. Usage: chat.post(to, text)"));
    }
}
