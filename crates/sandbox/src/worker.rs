//! A worker: one forked process with one guest instance, and its whole life in one function.
//!
//! Fork, close, seal, instantiate, ready; bind, seal for good; perhaps restore; then turns and checkpoints until the broker closes the socket or kills it.

use crate::{
    frame::{self, CHUNK_BYTES, FromWorker, ToWorker},
    instance::{Guest, Prepared},
    pagemap::Pagemap,
    run::Bind,
    seal, sys,
    wasi::Wasi,
    zygote,
};
use rustix::fs::{Mode, OFlags};
use serde_bytes::ByteBuf;
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufRead, Read, Write},
    os::fd::AsRawFd,
    os::unix::net::UnixStream,
    path::Path,
};

/// A moment in a worker's life at which a test has it misbehave.
#[derive(Debug, Clone, Copy)]
pub enum Moment<'a> {
    /// It is sealed, and would say ready.
    Ready,
    /// It is bound.
    Bound,
    /// It would run a turn with this document.
    Turn(&'a [u8]),
    /// It would save its guest.
    Checkpoint,
}

/// What a worker does wrong, in a test.
pub(crate) type Fault = fn(Moment<'_>, &UnixStream);

/// Runs a freshly forked child; never returns. What it was handed are its socket and its output file.
pub(crate) fn main(
    prepared: &Prepared,
    filters: &seal::Filters,
    keep: &BTreeSet<i32>,
    (socket, output): (UnixStream, File),
    fault: Option<Fault>,
) -> ! {
    if let Err(reason) = live(prepared, filters, keep, (&socket, output), fault) {
        // Nobody left to tell when this fails.
        let _ = frame::send(&socket, &FromWorker::Fault(reason));
        sys::exit_now(1);
    }
    sys::exit_now(0)
}

fn live(
    prepared: &Prepared,
    filters: &seal::Filters,
    keep: &BTreeSet<i32>,
    (socket, output): (&UnixStream, File),
    fault: Option<Fault>,
) -> Result<(), String> {
    let at = |moment: Moment<'_>| {
        if let Some(fault) = fault {
            fault(moment, socket);
        }
    };
    close_inherited(keep, &[socket.as_raw_fd(), output.as_raw_fd()])?;
    report_panics(socket)?;
    // Once this process is non-dumpable, the kernel shows its pages to nobody any more.
    let pagemap = Pagemap::open();
    seal::before_ready(filters)?;
    let socket_of_guest = socket.try_clone().map_err(|e| e.to_string())?;
    let wasi = Wasi::unbound(output).map_err(|e| e.to_string())?;
    // WASI's files want a runtime to be entered; one without drivers needs no descriptor and no thread.
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| e.to_string())?;
    let _entered = runtime.enter();
    let mut guest = prepared.instantiate(socket_of_guest, wasi).map_err(|e| format!("instantiate: {e:#}"))?;
    let say = |message: &FromWorker| frame::send(socket, message).map_err(|e| e.to_string());
    // The stack for signals: made now, not when a program waits for it.
    wasmtime::Engine::tls_eager_initialize();
    at(Moment::Ready);
    say(&FromWorker::Ready)?;
    let mut stage = Stage::Unbound;
    let mut workspace = String::new();
    loop {
        // The broker closes the socket when the worker has served its purpose.
        let Ok(message) = frame::receive(socket) else { return Ok(()) };
        let answer = match (message, &stage) {
            (ToWorker::Bind { bind, turn }, Stage::Unbound) => {
                bind_to(&mut guest, filters, &bind)?;
                at(Moment::Bound);
                workspace = bind.workspace;
                stage = Stage::Bound;
                match turn {
                    None => FromWorker::Bound,
                    Some(turn) => {
                        stage = Stage::Used;
                        at(Moment::Turn(&turn.document));
                        guest.turn(&turn)
                    }
                }
            }
            (ToWorker::Pages(first), Stage::Bound) => {
                stage = Stage::Used;
                let source = Source { socket, chunk: first.into_vec(), at: 0, ended: false };
                guest.restore(source).map_or_else(|malformed| FromWorker::Refused(malformed.to_string()), |()| FromWorker::Restored)
            }
            (ToWorker::Turn(turn), Stage::Bound | Stage::Used) => {
                if matches!(stage, Stage::Used) {
                    guest.wasi().files.count(Path::new(&workspace));
                }
                stage = Stage::Used;
                at(Moment::Turn(&turn.document));
                guest.turn(&turn)
            }
            (ToWorker::Checkpoint { limit_bytes }, Stage::Bound | Stage::Used) => {
                at(Moment::Checkpoint);
                let sink = Sink { socket, chunk: Vec::with_capacity(CHUNK_BYTES), left: limit_bytes };
                guest.save(&pagemap, sink).map_or_else(FromWorker::NotSaved, FromWorker::Saved)
            }
            (ToWorker::OwnPages, Stage::Used) => FromWorker::OwnPages(guest.own_pages(&pagemap)),
            _ => return Err("a message out of order".to_owned()),
        };
        say(&answer)?;
        // What trapped or was half restored must not run again.
        if matches!(answer, FromWorker::Trapped { .. } | FromWorker::Refused(_) | FromWorker::Fault(_)) {
            return Ok(());
        }
    }
}

/// How far a worker's life is: binding comes once and first, restoring at most once and before any turn.
enum Stage {
    Unbound,
    Bound,
    Used,
}

/// Binds and seals; after that, what the workspace holds is counted.
fn bind_to(guest: &mut Guest<'_>, filters: &seal::Filters, bind: &Bind) -> Result<(), String> {
    guest.wasi().bind(bind).map_err(|e| format!("workspace: {e:#}"))?;
    guest.limit_memory(bind.memory_bytes)?;
    seal::after_bind(filters, Path::new(&bind.workspace), &bind.files)?;
    guest.wasi().files.count(Path::new(&bind.workspace));
    Ok(())
}

/// Sends a checkpoint in parts, up to a limit.
struct Sink<'a> {
    socket: &'a UnixStream,
    chunk: Vec<u8>,
    left: u64,
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_BYTES {
            self.flush()?;
        }
        let now = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..now]);
        Ok(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        self.left = self.left.checked_sub(self.chunk.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        frame::send(self.socket, &FromWorker::Pages(ByteBuf::from(chunk)))
    }
}

/// Receives a checkpoint in parts; an empty part is its end.
struct Source<'a> {
    socket: &'a UnixStream,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.chunk.len() && !self.ended {
            if !self.chunk.is_empty() {
                let ToWorker::Pages(next) = frame::receive(self.socket)? else { return Err(io::ErrorKind::InvalidData.into()) };
                (self.chunk, self.at) = (next.into_vec(), 0);
            }
            self.ended = self.chunk.is_empty();
        }
        Ok(&self.chunk[self.at..])
    }

    fn consume(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.chunk.len());
    }
}

impl Read for Source<'_> {
    fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let now = ready.len().min(place.len());
        place[..now].copy_from_slice(&ready[..now]);
        self.consume(now);
        Ok(now)
    }
}

/// A panic in the host code of a worker reaches the broker with its message.
fn report_panics(socket: &UnixStream) -> Result<(), String> {
    let socket = socket.try_clone().map_err(|e| e.to_string())?;
    std::panic::set_hook(Box::new(move |info| {
        let _ = frame::send(&socket, &FromWorker::Fault(format!("panic: {info}")));
        sys::exit_now(101);
    }));
    Ok(())
}

/// Puts nothing on 0, 1 and 2, and makes sure that beside them only the compiled guests and what was handed to this worker is open: a
/// descriptor that somebody forgot ends the worker before it is of use to anybody.
pub(crate) fn close_inherited(keep: &BTreeSet<i32>, handed: &[i32]) -> Result<(), String> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).map_err(|e| format!("/dev/null: {e}"))?;
    rustix::stdio::dup2_stdin(&null).map_err(|e| e.to_string())?;
    rustix::stdio::dup2_stdout(&null).map_err(|e| e.to_string())?;
    rustix::stdio::dup2_stderr(&null).map_err(|e| e.to_string())?;
    drop(null);
    let stray: Vec<i32> =
        zygote::open_descriptors().map_err(|e| e.to_string())?.into_iter().filter(|fd| !keep.contains(fd) && !handed.contains(fd)).collect();
    if stray.is_empty() { Ok(()) } else { Err(format!("descriptors {stray:?} were inherited")) }
}
