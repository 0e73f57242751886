//! What must hold of any bytes: entry points for fuzzers (`crates/fuzz`), and the same for tests with bytes of their own. Not part of a build.

use crate::{broker, fetch::Asked, journal, key::Key};

/// A request of a guest: it is read, or is an error of the program's.
pub fn request(bytes: &[u8]) {
    broker::read_all(bytes);
    if let Ok(asked) = std::str::from_utf8(bytes).map(Asked::read)
        && let Ok(asked) = asked
    {
        assert!(!asked.name().is_empty(), "a request without a name");
    }
}

/// Lines of a journal: what is written is read again and follows, and no line without the key does.
pub fn journal(bytes: &[u8]) {
    journal::lines_hold_together(bytes, &Key::fixed(1), &Key::fixed(2));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*, sample::Index};

    const REQUEST: &str = r#"{"op":"wait","submit":[{"tag":1,"tool":"a.b","args":{"x":[1,2.5,null]},"positional":[1]},{"tag":2,"fetch":{"url":"https://a.test/x?y#z","method":"POST","headers":{"A":"b"},"body":"c"}}],"timeout_ms":1e3,"query":"q","limit":3,"progress":0.5,"outcome":{"status":"ok"}}"#;
    const FETCH: &str =
        r#"{"op":"fetch","url":"https://a.test:8443/x/%2e%2e/y?q=1","method":"PUT","headers":{"Content-Type":"a/b"},"body_base64":"YWJj"}"#;

    /// One of these texts with bytes changed, inserted and cut off.
    fn changed() -> impl Strategy<Value = Vec<u8>> {
        let changes = vec((any::<Index>(), any::<u8>(), any::<bool>()), 0..4);
        (proptest::sample::select(vec![REQUEST, FETCH]), changes, proptest::option::weighted(0.1, any::<Index>())).prop_map(|(text, changes, end)| {
            let mut bytes = text.as_bytes().to_vec();
            for (at, byte, insert) in changes {
                let at = at.index(bytes.len());
                if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
            }
            bytes.truncate(end.map_or(bytes.len(), |end| end.index(bytes.len())));
            bytes
        })
    }

    #[test]
    fn the_fuzzers_begin_with_entries_of_every_kind_and_with_a_line() {
        let entries = include_str!("../../fuzz/seeds/journal/1").lines();
        let kinds: std::collections::BTreeSet<String> = entries
            .map(|line| serde_json::to_value(serde_json::from_str::<crate::Entry>(line).unwrap()).unwrap()["event"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(kinds.len(), 12, "{kinds:?}");
        let is_a_line = |bytes: &[u8]| journal::lines_hold_together(bytes, &Key::fixed(1), &Key::fixed(2));
        assert!(!is_a_line(include_bytes!("../../fuzz/seeds/journal/1")) && is_a_line(include_bytes!("../../fuzz/seeds/journal/2")));
    }

    #[test]
    fn the_sound_ones_are_sound() {
        assert_eq!((broker::read_all(REQUEST.as_bytes()), broker::read_all(b"[]")), (true, false));
        assert!(Asked::read(FETCH).is_ok());
        // Deeper than any stack: refused before it is followed.
        for deep in ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000)] {
            assert!(!broker::read_all(deep.as_bytes()));
            assert!(!broker::read_all(format!(r#"{{"op":"wait","submit":[{{"tag":1,"args":{deep}}}]}}"#).as_bytes()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_requests_or_errors(bytes in vec(any::<u8>(), 0..200)) {
            request(&bytes);
        }

        #[test]
        fn changed_requests_are_requests_or_errors(bytes in changed()) {
            request(&bytes);
        }

        #[test]
        fn lines_hold_together_whatever_they_say(text in any::<String>(), more in "[{}\":,a0-9\n]{0,40}") {
            journal(text.as_bytes());
            journal(more.as_bytes());
            journal(format!("{}\n{more}", serde_json::json!({"a": text})).as_bytes());
        }
    }
}
