//! Where a run happens: a worker with its workspace, fresh for a stateless run, or with the memory and files of a session.

use crate::{
    Fault,
    execute::Executor,
    sessions::{Lost, Open, SessionError, Wanted},
    workspace::Workspace,
};
use policy::{Grant, Guest, RunId};
use sandbox::{Bind, Finished, Host, RestoreError, SandboxError, Turn, Worker};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often a run that waits for a worker looks for an idle session to park.
const PRESSURE: Duration = Duration::from_millis(2);

/// A worker that is ready for one run.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) worker: Worker,
    /// What the worker is still to be bound to; `None` for one that is.
    bind: Option<Bind>,
    kind: Kind,
    /// Where the guest's monotonic clock stands, in nanoseconds.
    pub(crate) clock_ns: u64,
    /// How long it took to put a session's memory into the worker; `None`: it needed none, or had it.
    pub(crate) restored: Option<Duration>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each run")]
enum Kind {
    /// Removed when the place is dropped.
    Stateless(Workspace),
    Session(Option<Open>),
}

/// Why there is no place.
#[derive(Debug)]
pub(crate) enum NoPlace {
    /// The session cannot be used.
    Refused(SessionError),
    /// A fault of ours.
    Fault(Fault),
}

impl From<Fault> for NoPlace {
    fn from(fault: Fault) -> Self {
        NoPlace::Fault(fault)
    }
}

/// What the model is to know of a session beside the run's outcome.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// The last state was damaged, and the one before it is used.
    pub(crate) rolled_back: bool,
    /// A run before this one did not come to its end.
    pub(crate) lost: Option<Lost>,
}

impl Place {
    /// Runs one turn document. The worker is killed unless the turn completed.
    pub(crate) async fn run(
        &mut self,
        document: Vec<u8>,
        seed: [u8; 32],
        host: &mut impl Host,
        over: impl Future<Output = ()> + Send,
        cancel: &CancellationToken,
    ) -> Finished {
        let turn = Turn { document, seed, clock_ns: self.clock_ns, tape: None };
        match &self.bind {
            Some(bind) => self.worker.run(bind, turn, host, over, cancel).await,
            None => self.worker.turn(turn, host, over, cancel).await,
        }
    }

    /// The directory that the program works in.
    pub(crate) fn workspace(&self) -> PathBuf {
        match &self.kind {
            Kind::Stateless(workspace) => workspace.path().to_owned(),
            Kind::Session(open) => open.as_ref().map(Open::workspace).unwrap_or_default(),
        }
    }

    /// The session, which whoever takes it has to settle.
    pub(crate) fn take_session(&mut self) -> Option<Open> {
        match &mut self.kind {
            Kind::Stateless(_) => None,
            Kind::Session(open) => open.take(),
        }
    }
}

impl Executor {
    /// A fresh worker in a fresh directory.
    pub(crate) async fn stateless(&self, run: RunId, grant: &Grant, guest: Guest) -> Result<Place, NoPlace> {
        let worker = self.worker(run, grant, guest).await?;
        let workspace = self.workspaces.workspace().map_err(|source| disk(run, source))?;
        let bind = bind(grant, workspace.path());
        Ok(Place { worker, bind: Some(bind), kind: Kind::Stateless(workspace), clock_ns: 0, restored: None })
    }

    /// A session's worker: the one that waits for it, or a fresh one with its memory.
    pub(crate) async fn in_session(&self, run: RunId, grant: &Grant, guest: Guest, wanted: &Wanted) -> Result<(Place, News), NoPlace> {
        let refused = |error: SessionError| match error {
            SessionError::Disk(source) => NoPlace::Fault(disk(run, source)),
            error => NoPlace::Refused(error),
        };
        let hash = self.sandbox.guest_hash(guest).await.map_err(|source| no_worker(run, source))?;
        let limits = grant.limits();
        let deadline = Instant::now() + limits.wall.min(limits.queue);
        let mut open = self.shared().sessions.begin(grant.principal(), wanted, guest, &hash, deadline).await.map_err(refused)?;
        let mut news = News { rolled_back: false, lost: open.lost.take() };
        let clock_ns = open.record.clock_ns;
        let bind = bind(grant, &open.workspace());
        let place = |worker, bind, open, restored| Place { worker, bind, kind: Kind::Session(Some(open)), clock_ns, restored };
        // One that is bound to what a run may not have any more, or not yet, is not used: its memory is on the disk.
        if let Some(worker) = open.take_live().filter(|worker| worker.is_bound_to(&bind)) {
            return Ok((place(worker, None, open, None), news));
        }
        for which in 0..open.checkpoints() {
            let mut worker = self.worker(run, grant, guest).await?;
            if worker.guest_hash() != open.record.guest_hash {
                return Err(NoPlace::Refused(SessionError::OtherBuild(guest)));
            }
            let began = Instant::now();
            match open.restore(which, &mut worker, &bind).await {
                Ok(true) => return Ok((place(worker, None, open, Some(began.elapsed())), news)),
                Ok(false) => news.rolled_back = true,
                Err(RestoreError::Worker(end)) => {
                    self.look_at_death(run, &end, &worker).await;
                    return Err(no_worker(run, SandboxError::Worker(format!("it ended while a session was restored: {end:?}"))).into());
                }
                Err(error) => return Err(disk(run, std::io::Error::other(error)).into()),
            }
        }
        if news.rolled_back {
            return Err(NoPlace::Refused(SessionError::Damaged("its saved memory is not what was written")));
        }
        let worker = self.worker(run, grant, guest).await?;
        Ok((place(worker, Some(bind), open, None), news))
    }

    /// A fresh worker; idle sessions make room for it.
    async fn worker(&self, run: RunId, grant: &Grant, guest: Guest) -> Result<Worker, Fault> {
        let queue = grant.limits().queue;
        let waiting = tokio::time::timeout(queue, self.sandbox.worker(guest, grant.principal()));
        tokio::pin!(waiting);
        let worker = loop {
            tokio::select! {
                biased;
                worker = &mut waiting => break worker,
                () = tokio::time::sleep(PRESSURE) => if self.sandbox.waiting() > 0 { self.shared().sessions.park_one() },
            }
        };
        worker.map_err(|_| Fault::Busy(queue))?.map_err(|source| no_worker(run, source))
    }
}

fn no_worker(run: RunId, source: SandboxError) -> Fault {
    tracing::error!(%run, error = %source, "no worker");
    Fault::Sandbox { run, source }
}

fn disk(run: RunId, source: std::io::Error) -> Fault {
    tracing::error!(%run, error = %source, "the state directory is not usable");
    Fault::Workspace { run, source }
}

pub(crate) fn bind(grant: &Grant, workspace: &Path) -> Bind {
    let limits = grant.limits();
    let variables = [("HOME", "/workspace"), ("TMPDIR", "/workspace"), ("TZ", "UTC"), ("LANG", "C.UTF-8")];
    Bind {
        workspace: workspace.to_string_lossy().into_owned(),
        memory_bytes: limits.memory_bytes as u64,
        workspace_bytes: limits.workspace_bytes,
        workspace_files: limits.workspace_files,
        environment: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().chain(grant.env().clone()).collect(),
        files: grant.files(),
    }
}
