//! A guest that makes the calls of WASI that its document lists, and programs for it: the same steps can be taken natively, by the kernel's own
//! calls, to see that they lead outside where nothing stops them.

use crate::guests::install_module;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps};
use sandbox::Turn;
use std::{collections::BTreeMap, path::Path};

/// Calls of the guest, each with the types of its parameters: `i` 32 bits, `l` 64.
const CALLS: [(&str, &str); 24] = [
    ("fd_write", "iiii"),
    ("fd_read", "iiii"),
    ("fd_close", "i"),
    ("fd_renumber", "ii"),
    ("fd_readdir", "iiili"),
    ("fd_seek", "ilii"),
    ("fd_allocate", "ill"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_prestat_get", "ii"),
    ("path_open", "iiiiillii"),
    ("path_link", "iiiiiii"),
    ("path_symlink", "iiiii"),
    ("path_rename", "iiiiii"),
    ("path_unlink_file", "iii"),
    ("path_create_directory", "iii"),
    ("path_remove_directory", "iii"),
    ("path_readlink", "iiiiii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("fd_pread", "iiili"),
    ("fd_pwrite", "iiili"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_advise", "illi"),
];

/// Where the document is in the guest's memory, what stands in front of its calls, and how large one is.
const DOCUMENT: i64 = 70_000;
const HEAD_BYTES: i64 = 8;
const CALL_BYTES: usize = 80;
/// Calls that a program may have; its texts begin behind them.
const MOST_CALLS: usize = 400;
const TEXTS: i64 = DOCUMENT + HEAD_BYTES + (MOST_CALLS * CALL_BYTES) as i64;
/// Where the error numbers of the calls are collected, where descriptors are kept, and where the guest may be written to.
const ERRORS: i64 = 4096;
const SLOTS: i64 = 2048;
pub(crate) const SCRATCH: i64 = 8192;
/// An argument that stands for the descriptor in a slot.
const OF_SLOT: i64 = 1 << 32;

/// Puts the guest in place.
pub(crate) fn install(cache: &Path) {
    let types = |parameters: &str| parameters.chars().map(|one| if one == 'l' { " i64" } else { " i32" }).collect::<String>();
    let imports: String = CALLS
        .iter()
        .map(|(name, parameters)| {
            format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param{}) (result i32)))\n", types(parameters))
        })
        .collect();
    let arms: String = CALLS
        .iter()
        .enumerate()
        .map(|(number, (name, parameters))| {
            let arguments: String = parameters
                .chars()
                .enumerate()
                .map(|(at, kind)| {
                    let load = format!("(i64.load offset={} (local.get $at))", (at + 1) * 8);
                    if kind == 'l' { load } else { format!("(call $descriptor {load})") }
                })
                .collect();
            format!("(if (i64.eq (i64.load (local.get $at)) (i64.const {number})) (then (local.set $r (call ${name} {arguments}))))\n")
        })
        .collect();
    let text = format!(
        r#"(module {imports}
  (memory (export "memory") 2)
  (global $__stack_pointer (export "__stack_pointer") (mut i32) (i32.const 1024))
  (func (export "_initialize"))
  (func (export "wizer.initialize"))
  (func (export "host_alloc") (param i32) (result i32) (i32.const {DOCUMENT}))
  (func $descriptor (param $a i64) (result i32)
    (if (result i32) (i64.eq (i64.shr_u (local.get $a) (i64.const 32)) (i64.const 1))
      (then (i32.load (i32.wrap_i64 (local.get $a)))) (else (i32.wrap_i64 (local.get $a)))))
  (func (export "turn") (param $p i32) (param i32) (result i32) (local $i i32) (local $at i32) (local $r i32)
    (local.set $at (i32.add (local.get $p) (i32.const {HEAD_BYTES})))
    (loop $next (if (i32.lt_u (local.get $i) (i32.load (local.get $p))) (then
      (local.set $r (i32.const 255))
      {arms}
      (i32.store8 (i32.add (i32.const {ERRORS}) (local.get $i)) (local.get $r))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const {CALL_BYTES})))
      (br $next))))
    (i32.store (i32.const 80) (i32.const {ERRORS})) (i32.store (i32.const 84) (local.get $i))
    (drop (call $fd_write (i32.const 1) (i32.const 80) (i32.const 1) (i32.const 88)))
    (i32.const 0)))"#
    );
    install_module(cache, &wat::parse_str(&text).unwrap());
}

/// A program for the guest.
#[derive(Default)]
pub(crate) struct Calls {
    calls: Vec<u8>,
    texts: Vec<u8>,
}

impl Calls {
    /// Adds a call.
    pub(crate) fn call(&mut self, name: &str, arguments: &[i64]) {
        let number = CALLS.iter().position(|(known, _)| *known == name).unwrap();
        let mut call: Vec<u8> = [number as i64].iter().chain(arguments).flat_map(|word| word.to_le_bytes()).collect();
        call.resize(CALL_BYTES, 0);
        self.calls.extend(call);
        assert!(self.calls.len() <= MOST_CALLS * CALL_BYTES, "the program is too long");
    }

    /// Puts bytes in the guest's memory and gives their place.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> i64 {
        let place = TEXTS + self.texts.len() as i64;
        self.texts.extend(bytes);
        self.texts.resize(self.texts.len().next_multiple_of(8), 0);
        place
    }

    /// An I/O vector of one part.
    pub(crate) fn vector(&mut self, place: i64, bytes: u32) -> i64 {
        let parts = [u32::try_from(place).unwrap().to_le_bytes(), bytes.to_le_bytes()].concat();
        self.bytes(&parts)
    }

    pub(crate) fn turn(&self) -> Turn {
        let mut document = (self.calls.len() / CALL_BYTES).to_le_bytes().to_vec();
        document.extend(&self.calls);
        document.resize(usize::try_from(TEXTS - DOCUMENT).unwrap(), 0);
        document.extend(&self.texts);
        Turn { document, seed: [7; 32], clock_ns: 0, tape: None }
    }
}

/// A directory that a path begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// The session's own.
    Workspace,
    /// One that may be read.
    Read,
    /// One that may be written.
    Write,
    /// One that was opened before.
    Slot(u8),
}

impl At {
    /// The guest's descriptor: those of directories come in the order in which they are given.
    fn argument(self) -> i64 {
        match self {
            At::Workspace => 3,
            At::Read => 4,
            At::Write => 5,
            At::Slot(slot) => OF_SLOT + SLOTS + i64::from(slot) * 4,
        }
    }
}

/// One step of an attack.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Target, and the link's name.
    Symlink(String, At, String),
    /// A second name; links in the first are followed.
    Link(At, String, At, String),
    Rename(At, String, At, String),
    /// Opens to read; links are followed.
    Read(At, String, u8),
    /// Opens to write, with these of the flags below; links are followed.
    Write(At, String, u32, u8),
    /// Opens to read, and empties.
    Empty(At, String, u8),
    Directory(At, String, u8),
    Put(u8),
    Get(u8),
    Resize(u8, i64),
    Touch(u8),
    TouchPath(At, String),
    Make(At, String),
    Unmake(At, String),
    Remove(At, String),
    Close(u8),
}

pub(crate) const CREATE: u32 = 1;
const DIRECTORY: u32 = 2;
const TRUNCATE: u32 = 8;
pub(crate) const OVER: u32 = CREATE | TRUNCATE;

/// Rights of WASI: to read, to write, to set size and times, to read directories.
const READ_RIGHTS: i64 = (1 << 1) | (1 << 14);
const WRITE_RIGHTS: i64 = (1 << 6) | (1 << 8) | (1 << 22) | (1 << 23);
const FOLLOW: i64 = 1;
/// The second flag of `fstflags`: the time of change is the one given.
const SET_CHANGE_TIME: i64 = 1 << 2;
const PUT: &[u8] = b"pwned";

/// The steps as calls of WASI.
pub(crate) fn as_calls(steps: &[Step]) -> Calls {
    let mut calls = Calls::default();
    let slot = |slot: u8| SLOTS + i64::from(slot) * 4;
    for step in steps {
        let mut name = |path: &str| (calls.bytes(path.as_bytes()), path.len() as i64);
        match step {
            Step::Symlink(target, at, path) => {
                let ((t, tl), (p, pl)) = (name(target), name(path));
                calls.call("path_symlink", &[t, tl, at.argument(), p, pl]);
            }
            Step::Link(at, path, to, new) => {
                let ((p, pl), (n, nl)) = (name(path), name(new));
                calls.call("path_link", &[at.argument(), FOLLOW, p, pl, to.argument(), n, nl]);
                calls.call("path_link", &[at.argument(), 0, p, pl, to.argument(), n, nl]);
            }
            Step::Rename(at, path, to, new) => {
                let ((p, pl), (n, nl)) = (name(path), name(new));
                calls.call("path_rename", &[at.argument(), p, pl, to.argument(), n, nl]);
            }
            Step::Read(at, path, to) => {
                let (p, pl) = name(path);
                calls.call("path_open", &[at.argument(), FOLLOW, p, pl, 0, READ_RIGHTS, READ_RIGHTS, 0, slot(*to)]);
            }
            Step::Write(at, path, flags, to) => {
                let (p, pl) = name(path);
                let rights = READ_RIGHTS | WRITE_RIGHTS;
                calls.call("path_open", &[at.argument(), FOLLOW, p, pl, i64::from(*flags), rights, rights, 0, slot(*to)]);
            }
            Step::Empty(at, path, to) => {
                let (p, pl) = name(path);
                calls.call("path_open", &[at.argument(), FOLLOW, p, pl, i64::from(TRUNCATE), READ_RIGHTS, READ_RIGHTS, 0, slot(*to)]);
            }
            Step::Directory(at, path, to) => {
                let (p, pl) = name(path);
                let rights = READ_RIGHTS | WRITE_RIGHTS;
                calls.call("path_open", &[at.argument(), FOLLOW, p, pl, i64::from(DIRECTORY), rights, rights, 0, slot(*to)]);
            }
            Step::Put(from) => {
                let bytes = calls.bytes(PUT);
                let vector = calls.vector(bytes, 5);
                calls.call("fd_write", &[At::Slot(*from).argument(), vector, 1, 64]);
            }
            Step::Get(from) => {
                let vector = calls.vector(SCRATCH, 64);
                calls.call("fd_read", &[At::Slot(*from).argument(), vector, 1, 64]);
                calls.call("fd_write", &[1, vector, 1, 64]);
            }
            Step::Resize(at, bytes) => {
                calls.call("fd_filestat_set_size", &[At::Slot(*at).argument(), *bytes]);
                calls.call("fd_allocate", &[At::Slot(*at).argument(), 0, *bytes + 1]);
            }
            Step::Touch(at) => calls.call("fd_filestat_set_times", &[At::Slot(*at).argument(), 0, 1_000_000_000, SET_CHANGE_TIME]),
            Step::TouchPath(at, path) => {
                let (p, pl) = name(path);
                for lookup in [FOLLOW, 0] {
                    calls.call("path_filestat_set_times", &[at.argument(), lookup, p, pl, 0, 1_000_000_000, SET_CHANGE_TIME]);
                }
            }
            Step::Make(at, path) => {
                let (p, pl) = name(path);
                calls.call("path_create_directory", &[at.argument(), p, pl]);
            }
            Step::Unmake(at, path) => {
                let (p, pl) = name(path);
                calls.call("path_remove_directory", &[at.argument(), p, pl]);
            }
            Step::Remove(at, path) => {
                let (p, pl) = name(path);
                calls.call("path_unlink_file", &[at.argument(), p, pl]);
            }
            Step::Close(at) => calls.call("fd_close", &[At::Slot(*at).argument()]),
        }
    }
    calls
}

/// Takes the steps natively, in the directories below `root`; errors are of no interest. Gives what was read.
pub(crate) fn natively(root: &Path, steps: &[Step]) -> Vec<u8> {
    let open = |name: &str| rustix::fs::open(root.join(name), OFlags::DIRECTORY, Mode::empty()).unwrap();
    let (workspace, read, write) = (open("workspace"), open("read"), open("write"));
    let mut slots: BTreeMap<u8, OwnedFd> = BTreeMap::new();
    let mut got = Vec::new();
    let then = Timespec { tv_sec: 1, tv_nsec: 0 };
    let times = Timestamps { last_access: then, last_modification: then };
    for step in steps {
        let at = |at: &At| -> BorrowedFd<'_> {
            match at {
                At::Workspace => workspace.as_fd(),
                At::Read => read.as_fd(),
                At::Write => write.as_fd(),
                At::Slot(slot) => slots.get(slot).map_or(workspace.as_fd(), AsFd::as_fd),
            }
        };
        let opened = |place: &At, path: &str, flags: OFlags| rustix::fs::openat(at(place), path, flags, Mode::from_raw_mode(0o666)).ok();
        let mut into = None;
        match step {
            Step::Symlink(target, place, path) => ignore(rustix::fs::symlinkat(target.as_str(), at(place), path.as_str())),
            Step::Link(place, path, to, new) => {
                ignore(rustix::fs::linkat(at(place), path.as_str(), at(to), new.as_str(), AtFlags::SYMLINK_FOLLOW));
            }
            Step::Rename(place, path, to, new) => ignore(rustix::fs::renameat(at(place), path.as_str(), at(to), new.as_str())),
            Step::Read(place, path, slot) => into = opened(place, path, OFlags::RDONLY).map(|fd| (*slot, fd)),
            Step::Write(place, path, flags, slot) => {
                let create = if flags & CREATE != 0 { OFlags::CREATE } else { OFlags::empty() };
                let empty = if flags & TRUNCATE != 0 { OFlags::TRUNC } else { OFlags::empty() };
                into = opened(place, path, OFlags::RDWR | create | empty).map(|fd| (*slot, fd));
            }
            Step::Empty(place, path, slot) => into = opened(place, path, OFlags::RDONLY | OFlags::TRUNC).map(|fd| (*slot, fd)),
            Step::Directory(place, path, slot) => into = opened(place, path, OFlags::DIRECTORY).map(|fd| (*slot, fd)),
            Step::Put(slot) => ignore(slots.get(slot).map(|fd| rustix::io::write(fd, PUT))),
            Step::Get(slot) => {
                let mut bytes = [0; 64];
                let length = slots.get(slot).and_then(|fd| rustix::io::read(fd, &mut bytes[..]).ok()).unwrap_or(0);
                got.extend(&bytes[..length]);
            }
            Step::Resize(slot, bytes) => ignore(slots.get(slot).map(|fd| rustix::fs::ftruncate(fd, bytes.cast_unsigned()))),
            Step::Touch(slot) => ignore(slots.get(slot).map(|fd| rustix::fs::futimens(fd, &times))),
            Step::TouchPath(place, path) => ignore(rustix::fs::utimensat(at(place), path.as_str(), &times, AtFlags::empty())),
            Step::Make(place, path) => ignore(rustix::fs::mkdirat(at(place), path.as_str(), Mode::from_raw_mode(0o777))),
            Step::Unmake(place, path) => ignore(rustix::fs::unlinkat(at(place), path.as_str(), AtFlags::REMOVEDIR)),
            Step::Remove(place, path) => ignore(rustix::fs::unlinkat(at(place), path.as_str(), AtFlags::empty())),
            Step::Close(slot) => ignore(slots.remove(slot)),
        }
        slots.extend(into);
    }
    got
}

/// Whether a native call succeeds is of no interest: what it changed is.
fn ignore<T>(_: T) {}
