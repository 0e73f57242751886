//! Workers that crash, hang, lie and flood at every moment of their lives: each has a typed end, the next run is served, and nothing stays behind.
//!
//! The frames are written by hand, byte for byte, from the format in `frame`: a length of four bytes, the message's number, its fields.

use crate::{
    checkpoints::{guest, save},
    fixture::{Echo, Fixture, status_of, turn, turn_of},
    seal::example,
};
use policy::{Guest, Principal};
use sandbox::{CheckpointError, End, SandboxError, Worker};
use std::{path::Path, time::Duration};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Numbers of a worker's messages.
const READY: u8 = 0;
const BOUND: u8 = 1;
const HOST_CALL: u8 = 2;
const ENDED: u8 = 3;
const PAGES: u8 = 5;
const SAVED: u8 = 6;
const NOT_SAVED: u8 = 7;
const RESTORED: u8 = 8;
const REFUSED: u8 = 9;
const FAULT: u8 = 10;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A frame with its true length.
fn frame(body: &[u8]) -> String {
    hex(&[&u32::try_from(body.len()).unwrap().to_le_bytes(), body].concat())
}

fn died(status: Option<i32>, signal: Option<i32>) -> End {
    End::Died { status, signal, detail: None }
}

/// A sandbox whose workers misbehave when they are told to.
async fn faulty() -> Fixture {
    faulty_from(|_| ()).await
}

async fn faulty_from(prepare: impl FnOnce(&Path)) -> Fixture {
    Fixture::of(&guest(), |directory| {
        let binary = directory.join("worker");
        std::os::unix::fs::symlink(example("fault"), &binary).unwrap();
        prepare(directory);
        binary
    })
    .await
}

/// The next run on a worker of its own.
async fn is_served(fixture: &Fixture) {
    assert_eq!(status_of(&mut fixture.bound().await, &["i", "i"]).await, 2);
}

/// Every way to end a process, and how the broker learns of it. `abort` ends in a signal that the filter forbids.
fn ends() -> Vec<(String, End)> {
    let panicked = End::Died { status: Some(101), signal: None, detail: Some("panic: ".to_owned()) };
    let half = hex(&[10, 0, 0, 0, HOST_CALL, 8, 1]);
    vec![
        ("abort".to_owned(), died(None, Some(31))),
        ("forbidden".to_owned(), died(None, Some(31))),
        ("segfault".to_owned(), died(None, Some(11))),
        ("panic".to_owned(), panicked),
        ("exit".to_owned(), died(Some(3), None)),
        (format!("say-and-exit:{half}"), died(Some(3), None)),
        (format!("say-and-exit:{}", hex(&[10, 0])), died(Some(3), None)),
    ]
}

/// Compares ends; of a panic's message only how it begins.
fn is_end(found: &End, expected: &End, what: &str) {
    match (found, expected) {
        (End::Died { status, signal, detail: Some(said) }, End::Died { status: other, signal: another, detail: Some(begins) }) => {
            assert!((status, signal) == (other, another) && said.starts_with(begins.as_str()), "{what}: {found:?}");
        }
        _ => assert_eq!(found, expected, "{what}"),
    }
}

#[tokio::test]
async fn whatever_ends_a_worker_in_a_turn_is_typed() {
    let fixture = faulty().await;
    for (word, expected) in ends() {
        let mut worker = fixture.bound().await;
        assert_eq!(status_of(&mut worker, &["i"]).await, 1);
        is_end(&turn_of(&mut worker, &format!("i turn:{word}")).await.end, &expected, &word);
        is_served(&fixture).await;
    }
}

#[tokio::test]
async fn whatever_ends_a_worker_in_a_checkpoint_leaves_the_one_before_it() {
    let fixture = faulty().await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["i", "i"]).await;
    let (_, blob) = save(&mut worker).await;
    drop(worker);
    for (word, expected) in ends() {
        let mut worker = fixture.restored(&blob).await.unwrap();
        assert_eq!(status_of(&mut worker, &[&format!("i checkpoint:{word}")]).await, 3);
        match worker.checkpoint(&mut Vec::new(), 64 << 20).await {
            Err(CheckpointError::Worker(end)) => is_end(&end, &expected, &word),
            other => panic!("{word}: {other:?}"),
        }
    }
    let too_much = format!("say-and-hang:{}", frame(&[&[PAGES, 101][..], &[7; 101]].concat()));
    let mut worker = fixture.restored(&blob).await.unwrap();
    status_of(&mut worker, &[&format!("i checkpoint:{too_much}")]).await;
    let end = worker.checkpoint(&mut Vec::new(), 100).await;
    let why = "more of a checkpoint than is allowed".to_owned();
    assert!(matches!(&end, Err(CheckpointError::Worker(End::Misbehaved(found))) if *found == why), "{end:?}");
    assert_eq!(status_of(&mut fixture.restored(&blob).await.unwrap(), &["i"]).await, 3, "the session is where it was saved");
}

#[tokio::test]
async fn whatever_ends_a_worker_before_it_is_ready_or_bound_is_typed() {
    for (word, expected) in ends() {
        let fixture = faulty_from(|directory| std::fs::write(directory.join("ready"), &word).unwrap()).await;
        match fixture.sandbox.worker(Guest::Python, &Principal::local()).await {
            Err(SandboxError::Worker(reason)) => {
                let begins = if word == "panic" { "panic: " } else { "it ended before it was ready: " };
                assert!(reason.starts_with(begins), "{word}: {reason}");
            }
            other => panic!("{word}: {other:?}"),
        }
        std::fs::remove_file(fixture.directory.path().join("ready")).unwrap();
        is_served(&fixture).await;

        let fixture = faulty_from(|directory| std::fs::write(directory.join("bound"), &word).unwrap()).await;
        let mut worker = fixture.worker().await;
        is_end(&worker.bind(&fixture.bind()).await.unwrap_err(), &expected, &word);
        std::fs::remove_file(fixture.directory.path().join("bound")).unwrap();
        // Workers that were warm already have read the word.
        fixture.sandbox.retire_zygote(&worker).await;
        is_served(&fixture).await;
    }
}

#[tokio::test]
async fn what_is_no_frame_or_not_due_ends_the_worker() {
    let no_frame = [
        (hex(&[0xff; 4]), "a frame of 4294967295 bytes, larger than 41943040"),
        (hex(&(41_943_041_u32).to_le_bytes()), "a frame of 41943041 bytes, larger than 41943040"),
        (frame(&[READY, 0]), "1 bytes after the message"),
        (frame(&[READY]), "a second ready"),
        (frame(&[BOUND]), "a second bound"),
        (frame(&[PAGES, 0]), "a checkpoint that nobody asked for"),
        (frame(&[SAVED, 0, 0, 0, 0]), "a checkpoint that nobody asked for"),
        (frame(&[NOT_SAVED, 0]), "a checkpoint that nobody asked for"),
        (frame(&[RESTORED]), "word of a checkpoint that it was not given"),
        (frame(&[REFUSED, 0]), "word of a checkpoint that it was not given"),
    ];
    let fixture = faulty().await;
    for (bytes, why) in no_frame {
        let mut worker = fixture.bound().await;
        assert_eq!(turn_of(&mut worker, &format!("i turn:say-and-hang:{bytes}")).await.end, End::Misbehaved(why.to_owned()));
    }
    // Nothing at all; a message that is none; a count of 2^62 bytes; half of a number; a text that is not UTF-8.
    let counts = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f];
    for body in [&[][..], &[11], &[&[HOST_CALL][..], &counts].concat(), &[HOST_CALL, 0x80], &[FAULT, 1, 0xff]] {
        let mut worker = fixture.bound().await;
        let end = turn_of(&mut worker, &format!("i turn:say-and-hang:{}", frame(body))).await.end;
        assert!(matches!(end, End::Misbehaved(_)), "{body:?}: {end:?}");
    }
    let mut worker = fixture.bound().await;
    let end = turn_of(&mut worker, &format!("i turn:say-and-hang:{}", frame(&[FAULT, 1, b'x']))).await.end;
    assert_eq!(end, End::Died { status: None, signal: None, detail: Some("x".to_owned()) });
    is_served(&fixture).await;
}

#[tokio::test]
async fn an_answer_too_many_is_found_at_the_next_exchange() {
    let fixture = faulty().await;
    let mut worker = fixture.bound().await;
    // It says that the turn ended with 77 (twice that, in two parts of seven bits) and has no tape, and then runs it.
    let lie = frame(&[ENDED, 0x9a, 1, 1, 0]);
    assert_eq!(turn_of(&mut worker, &format!("i turn:say:{lie}")).await.end, End::Completed(77));
    let found = worker.checkpoint(&mut Vec::new(), 64 << 20).await;
    let why = "the end of a turn outside a turn".to_owned();
    assert!(matches!(&found, Err(CheckpointError::Worker(End::Misbehaved(said))) if *said == why), "{found:?}");
    is_served(&fixture).await;
}

/// Runs a turn for a moment.
async fn for_a_moment(worker: &mut Worker, document: &str, host: &mut Echo) -> End {
    let over = sleep_until(Instant::now() + Duration::from_millis(300));
    worker.turn(turn(document), host, over, &CancellationToken::new()).await.end
}

/// Memory of this process, in bytes.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn floods_and_promises_of_megabytes_cost_time_until_the_deadline_and_no_memory() {
    let fixture = faulty().await;
    let call = frame(&[HOST_CALL, 2, b'{', b'}']);
    // A whole frame is promised and never sent; one is sent but for its last byte.
    let promise = hex(&(41_943_040_u32).to_le_bytes());
    let almost = hex(&[&[0, 0, 1, 0, HOST_CALL, 0xfc, 0xff, 0x03][..], &vec![1; 60_000]].concat());
    let before = memory();
    for word in [format!("flood:{call}"), format!("say-and-hang:{promise}"), format!("say-and-hang:{almost}")] {
        for _ in 0..5 {
            let mut host = Echo(Vec::new());
            assert_eq!(for_a_moment(&mut fixture.bound().await, &format!("i turn:{word}"), &mut host).await, End::Deadline, "{}", &word[..12]);
            assert_eq!(!host.0.is_empty(), word.starts_with("flood"), "the flood arrives, the promises do not");
        }
    }
    assert!(memory() < before + (64 << 20), "{} MiB before, {} after", before >> 20, memory() >> 20);
    let pages = frame(&[PAGES, 0]);
    assert!(matches!(turn_of(&mut fixture.bound().await, &format!("i turn:flood:{pages}")).await.end, End::Misbehaved(_)));
    is_served(&fixture).await;
}

/// The process from which a process was forked.
fn parent(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_abnormal_death_costs_its_principal_and_nobody_else() {
    let fixture = faulty().await;
    let mut zygotes = Vec::new();
    // After six deaths the principal waits 3.2 s.
    for _ in 0..6 {
        let mut worker = fixture.bound().await;
        zygotes.push(parent(worker.pid()));
        assert_eq!(turn_of(&mut worker, "i turn:segfault").await.end, died(None, Some(11)));
        fixture.sandbox.retire_zygote(&worker).await;
    }
    zygotes.push(parent(fixture.other().await.pid()));
    let all = zygotes.len();
    zygotes.sort_unstable();
    zygotes.dedup();
    assert_eq!(zygotes.len(), all, "each death retires a zygote");
    let sandbox = fixture.sandbox.clone();
    let guilty = tokio::spawn(async move { sandbox.worker(Guest::Python, &Principal::local()).await.map(|worker| worker.pid()) });
    let mut other = fixture.other().await;
    other.bind(&fixture.bind()).await.unwrap();
    assert_eq!(status_of(&mut other, &["i"]).await, 1);
    assert!(!guilty.is_finished(), "it waits while another is served");
    assert!(timeout(Duration::from_secs(30), guilty).await.unwrap().unwrap().is_ok(), "and is served in the end");
}

impl Fixture {
    /// A worker of another principal.
    async fn other(&self) -> Worker {
        self.sandbox.worker(Guest::Python, &serde_json::from_value("other".into()).unwrap()).await.unwrap()
    }
}

/// Open descriptors of this process, and processes below it.
fn held() -> (usize, usize) {
    let ours = i32::try_from(std::process::id()).unwrap();
    let pids: Vec<i32> = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    // A process may end while it is looked at.
    let parent_of = |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok();
    let below = |pid: &&i32| parent_of(**pid).is_some_and(|parent: i32| parent == ours || parent_of(parent) == Some(ours));
    (std::fs::read_dir("/proc/self/fd").unwrap().count(), pids.iter().filter(below).count())
}

#[tokio::test]
async fn nothing_of_dead_workers_and_zygotes_stays_behind() {
    let fixture = faulty().await;
    is_served(&fixture).await;
    let settled = async |most: (usize, usize)| {
        for _ in 0..400 {
            let now = held();
            if now.0 <= most.0 && now.1 <= most.1 {
                return now;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("{:?} are held, at most {most:?} are to be", held());
    };
    // A zygote and a warm worker.
    let before = settled((usize::MAX, 2)).await;
    assert_eq!(before.1, 2);
    let words = [format!("say-and-hang:{}", hex(&[0xff; 4])), "segfault".to_owned(), "exit".to_owned(), "panic".to_owned()];
    for word in words.iter().cycle().take(24) {
        let mut worker = fixture.other().await;
        worker.bind(&fixture.bind()).await.unwrap();
        let end = turn_of(&mut worker, &format!("i turn:{word}")).await.end;
        assert!(matches!(end, End::Died { .. } | End::Misbehaved(_)), "{end:?}");
        // Who waits for the next worker is another one each time.
        if word == "segfault" {
            fixture.sandbox.retire_zygote(&worker).await;
        }
    }
    settled(before).await;
}

#[tokio::test]
async fn what_hangs_is_given_up() {
    let before_ready = async {
        let fixture = faulty_from(|directory| std::fs::write(directory.join("ready"), "hang").unwrap()).await;
        let end = fixture.sandbox.worker(Guest::Python, &Principal::local()).await;
        assert!(matches!(&end, Err(SandboxError::Worker(reason)) if reason == "it was not ready within 20 s"), "{end:?}");
        std::fs::remove_file(fixture.directory.path().join("ready")).unwrap();
        is_served(&fixture).await;
    };
    let after_bind = async {
        let fixture = faulty_from(|directory| std::fs::write(directory.join("bound"), "hang").unwrap()).await;
        let mut worker = fixture.worker().await;
        assert_eq!(worker.bind(&fixture.bind()).await.unwrap_err(), End::Deadline);
        let mut worker = fixture.worker().await;
        let over = sleep_until(Instant::now() + Duration::from_millis(300));
        let end = worker.run(&fixture.bind(), turn("i"), &mut Echo(Vec::new()), over, &CancellationToken::new()).await.end;
        assert_eq!(end, End::Deadline, "a stateless run has its own deadline");
    };
    let in_a_checkpoint = async {
        let fixture = faulty().await;
        let mut worker = fixture.bound().await;
        status_of(&mut worker, &["i checkpoint:hang"]).await;
        assert!(matches!(worker.checkpoint(&mut Vec::new(), 1 << 20).await, Err(CheckpointError::Worker(End::Deadline))));
        is_served(&fixture).await;
    };
    let in_a_turn = async {
        let fixture = faulty().await;
        assert_eq!(for_a_moment(&mut fixture.bound().await, "i turn:hang", &mut Echo(Vec::new())).await, End::Deadline);
        is_served(&fixture).await;
    };
    tokio::join!(before_ready, after_bind, in_a_checkpoint, in_a_turn);
}
