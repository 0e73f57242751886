//! Values that must not be shown: found in any text on its way out of a run and replaced by [`REMOVED`].
//!
//! A value is found as it is, as JSON and URLs write it, and in base64 and hexadecimal, alone or inside something longer that was encoded. Whoever
//! changes it in another way (reverses it, takes every second letter, prints it in pieces) gets it through: this keeps accidents from becoming
//! leaks, and is not what keeps a secret from a program. That is that no program is given one.

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use policy::Layer;
use std::{borrow::Cow, collections::BTreeSet, fmt, fmt::Write as _, sync::Arc};

/// The shortest value that is looked for, in bytes: shorter ones would be found in what is no secret.
pub const SECRET_BYTES: usize = 12;

/// What stands in place of a secret.
pub const REMOVED: &str = "[secret removed]";

/// The longest piece that is looked for at once, in bytes; a longer value is looked for in pieces. Guards the memory that the search takes.
const PIECE_BYTES: usize = 4096;

/// The values that must not be shown. Has no `Display`, and its `Debug` says how many there are.
#[derive(Clone, Default)]
pub struct Secrets(Option<Arc<Known>>);

struct Known {
    automaton: AhoCorasick,
    /// Length of the longest form, in bytes.
    longest: usize,
    values: usize,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.count())
    }
}

impl Secrets {
    /// These values; those shorter than [`SECRET_BYTES`] are left out. Of a value with several lines each line counts as well.
    ///
    /// # Errors
    /// When there are too many to be looked for.
    pub fn of(values: impl IntoIterator<Item = String>) -> Result<Self, BuildError> {
        let mut all = BTreeSet::new();
        for value in values {
            let lines = value.lines().map(str::trim).filter(|line| value.lines().nth(1).is_some() && !line.starts_with("-----"));
            all.extend(lines.map(str::to_owned));
            all.insert(value);
        }
        all.retain(|value| value.len() >= SECRET_BYTES);
        if all.is_empty() || Layer::Secrets.is_off() {
            return Ok(Secrets::default());
        }
        let forms: BTreeSet<Vec<u8>> = all.iter().flat_map(|value| forms(value)).filter(|form| form.len() >= SECRET_BYTES).collect();
        let longest = forms.iter().map(Vec::len).max().unwrap_or_default();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms)?;
        Ok(Secrets(Some(Arc::new(Known { automaton, longest, values: all.len() }))))
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(0, |known| known.values)
    }

    /// Whether one of them is in the text.
    #[must_use]
    pub fn is_in(&self, text: impl AsRef<[u8]>) -> bool {
        self.0.as_ref().is_some_and(|known| known.automaton.is_match(text.as_ref()))
    }

    /// The text without them. Costs nothing when there are none.
    #[must_use]
    pub fn remove<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.0 {
            Some(known) if known.automaton.is_match(text) => {
                let mut out = String::with_capacity(text.len());
                known.automaton.replace_all_with(text, &mut out, |_, _, out| {
                    out.push_str(REMOVED);
                    true
                });
                Cow::Owned(out)
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// Removes them from bytes that come in pieces.
    #[must_use]
    pub fn pieces(&self) -> Pieces {
        Pieces { secrets: self.clone(), held: Vec::new() }
    }
}

/// Bytes on their way through, a little of which is held back: a secret may begin in one piece and end in another.
#[derive(Debug)]
pub struct Pieces {
    secrets: Secrets,
    held: Vec<u8>,
}

impl Pieces {
    /// Takes the next piece; what may go on.
    #[must_use]
    pub fn push(&mut self, piece: Vec<u8>) -> Vec<u8> {
        let Some(known) = self.secrets.0.clone() else { return piece };
        self.held.extend(piece);
        // Whatever begins before this has all its bytes here.
        let sure = (self.held.len() + 1).saturating_sub(known.longest);
        self.pass(&known, sure)
    }

    /// What was held back at the end.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        match self.secrets.0.clone() {
            Some(known) => self.pass(&known, usize::MAX),
            None => Vec::new(),
        }
    }

    fn pass(&mut self, known: &Known, sure: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held.len());
        let mut from = 0;
        for found in known.automaton.find_iter(&self.held).take_while(|found| found.start() < sure) {
            out.extend(self.held.get(from..found.start()).unwrap_or_default());
            out.extend(REMOVED.as_bytes());
            from = found.end();
        }
        let to = sure.clamp(from, self.held.len().max(from));
        out.extend(self.held.get(from..to).unwrap_or_default());
        self.held.drain(..to.min(self.held.len()));
        out
    }
}

/// Every way in which a value is looked for.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let mut end = rest.len().min(PIECE_BYTES);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, more) = rest.split_at(end);
        forms.push(piece.as_bytes().to_vec());
        forms.extend(in_json(piece).into_iter().map(String::into_bytes));
        for upper in [false, true] {
            forms.push(in_url(piece, upper).into_bytes());
            forms.push(hexadecimal(piece, upper).into_bytes());
        }
        for before in 0..3 {
            forms.extend(in_base64(piece.as_bytes(), before));
        }
        rest = more;
    }
    forms
}

/// As JSON writes it inside a string: with other characters as they are, and escaped.
fn in_json(value: &str) -> Vec<String> {
    let written = serde_json::Value::from(value).to_string();
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let mut escaped = String::new();
    for c in inner.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _infallible = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    vec![inner, escaped]
}

/// As a URL's query writes it.
fn in_url(value: &str, upper: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        let _infallible = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => write!(out, "{}", char::from(byte)),
            _ if upper => write!(out, "%{byte:02X}"),
            _ => write!(out, "%{byte:02x}"),
        };
    }
    out
}

fn hexadecimal(value: &str, upper: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        let _infallible = if upper { write!(out, "{byte:02X}") } else { write!(out, "{byte:02x}") };
    }
    out
}

/// In base64 after this many bytes of something else: the digits that the value alone decides, in both alphabets.
fn in_base64(value: &[u8], before: usize) -> [Vec<u8>; 2] {
    let padded = [vec![0; before], value.to_vec()].concat();
    let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)].map(|all| all.as_bytes().get(first..last).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    /// With every character that some form writes differently.
    const TOKEN: &str = "ghp_\"a/b+c é\\=?";

    fn secrets() -> Secrets {
        Secrets::of([TOKEN.to_owned(), "short".to_owned(), "another-token".to_owned()]).unwrap()
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        let secrets = secrets();
        assert_eq!((secrets.count(), format!("{secrets:?}")), (2, "Secrets(2)".to_owned()));
        for form in [
            TOKEN.to_owned(),
            r#"ghp_\"a/b+c é\\=?"#.to_owned(),
            r#"ghp_\"a/b+c \u00e9\\=?"#.to_owned(),
            "ghp_%22a%2Fb%2Bc%20%C3%A9%5C%3D%3F".to_owned(),
            "ghp_%22a%2fb%2bc%20%c3%a9%5c%3d%3f".to_owned(),
            "6768705f22612f622b6320c3a95c3d3f".to_owned(),
            "6768705F22612F622B6320C3A95C3D3F".to_owned(),
            "another-token".to_owned(),
        ] {
            assert_eq!(secrets.remove(&format!("before {form} after short")), "before [secret removed] after short", "{form}");
        }
    }

    #[test]
    fn base64_is_found_wherever_the_value_stands_in_what_was_encoded() {
        for before in 0..6 {
            for after in 0..4 {
                let plain = format!("{}another-token{}", "u".repeat(before), "v".repeat(after));
                let shown = secrets().remove(&STANDARD.encode(plain)).into_owned();
                assert!(shown.contains(REMOVED), "{before} {after}: {shown}");
                // What is left are the digits that the value's neighbours decide as well.
                assert!(shown.replace(REMOVED, "").len() <= (before + after) * 4 / 3 + 6, "{before} {after}: {shown}");
            }
        }
    }

    #[test]
    fn lines_of_a_longer_value_are_values() {
        let key = "-----BEGIN KEY-----\nMIIBVgIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n";
        let secrets = Secrets::of([key.to_owned()]).unwrap();
        assert_eq!(secrets.remove(key), REMOVED);
        assert_eq!(secrets.remove("-----BEGIN KEY-----, hkiG9w0BAQEFAASC"), "-----BEGIN KEY-----, [secret removed]");
    }

    #[test]
    fn without_secrets_nothing_is_copied() {
        let none = Secrets::of(["short".to_owned()]).unwrap();
        assert!(matches!(none.remove("short text"), Cow::Borrowed("short text")));
        let mut pieces = none.pieces();
        assert_eq!((pieces.push(b"abc".to_vec()), pieces.finish()), (b"abc".to_vec(), Vec::new()));
    }

    proptest! {
        #[test]
        fn pieces_lose_what_the_whole_loses(parts in prop::collection::vec("(another-token|another-|token|[a-z]{0,5}|ghp_)", 0..12), cuts in prop::collection::vec(0usize..80, 0..6)) {
            let whole = parts.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).chain([0, whole.len()]).collect();
            cuts.sort_unstable();
            let secrets = secrets();
            let mut pieces = secrets.pieces();
            let mut out: Vec<u8> = cuts.windows(2).flat_map(|cut| pieces.push(whole.as_bytes()[cut[0]..cut[1]].to_vec())).collect();
            out.extend(pieces.finish());
            prop_assert_eq!(String::from_utf8(out).unwrap(), secrets.remove(&whole).into_owned());
        }
    }
}
