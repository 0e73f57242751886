//! What is known of an artifact beside its bytes, and what may be its name and media type.

use super::ArtifactError;
use policy::{Labels, Principal, RunId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The longest name, in characters. Guards lists that the model reads.
const NAME_CHARS: usize = 200;
/// The longest media type, in bytes.
const MEDIA_TYPE_BYTES: usize = 100;
/// What a URI of an artifact begins with.
const SCHEME: &str = "artifact://";

/// A size in bytes.
pub type Size = u64;

/// One artifact: everything but its bytes. Never changes once it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Random, 16 hexadecimal digits; unique for its principal.
    pub id: String,
    /// What the program called it. The newest artifact of a name is what the name means.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// Size in bytes.
    pub size: Size,
    /// BLAKE3 of the bytes, in hexadecimal digits: where they lie.
    pub hash: String,
    /// What it looks like, at most some hundred characters: head and tail, or rows and columns, or keys, or the image's size. Cleaned.
    pub preview: String,
    /// Where its data came from.
    pub labels: Labels,
    /// How it came to be.
    pub provenance: Provenance,
    /// Whether no program asked for it: such artifacts are the first to go when there is no room.
    pub automatic: bool,
}

/// How an artifact came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The run that made it.
    pub run: RunId,
    /// BLAKE3 of the program's text, in hexadecimal digits.
    pub program: String,
    /// The session of the run, if it had one.
    pub session: Option<String>,
    /// The tools that had been called by then, such as `github.list_issues` or `chat.post x3`.
    pub calls: Vec<String>,
    /// When, in microseconds since 1970. Later artifacts of a principal have a greater number.
    pub made_at_us: u64,
}

/// What all new artifacts of one run have in common.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) principal: Principal,
    pub(crate) run: RunId,
    pub(crate) program: String,
    pub(crate) session: Option<String>,
}

/// An artifact that is to be made.
#[derive(Debug)]
pub(crate) struct New<'a> {
    pub(crate) name: &'a str,
    /// `None`: it is told from the bytes and the name.
    pub(crate) media_type: Option<&'a str>,
    pub(crate) source: Source<'a>,
    pub(crate) labels: Labels,
    pub(crate) calls: Vec<String>,
    pub(crate) automatic: bool,
}

/// Where the bytes of a new artifact are.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    Bytes(&'a [u8]),
    File(std::fs::File),
}

impl Record {
    /// Its URI.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{SCHEME}{}", self.id)
    }

    /// What programs get of it.
    pub(crate) fn told(&self) -> Value {
        json!({"id": self.id, "name": self.name, "uri": self.uri(), "size": self.size, "media_type": self.media_type})
    }

    /// Whether its bytes are meant to be read as text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        let kind = self.media_type.split(';').next().unwrap_or_default().trim();
        kind.starts_with("text/")
            || self.is_json()
            || kind.ends_with("+xml")
            || ["application/xml", "application/javascript", "application/toml", "application/yaml", "application/x-ndjson"].contains(&kind)
    }

    /// Whether its bytes are meant to be read as one JSON value.
    #[must_use]
    pub fn is_json(&self) -> bool {
        let kind = self.media_type.split(';').next().unwrap_or_default().trim();
        kind == "application/json" || kind.ends_with("+json")
    }

    /// Whether it is an image that models can look at.
    #[must_use]
    pub fn is_image(&self) -> bool {
        ["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&self.media_type.as_str())
    }
}

/// Accepts the name of a new artifact.
pub(super) fn check_name(name: &str) -> Result<(), ArtifactError> {
    let wrong = |what: &str| {
        let shown: String = name.chars().take(40).collect();
        Err(ArtifactError::Invalid(format!("{shown:?} cannot be the name of an artifact: {what}")))
    };
    if name.trim().is_empty() {
        return wrong("it is empty");
    }
    if name.chars().nth(NAME_CHARS).is_some() {
        return wrong("it has more than 200 characters");
    }
    if name.contains('/') || name.contains("..") {
        return wrong("a name holds neither / nor ..");
    }
    if name.contains(['\n', '\t']) || gate::screen(name, usize::MAX, 0).text != name {
        return wrong("it holds characters that cannot be seen");
    }
    if is_id(name) {
        return wrong("it looks like an id");
    }
    Ok(())
}

/// Accepts a media type.
pub(super) fn check_media_type(media_type: &str) -> Result<(), ArtifactError> {
    if is_media_type(media_type) {
        return Ok(());
    }
    let shown: String = media_type.chars().take(40).collect();
    Err(ArtifactError::Invalid(format!("{shown:?} is not a media type; write one such as text/csv, or leave it out")))
}

/// Whether this is written like a media type, `kind/detail; parameters`.
pub(crate) fn is_media_type(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
    let kind = kind.split_once('/').is_some_and(|(one, other)| part(one) && part(other));
    kind && text.len() <= MEDIA_TYPE_BYTES && parameters.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// Whether this is written like an id.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The name or id in what may be a URI, without its query.
pub(super) fn bare(reference: &str) -> &str {
    reference.strip_prefix(SCHEME).map_or(reference, |rest| rest.split('?').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_mislead_are_refused() {
        for good in ["issues", "Bericht März.csv", "a.b", "日本", "x".repeat(200).as_str(), "0123456789abcde"] {
            check_name(good).unwrap();
        }
        for (bad, why) in [
            ("", "\"\" cannot be the name of an artifact: it is empty"),
            ("  ", "\"  \" cannot be the name of an artifact: it is empty"),
            ("../x", "\"../x\" cannot be the name of an artifact: a name holds neither / nor .."),
            ("a..b", "\"a..b\" cannot be the name of an artifact: a name holds neither / nor .."),
            ("a\0b", "\"a\\0b\" cannot be the name of an artifact: it holds characters that cannot be seen"),
            ("a\nb", "\"a\\nb\" cannot be the name of an artifact: it holds characters that cannot be seen"),
            ("a\u{202e}b", "\"a\\u{202e}b\" cannot be the name of an artifact: it holds characters that cannot be seen"),
            ("0123456789abcdef", "\"0123456789abcdef\" cannot be the name of an artifact: it looks like an id"),
        ] {
            assert_eq!(check_name(bad).unwrap_err().to_string(), why);
        }
        let long = check_name(&"x".repeat(10_000)).unwrap_err().to_string();
        assert_eq!(long, format!("{:?} cannot be the name of an artifact: it has more than 200 characters", "x".repeat(40)));
    }

    #[test]
    fn media_types() {
        for good in ["text/csv", "application/vnd.api+json", "text/plain; charset=utf-8"] {
            check_media_type(good).unwrap();
        }
        for bad in ["", "csv", "a/b/c", "a b/c", "text/\u{e9}", "text/plain; a\n", &"x/".repeat(60)] {
            assert!(check_media_type(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_reference_is_a_name_an_id_or_a_uri() {
        assert_eq!(bare("issues"), "issues");
        assert_eq!(bare("artifact://0123456789abcdef"), "0123456789abcdef");
        assert_eq!(bare("artifact://0123456789abcdef?offset=3&length=4"), "0123456789abcdef");
    }
}
