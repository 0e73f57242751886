//! What of the second wall is in force on this machine, for `cofferdam doctor`.

use serde::Serialize;

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

/// The protections of workers here.
#[must_use]
pub fn protections() -> Vec<Protection> {
    vec![
        Protection { name: "WebAssembly", in_force: true, detail: "every program runs inside a guest with one directory and one import".to_owned() },
        Protection { name: "worker process", in_force: true, detail: "one process per run, killed at its deadline".to_owned() },
        seccomp(),
        landlock(),
    ]
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
