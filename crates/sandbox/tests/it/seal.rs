//! The second wall, attacked from inside: each attempt succeeds in the open and fails in a sealed process.

use std::{
    os::unix::{fs::MetadataExt, process::ExitStatusExt},
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
    let canary = directory.path().join("outside.txt");
    std::fs::write(&canary, "canary").unwrap();
    let state = || {
        let of = std::fs::metadata(&canary).unwrap();
        let names = std::fs::read_dir(directory.path()).unwrap().count();
        (std::fs::read_to_string(&canary).unwrap(), of.ino(), of.mtime(), of.mtime_nsec(), of.mode(), of.nlink(), names)
    };
    let before = state();
    let output = Command::new(example("probe")).args([mode, attempt]).arg(&workspace).output().unwrap();
    if mode == "sealed" {
        assert_eq!(state(), before, "{attempt} changed what is outside");
    }
    output
}

/// The attempt is done in the open, and ends the sealed process.
fn killed(attempt: &str) {
    assert_eq!(String::from_utf8_lossy(&probe("open", attempt).stdout), "done\n", "{attempt} in the open");
    let sealed = probe("sealed", attempt);
    assert_eq!((sealed.status.signal(), String::from_utf8_lossy(&sealed.stdout).as_ref()), (Some(SIGSYS), ""), "{attempt} sealed");
}

/// The attempt is done in the open, and refused in the sealed process.
fn refused(attempt: &str) {
    refused_as(attempt, "PermissionDenied");
}

fn refused_as(attempt: &str, kind: &str) {
    assert_eq!(String::from_utf8_lossy(&probe("open", attempt).stdout), "done\n", "{attempt} in the open");
    assert_eq!(String::from_utf8_lossy(&probe("sealed", attempt).stdout), format!("refused: {kind}\n"), "{attempt} sealed");
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
    for attempt in ["empty_outside", "remove_outside", "make_directory_outside", "make_link_outside", "touch_outside", "move_out", "move_in"] {
        refused(attempt);
    }
    // The workspace may have the name; the file may not have another place: for that the kernel has its own word.
    refused_as("hard_link_in", "CrossesDevices");
    killed("change_mode_outside");
}

#[test]
fn processes_sockets_and_signals_end_the_worker() {
    for attempt in ["execute", "fork", "thread", "namespace", "listen", "socketpair"] {
        killed(attempt);
    }
    for attempt in ["signal_parent", "signal_sibling", "signal_by_descriptor", "queue_signal", "signal_as_owner_of_a_socket"] {
        killed(attempt);
    }
}

#[test]
fn descriptors_are_a_handful_and_none_comes_or_goes() {
    for attempt in ["pass_a_descriptor", "take_a_descriptor"] {
        killed(attempt);
    }
    for attempt in ["list_descriptors", "open_a_descriptor_anew"] {
        refused(attempt);
    }
}

#[test]
fn a_siblings_memory_is_out_of_reach() {
    for attempt in ["trace_sibling", "read_sibling", "write_sibling"] {
        killed(attempt);
    }
    for attempt in ["open_memory_of_sibling", "environment_of_sibling"] {
        refused(attempt);
    }
}

#[test]
fn the_seal_cannot_be_loosened() {
    for attempt in ["become_dumpable", "raise_limit", "another_filter", "another_ruleset"] {
        killed(attempt);
    }
}

#[test]
fn no_memory_becomes_executable() {
    // The control: memory for data is still to be had.
    assert_eq!(String::from_utf8_lossy(&probe("sealed", "map_writable").stdout), "done\n");
    for attempt in ["map_executable", "make_executable", "make_executable_with_a_key"] {
        killed(attempt);
    }
}

#[test]
fn a_worker_sees_its_own_pages_and_nobody_elses() {
    // A descriptor from before the seal shows this process still; another process's cannot be opened, and memory cannot be read across.
    assert_eq!(String::from_utf8_lossy(&probe("sealed", "own_pagemap").stdout), "done\n");
    refused("pagemap_of_another");
}

#[tokio::test]
async fn a_worker_has_no_capabilities() {
    let fixture = crate::fixture::Fixture::new("(i32.const 0)").await;
    let worker = fixture.worker().await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.pid())).unwrap();
    let set = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    for name in ["CapInh:", "CapPrm:", "CapEff:"] {
        assert_eq!(set(name), "0000000000000000", "{name}");
    }
    assert_eq!((set("NoNewPrivs:"), set("Seccomp:")), ("1".to_owned(), "2".to_owned()));
}

#[test]
fn what_is_said_of_the_network_is_true() {
    // Asked of the kernel directly, as a process that may be refused.
    let alone = Command::new("unshare").args(["--user", "--net", "true"]).status().unwrap().success();
    let said = sandbox::protections(&example("zygote"));
    let network = said.iter().find(|protection| protection.name == "own network").unwrap();
    assert_eq!(network.in_force, alone, "{}", network.detail);
}
