//! An executor in a state directory of its own, whose workers misbehave when a program says so.

use executor::{Executor, Fault, Log, Reply, Request, Settings, Wanted};
use policy::{Context, Language, Limits, Policy, Principal};
use sandbox::Warm;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// An executor over the real guests, with the sandbox's example `fault` as the binary of its workers: see there for the words that it knows.
pub(crate) struct Embedded {
    pub(crate) executor: Arc<Executor>,
    /// The binary is linked to from here, and the state lies below.
    pub(crate) directory: TempDir,
}

impl Embedded {
    pub(crate) async fn new() -> Self {
        Embedded::from(|_| ()).await
    }

    /// One whose directory is prepared before its first zygote starts.
    pub(crate) async fn from(prepare: impl FnOnce(&Path)) -> Self {
        let directory = TempDir::new().unwrap();
        let binary = directory.path().join("worker");
        std::os::unix::fs::symlink(fault_binary(), &binary).unwrap();
        prepare(directory.path());
        let limits = Limits { failures: u32::MAX, failures_in_a_row: u32::MAX, ..Limits::default() };
        let settings = Settings {
            policy: Policy { limits, ..Policy::default() },
            operator: None,
            servers: Vec::new(),
            lock: upstream::Lock::in_memory(),
            unusable: Vec::new(),
            secrets: executor::Secrets::default(),
            cache_dir: cache(),
            state_dir: directory.path().join("state"),
            // So that all processes are those of runs, and the zygotes.
            warm: Warm { python: 0, javascript: 0 },
            binary: Some(binary),
        };
        Embedded { executor: Executor::start(settings).await.unwrap(), directory }
    }

    /// Runs a program of this principal, for 30 s at most.
    pub(crate) async fn run(&self, principal: &str, language: Language, session: Option<Wanted>, code: &str) -> Result<Reply, Fault> {
        self.run_for(principal, language, session, code, Duration::from_secs(30)).await
    }

    pub(crate) async fn run_for(
        &self,
        principal: &str,
        language: Language,
        session: Option<Wanted>,
        code: &str,
        timeout: Duration,
    ) -> Result<Reply, Fault> {
        let request = Request {
            context: Context { principal: Principal::named(principal.to_owned()), name: "test".to_owned() },
            code: code.to_owned(),
            language,
            session,
            timeout: Some(timeout),
            intent: None,
            idempotency: None,
        };
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        self.executor.execute(request, events, None, CancellationToken::new()).await
    }

    pub(crate) fn log(&self) -> Log {
        Log::new(&self.directory.path().join("state"))
    }
}

/// Built with the tests of the workspace.
fn fault_binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().unwrap().with_file_name("examples").join("fault");
    assert!(binary.exists(), "{} is built with `cargo build -p sandbox --examples`", binary.display());
    binary
}

/// Where the guests are: `cargo xtask guests` builds them.
fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"), PathBuf::from);
    base.join("cofferdam")
}
