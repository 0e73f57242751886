//! The only unsafe code: what has no safe form. Each function says what its caller must uphold, and why it does.
#![expect(unsafe_code, reason = "fork, namespaces, exit without destructors, and mapping compiled guests have no safe form")]

use rustix::process::Pid;
use std::{io, ops::Range, path::Path, time::Duration};
use wasmtime::{Engine, Module};

/// The two sides of a fork.
pub(crate) enum Forked {
    /// In the parent: the child's id.
    Parent(Pid),
    /// In the child.
    Child,
}

/// Forks the zygote. Must only be called while the process has one thread: then the child is a whole copy, with no lock held by a thread
/// that is not there.
pub(crate) fn fork() -> io::Result<Forked> {
    // SAFETY: the zygote has one thread (it starts no runtime and compiles nothing), so nothing is copied in the middle of a change.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        pid => Pid::from_raw(pid).map(Forked::Parent).ok_or_else(|| io::Error::other("fork returned no process id")),
    }
}

/// How long a process has computed so far. A process that is gone, whose id may be another's by now, has computed for nothing or for some other time.
pub(crate) fn computed(pid: i32) -> Duration {
    let (mut clock, mut time) = (0, libc::timespec { tv_sec: 0, tv_nsec: 0 });
    // SAFETY: both calls only write to the place that they are given.
    let is_read = unsafe { libc::clock_getcpuclockid(pid, &raw mut clock) == 0 && libc::clock_gettime(clock, &raw mut time) == 0 };
    if !is_read {
        return Duration::ZERO;
    }
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What the children of a process have of its share.
pub(crate) enum Forks {
    /// Nothing.
    Reset,
    /// The same.
    Inherit,
}

/// Sets how a process shares a processor: its nice value, unless it has a higher one, and how long it may go on before another one has its turn (Linux
/// 6.12; earlier ones ignore it). Its policy stays. 0: the calling thread.
pub(crate) fn share_processor(pid: i32, nice: i32, slice: Duration, forks: Forks) -> io::Result<()> {
    let size = u32::try_from(size_of::<libc::sched_attr>()).map_err(io::Error::other)?;
    let mut attributes = libc::sched_attr {
        size,
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel writes at most so many bytes to the structure, all of which are integers.
    if unsafe { libc::syscall(libc::SYS_sched_getattr, pid, &raw mut attributes, size, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    attributes.sched_nice = attributes.sched_nice.max(nice);
    attributes.sched_runtime = u64::try_from(slice.as_nanos()).map_err(io::Error::other)?;
    if matches!(forks, Forks::Reset) {
        attributes.sched_flags |= u64::from(libc::SCHED_FLAG_RESET_ON_FORK.unsigned_abs());
    }
    // SAFETY: the kernel only reads the structure, whose size it is told.
    match unsafe { libc::syscall(libc::SYS_sched_setattr, pid, &raw const attributes, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Moves this process into a user and a network namespace of its own. Fails in a process with more than one thread.
pub(crate) fn unshare_user_and_network() -> io::Result<()> {
    // SAFETY: the two namespaces change no memory and no descriptor.
    match unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Blocks of the C library's allocator that are large, in bytes.
#[cfg(target_env = "gnu")]
const LARGE_BYTES: libc::c_int = 1 << 20;

/// See [`crate::give_large_blocks_back`].
pub(crate) fn give_large_blocks_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: this changes a setting of the allocator, which has a lock of its own.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES);
    }
}

/// See [`crate::give_free_memory_back`].
pub(crate) fn give_free_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: this changes nothing that is in use, under the allocator's own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Ends this process at once. A forked worker must not run the zygote's destructors.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(status) }
}

/// Maps a compiled guest. The file is native code: its directory is writable by this user only, and its name carries the hash of the guest and
/// of the engine's configuration; see `guests`.
pub(crate) fn map_module(engine: &Engine, path: &Path) -> wasmtime::Result<Module> {
    // SAFETY: the file was written by `guests::build` of this user and is trusted like the binary itself.
    unsafe { Module::deserialize_file(engine, path) }
}

/// Maps a guest's code into this process before it is needed: otherwise a short run spends most of its time on page faults. A kernel that
/// does not know how (Linux before 5.14) leaves them to the run.
pub(crate) fn populate_code(module: &Module) {
    let range = module.image_range();
    let page = rustix::param::page_size();
    let start = range.start.addr() / page * page;
    let length = range.end.addr() - start;
    // SAFETY: reading ahead changes nothing in memory; the range is the module's own mapping, which lives as long as the module.
    let _ = unsafe { libc::madvise(range.start.with_addr(start).cast_mut().cast(), length, libc::MADV_POPULATE_READ) };
}

/// Makes pages of a guest's memory this process's own before they are written: otherwise a short run is interrupted for each. What is outside the
/// memory is left out; a kernel that does not know how (Linux before 5.14) leaves them to the run.
pub(crate) fn populate_memory(memory: &mut [u8], pages: &[Range<u32>]) {
    let page = rustix::param::page_size();
    for range in pages {
        let Some(bytes) = memory.get_mut(range.start as usize * page..range.end as usize * page) else { continue };
        // SAFETY: the bytes stay what they are; they are of this memory alone, which is borrowed, and begin at a page as the memory does.
        let _ = unsafe { libc::madvise(bytes.as_mut_ptr().cast(), bytes.len(), libc::MADV_POPULATE_WRITE) };
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn populated_pages_are_ours_and_hold_what_they_held() {
        let page = rustix::param::page_size();
        // Large enough that the allocator maps it fresh and untouched.
        let mut memory = vec![0_u8; 64 << 20];
        let skip = memory.as_ptr().align_offset(page);
        let memory = &mut memory[skip..skip + 10_000 * page];
        memory[9000 * page] = 7;
        let own = |memory: &[u8]| crate::pagemap::Pagemap::open().unwrap().own_pages(memory).unwrap();
        let before = own(memory);
        assert!(!before.contains(&3) && !before.contains(&4));
        super::populate_memory(memory, &[3..5, 9000..9001, 9_999..10_001]);
        let after = own(memory);
        assert!(after.contains(&3) && after.contains(&4) && after.contains(&9000), "{after:?}");
        assert_eq!((memory[3 * page], memory[9000 * page]), (0, 7));
    }

    #[cfg(target_env = "gnu")]
    /// Memory of this process that no file holds, in KiB.
    fn held() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn what_many_small_values_were_in_is_given_back() {
        let mut values: Vec<Box<[u8; 200]>> = (0..400_000).map(|n| Box::new([u8::try_from(n % 251).unwrap(); 200])).collect();
        // What is allocated last keeps the allocator from giving back the rest by itself.
        let last = values.pop();
        drop(values);
        let before = held();
        assert!(before > 64 << 10, "the allocator gave it back unasked: {before} KiB");
        super::give_free_memory_back();
        let after = held();
        assert!(after < before / 2, "{before} KiB before, {after} KiB after");
        drop(last);
    }
}
