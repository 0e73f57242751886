//! The second wall, attacked from inside: each attempt succeeds in the open and fails in a sealed process.

use std::{
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, Output},
};

/// Signal of a system call that the filter forbids.
const SIGSYS: i32 = 31;

/// An example binary of this crate, built with its tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples").join(name)
}

fn probe(mode: &str, attempt: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let workspace = directory.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    Command::new(example("probe")).args([mode, attempt]).arg(&workspace).output().unwrap()
}

/// The attempt is done in the open, and ends the sealed process.
fn killed(attempt: &str) {
    assert_eq!(String::from_utf8_lossy(&probe("open", attempt).stdout), "done\n", "{attempt} in the open");
    let sealed = probe("sealed", attempt);
    assert_eq!((sealed.status.signal(), String::from_utf8_lossy(&sealed.stdout).as_ref()), (Some(SIGSYS), ""), "{attempt} sealed");
}

/// The attempt is done in the open, and refused in the sealed process.
fn refused(attempt: &str) {
    assert_eq!(String::from_utf8_lossy(&probe("open", attempt).stdout), "done\n", "{attempt} in the open");
    assert_eq!(String::from_utf8_lossy(&probe("sealed", attempt).stdout), "refused: PermissionDenied\n", "{attempt} sealed");
}

#[test]
fn the_workspace_stays_writable() {
    assert_eq!(String::from_utf8_lossy(&probe("sealed", "write_inside").stdout), "done\n");
}

#[test]
fn files_outside_the_workspace_are_out_of_reach() {
    for attempt in ["write_outside", "read_outside", "list_proc", "link_outside"] {
        refused(attempt);
    }
}

#[test]
fn processes_sockets_and_signals_end_the_worker() {
    for attempt in ["execute", "listen", "socketpair", "signal_parent"] {
        killed(attempt);
    }
}

#[test]
fn the_seal_cannot_be_loosened() {
    for attempt in ["become_dumpable", "raise_limit"] {
        killed(attempt);
    }
}
