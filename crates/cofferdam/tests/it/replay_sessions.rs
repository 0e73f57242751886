//! Runs of a session again, each from the memory that the session had when it began; and records that were changed, which are told to differ.

use crate::place::Place;
use crate::replay::{newest, replay};
use crate::sessions::{begins, command, handle, serve, turn};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// Begins, goes on with what was there, calls, fails in the middle, and looks at what became of it.
const PYTHON: [&str; 5] = [
    "import random, time, uuid\nseen = {}\nclass Note:\n    def __init__(self, n): self.n, self.at = n, time.time_ns()\nseen[0] = Note(random.random())\nstr(uuid.uuid4())",
    "seen[1] = Note(uuid.uuid4().hex)\ncustomer = await crm.get_customer(id=1)\nprint([(n, note.n, note.at) for n, note in seen.items()], object(), time.monotonic_ns())",
    "gen = (random.random() for _ in range(100))\nprint(next(gen), time.time())\nseen[2] = Note(customer['id'])\nraise ValueError(next(gen))",
    "import asyncio, datetime\nasync def one(n):\n    await asyncio.sleep(random.random() / 100)\n    order.append((await crm.get_customer(id=n + 1))['id'])\norder = []\nawait asyncio.gather(*(one(n) for n in range(8)))\nprint(order, datetime.datetime.now(), next(gen), hash('x'))",
    "[random.random(), time.time(), str(uuid.uuid4()), next(gen), [note.at for note in seen.values()], list(set(map(str, order)))]",
];
const JAVASCRIPT: [&str; 5] = [
    "globalThis.seen = new Map(); seen.set(0, {n: Math.random(), at: Date.now()}); return crypto.randomUUID()",
    "seen.set(1, await crm.get_customer({id: 1})); console.log([...seen], performance.now(), new Date().toISOString())",
    "globalThis.gen = (function* () { for (;;) yield Math.random() })(); console.log(gen.next().value, Date.now()); throw new Error(crypto.randomUUID())",
    "globalThis.order = []; await Promise.all([...Array(8).keys()].map(async n => { await new Promise(r => setTimeout(r, Math.random() * 10)); order.push((await crm.get_customer({id: n + 1})).id) })); console.log(order, gen.next().value)",
    "return [Math.random(), Date.now(), crypto.randomUUID(), gen.next().value, order, [...seen.keys()]]",
];

#[test]
fn every_run_of_a_session_is_the_same_again_as_long_as_its_memory_is_kept() {
    for (language, programs) in [("python", PYTHON), ("javascript", JAVASCRIPT)] {
        let place = Place::new();
        let mut server = serve(&place, "");
        let mut session = "new".to_owned();
        let mut runs = Vec::new();
        for (at, code) in programs.iter().enumerate() {
            // The second half begins from the disk, the first in the worker that waits.
            if at == 3 {
                drop(server);
                server = serve(&place, "");
            }
            let shown = turn(&mut server, &session, language, code);
            assert_eq!(shown.is_error, at == 2, "{}", shown.text);
            if at == 0 {
                session = handle(&shown.text);
            }
            runs.push(newest(&place));
        }
        // Also while the session goes on.
        for _ in 0..2 {
            for run in &runs {
                let (exit, text) = replay(&place, run);
                assert_eq!(exit, 0, "{language} {}: {text}", programs[runs.iter().position(|one| one == run).unwrap()]);
            }
            let _more = turn(&mut server, &session, language, "1");
        }
        // The memory goes with the session; the run that began it needs none.
        drop(server);
        let (code, _, errors) = command(&place, &["sessions", "rm", &session]);
        assert_eq!((code, errors.as_str()), (0, ""));
        assert_eq!(replay(&place, &runs[0]).0, 0);
        let gone =
            "not replayable: what its session remembered when it began is not kept any more: sessions keep that of their last 32 runs, up to 16 MiB";
        assert_eq!(replay(&place, &runs[4]), (3, gone.to_owned()));
    }
}

#[test]
fn memory_that_was_changed_is_not_replayed() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let session = begins(&mut server, "new", "python", "x = 1\nx", "1");
    turn(&mut server, &session, "python", "x");
    let run = newest(&place);
    turn(&mut server, &session, "python", "x");
    assert_eq!(replay(&place, &run).0, 0);
    let kept = place.path().join(".local/state/cofferdam/sessions").join(&session);
    let files = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect::<Vec<_>>();
    // All of them: nobody knows from outside which is which.
    for file in files(kept.clone()).into_iter().chain(files(kept.join("kept"))).filter(|path| path.file_name().unwrap().len() == 64) {
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(replay(&place, &run), (3, "not replayable: what its session remembered when it began is damaged".to_owned()));
}

/// Programs of a session whose workspace holds `old.txt`, `sub/old.txt` and `link`, and whether they can be repeated.
const PYTHON_FILES: [(&str, bool); 14] = [
    ("1", true),
    ("import os\nsorted(os.listdir())", true),
    ("open('fresh.txt', 'w').write('a')\nopen('fresh.txt').read()", true),
    ("open('old.txt', 'w').write('again')\nopen('old.txt').read()", true),
    ("import os\nos.mkdir('d')\nopen('d/a', 'w').write('a')\nos.rename('d/a', 'd/b')\nos.remove('d/b')\nos.rmdir('d')\nos.path.exists('d')", true),
    ("open('old.txt').read()", false),
    ("open('old.txt', 'a').write('more')", false),
    ("import os\nos.path.exists('old.txt')", false),
    ("import os\nos.mkdir('sub') if not os.path.isdir('sub') else 0", false),
    ("open('sub/new.txt', 'w').write('a')", false),
    ("import os\nos.path.exists('sub/nothing')", false),
    ("import os\nos.remove('old.txt')", false),
    ("import os\nos.readlink('link')", false),
    ("open('link').read()", false),
];
const JAVASCRIPT_FILES: [(&str, bool); 6] = [
    ("return 1", true),
    ("return require('fs').readdirSync('.').sort()", true),
    ("const fs = require('fs'); fs.writeFileSync('fresh.txt', 'a'); return fs.readFileSync('fresh.txt', 'utf8')", true),
    ("return require('fs').readFileSync('old.txt', 'utf8')", false),
    ("return require('fs').existsSync('old.txt')", false),
    ("require('fs').writeFileSync('sub/new.txt', 'a')", false),
];

#[test]
fn a_run_that_used_older_files_of_its_workspace_says_so() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let make = [
        (
            "python",
            "import os\nopen('old.txt', 'w').write('old')\nos.mkdir('sub')\nopen('sub/old.txt', 'w').write('old')\nos.symlink('old.txt', 'link')\n1",
            &PYTHON_FILES[..],
        ),
        (
            "javascript",
            "const fs = require('fs'); fs.writeFileSync('old.txt', 'old'); fs.mkdirSync('sub'); fs.writeFileSync('sub/old.txt', 'old'); return 1",
            &JAVASCRIPT_FILES[..],
        ),
    ];
    for (language, begin, programs) in make {
        let session = begins(&mut server, "new", language, begin, "1");
        assert_eq!(replay(&place, &newest(&place)).0, 0, "the run that begins a session finds nothing there");
        for (code, repeatable) in programs {
            let shown = turn(&mut server, &format!("fork:{session}"), language, code);
            assert!(!shown.is_error, "{code}: {}", shown.text);
            let (exit, text) = replay(&place, &newest(&place));
            if *repeatable {
                assert_eq!(exit, 0, "{code}: {text}");
            } else {
                let why = "not replayable: it used files that its session's workspace held before it";
                assert_eq!((exit, text.as_str()), (3, why), "{code}");
            }
        }
    }
    // A file that a run left open is one that the next one finds.
    let session = begins(&mut server, "new", "python", "f = open('f', 'w+')\n_ = f.write('abc')\nf.flush()\n1", "1");
    turn(&mut server, &session, "python", "f.seek(0)\nf.read()");
    assert_eq!(replay(&place, &newest(&place)).0, 3);
}

/// Changes the record of a run, under a hash that fits, as whoever owns the state directory can.
fn change(place: &Place, run: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let state = place.path().join(".local/state/cofferdam");
    let (_, shown, _) = command(place, &["log", "show", run, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let hash = shown["lines"].as_array().unwrap().last().unwrap()["record"].as_str().unwrap().to_owned();
    let path = |hash: &str| state.join("payloads").join(&hash[..2]).join(hash);
    let mut record = zstd::decode_all(fs::File::open(path(&hash)).unwrap()).unwrap();
    change(&mut record);
    let other = blake3::hash(&record).to_hex().to_string();
    assert_ne!(hash, other);
    fs::create_dir_all(path(&other).parent().unwrap()).unwrap();
    fs::write(path(&other), zstd::encode_all(&record[..], 1).unwrap()).unwrap();
    for entry in fs::read_dir(state.join("journal")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text.replace(&hash, &other)).unwrap();
    }
}

/// Puts one text in the place where another stands first.
fn put(record: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let at = record.windows(from.len()).position(|bytes| bytes == from.as_bytes()).expect("it stands in the record");
    record[at..at + to.len()].copy_from_slice(to.as_bytes());
}

#[test]
fn a_whole_run_that_comes_out_otherwise_is_told_with_the_first_difference() {
    let place = Place::new();
    let mut server = serve(&place, "");
    // What is changed stands in no program.
    let mut run = |code: &str| {
        let shown = server.execute(json!({"code": code}));
        assert!(!shown.is_error, "{}", shown.text);
        (newest(&place), shown.text)
    };
    let (printed, _) = run("print(chr(97) * 9)\n7");
    let (called, name) = run("(await crm.get_customer(id=1))['name']");
    let (other, _) = run("1");
    drop(server);
    assert!([&printed, &called, &other].iter().all(|run| replay(&place, run).0 == 0));
    change(&place, &printed, |record| put(record, "aaaaaaaaa", "aaaabaaaa"));
    let first = r#"different: it printed something else, from byte 4 on: recorded "aaaabaaaa\n", now "aaaaaaaaa\n""#;
    assert_eq!(replay(&place, &printed), (1, first.to_owned()));
    // Another reply of the upstream, and with it another value.
    let stranger = "?".repeat(name.len());
    change(&place, &called, |record| put(record, &name, &stranger));
    let (exit, text) = replay(&place, &called);
    assert_eq!(exit, 1, "{text}");
    let (recorded, now) = text.strip_prefix("different: host call ").and_then(|text| text.split_once(", now ")).unwrap();
    assert!(recorded.contains(&name) && now.contains(&stranger), "{text}");
    // Another interpreter: its hash is the third member, after the version and the language.
    change(&place, &other, |record| record[3] = if record[3] == b'0' { b'1' } else { b'0' });
    assert_eq!(replay(&place, &other), (3, "not replayable: it ran in another build of the python guest".to_owned()));
    // Bytes that are no record.
    change(&place, &other, |record| record.truncate(record.len() / 2));
    assert_eq!(replay(&place, &other), (3, "not replayable: its record is of another version of this program".to_owned()));
}
