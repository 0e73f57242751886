//! Runs a command on a machine without a protection: `without landlock|namespaces|nothing COMMAND ARGUMENT...`.
//!
//! A filter that the command and its children inherit answers as a kernel does that has no Landlock, or that refuses namespaces.
#![expect(clippy::unwrap_used, reason = "a program for tests")]

use seccompiler::{SeccompAction, SeccompFilter};
use std::{collections::BTreeMap, os::unix::process::CommandExt, process::Command};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, what, command, arguments @ ..] = arguments.as_slice() else { std::process::exit(64) };
    let refused = match what.as_str() {
        "landlock" => Some((libc::SYS_landlock_create_ruleset, libc::ENOSYS)),
        "namespaces" => Some((libc::SYS_unshare, libc::EPERM)),
        _ => None,
    };
    if let Some((call, error)) = refused {
        let architecture = std::env::consts::ARCH.try_into().unwrap();
        let refuses = SeccompAction::Errno(error.unsigned_abs());
        let filter = SeccompFilter::new(BTreeMap::from([(call, vec![])]), SeccompAction::Allow, refuses, architecture).unwrap();
        let program: seccompiler::BpfProgram = filter.try_into().unwrap();
        seccompiler::apply_filter(&program).unwrap();
    }
    panic!("{command}: {}", Command::new(command).args(arguments).exec());
}
