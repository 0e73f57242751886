//! How a program ended, as its guest reported it: read once, strictly, and never trusted beyond its form.

use policy::CallError;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The outcome document of `wasm-guests/abi.md`.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A JSON value, in the guest's own text.
    Json(Box<RawValue>),
    /// A string, or the printed form of something else.
    Text(String),
    /// No value.
    None,
    /// An uncaught error.
    Error {
        /// The language's own text of it, the program's frames only.
        traceback: String,
        /// Where, in lines of the program.
        line: Option<u32>,
        /// What the tool said that ended the run.
        tool_error: Option<CallError>,
    },
    /// The program ended the interpreter.
    Exit(i64),
    /// Calls that nobody awaited.
    NotAwaited {
        /// The tools.
        tools: Vec<String>,
        /// Where the first was made.
        line: Option<u32>,
    },
    /// It waits for something that can never come.
    Pending(String),
}

#[derive(Deserialize)]
struct Document {
    status: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    value: Option<Box<RawValue>>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default, rename = "type")]
    type_name: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    line: Option<u32>,
    #[serde(default)]
    traceback: Option<String>,
    #[serde(default)]
    tool_error: Option<CallError>,
    #[serde(default)]
    code: Option<i64>,
    #[serde(default)]
    tools: Option<Vec<String>>,
    #[serde(default)]
    what: Option<String>,
}

impl Outcome {
    /// Reads the outcome out of a `result` request.
    pub(crate) fn read(document: &RawValue) -> Result<Self, String> {
        let it: Document = serde_json::from_str(document.get()).map_err(|e| format!("the outcome is malformed: {e}"))?;
        let incomplete = || format!("the outcome {:?} is incomplete", it.status);
        Ok(match (it.status.as_str(), it.kind.as_deref()) {
            ("value", Some("json")) => Outcome::Json(it.value.ok_or_else(incomplete)?),
            ("value", Some("text")) => Outcome::Text(it.text.ok_or_else(incomplete)?),
            ("none", _) => Outcome::None,
            ("error", _) => {
                let (name, message) = (it.type_name.unwrap_or_default(), it.message.unwrap_or_default());
                let short = if message.is_empty() { name } else { format!("{name}: {message}") };
                let traceback = it.traceback.filter(|text| !text.trim().is_empty()).unwrap_or(short);
                Outcome::Error { traceback, line: it.line, tool_error: it.tool_error }
            }
            ("exit", _) => Outcome::Exit(it.code.unwrap_or(0)),
            ("not_awaited", _) => Outcome::NotAwaited { tools: it.tools.unwrap_or_default(), line: it.line },
            ("pending", _) => Outcome::Pending(it.what.unwrap_or_default()),
            _ => return Err(format!("there is no outcome {:?}", it.status)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        Outcome::read(&raw).map(|outcome| format!("{outcome:?}"))
    }

    #[test]
    fn a_value_keeps_its_own_text() {
        let raw = RawValue::from_string(r#"{"status":"value","kind":"json","value":{"n":123456789012345678901234567890}}"#.to_owned()).unwrap();
        let Ok(Outcome::Json(value)) = Outcome::read(&raw) else { panic!("no value") };
        assert_eq!(value.get(), r#"{"n":123456789012345678901234567890}"#);
    }

    #[test]
    fn malformed_outcomes_are_errors() {
        assert_eq!(read("{}"), Err("the outcome is malformed: missing field `status` at line 1 column 2".to_owned()));
        assert_eq!(read(r#"{"status":"value","kind":"json"}"#), Err("the outcome \"value\" is incomplete".to_owned()));
        assert_eq!(read(r#"{"status":"win"}"#), Err("there is no outcome \"win\"".to_owned()));
    }
}
