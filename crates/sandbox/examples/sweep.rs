//! Makes system calls in a child process each, sealed as a worker or not, and says how each went: `sweep sealed|open all|narrowed WORKSPACE`.
//!
//! `all` takes every number with arguments that are wrong, `narrowed` takes calls that are allowed with some arguments only. One line for each:
//! its number or name, then `killed` (SIGSYS), `signal N`, `exit N`, `ok`, or the error number.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for tests")]
#![expect(unsafe_code, reason = "raw system calls")]

use std::{ffi::CString, fs::File, os::fd::AsRawFd, path::Path, process};

/// Beyond the end of the table of Linux 6.18, and beyond the old numbers of the x32 table.
const NUMBERS: i64 = 600;

/// What marks a call as one of the x32 table.
const X32: i64 = 0x4000_0000;

/// These wait for ever or bring the parent's memory into disorder when they are allowed.
const NOT_IN_THE_OPEN: [i64; 2] = [34, 58];

/// Seconds after which a child that hangs is ended.
const PATIENCE: u32 = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, what, workspace] = arguments.as_slice() else { process::exit(64) };
    let (sealed, workspace) = (mode == "sealed", Path::new(workspace));
    match what.as_str() {
        "all" => {
            for number in (0..NUMBERS).chain(X32..X32 + NUMBERS) {
                if sealed || !NOT_IN_THE_OPEN.contains(&(number % X32)) {
                    println!("{number} {}", in_child(sealed, workspace, || call(number, [-1; 6])));
                }
            }
            println!("i386 {}", in_child(sealed, workspace, getpid_of_i386));
        }
        _ => narrowed(sealed, workspace),
    }
}

/// The calls that are allowed with some arguments only, each with all kinds of them.
fn narrowed(sealed: bool, workspace: &Path) {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(workspace.join("narrowed")).unwrap();
    file.set_len(4096).unwrap();
    let fd = i64::from(file.as_raw_fd());
    let (private, anonymous) = (i64::from(libc::MAP_PRIVATE), i64::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS));
    let say = |name: &str, number: i64, arguments: [i64; 6]| {
        println!("{name} {}", in_child(sealed, workspace, || call(number, arguments)));
    };
    for protection in 0..8 {
        say(&format!("mmap:{protection}"), libc::SYS_mmap, [0, 4096, protection, anonymous, -1, 0]);
    }
    say("mmap:file", libc::SYS_mmap, [0, 4096, 1, private, fd, 0]);
    say("mmap:file-executable", libc::SYS_mmap, [0, 4096, 5, private, fd, 0]);
    let page = call_for_value(libc::SYS_mmap, [0, 4096, 3, anonymous, -1, 0]);
    for protection in 0..8 {
        say(&format!("mprotect:{protection}"), libc::SYS_mprotect, [page, 4096, protection, 0, 0, 0]);
    }
    let name = CString::new("narrowed").unwrap();
    for option in 1..80 {
        say(&format!("prctl:{option}"), libc::SYS_prctl, [option, if option == 15 { name.as_ptr() as i64 } else { -1 }, -1, -1, -1, 0]);
    }
    for command in (0..20).chain(1024..1050) {
        say(&format!("fcntl:{command}"), libc::SYS_fcntl, [fd, command, 0, 0, 0, 0]);
    }
    let outside = CString::new(workspace.join("../outside").to_string_lossy().as_bytes()).unwrap();
    say("utimensat:descriptor", libc::SYS_utimensat, [fd, 0, 0, 0, 0, 0]);
    say("utimensat:path", libc::SYS_utimensat, [i64::from(libc::AT_FDCWD), outside.as_ptr() as i64, 0, 0, 0, 0]);
}

/// What a child says that does this.
fn in_child(sealed: bool, workspace: &Path, act: impl FnOnce() -> i32) -> String {
    // SAFETY: this program has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: neither has a precondition.
        unsafe { libc::alarm(PATIENCE) };
        if sealed {
            sandbox::seal_like_a_worker(workspace).unwrap();
        } else {
            // What happens in the open must do no harm to the machine.
            let none = rustix::thread::CapabilitySet::empty();
            rustix::thread::set_capabilities(None, rustix::thread::CapabilitySets { effective: none, permitted: none, inheritable: none }).unwrap();
        }
        let error = act();
        // SAFETY: ends this child without destructors.
        unsafe { libc::_exit(error.min(200)) };
    }
    let mut status = 0;
    // SAFETY: the place is this function's own.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    match (libc::WIFSIGNALED(status), libc::WTERMSIG(status), libc::WEXITSTATUS(status)) {
        (true, libc::SIGSYS, _) => "killed".to_owned(),
        (true, signal, _) => format!("signal {signal}"),
        (false, _, 0) => "ok".to_owned(),
        (false, _, 255) => "exit 255".to_owned(),
        (false, _, error) => error.to_string(),
    }
}

/// Makes a call and gives its error number, 0 for none.
fn call(number: i64, arguments: [i64; 6]) -> i32 {
    if call_for_value(number, arguments) == -1 { std::io::Error::last_os_error().raw_os_error().unwrap_or(0) } else { 0 }
}

fn call_for_value(number: i64, [a, b, c, d, e, f]: [i64; 6]) -> i64 {
    // SAFETY: the arguments are numbers that are no addresses, or addresses of what outlives the call.
    unsafe { libc::syscall(number, a, b, c, d, e, f) }
}

/// `getpid` by the gate of 32-bit programs: other numbers, and a filter that looked at numbers alone would take it for `writev`.
#[cfg(target_arch = "x86_64")]
fn getpid_of_i386() -> i32 {
    let mut number: i32 = 20;
    // SAFETY: the call takes no argument and changes no memory.
    unsafe { std::arch::asm!("int 0x80", inout("eax") number, out("r8") _, out("r9") _, out("r10") _, out("r11") _) };
    i32::from(number <= 0)
}

#[cfg(not(target_arch = "x86_64"))]
fn getpid_of_i386() -> i32 {
    0
}
