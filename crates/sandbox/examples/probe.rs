//! Does one forbidden thing, sealed as a worker is or not, and says how it went: `probe sealed|open ATTEMPT WORKSPACE`.
//!
//! The tests run each attempt twice: open, where it must succeed, and sealed, where it must not. It stands for a guest that has
//! escaped from WebAssembly and runs code of its own in the worker.
#![expect(clippy::print_stdout, clippy::exit, reason = "a program for tests")]

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
        _ => return None,
    })
}

fn workspace_file(inside: &Path, name: &str) -> std::path::PathBuf {
    inside.with_file_name(name)
}
