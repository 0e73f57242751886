//! An upstream's reply to a call as plain data: what `upstream` hands to `gate`. Untrusted, every byte of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The result of `tools/call`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// `structuredContent`.
    pub structured: Option<Value>,
    /// `content`.
    pub content: Vec<Block>,
    /// `isError`.
    pub is_error: bool,
    /// Size on the wire, in bytes, as near as the transport tells.
    pub wire_bytes: usize,
}

/// One block of `content`.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Text.
    Text(String),
    /// An image or a sound, in base64 as it came.
    Media {
        /// `image` or `audio`.
        kind: &'static str,
        /// MIME type.
        mime_type: String,
        /// Base64.
        data: String,
    },
    /// An embedded resource.
    Resource {
        /// Its URI.
        uri: String,
        /// MIME type, if given.
        mime_type: Option<String>,
        /// Its text, or its base64 bytes.
        body: ResourceBody,
    },
    /// A link to a resource.
    Link {
        /// Its URI.
        uri: String,
        /// Its name.
        name: String,
        /// MIME type, if given.
        mime_type: Option<String>,
    },
}

/// The body of an embedded resource.
#[derive(Debug, Clone, PartialEq)]
pub enum ResourceBody {
    /// Text.
    Text(String),
    /// Bytes in base64.
    Blob(String),
}

/// What programs and models get of the texts of an upstream's errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorTexts {
    /// The text, cleaned and cut.
    #[default]
    Shown,
    /// A reference in its place, which only the operator can open.
    Withheld,
}
