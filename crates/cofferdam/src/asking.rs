//! A question to a person through a client: the form that is shown, and the answer that comes back. Our words stand outside the quoted ones.

use executor::{Answer, Question};
use policy::RunId;
use rmcp::model::{ClientCapabilities, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, ProtocolVersion};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

/// The longest question that a client is given, in bytes: a form that nobody can read to its end is not a question. A longer one waits for
/// `cofferdam approve` and the web page.
const FORM_BYTES: usize = 32 * 1024;

/// The longest reason that a person may give, in characters.
const REASON_CHARS: u32 = 500;

/// How a client can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// It did not say that it can.
    No,
    /// By a request of ours, while its own waits.
    Legacy,
    /// By a result that says what is needed; it then repeats its request.
    Modern,
}

impl Asks {
    /// What the client of a request declared.
    pub(crate) fn of(context: &RequestContext<RoleServer>) -> Self {
        if !context.client_capabilities().as_ref().is_some_and(shows_forms) {
            return Asks::No;
        }
        let modern = context.protocol_version().is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
        if modern { Asks::Modern } else { Asks::Legacy }
    }
}

/// Whether a client shows forms: one that names no mode does.
fn shows_forms(capabilities: &ClientCapabilities) -> bool {
    capabilities.elicitation.as_ref().is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
}

/// The form of a question. `None`: it is too long for one.
pub(crate) fn form(question: &Question) -> Option<ElicitRequestParams> {
    let message = question.text();
    if message.len() > FORM_BYTES {
        tracing::warn!(run = %question.run, bytes = message.len(), "a question is too long for a form; `cofferdam approve` shows it");
        return None;
    }
    let means = format!(
        "once: these calls, once. same-arguments: in this conversation, the same tools with the same arguments. edge: in this conversation, {}. deny: no.",
        question.edge()
    );
    let schema = json!({
        "type": "object",
        "properties": {
            "decision": {"type": "string", "title": "Decision", "description": means, "enum": ["once", "same-arguments", "edge", "deny"]},
            "reason": {"type": "string", "title": "Reason", "description": "If you deny: what the program is told", "maxLength": REASON_CHARS},
        },
        "required": ["decision"],
    });
    let Value::Object(schema) = schema else { return None };
    let requested_schema =
        ElicitationSchema::from_json_schema(schema).inspect_err(|error| tracing::error!(%error, "the form cannot be made")).ok()?;
    Some(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema })
}

/// What a person said.
///
/// # Errors
/// What is wrong with the answer, for the client.
pub(crate) fn answer(result: &ElicitResult, run: RunId) -> Result<Answer, String> {
    let field = |name: &str| result.content.as_ref().and_then(|content| content.get(name)).and_then(Value::as_str).unwrap_or_default();
    let reason: String = field("reason").chars().take(REASON_CHARS as usize).collect();
    match result.action {
        ElicitationAction::Accept => match Answer::parse(field("decision"), &reason) {
            // What counts beyond this conversation is the operator's to say, on the operator's own surface.
            Some(answer) if answer != Answer::Always => Ok(answer),
            _ => Err("\"decision\" must be one of once, same-arguments, edge, deny".to_owned()),
        },
        ElicitationAction::Decline => Ok(Answer::Deny { reason }),
        _ => {
            tracing::info!(%run, "a person closed the question");
            Ok(Answer::Deny { reason: "the question was closed without an answer".to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_form_offers_is_an_answer() {
        let run = RunId::from_random([1; 16]);
        let said = |content: Value| answer(&ElicitResult::new(ElicitationAction::Accept).with_content(content), run);
        assert_eq!(said(json!({"decision": "once"})), Ok(Answer::Once));
        assert_eq!(said(json!({"decision": "deny", "reason": "no"})), Ok(Answer::Deny { reason: "no".to_owned() }));
        let wrong = Err("\"decision\" must be one of once, same-arguments, edge, deny".to_owned());
        for content in [json!({"decision": "always"}), json!({"decision": true}), json!({}), json!("once")] {
            assert_eq!(said(content.clone()), wrong, "{content}");
        }
        assert_eq!(answer(&ElicitResult::new(ElicitationAction::Decline), run), Ok(Answer::Deny { reason: String::new() }));
    }
}
