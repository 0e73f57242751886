//! Memory: our own made executable, a sibling's read and written.

use crate::{Action, Found, answer, otherwise};
use rustix::process::Pid;
use std::{
    fs, io,
    io::{Read, Write},
    os::unix::{fs::FileExt, net::UnixStream},
    path::Path,
    sync::atomic::{AtomicU8, Ordering},
};

const PAGE_BYTES: usize = 4096;

/// What a sibling has in its memory, at the same place as we have ours.
static SECRET: AtomicU8 = AtomicU8::new(0);
const OF_SIBLING: u8 = 42;

/// A process of this user beside us, as another worker is. It lasts as long as we do.
pub(crate) struct Sibling {
    pid: Pid,
    _tie: UnixStream,
}

impl Sibling {
    pub(crate) fn new() -> io::Result<Self> {
        let (mut ours, mut theirs) = UnixStream::pair()?;
        // SAFETY: this program has one thread.
        match unsafe { libc::fork() } {
            0 => {
                drop(ours);
                SECRET.store(OF_SIBLING, Ordering::SeqCst);
                let _ = theirs.write_all(&[1]).and_then(|()| theirs.read(&mut [0]));
                // SAFETY: ends the child without destructors.
                unsafe { libc::_exit(0) }
            }
            child => {
                drop(theirs);
                ours.read_exact(&mut [0])?;
                Ok(Sibling { pid: Pid::from_raw(child).ok_or(io::ErrorKind::NotFound)?, _tie: ours })
            }
        }
    }

    /// A method, so that a closure that asks for it keeps the sibling alive: one that reads a field takes the field alone.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    fn raw(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }
}

fn found(byte: u8) -> io::Result<()> {
    if byte == OF_SIBLING { Ok(()) } else { Err(otherwise(&byte)) }
}

pub(crate) fn action(attempt: &str, _workspace: &Path) -> Found {
    let act: Action = match attempt {
        "map_writable" => Box::new(|| map(libc::PROT_READ | libc::PROT_WRITE).map(drop)),
        "map_executable" => Box::new(|| map(libc::PROT_READ | libc::PROT_EXEC).map(drop)),
        "make_executable" => {
            let page = map(libc::PROT_READ | libc::PROT_WRITE)?;
            Box::new(move || {
                // SAFETY: the page is this program's own, and nothing is in it.
                answer(unsafe { libc::mprotect(page as *mut libc::c_void, PAGE_BYTES, libc::PROT_READ | libc::PROT_EXEC) })
            })
        }
        "make_executable_with_a_key" => {
            let page = map(libc::PROT_READ | libc::PROT_WRITE)?;
            Box::new(move || {
                // SAFETY: as above; without a key it is `mprotect`.
                answer(unsafe { libc::syscall(libc::SYS_pkey_mprotect, page, PAGE_BYTES, libc::PROT_READ | libc::PROT_EXEC, -1) })
            })
        }
        "own_pagemap" => {
            let pagemap = fs::File::open("/proc/self/pagemap")?;
            Box::new(move || {
                let (page, mut entry) = (SECRET.as_ptr().addr(), [0; 8]);
                SECRET.store(1, Ordering::SeqCst);
                pagemap.read_exact_at(&mut entry, (page / PAGE_BYTES * 8) as u64)?;
                // The highest bit: the page is there.
                if entry[7] & 0x80 == 0 { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
            })
        }
        "pagemap_of_another" => {
            let sibling = Sibling::new()?;
            Box::new(move || fs::File::open(format!("/proc/{}/pagemap", sibling.raw())).map(drop))
        }
        "trace_sibling" => {
            let sibling = Sibling::new()?;
            // SAFETY: seizing takes neither address nor data.
            Box::new(move || answer(unsafe { libc::ptrace(libc::PTRACE_SEIZE, sibling.raw(), 0, 0) }))
        }
        "read_sibling" => {
            let sibling = Sibling::new()?;
            Box::new(move || {
                let mut place = [0_u8; 1];
                let (local, remote) = vectors(&mut place);
                // SAFETY: the local vector is `place`; the remote one is checked by the kernel.
                answer(i64::try_from(unsafe { libc::process_vm_readv(sibling.raw(), &raw const local, 1, &raw const remote, 1, 0) }).unwrap_or(-1))?;
                found(place[0])
            })
        }
        "write_sibling" => {
            let sibling = Sibling::new()?;
            Box::new(move || {
                let mut place = [7_u8; 1];
                let (local, remote) = vectors(&mut place);
                // SAFETY: as above.
                answer(i64::try_from(unsafe { libc::process_vm_writev(sibling.raw(), &raw const local, 1, &raw const remote, 1, 0) }).unwrap_or(-1))
            })
        }
        "open_memory_of_sibling" => {
            let sibling = Sibling::new()?;
            Box::new(move || {
                let mut place = [0];
                let memory = fs::File::open(format!("/proc/{}/mem", sibling.raw()))?;
                memory.read_exact_at(&mut place, SECRET.as_ptr().addr() as u64)?;
                found(place[0])
            })
        }
        "environment_of_sibling" => {
            let sibling = Sibling::new()?;
            Box::new(move || fs::read(format!("/proc/{}/environ", sibling.raw())).map(drop))
        }
        _ => return Ok(None),
    };
    Ok(Some(act))
}

fn vectors(place: &mut [u8; 1]) -> (libc::iovec, libc::iovec) {
    (libc::iovec { iov_base: place.as_mut_ptr().cast(), iov_len: 1 }, libc::iovec { iov_base: SECRET.as_ptr().cast(), iov_len: 1 })
}

fn map(protection: i32) -> io::Result<usize> {
    // SAFETY: a new mapping where the kernel likes it.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), PAGE_BYTES, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(page as usize) }
}
