//! The real guests over a checkpoint: what a person would expect to last.

use crate::fixture::{Echo, settings};
use policy::{Guest, Principal};
use sandbox::{Bind, End, Sandbox, Turn, Worker};
use std::{path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// A sandbox over the real guests, and a workspace.
async fn real() -> (Sandbox, tempfile::TempDir, Bind) {
    let home = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"), PathBuf::from);
    let sandbox = Sandbox::start(settings(home.join("cofferdam"))).await.expect("the guests are built with `cargo xtask guests`");
    let workspace = tempfile::tempdir().unwrap();
    let bind = Bind {
        workspace: workspace.path().to_string_lossy().into_owned(),
        memory_bytes: 256 << 20,
        workspace_bytes: 16 << 20,
        workspace_files: 100,
        environment: vec![("HOME".to_owned(), "/workspace".to_owned())],
        files: Vec::new(),
    };
    (sandbox, workspace, bind)
}

/// Runs a program in its `mode` to its end and gives its outcome. The turns' seeds and clocks differ.
async fn outcome(worker: &mut Worker, mode: &str, turn: u8, code: &str) -> serde_json::Value {
    let document = serde_json::json!({"code": code, "file": "program", "mode": mode, "servers": [], "tools": {}});
    let turn = Turn { document: document.to_string().into_bytes(), seed: [turn; 32], clock_ns: u64::from(turn) * 1_000_000_000_000, tape: None };
    let mut host = Echo(Vec::new());
    let finished = worker.turn(turn, &mut host, sleep_until(Instant::now() + Duration::from_secs(60)), &CancellationToken::new()).await;
    assert_eq!(finished.end, End::Completed(0), "{}", String::from_utf8_lossy(&finished.output.head));
    let last: serde_json::Value = serde_json::from_slice(host.0.last().unwrap()).unwrap();
    last["outcome"].clone()
}

#[tokio::test]
async fn a_javascript_session_lasts() {
    let (sandbox, _workspace, bind) = real().await;
    let mut worker = sandbox.worker(Guest::JavaScript, &Principal::local()).await.unwrap();
    worker.bind(&bind).await.unwrap();
    let first = "var counter = (() => { let n = 0; return () => ++n })(); counter(); function* g() { yield 1; yield 2 } var it = g(); it.next(); \
        var m = new Map([['a', [1, 2n.toString()]]]); var drawn = Math.random(); null";
    outcome(&mut worker, "script", 1, first).await;
    let mut blob = Vec::new();
    worker.checkpoint(&mut blob, 64 << 20).await.unwrap();
    let second = "[counter(), it.next().value, m.get('a'), Math.random() !== drawn]";
    for _ in 0..2 {
        let mut restored = sandbox.worker(Guest::JavaScript, &Principal::local()).await.unwrap();
        restored.restore(&bind, &mut blob.as_slice()).await.unwrap();
        assert_eq!(outcome(&mut restored, "script", 2, second).await["value"], serde_json::json!([2, 2, [1, "2"], true]));
    }
}

#[tokio::test]
async fn a_python_session_lasts() {
    let (sandbox, _workspace, bind) = real().await;
    let mut worker = sandbox.worker(Guest::Python, &Principal::local()).await.unwrap();
    worker.bind(&bind).await.unwrap();
    let first = r#"
import random, sqlite3, time
class Box:
    def __init__(self, v): self.v = v
b = Box([1, 2, 3])
def numbers():
    n = 0
    while True:
        n += 1
        yield n
g = numbers(); next(g); next(g)
memory = sqlite3.connect(":memory:"); memory.execute("create table t(x)"); memory.executemany("insert into t values(?)", [(i,) for i in range(1000)])
disk = sqlite3.connect("orders.db"); disk.execute("create table o(x)"); disk.execute("insert into o values(42)"); disk.commit()
log = open("log.txt", "w"); log.write("one\n"); log.flush()
drawn = random.random(); t = time.monotonic()
None
"#;
    assert_eq!(outcome(&mut worker, "function", 1, first).await["status"], "none");
    let mut blob = Vec::new();
    let saved = worker.checkpoint(&mut blob, 64 << 20).await.unwrap();
    assert_eq!((saved.files, saved.lost_files), (2, 0));
    drop(worker);
    let mut worker = sandbox.worker(Guest::Python, &Principal::local()).await.unwrap();
    worker.restore(&bind, &mut blob.as_slice()).await.unwrap();
    let second = r#"
log.write("two\n"); log.close()
disk.execute("insert into o values(43)"); disk.commit()
[b.v, next(g), memory.execute("select count(*) from t").fetchone()[0], [x for (x,) in disk.execute("select x from o")],
 open("log.txt").read(), random.random() != drawn, time.monotonic() > t]
"#;
    let outcome = outcome(&mut worker, "function", 2, second).await;
    assert_eq!(outcome["value"], serde_json::json!([[1, 2, 3], 3, 1000, [42, 43], "one\ntwo\n", true, true]), "{outcome}");
}
