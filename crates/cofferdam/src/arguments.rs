//! The arguments of `execute`: from the wire to a request. Whatever is wrong is said to the model, which can mend it.

use crate::announce::INTENT_CHARS;
use crate::import::kind;
use executor::{Request, Wanted};
use policy::{Context, Language, Limits};
use serde_json::{Map, Value};
use std::time::Duration;

/// The member of a request's `_meta` that names it, so that repeating it does no harm.
const IDEMPOTENCY: &str = "cofferdam/idempotency";

/// Every argument.
const ARGUMENTS: [&str; 5] = ["code", "language", "session", "timeout_ms", "intent"];

/// Makes a request of the arguments. `null` is the same as absent: many clients send it for what they leave out.
///
/// # Errors
/// What is wrong with which argument, for the model.
pub(crate) fn read(arguments: &Map<String, Value>, meta: &Map<String, Value>, limits: &Limits, context: Context) -> Result<Request, String> {
    if let Some(unknown) = arguments.keys().find(|key| !ARGUMENTS.contains(&key.as_str())) {
        let unknown: String = unknown.chars().take(64).collect();
        return Err(match policy::closest(&unknown, ARGUMENTS) {
            Some(meant) => format!("there is no argument {unknown:?}; did you mean {meant:?}?"),
            None => format!("there is no argument {unknown:?}; the arguments are {}", ARGUMENTS.join(", ")),
        });
    }
    let code = text(arguments, "code")?.ok_or("the argument \"code\" is missing: give the program as a string")?;
    check_code(code, limits)?;
    let language = match text(arguments, "language")? {
        None => Language::default(),
        Some(name) => Language::parse(name).ok_or_else(|| {
            let name: String = name.chars().take(64).collect();
            format!("the language {name:?} is unknown; the languages are {}", Language::ALL.map(Language::name).join(", "))
        })?,
    };
    let session = text(arguments, "session")?
        .map(|session| Wanted::parse(session).map_err(|error| format!("\"session\" must be \"new\", a handle, or \"fork:HANDLE\"; {error}")));
    let intent = text(arguments, "intent")?;
    if intent.is_some_and(|intent| intent.chars().count() > INTENT_CHARS) {
        return Err(format!("\"intent\" is longer than {INTENT_CHARS} characters; one sentence is enough"));
    }
    Ok(Request {
        context,
        code: code.to_owned(),
        language,
        session: session.transpose()?,
        timeout: timeout(arguments)?,
        intent: intent.map(str::to_owned),
        idempotency: idempotency(meta)?,
    })
}

/// The bounds that a program's text has whatever its language.
pub(crate) fn check_code(code: &str, limits: &Limits) -> Result<(), String> {
    if code.trim().is_empty() {
        return Err("the program is empty".to_owned());
    }
    if code.len() > limits.program_bytes {
        return Err(format!(
            "the program is {} bytes long; the limit is {} bytes. Data belongs in files or tools, not in the program",
            code.len(),
            limits.program_bytes
        ));
    }
    if let Some(at) = code.find('\0') {
        let line = code[..at].matches('\n').count() + 1;
        return Err(format!("the program has a NUL character on line {line}; write it as an escape, \\0 or \\x00"));
    }
    Ok(())
}

/// The key under which a repeated request is known, from `_meta`.
fn idempotency(meta: &Map<String, Value>) -> Result<Option<String>, String> {
    const CHARS: usize = 200;
    match meta.get(IDEMPOTENCY) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(key)) if (1..=CHARS).contains(&key.chars().count()) => Ok(Some(key.clone())),
        Some(_) => Err(format!("_meta[\"{IDEMPOTENCY}\"] must be a string of 1 to {CHARS} characters")),
    }
}

/// An optional string.
fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("\"{name}\" must be a string, not {}", kind(other))),
    }
}

/// `timeout_ms`. A longer time than the operator allows is not an error: the policy lowers it.
fn timeout(arguments: &Map<String, Value>) -> Result<Option<Duration>, String> {
    const WRONG: &str = "\"timeout_ms\" must be a whole number of milliseconds above zero";
    match arguments.get("timeout_ms") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            // Some clients send 5000.0 for 5000.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and a float that is too large saturates")]
            let whole = number.as_u64().or_else(|| number.as_f64().filter(|n| n.fract() == 0.0 && *n > 0.0).map(|n| n as u64));
            match whole {
                Some(milliseconds) if milliseconds > 0 => Ok(Some(Duration::from_millis(milliseconds))),
                _ => Err(format!("{WRONG}, not {number}")),
            }
        }
        Some(other) => Err(format!("{WRONG}, not {}", kind(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Principal;
    use serde_json::json;

    fn parse(arguments: &Value) -> Result<Request, String> {
        let context = Context { principal: Principal::local(), name: "test".to_owned() };
        let limits = Limits { program_bytes: 20, ..Limits::default() };
        read(arguments.as_object().unwrap(), &Map::new(), &limits, context)
    }

    #[test]
    fn a_request() {
        let request = parse(&json!({"code": "1 + 1", "language": "TS", "session": null, "timeout_ms": 5000.0, "intent": "add"})).unwrap();
        assert_eq!(
            (&*request.code, request.language, request.timeout, request.intent.as_deref()),
            ("1 + 1", Language::TypeScript, Some(Duration::from_secs(5)), Some("add"))
        );
        let request = parse(&json!({"code": "1"})).unwrap();
        assert_eq!((request.language, request.timeout, request.intent), (Language::Python, None, None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (arguments, message) in [
            (json!({}), "the argument \"code\" is missing: give the program as a string"),
            (json!({"code": null}), "the argument \"code\" is missing: give the program as a string"),
            (json!({"code": 5}), "\"code\" must be a string, not a number"),
            (json!({"code": ["x"]}), "\"code\" must be a string, not an array"),
            (json!({"code": " \n"}), "the program is empty"),
            (
                json!({"code": "x".repeat(21)}),
                "the program is 21 bytes long; the limit is 20 bytes. Data belongs in files or tools, not in the program",
            ),
            (json!({"code": "a\nb\0"}), "the program has a NUL character on line 2; write it as an escape, \\0 or \\x00"),
            (json!({"code": "1", "language": "ruby"}), "the language \"ruby\" is unknown; the languages are python, javascript, typescript"),
            (json!({"code": "1", "language": true}), "\"language\" must be a string, not a boolean"),
            (json!({"code": "1", "sesion": "new"}), "there is no argument \"sesion\"; did you mean \"session\"?"),
            (json!({"code": "1", "zzz": 1}), "there is no argument \"zzz\"; the arguments are code, language, session, timeout_ms, intent"),
            (
                json!({"code": "1", "session": "ses_1"}),
                "\"session\" must be \"new\", a handle, or \"fork:HANDLE\"; a session handle is ses_ and 24 small letters and digits",
            ),
            (json!({"code": "1", "timeout_ms": 0}), "\"timeout_ms\" must be a whole number of milliseconds above zero, not 0"),
            (json!({"code": "1", "timeout_ms": -5}), "\"timeout_ms\" must be a whole number of milliseconds above zero, not -5"),
            (json!({"code": "1", "timeout_ms": 1.5}), "\"timeout_ms\" must be a whole number of milliseconds above zero, not 1.5"),
            (json!({"code": "1", "timeout_ms": "5"}), "\"timeout_ms\" must be a whole number of milliseconds above zero, not a string"),
            (json!({"code": "1", "intent": "x".repeat(501)}), "\"intent\" is longer than 500 characters; one sentence is enough"),
        ] {
            assert_eq!(parse(&arguments).err().as_deref(), Some(message), "{arguments}");
        }
    }
}
