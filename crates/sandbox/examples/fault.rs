//! A binary whose workers misbehave on demand: killed, hung, lying, flooding.
//!
//! Words say what to do. At once in a turn: `turn:WORD` somewhere in its document; at the next checkpoint: `checkpoint:WORD` there; before ready
//! and after bind: the content of the files `ready` and `bound` beside the binary.
#![expect(unsafe_code, reason = "a program that has to crash")]

use sandbox::Moment;
use std::{
    io::Write,
    os::unix::net::UnixStream,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What is to be done later: after the bind, and at the next checkpoint.
static LATER: Mutex<[String; 2]> = Mutex::new([String::new(), String::new()]);

fn main() {
    sandbox::faulty_worker_main(misbehave);
}

fn misbehave(moment: Moment<'_>, socket: &UnixStream) {
    let word = {
        let mut later = LATER.lock().unwrap_or_else(PoisonError::into_inner);
        match moment {
            Moment::Ready => {
                later[0] = beside("bound");
                beside("ready")
            }
            Moment::Bound => std::mem::take(&mut later[0]),
            Moment::Turn(document) => {
                let document = String::from_utf8_lossy(document);
                let word_of = |moment: &str| document.split(' ').find_map(|word| Some(word.strip_prefix(moment)?.to_owned())).unwrap_or_default();
                later[1] = word_of("checkpoint:");
                word_of("turn:")
            }
            Moment::Checkpoint => std::mem::take(&mut later[1]),
        }
    };
    act(&word, socket);
}

/// The content of a file beside this binary, if it is there.
fn beside(name: &str) -> String {
    let binary = std::env::args_os().next().unwrap_or_default();
    std::fs::read_to_string(Path::new(&binary).with_file_name(name)).unwrap_or_default()
}

fn act(word: &str, mut socket: &UnixStream) {
    let (word, argument) = word.split_once(':').unwrap_or((word, ""));
    let bytes: Vec<u8> = argument.as_bytes().chunks(2).filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect();
    match word {
        "" => {}
        "abort" => std::process::abort(),
        "panic" => panic!("on demand"),
        // SAFETY: there is nothing at this address; that is the point.
        "segfault" => unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) },
        "exit" => end(3),
        "forbidden" => drop(UnixStream::pair()),
        "hang" => hang(),
        // Sends these bytes and goes on as if nothing were.
        "say" => drop(socket.write_all(&bytes)),
        "say-and-hang" => {
            let _ = socket.write_all(&bytes);
            hang();
        }
        "say-and-exit" => {
            let _ = socket.write_all(&bytes);
            end(3);
        }
        // Sends them for ever and reads nothing.
        "flood" => while socket.write_all(&bytes).is_ok() {},
        unknown => panic!("no fault {unknown:?}"),
    }
}

fn hang() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(1000));
    }
}

fn end(status: i32) -> ! {
    // SAFETY: without precondition.
    unsafe { libc::_exit(status) }
}
