//! `fetch` in both languages and `urllib` in Python, through the binary, to a server on this machine under `[http]`.

use crate::connection::{Connection, Era, Shown};
use crate::place::Place;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

/// A server of the web, and how many requests came to it.
struct Site {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Site {
    fn start() -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let (count, (send, receive)) = (Arc::clone(&requests), mpsc::channel());
        std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                send.send(listener.local_addr().unwrap().port()).unwrap();
                let pair = Arc::new(tokio::sync::Barrier::new(2));
                let counted = move |request: Request| {
                    count.fetch_add(1, Ordering::SeqCst);
                    let pair = Arc::clone(&pair);
                    async move { answer(request, &pair).await }
                };
                axum::serve(listener, Router::new().fallback(any(counted))).await.unwrap();
            });
        });
        Site { port: receive.recv().unwrap(), requests }
    }

    /// A server with one rule for this site, under which private addresses are reached or not.
    fn serve(&self, place: &Place, more: &str) -> Connection {
        let rule = format!("[[http.rules]]\nallow = [\"GET,HEAD,POST http://localhost:{}/**\"]\n{more}\n", self.port);
        place.write(".config/cofferdam/cofferdam.toml", rule);
        place.serve(Era::Modern, &[])
    }

    fn program(&self, text: &str) -> String {
        text.replace("SITE", &format!("http://localhost:{}", self.port))
    }
}

async fn answer(request: Request, pair: &tokio::sync::Barrier) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let header = |headers: &HeaderMap, name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    match head.uri.path() {
        "/json" => ([(header::CONTENT_TYPE, "application/json")], r#"{"a":[1,"ä"]}"#).into_response(),
        "/v1/latest" => r#"{"base":"EUR","rates":{"USD":1.25,"CHF":0.5}}"#.into_response(),
        "/bytes" => vec![0xff_u8, 0, 1].into_response(),
        "/missing" => (StatusCode::NOT_FOUND, "no such page").into_response(),
        "/pair" => {
            // Answered when the other of a pair is there too: requests that wait for each other would never be.
            pair.wait().await;
            "both".into_response()
        }
        "/never" => std::future::pending().await,
        "/metadata" => (StatusCode::FOUND, [(header::LOCATION, "http://169.254.169.254/latest/meta-data/")]).into_response(),
        "/moved" => (StatusCode::FOUND, [(header::LOCATION, "/json")]).into_response(),
        _ => {
            let sent = json!({"method": head.method.as_str(), "type": header(&head.headers, "content-type"), "own": header(&head.headers, "x-own"),
                "secret": header(&head.headers, "authorization").is_some(), "body": body.to_vec()});
            ([(header::CONTENT_TYPE, "application/json")], sent.to_string()).into_response()
        }
    }
}

const OPEN: &str = "private_addresses = true\nguard = []";

#[track_caller]
fn check(server: &mut Connection, language: &str, code: &str, expected: &Value) {
    let text = server.run(language, code);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap_or_else(|_| text.clone().into()), *expected, "{language}: {code}");
}

#[test]
fn a_page_is_fetched_in_every_way_that_a_language_has() {
    let (site, place) = (Site::start(), Place::new());
    let mut server = site.serve(&place, OPEN);
    let url = |path: &str| site.program(&format!("SITE{path}"));
    for (language, code, expected) in [
        (
            "javascript",
            "const r = await fetch('SITE/json'); return [r.status, r.ok, r.headers.get('Content-Type'), r.url, r.redirected, await r.json()]",
            json!([200, true, "application/json", url("/json"), false, {"a": [1, "ä"]}]),
        ),
        ("javascript", "const r = await fetch('SITE/bytes'); return [...new Uint8Array(await r.arrayBuffer())]", json!([255, 0, 1])),
        (
            "javascript",
            "const r = await fetch('SITE/missing'); return [r.status, r.ok, r.statusText, await r.text()]",
            json!([404, false, "Not Found", "no such page"]),
        ),
        (
            "javascript",
            "const r = await fetch('SITE/moved'); return [r.redirected, r.url, await r.text()]",
            json!([true, url("/json"), "{\"a\":[1,\"ä\"]}"]),
        ),
        (
            "javascript",
            "return await (await fetch('SITE/echo', {method: 'POST', headers: {'X-Own': '1'}, body: JSON.stringify([1])})).json()",
            json!({"method": "POST", "type": "text/plain;charset=UTF-8", "own": "1", "secret": false, "body": b"[1]"}),
        ),
        ("javascript", "return (await (await fetch('SITE/echo', {method: 'POST', body: new Uint8Array([255, 0])})).json()).body", json!([255, 0])),
        (
            "javascript",
            "return (await Promise.all([fetch('SITE/pair'), fetch('SITE/pair')].map(async r => (await r).text())))",
            json!(["both", "both"]),
        ),
        (
            "python",
            "r = await fetch('SITE/json')\n[r.status, r.ok, r.headers['Content-Type'], r.url, r.json()]",
            json!([200, true, "application/json", url("/json"), {"a": [1, "ä"]}]),
        ),
        ("python", "list((await fetch('SITE/bytes')).content)", json!([255, 0, 1])),
        ("python", "r = await fetch('SITE/missing')\n[r.status, r.ok, r.text]", json!([404, false, "no such page"])),
        (
            "python",
            "(await fetch('SITE/echo', method='POST', headers={'X-Own': 1}, body=[1])).json()",
            json!({"method": "POST", "type": "application/json", "own": "1", "secret": false, "body": b"[1]"}),
        ),
        ("python", "(await fetch('SITE/echo', method='POST', body=b'\\xff\\0')).json()['body']", json!([255, 0])),
        ("python", "[r.text for r in await asyncio.gather(fetch('SITE/pair'), fetch('SITE/pair'))]", json!(["both", "both"])),
        (
            "python",
            "import urllib.request\nwith urllib.request.urlopen('SITE/moved', timeout=20) as r:\n    out = [r.status, r.headers['content-type'], r.geturl(), json.load(r)]\nout",
            json!([200, "application/json", url("/json"), {"a": [1, "ä"]}]),
        ),
        (
            "python",
            "from urllib.request import Request, urlopen\njson.load(urlopen(Request('SITE/echo', data=b'a=1', headers={'X-Own': '1'})))",
            json!({"method": "POST", "type": "application/x-www-form-urlencoded", "own": "1", "secret": false, "body": b"a=1"}),
        ),
        (
            "python",
            "import urllib.request, urllib.error\ntry:\n    urllib.request.urlopen('SITE/missing')\nexcept urllib.error.HTTPError as e:\n    out = [e.code, e.reason, e.read().decode()]\nout",
            json!([404, "Not Found", "no such page"]),
        ),
    ] {
        check(&mut server, language, &site.program(code), &expected);
    }
}

/// `examples/fetch`, with this site in place of the host that it names.
#[test]
fn the_example_reads_the_one_host_that_it_may() {
    let (site, place) = (Site::start(), Place::new());
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/fetch");
    let text = |name: &str| std::fs::read_to_string(example.join(name)).unwrap().replace("https://rates.example", &site.program("SITE"));
    let configuration = text("cofferdam.toml").replace("allow =", "private_addresses = true\nallow =");
    place.write(".config/cofferdam/cofferdam.toml", configuration);
    let mut server = place.serve(Era::Modern, &[]);
    assert_eq!(server.run("python", &text("rates.py")), text("expected.txt").trim_end());
}

/// How a program in each language tells why its request was refused.
fn reasons(site: &Site, path: &str) -> [(&'static str, String); 3] {
    let programs = [
        ("javascript", "try { await fetch('SITEPATH') } catch (e) { return [e.name, e.cause.code, e.message] }"),
        ("python", "try:\n    await fetch('SITEPATH')\nexcept ToolError as e:\n    out = [e.code, e.message]\nout"),
        (
            "python",
            "import urllib.request, urllib.error\ntry:\n    urllib.request.urlopen('SITEPATH')\nexcept urllib.error.URLError as e:\n    out = [e.__cause__.code, e.reason]\nout",
        ),
    ];
    programs.map(|(language, code)| (language, site.program(&code.replace("PATH", path))))
}

#[track_caller]
fn refused(server: &mut Connection, site: &Site, path: &str, code: &str, message: &str) {
    let ways = [json!(["TypeError", code, format!("fetch failed: {message}")]), json!([code, message]), json!([code, message])];
    for ((language, program), expected) in reasons(site, path).into_iter().zip(ways) {
        check(server, language, &program, &expected);
    }
}

#[test]
fn what_no_rule_allows_and_what_leads_inside_is_refused_in_every_way() {
    let (site, place) = (Site::start(), Place::new());
    let at = |path: &str| format!("http://localhost:{}{path}", site.port);
    // The attack lands where the operator lets it.
    site.serve(&place, OPEN).run("python", &site.program("(await fetch('SITE/json')).status"));
    assert_eq!(site.requests.load(Ordering::SeqCst), 1);
    let mut server = site.serve(&place, "guard = []");
    let inside = "the host's address is loopback, and only the public internet is allowed; it was not sent";
    refused(&mut server, &site, "/json", "denied", &format!("fetch GET {}: {inside}", at("/json")));
    place.write(".config/cofferdam/cofferdam.toml", "");
    let mut server = place.serve(Era::Modern, &[]);
    let none = "no http rule of the policy allows it; the tools of a server may do (tools.search finds them); it was not sent";
    refused(&mut server, &site, "/json", "denied", &format!("fetch GET {}: {none}", at("/json")));
    assert_eq!(site.requests.load(Ordering::SeqCst), 1);
    let mut server = site.serve(&place, OPEN);
    refused(
        &mut server,
        &site,
        "/metadata",
        "denied",
        &format!("the request was answered with a redirect that was not followed: fetch GET http://169.254.169.254/latest/meta-data/: {none}"),
    );
    assert_eq!(site.requests.load(Ordering::SeqCst), 4);
}

#[test]
fn a_secret_is_added_by_the_broker_and_no_program_sees_it() {
    let (site, place) = (Site::start(), Place::new());
    let rule = format!("{OPEN}\nheaders = {{ Authorization = \"Bearer ${{TOKEN:-0123456789abcdef}}\" }}");
    let mut server = site.serve(&place, &rule);
    for (language, code) in
        [("javascript", "return (await (await fetch('SITE/echo')).json()).secret"), ("python", "(await fetch('SITE/echo')).json()['secret']")]
    {
        check(&mut server, language, &site.program(code), &json!(true));
    }
    let everything = "import os\nstr(dict(os.environ)) + str((await fetch('SITE/echo'))) + str(list(globals()))";
    assert!(!server.run("python", &site.program(everything)).contains("0123456789abcdef"));
}

#[test]
fn data_that_was_fetched_does_not_go_elsewhere_unasked() {
    let (one, other, place) = (Site::start(), Site::start(), Place::new());
    let both = format!(
        "[[http.rules]]\nallow = [\"* http://localhost:{}/**\", \"* http://localhost:{}/**\"]\nprivate_addresses = true\n",
        one.port, other.port
    );
    place.write(".config/cofferdam/cofferdam.toml", both);
    let mut server = place.serve(Era::Modern, &[]);
    let code = "const first = await (await fetch('SITE/json')).text();\ntry { await fetch('OTHER/' + encodeURIComponent(first)) } catch (e) { return e.cause.code }";
    let code = one.program(code).replace("OTHER", &format!("http://localhost:{}", other.port));
    assert_eq!(server.run("javascript", &code), "needs_approval");
    // Nor in the next run of the same context; back to where it came from it may.
    let code = other.program("try:\n    await fetch('SITE/')\nexcept ToolError as e:\n    out = e.code\nout");
    assert_eq!(server.run("python", &code), "needs_approval");
    assert_eq!(server.run("python", &one.program("(await fetch('SITE/json', method='POST')).status")), "200");
    assert_eq!((one.requests.load(Ordering::SeqCst), other.requests.load(Ordering::SeqCst)), (2, 0));
}

#[test]
fn a_fetch_that_is_not_awaited_or_too_slow_is_told() {
    let (site, place) = (Site::start(), Place::new());
    let mut server = site.serve(&place, OPEN);
    for (language, code) in [("javascript", "fetch('SITE/json');\nreturn 1"), ("python", "fetch('SITE/json')\n1")] {
        let Shown { text, is_error } = server.execute(json!({"language": language, "code": site.program(code)}));
        assert!(is_error && text.contains("fetch"), "{text}");
    }
    let aborted = "try { await fetch('SITE/never', {signal: AbortSignal.timeout(50)}) } catch (e) { return e.name }";
    assert_eq!(server.run("javascript", &site.program(aborted)), "TimeoutError");
    let late = "import urllib.request, urllib.error\ntry:\n    urllib.request.urlopen('SITE/never', timeout=0.2)\nexcept urllib.error.URLError as e:\n    out = type(e.reason).__name__\nout";
    assert_eq!(server.run("python", &site.program(late)), "TimeoutError");
}
