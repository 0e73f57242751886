//! Many runs at once, and runs whose time is over.

use crate::connection::{Era, Shown};
use crate::place::Place;
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
