//! Every system call there is, made in a process that is sealed as a bound worker: what is not in the lists below ends it.
//!
//! The lists are written by hand from what a worker does, by the kernel's own numbers, and not taken from the filter.
#![cfg(target_arch = "x86_64")]

use crate::seal::example;
use std::{collections::BTreeMap, process::Command};

/// The numbers that may be called with any arguments (`arch/x86/entry/syscalls/syscall_64.tbl` of Linux).
const ANY_ARGUMENTS: [(i64, &str); 56] = [
    (0, "read"),
    (1, "write"),
    (3, "close"),
    (5, "fstat"),
    (8, "lseek"),
    (11, "munmap"),
    (12, "brk"),
    (13, "rt_sigaction"),
    (14, "rt_sigprocmask"),
    (15, "rt_sigreturn"),
    (17, "pread64"),
    (18, "pwrite64"),
    (19, "readv"),
    (20, "writev"),
    (24, "sched_yield"),
    (25, "mremap"),
    (28, "madvise"),
    (35, "nanosleep"),
    (39, "getpid"),
    (44, "sendto"),
    (45, "recvfrom"),
    (60, "exit"),
    (74, "fsync"),
    (75, "fdatasync"),
    (77, "ftruncate"),
    (131, "sigaltstack"),
    (186, "gettid"),
    (202, "futex"),
    (204, "sched_getaffinity"),
    (217, "getdents64"),
    (219, "restart_syscall"),
    (221, "fadvise64"),
    (228, "clock_gettime"),
    (229, "clock_getres"),
    (230, "clock_nanosleep"),
    (231, "exit_group"),
    (257, "openat"),
    (258, "mkdirat"),
    (262, "newfstatat"),
    (263, "unlinkat"),
    (264, "renameat"),
    (265, "linkat"),
    (266, "symlinkat"),
    (267, "readlinkat"),
    (269, "faccessat"),
    (280, "utimensat"),
    (285, "fallocate"),
    (295, "preadv"),
    (296, "pwritev"),
    (316, "renameat2"),
    (318, "getrandom"),
    (327, "preadv2"),
    (328, "pwritev2"),
    (332, "statx"),
    (437, "openat2"),
    (439, "faccessat2"),
];

/// About these the kernel asks no filter (`seccomp.c` of Linux 6.11 and later): from elsewhere than its own probes they are an
/// illegal instruction, and no such address.
const NOT_ASKED: [(&str, &str); 2] = [("335", "signal 4"), ("336", "6")];

/// These end the process that calls them, by themselves.
/// By which signal the first does depends on what it finds on its stack.
const ENDS: [(&str, &[&str]); 3] = [("15", &["signal 7", "signal 11"]), ("60", &["exit 255"]), ("231", &["exit 255"])];

/// What the sweep says, by name.
fn sweep(mode: &str, what: &str) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let workspace = directory.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    std::fs::write(directory.path().join("outside"), "canary").unwrap();
    let output = Command::new(example("sweep")).args([mode, what]).arg(&workspace).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split_once(' ').unwrap()).map(|(name, how)| (name.to_owned(), how.to_owned())).collect()
}

#[test]
fn every_call_outside_the_list_ends_the_worker() {
    let sealed = sweep("sealed", "all");
    assert_eq!(sealed.len(), 1201, "600 numbers, the same of the x32 table, and one of the i386 table");
    let ends = BTreeMap::from(ENDS);
    for (number, how) in &sealed {
        let listed = ANY_ARGUMENTS.iter().find(|(allowed, _)| allowed.to_string() == *number);
        match (listed, ends.get(number.as_str())) {
            (None, _) if NOT_ASKED.contains(&(number.as_str(), how.as_str())) => {}
            (None, _) => assert_eq!(how, "killed", "{number}"),
            (Some((_, name)), Some(ends)) => assert!(ends.contains(&how.as_str()), "{number} {name}: {how}"),
            // With such arguments the kernel refuses; that it was asked is what counts.
            (Some((_, name)), None) => assert!(how == "ok" || how.parse::<i32>().is_ok(), "{number} {name}: {how}"),
        }
    }
    // The control: without the seal nothing is killed, and what is asked for by number is mostly there.
    let open = sweep("open", "all");
    let killed: Vec<_> = open.iter().filter(|(_, how)| *how == "killed").collect();
    assert!(killed.is_empty(), "{killed:?}");
    let not_implemented = |number: i64| open[&number.to_string()] == libc_enosys();
    assert!((0..335).filter(|number| *number != 34 && *number != 58).filter(|number| !not_implemented(*number)).count() > 250);
}

/// "Not implemented", as the sweep says it.
fn libc_enosys() -> String {
    rustix::io::Errno::NOSYS.raw_os_error().to_string()
}

#[test]
fn allowed_calls_are_narrowed_to_what_is_needed() {
    let (sealed, open) = (sweep("sealed", "narrowed"), sweep("open", "narrowed"));
    let is = |name: &str| sealed[name].as_str();
    // Protections are read 1, write 2, execute 4.
    for protection in 0..8 {
        let expected = if protection < 4 { "ok" } else { "killed" };
        for call in ["mmap", "mprotect"] {
            let name = format!("{call}:{protection}");
            assert_eq!((is(&name), open[&name].as_str()), (expected, "ok"), "{name}");
        }
    }
    assert_eq!((is("mmap:file"), is("mmap:file-executable"), open["mmap:file-executable"].as_str()), ("ok", "killed", "ok"));
    // 15 is PR_SET_NAME.
    for option in 1..80 {
        assert_eq!(is(&format!("prctl:{option}")), if option == 15 { "ok" } else { "killed" }, "prctl {option}");
    }
    // F_GETFD, F_SETFD, F_GETFL, F_SETFL and F_DUPFD_CLOEXEC.
    for command in (0..20).chain(1024..1050) {
        assert_eq!(is(&format!("fcntl:{command}")), if [1, 2, 3, 4, 1030].contains(&command) { "ok" } else { "killed" }, "fcntl {command}");
    }
    // F_SETOWN with no process, F_GETOWN: both do in the open.
    assert_eq!((open["fcntl:8"].as_str(), open["fcntl:9"].as_str()), ("ok", "ok"));
    assert_eq!((is("utimensat:descriptor"), is("utimensat:path")), ("ok", "1"), "by a path it is not permitted");
    assert_eq!(open["utimensat:path"], "ok");
}
