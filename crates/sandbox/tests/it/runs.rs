//! Every way in which a turn can end, and that the next run is served whatever happened.

use crate::{
    fixture::{Echo, Fixture, settings, turn, turn_of},
    guests::{arms, install_module},
};
use policy::{Guest, Principal};
use sandbox::{End, Sandbox, SandboxError, Trapped};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Runs a guest twice: it ends the same way both times, so the first did no harm.
async fn ends(turn: &str) -> End {
    let mut fixture = Fixture::new(turn).await;
    let first = fixture.run().await.end;
    let second = fixture.run().await.end;
    match (&first, &second) {
        // Wasmtime's words and process details may differ; the kind may not.
        (End::Trapped(a, _), End::Trapped(b, _)) => assert_eq!(a, b),
        (a, b) => assert_eq!(a, b),
    }
    first
}

#[tokio::test]
async fn a_turn_returns_its_status() {
    assert_eq!(ends("(i32.const 5)").await, End::Completed(5));
}

#[tokio::test]
async fn a_trap_is_typed() {
    assert!(matches!(ends("unreachable").await, End::Trapped(Trapped::Other, _)));
    assert!(matches!(ends("(i32.load (i32.const -4))").await, End::Trapped(Trapped::Other, _)));
    assert!(matches!(ends("(call $deep (i32.const 0))").await, End::Trapped(Trapped::StackOverflow, _)));
}

#[tokio::test]
async fn a_host_call_is_answered_and_its_ranges_are_checked() {
    let mut fixture = Fixture::new("(call $call (i32.const 0) (i32.const 10) (i32.const 128) (i32.const 132))").await;
    assert_eq!(fixture.run().await.end, End::Completed(0));
    assert_eq!(fixture.heard, [br#"{"op":"x"}"#.to_vec()]);
    assert_eq!(ends("(call $call (i32.const -8) (i32.const 16) (i32.const 128) (i32.const 132))").await, End::Completed(1));
    assert_eq!(ends("(call $call (i32.const 0) (i32.const -1) (i32.const 128) (i32.const 132))").await, End::Completed(1));
    assert_eq!(ends("(call $call (i32.const 0) (i32.const 10) (i32.const -2) (i32.const 132))").await, End::Completed(1));
}

#[tokio::test]
async fn a_program_that_never_ends_is_killed_at_its_deadline_and_keeps_its_output() {
    let write = "(drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 128)))";
    let mut fixture = Fixture::new(&format!("{write} (loop $l (br $l)) (i32.const 0)")).await;
    let started = std::time::Instant::now();
    let finished = fixture.run_for(Duration::from_millis(300), &CancellationToken::new()).await;
    assert_eq!((finished.end, finished.output.head.as_slice()), (End::Deadline, b"hello".as_slice()));
    assert!(started.elapsed() < Duration::from_secs(10), "generous: the machine may be busy");
}

#[tokio::test]
async fn a_cancelled_run_is_killed() {
    let mut fixture = Fixture::new("(loop $l (br $l)) (i32.const 0)").await;
    let cancel = CancellationToken::new();
    let later = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        later.cancel();
    });
    assert_eq!(fixture.run_for(Duration::from_secs(20), &cancel).await.end, End::Cancelled);
}

#[tokio::test]
async fn a_flood_of_output_costs_nothing_but_its_own_time() {
    let write = "(drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 128)))";
    let turn = format!(
        "(local $i i32) (loop $l {write} (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 2000)))) (i32.const 0)"
    );
    let finished = Fixture::new(&turn).await.run().await;
    assert_eq!(finished.end, End::Completed(0));
    assert_eq!((finished.output.total_bytes, finished.output.writes), (10_000, 2000));
    assert_eq!((finished.output.head.len(), finished.output.tail.len()), (2048, 2048));
}

#[tokio::test]
async fn memory_stops_growing_at_the_limit() {
    // 16 MiB are 256 pages; growing by 1000 fails, which the guest sees as -1.
    assert_eq!(ends("(memory.grow (i32.const 1000))").await, End::Completed(-1));
}

#[tokio::test]
async fn randomness_is_that_of_the_seed() {
    // The same seed gives the same word, in two workers.
    let turn = "(drop (call $random_get (i32.const 128) (i32.const 4))) (i32.load (i32.const 128))";
    let End::Completed(word) = ends(turn).await else { panic!("no word") };
    assert_ne!(word, 0);
}

#[tokio::test]
async fn each_turn_has_its_own_output_seed_and_clock() {
    let print = "(call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 128))";
    let word = "(drop (call $random_get (i32.const 128) (i32.const 4))) (i32.load (i32.const 128))";
    let seconds = "(drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 128)))
        (i32.wrap_i64 (i64.div_u (i64.load (i32.const 128)) (i64.const 1000000000)))";
    let fixture = Fixture::new(&arms(&[('p', print), ('w', word), ('s', seconds), ('n', "(i32.const 0)")])).await;
    let mut worker = fixture.bound().await;
    for _ in 0..2 {
        let output = turn_of(&mut worker, "p").await.output;
        assert_eq!((output.head.as_slice(), output.total_bytes, output.writes), (b"hello".as_slice(), 5, 1));
    }
    assert_eq!(turn_of(&mut worker, "n").await.output, sandbox::Output::default());
    let first = turn_of(&mut worker, "w").await.end;
    assert_eq!(turn_of(&mut worker, "w").await.end, first, "the same seed");
    let mut other = turn("w");
    other.seed = [8; 32];
    let deadline = Instant::now() + Duration::from_secs(20);
    assert_ne!(worker.turn(other, &mut Echo(Vec::new()), sleep_until(deadline), &CancellationToken::new()).await.end, first);
    // The fixture's turns begin at 5 s; nothing here takes a second.
    assert_eq!(turn_of(&mut worker, "s").await.end, End::Completed(5));
}

#[tokio::test]
async fn a_worker_that_cannot_become_ready_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let text = wat::parse_str(
        r#"(module (memory (export "memory") 1) (table 200000 funcref) (global (export "__stack_pointer") (mut i32) (i32.const 65536))
          (func (export "_initialize")) (func (export "wizer.initialize")) (func (export "host_alloc") (param i32) (result i32) (i32.const 8))
          (func (export "turn") (param i32 i32) (result i32) (i32.const 0)))"#,
    );
    install_module(directory.path(), &text.unwrap());
    let sandbox = Sandbox::start(settings(directory.path().to_owned())).await.unwrap();
    for _ in 0..2 {
        let Err(SandboxError::Worker(reason)) = sandbox.worker(Guest::Python, &Principal::local()).await else { panic!("a worker") };
        assert!(reason.starts_with("instantiate: "), "{reason}");
    }
}

#[tokio::test]
async fn a_worker_that_cannot_be_bound_ends() {
    let fixture = Fixture::new("(i32.const 1)").await;
    let mut bind = fixture.bind();
    bind.workspace = "/nowhere".to_owned();
    let mut worker = fixture.worker().await;
    let Err(End::Died { status: Some(1), signal: None, detail: Some(reason) }) = worker.bind(&bind).await else { panic!("bound") };
    assert!(reason.starts_with("workspace: "), "{reason}");
    assert!(matches!(turn_of(&mut worker, "").await.end, End::Died { .. }), "it is of no more use");
    drop(worker);
    let mut worker = fixture.bound().await;
    assert_eq!(turn_of(&mut worker, "").await.end, End::Completed(1));
    assert!(matches!(worker.bind(&fixture.bind()).await, Err(End::Died { detail: Some(reason), .. }) if reason == "a message out of order"));
}

#[tokio::test]
async fn a_principal_whose_worker_died_waits() {
    let fixture = Fixture::new("(i32.const 1)").await;
    let worker = fixture.worker().await;
    let start = Instant::now();
    fixture.sandbox.retire_zygote(&worker).await;
    fixture.worker().await;
    assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
}

#[tokio::test]
async fn more_runs_than_workers_are_queued_and_all_served() {
    let fixture = Fixture::new("(i32.const 1)").await;
    let bind = fixture.bind();
    let runs: Vec<_> = (0..50)
        .map(|_| {
            let (sandbox, bind) = (fixture.sandbox.clone(), bind.clone());
            tokio::spawn(async move {
                let mut worker = sandbox.worker(Guest::Python, &Principal::local()).await.unwrap();
                let deadline = Instant::now() + Duration::from_secs(60);
                worker.run(&bind, turn("{}"), &mut Echo(Vec::new()), sleep_until(deadline), &CancellationToken::new()).await.end
            })
        })
        .collect();
    for run in runs {
        assert_eq!(run.await.unwrap(), End::Completed(1));
    }
}

#[tokio::test]
async fn a_worker_killed_from_outside_is_a_typed_end_and_the_next_run_is_served() {
    let fixture = Fixture::new("(loop $l (br $l)) (i32.const 0)").await;
    for _ in 0..2 {
        let mut worker = fixture.sandbox.worker(Guest::Python, &Principal::local()).await.unwrap();
        let pid = rustix::process::Pid::from_raw(worker.pid()).unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        let end = worker.run(&fixture.bind(), turn("{}"), &mut Echo(Vec::new()), sleep_until(deadline), &CancellationToken::new()).await.end;
        assert_eq!(end, End::Died { status: None, signal: Some(6), detail: None });
        fixture.sandbox.retire_zygote(&worker).await;
    }
}

#[tokio::test]
async fn workers_outlive_the_thread_that_asked_for_them() {
    // A thread of the runtime's pool starts the zygote and ends when it was idle for ten seconds; the kernel tells children of a thread's end.
    let fixture = Fixture::new("(i32.const 1)").await;
    let worker = fixture.sandbox.worker(Guest::Python, &Principal::local()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(std::path::Path::new(&format!("/proc/{}", worker.pid())).exists());
}

#[tokio::test]
async fn no_worker_outlives_the_sandbox() {
    let fixture = Fixture::new("(i32.const 0)").await;
    let worker = fixture.sandbox.worker(Guest::Python, &Principal::local()).await.unwrap();
    let process = format!("/proc/{}", worker.pid());
    assert!(std::path::Path::new(&process).exists());
    drop(worker);
    for _ in 0..200 {
        if !std::path::Path::new(&process).exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{process} is still there");
}
