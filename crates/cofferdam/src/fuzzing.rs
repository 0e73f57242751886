//! What must hold of any text: entry points for fuzzers (`crates/fuzz`), and the same for tests with texts of their own. Not part of a build.

use crate::{config, fault::ConfigError, surroundings::Surroundings};
use std::{collections::BTreeSet, path::Path};

const OWN: &str = "/home/ann/.config/cofferdam/cofferdam.toml";
const OTHER: &str = "/project/.mcp.json";

fn around() -> Surroundings {
    Surroundings::of_test(Path::new("/work"), &[("HOME", "/home/ann"), ("TOKEN", "s3cret-and-long")])
}

/// `cofferdam.toml`: valid, or an error with the file and a place that the file has.
pub fn config(text: &str) {
    match config::of_text(Path::new(OWN), text, &around()) {
        Ok(config) => is_sound(&config),
        Err(error) => has_its_place(&error, OWN, text),
    }
}

/// `.mcp.json` and its like: every server of it is there, cannot be used, or is this program; or an error as above.
pub fn import(text: &str) {
    match config::of_import(Path::new(OTHER), text, &around()) {
        Ok((config, servers)) => {
            is_sound(&config);
            assert_eq!(config.servers.len() + config.failed.len() + config.skipped.len(), servers, "a server is lost");
        }
        Err(error) => has_its_place(&error, OTHER, text),
    }
}

/// No two servers have one name, and a URL is one of HTTP.
fn is_sound(config: &config::Config) {
    let names: BTreeSet<_> = config.servers.iter().map(|server| &server.name).chain(config.failed.iter().map(|failed| &failed.name)).collect();
    assert_eq!(names.len(), config.servers.len() + config.failed.len(), "two servers with one name");
    for server in &config.servers {
        if let upstream::Transport::Http { url, .. } = &server.transport {
            assert!(url.starts_with("http://") || url.starts_with("https://"), "{url}");
        }
    }
}

fn has_its_place(error: &ConfigError, file: &str, text: &str) {
    let shown = error.to_string();
    let Some(rest) = shown.strip_prefix(file) else { panic!("{shown}") };
    let line = rest.split(':').nth(1).and_then(|line| line.parse::<usize>().ok());
    assert!(line.is_none_or(|line| (1..=text.split('\n').count()).contains(&line)), "{shown}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import;
    use proptest::{collection::vec, prelude::*, sample::Index};

    /// What the fuzzers begin with: one configuration with nearly every table, one file of another client.
    const CONFIGURATION: &str = include_str!("../../fuzz/seeds/config/0");
    const IMPORT: &str = include_str!("../../fuzz/seeds/import/0");

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
    fn the_sound_ones_are_sound_and_what_has_no_end_is_refused() {
        let config = config::of_text(Path::new(OWN), CONFIGURATION, &around()).unwrap();
        assert_eq!((config.servers.len(), config.policy.rules.len(), config.wall), (2, 1, config::Wall::Whole));
        let (imported, servers) = config::of_import(Path::new(OTHER), IMPORT, &around()).unwrap();
        assert_eq!((imported.servers.len(), imported.failed.len(), imported.skipped.len(), servers), (2, 1, 1, 4));
        for deep in ["[".repeat(200_000), "{\"a\":".repeat(200_000)] {
            assert!(import::read(Path::new(OTHER), &deep).is_err());
            assert!(config::of_text(Path::new(OWN), &format!("import = {deep}"), &around()).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_a_configuration_or_an_error_with_its_place(text in any::<String>()) {
            super::config(&text);
            super::import(&text);
        }

        #[test]
        fn a_changed_configuration_is_one_or_an_error_with_its_place(text in changed(CONFIGURATION)) {
            super::config(&text);
        }

        #[test]
        fn a_changed_import_is_one_or_an_error_with_its_place(text in changed(IMPORT)) {
            super::import(&text);
        }

        #[test]
        fn every_server_of_an_import_is_there_under_its_name(names in proptest::collection::btree_set(any::<String>(), 0..5)) {
            let servers: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), serde_json::json!({"command": "x"}))).collect();
            let text = serde_json::json!({"mcpServers": servers}).to_string();
            let entries = import::read(Path::new(OTHER), &text).unwrap();
            let found: Vec<&String> = entries.iter().map(|entry| &entry.alias).collect();
            prop_assert_eq!(found, names.iter().collect::<Vec<_>>());
        }
    }
}
