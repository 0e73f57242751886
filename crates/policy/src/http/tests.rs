//! Patterns over requests, and the decision about one.

use super::*;
use crate::{Decision, LoweredLimits, Mode, Policy, Principal, Reason, Verdict};
use std::sync::Arc;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn a_pattern_is_about_method_scheme_host_port_and_path() {
    for (pattern, method, asked, expected) in [
        ("GET https://api.example.com/**", "GET", "https://api.example.com/a/b?c=d#e", true),
        ("GET https://api.example.com/**", "get", "https://API.example.com:443/", true),
        ("GET https://api.example.com/**", "HEAD", "https://api.example.com/", false),
        ("GET,POST https://api.example.com/**", "POST", "https://api.example.com/", true),
        ("* https://api.example.com/**", "DELETE", "https://api.example.com/", true),
        ("GET https://api.example.com/**", "GET", "http://api.example.com/", false),
        ("GET https://api.example.com/**", "GET", "https://api.example.com:8443/", false),
        ("GET https://api.example.com:8443/**", "GET", "https://api.example.com:8443/", true),
        ("GET https://api.example.com/**", "GET", "https://api.example.com.evil.test/", false),
        ("GET https://api.example.com/**", "GET", "https://evil.test/api.example.com/", false),
        ("GET https://api.example.com/**", "GET", "https://api.example.com@evil.test/", false),
        ("GET https://api.example.com/**", "GET", "https://user@api.example.com/", false),
        ("GET https://api.example.com/**", "GET", "https://:secret@api.example.com/", false),
        ("GET https://api.example.com/**", "GET", r"https://evil.test\@api.example.com/", false),
        ("GET https://*.example.com/**", "GET", "https://a.b.example.com/", true),
        ("GET https://*.example.com/**", "GET", "https://example.com/", false),
        ("GET https://*.example.com/**", "GET", "https://badexample.com/", false),
        ("GET https://*/**", "GET", "https://anything.test/", true),
        ("GET https://bücher.example/**", "GET", "https://xn--bcher-kva.example/", true),
        ("GET http://127.0.0.1/**", "GET", "http://2130706433/", true),
        ("GET http://127.0.0.1/**", "GET", "http://0x7f.1/", true),
        ("GET http://[::1]:8080/**", "GET", "http://[0:0::1]:8080/x", true),
        ("GET https://a.test/v1/*", "GET", "https://a.test/v1/users", true),
        ("GET https://a.test/v1/*", "GET", "https://a.test/v1/users/7", false),
        ("GET https://a.test/v1/*/posts", "GET", "https://a.test/v1/7/posts", true),
        ("GET https://a.test/v1/**", "GET", "https://a.test/v1/../admin", false),
        ("GET https://a.test/v1/**", "GET", "https://a.test/v1/%2e%2E/admin", false),
        ("GET https://a.test/v1/**", "GET", "https://a.test/v1/..%2fadmin", false),
        ("GET https://a.test/v1/**", "GET", "https://a.test/v1/..%5Cadmin", false),
        ("GET https://a.test/v1/**", "GET", "https://a.test/v1/group%2Fname/issues", true),
        ("GET https://a.test/v1/*", "GET", "https://a.test/v1/group%2Fname", false),
        ("GET https://a.test/v1", "GET", "https://a.test/v1", true),
        ("GET https://a.test/v1", "GET", "https://a.test/v12", false),
    ] {
        let method = Method::parse(method).unwrap();
        assert_eq!(UrlPattern::parse(pattern).unwrap().matches(method, &url(asked)), expected, "{pattern} {method:?} {asked}");
    }
}

#[test]
fn what_cannot_be_obeyed_is_refused() {
    for (pattern, why) in [
        ("https://a.test/**", "is no pattern: write methods and a URL, such as \"GET,POST https://api.example.com/v1/**\""),
        ("GET ftp://a.test/**", "is no pattern: write methods and a URL, such as \"GET,POST https://api.example.com/v1/**\""),
        ("FETCH https://a.test/**", "has a method that is none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, or * for all"),
        ("get https://a.test/**", "has a method that is none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, or * for all"),
        ("GET https://a.test", "has no path: end it with /** for all paths"),
        ("GET https://u@a.test/", "has a user name: programs may not name one; let the rule have headers"),
        ("GET https://a.test/x?y=1", "has a query or fragment: a pattern ends with the path, and the query is free"),
        ("GET https://a.test:x/", "has a port that is no number"),
        ("GET https:///x", "has no host that a URL can have: write a name, an address, *.name, or * for any"),
        ("GET https://a*.test/", "has no host that a URL can have: write a name, an address, *.name, or * for any"),
        ("GET https://*.1.2.3.4/", "has no host that a URL can have: write a name, an address, *.name, or * for any"),
        ("GET https://a.test/a/../b", "has a path that no URL has: it would be written in another way; . and .. are resolved"),
        ("GET https://a.test/ä", "has a path that no URL has: it would be written in another way; . and .. are resolved"),
    ] {
        assert_eq!(UrlPattern::parse(pattern).unwrap_err().to_string(), format!("{pattern:?} {why}"));
    }
}

fn rule(pattern: &str, guard: &[LabelKind]) -> HttpRule {
    HttpRule {
        allow: vec![UrlPattern::parse(pattern).unwrap()],
        guard: guard.iter().copied().collect(),
        data: LabelKind::ALL.into(),
        addresses: Addresses::Public,
        headers: SecretHeaders::default(),
        line: 1,
    }
}

#[test]
fn a_request_that_no_rule_allows_is_denied_and_labels_ask() {
    use LabelKind::{Private, Untrusted};
    let rules = vec![rule("GET,POST https://a.test/**", &LabelKind::ALL), rule("POST https://b.test/**", &[])];
    let at = |origin: &str| Origin::from(origin.to_owned());
    let guard = |rule, kind, origin| (Verdict::Ask, Reason::HttpGuard { rule, labels: Labels::of([kind], &at(origin)) });
    for (method, asked, read, expected) in [
        (Method::Get, "https://a.test/", None, (Verdict::Allow, Reason::HttpRule { rule: 0 })),
        (Method::Get, "https://c.test/", None, (Verdict::Deny, Reason::NoHttpRule)),
        (Method::Put, "https://a.test/", None, (Verdict::Deny, Reason::NoHttpRule)),
        (Method::Get, "https://a.test/", Some((Private, "crm")), guard(0, Private, "crm")),
        (Method::Get, "https://a.test/", Some((Private, "http:b.test")), guard(0, Private, "http:b.test")),
        (Method::Get, "https://a.test/", Some((Private, "http:a.test")), (Verdict::Allow, Reason::HttpRule { rule: 0 })),
        (Method::Get, "https://a.test/", Some((Untrusted, "crm")), (Verdict::Allow, Reason::HttpRule { rule: 0 })),
        (Method::Post, "https://a.test/", Some((Untrusted, "crm")), guard(0, Untrusted, "crm")),
        (Method::Post, "https://b.test/", Some((Private, "crm")), (Verdict::Allow, Reason::HttpRule { rule: 1 })),
    ] {
        let policy = Arc::new(Policy { http: rules.clone(), ..Policy::default() });
        let grant = policy.grant(&Principal::local(), &LoweredLimits::default());
        let labels = read.map(|(kind, origin)| Labels::of([kind], &at(origin))).unwrap_or_default();
        let (decision, _) = grant.decide_http(&AskedHttp { method, url: &url(asked), labels: &labels });
        assert_eq!(decision, Decision { verdict: expected.0, reason: expected.1 }, "{method:?} {asked} {labels}");
    }
}

#[test]
fn what_may_change_something_is_denied_where_only_reads_are_allowed() {
    let policy = Arc::new(Policy { http: vec![rule("* https://a.test/**", &[])], mode: Mode::ReadOnly, ..Policy::default() });
    let grant = policy.grant(&Principal::local(), &LoweredLimits::default());
    for (method, verdict) in
        [(Method::Get, Verdict::Allow), (Method::Head, Verdict::Allow), (Method::Options, Verdict::Deny), (Method::Post, Verdict::Deny)]
    {
        let (decision, _) = grant.decide_http(&AskedHttp { method, url: &url("https://a.test/"), labels: &Labels::default() });
        assert_eq!(decision.verdict, verdict, "{method:?}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let headers = SecretHeaders(BTreeMap::from([("authorization".to_owned(), "Bearer s3cret".to_owned())]));
    assert_eq!(format!("{headers:?}"), r#"{"authorization"}"#);
}

#[test]
fn a_port_of_its_own_is_an_origin_of_its_own() {
    assert_eq!(origin_of(&url("https://A.test:443/x")).to_string(), "http:a.test");
    assert_eq!(origin_of(&url("http://a.test:8080/x")).to_string(), "http:a.test:8080");
}
