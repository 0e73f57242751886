//! Who gives way to whom: seen in the nice values of worker processes.

use crate::fixture::{Echo, Fixture, turn};
use policy::{Guest, Principal};
use sandbox::{End, Worker};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The nice value of a process; field 19 of proc_pid_stat(5), the first after the name being the third.
fn nice(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split(' ').nth(16).unwrap().parse().unwrap()
}

/// The nice value of who does not give way: that of this test; and of who does.
fn values() -> (i32, i32) {
    let ours = nice(i32::try_from(std::process::id()).unwrap());
    (ours, ours.max(10))
}

/// Runs a turn until its process has this nice value.
async fn runs_until_nice(fixture: &Fixture, worker: &mut Worker, wanted: i32) -> End {
    let (pid, cancel, mut host) = (worker.pid(), CancellationToken::new(), Echo(Vec::new()));
    let watched = async {
        while nice(pid) != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    };
    let over = tokio::time::sleep(Duration::from_secs(60));
    let bind = fixture.bind();
    let (finished, ()) = tokio::join!(worker.run(&bind, turn("{}"), &mut host, over, &cancel), watched);
    finished.end
}

#[tokio::test]
async fn a_worker_that_computes_for_long_gives_way_and_its_successor_does_not() {
    let fixture = Fixture::new("(loop $l (br $l)) (i32.const 0)").await;
    let mut worker = fixture.worker().await;
    let (first, later) = values();
    assert_eq!(nice(worker.pid()), first);
    assert_eq!(runs_until_nice(&fixture, &mut worker, later).await, End::Cancelled);
    assert_eq!(nice(fixture.worker().await.pid()), first);
}

#[tokio::test]
async fn who_waits_does_not_give_way() {
    struct Slow;
    impl sandbox::Host for Slow {
        async fn call(&mut self, _: &[u8]) -> Vec<u8> {
            tokio::time::sleep(Duration::from_millis(200)).await;
            br#"{"ok":true,"value":null}"#.to_vec()
        }
    }
    let fixture = Fixture::new("(call $call (i32.const 0) (i32.const 10) (i32.const 128) (i32.const 132))").await;
    let mut worker = fixture.worker().await;
    let over = tokio::time::sleep(Duration::from_secs(60));
    let finished = worker.run(&fixture.bind(), turn("{}"), &mut Slow, over, &CancellationToken::new()).await;
    assert_eq!((finished.end, nice(worker.pid())), (End::Completed(0), values().0));
}

#[tokio::test]
async fn further_workers_of_a_principal_give_way_while_another_is_about() {
    let fixture = Fixture::new("(i32.const 0)").await;
    let greedy = Principal::named("greedy".to_owned());
    let worker = async |principal: &Principal| fixture.sandbox.worker(Guest::Python, principal).await.unwrap();
    let alone = [worker(&greedy).await, worker(&greedy).await];
    assert_eq!(alone.each_ref().map(|worker| nice(worker.pid())), [values().0; 2]);
    drop(alone);
    let other = worker(&Principal::local()).await;
    let first = worker(&greedy).await;
    let second = worker(&greedy).await;
    let (one, later) = values();
    assert_eq!([&other, &first, &second].map(|worker| nice(worker.pid())), [one, one, later]);
}
