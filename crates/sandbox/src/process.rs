//! The broker's handle on a zygote: asks it for workers, has them killed, hears of their ends.

use crate::{
    ZYGOTE_ARGUMENT, frame,
    seal::Network,
    zygote::{CONTROL_BYTES, Command, Event, Handed},
};
use policy::Guest;
use rustix::net::{AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, sendmsg, socketpair};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::sync::oneshot;

/// How a worker's process ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exit {
    pub(crate) status: Option<i32>,
    pub(crate) signal: Option<i32>,
}

/// A compiled guest for a zygote.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) guest: Guest,
    pub(crate) path: PathBuf,
    /// Of the guest and the engine.
    pub(crate) hash: String,
}

/// A running zygote. When the last handle is dropped it ends, and its workers with it.
#[derive(Debug)]
pub(crate) struct Zygote {
    control: OwnedFd,
    shared: Arc<Shared>,
    tickets: AtomicU64,
    child: Mutex<Child>,
    guests: HashMap<Guest, String>,
    network: Network,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    gone: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    spawned: HashMap<u64, oneshot::Sender<Result<Started, String>>>,
    living: HashMap<i32, oneshot::Sender<Exit>>,
}

/// A worker's process, as the zygote reported it.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) pid: i32,
    pub(crate) exited: oneshot::Receiver<Exit>,
}

impl Zygote {
    /// Starts a zygote from `binary` for these compiled guests and waits until it has mapped them. Blocking, some 20 ms.
    pub(crate) fn start(binary: &Path, guests: &[Compiled]) -> Result<Arc<Self>, String> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(|e| e.to_string())?;
        let mut command = std::process::Command::new(binary);
        command.arg(ZYGOTE_ARGUMENT).env_clear().stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        #[cfg(feature = "attack")]
        command.env(policy::attack::WITHOUT, policy::attack::handed_on());
        for compiled in guests {
            command.arg(compiled.guest.name()).arg(&compiled.path);
        }
        let listener = ours.try_clone().map_err(|e| e.to_string())?;
        let shared = Arc::new(Shared::default());
        let guests = guests.iter().map(|compiled| (compiled.guest, compiled.hash.clone())).collect();
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let heard = Arc::clone(&shared);
        let binary = binary.to_owned();
        // The kernel's parent-death signal follows the thread that started a child, not the process: this thread stays as long as the zygote.
        let live = move || {
            let started = command.spawn().map_err(|e| format!("{}: {e}", binary.display()));
            drop(command);
            let started = started.and_then(|child| until_ready(&listener).map(|network| (child, network)));
            let goes_on = started.is_ok();
            if tell.send(started).is_ok() && goes_on {
                listen(&listener, &heard);
            }
        };
        std::thread::Builder::new().name("zygote".to_owned()).spawn(live).map_err(|e| e.to_string())?;
        let (child, network) = told.recv().map_err(|e| e.to_string())??;
        Ok(Arc::new(Zygote { control: ours, shared, tickets: AtomicU64::new(0), child: Mutex::new(child), guests, network }))
    }

    /// Whether its process is gone.
    pub(crate) fn is_gone(&self) -> bool {
        self.shared.gone.load(Ordering::Acquire)
    }

    /// The hash of a guest that it has mapped.
    pub(crate) fn guest_hash(&self, guest: Guest) -> Option<&str> {
        self.guests.get(&guest).map(String::as_str)
    }

    /// What network its workers are in.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// Has a worker forked that gives way or does not, without a guest one that only tells what holds of it; the answer is its process, the worker itself says ready on its socket.
    pub(crate) async fn spawn(&self, guest: Option<Guest>, gives_way: bool, socket: &UnixStream, output: &File) -> Result<Started, String> {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.shared.waiting().spawned.insert(ticket, sender);
        let handed = Handed { socket, output };
        if let Err(error) = self.command(&Command::Spawn { guest, gives_way, ticket }, Some(&handed)) {
            self.shared.waiting().spawned.remove(&ticket);
            return Err(error.to_string());
        }
        receiver.await.map_err(|_| "the zygote is gone".to_owned())?
    }

    /// Has a worker killed.
    pub(crate) fn kill(&self, pid: i32) {
        // When the zygote is gone its workers are too.
        let _ = self.command(&Command::Kill { pid }, None);
    }

    /// Has a worker give way to others.
    pub(crate) fn give_way(&self, pid: i32) {
        let _ = self.command(&Command::GiveWay { pid }, None);
    }

    fn command(&self, command: &Command, handed: Option<&Handed<'_>>) -> io::Result<()> {
        let bytes = postcard::to_allocvec(command).map_err(io::Error::other)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors = handed.map(Handed::descriptors);
        if let Some(descriptors) = &descriptors {
            ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        sendmsg(&self.control, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        // The listening thread holds a second descriptor of the socket: shut it down, so that both sides see the end.
        let _ = rustix::net::shutdown(&self.control, rustix::net::Shutdown::Both);
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // It ends at once when its socket closes; nothing of it may stay behind as a zombie.
        let _ = child.wait();
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the zygote has mapped the guests.
fn until_ready(control: &OwnedFd) -> Result<Network, String> {
    match next(control) {
        Ok(Some(Event::Ready { network })) => Ok(network),
        Ok(Some(Event::Failed(reason))) => Err(reason),
        Ok(_) => Err("it ended before it was ready".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn next(control: &impl AsFd) -> io::Result<Option<Event>> {
    let mut bytes = [0; CONTROL_BYTES];
    let length = loop {
        match recv(control, &mut bytes[..], rustix::net::RecvFlags::empty()) {
            Ok((length, _)) => break length,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    };
    if length == 0 { Ok(None) } else { frame::decode(&bytes[..length]).map(Some) }
}

/// Hands the zygote's events to those who wait for them, until it is gone.
fn listen(control: &OwnedFd, shared: &Shared) {
    while let Ok(Some(event)) = next(control) {
        let mut waiting = shared.waiting();
        match event {
            Event::Spawned { ticket, pid } => {
                let answer = pid.map(|pid| {
                    let (sender, exited) = oneshot::channel();
                    waiting.living.insert(pid, sender);
                    Started { pid, exited }
                });
                if let Some(sender) = waiting.spawned.remove(&ticket) {
                    // Whoever asked may have gone away; the worker then ends when its socket closes.
                    let _ = sender.send(answer);
                }
            }
            Event::Exited { pid, status, signal } => {
                if let Some(sender) = waiting.living.remove(&pid) {
                    let _ = sender.send(Exit { status, signal });
                }
            }
            Event::Ready { .. } | Event::Failed(_) => {}
        }
    }
    shared.gone.store(true, Ordering::Release);
    let mut waiting = shared.waiting();
    waiting.spawned.clear();
    waiting.living.clear();
}
