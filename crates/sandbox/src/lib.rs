//! Runs a guest in a worker process under limits. Wasmtime lives here and nowhere else.
//!
//! Two walls stand around a program: the WebAssembly guest, which can reach nothing but WASI on one directory and `host.call`; and
//! the worker process, which can reach nothing but one socket, one output file and that directory, and is killed when its time
//! is over. This crate knows neither gates nor tools: it carries bytes, so that no mistake in a check becomes an escape.
//!
//! In reading order: [`engine`](mod@engine) and [`guests`] (compiled guests), `frame` (what broker and worker say), `zygote` and `seal` (how
//! a worker comes to be), `wasi`, `tape`, `quota`, `files`, `room`, `seen`, `pages`, `pagemap`, `touched`, `instance` and `worker` (inside it), `inspect` and
//! `protections` (what holds of it), `process`, `slots` and [`pool`]
//! (the broker's side), [`run`] and `checkpoint`.

mod awake;
mod checkpoint;
mod engine;
mod files;
mod frame;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guests;
mod inspect;
mod instance;
mod output;
mod pagemap;
mod pages;
mod pool;
mod precedence;
mod process;
mod protections;
mod quota;
mod room;
mod run;
mod seal;
mod seen;
mod slots;
mod snapshot;
mod sys;
mod tape;
mod touched;
mod wasi;
mod worker;
mod zygote;

pub use awake::Awake;
pub use checkpoint::{CheckpointError, RestoreError};
pub use frame::{Saved, Trapped, Untaped};
pub use output::Output;
pub use pool::{Sandbox, SandboxError, Settings, Warm, Worker};
pub use protections::{Protection, protections};
pub use run::{Bind, End, Finished, Host, Turn};
pub use slots::{Slot, Slots};
pub use snapshot::SnapshotError;
pub use touched::learn;
#[doc(hidden)]
pub use worker::Moment;

/// The hidden first argument that makes a process the zygote.
const ZYGOTE_ARGUMENT: &str = "__zygote";

/// Seals this process as a bound worker is sealed, for tests that stand for code escaped from a guest. Gives what the steps before ready and
/// at the bind took.
///
/// # Errors
/// When the kernel refuses one of the steps.
#[doc(hidden)]
pub fn seal_like_a_worker(workspace: &std::path::Path) -> Result<[std::time::Duration; 2], String> {
    let filters = seal::Filters::compile()?;
    let start = std::time::Instant::now();
    seal::before_ready(&filters)?;
    let ready = start.elapsed();
    seal::after_bind(&filters, workspace, &[])?;
    Ok([ready, start.elapsed() - ready])
}

/// Has the allocator of this process give blocks of more than 1 MiB back to the system when they are freed: where it is the C library of GNU it
/// otherwise learns not to, and what large replies were kept in stays with the process. For the `main` of a server that lives long.
pub fn give_large_blocks_back() {
    sys::give_large_blocks_back();
}

/// Has the allocator of this process give back to the system what is free of it, in whole pages: the C library of GNU keeps them, in every arena.
/// Takes milliseconds where much is free.
pub fn give_free_memory_back() {
    sys::give_free_memory_back();
}

/// Has the calling thread give way to all others from now on, as a worker that computes for long does.
///
/// # Errors
/// Of the kernel.
pub fn give_way() -> std::io::Result<()> {
    precedence::give_way(0)
}

/// Must be the first line of `main` of a binary that uses this crate: where the process was started as the zygote, it never returns.
pub fn worker_main() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ZYGOTE_ARGUMENT) {
        zygote::main(arguments.collect(), None);
    }
}

/// As [`worker_main`], with workers that misbehave: the fault is asked at each moment, has the worker's socket, and need not return. For tests
/// of the broker's side; the ordinary binary has no fault.
#[doc(hidden)]
pub fn faulty_worker_main(fault: worker::Fault) {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ZYGOTE_ARGUMENT) {
        zygote::main(arguments.collect(), Some(fault));
    }
}
