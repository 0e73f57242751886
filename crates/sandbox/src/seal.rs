//! The second wall: what a worker process may still do once it is sealed.
//!
//! The zygote leaves the network and drops its capabilities before it forks. In the worker, in this order: descriptors closed, non-dumpable, resource limits, no new privileges, system-call filter; then the instance is made and the
//! worker says ready. When it is bound: Landlock with its one directory, then a second filter that takes away what binding needed.
//! Nothing of a session is in the process before that. A system call outside the list kills the process.

use crate::sys;
use policy::{FileAccess, FileGrant, Layer};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, set_parent_process_death_signal, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
use seccompiler::{BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, io, path::Path};

/// Descriptors that a worker may have open: its own handful and the files of the guest.
const DESCRIPTORS: u64 = 256;

/// What network the workers of a zygote are in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Network {
    /// One of their own, without an interface that is up.
    None,
    /// The machine's, since the kernel refused another: why. The system-call filter still gives them no socket.
    Machine(String),
}

/// Moves this process, which must have one thread, into a network of its own where the kernel permits it, and drops all capabilities: those of a
/// broker that runs as root, and those that come with the new namespace.
///
/// # Errors
/// When the capabilities cannot be dropped.
pub(crate) fn leave_network() -> io::Result<Network> {
    let network = match sys::unshare_user_and_network() {
        Ok(()) => Network::None,
        Err(error) => Network::Machine(error.to_string()),
    };
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Ok(network)
}

/// The system-call filters, compiled once in the zygote.
#[derive(Debug)]
pub(crate) struct Filters {
    /// What answers "not permitted" instead of ending the worker, since an honest program may ask for it.
    refused: BpfProgram,
    before_bind: BpfProgram,
    after_bind: BpfProgram,
}

/// What a worker needs from the kernel, whatever the arguments. It has one thread, one socket that it reads and writes, and waits for nothing
/// else; so there is no call here that makes a thread, polls, or passes a descriptor.
const ALLOWED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_preadv2,
    libc::SYS_pwritev2,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_utimensat,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The only commands of `fcntl`: `F_SETOWN` and `F_SETSIG` would let a worker send a signal to any process of this user.
const COMMANDS_OF_FCNTL: [i32; 5] = [libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];

/// What only the way from ready to bound needs.
const ALLOWED_BEFORE_BIND: &[i64] =
    &[libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self, libc::SYS_seccomp, libc::SYS_prlimit64];

/// What is allowed after it with some arguments only.
const NARROWED_AFTER_BIND: [i64; 3] = [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_prctl];

impl Filters {
    /// Compiles the filters.
    ///
    /// # Errors
    /// On a processor for which there is no filter.
    pub(crate) fn compile() -> Result<Self, String> {
        Ok(Filters {
            refused: program(refused()?, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM.unsigned_abs()))?,
            before_bind: program(allowed()?, SeccompAction::KillProcess, SeccompAction::Allow)?,
            after_bind: program(taken_away()?, SeccompAction::Allow, SeccompAction::KillProcess)?,
        })
    }
}

fn program(rules: BTreeMap<i64, Vec<SeccompRule>>, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, String> {
    let architecture = std::env::consts::ARCH.try_into().map_err(|e| format!("seccomp: {e}"))?;
    let filter = SeccompFilter::new(rules, otherwise, matched, architecture).map_err(|e| format!("seccomp: {e}"))?;
    filter.try_into().map_err(|e| format!("seccomp: {e}"))
}

/// A rule that matches when the argument's lower half, as the operator takes it, has this value.
fn when(argument: u8, operator: SeccompCmpOp, value: i32) -> Result<SeccompRule, String> {
    rule(argument, SeccompCmpArgLen::Dword, operator, value)
}

fn rule(argument: u8, width: SeccompCmpArgLen, operator: SeccompCmpOp, value: i32) -> Result<SeccompRule, String> {
    SeccompCondition::new(argument, width, operator, u64::from(value.unsigned_abs()))
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|e| format!("seccomp: {e}"))
}

fn masked(mask: i32) -> SeccompCmpOp {
    SeccompCmpOp::MaskedEq(u64::from(mask.unsigned_abs()))
}

/// Times of a file by its path: Landlock does not look at these. By an open descriptor they can be set, and only what Landlock lets be opened is open.
fn refused() -> Result<BTreeMap<i64, Vec<SeccompRule>>, String> {
    Ok(BTreeMap::from([(libc::SYS_utimensat, vec![rule(1, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?])]))
}

/// The first filter: what is allowed, until the worker is bound.
fn allowed() -> Result<BTreeMap<i64, Vec<SeccompRule>>, String> {
    let calls = ALLOWED.iter().chain(ALLOWED_BEFORE_BIND).chain(&NARROWED_AFTER_BIND);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = calls.map(|call| (*call, vec![])).collect();
    let commands: Result<Vec<_>, _> = COMMANDS_OF_FCNTL.into_iter().map(|command| when(1, SeccompCmpOp::Eq, command)).collect();
    rules.insert(libc::SYS_fcntl, commands?);
    Ok(rules)
}

/// The second filter, on top of the first and short, since it is installed when a run is waiting: what binding needed and nothing needs
/// after it.
fn taken_away() -> Result<BTreeMap<i64, Vec<SeccompRule>>, String> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED_BEFORE_BIND.iter().map(|call| (*call, vec![])).collect();
    // No new code: a page may be written or executed, and none becomes executable.
    rules.insert(libc::SYS_mmap, vec![when(2, masked(libc::PROT_EXEC), libc::PROT_EXEC)?]);
    rules.insert(libc::SYS_mprotect, vec![when(2, masked(libc::PROT_EXEC), libc::PROT_EXEC)?]);
    rules.insert(libc::SYS_prctl, vec![when(0, SeccompCmpOp::Ne, libc::PR_SET_NAME)?]);
    Ok(rules)
}

/// Seals a fresh child up to the point where it may make an instance.
pub(crate) fn before_ready(filters: &Filters) -> Result<(), String> {
    let limit =
        |resource, value: u64| setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).map_err(|e| format!("resource limit: {e}"));
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| format!("death signal: {e}"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|e| format!("non-dumpable: {e}"))?;
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, DESCRIPTORS)?;
    limit(Resource::Memlock, 0)?;
    if Layer::Seccomp.is_off() {
        return Ok(());
    }
    // `apply_filter` sets no-new-privileges first.
    seccompiler::apply_filter(&filters.refused).map_err(|e| format!("seccomp: {e}"))?;
    seccompiler::apply_filter(&filters.before_bind).map_err(|e| format!("seccomp: {e}"))
}

/// Seals a bound worker for good: only its workspace and the granted directories are left of the file system.
pub(crate) fn after_bind(filters: &Filters, workspace: &Path, files: &[FileGrant]) -> Result<(), String> {
    if !Layer::Landlock.is_off() {
        confine_files(workspace, files).map_err(|e| format!("landlock: {e}"))?;
    }
    if Layer::Seccomp.is_off() {
        return Ok(());
    }
    seccompiler::apply_filter(&filters.after_bind).map_err(|e| format!("seccomp: {e}"))
}

/// Landlock: everything below the workspace, of granted directories what is granted, nothing else. A kernel that knows only an older version enforces what it knows; `doctor` says so.
fn confine_files(workspace: &Path, files: &[FileGrant]) -> Result<(), landlock::RulesetError> {
    use landlock::{ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope};
    let abi = ABI::V6;
    let below = AccessFs::from_all(abi)
        & !(AccessFs::Execute | AccessFs::MakeSock | AccessFs::MakeFifo | AccessFs::MakeBlock | AccessFs::MakeChar | AccessFs::IoctlDev);
    let ruleset =
        Ruleset::default().handle_access(AccessFs::from_all(abi))?.handle_access(AccessNet::from_all(abi))?.scope(Scope::from_all(abi))?.create()?;
    let read = AccessFs::from_read(abi) & below;
    let granted = files.iter().map(|grant| (grant.path.as_path(), if grant.access == FileAccess::Write { below } else { read }));
    let mut ruleset = ruleset;
    for (path, access) in std::iter::once((workspace, below)).chain(granted) {
        // No directory, no rule: then nothing in it can be opened.
        if let Ok(directory) = PathFd::new(path) {
            ruleset = ruleset.add_rule(PathBeneath::new(directory, access))?;
        }
    }
    ruleset.restrict_self()?;
    Ok(())
}
