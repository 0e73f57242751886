//! Reading a piece of an artifact: what a URI's query asks for, and text that is never cut inside a character.

use super::{ArtifactError, Artifacts, Record, Size};
use bytes::Bytes;

/// The most that is read at once, in bytes. Guards the broker's memory and the client's line.
pub(crate) const READ_BYTES: Size = 4 << 20;

/// A piece of an artifact, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// Where it begins.
    pub offset: Size,
    /// How long it is; `None`: to the end, or as much as is read at once.
    pub length: Option<Size>,
}

/// A piece that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The artifact.
    pub record: Record,
    /// Where the piece begins.
    pub offset: Size,
    /// The piece.
    pub body: Body,
    /// Where the next piece begins; `None` at the end.
    pub next: Option<Size>,
}

/// The bytes of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Text, cleaned as all that a model is shown.
    Text(String),
    /// Anything else.
    Bytes(Bytes),
}

impl Range {
    /// Reads `offset=..&length=..`.
    ///
    /// # Errors
    /// `Invalid` for anything else.
    pub fn parse(query: &str) -> Result<Self, ArtifactError> {
        let mut range = Range::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number: Size = value
                .parse()
                .map_err(|_| ArtifactError::Invalid(format!("{:?} is not a number of bytes", value.chars().take(40).collect::<String>())))?;
            match key {
                "offset" => range.offset = number,
                "length" => range.length = Some(number),
                _ => return Err(ArtifactError::Invalid("a range is written ?offset=BYTES&length=BYTES".to_owned())),
            }
        }
        Ok(range)
    }

    /// As part of a URI.
    #[must_use]
    pub fn query(&self) -> String {
        match (self.offset, self.length) {
            (0, None) => String::new(),
            (offset, None) => format!("?offset={offset}"),
            (offset, Some(length)) => format!("?offset={offset}&length={length}"),
        }
    }
}

impl Artifacts {
    /// Reads a piece. A piece of text begins and ends between characters, so that pieces in a row are the whole: a character belongs to the
    /// piece in which it begins. Without a length as much is read as is read at once, 4 MiB; of an image all or nothing.
    pub(crate) async fn read(&self, record: Record, range: Range) -> Result<Read, ArtifactError> {
        let length = range.length.unwrap_or(READ_BYTES);
        if length > READ_BYTES {
            return Err(ArtifactError::Invalid(format!("{length} bytes are more than can be read at once; the most is {READ_BYTES}")));
        }
        if range == Range::default() && record.is_image() && record.size > READ_BYTES {
            let (uri, size) = (record.uri(), record.size);
            return Err(ArtifactError::Invalid(format!("the image has {size} bytes; read it in ranges: {uri}?offset=0&length={READ_BYTES}")));
        }
        let offset = range.offset.min(record.size);
        let end = offset.saturating_add(length).min(record.size);
        // At most three more bytes belong to a character that begins before the end.
        let bytes = self.bytes(&record, offset..end.saturating_add(3).min(record.size)).await?;
        let length = usize::try_from(end - offset).unwrap_or(usize::MAX);
        let is_first = |byte: &u8| byte & 0xc0 != 0x80;
        let boundary = |at: usize| bytes.iter().skip(at).take(4).position(is_first).map_or(bytes.len(), |more| at + more);
        if record.is_text() {
            let (from, to) = (if offset == 0 { 0 } else { boundary(0) }, boundary(length));
            if let Some(text) = bytes.get(from..to).and_then(|bytes| std::str::from_utf8(bytes).ok()) {
                let next = offset + to as Size;
                let body = Body::Text(self.secrets.remove(&gate::screen(text, usize::MAX, 0).text).into_owned());
                return Ok(Read { offset: offset + from as Size, next: Some(next).filter(|next| *next < record.size), record, body });
            }
        }
        let body = Body::Bytes(bytes.slice(..length.min(bytes.len())));
        Ok(Read { offset, next: Some(end).filter(|end| *end < record.size), record, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        assert_eq!(Range::parse("").unwrap(), Range { offset: 0, length: None });
        assert_eq!(Range::parse("offset=5&length=7").unwrap(), Range { offset: 5, length: Some(7) });
        assert_eq!(Range { offset: 5, length: Some(7) }.query(), "?offset=5&length=7");
        for (bad, why) in [
            ("offset=-1", "\"-1\" is not a number of bytes"),
            ("offset=99999999999999999999999", "\"99999999999999999999999\" is not a number of bytes"),
            ("offset", "\"\" is not a number of bytes"),
            ("from=1", "a range is written ?offset=BYTES&length=BYTES"),
        ] {
            assert_eq!(Range::parse(bad).unwrap_err().to_string(), why);
        }
    }
}
