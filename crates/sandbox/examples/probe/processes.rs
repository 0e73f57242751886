//! Other processes: made, signalled, traced; and the seal itself.

use crate::{Action, Found, answer, memory::Sibling, otherwise};
use rustix::process::{PidfdFlags, Signal, WaitOptions};
use std::{io, net::TcpListener, os::fd::AsRawFd, os::unix::net::UnixStream, path::Path, process::Command};

pub(crate) fn action(attempt: &str, _workspace: &Path) -> Found {
    let act: Action = match attempt {
        "execute" => Box::new(|| Command::new("/bin/true").status().map(drop)),
        "fork" => Box::new(|| {
            // SAFETY: this program has one thread, and the child ends at once.
            match unsafe { libc::fork() } {
                // SAFETY: without precondition.
                0 => unsafe { libc::_exit(0) },
                child => answer(child),
            }
        }),
        "thread" => Box::new(|| std::thread::Builder::new().spawn(|| ())?.join().map_err(|_| otherwise(&"a panic"))),
        // SAFETY: changes no memory.
        "namespace" => Box::new(|| answer(unsafe { libc::unshare(libc::CLONE_NEWUSER) })),
        "listen" => Box::new(|| TcpListener::bind("127.0.0.1:0").map(drop)),
        "socketpair" => Box::new(|| UnixStream::pair().map(drop)),
        "signal_parent" => Box::new(|| {
            let parent = rustix::process::getppid().ok_or(io::ErrorKind::NotFound)?;
            rustix::process::test_kill_process(parent).map_err(io::Error::from)
        }),
        "signal_sibling" => {
            let sibling = Sibling::new()?;
            Box::new(move || rustix::process::kill_process(sibling.pid(), Signal::TERM).map_err(io::Error::from))
        }
        "signal_by_descriptor" => {
            let sibling = Sibling::new()?;
            let descriptor = rustix::process::pidfd_open(sibling.pid(), PidfdFlags::empty())?;
            Box::new(move || {
                let _lives = &sibling;
                rustix::process::pidfd_send_signal(&descriptor, Signal::TERM).map_err(io::Error::from)
            })
        }
        "queue_signal" => {
            let sibling = Sibling::new()?;
            let nothing = libc::sigval { sival_ptr: std::ptr::null_mut() };
            // SAFETY: the value is handed on, never read.
            Box::new(move || answer(unsafe { libc::sigqueue(sibling.pid().as_raw_nonzero().get(), libc::SIGTERM, nothing) }))
        }
        // The kernel sends a signal of our choice to whom we name as the owner of our own socket, when something arrives there.
        "signal_as_owner_of_a_socket" => {
            let sibling = Sibling::new()?;
            let (ours, theirs) = UnixStream::pair()?;
            Box::new(move || {
                // Linux, `fcntl.h`.
                const F_SETSIG: i32 = 10;
                let (socket, pid) = (ours.as_raw_fd(), sibling.pid().as_raw_nonzero().get());
                // SAFETY: numbers only.
                answer(unsafe { libc::fcntl(socket, libc::F_SETOWN, pid) })?;
                // SAFETY: numbers only.
                answer(unsafe { libc::fcntl(socket, F_SETSIG, libc::SIGKILL) })?;
                // SAFETY: numbers only.
                answer(unsafe { libc::fcntl(socket, libc::F_SETFL, libc::O_ASYNC) })?;
                rustix::net::send(&theirs, b"x", rustix::net::SendFlags::empty())?;
                let (_, status) = rustix::process::waitpid(Some(sibling.pid()), WaitOptions::empty())?.ok_or(io::ErrorKind::NotFound)?;
                if status.terminating_signal() == Some(libc::SIGKILL) { Ok(()) } else { Err(otherwise(&status)) }
            })
        }
        "become_dumpable" => {
            Box::new(|| rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable).map_err(io::Error::from))
        }
        "raise_limit" => Box::new(|| {
            let limit = rustix::process::Rlimit { current: Some(64), maximum: Some(64) };
            rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).map_err(io::Error::from)
        }),
        // Only asks which actions there are; a filter can be added by the same call.
        "another_filter" => Box::new(|| {
            const SECCOMP_GET_ACTION_AVAIL: i32 = 2;
            let action = libc::SECCOMP_RET_ALLOW;
            // SAFETY: the place outlives the call.
            answer(unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) })
        }),
        // Only asks for the version.
        "another_ruleset" => Box::new(|| {
            const LANDLOCK_CREATE_RULESET_VERSION: i32 = 1;
            // SAFETY: no attributes are given.
            answer(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION) })
        }),
        _ => return Ok(None),
    };
    Ok(Some(act))
}
