//! What must hold of any text: an entry point for fuzzers (`crates/fuzz`), and the same for tests with texts of their own. Not part of a build.

use crate::{Condition, Label, Method, Pattern, RunId, ToolName, UrlPattern};
use url::Url;

/// Patterns of tools and of requests, conditions, labels: what is read is what is shown, and means no more than it says.
pub fn patterns(text: &str) {
    of_tools(text);
    of_requests(text);
    // These have no form to be written in again; they must end.
    let _ = (Condition::parse(text), Label::parse(text), RunId::parse(text));
}

fn of_tools(text: &str) {
    let Ok(pattern) = Pattern::parse(text) else { return };
    assert_eq!(Pattern::parse(&pattern.to_string()).as_ref(), Ok(&pattern), "another pattern");
    assert!(pattern.covers(&pattern) && Pattern::any().covers(&pattern), "{text:?} covers less than itself");
    // Where it is a name it takes exactly that one.
    if let Ok(name) = ToolName::parse(text) {
        assert!(pattern.matches(&name), "{text:?} does not take its own name");
    }
}

fn of_requests(text: &str) {
    let Ok(pattern) = UrlPattern::parse(text) else { return };
    assert!(pattern.to_string() == text && UrlPattern::parse(&pattern.to_string()).is_ok(), "another pattern");
    // No pattern is about a URL with a user, or about another scheme.
    for url in ["https://user@a.test/", "http://:word@a.test/", "ftp://a.test/", "data:,x"].into_iter().filter_map(|url| Url::parse(url).ok()) {
        assert!(!Method::ALL.into_iter().any(|method| pattern.matches(method, &url)), "{text:?} takes {url}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts that are nearly patterns of requests.
    fn like_a_request() -> impl Strategy<Value = String> {
        let pieces = [
            "GET",
            "POST,PUT",
            "*",
            " ",
            "https://",
            "http://",
            "a.test",
            "*.a.test",
            "[::1]",
            "127.0.0.1",
            "0x7f.1",
            "ä.test",
            "user@",
            ":443",
            ":99999",
            "/",
            "/**",
            "/a/*/b",
            "..",
            "%2e%2e",
            "%2f",
            "?",
            "#",
            "\\",
            "\t",
            "\u{202e}",
        ];
        let any = proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..9).prop_map(|pieces| pieces.concat());
        let sound = ["GET https://a.test/**", "* http://*/**", "GET,POST https://*.a.test:8443/v1/*/x"];
        prop_oneof![any.clone(), (proptest::sample::select(sound.to_vec()), any).prop_map(|(sound, more)| format!("{sound}{more}"))]
    }

    #[test]
    fn patterns_are_reached() {
        // The control: the properties below are not true of nothing.
        assert!(UrlPattern::parse("GET https://*.a.test/a/**").is_ok() && Pattern::parse("a_*.b").is_ok() && Condition::parse("args.x == 1").is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_a_pattern_or_refused(text in any::<String>()) {
            patterns(&text);
        }

        #[test]
        fn anything_like_a_pattern_of_requests_is_one_or_refused(text in like_a_request()) {
            patterns(&text);
        }

        #[test]
        fn anything_like_a_pattern_of_tools_is_one_or_refused(text in "[a-z0-9_*.]{0,20}") {
            patterns(&text);
        }

        #[test]
        fn anything_like_a_condition_is_one_or_refused(text in "(args|labels|\\.|x|\\(|\\)|\"|==|&&|\\[|\\]|1|in| |matches){0,20}") {
            patterns(&text);
        }
    }
}
