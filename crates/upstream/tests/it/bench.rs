//! The faulty server as an upstream, and what a test asks of it.

use policy::{CallError, Catalog, Limits, Reply, ServerName, ToolName};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use upstream::{Era, ServerConfig, ServerStatus, Transport, Upstreams};

/// The largest reply in these tests, in bytes.
pub const REPLY_BYTES: usize = 1_000_000;

pub struct Bench {
    pub upstreams: Arc<Upstreams>,
    /// Holds the log that the servers write and the cache of eras.
    pub directory: tempfile::TempDir,
}

pub fn name(name: &str) -> ServerName {
    ServerName::mint(name).unwrap()
}

/// One upstream per mode, named like it. Legacy is pinned where the mode does not ask for something else: it is the shorter way.
pub fn bench(modes: &[&str]) -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let configs = modes.iter().map(|mode| config(mode, &directory)).collect();
    with(configs, directory)
}

pub fn config(mode: &str, directory: &tempfile::TempDir) -> ServerConfig {
    // Test binaries lie in target/debug/deps, examples in target/debug/examples.
    let server = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples/faulty_server");
    let transport = Transport::Stdio {
        command: server.display().to_string(),
        args: vec![mode.to_owned()],
        env: BTreeMap::from([("TEST_LOG".to_owned(), directory.path().join(mode).display().to_string())]),
        cwd: None,
    };
    ServerConfig { era: Some(Era::Legacy), start_timeout: Duration::from_secs(20), ..ServerConfig::new(name(mode), transport) }
}

pub fn with(configs: Vec<ServerConfig>, directory: tempfile::TempDir) -> Bench {
    let limits = Limits { reply_bytes: REPLY_BYTES, ..Limits::default() };
    Bench { upstreams: Upstreams::new(configs, Some(directory.path().join("cache")), upstream::Lock::in_memory(), &limits), directory }
}

impl Bench {
    pub async fn catalog(&self) -> Arc<Catalog> {
        let all: Vec<ServerName> = self.upstreams.names().cloned().collect();
        self.upstreams.catalog(&all).await
    }

    pub async fn call(&self, tool: &str) -> Result<Reply, CallError> {
        self.call_within(tool, Value::Null, Duration::from_secs(20)).await
    }

    pub async fn call_within(&self, tool: &str, arguments: Value, wait: Duration) -> Result<Reply, CallError> {
        let name = ToolName::parse(tool).unwrap();
        let catalog = self.upstreams.catalog(std::slice::from_ref(&name.server)).await;
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        self.upstreams.call(catalog.tool(&name).unwrap_or_else(|| panic!("no tool {tool}")), arguments, wait).await
    }

    /// The lines that the server of this mode has written to its log.
    pub fn log(&self, mode: &str) -> Vec<String> {
        log(&self.directory.path().join(mode))
    }

    pub fn status(&self, mode: &str) -> ServerStatus {
        self.upstreams.status().into_iter().find(|status| status.name.as_str() == mode).unwrap()
    }
}

fn log(path: &PathBuf) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// The error of a call as `code: message`.
pub fn error(result: Result<Reply, CallError>) -> String {
    let error = result.unwrap_err();
    format!("{}: {}", error.code, error.message)
}

/// Whether a process with this number exists and is not a zombie.
pub fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits until `done`, at most ten seconds.
pub async fn eventually(what: &str, done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}
