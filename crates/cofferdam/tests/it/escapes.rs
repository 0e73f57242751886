//! Ways out of a program's files, as programs in both languages write them: links, `..`, slashes, renames, truncation, descriptors.
//!
//! Each attempt is a program's own line. First it is taken natively, by the same language in a twin of the same directories, where it must work and
//! show or change what lies outside; then in Cofferdam, where it must be an ordinary error of the language and leave every file outside as it was:
//! bytes, number, times, mode, links, names.

use crate::connection::{Connection, Era};
use crate::place::{Place, modern};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// In a program `{data}` is a directory that it may write to, `{read}` one that it may read. Beside them lies `outside`, which it was not given.
fn tree(root: &Path) {
    for directory in ["outside/empty", "data/sub", "read"] {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    for (file, text) in [("outside/secret", "secret"), ("data/mine", "mine"), ("data/other", "other"), ("read/kept", "kept")] {
        std::fs::write(root.join(file), text).unwrap();
    }
    symlink("../outside/secret", root.join("data/file")).unwrap();
    symlink(root.join("outside/secret"), root.join("data/absolute")).unwrap();
    symlink("../outside", root.join("data/out")).unwrap();
    symlink("..", root.join("data/up")).unwrap();
    symlink("../outside/new", root.join("data/dangling")).unwrap();
    symlink("../read/kept", root.join("data/kept")).unwrap();
}

/// A file's inode, mode, links, time of change in seconds and nanoseconds, and bytes.
type Told = (u64, u32, u64, i64, i64, Vec<u8>);

/// All that nobody may change. The directories' own times change when a name is made or goes, so that a trace is left even of what was undone.
fn state(root: &Path) -> BTreeMap<PathBuf, Told> {
    let (mut state, mut left) = (BTreeMap::new(), vec![root.join("outside"), root.join("read")]);
    while let Some(path) = left.pop() {
        let Ok(of) = std::fs::symlink_metadata(&path) else { continue };
        let content = if of.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        if of.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        state.insert(path, (of.ino(), of.mode(), of.nlink(), of.mtime(), of.mtime_nsec(), content));
    }
    state
}

/// What an attempt does where nothing holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Natively {
    /// It shows something of what lies outside.
    Shows,
    /// It changes what may not be changed.
    Changes,
}
use Natively::{Changes, Shows};

const PYTHON: &[(Natively, &str)] = &[
    // Through a link to a file.
    (Shows, "open('{data}/file').read()"),
    (Shows, "open('{data}/absolute').read()"),
    (Shows, "os.stat('{data}/file')"),
    (Shows, "os.access('{data}/file', os.R_OK) or raise_(OSError(13, 'no'))"),
    (Changes, "open('{data}/file', 'w').write('x')"),
    (Changes, "open('{data}/file', 'a').write('x')"),
    (Changes, "open('{data}/file', 'r+').write('x')"),
    (Changes, "os.close(os.open('{data}/file', os.O_WRONLY | os.O_TRUNC))"),
    (Changes, "os.close(os.open('{data}/dangling', os.O_WRONLY | os.O_CREAT))"),
    (Changes, "os.truncate('{data}/file', 0)"),
    (Changes, "os.utime('{data}/file', (1, 1))"),
    (Changes, "shutil.copyfile('{data}/mine', '{data}/file')"),
    // What may be read is not written through a link from where may be written, and not truncated.
    (Changes, "open('{data}/kept', 'w').write('x')"),
    (Changes, "os.close(os.open('{data}/kept', os.O_RDONLY | os.O_TRUNC))"),
    (Changes, "os.close(os.open('{read}/kept', os.O_RDONLY | os.O_TRUNC))"),
    (Changes, "os.close(os.open('{read}/new', os.O_RDONLY | os.O_CREAT))"),
    // Through a link to a directory, with and without slashes, and `..` behind it.
    (Shows, "os.listdir('{data}/out')"),
    (Shows, "os.listdir('{data}/out/')"),
    (Shows, "os.listdir('{data}/out//.')"),
    (Shows, "open('{data}/out/secret').read()"),
    (Shows, "open('{data}/up/outside/secret').read()"),
    (Shows, "open('{data}/out/../outside/secret').read()"),
    (Shows, "open('{data}/sub/../../outside/secret').read()"),
    (Shows, "os.stat('{data}/out/empty/..')"),
    (Changes, "open('{data}/out/new', 'w')"),
    (Changes, "os.mkdir('{data}/out/new')"),
    (Changes, "os.mkdir('{data}/up/outside/new/')"),
    (Changes, "os.rmdir('{data}/out/empty')"),
    (Changes, "os.rmdir('{data}/out/empty/')"),
    (Changes, "os.remove('{data}/out/secret')"),
    (Changes, "os.symlink('x', '{data}/out/new')"),
    (Changes, "shutil.rmtree('{data}/out/empty')"),
    // Renames and hard links, out and in.
    (Changes, "os.rename('{data}/mine', '{data}/out/new')"),
    (Changes, "os.rename('{data}/mine', '{data}/out/secret')"),
    (Changes, "os.rename('{data}/sub', '{data}/out/empty')"),
    (Changes, "os.rename('{data}/sub/', '{data}/out/empty/')"),
    (Changes, "os.rename('{data}/out/secret', '{data}/stolen')"),
    (Changes, "os.rename('{data}/out/empty/', '{data}/stolen/')"),
    (Changes, "os.replace('{data}/mine', '{data}/up/outside/new')"),
    (Changes, "os.rename('{read}/kept', '{data}/stolen')"),
    (Changes, "os.rename('{data}/mine', '{read}/kept')"),
    (Changes, "os.link('{data}/out/secret', '{data}/stolen')"),
    (Changes, "os.link('{data}/mine', '{data}/out/new')"),
    (Changes, "os.link('{read}/kept', '{data}/stolen'); open('{data}/stolen', 'w').write('x')"),
    // A link that the program makes itself, and one to a directory that was moved down, so that its `..` leads further up.
    (Shows, "os.symlink('../outside', '{data}/l'); os.listdir('{data}/l/')"),
    (Shows, "os.symlink('../outside/secret', '{data}/l'); open('{data}/l').read()"),
    (Shows, "os.symlink('../outside/secret', '{data}/sub/l'); os.rename('{data}/sub/l', '{data}/l'); open('{data}/l').read()"),
    (Changes, "os.symlink('out', '{data}/l'); os.symlink('l/secret', '{data}/m'); open('{data}/m', 'w').write('x')"),
    // Relative to a descriptor of a directory.
    (Shows, "d = os.open('{data}', os.O_RDONLY); os.close(os.open('../outside/secret', os.O_RDONLY, dir_fd=d))"),
    (Shows, "d = os.open('{data}/sub', os.O_RDONLY); os.close(os.open('../../outside/secret', os.O_RDONLY, dir_fd=d))"),
    (Shows, "d = os.open('{data}/sub/../out', os.O_RDONLY); os.listdir(d)"),
    (Changes, "os.chdir('{data}/sub'); open('../../outside/secret', 'w').write('x')"),
    (Changes, "os.chdir('{data}/out'); open('secret', 'w').write('x')"),
];

const JAVASCRIPT: &[(Natively, &str)] = &[
    (Shows, "fs.readFileSync('{data}/file')"),
    (Shows, "fs.readFileSync('{data}/absolute')"),
    (Shows, "fs.statSync('{data}/file')"),
    (Shows, "fs.accessSync('{data}/file')"),
    (Shows, "fs.copyFileSync('{data}/file', '{data}/stolen')"),
    (Changes, "fs.writeFileSync('{data}/file', 'x')"),
    (Changes, "fs.appendFileSync('{data}/file', 'x')"),
    (Changes, "fs.writeFileSync('{data}/dangling', 'x')"),
    (Changes, "fs.truncateSync('{data}/file', 0)"),
    (Changes, "fs.copyFileSync('{data}/mine', '{data}/file')"),
    (Changes, "fs.writeFileSync('{data}/kept', 'x')"),
    (Changes, "fs.truncateSync('{data}/kept', 0)"),
    (Changes, "fs.truncateSync('{read}/kept', 0)"),
    (Shows, "fs.readdirSync('{data}/out')"),
    (Shows, "fs.readdirSync('{data}/out/')"),
    (Shows, "fs.readdirSync('{data}/out//.')"),
    (Shows, "fs.readFileSync('{data}/out/secret')"),
    (Shows, "fs.readFileSync('{data}/up/outside/secret')"),
    (Shows, "fs.readFileSync('{data}/sub/../../outside/secret')"),
    (Changes, "fs.writeFileSync('{data}/out/new', 'x')"),
    (Changes, "fs.mkdirSync('{data}/out/new')"),
    (Changes, "fs.mkdirSync('{data}/up/outside/new/a', { recursive: true })"),
    (Changes, "fs.rmdirSync('{data}/out/empty')"),
    (Changes, "fs.rmdirSync('{data}/out/empty/')"),
    (Changes, "fs.unlinkSync('{data}/out/secret')"),
    (Changes, "fs.rmSync('{data}/out/empty', { recursive: true })"),
    (Changes, "fs.symlinkSync('x', '{data}/out/new')"),
    (Changes, "fs.renameSync('{data}/mine', '{data}/out/new')"),
    (Changes, "fs.renameSync('{data}/mine', '{data}/out/secret')"),
    (Changes, "fs.renameSync('{data}/sub/', '{data}/out/empty/')"),
    (Changes, "fs.renameSync('{data}/out/secret', '{data}/stolen')"),
    (Changes, "fs.renameSync('{data}/out/empty/', '{data}/stolen/')"),
    (Changes, "fs.renameSync('{read}/kept', '{data}/stolen')"),
    (Changes, "fs.renameSync('{data}/mine', '{read}/kept')"),
    (Shows, "fs.symlinkSync('../outside', '{data}/l'); fs.readdirSync('{data}/l/')"),
    (Shows, "fs.symlinkSync('../outside/secret', '{data}/l'); fs.readFileSync('{data}/l')"),
    (Changes, "fs.symlinkSync('out', '{data}/l'); fs.symlinkSync('l/secret', '{data}/m'); fs.writeFileSync('{data}/m', 'x')"),
];

/// A program of one attempt; its value is `done`, or the kind of error that it was.
fn program(language: &str, attempt: &str) -> String {
    match language {
        "python" => format!(
            "import os, shutil\ndef raise_(error): raise error\ntry:\n    {attempt}\n    result = 'done'\nexcept Exception as error:\n    \
             result = 'OSError' if isinstance(error, OSError) and error.errno else repr(error)\n"
        ),
        _ => format!(
            "const fs = require('fs'); let result; try {{ {attempt}; result = 'done' }} catch (error) {{\n  \
             result = error instanceof Error && error.syscall ? 'Error' : String(error) }}\n"
        ),
    }
}

/// The value of a program where nothing holds it.
fn natively(language: &str, code: &str) -> String {
    let mut command = match language {
        "python" => {
            let mut command = Command::new(modern("python"));
            command.arg("-c").arg(format!("{code}print(result)"));
            command
        }
        _ => {
            let mut command = Command::new("node");
            command.arg("-e").arg(format!("{code}console.log(result)"));
            command
        }
    };
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

/// A server whose programs are given the two directories.
fn server() -> (Place, Connection) {
    let place = Place::new();
    tree(place.path());
    let [data, read] = ["data", "read"].map(|name| place.path().join(name));
    let files = format!("[files]\n\"/data\" = {{ path = {data:?}, access = \"write\" }}\n\"/read\" = {{ path = {read:?}, access = \"read\" }}\n");
    place.write(".config/cofferdam/cofferdam.toml", files);
    let server = place.serve(Era::Modern, &[]);
    (place, server)
}

fn nothing_leads_out(language: &str, attempts: &[(Natively, &str)]) {
    let (place, mut server) = server();
    // What it was given is there, to read and to write.
    let uses = match language {
        "python" => "open('/data/mine', 'w').write('mine')\nopen('/read/kept').read()",
        _ => "const fs = require('fs'); fs.writeFileSync('/data/mine', 'mine'); return fs.readFileSync('/read/kept', 'utf8')",
    };
    assert_eq!(server.run(language, uses), "kept");
    for (natively_it, attempt) in attempts {
        let twin = tempfile::tempdir().unwrap();
        tree(twin.path());
        let before = state(twin.path());
        let path = |name: &str| twin.path().join(name).display().to_string();
        let code = program(language, &attempt.replace("{data}", &path("data")).replace("{read}", &path("read")));
        assert_eq!(natively(language, &code), "done", "natively: {attempt}");
        assert_eq!(state(twin.path()) != before, *natively_it == Changes, "natively: {attempt}");

        // What an attempt before it left behind is not in its way.
        for name in ["data", "read", "outside"] {
            for entry in std::fs::read_dir(place.path().join(name)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
            }
        }
        tree(place.path());
        let before = state(place.path());
        let code = program(language, &attempt.replace("{data}", "/data").replace("{read}", "/read"));
        let found = server.run(language, &format!("{code}{}", if language == "python" { "result" } else { "return result" }));
        assert_eq!(found, if language == "python" { "OSError" } else { "Error" }, "{attempt}");
        assert_eq!(state(place.path()), before, "{attempt}");
    }
}

#[test]
fn no_way_of_python_leads_out_of_a_programs_files() {
    nothing_leads_out("python", PYTHON);
}

/// JavaScript has no hard links, no descriptors and nothing relative to them: `linkSync`, `openSync` and their like are not there.
#[test]
fn no_way_of_javascript_leads_out_of_a_programs_files() {
    nothing_leads_out("javascript", JAVASCRIPT);
    let (_place, mut server) = server();
    let there = "const fs = require('fs'); return ['linkSync', 'readSync', 'writeSync', 'ftruncateSync', 'fstatSync', 'opendirSync', 'chmodSync', \
                 'utimesSync'].filter((name) => fs[name])";
    assert_eq!(server.run("javascript", there), "[]");
}

/// What a descriptor is used for: none of these may work on one that is not the program's own.
const DESCRIPTORS: &str = "
import os
names = {}
def attempt(fd, what, act):
    try:
        did = act()
        names.setdefault(what, []).append([fd, did])
    except OSError:
        pass
for fd in range(0, 64):
    attempt(fd, 'mine', lambda: os.open('mine', os.O_RDONLY, dir_fd=fd))
    attempt(fd, 'read', lambda: os.open('kept', os.O_RDONLY, dir_fd=fd))
    attempt(fd, 'up', lambda: os.open('..', os.O_RDONLY, dir_fd=fd))
    attempt(fd, 'secret', lambda: os.read(os.open('../outside/secret', os.O_RDONLY, dir_fd=fd), 9).decode())
    attempt(fd, 'through', lambda: os.read(os.open('out/secret', os.O_RDONLY, dir_fd=fd), 9).decode())
    attempt(fd, 'make', lambda: os.mkdir('../outside/new', dir_fd=fd))
    attempt(fd, 'kept', lambda: os.write(os.open('kept', os.O_RDWR, dir_fd=fd), b'x'))
    attempt(fd, 'rename', lambda: os.rename('mine', '../outside/secret', src_dir_fd=fd, dst_dir_fd=fd))
    attempt(fd, 'truncate', lambda: os.ftruncate(fd, 0))
# Closed, and their numbers taken by a file of the program's own: what is opened by its name is still held by nothing but the sandbox.
for fd in range(3, 64):
    attempt(fd, 'close', lambda: os.close(fd))
taken = []
for _ in range(8):
    attempt(0, 'take', lambda: taken.append(os.open('/workspace/own', os.O_RDWR | os.O_CREAT)))
for fd in range(0, 64):
    attempt(fd, 'again', lambda: os.read(os.open('../outside/secret', os.O_RDONLY, dir_fd=fd), 9).decode())
    attempt(fd, 'up again', lambda: os.open('..', os.O_RDONLY, dir_fd=fd))
for path in ['/data/out/secret', '/data/../outside/secret', '/outside/secret', '../outside/secret', 'out/secret']:
    attempt(path, 'by name', lambda: open(path).read())
result = [len(names['mine']), len(names['read']), sorted(set(names) - {'mine', 'read', 'close', 'take'})]
";

#[test]
fn descriptors_of_a_program_lead_nowhere() {
    let (place, mut server) = server();
    let before = state(place.path());
    // One descriptor is the directory to write to, one the directory to read: they are among those that were tried, and do what they are for.
    assert_eq!(server.run("python", &format!("{DESCRIPTORS}result")), "[1,1,[]]");
    assert_eq!(state(place.path()), before);
    // Of what would put a descriptor in another's place there is one name, which does nothing.
    let there = "import os\n[name for name in ('dup', 'dup2', 'fchdir', 'sendfile', 'memfd_create') if hasattr(os, name)]";
    assert_eq!(server.run("python", there), r#"["dup"]"#);
    let duplicate = "import os\ntry:\n    result = os.dup(4)\nexcept OSError:\n    result = 'OSError'\nresult";
    assert_eq!(server.run("python", duplicate), "OSError");
}
