//! A worker: one forked process with one guest instance, and its whole life in one function.
//!
//! Fork, close, seal, instantiate, ready; bind, seal for good; then turns until the broker closes the socket or kills it.

use crate::{
    frame::{self, FromWorker, ToWorker},
    instance::{Guest, Prepared},
    run::Bind,
    seal, sys,
    wasi::Wasi,
    zygote,
};
use rustix::fs::{Mode, OFlags};
use std::{collections::BTreeSet, fs::File, os::fd::AsRawFd, os::unix::net::UnixStream, path::Path};

/// Runs a freshly forked child; never returns.
pub(crate) fn main(prepared: &Prepared, filters: &seal::Filters, keep: &BTreeSet<i32>, socket: UnixStream, output: File) -> ! {
    let fault = match live(prepared, filters, keep, &socket, output) {
        Ok(()) => None,
        Err(reason) => Some(reason),
    };
    if let Some(reason) = fault {
        // Nobody left to tell when this fails.
        let _ = frame::send(&socket, &FromWorker::Fault(reason));
        sys::exit_now(1);
    }
    sys::exit_now(0)
}

fn live(prepared: &Prepared, filters: &seal::Filters, keep: &BTreeSet<i32>, socket: &UnixStream, output: File) -> Result<(), String> {
    close_inherited(keep, &[socket.as_raw_fd(), output.as_raw_fd()])?;
    report_panics(socket)?;
    seal::before_ready(filters)?;
    let socket_of_guest = socket.try_clone().map_err(|e| e.to_string())?;
    let wasi = Wasi::unbound(output).map_err(|e| e.to_string())?;
    // WASI's files want a runtime to be entered; one without drivers needs no descriptor and no thread.
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| e.to_string())?;
    let _entered = runtime.enter();
    let mut guest = prepared.instantiate(socket_of_guest, wasi).map_err(|e| format!("instantiate: {e:#}"))?;
    let say = |message: &FromWorker| frame::send(socket, message).map_err(|e| e.to_string());
    say(&FromWorker::Ready)?;
    let mut bound = false;
    loop {
        // The broker closes the socket when the worker has served its purpose.
        let Ok(message) = frame::receive(socket) else { return Ok(()) };
        match message {
            ToWorker::Bind(bind) if !bound => {
                bind_to(&mut guest, filters, &bind)?;
                bound = true;
            }
            ToWorker::Turn(document) if bound => {
                let ended = guest.turn(&document);
                say(&ended)?;
                if matches!(ended, FromWorker::Trapped { .. }) {
                    return Ok(());
                }
            }
            _ => return Err("a message out of order".to_owned()),
        }
    }
}

fn bind_to(guest: &mut Guest, filters: &seal::Filters, bind: &Bind) -> Result<(), String> {
    guest.wasi().bind(bind).map_err(|e| format!("workspace: {e:#}"))?;
    guest.limit_memory(usize::try_from(bind.memory_bytes).map_err(|e| e.to_string())?);
    seal::after_bind(filters, Path::new(&bind.workspace))
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
fn close_inherited(keep: &BTreeSet<i32>, handed: &[i32]) -> Result<(), String> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).map_err(|e| format!("/dev/null: {e}"))?;
    rustix::stdio::dup2_stdin(&null).map_err(|e| e.to_string())?;
    rustix::stdio::dup2_stdout(&null).map_err(|e| e.to_string())?;
    rustix::stdio::dup2_stderr(&null).map_err(|e| e.to_string())?;
    drop(null);
    let stray: Vec<i32> =
        zygote::open_descriptors().map_err(|e| e.to_string())?.into_iter().filter(|fd| !keep.contains(fd) && !handed.contains(fd)).collect();
    if stray.is_empty() { Ok(()) } else { Err(format!("descriptors {stray:?} were inherited")) }
}
