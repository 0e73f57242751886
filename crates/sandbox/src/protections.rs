//! What of the second wall is in force on this machine, for `cofferdam doctor` and `--require-sandbox`: as a sealed worker found it.

use crate::{inspect::inspect_binary, seal::Network};
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
    /// What brings it into force; `None` when it is.
    pub mend: Option<&'static str>,
}

/// The protections of workers here. `binary` is what is exec'd as the zygote (see [`crate::Settings::binary`]): a worker of it is sealed and
/// tries what no worker may do. Blocking, some 30 ms.
#[must_use]
pub fn protections(binary: &Path) -> Vec<Protection> {
    let asked = inspect_binary(binary);
    let told = |name, of: fn(&crate::inspect::Found) -> bool, has: &str, has_not: &str, mend| {
        let (in_force, detail) = match &asked {
            Ok((found, _)) if of(found) => (true, has.to_owned()),
            Ok(_) => (false, has_not.to_owned()),
            Err(reason) => (false, format!("no worker could be asked: {reason}")),
        };
        Protection { name, in_force, detail, mend: (!in_force).then_some(mend) }
    };
    let always = |name, detail: &str| Protection { name, in_force: true, detail: detail.to_owned(), mend: None };
    vec![
        always("WebAssembly", "every program runs inside a guest with one directory and one import"),
        always("worker process", "one process per run, killed at its deadline"),
        told(
            "seccomp",
            |found| found.filtered,
            "a system call outside the list ends the worker",
            "a worker made a system call outside the list and lives",
            "use a kernel with CONFIG_SECCOMP_FILTER; in a container, let its own profile allow seccomp()",
        ),
        told(
            "no privileges",
            |found| found.powerless,
            "a worker has no capabilities and can gain no privileges",
            "a worker has capabilities, or could gain privileges",
            "this is a fault of ours: please report it with the output of `grep -E 'Cap|NoNew' /proc/self/status`",
        ),
        told(
            "Landlock",
            |found| found.confined,
            &format!("a worker sees one directory (version {})", landlock_version()),
            "a worker that was confined to one directory could read another: only WebAssembly holds it there",
            "use Linux 5.13 or later with landlock in its lsm= list; in a container, let its profile allow landlock_create_ruleset, \
             landlock_add_rule and landlock_restrict_self",
        ),
        network(asked.as_ref().map(|(_, network)| network).map_err(String::as_str)),
    ]
}

fn network(found: Result<&Network, &str>) -> Protection {
    let (in_force, detail) = match found {
        Ok(Network::None) => (true, "workers are in a network of their own, which has no interface that is up".to_owned()),
        Ok(Network::Machine(reason)) => (false, format!("the kernel refuses one ({reason}); the system-call filter still gives workers no socket")),
        Err(reason) => (false, format!("no worker could be asked: {reason}")),
    };
    let mend = "allow namespaces of users: sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, \
                user.max_user_namespaces above 0, as far as they are there; in a container, let its profile allow unshare()";
    Protection { name: "own network", in_force, detail, mend: (!in_force).then_some(mend) }
}

/// The newest version of Landlock that this kernel knows of those that differ for us.
fn landlock_version() -> &'static str {
    use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
    let supported = |abi: ABI| {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        ruleset.handle_access(AccessFs::from_all(abi)).and_then(Ruleset::create).is_ok()
    };
    let versions = [(ABI::V5, "5 or later"), (ABI::V3, "3 or 4"), (ABI::V2, "2"), (ABI::V1, "1")];
    versions.into_iter().find(|(abi, _)| supported(*abi)).map_or("unknown", |(_, version)| version)
}
