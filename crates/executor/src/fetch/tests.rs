//! Requests against a server on this machine that stands for whole networks: names of the test lead to it, or to where no request may go.
//!
//! Every attack is made twice: with `Addresses::All` it lands, with `Addresses::Public` it is refused and nothing arrives.

use super::{answer::Body, web::Names, *};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method as AxumMethod, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use policy::{Addresses, HttpRule, LabelKind, Limits, LoweredLimits, Origin, Policy, Principal, SecretHeaders, UrlPattern};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A server, and what arrived at it: method, host, path and headers of each request.
#[derive(Clone, Default)]
struct Site {
    arrived: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    port: u16,
}

impl Site {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let site = Site { port: listener.local_addr().unwrap().port(), ..Site::default() };
        let app = Router::new().fallback(answer).with_state(site.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        site
    }

    /// What arrived, a line each.
    fn lines(&self) -> Vec<String> {
        self.arrived.lock().unwrap().iter().map(|(line, _)| line.clone()).collect()
    }

    fn header(&self, request: usize, name: &str) -> Option<String> {
        self.arrived.lock().unwrap()[request].1.get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

async fn answer(State(site): State<Site>, method: AxumMethod, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let host = headers[header::HOST].to_str().unwrap().split(':').next().unwrap().to_owned();
    site.arrived.lock().unwrap().push((format!("{method} {host} {}", uri.path()), headers.clone()));
    let to = |status: StatusCode, location: String| (status, [(header::LOCATION, location)]).into_response();
    let query = uri.query().unwrap_or_default().to_owned();
    match uri.path() {
        "/see-other" => to(StatusCode::SEE_OTHER, query),
        "/found" => to(StatusCode::FOUND, query),
        "/temporary" => to(StatusCode::TEMPORARY_REDIRECT, query),
        "/loop" => to(StatusCode::FOUND, "/loop".to_owned()),
        "/bytes" => vec![0xff_u8, 0, 1].into_response(),
        "/large" => vec![b'x'; 5000].into_response(),
        "/escapes" => vec![1_u8; 4000].into_response(),
        "/mirror" => {
            let seen = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
            ([("x-seen", seen.clone())], format!("you sent {seen}")).into_response()
        }
        _ => (StatusCode::IM_A_TEAPOT, [("x-a", "1")], format!("{method} {}", String::from_utf8_lossy(&body))).into_response(),
    }
}

/// A server that begins a reply and never ends it; its port.
async fn start_slow() -> u16 {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        assert!(connection.read(&mut request).await.unwrap() > 0);
        connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await.unwrap();
        std::future::pending::<()>().await;
    });
    port
}

/// Where names of these tests lead.
fn names(name: &str) -> Vec<IpAddr> {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let public: IpAddr = "93.184.216.34".parse().unwrap();
    match name {
        "site.test" | "other.test" | "metadata.test" => vec![here],
        "mixed.test" => vec![public, here],
        "mapped.test" => vec!["::ffff:127.0.0.1".parse().unwrap()],
        "rebinding.test" => {
            static LOOKUPS: AtomicUsize = AtomicUsize::new(0);
            if LOOKUPS.fetch_add(1, Ordering::SeqCst) == 0 { vec![public] } else { vec![here] }
        }
        _ => Vec::new(),
    }
}

fn rule(patterns: &[String], addresses: Addresses) -> HttpRule {
    HttpRule {
        allow: patterns.iter().map(|pattern| UrlPattern::parse(pattern).unwrap()).collect(),
        guard: LabelKind::ALL.into(),
        data: LabelKind::ALL.into(),
        addresses,
        headers: SecretHeaders::default(),
        line: 1,
    }
}

/// Everything on these hosts at the site's port.
fn all_of(site: &Site, hosts: &[&str], addresses: Addresses) -> HttpRule {
    let patterns: Vec<String> = hosts.iter().map(|host| format!("* http://{host}:{}/**", site.port)).collect();
    rule(&patterns, addresses)
}

struct Made {
    result: Result<Answer, CallError>,
    progress: Progress,
    intents: usize,
}

impl Made {
    /// Status and text, or code and message.
    fn shown(&self) -> (String, String) {
        match &self.result {
            Ok(Answer { status, body: Body::Text(text), .. }) => (status.to_string(), text.clone()),
            Ok(Answer { status, body: Body::Base64(coded), .. }) => (status.to_string(), format!("base64 {coded}")),
            Err(error) => (error.code.to_string(), error.message.clone()),
        }
    }
}

/// Counts what may have an effect.
#[derive(Default)]
struct Intents(AtomicUsize);

impl Intent for Intents {
    /// Nobody can be asked.
    async fn ready(&self, hop: &Hop, decision: Decision, _: &Labels) -> Result<Option<Turn<'_>>, CallError> {
        if decision.verdict == Verdict::Ask {
            return Err(refused(hop, &decision));
        }
        self.0.fetch_add(usize::from(!hop.method.reads()), Ordering::SeqCst);
        Ok(None)
    }
}

async fn make_under(rules: Vec<HttpRule>, limits: Limits, document: Value, read: &Labels) -> Made {
    let call = limits.call;
    let grant = Arc::new(Policy { http: rules, limits, ..Policy::default() }).grant(&Principal::local(), &LoweredLimits::default());
    let (mut progress, intents) = (Progress::default(), Intents::default());
    let result = match Asked::read(&document.to_string()) {
        Ok(asked) => exchange(&Web::of(Names::Of(names)), &grant, read, asked, call, &intents, &mut progress).await,
        Err(error) => Err(error),
    };
    Made { result, progress, intents: intents.0.into_inner() }
}

async fn make(rule: HttpRule, document: Value) -> Made {
    make_under(vec![rule], Limits::default(), document, &Labels::default()).await
}

#[tokio::test]
async fn a_request_and_its_reply() {
    let site = Site::start().await;
    let at = |path: &str| format!("http://site.test:{}{path}", site.port);
    let document = json!({"method": "post", "url": at("/a?b=c#d"), "headers": {"X-Own": " 1 ", "Host": "evil.test", "Connection": "close", "Proxy-Authorization": "x"}, "body": "hello"});
    let made = make(all_of(&site, &["site.test"], Addresses::All), document).await;
    let expected = Answer {
        status: 418,
        status_text: "I'm a teapot",
        headers: made.result.as_ref().unwrap().headers.clone(),
        url: at("/a?b=c"),
        redirected: false,
        body: Body::Text("POST hello".to_owned()),
    };
    assert_eq!(made.result.unwrap(), expected);
    assert_eq!(expected.headers["x-a"], "1");
    assert_eq!(site.lines(), ["POST site.test /a"]);
    assert_eq!((site.header(0, "x-own").as_deref(), site.header(0, "proxy-authorization")), (Some("1"), None));
    assert_eq!(
        (made.intents, made.progress.labels.to_string()),
        (1, format!("untrusted (http:site.test:{0}), private (http:site.test:{0})", site.port))
    );
    let made = make(all_of(&site, &["site.test"], Addresses::All), json!({"url": at("/bytes")})).await;
    assert_eq!(made.shown(), ("200".to_owned(), "base64 /wAB".to_owned()));
    assert_eq!(made.intents, 0);
}

#[tokio::test]
async fn names_that_lead_inside_are_refused_and_nothing_arrives() {
    let site = Site::start().await;
    for (host, why) in [
        ("site.test", "loopback"),
        ("metadata.test", "loopback"),
        ("mixed.test", "loopback"),
        ("mapped.test", "loopback"),
        ("127.0.0.1", "loopback"),
        ("[::ffff:127.0.0.1]", "loopback"),
        ("2130706433", "loopback"),
        ("0x7f.1", "loopback"),
        ("169.254.169.254", "a cloud's metadata service"),
        ("[fd00:ec2::254]", "a cloud's metadata service"),
        ("[::ffff:169.254.169.254]", "a cloud's metadata service"),
    ] {
        let url = format!("http://{host}:{}/x", site.port);
        let made = make(all_of(&site, &[host], Addresses::Public), json!({"url": url})).await;
        let shown = url::Url::parse(&url).unwrap();
        let message = format!("fetch GET {shown}: the host's address is {why}, and only the public internet is allowed; it was not sent");
        assert_eq!(made.shown(), ("denied".to_owned(), message), "{host}");
        assert!(made.progress.labels.is_empty());
    }
    assert!(site.lines().is_empty());
    // The same land where the operator lets them.
    for host in ["site.test", "mapped.test", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"] {
        let made = make(all_of(&site, &[host], Addresses::All), json!({"url": format!("http://{host}:{}/x", site.port)})).await;
        assert_eq!(made.shown(), ("418".to_owned(), "GET ".to_owned()), "{host}");
    }
    assert_eq!(site.lines().len(), 5);
}

#[tokio::test]
async fn a_name_that_changes_where_it_leads_is_checked_in_the_lookup_that_connects() {
    let site = Site::start().await;
    // A check beforehand sees an address of the public internet; the lookup of the connection is the second one.
    assert_eq!(names("rebinding.test"), ["93.184.216.34".parse::<IpAddr>().unwrap()]);
    let document = json!({"url": format!("http://rebinding.test:{}/", site.port)});
    let made = make(all_of(&site, &["rebinding.test"], Addresses::Public), document.clone()).await;
    assert_eq!(made.shown().0, "denied");
    assert!(site.lines().is_empty());
    assert_eq!(make(all_of(&site, &["rebinding.test"], Addresses::All), document).await.shown().0, "418");
    assert_eq!(site.lines(), ["GET rebinding.test /"]);
}

#[tokio::test]
async fn every_redirect_is_decided_anew() {
    let site = Site::start().await;
    let at = |host: &str, path: &str| format!("http://{host}:{}{path}", site.port);
    let from = |kind: &str, to: &str| json!({"url": at("site.test", &format!("/{kind}?{to}"))});
    // To a host without a rule, and to the metadata service under a rule for the public internet: the first request arrives, the second does not.
    let made = make(all_of(&site, &["site.test"], Addresses::All), from("found", &at("other.test", "/x"))).await;
    let why = "no http rule of the policy allows it; the tools of a server may do (tools.search finds them); it was not sent";
    let not_followed = "the request was answered with a redirect that was not followed: ";
    assert_eq!(made.shown(), ("denied".to_owned(), format!("{not_followed}fetch GET {}: {why}", at("other.test", "/x"))));
    let unguarded = |addresses| HttpRule { guard: BTreeSet::new(), ..all_of(&site, &["metadata.test"], addresses) };
    let rules = |addresses| vec![all_of(&site, &["site.test"], Addresses::All), unguarded(addresses)];
    let to_metadata = from("found", &at("metadata.test", "/latest"));
    let made = make_under(rules(Addresses::Public), Limits::default(), to_metadata.clone(), &Labels::default()).await;
    assert_eq!(made.shown().0, "denied");
    assert_eq!(site.lines(), ["GET site.test /found", "GET site.test /found"]);
    // What the first host said is labelled though the fetch failed.
    assert_eq!(made.progress.labels, all_of(&site, &["site.test"], Addresses::All).labels_of(&at("site.test", "/").parse().unwrap()));
    let made = make_under(rules(Addresses::All), Limits::default(), to_metadata, &Labels::default()).await;
    assert_eq!(made.shown().0, "418");
    assert_eq!(site.lines()[3], "GET metadata.test /latest");
    let Ok(Answer { url, redirected: true, .. }) = made.result else { panic!("it was redirected") };
    assert_eq!(url, at("metadata.test", "/latest"));
    for (kind, to, code) in [
        ("loop", "", "tool_output_invalid"),
        ("found", "file:///etc/passwd", "tool_output_invalid"),
        ("found", "http://u:p@site.test/", "tool_output_invalid"),
    ] {
        assert_eq!(make(all_of(&site, &["site.test"], Addresses::All), from(kind, to)).await.shown().0, code, "{to}");
    }
}

/// Where a redirect leads is the word of the host that redirects: it steers, and it can carry what that host knows.
#[tokio::test]
async fn a_redirect_to_another_host_asks_as_data_of_the_first_would() {
    let site = Site::start().await;
    let at = |host: &str, path: &str| format!("http://{host}:{}{path}", site.port);
    let document = json!({"method": "POST", "url": at("site.test", &format!("/temporary?{}", at("other.test", "/"))), "body": "b"});
    for (guard, code, lines) in [(LabelKind::ALL.into(), "needs_approval", 1), (BTreeSet::new(), "418", 3)] {
        let second = HttpRule { guard, ..all_of(&site, &["other.test"], Addresses::All) };
        let rules = vec![all_of(&site, &["site.test"], Addresses::All), second];
        let made = make_under(rules, Limits::default(), document.clone(), &Labels::default()).await;
        assert_eq!((made.shown().0.as_str(), site.lines().len()), (code, lines));
        // The first request was carried out, whatever became of the second.
        assert!(made.progress.effect && (code == "418" || !made.progress.sent));
    }
}

#[tokio::test]
async fn credentials_stay_with_the_origin_that_they_were_for() {
    let site = Site::start().await;
    let at = |host: &str, path: &str| format!("http://{host}:{}{path}", site.port);
    let secret = "Bearer 0123456789abcdef";
    let mut with_secret = all_of(&site, &["site.test"], Addresses::All);
    with_secret.headers = SecretHeaders(BTreeMap::from([("authorization".to_owned(), secret.to_owned())]));
    let unguarded = HttpRule { guard: BTreeSet::new(), ..all_of(&site, &["other.test"], Addresses::All) };
    let rules = || vec![with_secret.clone(), unguarded.clone()];
    let headers = json!({"authorization": "Basic own", "cookie": "a=b", "x-api-key": "k", "accept": "text/plain"});
    let document =
        json!({"method": "POST", "url": at("site.test", &format!("/temporary?{}", at("other.test", "/"))), "headers": headers, "body": "b"});
    let made = make_under(rules(), Limits::default(), document, &Labels::default()).await;
    assert_eq!((made.shown().1.as_str(), made.intents), ("POST b", 2));
    // The rule's header replaces the program's.
    assert_eq!((site.header(0, "authorization").as_deref(), site.header(0, "cookie").as_deref()), (Some(secret), Some("a=b")));
    for name in ["authorization", "cookie", "x-api-key"] {
        assert_eq!(site.header(1, name), None, "{name}");
    }
    assert_eq!(site.header(1, "accept").as_deref(), Some("text/plain"));
    let document = json!({"method": "POST", "url": at("site.test", "/see-other?/x"), "headers": {"content-type": "text/plain"}, "body": "b"});
    let made = make_under(rules(), Limits::default(), document, &Labels::default()).await;
    assert_eq!((made.shown().1.as_str(), site.header(3, "content-type")), ("GET ", None));
    // A host that answers with what it was sent.
    let made = make_under(rules(), Limits::default(), json!({"url": at("site.test", "/mirror")}), &Labels::default()).await;
    assert_eq!(made.shown(), ("200".to_owned(), "you sent Bearer [removed]".to_owned()));
    assert_eq!(made.result.unwrap().headers["x-seen"], "Bearer [removed]");
}

#[tokio::test]
async fn requests_that_are_malformed_are_not_sent() {
    let site = Site::start().await;
    let url = format!("http://site.test:{}/", site.port);
    for (document, message) in [
        (json!({"url": "/relative"}), "fetch: \"/relative\" is no URL: relative URL without a base".to_owned()),
        (json!({"url": "file:///etc/passwd"}), "fetch: a URL begins with http:// or https://, not file:".to_owned()),
        (json!({"url": "http://user@site.test/"}), "fetch: a URL may not hold a user name or password".to_owned()),
        (
            json!({"url": url, "method": "TRACE"}),
            "fetch: there is no method \"TRACE\"; there are GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".to_owned(),
        ),
        (
            json!({"url": url, "method": "GET / HTTP/1.1\r\nx: y"}),
            "fetch: there is no method \"GET / HTTP/1.1\\r\\nx: y\"; there are GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".to_owned(),
        ),
        (
            json!({"url": url, "headers": {"x": "a\r\nevil: 1"}}),
            "fetch: the value of the header x has a line break or another character that no header may have".to_owned(),
        ),
        (json!({"url": url, "headers": {"x\r\nevil": "1"}}), "fetch: \"x\\r\\nevil\" is no name of a header".to_owned()),
        (json!({"url": url, "headers": {"x": "y".repeat(40_000)}}), "fetch: the headers are larger than 32768 bytes".to_owned()),
        (json!({"url": url, "method": "POST", "body": "x".repeat((1 << 20) + 1)}), "fetch: the body is larger than 1048576 bytes".to_owned()),
        (json!({"url": format!("{url}{}", "x".repeat(9000))}), "fetch: the URL is longer than 8192 bytes".to_owned()),
    ] {
        let made = make(all_of(&site, &["site.test"], Addresses::All), document).await;
        assert_eq!(made.shown(), ("invalid_arguments".to_owned(), message));
    }
    // A line break in a path is taken out or encoded by the URL standard, and never reaches the wire.
    make(all_of(&site, &["site.test"], Addresses::All), json!({"url": format!("{url}a\r\nb%0d%0ac")})).await.result.unwrap();
    assert_eq!(site.lines(), ["GET site.test /ab%0d%0ac"]);
}

#[tokio::test]
async fn replies_are_bounded_in_size_and_time() {
    let site = Site::start().await;
    let limits = Limits { reply_bytes: 4096, call: Duration::from_millis(300), ..Limits::default() };
    let get = |path: &str, method: &str| json!({"url": format!("http://site.test:{}{path}", site.port), "method": method});
    let nothing = Labels::default();
    let under = |document| make_under(vec![all_of(&site, &["site.test"], Addresses::All)], limits.clone(), document, &nothing);
    let large = |path| ("reply_too_large".to_owned(), format!("fetch GET http://site.test:{}{path}: the reply is larger than 4096 bytes", site.port));
    assert_eq!(under(get("/large", "GET")).await.shown(), large("/large"));
    assert_eq!(under(get("/escapes", "GET")).await.shown(), large("/escapes"));
    let slow_site = Site { port: start_slow().await, ..Site::default() };
    let document = json!({"url": format!("http://site.test:{}/", slow_site.port), "method": "POST"});
    let slow = make_under(vec![all_of(&slow_site, &["site.test"], Addresses::All)], limits.clone(), document, &Labels::default()).await;
    assert_eq!(slow.shown(), ("timeout".to_owned(), "fetch: there was no complete reply within 300ms".to_owned()));
    // The head of the reply came: what the request does is done, and what was heard is labelled.
    assert!(slow.progress.sent && slow.progress.answered && !slow.progress.labels.is_empty());
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let made = make(rule(&[format!("* http://{nobody}/**")], Addresses::All), json!({"url": format!("http://{nobody}/"), "method": "POST"})).await;
    assert_eq!(made.shown(), ("upstream_unavailable".to_owned(), format!("fetch POST http://{nobody}/: the host cannot be reached")));
    assert!(!made.progress.sent);
}

#[tokio::test]
async fn what_was_read_before_decides() {
    let site = Site::start().await;
    let url = format!("http://site.test:{}/", site.port);
    let read = |origin: &str| Labels::of(LabelKind::ALL, &Origin::from(origin.to_owned()));
    let under = |guard: &[LabelKind]| HttpRule { guard: guard.iter().copied().collect(), ..all_of(&site, &["site.test"], Addresses::All) };
    let own = format!("http:site.test:{}", site.port);
    for (guard, method, origin, code) in [
        (&LabelKind::ALL[..], "GET", "crm", "needs_approval"),
        (&LabelKind::ALL[..], "POST", "crm", "needs_approval"),
        (&LabelKind::ALL[..], "POST", &*own, "418"),
        (&[LabelKind::Untrusted][..], "GET", "crm", "418"),
        (&[LabelKind::Untrusted][..], "POST", "crm", "needs_approval"),
        (&[][..], "POST", "crm", "418"),
    ] {
        let made = make_under(vec![under(guard)], Limits::default(), json!({"url": url, "method": method}), &read(origin)).await;
        assert_eq!(made.shown().0, code, "{guard:?} {method} {origin}");
    }
    let made = make_under(vec![under(&LabelKind::ALL)], Limits::default(), json!({"url": url}), &read("crm")).await;
    assert_eq!(made.shown().1, format!("fetch GET {url}: after what was read before, a person has to allow it; it was not sent"));
    assert_eq!(site.lines().len(), 3);
}
