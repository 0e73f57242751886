//! Does one forbidden thing, sealed as a worker is or not, and says how it went: `probe sealed|open ATTEMPT WORKSPACE`.
//!
//! The tests run each attempt twice: open, where it must succeed, and sealed, where it must not. It stands for a guest that has
//! escaped from WebAssembly and runs code of its own in the worker.
#![expect(clippy::print_stdout, reason = "a program for tests")]
#![expect(unsafe_code, reason = "an escaped guest asks for executable memory")]

use std::{fs, io, net::TcpListener, os::unix::net::UnixStream, path::Path, process};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, attempt, workspace] = arguments.as_slice() else { process::exit(64) };
    let act = action(attempt, Path::new(workspace)).unwrap_or_else(|| process::exit(64));
    if mode == "sealed"
        && let Err(reason) = sandbox::seal_like_a_worker(Path::new(workspace))
    {
        println!("not sealed: {reason}");
        process::exit(65);
    }
    match act() {
        Ok(()) => println!("done"),
        Err(error) => println!("refused: {:?}", error.kind()),
    }
}

type Action = Box<dyn FnOnce() -> io::Result<()>>;

/// The attempt of that name. What it needs beforehand is prepared here, outside the seal.
fn action(attempt: &str, workspace: &Path) -> Option<Action> {
    let inside = workspace.join("inside.txt");
    let outside = workspace.join("../outside.txt");
    Some(match attempt {
        "write_inside" => Box::new(move || fs::write(inside, "x")),
        "write_outside" => Box::new(move || fs::write(outside, "x")),
        "read_outside" => Box::new(move || fs::read("/etc/hostname").or_else(|_| fs::read("/etc/passwd")).map(drop)),
        "list_proc" => Box::new(|| fs::read_dir("/proc").map(drop)),
        "link_outside" => Box::new(move || {
            rustix::fs::symlinkat("/etc/passwd", rustix::fs::CWD, workspace_file(&inside, "link"))?;
            fs::read(workspace_file(&inside, "link")).map(drop)
        }),
        "execute" => Box::new(|| process::Command::new("/bin/true").status().map(drop)),
        "listen" => Box::new(|| TcpListener::bind("127.0.0.1:0").map(drop)),
        "socketpair" => Box::new(|| UnixStream::pair().map(drop)),
        "signal_parent" => Box::new(|| {
            let parent = rustix::process::getppid().ok_or(io::ErrorKind::NotFound)?;
            rustix::process::test_kill_process(parent).map_err(io::Error::from)
        }),
        "become_dumpable" => {
            Box::new(|| rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable).map_err(io::Error::from))
        }
        "raise_limit" => Box::new(|| {
            let limit = rustix::process::Rlimit { current: Some(64), maximum: Some(64) };
            rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).map_err(io::Error::from)
        }),
        "map_writable" => Box::new(|| map(libc::PROT_READ | libc::PROT_WRITE).map(drop)),
        "map_executable" => Box::new(|| map(libc::PROT_READ | libc::PROT_EXEC).map(drop)),
        "make_executable" => {
            let page = map(libc::PROT_READ | libc::PROT_WRITE).ok()?;
            Box::new(move || {
                // SAFETY: the page is this program's own, and nothing is in it.
                answer(unsafe { libc::mprotect(page as *mut libc::c_void, PAGE_BYTES, libc::PROT_READ | libc::PROT_EXEC) })
            })
        }
        "own_pagemap" => {
            let pagemap = fs::File::open("/proc/self/pagemap").ok()?;
            Box::new(move || {
                let (page, mut entry) = (arguments_page(), [0; 8]);
                std::os::unix::fs::FileExt::read_exact_at(&pagemap, &mut entry, (page / PAGE_BYTES * 8) as u64)?;
                // The highest bit: the page is there.
                if entry[7] & 0x80 == 0 { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
            })
        }
        "pagemap_of_another" => {
            let parent = rustix::process::getppid()?;
            Box::new(move || fs::File::open(format!("/proc/{}/pagemap", parent.as_raw_nonzero())).map(drop))
        }
        "memory_of_another" => {
            let parent = rustix::process::getppid()?;
            Box::new(move || {
                let mut place = [0_u8; 1];
                let local = libc::iovec { iov_base: place.as_mut_ptr().cast(), iov_len: 1 };
                // SAFETY: both vectors are empty but valid; the call is only asked whether it exists.
                let read = unsafe { libc::process_vm_readv(parent.as_raw_nonzero().get(), &raw const local, 0, &raw const local, 0, 0) };
                if read < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
            })
        }
        _ => return None,
    })
}

const PAGE_BYTES: usize = 4096;

/// The address of something that is in memory.
fn arguments_page() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}

fn map(protection: i32) -> io::Result<usize> {
    // SAFETY: a new mapping where the kernel likes it.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), PAGE_BYTES, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(page as usize) }
}

fn answer(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn workspace_file(inside: &Path, name: &str) -> std::path::PathBuf {
    inside.with_file_name(name)
}
