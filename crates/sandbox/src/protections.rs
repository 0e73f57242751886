//! What of the second wall is in force on this machine, for `cofferdam doctor`.

use crate::{process::Zygote, seal::Network};
use serde::Serialize;
use std::path::Path;

/// One protection.
#[derive(Debug, Clone, Serialize)]
pub struct Protection {
    /// Its name.
    pub name: &'static str,
    /// Whether workers have it.
    pub in_force: bool,
    /// What it does, or what is missing.
    pub detail: String,
}

/// The protections of workers here. `binary` is what is exec'd as the zygote (see [`crate::Settings::binary`]): whether the kernel permits a
/// network namespace is only known from a process that asked for one. Blocking, some 20 ms.
#[must_use]
pub fn protections(binary: &Path) -> Vec<Protection> {
    vec![
        Protection { name: "WebAssembly", in_force: true, detail: "every program runs inside a guest with one directory and one import".to_owned() },
        Protection { name: "worker process", in_force: true, detail: "one process per run, killed at its deadline".to_owned() },
        seccomp(),
        landlock(),
        network(binary),
    ]
}

fn network(binary: &Path) -> Protection {
    let (in_force, detail) = match Zygote::start(binary, &[]).as_deref().map(Zygote::network) {
        Ok(Network::None) => (true, "workers are in a network of their own, which has no interface that is up".to_owned()),
        Ok(Network::Machine(reason)) => (false, format!("the kernel refuses one ({reason}); the system-call filter still gives workers no socket")),
        Err(reason) => (false, format!("the worker process could not be started: {reason}")),
    };
    Protection { name: "own network", in_force, detail }
}

fn seccomp() -> Protection {
    match crate::seal::Filters::compile() {
        Ok(_) => Protection { name: "seccomp", in_force: true, detail: "a system call outside the list ends the worker".to_owned() },
        Err(reason) => Protection { name: "seccomp", in_force: false, detail: reason },
    }
}

fn landlock() -> Protection {
    use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
    let supported = |abi: ABI| {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        ruleset.handle_access(AccessFs::from_all(abi)).and_then(Ruleset::create).is_ok()
    };
    let versions = [(ABI::V5, "5 or later"), (ABI::V3, "3 or 4"), (ABI::V2, "2"), (ABI::V1, "1")];
    match versions.into_iter().find(|(abi, _)| supported(*abi)) {
        Some((_, version)) => Protection { name: "Landlock", in_force: true, detail: format!("a worker sees one directory (version {version})") },
        None => Protection {
            name: "Landlock",
            in_force: false,
            detail: "this kernel has no Landlock, or it is not in the kernel's lsm= list (Linux 5.13 and later can have it)".to_owned(),
        },
    }
}
