//! Ways out of the directories that a guest was given, as raw calls of WASI: links, `..`, slashes, renames, descriptors, races.
//!
//! Beside the guest's directories lies one that it was not given, and one that it may only read. Each attack is first taken natively in the same
//! place, where it must lead outside; then by the guest, and then every file there is as it was: bytes, number, times, mode, names.

use crate::{
    calls::{At, CREATE, Calls, OVER, SCRATCH, Step, as_calls, install, natively},
    fixture::{Echo, settings},
};
use At::{Read, Slot, Workspace, Write};
use policy::{FileAccess, FileGrant, Guest, Principal};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sandbox::{Bind, End, Sandbox, Trapped, Turn, Worker};
use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::{MetadataExt, symlink},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Directories as an attack finds them.
fn tree() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for directory in ["outside/empty", "workspace/sub", "read/sub", "write"] {
        std::fs::create_dir_all(root.path().join(directory)).unwrap();
    }
    for (file, text) in [("outside/secret", "secret"), ("workspace/mine", "mine"), ("read/kept", "kept"), ("write/shared", "shared")] {
        std::fs::write(root.path().join(file), text).unwrap();
    }
    root
}

/// A file's inode, mode, links, time of change in seconds and nanoseconds, and bytes.
type Told = (u64, u32, u64, i64, i64, Vec<u8>);

/// Everything below the two directories that nobody may change. The directories' own times change when a name is made or goes.
fn state(root: &Path) -> BTreeMap<String, Told> {
    let (mut state, mut left) = (BTreeMap::new(), vec![root.join("outside"), root.join("read")]);
    while let Some(path) = left.pop() {
        // Natively the whole directory may be gone.
        let Ok(of) = std::fs::symlink_metadata(&path) else { continue };
        let content = if of.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        if of.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        state.insert(name, (of.ino(), of.mode(), of.nlink(), of.mtime(), of.mtime_nsec(), content));
    }
    state
}

/// A sandbox over the guest that makes raw calls.
async fn sandbox() -> (Sandbox, TempDir) {
    let cache = tempfile::tempdir().unwrap();
    install(cache.path());
    (Sandbox::start(settings(cache.path().to_owned())).await.unwrap(), cache)
}

/// A worker bound to a tree.
async fn bound(sandbox: &Sandbox, root: &Path) -> Worker {
    let grant = |name: &str, access| FileGrant { mount: format!("/{name}"), path: root.join(name), access, data: BTreeSet::new() };
    let bind = Bind {
        workspace: root.join("workspace").to_string_lossy().into_owned(),
        memory_bytes: 16 << 20,
        workspace_bytes: 1 << 20,
        workspace_files: 100,
        environment: vec![],
        files: vec![grant("read", FileAccess::Read), grant("write", FileAccess::Write)],
    };
    let mut worker = sandbox.worker(Guest::Python, &Principal::local()).await.unwrap();
    worker.bind(&bind).await.unwrap();
    worker
}

/// Runs calls to their end: what was printed, and behind it the error number of each.
async fn run(worker: &mut Worker, turn: Turn) -> Vec<u8> {
    let over = sleep_until(Instant::now() + Duration::from_secs(60));
    let finished = worker.turn(turn, &mut Echo(Vec::new()), over, &CancellationToken::new()).await;
    assert_eq!(finished.end, End::Completed(0));
    [finished.output.head, finished.output.tail].concat()
}

/// Whether these bytes are somewhere in those.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn symlink_to(target: &str, name: &str) -> Step {
    Step::Symlink(target.to_owned(), Workspace, name.to_owned())
}

/// Opens to write, writes, and reads what was there.
fn change(at: At, path: &str, flags: u32) -> Vec<Step> {
    vec![
        Step::Read(at, path.to_owned(), 1),
        Step::Get(1),
        Step::Write(at, path.to_owned(), flags, 2),
        Step::Put(2),
        Step::Touch(2),
        Step::Resize(2, 3),
    ]
}

fn with(first: Vec<Step>, then: Vec<Step>) -> Vec<Step> {
    [first, then].concat()
}

/// Every attack, by name.
fn attacks(root: &Path) -> Vec<(&'static str, Vec<Step>)> {
    let absolute = root.join("outside/secret").to_string_lossy().into_owned();
    let step = |from: At, path: &str, to: At, new: &str| Step::Rename(from, path.to_owned(), to, new.to_owned());
    let link = |from: At, path: &str, to: At, new: &str| Step::Link(from, path.to_owned(), to, new.to_owned());
    let make = |at: At, path: &str| Step::Make(at, path.to_owned());
    let chain = (1..30).map(|n| symlink_to(&format!("l{}", n - 1), &format!("l{n}"))).collect::<Vec<_>>();
    vec![
        ("a path upward", change(Workspace, "../outside/secret", 0)),
        ("a path down and upward", change(Workspace, "sub/../../outside/secret", 0)),
        ("a path upward from a granted directory", change(Write, "../outside/secret", OVER)),
        ("an absolute path", change(Workspace, &absolute, 0)),
        ("a new file upward", vec![Step::Write(Workspace, "../outside/new".to_owned(), CREATE, 1), Step::Put(1)]),
        ("a link upward", with(vec![symlink_to("../outside/secret", "l")], change(Workspace, "l", 0))),
        ("an absolute link", with(vec![symlink_to(&absolute, "l")], change(Workspace, "l", OVER))),
        ("a link to a file that is made", with(vec![symlink_to("../outside/new", "l")], change(Workspace, "l", CREATE))),
        ("a long chain of links", with(with(vec![symlink_to("../outside/secret", "l0")], chain), change(Workspace, "l29", 0))),
        ("a link in a directory", with(vec![symlink_to("../../outside", "sub/l")], change(Workspace, "sub/l/secret", OVER))),
        ("a link with dots behind it", with(vec![symlink_to("sub", "l")], change(Workspace, "l/../../outside/secret", 0))),
        ("a link through its own directory", with(vec![symlink_to("sub/../.././outside//secret", "l")], change(Workspace, "l", 0))),
        ("a link with a slash at its end", with(vec![symlink_to("../outside/empty/", "l")], vec![make(Workspace, "l/new")])),
        ("a slash behind a link", with(vec![symlink_to("../outside/empty", "l")], vec![step(Workspace, "mine", Workspace, "l/mine")])),
        ("a directory made through a link", with(vec![symlink_to("../outside", "l")], vec![make(Workspace, "l/new/")])),
        ("a directory removed through a link", vec![symlink_to("../outside", "l"), Step::Unmake(Workspace, "l/empty/".to_owned())]),
        ("a file removed through a link", vec![symlink_to("../outside", "l"), Step::Remove(Workspace, "l/secret".to_owned())]),
        ("a link made through a link", vec![symlink_to("../outside", "l"), symlink_to("x", "l/new")]),
        ("a rename out", vec![step(Workspace, "mine", Workspace, "../outside/mine")]),
        ("a rename over what is outside", vec![step(Workspace, "mine", Workspace, "../outside/secret")]),
        ("a rename in", vec![step(Workspace, "../outside/secret", Workspace, "stolen")]),
        ("a rename in through a link", vec![symlink_to("../outside", "l"), step(Workspace, "l/secret", Workspace, "stolen")]),
        ("a directory renamed out", vec![step(Workspace, "sub", Write, "../outside/sub")]),
        (
            "a link renamed into place",
            with(vec![symlink_to("../outside", "sub/l"), step(Workspace, "sub/l", Workspace, "m")], change(Workspace, "m/secret", 0)),
        ),
        ("a second name of what is outside", with(vec![link(Workspace, "../outside/secret", Workspace, "h")], change(Workspace, "h", 0))),
        (
            "a second name through a link",
            with(vec![symlink_to("../outside/secret", "l"), link(Workspace, "l", Workspace, "h")], change(Workspace, "h", 0)),
        ),
        ("a second name outside", vec![link(Workspace, "mine", Workspace, "../outside/h")]),
        ("times through a link", vec![symlink_to("../outside/secret", "l"), Step::TouchPath(Workspace, "l".to_owned())]),
        ("times upward", vec![Step::TouchPath(Workspace, "../outside/secret".to_owned())]),
        ("a directory opened upward", with(vec![Step::Directory(Workspace, "..".to_owned(), 3)], change(Slot(3), "outside/secret", 0))),
        (
            "a directory opened through a link",
            with(vec![symlink_to("../outside", "l"), Step::Directory(Workspace, "l".to_owned(), 3)], change(Slot(3), "secret", OVER)),
        ),
        (
            "upward from a directory that was opened",
            with(vec![Step::Directory(Workspace, "sub".to_owned(), 3)], change(Slot(3), "../../outside/secret", 0)),
        ),
        (
            "upward from a directory that was moved since",
            with(
                vec![make(Workspace, "sub/deep"), Step::Directory(Workspace, "sub/deep".to_owned(), 3), step(Workspace, "sub/deep", Write, "deep")],
                change(Slot(3), "../../outside/secret", 0),
            ),
        ),
        ("writing what may be read", change(Read, "kept", 0)),
        ("emptying what may be read, without the right to write", vec![Step::Empty(Read, "kept".to_owned(), 1)]),
        ("emptying what may be read", change(Read, "kept", OVER)),
        ("emptying through a link", vec![symlink_to("../read/kept", "l"), Step::Empty(Workspace, "l".to_owned(), 1)]),
        ("a new file where one may read", change(Read, "new", CREATE)),
        ("a new directory where one may read", vec![make(Read, "new")]),
        ("a new link where one may read", vec![Step::Symlink("kept".to_owned(), Read, "new".to_owned())]),
        ("removing what may be read", vec![Step::Remove(Read, "kept".to_owned())]),
        ("removing a directory that may be read", vec![Step::Unmake(Read, "sub".to_owned())]),
        ("renaming what may be read", vec![step(Read, "kept", Read, "other")]),
        ("moving away what may be read", vec![step(Read, "kept", Workspace, "kept")]),
        ("moving over what may be read", vec![step(Workspace, "mine", Read, "kept")]),
        ("a second name of what may be read", with(vec![link(Read, "kept", Workspace, "h")], change(Workspace, "h", 0))),
        ("a second name where one may read", vec![link(Workspace, "mine", Read, "h")]),
        ("times of what may be read", vec![Step::TouchPath(Read, "kept".to_owned())]),
        ("times of what is open to read", vec![Step::Read(Read, "kept".to_owned(), 1), Step::Touch(1)]),
        (
            "what may be read, from a directory in it",
            with(vec![Step::Directory(Read, "sub".to_owned(), 3)], vec![Step::Write(Slot(3), "new".to_owned(), CREATE, 1), Step::Put(1)]),
        ),
    ]
}

#[tokio::test]
async fn no_way_leads_out_of_the_directories_of_a_guest() {
    let (sandbox, _cache) = sandbox().await;
    let names: Vec<&str> = attacks(Path::new("/")).into_iter().map(|(name, _)| name).collect();
    for (at, name) in names.iter().enumerate() {
        let open = tree();
        let before = state(open.path());
        let got = natively(open.path(), &attacks(open.path())[at].1);
        assert!(state(open.path()) != before || has(&got, b"secret"), "{name}: natively it leads nowhere, and shows nothing");

        let root = tree();
        let before = state(root.path());
        let got = run(&mut bound(&sandbox, root.path()).await, as_calls(&attacks(root.path())[at].1).turn()).await;
        assert_eq!(state(root.path()), before, "{name}");
        assert!(!has(&got, b"secret"), "{name}");
    }
}

#[tokio::test]
async fn what_was_given_can_be_used() {
    // The control of all the others: the same steps where they are allowed.
    let (sandbox, _cache) = sandbox().await;
    let root = tree();
    let steps = [
        change(Workspace, "mine", OVER),
        change(Write, "shared", 0),
        vec![symlink_to("mine", "l"), Step::Link(Workspace, "mine".to_owned(), Workspace, "h".to_owned())],
        vec![Step::Rename(Workspace, "h".to_owned(), Workspace, "sub/h".to_owned()), Step::Make(Write, "new".to_owned())],
        vec![Step::Read(Read, "kept".to_owned(), 5), Step::Get(5), Step::Read(Workspace, "l".to_owned(), 6), Step::Get(6)],
    ];
    let got = run(&mut bound(&sandbox, root.path()).await, as_calls(&steps.concat()).turn()).await;
    assert!(has(&got, b"kept") && has(&got, b"shared"), "{got:?}");
    let text = |name: &str| std::fs::read(root.path().join(name)).unwrap();
    // Five bytes were written, three stayed, and `fd_allocate` made them four.
    for name in ["workspace/mine", "workspace/sub/h"] {
        assert_eq!(text(name), b"pwn\0", "{name}");
    }
    assert_eq!(text("write/shared"), b"pwn\0");
    assert!(root.path().join("write/new").is_dir() && root.path().join("workspace/l").is_symlink());
}

#[tokio::test]
async fn no_descriptor_becomes_more_than_it_was() {
    let (sandbox, _cache) = sandbox().await;
    let root = tree();
    let before = state(root.path());
    let mut worker = bound(&sandbox, root.path()).await;
    let mut calls = Calls::default();
    // The directory that may be read takes the places of the other two, and theirs are closed.
    calls.call("fd_renumber", &[4, 3]);
    calls.call("fd_close", &[5]);
    let got = run(&mut worker, calls.turn()).await;
    let steps = [change(Workspace, "kept", OVER), change(Write, "../outside/secret", OVER), change(Workspace, "../outside/secret", 0)];
    let steps = [&steps[..], &[vec![Step::Write(Workspace, "new".to_owned(), CREATE, 1), Step::Put(1)]]].concat();
    assert!(!has(&run(&mut worker, as_calls(&steps.concat()).turn()).await, b"secret"));
    let mut calls = Calls::default();
    for (from, to) in [(1, 3), (3, 1), (0, 4), (99, 3), (3, 99), (i64::from(u32::MAX), 3), (3, i64::from(u32::MAX)), (3, 3)] {
        calls.call("fd_renumber", &[from, to]);
    }
    for descriptor in [0, 1, 2, 3, 4, 5, 99, i64::from(u32::MAX)] {
        calls.call("fd_close", &[descriptor]);
        calls.call("fd_prestat_get", &[descriptor, SCRATCH]);
    }
    run(&mut worker, calls.turn()).await;
    assert_eq!(got.len(), 2, "two calls, and nothing printed");
    assert_eq!(state(root.path()), before);
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_errors_and_the_guest_goes_on() {
    let (sandbox, _cache) = sandbox().await;
    let root = tree();
    let before = state(root.path());
    let mut worker = bound(&sandbox, root.path()).await;
    let mut calls = Calls::default();
    let long = "d/".repeat(3000);
    let open = |calls: &mut Calls, path: i64, length: i64, flags: i64| calls.call("path_open", &[3, 1, path, length, flags, 66, 66, 0, SCRATCH]);
    for text in [&b"../outside/secret\0.txt"[..], b"mine\0", b"\xff\xfe", b"..\xc0\xaf..", long.as_bytes(), &[b'a'; 256], b"", b"/", b"//..//"] {
        let place = calls.bytes(text);
        open(&mut calls, place, text.len() as i64, 1);
    }
    let errors = run(&mut worker, calls.turn()).await;
    assert!(errors.iter().all(|error| *error != 0), "{errors:?}");

    // Each alone: what lies outside the guest's memory ends its turn, and the next worker is served.
    let (mut went_on, mut trapped) = (0, 0);
    for (name, arguments) in nonsense() {
        let mut calls = Calls::default();
        let path = calls.bytes(b"mine");
        open(&mut calls, path, 4, 0);
        calls.call(name, &arguments);
        let over = sleep_until(Instant::now() + Duration::from_secs(60));
        match worker.turn(calls.turn(), &mut Echo(Vec::new()), over, &CancellationToken::new()).await.end {
            End::Completed(0) => went_on += 1,
            End::Trapped(Trapped::Other, _) => {
                trapped += 1;
                worker = bound(&sandbox, root.path()).await;
            }
            end => panic!("{name} {arguments:?}: {end:?}"),
        }
    }
    assert!(went_on > 20 && trapped > 5, "{went_on} went on, {trapped} trapped");
    assert_eq!(state(root.path()), before);
    assert!(has(&run(&mut worker, as_calls(&[Step::Read(Read, "kept".to_owned(), 1), Step::Get(1)]).turn()).await, b"kept"), "it goes on");
}

/// Calls whose arguments make no sense, most of them about the file with descriptor 6 or about memory that is not there.
fn nonsense() -> Vec<(&'static str, Vec<i64>)> {
    let end = 131_072;
    let mut calls: Vec<(&str, Vec<i64>)> = Vec::new();
    for (path, length) in [(end - 4, 16), (-1, 4), (end, 1), (SCRATCH, -1), (-16, 32)] {
        calls.push(("path_open", vec![3, 1, path, length, 0, 66, 66, 0, SCRATCH]));
        calls.push(("path_rename", vec![3, path, length, 3, path, length]));
        calls.push(("path_symlink", vec![path, length, 3, path, length]));
        calls.push(("path_filestat_get", vec![3, 1, path, length, path]));
        calls.push(("path_readlink", vec![3, path, length, path, length, path]));
    }
    // Too many parts, a list of parts that is outside or overlaps what is written.
    for name in ["fd_read", "fd_write"] {
        for (vector, count) in [(SCRATCH, 1025), (SCRATCH, -1), (-8, 4), (end - 4, 1), (SCRATCH, 1)] {
            calls.push((name, vec![6, vector, count, 64]));
            calls.push((name, vec![6, vector, count, -2]));
            calls.push((name, vec![6, vector, count, vector]));
        }
    }
    for offset in [-1, i64::MIN, i64::MAX] {
        calls.push(("fd_pread", vec![6, SCRATCH, 1, offset, 64]));
        calls.push(("fd_pwrite", vec![6, SCRATCH, 1, offset, 64]));
        calls.push(("fd_seek", vec![6, offset, 0, 64]));
        calls.push(("fd_seek", vec![6, offset, 77, 64]));
        calls.push(("fd_allocate", vec![6, offset, offset]));
        calls.push(("fd_filestat_set_size", vec![6, offset]));
        calls.push(("fd_advise", vec![6, offset, offset, 99]));
        calls.push(("fd_filestat_set_times", vec![6, offset, offset, -1]));
        for (place, length, out) in [(SCRATCH, 4096, 64), (SCRATCH, 4096, SCRATCH), (end - 8, 4096, 64), (SCRATCH, -1, SCRATCH)] {
            calls.push(("fd_readdir", vec![3, place, length, offset, out]));
            calls.push(("fd_readdir", vec![3, place, length, 0, out]));
        }
    }
    calls.push(("fd_fdstat_set_flags", vec![6, -1]));
    calls
}

/// Exchanges a directory and a link that leads outside, again and again, as another session with the same directory may.
struct Exchanging {
    ended: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<u64>>,
}

impl Exchanging {
    fn start(root: &Path) -> Self {
        let (directory, link) = (root.join("write/d"), root.join("write/l"));
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("secret"), "harmless").unwrap();
        symlink("../outside", &link).unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            let mut times = 0;
            while !until.load(Ordering::Relaxed) {
                renameat_with(CWD, &directory, CWD, &link, RenameFlags::EXCHANGE).unwrap();
                times += 1;
            }
            times
        });
        Exchanging { ended, thread: Some(thread) }
    }

    fn end(mut self) -> u64 {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

#[tokio::test]
async fn no_race_of_renames_leads_outside() {
    let attempt = [change(Write, "d/secret", OVER), vec![Step::Close(1), Step::Close(2)]].concat();
    let open = tree();
    let exchanging = Exchanging::start(open.path());
    let before = state(open.path());
    // Natively the race is won soon.
    let won = (0..100_000).any(|_| {
        natively(open.path(), &attempt);
        state(open.path()) != before
    });
    assert!(won && exchanging.end() > 0);

    let (sandbox, _cache) = sandbox().await;
    let root = tree();
    let exchanging = Exchanging::start(root.path());
    let before = state(root.path());
    let mut worker = bound(&sandbox, root.path()).await;
    let attempts: Vec<Step> = std::iter::repeat_n(attempt, 30).flatten().collect();
    let mut written = 0;
    for _ in 0..40 {
        let got = run(&mut worker, as_calls(&attempts).turn()).await;
        written += usize::from(has(&got, b"harmless") || has(&got, b"pwn"));
        assert!(!has(&got, b"secret"));
        assert_eq!(state(root.path()), before);
    }
    assert!(written > 0 && exchanging.end() > 40, "the directory was open to it in between");
}

/// Any step, with names and targets that matter.
fn any_step() -> impl Strategy<Value = Step> {
    let at = || prop_oneof![Just(Workspace), Just(Write), Just(Read), (0_u8..4).prop_map(Slot)];
    let names = [
        "mine",
        "sub",
        "l",
        "m",
        "d",
        "sub/l",
        "l/m",
        "l/secret",
        "m/secret",
        "l/",
        "..",
        "../outside",
        "../outside/secret",
        "kept",
        "../read/kept",
        ".",
    ];
    let name = || proptest::sample::select(names.to_vec()).prop_map(str::to_owned);
    let slot = || 0_u8..4;
    prop_oneof![
        (name(), at(), name()).prop_map(|(target, at, path)| Step::Symlink(target, at, path)),
        (at(), name(), at(), name()).prop_map(|(at, path, to, new)| Step::Link(at, path, to, new)),
        (at(), name(), at(), name()).prop_map(|(at, path, to, new)| Step::Rename(at, path, to, new)),
        (at(), name(), slot()).prop_map(|(at, path, slot)| Step::Read(at, path, slot)),
        (at(), name(), 0_u32..16, slot()).prop_map(|(at, path, flags, slot)| Step::Write(at, path, flags, slot)),
        (at(), name(), slot()).prop_map(|(at, path, slot)| Step::Directory(at, path, slot)),
        (at(), name()).prop_map(|(at, path)| Step::Make(at, path)),
        (at(), name()).prop_map(|(at, path)| Step::Unmake(at, path)),
        (at(), name()).prop_map(|(at, path)| Step::Remove(at, path)),
        (at(), name()).prop_map(|(at, path)| Step::TouchPath(at, path)),
        slot().prop_map(Step::Put),
        slot().prop_map(Step::Get),
        slot().prop_map(Step::Touch),
        slot().prop_map(Step::Close),
        (slot(), 0_i64..10).prop_map(|(slot, bytes)| Step::Resize(slot, bytes)),
    ]
}

#[tokio::test]
async fn no_sequence_of_steps_leads_outside() {
    let (sandbox, _cache) = sandbox().await;
    let mut runner = TestRunner::new(Config::default());
    let steps = proptest::collection::vec(any_step(), 1..80);
    let mut landed = 0;
    for _ in 0..60 {
        let steps = steps.new_tree(&mut runner).unwrap().current();
        let open = tree();
        let before = state(open.path());
        natively(open.path(), &steps);
        landed += usize::from(state(open.path()) != before);

        let root = tree();
        let before = state(root.path());
        let got = run(&mut bound(&sandbox, root.path()).await, as_calls(&steps).turn()).await;
        assert_eq!(state(root.path()), before, "{steps:?}");
        assert!(!has(&got, b"secret"), "{steps:?}");
    }
    assert!(landed > 30, "natively {landed} of 60 lead outside");
}
