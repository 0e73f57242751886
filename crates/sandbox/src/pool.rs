//! Warm workers per guest, and the zygote that they come from.
//!
//! A worker with an instance waits for each guest, so that a run does not wait for a fork. It serves one session or one stateless run and is
//! never used again. An abnormal death retires the zygote: its forks share one address-space layout, which may have been learned.

use crate::{
    frame::FromWorker,
    guests::{self, GuestError},
    output::{self, Output},
    precedence::{self, SHORT_RUN},
    process::{Compiled, Exit, Zygote},
    run::{self, Bind},
    slots::{Slot, Slots},
    sys,
};
use policy::{Guest, Principal};
use std::{
    collections::HashMap,
    fs::File,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{io::BufReader, net::UnixStream, sync::oneshot};

/// How long a forked worker may take to say ready. Generous: a machine may be very busy.
const READY_WAIT: Duration = Duration::from_secs(20);

/// How long a refill waits while a warm worker is left: longer than a short run takes, in a session with restoring and saving.
const REFILL_DELAY: Duration = Duration::from_millis(15);

/// How many workers are kept ready for each guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warm {
    /// With the Python guest.
    pub python: usize,
    /// With the JavaScript guest.
    pub javascript: usize,
}

impl Default for Warm {
    fn default() -> Self {
        Warm { python: 2, javascript: 2 }
    }
}

/// How long a program that begins to compute after a long wait may go on before it gives way.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the guests are.
    pub cache: PathBuf,
    /// The binary to exec as the zygote; `None`: this one, whose `main` calls [`crate::worker_main`] first.
    pub binary: Option<PathBuf>,
    /// Workers kept ready.
    pub warm: Warm,
    /// Workers that may be in use at the same time.
    pub workers: usize,
    /// Printed output kept per worker, in bytes.
    pub output_kept_bytes: u64,
}

/// Why there is no worker.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The guests could not be read.
    #[error(transparent)]
    Guests(#[from] GuestError),
    /// This guest is not there.
    #[error("the {0} guest is not built; build it with `cargo xtask guests`, or compile it for this machine with `cofferdam guests build`")]
    NotBuilt(&'static str),
    /// The zygote could not be started.
    #[error("the worker process could not be started: {0}")]
    Zygote(String),
    /// A worker could not be made.
    #[error("no worker could be made: {0}")]
    Worker(String),
}

/// The broker's side of all workers.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    binary: PathBuf,
    slots: Slots,
    zygote: tokio::sync::Mutex<Option<Arc<Zygote>>>,
    warm: Mutex<HashMap<Guest, Vec<Idle>>>,
}

/// A worker that waits for work.
#[derive(Debug)]
struct Idle {
    socket: BufReader<UnixStream>,
    output: File,
    pid: i32,
    exited: oneshot::Receiver<Exit>,
    zygote: Arc<Zygote>,
}

/// A worker in use. Killed when it is dropped.
#[derive(Debug)]
pub struct Worker {
    pub(crate) socket: BufReader<UnixStream>,
    pub(crate) exited: oneshot::Receiver<Exit>,
    /// Whether it waits for the broker's word: false during an exchange, and for good after one that failed or was given up.
    pub(crate) at_rest: bool,
    /// What it was bound to.
    pub(crate) bound: Option<Bind>,
    guest: Guest,
    output: File,
    kept_bytes: u64,
    pid: i32,
    zygote: Arc<Zygote>,
    pub(crate) slot: Slot,
}

impl Sandbox {
    /// Starts the zygote and begins to warm workers. The thread that calls it, which is to answer the workers, comes before long runs from now on.
    ///
    /// # Errors
    /// When no guest is built, or the zygote cannot be started.
    pub async fn start(settings: Settings) -> Result<Self, SandboxError> {
        let binary = match &settings.binary {
            Some(binary) => binary.clone(),
            None => std::env::current_exe().map_err(|e| SandboxError::Zygote(e.to_string()))?,
        };
        let slots = Slots::new(settings.workers);
        // Where the kernel does not let it, short runs wait longer.
        let _ = precedence::come_first();
        let sandbox = Sandbox(Arc::new(Inner { settings, binary, slots, zygote: tokio::sync::Mutex::default(), warm: Mutex::default() }));
        sandbox.zygote().await?;
        for guest in Guest::ALL {
            sandbox.refill(guest);
        }
        Ok(sandbox)
    }

    /// A worker for one session or one stateless run; waits in a fair queue while all are in use. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// When none can be made.
    pub async fn worker(&self, guest: Guest, principal: &Principal) -> Result<Worker, SandboxError> {
        let slot = self.0.slots.take(principal).await;
        // Warm workers are for those who have none; who crowds waits for a fork, which gives way from the first.
        let warm = if slot.crowds() { None } else { self.take_warm(guest) };
        let idle = match warm {
            Some(idle) => idle,
            None => self.spawn(guest, slot.crowds()).await?,
        };
        self.refill_later(guest);
        let Idle { socket, output, pid, exited, zygote } = idle;
        let kept_bytes = self.0.settings.output_kept_bytes;
        Ok(Worker { socket, exited, at_rest: true, bound: None, guest, output, kept_bytes, pid, zygote, slot })
    }

    /// What a checkpoint depends on, as one word: the hash of the guest's snapshot, and Wasmtime's version, configuration and target. A new
    /// worker has this one, unless the guests are built anew in the meantime: [`Worker::guest_hash`] is certain.
    ///
    /// # Errors
    /// When the guest is not there, or the zygote cannot be started.
    pub async fn guest_hash(&self, guest: Guest) -> Result<String, SandboxError> {
        self.zygote().await?.guest_hash(guest).map(str::to_owned).ok_or(SandboxError::NotBuilt(guest.name()))
    }

    /// How many runs wait for a worker.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.slots.waiting()
    }

    /// Retires the zygote after an abnormal death: workers in use go on, new ones come from a new zygote. The worker's principal waits before it
    /// has another worker, longer with every death.
    pub async fn retire_zygote(&self, worker: &Worker) {
        self.0.slots.back_off(worker.slot.principal(), tokio::time::Instant::now());
        let mut current = self.0.zygote.lock().await;
        if current.as_ref().is_some_and(|zygote| Arc::ptr_eq(zygote, &worker.zygote)) {
            tracing::warn!(pid = worker.zygote.pid(), "a worker died abnormally: its zygote is retired");
            *current = None;
            self.warm().clear();
        }
        drop(current);
        for guest in Guest::ALL {
            self.refill(guest);
        }
    }

    fn warm(&self) -> MutexGuard<'_, HashMap<Guest, Vec<Idle>>> {
        self.0.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A warm worker that is still alive.
    fn take_warm(&self, guest: Guest) -> Option<Idle> {
        let mut warm = self.warm();
        let idle = warm.get_mut(&guest)?;
        loop {
            let mut next = idle.pop()?;
            if !is_gone(&next.zygote, &mut next.exited) {
                return Some(next);
            }
        }
    }

    /// Refills, but not in the way of the run that just took a worker: at once only when none is left for the next.
    fn refill_later(&self, guest: Guest) {
        if self.warm().get(&guest).is_none_or(Vec::is_empty) {
            self.refill(guest);
            return;
        }
        let sandbox = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(REFILL_DELAY).await;
            sandbox.refill(guest);
        });
    }

    /// Brings the warm workers of a guest back to their number, in the background.
    fn refill(&self, guest: Guest) {
        let wanted = match guest {
            Guest::Python => self.0.settings.warm.python,
            Guest::JavaScript => self.0.settings.warm.javascript,
        };
        let sandbox = self.clone();
        tokio::spawn(async move {
            while sandbox.warm().get(&guest).map_or(0, Vec::len) < wanted {
                match sandbox.spawn(guest, false).await {
                    Ok(idle) => {
                        // One of a zygote that was retired in the meantime is not kept.
                        let current = sandbox.0.zygote.lock().await;
                        if !current.as_ref().is_some_and(|zygote| Arc::ptr_eq(zygote, &idle.zygote)) {
                            continue;
                        }
                        let mut warm = sandbox.warm();
                        let waiting = warm.entry(guest).or_default();
                        if waiting.len() < wanted {
                            waiting.push(idle);
                        }
                    }
                    Err(SandboxError::NotBuilt(_)) => return,
                    Err(error) => {
                        tracing::warn!(%error, guest = guest.name(), "no warm worker");
                        return;
                    }
                }
            }
        });
    }

    /// The zygote that new workers come from; started anew when it is gone.
    async fn zygote(&self) -> Result<Arc<Zygote>, SandboxError> {
        let mut current = self.0.zygote.lock().await;
        if let Some(zygote) = current.as_ref().filter(|zygote| !zygote.is_gone()) {
            return Ok(Arc::clone(zygote));
        }
        let compiled = compiled(&self.0.settings.cache)?;
        let binary = self.0.binary.clone();
        let started = tokio::task::spawn_blocking(move || Zygote::start(&binary, &compiled)).await;
        let zygote = started.map_err(|e| SandboxError::Zygote(e.to_string()))?.map_err(SandboxError::Zygote)?;
        *current = Some(Arc::clone(&zygote));
        Ok(zygote)
    }

    async fn spawn(&self, guest: Guest, gives_way: bool) -> Result<Idle, SandboxError> {
        let zygote = self.zygote().await?;
        if zygote.guest_hash(guest).is_none() {
            return Err(SandboxError::NotBuilt(guest.name()));
        }
        let failed = |e: std::io::Error| SandboxError::Worker(e.to_string());
        let output = output::create(self.0.settings.output_kept_bytes).map_err(failed)?;
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
        let started = zygote.spawn(Some(guest), gives_way, &theirs, &output).await.map_err(SandboxError::Worker)?;
        drop(theirs);
        ours.set_nonblocking(true).map_err(failed)?;
        let mut socket = BufReader::new(UnixStream::from_std(ours).map_err(failed)?);
        match tokio::time::timeout(READY_WAIT, run::receive(&mut socket)).await {
            Ok(Ok(FromWorker::Ready)) => Ok(Idle { socket, output, pid: started.pid, exited: started.exited, zygote }),
            Ok(Ok(FromWorker::Fault(reason))) => Err(SandboxError::Worker(reason)),
            Ok(Ok(_)) => Err(SandboxError::Worker("it did not say ready".to_owned())),
            Ok(Err(error)) => {
                let exit = tokio::time::timeout(Duration::from_secs(1), started.exited).await.ok().and_then(Result::ok);
                Err(SandboxError::Worker(format!("it ended before it was ready: {error} ({exit:?})")))
            }
            Err(_) => {
                zygote.kill(started.pid);
                Err(SandboxError::Worker(format!("it was not ready within {} s", READY_WAIT.as_secs())))
            }
        }
    }
}

/// Whether a worker of this zygote, or all of them, have ended.
fn is_gone(zygote: &Zygote, exited: &mut oneshot::Receiver<Exit>) -> bool {
    zygote.is_gone() || !matches!(exited.try_recv(), Err(oneshot::error::TryRecvError::Empty))
}

/// The compiled guests of this machine.
fn compiled(cache: &std::path::Path) -> Result<Vec<Compiled>, SandboxError> {
    let engine = guests::engine_key()?;
    let compiled: Vec<_> = guests::list(cache)?
        .into_iter()
        .filter_map(|found| Some(Compiled { guest: found.guest, path: found.compiled?, hash: format!("{}-{engine}", found.key) }))
        .collect();
    if compiled.is_empty() { Err(SandboxError::NotBuilt("python")) } else { Ok(compiled) }
}

impl Worker {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The guest that it runs, as [`Sandbox::guest_hash`] names it: a checkpoint may only be restored where this is the same.
    #[must_use]
    pub fn guest_hash(&self) -> &str {
        self.zygote.guest_hash(self.guest).unwrap_or_default()
    }

    /// Whether its process has ended by itself while it was at rest, for example killed by the kernel for want of memory.
    #[must_use]
    pub fn is_gone(&mut self) -> bool {
        is_gone(&self.zygote, &mut self.exited)
    }

    /// Has it give way to others once it has computed for longer than a short run does.
    pub(crate) fn give_way(&self) -> impl Future<Output = ()> + Send + use<> {
        let (zygote, pid) = (Arc::clone(&self.zygote), self.pid);
        async move {
            let (before, mut pause) = (sys::computed(pid), SHORT_RUN);
            while sys::computed(pid).saturating_sub(before) < SHORT_RUN {
                tokio::time::sleep(pause).await;
                // One that waits for a call, or for a person, is looked at less and less.
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            zygote.give_way(pid);
        }
    }

    /// Kills its process.
    pub(crate) fn kill(&self) {
        self.zygote.kill(self.pid);
    }

    /// What was printed so far. Much is read on another thread; nothing may be printed meanwhile.
    pub(crate) async fn output(&self) -> Output {
        let kept_bytes = self.kept_bytes;
        let read = match self.output.try_clone() {
            Ok(file) if output::is_large(&file).unwrap_or(false) => {
                let reading = tokio::task::spawn_blocking(move || output::read(&file, kept_bytes));
                reading.await.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked)))
            }
            _ => output::read(&self.output, kept_bytes),
        };
        read.unwrap_or_default()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
