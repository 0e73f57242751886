//! Streamable HTTP of the modern era, against a real server of the newest Python package on loopback.

use crate::bench::{error, name};
use policy::{Block, Limits, ServerState};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use upstream::{Era, ServerConfig, Transport, Upstreams};

/// The server, which ends with this, and what it prints: its port, then the protocol version of each request.
struct Served {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Served {
    /// Answers come as `json` or as `events`.
    async fn start(form: &str) -> Served {
        let peers = std::env::var_os("COFFERDAM_TEST_MODERN").expect("COFFERDAM_TEST_MODERN is not set; `cargo xtask test` sets it");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/modern.py");
        let mut command = Command::new(PathBuf::from(peers).join("bin/python"));
        let mut child = command.arg(script).arg(form).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("the server did not start").parse().unwrap();
        Served { child, lines, port }
    }

    fn upstreams(&self, era: Option<Era>) -> Arc<Upstreams> {
        let transport = Transport::Http { url: format!("http://127.0.0.1:{}/mcp", self.port), headers: BTreeMap::new() };
        let config = ServerConfig { era, ..ServerConfig::new(name("web"), transport) };
        Upstreams::new(vec![config], None, upstream::Lock::in_memory(), &Limits { reply_bytes: 100_000, ..Limits::default() })
    }

    /// Ends the server; the protocol versions of all requests.
    async fn end(mut self) -> Vec<String> {
        self.child.kill().await.unwrap();
        let mut versions = Vec::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            versions.push(line);
        }
        versions
    }
}

fn arguments(arguments: Value) -> Map<String, Value> {
    arguments.as_object().cloned().unwrap()
}

/// Lists and calls; then the server ends.
async fn check(form: &str, era: Option<Era>) {
    let served = Served::start(form).await;
    let upstreams = served.upstreams(era);
    let catalog = upstreams.catalog(&[name("web")]).await;
    let web = &catalog.servers[&name("web")];
    assert_eq!(web.state, ServerState::Listed, "{:?}", upstreams.status());
    assert_eq!(web.tools.keys().collect::<Vec<_>>(), ["add", "fail", "huge", "reject"]);
    assert_eq!(upstreams.status()[0].era, Some(Era::Modern));

    let call = |tool: &str, given: Value| upstreams.call(&web.tools[tool], arguments(given), Duration::from_secs(20));
    let sum = call("add", json!({"a": 2, "b": 3})).await.unwrap();
    assert_eq!((sum.structured, sum.content, sum.is_error), (Some(json!({"result": 5})), vec![Block::Text("5".to_owned())], false));
    let failed = call("fail", json!({})).await.unwrap();
    // The package puts these words before those of the tool.
    assert_eq!((failed.is_error, failed.content), (true, vec![Block::Text("Error executing tool fail: no such issue".to_owned())]));
    assert_eq!(error(call("reject", json!({})).await), "invalid_arguments: text must be short");
    assert_eq!(
        error(call("huge", json!({})).await),
        "reply_too_large: the reply of web.huge is larger than 100000 bytes; it took effect, but ask it for less"
    );
    assert_eq!(call("add", json!({"a": 1, "b": 1})).await.unwrap().structured, Some(json!({"result": 2})));

    let versions = served.end().await;
    assert!(versions.len() >= 7 && versions.iter().all(|version| version == "2026-07-28"), "{versions:?}");
    // Nobody listens any more, so the call was certainly not made: it may be tried again.
    let refused = call("add", json!({"a": 1, "b": 1})).await.unwrap_err();
    assert_eq!(refused.message, "web is not available: it could not be reached; web.add was not called");
    assert_eq!((refused.retryable, refused.fate_unknown, refused.carried_out), (true, false, false));
}

#[tokio::test]
async fn answers_as_json() {
    check("json", None).await;
}

#[tokio::test]
async fn answers_as_events() {
    check("events", None).await;
}

#[tokio::test]
async fn a_pinned_era() {
    check("json", Some(Era::Modern)).await;
}
