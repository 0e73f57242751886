//! What the second wall costs: the two steps of sealing a worker, and a system call behind the filters and in the open.
//!
//! What is sealed stays so: each measurement has a process of its own, forked from this program, which is started anew to have one thread.
#![expect(unsafe_code, reason = "forks, and makes a system call by its number")]

use crate::report::Row;
use anyhow::{Context, Result, bail, ensure};
use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// The only argument of the program that measures.
pub(crate) const ARGUMENT: &str = "__wall";

const ROUNDS: usize = 200;
const CALLS: u32 = 20_000;

/// What both steps may add to a worker's start, in milliseconds.
const TARGET_MS: f64 = 1.0;

/// In nanoseconds: before a worker is ready, at its bind, all calls in the open, all calls sealed.
type Figures = [u64; 4];

/// Starts this program anew and reads its figures.
pub(crate) fn measure() -> Result<Vec<Row>> {
    let output = Command::new(std::env::current_exe()?).arg(ARGUMENT).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the second wall could not be measured ({})", output.status);
    let figures: Vec<Figures> = serde_json::from_slice(&output.stdout)?;
    let each = |of: &dyn Fn(&Figures) -> f64| figures.iter().map(of).collect::<Vec<_>>();
    let per_call = |all: u64| all as f64 / f64::from(CALLS);
    let open = Row::new("a system call that does nothing, in the open", "ns", each(&|[_, _, open, _]| per_call(*open)));
    let sealed = Row::new("the same behind the filters", "ns", each(&|[.., sealed]| per_call(*sealed))).against("in the open", &open, None);
    Ok(vec![
        Row::new("sealing a worker, both steps", "ms", each(&|[ready, bind, ..]| (ready + bind) as f64 / 1e6)).below(TARGET_MS),
        Row::new("  of it before the worker is ready", "ms", each(&|[ready, ..]| *ready as f64 / 1e6)),
        Row::new("  of it when the worker is bound", "ms", each(&|[_, bind, ..]| *bind as f64 / 1e6)),
        open,
        sealed,
    ])
}

/// Measures, and prints the figures of each round.
pub(crate) fn measure_here() -> Result<()> {
    let workspace = tempfile::tempdir()?;
    let figures: Vec<Figures> = (0..ROUNDS).map(|_| round(workspace.path())).collect::<Result<_>>()?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

fn round(workspace: &std::path::Path) -> Result<Figures> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    // SAFETY: this process has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let status = i32::from(figures(workspace).and_then(|bytes| Ok(theirs.write_all(&bytes)?)).is_err());
        // SAFETY: ends the child without destructors.
        unsafe { libc::_exit(status) }
    }
    drop(theirs);
    let mut bytes = [0; size_of::<Figures>()];
    let read = ours.read_exact(&mut bytes);
    // SAFETY: without an address for the status.
    if child < 0 || unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) } != child {
        bail!("a process to seal could not be made");
    }
    read.context("a process could not be sealed; `cofferdam doctor` says what this machine has")?;
    let mut figures = Figures::default();
    for (figure, bytes) in figures.iter_mut().zip(bytes.as_chunks().0) {
        *figure = u64::from_le_bytes(*bytes);
    }
    Ok(figures)
}

/// Seals this process for ever.
fn figures(workspace: &std::path::Path) -> Result<Vec<u8>> {
    let open = calls();
    let [ready, bind] = sandbox::seal_like_a_worker(workspace).map_err(anyhow::Error::msg)?;
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).map(u64::to_le_bytes);
    Ok([ready, bind, open, calls()].into_iter().map(nanoseconds).collect::<Result<Vec<_>, _>>()?.concat())
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
