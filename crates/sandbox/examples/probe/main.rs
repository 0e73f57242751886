//! Does one forbidden thing, sealed as a worker is or not, and says how it went: `probe sealed|open ATTEMPT WORKSPACE`.
//!
//! The tests run each attempt twice: open, where it must succeed, and sealed, where it must not. It stands for a guest that has
//! escaped from WebAssembly and runs code of its own in the worker.
#![expect(clippy::print_stdout, reason = "a program for tests")]
#![expect(unsafe_code, reason = "an escaped guest asks the kernel itself")]

mod descriptors;
mod memory;
mod paths;
mod processes;

use std::{io, path::Path, process};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, attempt, workspace] = arguments.as_slice() else { process::exit(64) };
    let workspace = Path::new(workspace);
    let attempts = [paths::action, processes::action, descriptors::action, memory::action];
    let act = attempts.iter().find_map(|action| action(attempt, workspace).transpose());
    let act = act.unwrap_or_else(|| process::exit(64)).unwrap_or_else(|error| {
        println!("not prepared: {error}");
        process::exit(66);
    });
    if mode == "sealed"
        && let Err(reason) = sandbox::seal_like_a_worker(workspace)
    {
        println!("not sealed: {reason}");
        process::exit(65);
    }
    match act() {
        Ok(()) => println!("done"),
        Err(error) => println!("refused: {:?}", error.kind()),
    }
}

/// What is done once the process is sealed. What it needs was prepared before.
type Action = Box<dyn FnOnce() -> io::Result<()>>;

/// The attempt of that name, if it is one of these.
type Found = io::Result<Option<Action>>;

/// The outcome of a C function.
fn answer(result: impl Into<i64>) -> io::Result<()> {
    if result.into() >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// What was to be the case and is not.
fn otherwise<T>(found: &T) -> io::Error
where
    T: std::fmt::Debug,
{
    io::Error::other(format!("{found:?}"))
}
