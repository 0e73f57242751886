//! Recorded runs again: the same to the byte, or said why not.

use crate::place::Place;
use crate::sessions::{begins, command, serve};
use serde_json::{Value, json};
use std::fs;

/// The newest run of the journal.
pub(crate) fn newest(place: &Place) -> String {
    let (_, text, _) = command(place, &["log", "--limit", "1", "--json"]);
    let runs: Value = serde_json::from_str(&text).unwrap();
    runs[0]["run"].as_str().unwrap().to_owned()
}

pub(crate) fn replay(place: &Place, run: &str) -> (i32, String) {
    let (code, text, errors) = command(place, &["replay", run]);
    assert_eq!(errors, "");
    (code, text.trim_end().to_owned())
}

const PYTHON: &str = r#"
import random, uuid, time, datetime, os, secrets
async def one(n):
    await asyncio.sleep(random.random() / 200)
    customer = await crm.get_customer(id=n + 1)
    return (n, customer["id"], random.random(), str(uuid.uuid4()), time.time(), time.monotonic_ns())
done = []
async def note(n): done.append(await one(n))
await asyncio.gather(*(note(n) for n in range(100)))
try: await crm.get_customer(id=int("-1"))
except ToolError as e: done.append(e.code)
for name in "bca": open(name, "w").write(name)
time.sleep(0.01)
print(os.listdir(), [os.stat(name).st_mtime_ns for name in "abc"], [os.stat(name).st_ino for name in "abc"])
print(list({str(n) for n in range(50)}), list({"b": 1, "a": 2}), secrets.token_hex(8), os.urandom(4), hash("text"), object())
print(datetime.datetime.now(), time.perf_counter_ns(), tools.search("customer", limit=2))
artifacts.save("done", done)
done
"#;

const JAVASCRIPT: &str = r#"
const done = [];
await Promise.all([...Array(100).keys()].map(async n => {
  await new Promise(resolve => setTimeout(resolve, Math.random() * 5));
  const customer = await crm.get_customer({id: n + 1});
  done.push([n, customer.id, Math.random(), crypto.randomUUID(), Date.now(), performance.now()]);
}));
try { await crm.get_customer({id: Number("-1")}); } catch (e) { done.push(e.code); }
const fs = require('fs');
for (const name of "bca") fs.writeFileSync(name, name);
console.log(fs.readdirSync('.'), [..."abc"].map(name => fs.statSync(name).mtimeMs));
console.log([...new Set(["b", "a"])], Object.keys({b: 1, a: 2}), new Date().toISOString(), await tools.search("customer", {limit: 2}));
artifacts.save("done", done);
return done;
"#;

/// A run of a hundred calls whose replies come in any order, and everything else that is never the same twice, repeated a hundred times.
fn identical(language: &str, code: &str) {
    let place = Place::new();
    let mut server = serve(&place, "");
    let shown = server.execute(json!({"language": language, "code": code}));
    assert!(!shown.is_error, "{}", shown.text);
    let again = server.execute(json!({"language": language, "code": code}));
    assert_ne!(shown.text, again.text, "two runs are not the same by themselves");
    drop(server);
    let (_, text, _) = command(&place, &["log", "--json"]);
    let runs: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&runs[0]["sent"], &runs[1]["sent"]), (&json!(100), &json!(100)));
    // No upstream is there any more.
    fs::remove_file(place.path().join("cofferdam.toml")).unwrap();
    let run = runs[0]["run"].as_str().unwrap();
    let replays: Vec<(i32, String)> = (0..100).map(|_| replay(&place, run)).collect();
    let same = replays.iter().filter(|(code, text)| *code == 0 && text.starts_with("identical: the same outcome to the byte, after ")).count();
    assert_eq!(same, 100, "{:?}", replays.iter().find(|(code, _)| *code != 0));
}

#[test]
fn a_python_run_of_a_hundred_calls_is_the_same_a_hundred_times() {
    identical("python", PYTHON);
}

#[test]
fn a_javascript_run_of_a_hundred_calls_is_the_same_a_hundred_times() {
    identical("javascript", JAVASCRIPT);
}

#[test]
fn waiting_is_not_waited_again_and_failures_are_repeated_too() {
    let place = Place::new();
    for (language, code) in [
        ("python", "import time\ntime.sleep(8)\ntime.time()"),
        ("python", "print('x' * 100_000)\nraise ValueError('no')"),
        ("python", "def f(): return f()\nimport sys\nsys.setrecursionlimit(10**9)\nf()"),
        ("javascript", "await new Promise(resolve => setTimeout(resolve, 8000)); return Date.now()"),
        ("javascript", "throw new Error('no')"),
    ] {
        let _shown = command(&place, &["run", "-l", language, "-e", code]);
        let began = std::time::Instant::now();
        let (exit, text) = replay(&place, &newest(&place));
        assert_eq!(exit, 0, "{code}: {text}");
        assert!(began.elapsed().as_secs() < 8, "it was waited for");
    }
}

#[test]
fn another_outcome_is_told_of_with_the_first_difference() {
    let place = Place::new();
    let program = "import time\nprint(time.time())\n1";
    command(&place, &["run", "-e", program]);
    let run = newest(&place);
    assert_eq!(replay(&place, &run).0, 0);
    // Another record in the place of this one's: what the journal says of it does not fit any more.
    let (_, shown, _) = command(&place, &["log", "show", &run, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let record = shown["lines"].as_array().unwrap().last().unwrap()["record"].as_str().unwrap().to_owned();
    let path = place.path().join(".local/state/cofferdam/payloads").join(&record[..2]).join(&record);
    fs::write(&path, "spoiled").unwrap();
    let dropped = "not replayable: its record is not kept any more; records are kept for 7 days, up to 1 GiB in all";
    assert_eq!(replay(&place, &run), (3, dropped.to_owned()));
    fs::remove_file(path).unwrap();
    assert_eq!(replay(&place, &run), (3, dropped.to_owned()));
}

#[test]
fn what_cannot_be_repeated_says_why() {
    let place = Place::new();
    let of = |arguments: &[&str]| {
        command(&place, &[&["run"], arguments].concat());
        replay(&place, &newest(&place))
    };
    let not = |why: &str| (3, format!("not replayable: {why}"));
    assert_eq!(of(&["--timeout", "200ms", "-e", "while True: pass"]), not("it was killed: its time was over"));
    assert_eq!(of(&["-e", "1 +"]), not("it was refused before it ran (syntax_error)"));
    let clock = "import time\nfor _ in range(1_200_000): time.time()\n1";
    assert_eq!(of(&["-e", clock]), not("it read the clock, or listed files, more often than a record holds"));
    assert_eq!(of(&["-e", "artifacts.save('big', bytes(2_000_000))\nlen(artifacts.load('big'))"]), not("it loaded an artifact as a file"));
    let mut server = serve(&place, "");
    let session = begins(&mut server, "new", "python", "x = 1\nx", "1");
    assert_eq!(replay(&place, &newest(&place)).0, 0);
    server.execute(json!({"session": session, "code": "x"}));
    assert_eq!(replay(&place, &newest(&place)).0, 0);
    let (code, _, errors) = command(&place, &["replay", &"0".repeat(32)]);
    assert_eq!(code, 2);
    assert_eq!(errors, format!("cofferdam: there is no run {}; `cofferdam log` shows those that there are, of the last 30 days\n", "0".repeat(32)));
}
