//! The zygote: a single-threaded process that has mapped the compiled guests and forks workers on request.
//!
//! It is the same binary, exec'd with an empty environment: nothing of the broker's memory, and so no secret, is in it. It reaps its children and alone kills them, so
//! that a process id is never used after it was given back. It runs no guest and no WASI: a forked child must never find half of a lock.

use crate::{engine, frame, inspect, instance::Prepared, precedence, seal, sys, touched, worker};
use policy::Guest;
use rustix::{
    event::{PollFd, PollFlags, poll},
    fd::{AsFd, BorrowedFd, OwnedFd},
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recvmsg, send},
    process::{Pid, PidfdFlags, Resource, Rlimit, Signal, WaitOptions, getrlimit, kill_process, pidfd_open, setrlimit, waitpid},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::File,
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::unix::net::UnixStream,
    path::Path,
};

/// The largest control message, in bytes.
pub(crate) const CONTROL_BYTES: usize = 4096;

/// Broker to zygote.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Forks a worker for this guest, or one that only tells what holds of it. Carries two descriptors: its socket and its output file.
    Spawn {
        /// Which guest.
        guest: Option<Guest>,
        /// Whether it gives way from the first.
        gives_way: bool,
        /// Comes back in the answer.
        ticket: u64,
    },
    /// Kills a worker. Nothing happens when it is gone.
    Kill {
        /// Its process id.
        pid: i32,
    },
    /// Has a worker give way to all others from now on. Nothing happens when it is gone.
    GiveWay {
        /// Its process id.
        pid: i32,
    },
}

/// Zygote to broker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The guests are mapped.
    Ready {
        /// What network workers are in.
        network: seal::Network,
    },
    /// It cannot work: why.
    Failed(String),
    /// A worker was forked.
    Spawned {
        /// From the command.
        ticket: u64,
        /// Its process id, or why there is none.
        pid: Result<i32, String>,
    },
    /// A worker ended.
    Exited {
        /// Its process id.
        pid: i32,
        /// Its exit status, if it exited.
        status: Option<i32>,
        /// The signal that ended it, if one did.
        signal: Option<i32>,
    },
}

/// Runs the zygote on the control socket at descriptor 0. The arguments are pairs of a guest's name and its compiled file.
pub(crate) fn main(arguments: Vec<OsString>, fault: Option<worker::Fault>) -> ! {
    let status = match Zygote::start(&arguments, fault) {
        Ok(zygote) => zygote.serve(),
        Err(reason) => {
            // The broker is waiting for one of the two words; if it is gone there is nobody to tell.
            let _ = tell(&Event::Failed(reason));
            1
        }
    };
    sys::exit_now(status)
}

struct Zygote {
    guests: BTreeMap<Guest, Prepared>,
    filters: seal::Filters,
    /// Descriptors that a worker keeps: the compiled guests, whose memory images are mapped from them.
    keep: BTreeSet<i32>,
    children: BTreeMap<i32, OwnedFd>,
    /// What its workers do wrong, in a test.
    fault: Option<worker::Fault>,
}

fn control() -> BorrowedFd<'static> {
    rustix::stdio::stdin()
}

fn tell(event: &Event) -> io::Result<()> {
    let bytes = postcard::to_allocvec(event).map_err(io::Error::other)?;
    send(control(), &bytes, SendFlags::NOSIGNAL)?;
    Ok(())
}

impl Zygote {
    fn start(arguments: &[OsString], fault: Option<worker::Fault>) -> Result<Self, String> {
        // The whole tree ends with the broker, however the broker ends.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
        raise_stack_limit()?;
        // Where the kernel does not let it, short runs wait longer.
        let _ = precedence::come_first_with_forks();
        let engine = engine::engine().map_err(|e| format!("engine: {e:#}"))?;
        let mut guests = BTreeMap::new();
        for pair in arguments.chunks_exact(2) {
            let guest = Guest::ALL.into_iter().find(|g| pair[0] == g.name()).ok_or_else(|| format!("no guest {:?}", pair[0]))?;
            let path = Path::new(&pair[1]);
            let module = sys::map_module(&engine, path).map_err(|e| format!("{}: {e:#}", path.display()))?;
            guests.insert(guest, Prepared::new(&engine, &module, touched::read(path)).map_err(|e| format!("{}: {e:#}", guest.name()))?);
        }
        let network = seal::leave_network().map_err(|e| e.to_string())?;
        let filters = seal::Filters::compile()?;
        let keep = open_descriptors().map_err(|e| e.to_string())?;
        tell(&Event::Ready { network }).map_err(|e| e.to_string())?;
        Ok(Zygote { guests, filters, keep, children: BTreeMap::new(), fault })
    }

    /// Answers commands until the broker closes the socket, then kills what is left.
    fn serve(mut self) -> i32 {
        loop {
            let control = control();
            let mut polled: Vec<PollFd<'_>> = std::iter::once(PollFd::new(&control, PollFlags::IN))
                .chain(self.children.values().map(|pidfd| PollFd::new(pidfd, PollFlags::IN)))
                .collect();
            match poll(&mut polled, None) {
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return 1,
                Ok(_) => {}
            }
            let commanded = !polled[0].revents().is_empty();
            let ended = polled[1..].iter().any(|p| !p.revents().is_empty());
            drop(polled);
            if ended {
                self.reap();
            }
            if commanded && !self.obey() {
                for pid in self.children.keys() {
                    kill(*pid);
                }
                return 0;
            }
        }
    }

    /// Reads and carries out one command; false when the broker is gone.
    fn obey(&mut self) -> bool {
        let mut bytes = [0; CONTROL_BYTES];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(control(), &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC);
        let length = match received {
            Ok(message) if message.bytes > 0 => message.bytes,
            Err(rustix::io::Errno::INTR) => return true,
            _ => return false,
        };
        let mut descriptors: Vec<OwnedFd> = ancillary
            .drain()
            .flat_map(|message| match message {
                RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<_>>(),
                _ => Vec::new(),
            })
            .collect();
        match (frame::decode(&bytes[..length]), descriptors.pop(), descriptors.pop()) {
            (Ok(Command::Spawn { guest, gives_way, ticket }), Some(output), Some(socket)) => {
                let pid = self.spawn(guest, socket.into(), output.into());
                if let (Ok(pid), true) = (&pid, gives_way) {
                    // It may have ended in this moment.
                    let _ = precedence::give_way(*pid);
                }
                tell(&Event::Spawned { ticket, pid }).is_ok()
            }
            (Ok(Command::Kill { pid }), ..) => {
                if self.children.contains_key(&pid) {
                    kill(pid);
                }
                true
            }
            (Ok(Command::GiveWay { pid }), ..) => {
                if self.children.contains_key(&pid) {
                    // It may have ended in this moment.
                    let _ = precedence::give_way(pid);
                }
                true
            }
            _ => false,
        }
    }

    fn spawn(&mut self, guest: Option<Guest>, socket: UnixStream, output: File) -> Result<i32, String> {
        let known = |guest: Guest| self.guests.get(&guest).ok_or_else(|| format!("the guest {} is not built", guest.name()));
        let prepared = guest.map(known).transpose()?;
        match sys::fork().map_err(|e| format!("fork: {e}"))? {
            sys::Forked::Child => {
                // Its siblings are none of its business.
                self.children.clear();
                match prepared {
                    Some(prepared) => worker::main(prepared, &self.filters, &self.keep, (socket, output), self.fault),
                    None => inspect::main(&self.filters, &self.keep, socket, output),
                }
            }
            sys::Forked::Parent(pid) => {
                let number = pid.as_raw_nonzero().get();
                let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|e| {
                    kill(number);
                    format!("pidfd_open: {e}")
                })?;
                self.children.insert(number, pidfd);
                Ok(number)
            }
        }
    }

    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = waitpid(None, WaitOptions::NOHANG) {
            let pid = pid.as_raw_nonzero().get();
            self.children.remove(&pid);
            // A broker that is gone is noticed at the next command.
            let _ = tell(&Event::Exited { pid, status: status.exit_status(), signal: status.terminating_signal() });
        }
    }
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may have ended in this moment; then there is nothing to kill, and the id is still ours until it is reaped.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Guests run on the main thread, whose stack grows up to this limit.
fn raise_stack_limit() -> Result<(), String> {
    let wanted = engine::NATIVE_STACK_BYTES;
    let limit = getrlimit(Resource::Stack);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    setrlimit(Resource::Stack, Rlimit { current: Some(wanted), maximum: limit.maximum })
        .map_err(|e| format!("a stack of {wanted} bytes is needed, and the hard limit (ulimit -Hs) is lower: {e}"))
}

/// The descriptors that are open now, the control socket apart.
pub(crate) fn open_descriptors() -> io::Result<BTreeSet<i32>> {
    let directory = std::fs::read_dir("/proc/self/fd")?;
    let all: Vec<i32> = directory.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    // The directory's own descriptor was open while it was read and is closed by now.
    Ok(all.into_iter().filter(|fd| *fd > 2 && std::fs::read_link(format!("/proc/self/fd/{fd}")).is_ok()).collect())
}

/// What the two descriptors of a [`Command::Spawn`] are.
#[derive(Debug)]
pub(crate) struct Handed<'a> {
    /// The worker's end of the socket pair.
    pub(crate) socket: &'a UnixStream,
    /// The worker's output file.
    pub(crate) output: &'a File,
}

impl Handed<'_> {
    /// In the order in which [`Zygote::obey`] takes them.
    pub(crate) fn descriptors(&self) -> [BorrowedFd<'_>; 2] {
        [self.socket.as_fd(), self.output.as_fd()]
    }
}
