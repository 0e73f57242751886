//! The workspace's quota: what is there counts, and too much is an ordinary error at once.

use crate::fixture::Fixture;
use sandbox::End;

const OK: u8 = 0;
const BADF: u8 = 8;
const INVAL: u8 = 28;
const NOSPC: u8 = 51;

/// Names in the tiny guest's memory.
const HELLO: u32 = 512;
const OTHER: u32 = 520;
const THIRD: u32 = 528;

const CREATE: u32 = 1;
const TRUNCATE: u32 = 8;
/// The fixture's quota, in bytes; two names are allowed.
const QUOTA: u64 = 1 << 20;

fn open_with(name: u32, flags: u32, fd_flags: u32) -> String {
    format!(
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const {name}) (i32.const 5) (i32.const {flags}) (i64.const 66) (i64.const 66) (i32.const {fd_flags}) (i32.const 128))"
    )
}

fn open(name: u32, flags: u32) -> String {
    open_with(name, flags, 0)
}

/// Writes five bytes.
fn write(fd: u32, at: u64) -> String {
    format!("(call $fd_pwrite (i32.const {fd}) (i32.const 64) (i32.const 1) (i64.const {at}) (i32.const 128))")
}

fn set_size(fd: u32, bytes: u64) -> String {
    format!("(call $set_size (i32.const {fd}) (i64.const {bytes}))")
}

fn allocate(fd: u32, at: u64, bytes: u64) -> String {
    format!("(call $allocate (i32.const {fd}) (i64.const {at}) (i64.const {bytes}))")
}

fn close(fd: u32) -> String {
    format!("(call $fd_close (i32.const {fd}))")
}

fn unlink(name: u32) -> String {
    format!("(call $unlink (i32.const 3) (i32.const {name}) (i32.const 5))")
}

fn rename(from: u32, to: u32) -> String {
    format!("(call $rename (i32.const 3) (i32.const {from}) (i32.const 5) (i32.const 3) (i32.const {to}) (i32.const 5))")
}

fn mkdir(name: u32) -> String {
    format!("(call $mkdir (i32.const 3) (i32.const {name}) (i32.const 5))")
}

fn rmdir(name: u32) -> String {
    format!("(call $rmdir (i32.const 3) (i32.const {name}) (i32.const 5))")
}

fn symlink(target: u32, name: u32) -> String {
    format!("(call $symlink (i32.const {target}) (i32.const 5) (i32.const 3) (i32.const {name}) (i32.const 5))")
}

/// Runs the calls in order, in a workspace that `prepare` filled; each must return its number.
async fn check_in(prepare: impl FnOnce(&std::path::Path), steps: &[(String, u8)]) -> Fixture {
    let calls: String = steps.iter().enumerate().map(|(i, (call, _))| format!("(i32.store8 (i32.const {}) {call})", 2048 + i)).collect();
    let print = format!(
        "(i32.store (i32.const 72) (i32.const 2048)) (i32.store (i32.const 76) (i32.const {})) (call $fd_write (i32.const 1) (i32.const 72) (i32.const 1) (i32.const 128))",
        steps.len()
    );
    let mut fixture = Fixture::new(&format!("{calls} {print}")).await;
    prepare(&fixture.workspace());
    let finished = fixture.run().await;
    assert_eq!(finished.end, End::Completed(0));
    let expected: Vec<(usize, u8)> = steps.iter().map(|(_, errno)| *errno).enumerate().collect();
    assert_eq!(finished.output.head.into_iter().enumerate().collect::<Vec<_>>(), expected);
    fixture
}

async fn check(steps: &[(String, u8)]) -> Fixture {
    check_in(|_| (), steps).await
}

#[tokio::test]
async fn growing_counts_and_writing_over_does_not() {
    let fixture = check(&[
        (open(HELLO, CREATE), OK),
        (write(4, QUOTA), NOSPC),
        (write(4, QUOTA - 5), OK),
        (write(4, QUOTA - 4), NOSPC),
        (write(4, 0), OK),
        (write(4, 0), OK),
        (set_size(4, QUOTA + 1), NOSPC),
        (set_size(4, 0), OK),
        (set_size(4, QUOTA), OK),
        (write(4, u64::MAX >> 1), NOSPC),
        (write(9, 0), BADF),
    ])
    .await;
    assert_eq!(std::fs::metadata(fixture.workspace().join("hello")).unwrap().len(), QUOTA);
}

#[tokio::test]
async fn a_deleted_file_gives_back_when_it_is_closed() {
    check(&[
        (open(HELLO, CREATE), OK),
        (set_size(4, QUOTA), OK),
        (open(OTHER, CREATE), OK),
        (write(5, 0), NOSPC),
        (unlink(HELLO), OK),
        (write(5, 0), NOSPC),
        (close(4), OK),
        (write(5, 0), OK),
    ])
    .await;
}

#[tokio::test]
async fn names_are_counted_as_they_come_and_go() {
    check(&[
        (open(HELLO, CREATE), OK),
        (open(OTHER, CREATE), OK),
        (open(THIRD, CREATE), NOSPC),
        (mkdir(THIRD), NOSPC),
        (symlink(HELLO, THIRD), NOSPC),
        (open(HELLO, CREATE), OK),
        (unlink(OTHER), OK),
        (symlink(HELLO, THIRD), OK),
        (open(OTHER, CREATE), NOSPC),
        (unlink(THIRD), OK),
        (mkdir(THIRD), OK),
        (rmdir(THIRD), OK),
        (open(OTHER, CREATE), OK),
        (rename(OTHER, HELLO), OK),
        (open(THIRD, CREATE), OK),
        (open(OTHER, CREATE), NOSPC),
    ])
    .await;
}

#[tokio::test]
async fn what_replaces_a_file_or_empties_it_gives_back() {
    check(&[
        (open(HELLO, CREATE), OK),
        (set_size(4, QUOTA), OK),
        (close(4), OK),
        (open(OTHER, CREATE), OK),
        (rename(OTHER, HELLO), OK),
        (set_size(4, QUOTA), OK),
        (close(4), OK),
        (open(HELLO, TRUNCATE), OK),
        (open(OTHER, CREATE), OK),
        (set_size(5, QUOTA), OK),
    ])
    .await;
}

#[tokio::test]
async fn appending_counts_wherever_it_is_asked_to_write() {
    check(&[(open(HELLO, CREATE), OK), (set_size(4, QUOTA), OK), (open_with(HELLO, 0, 1), OK), (write(5, 0), NOSPC), (write(4, 0), OK)]).await;
}

#[tokio::test]
async fn allocating_is_growing() {
    let fixture = check(&[
        (open(HELLO, CREATE), OK),
        (allocate(4, 0, QUOTA + 1), NOSPC),
        (allocate(4, 100, 0), INVAL),
        (allocate(4, 100, 100), OK),
        (allocate(4, 0, 50), OK),
        (allocate(3, 0, 50), BADF),
    ])
    .await;
    assert_eq!(std::fs::metadata(fixture.workspace().join("hello")).unwrap().len(), 200);
}

#[tokio::test]
async fn what_a_session_left_counts() {
    let fill = |workspace: &std::path::Path| std::fs::write(workspace.join("hello"), vec![0; (1 << 20) - 5]).unwrap();
    check_in(
        fill,
        &[(open(OTHER, CREATE), OK), (write(4, 0), OK), (write(4, 1), NOSPC), (open(THIRD, CREATE), NOSPC), (unlink(HELLO), OK), (write(4, 1), OK)],
    )
    .await;
}
