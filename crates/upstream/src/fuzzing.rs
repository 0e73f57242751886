//! What must hold of any bytes: entry points for fuzzers (`crates/fuzz`), and the same for tests with bytes of their own. Not part of a build.

use crate::{
    line::{Line, LineReader},
    lock::Document,
};

/// A lockfile: what is read is written and read again as the same document.
pub fn lockfile(text: &str) {
    if let Ok(document) = Document::parse(text) {
        assert_eq!(Document::parse(&document.print()), Ok(document), "a lockfile that was read is not the one that was written");
    }
}

/// Limits of these lines: few, so that short inputs reach them.
const BYTES: usize = 100;
const DEPTH: usize = 5;

/// What an upstream sends: every line comes as it was, or is told to be beyond a limit that it is beyond.
pub fn wire(bytes: &[u8]) {
    // The last piece has no line break, and does not count.
    let mut pieces: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    pieces.pop();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    runtime.block_on(async {
        let mut reader = LineReader::new(bytes, BYTES, DEPTH);
        for piece in pieces {
            let (is_as_sent, facts) = match reader.next().await {
                Ok(Some(Line::Whole(line, facts))) => (line == piece && piece.len() <= BYTES, facts),
                Ok(Some(Line::TooLong(facts))) => (piece.len() > BYTES, facts),
                // Without brackets there is no depth.
                Ok(Some(Line::TooDeep(facts))) => (piece.iter().filter(|byte| b"[{".contains(byte)).count() > DEPTH, facts),
                Ok(None) | Err(_) => panic!("a line is missing"),
            };
            assert!(is_as_sent && facts.bytes == piece.len(), "a line is not what was sent");
        }
        assert!(matches!(reader.next().await, Ok(None)), "a line that was not sent");
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*, sample::Index};

    const LOCKFILE: &str = r#"version = 1

[servers.github]
launch = "npx -y server"
names = ["TOKEN"]
cwd = "/srv"
hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

[servers.github.tools]
list_issues = { effect = "read", external = true, hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
"#;

    /// This text with characters changed, inserted and cut off.
    fn changed(text: &'static str) -> impl Strategy<Value = String> {
        let changes =
            vec((any::<Index>(), prop_oneof![any::<char>(), proptest::sample::select(text.chars().collect::<Vec<_>>())], any::<bool>()), 0..4);
        (changes, proptest::option::weighted(0.1, any::<Index>())).prop_map(move |(changes, end)| {
            let mut characters: Vec<char> = text.chars().collect();
            for (at, character, insert) in changes {
                let at = at.index(characters.len());
                if insert { characters.insert(at, character) } else { characters[at] = character }
            }
            characters.truncate(end.map_or(characters.len(), |end| end.index(characters.len())));
            characters.into_iter().collect()
        })
    }

    #[test]
    fn the_sound_one_is_sound() {
        let document = Document::parse(LOCKFILE).unwrap();
        assert_eq!(document.servers["github"].tools.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_a_lockfile_or_refused(text in any::<String>()) {
            lockfile(&text);
        }

        #[test]
        fn a_changed_lockfile_is_one_or_refused(text in changed(LOCKFILE)) {
            lockfile(&text);
        }

        #[test]
        fn any_bytes_are_lines(bytes in vec(any::<u8>(), 0..400)) {
            wire(&bytes);
        }

        #[test]
        fn anything_like_messages_is_lines(bytes in "([\\[{\"}\\]:,\\\\a1]{0,130}\n){0,4}") {
            wire(bytes.as_bytes());
        }
    }
}
