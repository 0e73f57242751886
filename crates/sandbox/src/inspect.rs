//! A worker without a guest, that tells what holds of it: sealed as every worker is, it tries what none may do.
//!
//! What the kernel supports is not what is in force: a container's own filter, or a kernel's list of security modules, may have taken it away.

use crate::{frame, process::Zygote, seal, sys, worker::close_inherited};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    os::fd::AsRawFd,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long the worker may take for each answer. Generous: a machine may be very busy.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// A system call that is not on the list (it would make a pair of sockets) has to end the worker with this.
const SIGSYS: i32 = 31;

/// What the sealed worker could open.
#[derive(Debug, Serialize, Deserialize)]
struct Opened {
    /// Its own directory.
    workspace: bool,
    /// The root of the file system.
    root: bool,
}

/// What was found out of a sealed worker.
#[derive(Debug)]
pub(crate) struct Found {
    /// It sees its own directory and not the root.
    pub(crate) confined: bool,
    /// A system call outside the list ended it.
    pub(crate) filtered: bool,
    /// It can gain no privileges and has no capabilities.
    pub(crate) powerless: bool,
}

/// Runs a freshly forked child; never returns. Without word from the broker it ends.
pub(crate) fn main(filters: &seal::Filters, keep: &BTreeSet<i32>, socket: UnixStream, output: File) -> ! {
    let answered = answer(filters, keep, &socket, &output);
    if let Err(reason) = answered {
        // Nobody left to tell when this fails.
        let _ = frame::send(&socket, &Err::<Opened, String>(reason));
    }
    sys::exit_now(1)
}

fn answer(filters: &seal::Filters, keep: &BTreeSet<i32>, socket: &UnixStream, output: &File) -> Result<(), String> {
    close_inherited(keep, &[socket.as_raw_fd(), output.as_raw_fd()])?;
    seal::before_ready(filters)?;
    let workspace: PathBuf = frame::receive(socket).map_err(|e| e.to_string())?;
    seal::after_bind(filters, &workspace, &[])?;
    let opened = Opened { workspace: fs::read_dir(&workspace).is_ok(), root: fs::read_dir("/").is_ok() };
    frame::send(socket, &Ok::<Opened, String>(opened)).map_err(|e| e.to_string())?;
    let () = frame::receive(socket).map_err(|e| e.to_string())?;
    drop(UnixStream::pair());
    Ok(())
}

/// Asks a worker of this zygote. Blocking; must not be called on a thread that drives a runtime.
///
/// # Errors
/// When there is no worker, or it did not answer: why.
pub(crate) fn inspect(zygote: &Arc<Zygote>) -> Result<Found, String> {
    let failed = |e: io::Error| e.to_string();
    let workspace = tempfile::tempdir().map_err(failed)?;
    let output = crate::output::create(0).map_err(failed)?;
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    ours.set_read_timeout(Some(ANSWER_WAIT)).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
    let started = runtime.block_on(zygote.spawn(None, false, &theirs, &output))?;
    drop(theirs);
    frame::send(&ours, &workspace.path()).map_err(failed)?;
    let opened: Opened = frame::receive::<Result<Opened, String>>(&ours).map_err(failed)??;
    let status = fs::read_to_string(format!("/proc/{}/status", started.pid)).map_err(failed)?;
    frame::send(&ours, &()).map_err(failed)?;
    let exit = runtime.block_on(async { tokio::time::timeout(ANSWER_WAIT, started.exited).await });
    let signal = exit.ok().and_then(Result::ok).and_then(|exit| exit.signal);
    Ok(Found { confined: opened.workspace && !opened.root, filtered: signal == Some(SIGSYS), powerless: powerless(&status) })
}

/// Whether this text of `/proc/PID/status` is of a process that has and gets no privileges.
fn powerless(status: &str) -> bool {
    let is = |name: &str, value: u64| {
        let found = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.and_then(|found| u64::from_str_radix(found.trim(), 16).ok()) == Some(value)
    };
    is("NoNewPrivs", 1) && ["CapInh", "CapPrm", "CapEff", "CapAmb"].into_iter().all(|set| is(set, 0))
}

/// The same for a binary whose zygote was not started yet, with what network its workers are in.
///
/// # Errors
/// As [`inspect`].
pub(crate) fn inspect_binary(binary: &Path) -> Result<(Found, seal::Network), String> {
    // A thread of its own: the caller may be inside a runtime, where blocking on another one panics.
    let asking = || {
        let zygote = Zygote::start(binary, &[])?;
        Ok((inspect(&zygote)?, zygote.network().clone()))
    };
    std::thread::scope(|scope| scope.spawn(asking).join()).unwrap_or_else(|_| Err("asking a worker panicked".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_capability_is_power() {
        let status = |caps: &str, privileges: u8| {
            format!(
                "Name:\tx\nCapInh:\t0\nCapPrm:\t0000000000000000\nCapEff:\t{caps}\nCapBnd:\t000001ffffffffff\nCapAmb:\t0\nNoNewPrivs:\t{privileges}\n"
            )
        };
        assert!(powerless(&status("0000000000000000", 1)));
        assert!(!powerless(&status("0000000000000001", 1)));
        assert!(!powerless(&status("0000000000000000", 0)));
        assert!(!powerless(""));
    }
}
