//! Saving and restoring: what lasts, what does not, and every way in which it can fail without harm to the next.

use crate::{
    fixture::{Fixture, status_of, turn_of},
    guests::arms,
};
use rustix::process::{Pid, Signal, kill_process};
use sandbox::{CheckpointError, End, RestoreError, Saved, Trapped, Worker};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

const LIMIT: u64 = 64 << 20;

/// A guest that counts, grows, prints, writes files and misbehaves.
pub(crate) fn guest() -> String {
    let count = "(i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1))) (i32.load (i32.const 1024))";
    let last = "(i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8))";
    let grow = format!("(drop (memory.grow (i32.const 1))) (i32.store {last} (i32.const 77)) (memory.size)");
    let last = format!("(i32.load {last})");
    // 8 MiB that do not compress: a multiplicative generator.
    let fill = "(drop (memory.grow (i32.const 128))) (local.set $i (i32.const 131072)) (i32.store (i32.const 1028) (i32.const 1))
        (loop $l
          (i32.store (i32.const 1028) (i32.add (i32.mul (i32.load (i32.const 1028)) (i32.const 1664525)) (i32.const 1013904223)))
          (i32.store16 (local.get $i) (i32.shr_u (i32.load (i32.const 1028)) (i32.const 16)))
          (local.set $i (i32.add (local.get $i) (i32.const 2)))
          (br_if $l (i32.lt_u (local.get $i) (i32.const 8519680))))
        (i32.const 0)";
    let open = |name: u32| {
        format!(
            "(call $path_open (i32.const 3) (i32.const 0) (i32.const {name}) (i32.const 5) (i32.const 1) (i64.const 66) (i64.const 66) (i32.const 0) (i32.const 128))"
        )
    };
    let write = |fd: u32| format!("(call $fd_write (i32.const {fd}) (i32.const 64) (i32.const 1) (i32.const 128))");
    // Descriptor 4 is closed again, so that 5 stands behind a gap.
    let files = format!("(drop {}) (drop {}) (drop (call $fd_close (i32.const 4))) {}", open(520), open(512), write(5));
    arms(&[
        ('i', count),
        ('g', &grow),
        ('l', &last),
        ('f', fill),
        ('o', &files),
        ('r', &write(5)),
        ('4', &write(4)),
        ('u', "(call $unlink (i32.const 3) (i32.const 512) (i32.const 5))"),
        ('s', "(global.set $__stack_pointer (i32.const 1000)) (i32.const 0)"),
        ('t', "unreachable"),
    ])
}

/// A checkpoint of a worker at rest.
pub(crate) async fn save(worker: &mut Worker) -> (Saved, Vec<u8>) {
    let mut blob = Vec::new();
    let saved = worker.checkpoint(&mut blob, LIMIT).await.unwrap();
    (saved, blob)
}

impl Fixture {
    /// A worker in which a checkpoint was restored.
    pub(crate) async fn restored(&self, blob: &[u8]) -> Result<Worker, RestoreError> {
        let mut worker = self.worker().await;
        worker.restore(&self.bind(), &mut &blob[..]).await?;
        Ok(worker)
    }
}

#[tokio::test]
async fn memory_lasts_in_another_process_and_in_forks() {
    let fixture = Fixture::new(&guest()).await;
    let mut first = fixture.bound().await;
    assert_eq!(status_of(&mut first, &["i", "i", "g"]).await, 3);
    let (saved, blob) = save(&mut first).await;
    // The page of the counter, the one of the turn document, and the last one of the page that was grown.
    assert_eq!(saved, Saved { memory_bytes: 3 << 16, pages: 3, files: 0, lost_files: 0 });
    let (mut second, mut third) = (fixture.restored(&blob).await.unwrap(), fixture.restored(&blob).await.unwrap());
    for worker in [&mut first, &mut second, &mut third] {
        assert_eq!((status_of(worker, &["l"]).await, status_of(worker, &["i"]).await), (77, 3));
    }
    assert_eq!(status_of(&mut second, &["i", "i"]).await, 5);
    let (again, blob) = save(&mut second).await;
    assert_eq!(again, saved, "what was restored is saved with what is new");
    assert_eq!(status_of(&mut fixture.restored(&blob).await.unwrap(), &["i"]).await, 6);
}

#[tokio::test]
async fn an_untouched_guest_is_an_empty_checkpoint() {
    let fixture = Fixture::new(&guest()).await;
    let (saved, blob) = save(&mut fixture.bound().await).await;
    assert_eq!(saved, Saved { memory_bytes: 2 << 16, pages: 0, files: 0, lost_files: 0 });
    assert!(blob.len() < 100, "{}", blob.len());
    assert_eq!(status_of(&mut fixture.restored(&blob).await.unwrap(), &["i"]).await, 1);
}

#[tokio::test]
async fn megabytes_stream() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["f", "i"]).await;
    let (saved, blob) = save(&mut worker).await;
    assert_eq!((saved.memory_bytes, saved.pages), (130 << 16, 2048 + 2));
    assert!(blob.len() > 7 << 20, "it does not compress");
    let mut restored = fixture.restored(&blob).await.unwrap();
    assert_eq!(status_of(&mut restored, &["i"]).await, 2);
    let (again, second) = save(&mut restored).await;
    assert_eq!((again, second.len() / 1000), (saved, blob.len() / 1000));
}

#[tokio::test]
async fn an_open_file_stays_open_where_it_stood() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["o"]).await;
    let (saved, blob) = save(&mut worker).await;
    assert_eq!((saved.files, saved.lost_files), (1, 0));
    let mut restored = fixture.restored(&blob).await.unwrap();
    assert_eq!(status_of(&mut restored, &["4"]).await, 8, "the gap is closed");
    assert_eq!(status_of(&mut restored, &["r"]).await, 0);
    assert_eq!(std::fs::read_to_string(fixture.workspace().join("hello")).unwrap(), "hellohello");
    // Its name is gone: then it is closed in the next life, and written to in this one.
    assert_eq!(status_of(&mut restored, &["u", "r"]).await, 0);
    let (saved, blob) = save(&mut restored).await;
    assert_eq!((saved.files, saved.lost_files), (0, 1));
    assert_eq!(status_of(&mut fixture.restored(&blob).await.unwrap(), &["r"]).await, 8);
}

#[tokio::test]
async fn a_file_that_went_away_between_is_closed() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["o"]).await;
    let (_, blob) = save(&mut worker).await;
    std::fs::remove_file(fixture.workspace().join("hello")).unwrap();
    let mut restored = fixture.restored(&blob).await.unwrap();
    assert_eq!(status_of(&mut restored, &["r"]).await, 8);
    assert!(!fixture.workspace().join("hello").exists(), "nothing is made anew");
}

#[tokio::test]
async fn a_limit_and_a_broken_sink_leave_the_worker_as_it_was() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["f", "i"]).await;
    for limit in [0, 1, 1 << 20] {
        let mut blob = Vec::new();
        let refused = worker.checkpoint(&mut blob, limit).await;
        assert!(matches!(refused, Err(CheckpointError::TooLarge { limit_bytes }) if limit_bytes == limit), "{refused:?}");
        assert!(blob.len() as u64 <= limit);
    }
    let refused = worker.checkpoint(&mut Broken, LIMIT).await;
    assert!(matches!(&refused, Err(CheckpointError::Sink(error)) if error.kind() == io::ErrorKind::StorageFull), "{refused:?}");
    assert_eq!(status_of(&mut worker, &["i"]).await, 2);
    assert_eq!(save(&mut worker).await.0.pages, 2048 + 2);
}

/// A disk that is full.
struct Broken;

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::StorageFull.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_guest_that_is_not_at_rest_is_not_saved() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["s"]).await;
    let refused = worker.checkpoint(&mut Vec::new(), LIMIT).await;
    assert!(matches!(&refused, Err(CheckpointError::Impossible(why)) if why == "the guest is not at rest: its stack is in use"), "{refused:?}");
    assert!(matches!(turn_of(&mut worker, "t").await.end, End::Trapped(Trapped::Other, _)));
    assert!(matches!(worker.checkpoint(&mut Vec::new(), LIMIT).await, Err(CheckpointError::Worker(End::Died { .. }))), "after a trap");
}

#[tokio::test]
async fn an_exchange_that_was_given_up_ends_the_worker() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["f"]).await;
    let (mut narrow, _reader) = tokio::io::duplex(1000);
    tokio::select! {
        _ = worker.checkpoint(&mut narrow, LIMIT) => panic!("it fits"),
        () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {}
    }
    let detail = Some("an exchange with it had failed, or was given up".to_owned());
    assert_eq!(turn_of(&mut worker, "i").await.end, End::Died { status: None, signal: None, detail });
}

fn kill(worker: i32) {
    kill_process(Pid::from_raw(worker).unwrap(), Signal::ABORT).unwrap();
}

const ABORTED: End = End::Died { status: None, signal: Some(6), detail: None };

#[tokio::test]
async fn a_worker_that_dies_while_it_is_saved_is_a_typed_end() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["f"]).await;
    let pid = worker.pid();
    let (mut sink, mut reader) = tokio::io::duplex(1000);
    let killer = tokio::spawn(async move {
        let mut some = [0; 2000];
        reader.read_exact(&mut some).await.unwrap();
        kill(pid);
        tokio::io::copy(&mut reader, &mut tokio::io::sink()).await.unwrap()
    });
    let died = worker.checkpoint(&mut sink, LIMIT).await;
    assert!(matches!(&died, Err(CheckpointError::Worker(end)) if *end == ABORTED), "{died:?}");
    drop(sink);
    assert!(killer.await.unwrap() > 0);
    assert_eq!(status_of(&mut fixture.bound().await, &["i"]).await, 1);
}

#[tokio::test]
async fn a_worker_that_dies_while_it_is_restored_is_a_typed_end() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["f", "i"]).await;
    let (_, blob) = save(&mut worker).await;
    let mut worker = fixture.worker().await;
    let pid = worker.pid();
    let (mut writer, mut source) = tokio::io::duplex(1000);
    let half = blob.clone();
    tokio::spawn(async move {
        writer.write_all(&half[..half.len() / 2]).await.unwrap();
        kill(pid);
        let _ = writer.write_all(&half[half.len() / 2..]).await;
    });
    let died = worker.restore(&fixture.bind(), &mut source).await;
    assert!(matches!(&died, Err(RestoreError::Worker(end)) if *end == ABORTED), "{died:?}");
    assert_eq!(status_of(&mut fixture.restored(&blob).await.unwrap(), &["i"]).await, 2);
}

#[tokio::test]
async fn a_guest_is_named_by_its_content() {
    let (fixture, other) = (Fixture::new(&guest()).await, Fixture::new("(i32.const 1)").await);
    let hash = fixture.sandbox.guest_hash(policy::Guest::Python).await.unwrap();
    assert_eq!(fixture.worker().await.guest_hash(), hash);
    assert_ne!(other.sandbox.guest_hash(policy::Guest::Python).await.unwrap(), hash);
    assert_eq!(Fixture::new(&guest()).await.sandbox.guest_hash(policy::Guest::Python).await.unwrap(), hash);
    assert!(fixture.sandbox.guest_hash(policy::Guest::JavaScript).await.is_err());
}
