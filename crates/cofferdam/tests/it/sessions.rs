//! Sessions as a user has them: variables that outlive the run, its deadline, the worker and the server, in both languages.

use crate::connection::{Connection, Era, Shown};
use crate::place::{ALLOW, FAILURES, Place, built};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// What every reply says of a run that was cut off by its deadline of a second.
pub(crate) const DEADLINE: &str = "deadline: the program was ended after 1 s, its limit. Do less per run, or make calls side by side";
/// What is said of a session's variables after it.
pub(crate) const UNDONE: &str = "\nSession: variables are as they were before this run; files are as it left them.";
const SILENT: &str = "(no output: the program printed nothing and its last expression has no value)";

/// Writes a configuration with the two upstreams of `examples/` and these limits, and serves it.
pub(crate) fn serve(place: &Place, limits: &str) -> Connection {
    let _built = built("shop");
    let servers =
        "[servers.orders]\ncommand = \"shop\"\nargs = [\"--serve\", \"orders\"]\n[servers.crm]\ncommand = \"shop\"\nargs = [\"--serve\", \"crm\"]\n";
    let file = place.write("cofferdam.toml", format!("{ALLOW}{servers}{FAILURES}{limits}\n"));
    place.serve(Era::Modern, &["--config", file.to_str().unwrap()])
}

/// Runs a program in a session.
pub(crate) fn turn(server: &mut Connection, session: &str, language: &str, code: &str) -> Shown {
    server.execute(json!({"session": session, "language": language, "code": code}))
}

/// Runs a program in a session that says this and nothing else.
#[track_caller]
pub(crate) fn says(server: &mut Connection, session: &str, language: &str, code: &str, text: &str) {
    assert_eq!(turn(server, session, language, code), Shown { text: text.to_owned(), is_error: false }, "{code}");
}

/// Runs a program that fails, or a request that is refused, with this text.
#[track_caller]
pub(crate) fn fails(server: &mut Connection, session: &str, language: &str, code: &str, text: &str) {
    assert_eq!(turn(server, session, language, code), Shown { text: text.to_owned(), is_error: true }, "{code}");
}

/// Runs a program in a session of its own (`new` or `fork:`): the handle, after the text that is expected.
#[track_caller]
pub(crate) fn begins(server: &mut Connection, session: &str, language: &str, code: &str, text: &str) -> String {
    let shown = turn(server, session, language, code);
    let handle = handle(&shown.text);
    assert_eq!((shown.text.replace(&handle, "HANDLE"), shown.is_error), (format!("{text}\n[session HANDLE]"), false), "{code}");
    handle
}

/// The handle that a reply ends with.
#[track_caller]
pub(crate) fn handle(text: &str) -> String {
    let handle = text.strip_suffix(']').and_then(|text| text.rsplit_once("[session ")).unwrap_or_else(|| panic!("no handle: {text}")).1;
    assert!(handle.len() == 28 && handle.starts_with("ses_"), "{handle}");
    handle.to_owned()
}

/// Where a session is on the disk.
pub(crate) fn directory(place: &Place, handle: &str) -> PathBuf {
    place.path().join(".local/state/cofferdam/sessions").join(handle)
}

/// The command line on the same state: exit code, standard output, standard error.
pub(crate) fn command(place: &Place, arguments: &[&str]) -> (i32, String, String) {
    let output = place.command().args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// What SQL says of the shop's data.
fn sql(query: &str) -> String {
    let output = Command::new(built("shop")).args(["--query", query]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The programs of the story in one language.
struct Story {
    language: &'static str,
    load: &'static str,
    by_state: &'static str,
    best: &'static str,
    from_database: &'static str,
    spoil: &'static str,
    /// Changes a variable, and says how it is then.
    diverge: fn(u64) -> String,
    save: &'static str,
    load_typed: &'static str,
}

fn story(story: &Story) {
    let Story { language, load, by_state, best, from_database, spoil, diverge, save, load_typed } = story;
    let place = Place::new();
    let mut server = serve(&place, "");
    let rows = sql("SELECT count(*) FROM orders");
    assert_eq!(rows, "50000");
    let session = begins(&mut server, "new", language, load, &rows);
    let states = sql("SELECT json_group_object(status, n) FROM (SELECT status, count(*) n FROM orders GROUP BY status ORDER BY status)");
    says(&mut server, &session, language, by_state, &states);
    let most = sql("SELECT json_array(id, total_cents) FROM orders ORDER BY total_cents DESC, id LIMIT 1");
    says(&mut server, &session, language, best, &most);
    let delivered = sql("SELECT sum(total_cents) FROM orders WHERE status = 'delivered'");
    says(&mut server, &session, language, from_database, &delivered);

    let cut = server.execute(json!({"session": session, "language": language, "code": spoil, "timeout_ms": 1000}));
    assert_eq!(cut, Shown { text: format!("{DEADLINE}{UNDONE}"), is_error: true });
    says(&mut server, &session, language, by_state, &states);

    server.kill();
    let mut server = serve(&place, "");
    says(&mut server, &session, language, from_database, &delivered);
    says(&mut server, &session, language, best, &most);

    let fork = begins(&mut server, &format!("fork:{session}"), language, &diverge(1), "1");
    says(&mut server, &session, language, &diverge(10), "10");
    says(&mut server, &fork, language, &diverge(1), "2");
    says(&mut server, &session, language, &diverge(10), "20");
    server.kill();
    let mut server = serve(&place, "");
    says(&mut server, &fork, language, &diverge(1), "3");
    says(&mut server, &session, language, &diverge(10), "30");
    says(&mut server, &fork, language, by_state, &states);

    let saved = turn(&mut server, &session, language, save);
    assert_eq!(saved, Shown { text: SILENT.to_owned(), is_error: false });
    let read = server.execute(json!({"language": "typescript", "code": load_typed}));
    assert_eq!(read, Shown { text: states.clone(), is_error: false });
}

#[test]
fn a_python_session_outlives_everything_but_its_removal() {
    story(&Story {
        language: "python",
        load: "import sqlite3, collections\nrows = (await orders.list_orders(limit=50_000))['orders']\nsteps = 0\n\
               db = sqlite3.connect(':memory:')\ndb.execute('CREATE TABLE o (status TEXT, cents INTEGER)')\n\
               db.executemany('INSERT INTO o VALUES (?, ?)', [(r['status'], r['total_cents']) for r in rows])\n\
               def count(key): return dict(sorted(collections.Counter(r[key] for r in rows).items()))\n\
               class Best:\n  def of(self, rows): return min(rows, key=lambda r: (-r['total_cents'], r['id']))\nlen(rows)",
        by_state: "count('status')",
        best: "b = Best().of(rows)\n[b['id'], b['total_cents']]",
        from_database: "db.execute(\"SELECT sum(cents) FROM o WHERE status = 'delivered'\").fetchone()[0]",
        spoil: "rows.clear()\ndb.close()\ndel count\nwhile True: pass",
        diverge: |by| format!("steps += {by}\nsteps"),
        save: "_ = artifacts.save('states', count('status'))",
        load_typed: "const states: Record<string, number> = artifacts.load('states'); return states",
    });
}

#[test]
fn a_javascript_session_outlives_everything_but_its_removal() {
    story(&Story {
        language: "javascript",
        load: "const rows = (await orders.list_orders({limit: 50000})).orders;\nlet steps = 0;\n\
               const sums = new Map();\nfor (const r of rows) sums.set(r.status, (sums.get(r.status) ?? 0) + r.total_cents);\n\
               function count(key) { const n = {}; for (const r of rows) n[r[key]] = (n[r[key]] ?? 0) + 1; \
               return Object.fromEntries(Object.entries(n).sort(([a], [b]) => a < b ? -1 : 1)); }\n\
               class Best { of(rows) { return rows.reduce((a, b) => b.total_cents > a.total_cents ? b : a); } }\nrows.length",
        by_state: "count('status')",
        best: "const b = new Best().of(rows); [b.id, b.total_cents]",
        from_database: "sums.get('delivered')",
        spoil: "rows.length = 0; sums.clear(); for (;;) {}",
        diverge: |by| format!("steps += {by}; steps"),
        save: "artifacts.save('states', count('status')); undefined",
        load_typed: "const states: Record<string, number> = artifacts.load('states'); return states",
    });
}

#[test]
fn files_last_and_are_forked_and_removed_with_the_session() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let write = "import os\nos.makedirs('a/b')\nopen('a/b/f', 'w').write('one')\nlog = open('log', 'a')\nprint('first', file=log, flush=True)";
    let session = begins(&mut server, "new", "python", write, SILENT);
    server.kill();
    let mut server = serve(&place, "");
    // The open file goes on where it stood.
    says(
        &mut server,
        &session,
        "python",
        "print('second', file=log, flush=True)\n[open('a/b/f').read(), open('log').read()]",
        "[\"one\",\"first\\nsecond\\n\"]",
    );
    // Memory rolls back, files do not.
    let cut = "open('a/b/f', 'w').write('two')\nx = 1\nwhile True: pass";
    let shown = server.execute(json!({"session": session, "code": cut, "timeout_ms": 1000}));
    assert_eq!(shown.text, format!("{DEADLINE}{UNDONE}"));
    says(&mut server, &session, "python", "['x' in globals(), open('a/b/f').read()]", "[false,\"two\"]");
    let fork = begins(&mut server, &format!("fork:{session}"), "python", "open('a/b/f', 'a').write('!')\nopen('a/b/f').read()", "two!");
    says(&mut server, &session, "python", "open('a/b/f').read()", "two");
    let shown: Value = serde_json::from_str(&command(&place, &["sessions", "show", &fork, "--json"]).1).unwrap();
    assert_eq!(shown["forked_from"], session.as_str());
    // a, a/b, a/b/f and log.
    assert_eq!((&shown["workspace_files"], &shown["workspace_bytes"]), (&json!(4), &json!("two!".len() + "first\nsecond\n".len())));
    assert_eq!(command(&place, &["sessions", "rm", &session, &fork]), (0, String::new(), String::new()));
    assert_eq!(std::fs::read_dir(directory(&place, "")).unwrap().count(), 0);
    let unknown = "refused before it ran (unknown_session): there is no such session: it was removed, was not used for too long, or never was. \
                   Start one with session \"new\"";
    for gone in [session.clone(), format!("fork:{session}"), "ses_aaaaaaaaaaaaaaaaaaaaaaaa".to_owned()] {
        fails(&mut server, &gone, "python", "1", unknown);
    }
    let (code, out, errors) = command(&place, &["sessions", "show", &session]);
    let told = "cofferdam: there is no such session; `cofferdam sessions list` shows those that there are\n";
    assert_eq!((code, &*out, &*errors), (2, "", told));
}

#[test]
fn a_handle_is_taken_as_it_is_or_not_at_all() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let session = begins(&mut server, "new", "javascript", "globalThis.x = 5; x", "5");
    // A run without a session sees nothing of it.
    assert_eq!(server.run("javascript", "typeof x"), "undefined");
    let other = "refused before it ran (session_language): this session runs javascript; a session keeps its language. Start another one with session \"new\"";
    fails(&mut server, &session, "python", "x", other);
    fails(&mut server, &format!("fork:{session}"), "python", "x", other);
    says(&mut server, &session, "typescript", "const y: number = x + 1; return y", "6");
    let wrong = "\"session\" must be \"new\", a handle, or \"fork:HANDLE\"; a session handle is ses_ and 24 small letters and digits";
    for text in ["", "NEW", "fork:new", &session[..27], &session.to_uppercase(), &format!("{session}/../{session}"), "ses_../../../../../../etc/pa"] {
        fails(&mut server, text, "javascript", "1", wrong);
    }
    // What is refused by the gate makes no session.
    fails(
        &mut server,
        "new",
        "python",
        "await orders.get_order()",
        "refused before it ran (missing_argument): line 1: `orders.get_order(...)`: the required argument `id` is missing. Usage: orders.get_order(id)",
    );
    assert_eq!(std::fs::read_dir(directory(&place, "")).unwrap().count(), 1);
}

#[test]
fn the_command_line_lists_shows_forks_and_removes() {
    let place = Place::new();
    assert_eq!(command(&place, &["sessions", "list"]), (0, "there are no sessions\n".to_owned(), String::new()));
    let (code, out, _) = command(&place, &["run", "--session", "new", "-e", "x = [1]\nopen('f', 'w').write('1234567')"]);
    let session = handle(out.trim_end());
    assert_eq!((code, out), (0, format!("7\n[session {session}]\n")));
    let (code, out, errors) = command(&place, &["sessions", "fork", &session]);
    let fork = out.trim_end().to_owned();
    assert_eq!((code, fork.len(), &*errors), (0, 28, ""));
    assert_eq!(command(&place, &["run", "--session", &fork, "-e", "x.append(open('f').read())\nx"]).1, "[1,\"1234567\"]\n");
    assert_eq!(command(&place, &["run", "--session", &session, "-e", "x"]).1, "[1]\n");
    let shown = |handle: &str| -> Value { serde_json::from_str(&command(&place, &["sessions", "show", handle, "--json"]).1).unwrap() };
    for (handle, forked_from) in [(&session, Value::Null), (&fork, json!(session))] {
        let shown = shown(handle);
        let expected = json!([handle, "local", "python", 2, forked_from, [], 7, 1]);
        let keys = ["handle", "principal", "guest", "runs", "forked_from", "labels", "workspace_bytes", "workspace_files"];
        assert_eq!(keys.map(|key| shown[key].clone()), expected.as_array().unwrap()[..], "{shown}");
        assert_eq!(shown["workspace"], json!(directory(&place, handle).join("workspace")));
        let text = command(&place, &["sessions", "show", handle]).1;
        assert!(text.starts_with(&format!("{handle}\n  language   python\n  runs       2\n")), "{text}");
    }
    let list: Value = serde_json::from_str(&command(&place, &["sessions", "list", "--json"]).1).unwrap();
    let handles: Vec<&str> = list.as_array().unwrap().iter().map(|session| session["handle"].as_str().unwrap()).collect();
    assert_eq!(handles, [&session, &fork], "the last used first");
    assert_eq!(command(&place, &["sessions", "rm", &session]), (0, String::new(), String::new()));
    assert_eq!(command(&place, &["run", "--session", &fork, "-e", "len(x)"]).1, "2\n", "what only the other referred to is gone, and no more");
    let wrong = "cofferdam: \"../key\" is not a handle: a session handle is ses_ and 24 small letters and digits; `cofferdam sessions list` shows those that \
                 there are\n";
    for verb in ["show", "fork", "rm"] {
        assert_eq!(command(&place, &["sessions", verb, "../key"]), (2, String::new(), wrong.to_owned()), "{verb}");
    }
}

#[test]
fn labels_stay_with_a_session_and_go_to_its_forks() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let labels = |handle: &str| -> Value {
        serde_json::from_str::<Value>(&command(&place, &["sessions", "show", handle, "--json"]).1).unwrap()["labels"].take()
    };
    let of = |origins: &[&str]| -> Value {
        ["untrusted", "private"].iter().flat_map(|kind| origins.iter().map(move |origin| json!({"kind": kind, "origin": origin}))).collect()
    };
    let session = begins(&mut server, "new", "python", "x = 1\nx", "1");
    assert_eq!(labels(&session), json!([]));
    // The run that read is undone; that it read is not.
    let cut = "x = await crm.get_customer(id=1)\nwhile True: pass";
    let shown = server.execute(json!({"session": session, "code": cut, "timeout_ms": 1000}));
    assert_eq!(shown.text, format!("{DEADLINE}{UNDONE}"));
    says(&mut server, &session, "python", "x", "1");
    assert_eq!(labels(&session), of(&["crm"]));
    let fork = begins(&mut server, &format!("fork:{session}"), "python", "(await orders.get_order(id=100_001))['id']", "100001");
    assert_eq!((labels(&fork), labels(&session)), (of(&["crm", "orders"]), of(&["crm"])));
    // The model has seen the order by now, and may have written it into the program.
    says(&mut server, &session, "python", "x", "1");
    assert_eq!(labels(&session), of(&["crm", "orders"]));
    let session = begins(&mut serve(&place, ""), "new", "python", "x = 1\nx", "1");
    let mut server = serve(&place, "");
    // They are there before the program can do anything with the reply, even when the server is killed in this moment.
    let id = server.call(json!({"session": session, "code": "await orders.get_order(id=100_001)\nopen('read', 'w').close()\nwhile True: pass"}));
    while !directory(&place, &session).join("workspace/read").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    server.kill();
    assert_eq!(server.shown_if_answered(id), None);
    assert_eq!(labels(&session), of(&["orders"]));
}
