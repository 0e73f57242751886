//! The reply to a fetch: read within the limit, with the broker's own secrets taken out.

use super::request::Hop;
use aho_corasick::AhoCorasick;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use policy::{CallError, ErrorCode, HttpRule, Limits};
use reqwest::{Response, header::HeaderMap};
use serde::Serialize;
use std::collections::BTreeMap;

/// The shortest part of a header's value that is looked for, in bytes: shorter ones stand in many a text by chance.
const SECRET_BYTES: usize = 12;

/// What stands in place of a secret that a host sent back.
const REMOVED: &[u8] = b"[removed]";

/// A reply, as `wasm-guests/abi.md` says.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    pub(super) status: u16,
    #[serde(rename = "statusText")]
    pub(super) status_text: &'static str,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) url: String,
    pub(super) redirected: bool,
    #[serde(flatten)]
    pub(super) body: Body,
}

/// A body: text where it is UTF-8.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Body {
    /// Text.
    #[serde(rename = "body")]
    Text(String),
    /// Bytes.
    #[serde(rename = "body_base64")]
    Base64(String),
}

impl Answer {
    /// Reads a reply to its end.
    ///
    /// # Errors
    /// When it is larger than the limit, or ends early.
    pub(super) async fn read(mut response: Response, hop: &Hop, rule: &HttpRule, limits: &Limits, redirected: bool) -> Result<Self, CallError> {
        let most = limits.reply_bytes;
        let large = || CallError::new(ErrorCode::ReplyTooLarge, format!("fetch {}: the reply is larger than {most} bytes", hop.shown()));
        let (status, headers) = (response.status(), response.headers().clone());
        let mut bytes = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| {
                tracing::info!(host = hop.url.host_str(), %error, "the reply to a fetch ended early");
                CallError::new(ErrorCode::UpstreamUnavailable, format!("fetch {}: the connection ended in the middle of the reply", hop.shown()))
            })?;
            let Some(chunk) = chunk else { break };
            if bytes.len() + chunk.len() > most {
                return Err(large());
            }
            bytes.extend_from_slice(&chunk);
        }
        let secrets = Secrets::of(rule);
        let headers = names_and_values(&headers, &secrets);
        let body = match String::from_utf8(secrets.removed(bytes)) {
            Ok(text) => Body::Text(text),
            Err(error) => Body::Base64(STANDARD.encode(error.into_bytes())),
        };
        let url = String::from_utf8_lossy(&secrets.removed(hop.url.as_str().into())).into_owned();
        let answer = Answer { status: status.as_u16(), status_text: status.canonical_reason().unwrap_or_default(), headers, url, redirected, body };
        // Escapes make text longer, up to six times.
        if answer.json().len() > most.saturating_mul(2) { Err(large()) } else { Ok(answer) }
    }

    /// As JSON text.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "null".to_owned())
    }
}

/// Headers with one value a name; several of one name are joined by commas, as everywhere.
fn names_and_values(headers: &HeaderMap, secrets: &Secrets) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(&secrets.removed(value.as_bytes().to_vec())).into_owned();
        all.entry(name.as_str().to_owned()).and_modify(|before| *before = format!("{before}, {value}")).or_insert(value);
    }
    all
}

/// What the broker added to the request, to be looked for in what comes back: some hosts answer with what they were sent.
struct Secrets(Option<AhoCorasick>);

impl Secrets {
    fn of(rule: &HttpRule) -> Self {
        let words: Vec<&str> =
            rule.headers.0.values().flat_map(|value| value.split_ascii_whitespace()).filter(|word| word.len() >= SECRET_BYTES).collect();
        Secrets(if words.is_empty() { None } else { AhoCorasick::new(words).ok() })
    }

    fn removed(&self, bytes: Vec<u8>) -> Vec<u8> {
        match &self.0 {
            Some(secrets) => secrets.replace_all_bytes(&bytes, &vec![REMOVED; secrets.patterns_len()]),
            None => bytes,
        }
    }
}
