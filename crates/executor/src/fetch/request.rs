//! A request as a program asks for it, made valid; and what becomes of it at a redirect.

use crate::approvals::AskedCall;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use policy::{CallError, Decision, Effect, ErrorCode, Facts, Labels, Method};
use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// The longest URL, in bytes.
const URL_BYTES: usize = 8192;

/// All headers of a request together, in bytes.
const HEADERS_BYTES: usize = 32 * 1024;

/// The largest body of a request, in bytes.
const BODY_BYTES: usize = 1 << 20;

/// Headers that say how the message travels. They are ours to write; what a program says of them is left out, as browsers do.
const OURS: [HeaderName; 17] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::ACCEPT_ENCODING,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("http2-settings"),
    // These let a server take the request for another one than the rules saw.
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
    header::FORWARDED,
];

/// Headers that go on to another origin: all others may be credentials.
const HARMLESS: [HeaderName; 5] = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_LANGUAGE, header::CONTENT_TYPE, header::USER_AGENT];

/// A request of a program.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(super) hop: Hop,
    /// How long the program is willing to wait.
    pub(super) timeout: Option<Duration>,
}

/// One message to one host.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

impl Hop {
    /// The request for a person to see, whole. It is named by method and origin: that is what a lasting answer is about.
    pub(super) fn asked(&self, labels: &Labels, decision: &Decision) -> AskedCall {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| format!("(base64) {}", STANDARD.encode(bytes)));
        let headers: Map<String, Value> = self.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()).into())).collect();
        let mut args = Map::from_iter([("method".to_owned(), self.method.as_str().into()), ("url".to_owned(), self.url.as_str().into())]);
        if !headers.is_empty() {
            args.insert("headers".to_owned(), headers.into());
        }
        if let Some(body) = &self.body {
            args.insert("body".to_owned(), text(body).into());
        }
        AskedCall {
            tool: format!("fetch {} {}", self.method.as_str(), self.url.origin().ascii_serialization()),
            tool_hash: "fetch".to_owned(),
            facts: Facts { effect: if self.method.reads() { Effect::Read } else { Effect::Write }, external: true },
            args,
            labels: labels.clone(),
            decision: decision.clone(),
        }
    }
}

/// A `fetch` request of `wasm-guests/abi.md`.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    method: Option<String>,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_base64: Option<String>,
    #[serde(default)]
    timeout_ms: Option<f64>,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong with it. Nothing was sent.
    pub(crate) fn read(document: &str) -> Result<Self, CallError> {
        let wrong = |why: String| CallError::new(ErrorCode::InvalidArguments, format!("fetch: {why}"));
        let it: Document = serde_json::from_str(document).map_err(|error| wrong(format!("the request is malformed: {error}")))?;
        if it.url.len() > URL_BYTES {
            return Err(wrong(format!("the URL is longer than {URL_BYTES} bytes")));
        }
        let mut url = Url::parse(&it.url).map_err(|error| wrong(format!("{:?} is no URL: {error}", it.url)))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(format!("a URL begins with http:// or https://, not {}:", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("a URL may not hold a user name or password".to_owned()));
        }
        url.set_fragment(None);
        let method = it.method.as_deref().unwrap_or("GET");
        let method = Method::parse(method)
            .ok_or_else(|| wrong(format!("there is no method {method:?}; there are GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")))?;
        let body = match (it.body, it.body_base64) {
            (Some(text), _) => Some(Bytes::from(text)),
            (None, Some(coded)) => Some(STANDARD.decode(coded).map_err(|_| wrong("body_base64 is not base64".to_owned()))?.into()),
            (None, None) => None,
        };
        if body.as_ref().is_some_and(|body| body.len() > BODY_BYTES) {
            return Err(wrong(format!("the body is larger than {BODY_BYTES} bytes")));
        }
        let headers = headers(&it.headers).map_err(wrong)?;
        let timeout = it.timeout_ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
        Ok(Asked { hop: Hop { method, url, headers, body }, timeout })
    }

    /// What a call record calls it.
    pub(crate) fn name(&self) -> String {
        let host = self.hop.url.host_str().unwrap_or_default();
        super::name(self.hop.method, host)
    }

    /// Whether it only reads.
    pub(crate) fn reads(&self) -> bool {
        self.hop.method.reads()
    }
}

fn headers(written: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    if written.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > HEADERS_BYTES {
        return Err(format!("the headers are larger than {HEADERS_BYTES} bytes"));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in written {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no name of a header"))?;
        if OURS.contains(&name) || ["proxy-", "x-forwarded-"].iter().any(|prefix| name.as_str().starts_with(prefix)) {
            continue;
        }
        let value = HeaderValue::from_str(value.trim())
            .map_err(|_| format!("the value of the header {name} has a line break or another character that no header may have"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

impl Hop {
    /// Method and URL for a message; the query may be long and is left out.
    pub(super) fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        format!("{} {}", self.method.as_str(), url.as_str().chars().take(200).collect::<String>())
    }
}

/// The request that a reply asks for in place of its own; `None`: it is no redirect.
pub(super) fn redirected(hop: &Hop, status: StatusCode, reply: &HeaderMap) -> Result<Option<Hop>, CallError> {
    let wrong = |why: String| CallError::new(ErrorCode::ToolOutputInvalid, format!("fetch {}: {why}", hop.shown()));
    let changed = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => hop.method == Method::Post,
        StatusCode::SEE_OTHER => hop.method != Method::Head,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
        _ => return Ok(None),
    };
    let Some(location) = reply.get(header::LOCATION) else { return Ok(None) };
    let location = location.to_str().ok().filter(|location| location.len() <= URL_BYTES);
    let url = location.and_then(|location| hop.url.join(location).ok());
    let mut url = url.ok_or_else(|| wrong("it was redirected to what is no URL".to_owned()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it was redirected to a URL that fetch does not take".to_owned()));
    }
    url.set_fragment(None);
    let mut next = Hop { url, ..hop.clone() };
    if changed {
        (next.method, next.body) = (Method::Get, None);
        for name in [header::CONTENT_TYPE, header::CONTENT_LANGUAGE, header::CONTENT_ENCODING] {
            next.headers.remove(name);
        }
    }
    if next.url.origin() != hop.url.origin() {
        next.headers = next.headers.iter().filter(|(name, _)| HARMLESS.contains(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    Ok(Some(next))
}
