//! Several servers on one state, several runs in one session, and more sessions than there is room for.

use crate::connection::{Connection, Shown};
use crate::place::Place;
use crate::sessions::{begins, command, directory, fails, says, serve, turn};
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};

const BUSY: &str = "refused before it ran (session_busy): another run is going on in this session, and did not end in time; a session runs one program at \
                    a time. Try again, or work in a fork (session \"fork:HANDLE\")";
const UNKNOWN: &str = "refused before it ran (unknown_session): there is no such session: it was removed, was not used for too long, or never was. \
                       Start one with session \"new\"";

/// Begins a run that lasts, and waits until it is under way.
fn begin_long(place: &Place, server: &mut Connection, session: &str, seconds: f64) -> u64 {
    let begun = directory(place, session).join("workspace/begun");
    let code = format!("open('begun', 'w').close()\nawait asyncio.sleep({seconds})\nn += 1\nn");
    let id = server.call(json!({"session": session, "code": code}));
    while !begun.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::remove_file(begun).unwrap();
    id
}

#[test]
fn two_servers_take_turns_in_one_session() {
    let place = Place::new();
    let mut servers = [serve(&place, ""), serve(&place, "")];
    for (language, start, step) in [("python", "n = 0\nn", "n += 1\nn"), ("javascript", "let n = 0; n", "n += 1; n")] {
        let session = begins(&mut servers[0], "new", language, start, "0");
        // Twice in each, so that each also goes on with its own idle worker, and must not with one that is behind.
        for n in 1..=12_usize {
            says(&mut servers[n / 2 % 2], &session, language, step, &n.to_string());
        }
        // A run that is cut off in one changes nothing for the other.
        let cut = servers[0].execute(json!({"session": session, "language": language, "code": "n = 100; for(;;);", "timeout_ms": 400}));
        assert!(cut.is_error);
        says(&mut servers[1], &session, language, "n", "12");
        let fork = begins(&mut servers[1], &format!("fork:{session}"), language, step, "13");
        says(&mut servers[0], &fork, language, step, "14");
        says(&mut servers[0], &session, language, step, "13");
    }
}

#[test]
fn one_run_at_a_time_the_others_wait_or_are_told_that_it_is_busy() {
    let place = Place::new();
    let (mut one, mut other) = (serve(&place, ""), serve(&place, ""));
    let session = begins(&mut one, "new", "python", "n = 0\nn", "0");
    let long = begin_long(&place, &mut one, &session, 6.0);
    // From the same server and from the other one; a fork waits for its source as well.
    for wanted in [session.clone(), format!("fork:{session}")] {
        for server in [&mut one, &mut other] {
            let begin = Instant::now();
            let shown = server.execute(json!({"session": wanted, "code": "n", "timeout_ms": 300}));
            assert_eq!(shown, Shown { text: BUSY.to_owned(), is_error: true });
            assert!((250..3000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
        }
    }
    let waiting: Vec<u64> = (0..4).map(|_| one.call(json!({"session": session, "code": "n += 1\nn"}))).collect();
    let elsewhere: Vec<u64> = (0..4).map(|_| other.call(json!({"session": session, "code": "n += 1\nn"}))).collect();
    assert_eq!(one.shown(long).text, "1");
    let mut seen: Vec<u64> =
        waiting.iter().map(|id| one.shown(*id)).chain(elsewhere.iter().map(|id| other.shown(*id))).map(|shown| shown.text.parse().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [2, 3, 4, 5, 6, 7, 8, 9], "every run saw the state that another had left");
}

#[test]
fn a_session_is_not_removed_under_a_run() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let session = begins(&mut server, "new", "python", "n = 0\nn", "0");
    let long = begin_long(&place, &mut server, &session, 8.0);
    let (code, out, errors) = command(&place, &["sessions", "rm", &session]);
    let busy = BUSY.split_once(": ").unwrap().1;
    assert_eq!((code, &*out, errors), (5, "", format!("cofferdam: {session}: {busy}\n")));
    assert_eq!(server.shown(long).text, "1");
    // A short one is waited for.
    let short = begin_long(&place, &mut server, &session, 1.0);
    assert_eq!(command(&place, &["sessions", "rm", &session]), (0, String::new(), String::new()));
    assert_eq!(server.shown(short).text, "2");
    // The worker still lives, the session does not.
    fails(&mut server, &session, "python", "n", UNKNOWN);
    fails(&mut server, &session, "python", "n", UNKNOWN);
}

#[test]
fn there_are_only_so_many_sessions() {
    let place = Place::new();
    let mut server = serve(&place, "sessions = 3");
    let many = "refused before it ran (too_many_sessions): there are 3 sessions, as many as there may be; remove one with `cofferdam sessions rm`, or go on \
                in an existing one";
    let sessions: Vec<String> = (0..3).map(|_| begins(&mut server, "new", "javascript", "1", "1")).collect();
    fails(&mut server, "new", "javascript", "1", many);
    fails(&mut server, &format!("fork:{}", sessions[0]), "javascript", "1", many);
    fails(&mut serve(&place, "sessions = 3"), "new", "javascript", "1", many);
    says(&mut server, &sessions[0], "javascript", "2", "2");
    assert_eq!(command(&place, &["sessions", "rm", &sessions[1]]).0, 0);
    begins(&mut server, &format!("fork:{}", sessions[0]), "javascript", "3", "3");
    fails(&mut server, "new", "javascript", "1", many);
}

#[test]
fn a_run_that_never_began_leaves_no_session() {
    let place = Place::new();
    let limits = "workers = 1\nqueue = \"300ms\"";
    let mut server = serve(&place, limits);
    let busy = server.call(json!({"code": "open('/workspace/x', 'w').close()\nawait asyncio.sleep(6)\n1"}));
    std::thread::sleep(Duration::from_millis(1000));
    let told = Shown { text: "busy: every worker was in use for 300ms; try again".to_owned(), is_error: true };
    for _ in 0..3 {
        assert_eq!(turn(&mut server, "new", "python", "1"), told);
    }
    assert_eq!(fs::read_dir(directory(&place, "")).unwrap().count(), 0);
    assert_eq!(server.shown(busy).text, "1");
}

#[test]
fn a_session_that_is_not_used_expires() {
    let place = Place::new();
    let limits = "session_kept = \"4s\"";
    let mut server = serve(&place, limits);
    let [used, unused] = [(); 2].map(|()| begins(&mut server, "new", "javascript", "let n = 1; n", "1"));
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(1800));
        says(&mut server, &used, "javascript", "n", "1");
    }
    fails(&mut server, &unused, "javascript", "n", UNKNOWN);
    fails(&mut server, &format!("fork:{unused}"), "javascript", "n", UNKNOWN);
    // Whoever starts next removes it, also when its record cannot be read.
    let damaged = begins(&mut server, "new", "javascript", "1", "1");
    fs::write(directory(&place, &damaged).join("record"), "").unwrap();
    says(&mut server, &used, "javascript", "n", "1");
    let left = || {
        let mut left: Vec<_> = fs::read_dir(directory(&place, "")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        left
    };
    serve(&place, limits).still_serves();
    assert!(!left().contains(&unused));
    std::thread::sleep(Duration::from_millis(4400));
    serve(&place, limits).still_serves();
    assert_eq!(left(), Vec::<String>::new());
}

#[test]
fn servers_that_start_together_remove_the_same_sessions() {
    let place = Place::new();
    let mut server = serve(&place, "session_kept = \"1s\"");
    for _ in 0..8 {
        begins(&mut server, "new", "javascript", "1", "1");
    }
    server.kill();
    std::thread::sleep(Duration::from_millis(1200));
    let config = place.path().join("cofferdam.toml");
    let list = || place.command().args(["sessions", "list", "--config"]).arg(&config).spawn().unwrap();
    let together: Vec<_> = (0..8).map(|_| list()).collect();
    for one in together {
        let output = one.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(fs::read_dir(directory(&place, "")).unwrap().count(), 0);
}

/// Processes below this one.
fn descendants(pid: u32) -> usize {
    let mut left = vec![pid];
    let mut count = 0;
    while let Some(pid) = left.pop() {
        // Any thread of the broker may have started the zygote.
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let of_threads: Vec<u32> = threads
            .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
            .flat_map(|text| text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>())
            .collect();
        count += of_threads.len();
        left.extend(of_threads);
    }
    count
}

#[test]
fn an_idle_worker_goes_and_the_session_stays() {
    let place = Place::new();
    let mut server = serve(&place, "session_idle = \"3s\"");
    server.still_serves();
    std::thread::sleep(Duration::from_millis(500));
    let before = descendants(server.pid());
    let session = begins(&mut server, "new", "python", "n = 1\nn", "1");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(descendants(server.pid()), before + 1, "its worker waits");
    // The worker holds the memory: what is on the disk is not looked at.
    let sound = place.path().join("sound");
    let checkpoint =
        fs::read_dir(directory(&place, &session)).unwrap().map(|e| e.unwrap().path()).find(|p| p.file_name().unwrap().len() == 64).unwrap();
    fs::rename(&checkpoint, &sound).unwrap();
    says(&mut server, &session, "python", "n", "1");
    std::thread::sleep(Duration::from_millis(4000));
    assert_eq!(descendants(server.pid()), before, "it has gone");
    says(&mut server, &session, "python", "n += 1\nn", "2");
}

#[test]
fn sessions_make_room_for_whoever_waits() {
    let place = Place::new();
    let mut server = serve(&place, "workers = 2");
    let sessions: Vec<String> = (0..5).map(|n| begins(&mut server, "new", "python", &format!("n = {n}\nn"), &n.to_string())).collect();
    for round in 1..=2 {
        for (n, session) in sessions.iter().enumerate() {
            says(&mut server, session, "python", "n += 10\nn", &(n + 10 * round).to_string());
        }
    }
    // All of them at once, and stateless runs between them, on two workers.
    let calls: Vec<(u64, String)> = (0..20_usize)
        .map(|n| match sessions.get(n % 6) {
            Some(session) => (server.call(json!({"session": session, "code": "n % 10"})), (n % 6).to_string()),
            None => (server.call(json!({"code": "6 * 7"})), "42".to_owned()),
        })
        .collect();
    for (id, expected) in calls {
        assert_eq!(server.shown(id), Shown { text: expected, is_error: false });
    }
}
