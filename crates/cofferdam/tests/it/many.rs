//! Many runs at once, and runs whose time is over.

use crate::connection::{Era, Shown};
use crate::place::{ALLOW, Place, built};
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn fifty_runs_at_once() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let programs = |n: u64| match n % 3 {
        0 => ("python", format!("import asyncio\nprint('run {n}')\nawait asyncio.sleep(0.02)\nsum(range({n}))")),
        1 => (
            "javascript",
            format!("console.log('run {n}'); await new Promise(r => setTimeout(r, 20)); let s = 0; for (let i = 0; i < {n}; i++) s += i; s"),
        ),
        _ => ("typescript", format!("console.log('run {n}'); let s: number = 0; for (let i = 0; i < {n}; i++) s += i; return s")),
    };
    let calls: Vec<u64> = (0..50)
        .map(|n| {
            let (language, code) = programs(n);
            server.call(json!({"language": language, "code": code}))
        })
        .collect();
    for (n, id) in (0..50).zip(calls) {
        let total: u64 = (0..n).sum();
        assert_eq!(server.shown(id), Shown { text: format!("run {n}\n{total}"), is_error: false });
    }
    server.still_serves();
}

#[test]
fn runs_end_at_their_deadline() {
    let place = Place::new();
    let mut server = place.serve(Era::Legacy, &[]);
    for (language, code) in [
        ("python", "print('begun', flush=True)\nwhile True: pass"),
        ("python", "import time\nprint('begun', flush=True)\ntime.sleep(3600)"),
        ("python", "import asyncio\nprint('begun', flush=True)\nawait asyncio.sleep(3600)"),
        ("javascript", "console.log('begun'); for (;;) {}"),
        ("javascript", "console.log('begun'); await new Promise(r => setTimeout(r, 3600000))"),
    ] {
        let started = Instant::now();
        let shown = server.execute(json!({"language": language, "code": code, "timeout_ms": 300}));
        let text = "begun\ndeadline: the program was ended after 0.3 s, its limit. Do less per run, or make calls side by side";
        assert_eq!(shown, Shown { text: text.to_owned(), is_error: true }, "{code}");
        assert!(started.elapsed() < Duration::from_secs(10), "{code} took {:?}", started.elapsed());
        server.still_serves();
    }
}

#[test]
fn only_so_many_runs_wait() {
    let place = Place::new();
    place.write(".config/cofferdam/cofferdam.toml", "[limits]\nworkers = 1\nqueued = 2\n");
    let mut server = place.serve(Era::Modern, &[]);
    let shown = |text: &str, is_error| Shown { text: text.to_owned(), is_error };
    // The first is told that it runs by the file that it makes; the next two wait for its worker.
    let holds = server.call(json!({"code": "artifacts.save('begun', 1)\nimport asyncio\nawait asyncio.sleep(3)\n'held'"}));
    let listed = |server: &mut crate::connection::Connection| {
        let id = server.request("resources/list", json!({}));
        server.answer(id)["result"]["resources"].as_array().unwrap().len()
    };
    while listed(&mut server) == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let waiting = [0, 1].map(|n| server.call(json!({"language": "javascript", "code": format!("{n}")})));
    let beyond = [(); 3].map(|()| server.execute(json!({"language": "javascript", "code": "2"})));
    for refused in beyond {
        assert_eq!(refused, shown("busy: too many programs wait already; try again when some of them have ended", true));
    }
    assert_eq!(server.shown(holds), shown("held", false));
    assert_eq!(waiting.map(|id| server.shown(id)), [shown("0", false), shown("1", false)]);
    server.still_serves();
}

#[test]
fn only_so_many_calls_are_with_one_server() {
    let place = Place::new();
    let servers = json!({"orders": {"command": built("shop"), "args": ["--serve", "orders", "--latency-ms", "400"]}});
    let file = place.servers(&servers);
    place.write(".config/cofferdam/cofferdam.toml", format!("{ALLOW}[limits]\nserver_calls = 2\n"));
    let mut server = place.serve(Era::Modern, &["--mcp-config", file.to_str().unwrap()]);
    let call = "Promise.all(Array.from({length: 3}, () => orders.count_orders({group_by: 'status'}))).then((all) => all.length)";
    assert_eq!(server.run("javascript", "tools.describe('orders'); 1"), "1");
    let begun = Instant::now();
    let both = [0, 1].map(|_| server.call(json!({"language": "javascript", "code": format!("await {call}")})));
    assert_eq!(both.map(|id| server.shown(id).text), ["3", "3"]);
    // Six calls of 400 ms, two at a time, whichever run they are of.
    assert!(begun.elapsed() >= Duration::from_millis(1200), "{:?}", begun.elapsed());
}
