//! A sandbox over one tiny guest.

use crate::{guests, seal::example};
use policy::{Guest, Principal};
use sandbox::{Bind, End, Finished, Host, Sandbox, Settings, Turn, Warm, Worker};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Answers every host call with nothing, and remembers it.
pub(crate) struct Echo(pub(crate) Vec<Vec<u8>>);

impl Host for Echo {
    async fn call(&mut self, request: &[u8]) -> Vec<u8> {
        self.0.push(request.to_vec());
        br#"{"ok":true,"value":null}"#.to_vec()
    }
}

/// A sandbox over one tiny guest.
pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) directory: TempDir,
    pub(crate) heard: Vec<Vec<u8>>,
}

/// The settings of a sandbox in this directory.
pub(crate) fn settings(cache: PathBuf) -> Settings {
    Settings { cache, binary: Some(example("zygote")), warm: Warm { python: 1, javascript: 0 }, workers: 4, output_kept_bytes: 4096 }
}

/// A turn document, with seed 7 and the clock at 5 s.
pub(crate) fn turn(document: &str) -> Turn {
    Turn { document: document.as_bytes().to_vec(), seed: [7; 32], clock_ns: 5_000_000_000, tape: None }
}

/// Runs one turn of a bound worker.
pub(crate) async fn turn_of(worker: &mut Worker, document: &str) -> Finished {
    let deadline = Instant::now() + Duration::from_secs(20);
    worker.turn(turn(document), &mut Echo(Vec::new()), sleep_until(deadline), &CancellationToken::new()).await
}

/// Runs turns of a bound worker, each to its end, and gives the last one's status.
pub(crate) async fn status_of(worker: &mut Worker, documents: &[&str]) -> i32 {
    let mut last = 0;
    for document in documents {
        match turn_of(worker, document).await.end {
            End::Completed(status) => last = status,
            end => panic!("{document}: {end:?}"),
        }
    }
    last
}

impl Fixture {
    pub(crate) async fn new(turn: &str) -> Self {
        Fixture::of(turn, |_| example("zygote")).await
    }

    /// A sandbox whose workers are of the binary that is made in its directory.
    pub(crate) async fn of(turn: &str, binary: impl FnOnce(&Path) -> PathBuf) -> Self {
        let directory = TempDir::new().unwrap();
        guests::install(directory.path(), turn);
        let settings = Settings { binary: Some(binary(directory.path())), ..settings(directory.path().to_owned()) };
        Fixture { sandbox: Sandbox::start(settings).await.unwrap(), directory, heard: Vec::new() }
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        let workspace = self.directory.path().join("workspace");
        std::fs::create_dir_all(&workspace).unwrap();
        workspace
    }

    pub(crate) fn bind(&self) -> Bind {
        Bind {
            workspace: self.workspace().to_string_lossy().into_owned(),
            memory_bytes: 16 << 20,
            workspace_bytes: 1 << 20,
            workspace_files: 2,
            environment: vec![],
            files: Vec::new(),
        }
    }

    pub(crate) async fn worker(&self) -> Worker {
        self.sandbox.worker(Guest::Python, &Principal::local()).await.unwrap()
    }

    /// A worker that is bound.
    pub(crate) async fn bound(&self) -> Worker {
        let mut worker = self.worker().await;
        worker.bind(&self.bind()).await.unwrap();
        worker
    }

    pub(crate) async fn run_for(&mut self, limit: Duration, cancel: &CancellationToken) -> Finished {
        let mut worker = self.worker().await;
        let mut host = Echo(Vec::new());
        let finished = worker.run(&self.bind(), turn("{}"), &mut host, sleep_until(Instant::now() + limit), cancel).await;
        self.heard = host.0;
        finished
    }

    pub(crate) async fn run(&mut self) -> Finished {
        self.run_for(Duration::from_secs(20), &CancellationToken::new()).await
    }
}
