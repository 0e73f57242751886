//! Sessions whose server is killed at any moment, and sessions whose files were damaged: the old state or the new one, and the truth about it.

use crate::connection::{Connection, Shown};
use crate::place::Place;
use crate::sessions::{UNDONE, begins, command, directory, fails, handle, says, serve, turn};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const CUT_OFF: &str = "\nSession: a run before this one was cut off: changes of variables are undone, changes of files are not.";
const UNSENT: &str = "\nSession: a run before this one was completed, but no reply was sent.";
const MADE: &str = " Calls already made, not undone: crm.add_note.";
const UNKNOWN: &str = " Calls whose fate is unknown: crm.add_note.";

/// Kills the server around the end of a run, round after round, each a little later than the one before.
fn killed_at_many_points(language: &str, start: &str, step: &str, look: &str, rounds: u32) {
    let place = Place::new();
    let mut server = serve(&place, "");
    let session = begins(&mut server, "new", language, start, "0");
    let mut n = 0;
    let (mut old, mut new, mut told) = (0, 0, 0);
    for round in 0..rounds {
        // Runs that start the upstream, and one that has everything as the next one will.
        let mut took = Duration::ZERO;
        for _ in 0..3 {
            let begin = Instant::now();
            n += 1;
            says(&mut server, &session, language, step, &n.to_string());
            took = begin.elapsed();
        }
        fs::remove_file(directory(&place, &session).join("workspace/log")).unwrap_or_default();
        let id = server.call(json!({"session": session, "language": language, "code": step}));
        std::thread::sleep(took.mul_f64(0.3 + 1.2 * f64::from(round) / f64::from(rounds)));
        server.kill();
        let answered = server.shown_if_answered(id);
        let begun = directory(&place, &session).join("workspace/log").exists();
        server = serve(&place, "");
        let Shown { text, is_error } = turn(&mut server, &session, language, look);
        assert!(!is_error, "{text}");
        let is = |value: u32, news: &[String]| news.iter().any(|news| text == format!("{value}{news}"));
        let with_calls = |fate: &str| ["", MADE, UNKNOWN].map(|calls| format!("{fate}{calls}"));
        if is(n + 1, &["".to_owned(), format!("{UNSENT}{MADE}")]) {
            new += 1;
            n += 1;
            assert!(answered.is_none_or(|shown| shown.text == n.to_string()), "round {round}");
        } else {
            assert!(is(n, &with_calls(CUT_OFF)) || is(n, &["".to_owned()]) && !begun, "round {round}, {n}, begun: {begun}: {text}");
            assert_eq!(answered, None, "round {round}: what was answered was kept");
            old += 1;
        }
        told += u32::from(text.contains("Session"));
    }
    println!("{language}: {old} old, {new} new, {told} told of");
    assert!(old > 0 && new > 0 && told > 0, "not every case occurred: {old} {new} {told}");
    // Nothing was left behind but the two newest checkpoints and what every session has.
    says(&mut server, &session, language, look, &n.to_string());
    let mut names: Vec<_> = fs::read_dir(directory(&place, &session)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.len() != 64 && name != ".checkpoint" && name != "record.new");
    names.sort();
    assert_eq!(names, ["kept", "lock", "record", "workspace"]);
    assert!(checkpoints(&directory(&place, &session)).len() <= 2);
}

#[test]
fn a_python_session_is_old_or_new_whenever_the_server_is_killed() {
    let step = "n += 1\nopen('log', 'w').close()\n_ = await crm.add_note(customer_id=1, text='x')\nn";
    killed_at_many_points("python", "n = 0\nn", step, "n", 40);
}

#[test]
fn a_javascript_session_is_old_or_new_whenever_the_server_is_killed() {
    let step = "n += 1; require('fs').writeFileSync('log', ''); await crm.add_note({customer_id: 1, text: 'x'}); n";
    killed_at_many_points("javascript", "let n = 0; n", step, "n", 30);
}

#[test]
fn the_calls_of_a_lost_run_are_told_also_when_the_next_one_is_lost_too() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let session = begins(&mut server, "new", "python", "n = 1\nn", "1");
    let lose = |mut server: Connection, code: &str| {
        let id = server.call(json!({"session": session, "code": format!("{code}\nopen('here', 'w').close()\nwhile True: pass")}));
        let here = directory(&place, &session).join("workspace/here");
        while !here.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        server.kill();
        assert_eq!(server.shown_if_answered(id), None);
        fs::remove_file(here).unwrap();
        serve(&place, "")
    };
    let calls = "for _ in range(2): await crm.add_note(customer_id=1, text='x')\nawait crm.list_customers(limit=1)\nn = 2";
    server = lose(server, calls);
    // Refused before it began: what is to be told waits for a run that is made.
    let other =
        "refused before it ran (session_language): this session runs python; a session keeps its language. Start another one with session \"new\"";
    fails(&mut server, &session, "javascript", "1", other);
    server = lose(server, "await crm.delete_note(id=(await crm.add_note(customer_id=1, text='y'))['id'])");
    // A fork has the files of the lost runs too, and tells of them as well.
    let told = "\nSession: 2 runs before this one were cut off: changes of variables are undone, changes of files are not. \
                Calls already made, not undone: crm.add_note x3, crm.delete_note.";
    begins(&mut server, &format!("fork:{session}"), "python", "n", &format!("1{told}"));
    says(&mut server, &session, "python", "n", &format!("1{told}"));
    says(&mut server, &session, "python", "n", "1");
}

#[test]
fn a_run_that_waits_learns_that_the_one_before_it_was_killed_with_its_server() {
    let place = Place::new();
    let (mut one, mut other) = (serve(&place, ""), serve(&place, ""));
    let session = begins(&mut one, "new", "python", "n = 1\nn", "1");
    says(&mut other, &session, "python", "n", "1");
    let lost = one.call(json!({"session": session, "code": "n = 2\nopen('here', 'w').close()\nwhile True: pass"}));
    while !directory(&place, &session).join("workspace/here").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let waiting = other.call(json!({"session": session, "code": "n"}));
    std::thread::sleep(Duration::from_millis(300));
    one.kill();
    assert_eq!(one.shown_if_answered(lost), None);
    assert_eq!(other.shown(waiting), Shown { text: format!("1{CUT_OFF}"), is_error: false });
}

/// The zygote of a server: the one process below it that is this program. Its workers end with it.
fn kill_zygote(server: &Connection) {
    let script = "kill -9 $(pgrep -P $0 -f __zygote)";
    assert!(Command::new("sh").args(["-c", script, &server.pid().to_string()]).status().unwrap().success());
}

#[test]
fn a_session_outlives_its_worker_at_rest_and_at_work() {
    let place = Place::new();
    let mut server = serve(&place, "");
    for (language, step, forever) in [
        ("python", "n = globals().get('n', 0) + 1\nn", "n = 100\nopen('here', 'w').close()\nwhile True: pass"),
        ("javascript", "globalThis.n = (globalThis.n ?? 0) + 1; n", "n = 100; require('fs').writeFileSync('here', ''); for (;;) {}"),
    ] {
        let session = begins(&mut server, "new", language, step, "1");
        kill_zygote(&server);
        std::thread::sleep(Duration::from_millis(300));
        says(&mut server, &session, language, step, "2");
        let id = server.call(json!({"session": session, "language": language, "code": forever}));
        while !directory(&place, &session).join("workspace/here").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        kill_zygote(&server);
        let text = format!("crashed: the sandbox process ended unexpectedly; the program was stopped with it{UNDONE}");
        assert_eq!(server.shown(id), Shown { text, is_error: true });
        says(&mut server, &session, language, step, "3");
    }
}

#[test]
fn a_session_outlives_a_trap() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let session = begins(&mut server, "new", "python", "n = 1\nn", "1");
    let trap = "n = 2\nimport faulthandler\nfaulthandler._sigabrt()";
    let crashed = "crashed: the interpreter failed, most likely for want of memory (limit 512 MiB); hold less data at a time";
    fails(&mut server, &session, "python", trap, &format!("{crashed}{UNDONE}"));
    says(&mut server, &session, "python", "n", "1");
    server.kill();
    let mut server = serve(&place, "");
    says(&mut server, &session, "python", "n", "1");
}

/// The checkpoints of a session, the newest last.
fn checkpoints(session: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(session).unwrap().map(|entry| entry.unwrap());
    let mut all: Vec<_> = entries.filter(|entry| entry.file_name().len() == 64).collect();
    all.sort_by_key(|entry| entry.metadata().unwrap().modified().unwrap());
    all.iter().map(fs::DirEntry::path).collect()
}

/// A session after two runs, `x` being 1 and then 2, as files to damage.
struct Damaged {
    place: Place,
    session: String,
}

impl Damaged {
    fn new() -> Self {
        let place = Place::new();
        let (code, out, _) = command(&place, &["run", "--session", "new", "-e", "x = 1"]);
        let session = handle(out.trim_end());
        assert_eq!((code, command(&place, &["run", "--session", &session, "-e", "x = 2\nx"]).1.as_str()), (0, "2\n"));
        let it = Damaged { place, session };
        assert_eq!(checkpoints(&it.directory()).len(), 2);
        copy(&it.directory(), &it.place.path().join("sound"));
        it
    }

    fn directory(&self) -> std::path::PathBuf {
        directory(&self.place, &self.session)
    }

    /// What the next run of `x` says: exit code and text. Afterwards the session is sound again.
    fn run(&self) -> (i32, String) {
        let (code, out, errors) = command(&self.place, &["run", "--session", &self.session, "-e", "x"]);
        fs::remove_dir_all(self.directory()).unwrap();
        copy(&self.place.path().join("sound"), &self.directory());
        assert!(code == 0 || code == 3, "{errors}");
        (code, out)
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// Ways to damage a file.
fn damages(path: &Path) -> Vec<(&'static str, Option<Vec<u8>>)> {
    let sound = fs::read(path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 4;
        Some(bytes)
    };
    let end = sound.len();
    vec![
        ("gone", None),
        ("empty", Some(Vec::new())),
        ("cut in half", Some(sound[..end / 2].to_vec())),
        ("cut by one byte", Some(sound[..end - 1].to_vec())),
        ("longer", Some([&sound[..], b"\0"].concat())),
        ("flipped at the start", flipped(1)),
        ("flipped in the header", flipped(30)),
        ("flipped in the middle", flipped(end / 2)),
        ("flipped at the end", flipped(end - 1)),
        ("zeroed", Some(vec![0; end])),
    ]
}

fn damage(path: &Path, damage: &Option<Vec<u8>>) {
    match damage {
        None => fs::remove_file(path).unwrap(),
        Some(bytes) => fs::write(path, bytes).unwrap(),
    }
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before_it() {
    let it = Damaged::new();
    assert_eq!(it.run(), (0, "2\n".to_owned()));
    let newest = checkpoints(&it.directory()).pop().unwrap();
    for (what, bytes) in damages(&newest) {
        damage(&newest, &bytes);
        let back = "1\nSession: its last saved state was damaged, so this run began from the one before it.\n";
        assert_eq!(it.run(), (0, back.to_owned()), "{what}");
    }
    assert_eq!(it.run(), (0, "2\n".to_owned()));
}

#[test]
fn where_both_checkpoints_are_damaged_the_session_is() {
    let it = Damaged::new();
    let damaged = "refused before it ran (session_damaged): this session is damaged: its saved memory is not what was written. \
                   Start one with session \"new\"\n";
    for n in 0..10 {
        for path in checkpoints(&it.directory()) {
            damage(&path, &damages(&path)[n].1);
        }
        let (code, text) = it.run();
        assert_eq!((code, &*text), (3, damaged), "{n}");
    }
}

#[test]
fn a_record_that_is_not_ours_is_refused() {
    let it = Damaged::new();
    let path = it.directory().join("record");
    let damaged = |why: &str| format!("refused before it ran (session_damaged): this session is damaged: {why}. Start one with session \"new\"\n");
    let changed = "its record was changed by something else than this program";
    for (what, bytes) in damages(&path) {
        damage(&path, &bytes);
        let expected = match what {
            "gone" => "refused before it ran (unknown_session): there is no such session: it was removed, was not used for too long, or never was. \
                       Start one with session \"new\"\n"
                .to_owned(),
            "empty" => damaged("its record is cut short"),
            "zeroed" => damaged("its record is cut short"),
            // The MAC's own digits: one is no digit any more, or another one.
            "flipped at the start" | "flipped in the header" => {
                let text = it.run().1;
                assert!(text == damaged(changed) || text == damaged("its record has no MAC"), "{text}");
                continue;
            }
            _ => damaged(changed),
        };
        assert_eq!(it.run().1, expected, "{what}");
    }
    // Sound, but of another session; and of another state directory.
    let other = handle(command(&it.place, &["run", "--session", "new", "-e", "y = 1"]).1.trim_end());
    fs::copy(directory(&it.place, &other).join("record"), &path).unwrap();
    assert_eq!(it.run().1, damaged("its record is another session's"));
    let elsewhere = Damaged::new();
    copy(&elsewhere.directory(), &directory(&it.place, ""));
    let text = command(&it.place, &["run", "--session", &elsewhere.session, "-e", "x"]).1;
    assert_eq!(text, damaged(changed));
    // The operator sees it, and can remove it.
    let list = command(&it.place, &["sessions", "list"]).1;
    assert!(list.ends_with(&format!("{}  damaged\n", elsewhere.session)) && list.lines().count() == 3, "{list}");
    assert_eq!(command(&it.place, &["sessions", "rm", "--all"]), (0, String::new(), String::new()));
    assert_eq!(command(&it.place, &["sessions", "list"]).1, "there are no sessions\n");
}

#[test]
fn without_its_own_workspace_a_session_is_damaged() {
    let it = Damaged::new();
    let workspace = it.directory().join("workspace");
    let damaged = "refused before it ran (session_damaged): this session is damaged: its workspace is gone. Start one with session \"new\"\n";
    fs::remove_dir(&workspace).unwrap();
    assert_eq!(it.run(), (3, damaged.to_owned()));
    // A link to a directory of the operator's is no workspace.
    let theirs = it.place.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::remove_dir(&workspace).unwrap();
    std::os::unix::fs::symlink(&theirs, &workspace).unwrap();
    assert_eq!(it.run(), (3, damaged.to_owned()));
    assert_eq!(it.run(), (0, "2\n".to_owned()));
}

#[test]
fn another_build_of_the_guest_is_refused() {
    let it = Damaged::new();
    let guests = it.place.path().join(".cache/cofferdam/guests");
    let real = fs::read_link(&guests).unwrap();
    fs::remove_file(&guests).unwrap();
    fs::create_dir(&guests).unwrap();
    let mut index: Value = serde_json::from_slice(&fs::read(real.join("index.json")).unwrap()).unwrap();
    let key = index["python"]["sha256"].as_str().unwrap().to_owned();
    let other = key.chars().rev().collect::<String>();
    for entry in fs::read_dir(&real).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        std::os::unix::fs::symlink(real.join(&name), guests.join(name.replace(&key[..16], &other[..16]))).unwrap();
    }
    index["python"]["sha256"] = other.into();
    fs::remove_file(guests.join("index.json")).unwrap();
    fs::write(guests.join("index.json"), index.to_string()).unwrap();
    let outdated = "refused before it ran (session_outdated): this session was made by another version of the python interpreter and cannot go on in \
                    this one. Its files are still there: start a session with \"new\"\n";
    assert_eq!(command(&it.place, &["run", "--session", &it.session, "-e", "x"]).1, outdated);
    assert_eq!(command(&it.place, &["run", "-e", "1 + 1"]).1, "2\n");
    // With the old one it goes on.
    fs::remove_dir_all(&guests).unwrap();
    std::os::unix::fs::symlink(real, &guests).unwrap();
    assert_eq!(it.run(), (0, "2\n".to_owned()));
}

#[test]
fn a_memory_that_is_larger_than_the_limit_is_now_is_refused() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let session = begins(&mut server, "new", "python", "import os\nx = os.urandom(100_000_000)\nlen(x)", "100000000");
    server.kill();
    let mut server = serve(&place, "memory = \"96MiB\"");
    let text = turn(&mut server, &session, "python", "len(x)").text;
    let (start, end) = (
        "refused before it ran (session_too_large): this session's variables take ",
        " MiB of memory, and a run may have 96 MiB. Start one with session \"new\"",
    );
    let size: u32 = text.strip_prefix(start).and_then(|text| text.strip_suffix(end)).unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    assert!((96..256).contains(&size), "{size}");
    server.kill();
    says(&mut serve(&place, ""), &session, "python", "len(x)", "100000000");
}
