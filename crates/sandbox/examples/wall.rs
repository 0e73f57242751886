//! Measures what the second wall costs: the two steps of sealing a worker, and a system call behind the filters and in the open.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints figures")]
#![expect(unsafe_code, reason = "each measurement needs a process of its own")]

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

const ROUNDS: usize = 200;
const CALLS: u32 = 20_000;

fn main() {
    let workspace = tempfile::tempdir().unwrap();
    let mut figures: [Vec<u64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        // SAFETY: this program has one thread.
        if unsafe { libc::fork() } == 0 {
            let open = calls();
            let [ready, bind] = sandbox::seal_like_a_worker(workspace.path()).unwrap();
            for figure in [ready, bind, open, calls()] {
                theirs.write_all(&u64::try_from(figure.as_nanos()).unwrap().to_le_bytes()).unwrap();
            }
            // SAFETY: ends the child without destructors.
            unsafe { libc::_exit(0) };
        }
        drop(theirs);
        for figure in &mut figures {
            let mut bytes = [0; 8];
            ours.read_exact(&mut bytes).unwrap();
            figure.push(u64::from_le_bytes(bytes));
        }
        // SAFETY: without an address for the status.
        unsafe { libc::wait(std::ptr::null_mut()) };
    }
    for (name, mut figure) in ["before ready", "at the bind", "a system call in the open", "a system call sealed"].into_iter().zip(figures) {
        figure.sort_unstable();
        let part = if name.starts_with("a system") { u64::from(CALLS) } else { 1 };
        println!("{name}: median {} ns, p90 {} ns", figure[ROUNDS / 2] / part, figure[ROUNDS * 9 / 10] / part);
    }
}

/// How long some calls take that do next to nothing.
fn calls() -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS {
        // SAFETY: asks for this process's id.
        unsafe { libc::syscall(libc::SYS_getpid) };
    }
    start.elapsed()
}
