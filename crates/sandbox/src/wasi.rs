//! What a guest gets of WASI preview 1: `wasmtime-wasi` for files, and our own for the rest.
//!
//! - one directory, `/workspace`; nothing else of the file system, no sockets, no arguments, only the environment of [`Bind`]
//! - descriptors 1 and 2 go to the output file, 0 is empty
//! - randomness comes from the run's seed, so that two forks never share a generator and a run can be repeated
//! - waiting happens here and starts no runtime
//! - what is written to files and how many are made is counted, and ends in an ordinary "no space" error

use crate::{
    instance::{State, address},
    output::Sink,
    run::Bind,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant, SystemTime},
};
use wasmtime::{Caller, Linker};
use wasmtime_wasi::{
    FsPerms, WasiCtxBuilder,
    p1::{
        WasiP1Ctx,
        wasi_snapshot_preview1::{self as preview1, WasiSnapshotPreview1},
    },
};
use wiggle::GuestMemory;

/// The most that one call of WASI copies between guest and host, in bytes: Wasmtime's own default.
const COPIED_BYTES: usize = 128 << 20;

const PREVIEW1: &str = "wasi_snapshot_preview1";
/// The directory that a guest sees.
const WORKSPACE: &str = "/workspace";

/// Error numbers of WASI preview 1 (`errno` in the witx of the standard).
mod errno {
    pub(super) const SUCCESS: i32 = 0;
    pub(super) const FAULT: i32 = 21;
    pub(super) const INVAL: i32 = 28;
    pub(super) const IO: i32 = 29;
    pub(super) const NOSPC: i32 = 51;
}

/// WASI's state in one worker.
pub(crate) struct Wasi {
    files: WasiP1Ctx,
    sink: Sink,
    random: ChaCha20Rng,
    started: Instant,
    room: Room,
}

/// What may still be written and created.
#[derive(Debug, Clone, Copy, Default)]
struct Room {
    bytes: u64,
    files: u64,
}

impl Wasi {
    /// WASI before the worker is bound: no directory, no environment, and an output file.
    pub(crate) fn unbound(output: File) -> std::io::Result<Self> {
        Ok(Wasi {
            files: WasiCtxBuilder::new().build_p1(),
            sink: Sink::new(output)?,
            random: ChaCha20Rng::from_seed([0; 32]),
            started: Instant::now(),
            room: Room::default(),
        })
    }

    /// Gives the guest its directory, environment and randomness.
    pub(crate) fn bind(&mut self, bind: &Bind) -> wasmtime::Result<()> {
        let mut builder = WasiCtxBuilder::new();
        builder.allow_blocking_current_thread(true);
        for (name, value) in &bind.environment {
            builder.env(name, value);
        }
        builder.preopened_dir(Path::new(&bind.workspace), WORKSPACE, FsPerms::ReadWrite)?;
        self.files = builder.build_p1();
        self.random = ChaCha20Rng::from_seed(bind.seed);
        self.started = Instant::now();
        self.room = Room { bytes: bind.workspace_bytes, files: bind.workspace_files };
        Ok(())
    }
}

/// Adds WASI to the linker, ours in front of `wasmtime-wasi`'s.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p1::add_to_linker_sync(linker, |state: &mut State| &mut state.wasi.files)?;
    linker.allow_shadowing(true);
    linker.func_wrap(PREVIEW1, "random_get", random_get)?;
    linker.func_wrap(PREVIEW1, "clock_res_get", clock_res_get)?;
    linker.func_wrap(PREVIEW1, "clock_time_get", clock_time_get)?;
    linker.func_wrap(PREVIEW1, "poll_oneoff", poll_oneoff)?;
    linker.func_wrap(PREVIEW1, "fd_write", fd_write)?;
    linker.func_wrap(PREVIEW1, "fd_pwrite", fd_pwrite)?;
    linker.func_wrap(PREVIEW1, "fd_filestat_set_size", fd_filestat_set_size)?;
    linker.func_wrap(PREVIEW1, "path_open", path_open)?;
    linker.func_wrap(PREVIEW1, "path_create_directory", path_create_directory)?;
    linker.func_wrap(PREVIEW1, "path_link", path_link)?;
    linker.func_wrap(PREVIEW1, "path_symlink", path_symlink)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Calls the function of `wasmtime-wasi` that ours stands in front of. Its waiting is on this thread, in the runtime that the worker entered.
macro_rules! original {
    ($state:expr, $memory:expr, $name:ident($($argument:expr),*)) => {{
        let files = &mut $state.wasi.files;
        // What one call may copy; `wasmtime` sets the same before a call of its own.
        files.set_hostcall_fuel(COPIED_BYTES);
        let mut guest_memory = GuestMemory::Unshared(&mut *$memory);
        tokio::runtime::Handle::current().block_on(preview1::$name(files, &mut guest_memory, $($argument),*))
    }};
}

fn memory<'a>(caller: &'a mut Caller<'_, State>) -> wasmtime::Result<(&'a mut [u8], &'a mut State)> {
    let memory = caller.get_export("memory").and_then(wasmtime::Extern::into_memory);
    memory.map(|memory| memory.data_and_store_mut(caller)).ok_or_else(|| wasmtime::Error::msg("the guest exports no memory"))
}

fn word(memory: &[u8], at: usize) -> Option<u32> {
    memory.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn double(memory: &[u8], at: usize) -> Option<u64> {
    memory.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

fn put(memory: &mut [u8], at: usize, bytes: &[u8]) -> i32 {
    match memory.get_mut(at..at + bytes.len()) {
        Some(place) => {
            place.copy_from_slice(bytes);
            errno::SUCCESS
        }
        None => errno::FAULT,
    }
}

fn random_get(mut caller: Caller<'_, State>, pointer: i32, length: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let (start, end) = (address(pointer), address(pointer) + address(length));
    Ok(match memory.get_mut(start..end) {
        Some(place) => {
            state.wasi.random.fill_bytes(place);
            errno::SUCCESS
        }
        None => errno::FAULT,
    })
}

/// Nanoseconds of a clock: 0 is the wall clock; 1 to 3 (monotonic, and the two CPU clocks) count from the moment the worker was bound.
fn now(state: &State, clock: i32) -> Option<u64> {
    let since = match clock {
        0 => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
        1..=3 => state.wasi.started.elapsed(),
        _ => return None,
    };
    u64::try_from(since.as_nanos()).ok()
}

fn clock_res_get(mut caller: Caller<'_, State>, clock: i32, out: i32) -> wasmtime::Result<i32> {
    let (memory, _) = memory(&mut caller)?;
    Ok(if (0..=3).contains(&clock) { put(memory, address(out), &1_u64.to_le_bytes()) } else { errno::INVAL })
}

fn clock_time_get(mut caller: Caller<'_, State>, clock: i32, _precision: i64, out: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    Ok(now(state, clock).map_or(errno::INVAL, |nanoseconds| put(memory, address(out), &nanoseconds.to_le_bytes())))
}

/// Clock subscriptions wait; a descriptor is always ready. Layout: 48 bytes a subscription, 32 an event.
fn poll_oneoff(mut caller: Caller<'_, State>, subscriptions: i32, events: i32, count: i32, out: i32) -> wasmtime::Result<i32> {
    const SUBSCRIPTIONS: usize = 4096;
    const ABSOLUTE: u32 = 1;
    let (memory, state) = memory(&mut caller)?;
    let count = address(count);
    if count == 0 || count > SUBSCRIPTIONS {
        return Ok(errno::INVAL);
    }
    let mut ready: Vec<(u64, u8)> = Vec::new();
    let mut timers: Vec<(Duration, u64)> = Vec::new();
    for at in (0..count).map(|i| address(subscriptions) + i * 48) {
        let (Some(userdata), Some(kind), Some(id), Some(timeout), Some(flags)) =
            (double(memory, at), memory.get(at + 8).copied(), word(memory, at + 16), double(memory, at + 24), word(memory, at + 40))
        else {
            return Ok(errno::FAULT);
        };
        if kind != 0 {
            ready.push((userdata, kind));
            continue;
        }
        let Some(now) = now(state, id.cast_signed()) else { return Ok(errno::INVAL) };
        let wait = if flags & ABSOLUTE == 0 { timeout } else { timeout.saturating_sub(now) };
        timers.push((Duration::from_nanos(wait), userdata));
    }
    if ready.is_empty()
        && let Some(first) = timers.iter().map(|(wait, _)| *wait).min()
    {
        std::thread::sleep(first);
        ready.extend(timers.iter().filter(|(wait, _)| *wait <= first).map(|(_, userdata)| (*userdata, 0)));
    }
    for (i, (userdata, kind)) in ready.iter().enumerate() {
        let mut event = [0; 32];
        event[..8].copy_from_slice(&userdata.to_le_bytes());
        event[10] = *kind;
        if put(memory, address(events) + i * 32, &event) != errno::SUCCESS {
            return Ok(errno::FAULT);
        }
    }
    Ok(put(memory, address(out), &u32::try_from(ready.len())?.to_le_bytes()))
}

/// The byte ranges of an I/O vector.
fn vectors(memory: &[u8], pointer: i32, count: i32) -> Option<Vec<std::ops::Range<usize>>> {
    const VECTORS: usize = 1024;
    if address(count) > VECTORS {
        return None;
    }
    (0..address(count))
        .map(|i| {
            let at = address(pointer) + i * 8;
            let (start, length) = (word(memory, at)? as usize, word(memory, at + 4)? as usize);
            memory.get(start..start + length).map(|_| start..start + length)
        })
        .collect()
}

fn fd_write(mut caller: Caller<'_, State>, fd: i32, pointer: i32, count: i32, out: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let Some(ranges) = vectors(memory, pointer, count) else { return Ok(errno::FAULT) };
    let total: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    if fd != 1 && fd != 2 {
        if total as u64 > state.wasi.room.bytes {
            return Ok(errno::NOSPC);
        }
        let result = original!(state, memory, fd_write(fd, pointer, count, out))?;
        return Ok(written(memory, state, result, out));
    }
    for range in ranges {
        if state.wasi.sink.write(&memory[range]).is_err() {
            return Ok(errno::IO);
        }
    }
    Ok(put(memory, address(out), &u32::try_from(total)?.to_le_bytes()))
}

fn fd_pwrite(mut caller: Caller<'_, State>, fd: i32, pointer: i32, count: i32, offset: i64, out: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    let Some(ranges) = vectors(memory, pointer, count) else { return Ok(errno::FAULT) };
    let total: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    // A write far beyond the end makes the file that long.
    if (total as u64).max(offset.cast_unsigned()) > state.wasi.room.bytes {
        return Ok(errno::NOSPC);
    }
    let result = original!(state, memory, fd_pwrite(fd, pointer, count, offset, out))?;
    Ok(written(memory, state, result, out))
}

/// Takes what a write used off the room that is left.
fn written(memory: &[u8], state: &mut State, result: i32, out: i32) -> i32 {
    if result == errno::SUCCESS {
        let bytes = word(memory, address(out)).unwrap_or(0);
        state.wasi.room.bytes = state.wasi.room.bytes.saturating_sub(u64::from(bytes));
    }
    result
}

fn fd_filestat_set_size(mut caller: Caller<'_, State>, fd: i32, size: i64) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    if size.cast_unsigned() > state.wasi.room.bytes {
        return Ok(errno::NOSPC);
    }
    original!(state, memory, fd_filestat_set_size(fd, size))
}

/// Counts one file or directory against the room; false when there is none.
fn take_file(state: &mut State) -> bool {
    let room = &mut state.wasi.room;
    let taken = room.files.checked_sub(1);
    room.files = taken.unwrap_or(0);
    taken.is_some()
}

#[expect(clippy::too_many_arguments, reason = "the signature is WASI's")]
fn path_open(
    mut caller: Caller<'_, State>,
    fd: i32,
    flags: i32,
    path: i32,
    path_length: i32,
    open_flags: i32,
    rights: i64,
    inherited: i64,
    fd_flags: i32,
    out: i32,
) -> wasmtime::Result<i32> {
    const CREATE: i32 = 1;
    let (memory, state) = memory(&mut caller)?;
    if open_flags & CREATE != 0 && !take_file(state) {
        return Ok(errno::NOSPC);
    }
    original!(state, memory, path_open(fd, flags, path, path_length, open_flags, rights, inherited, fd_flags, out))
}

fn path_create_directory(mut caller: Caller<'_, State>, fd: i32, path: i32, length: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    if !take_file(state) {
        return Ok(errno::NOSPC);
    }
    original!(state, memory, path_create_directory(fd, path, length))
}

#[expect(clippy::too_many_arguments, reason = "the signature is WASI's")]
fn path_link(
    mut caller: Caller<'_, State>,
    fd: i32,
    flags: i32,
    path: i32,
    length: i32,
    new_fd: i32,
    new_path: i32,
    new_length: i32,
) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    if !take_file(state) {
        return Ok(errno::NOSPC);
    }
    original!(state, memory, path_link(fd, flags, path, length, new_fd, new_path, new_length))
}

fn path_symlink(mut caller: Caller<'_, State>, target: i32, target_length: i32, fd: i32, path: i32, length: i32) -> wasmtime::Result<i32> {
    let (memory, state) = memory(&mut caller)?;
    if !take_file(state) {
        return Ok(errno::NOSPC);
    }
    original!(state, memory, path_symlink(target, target_length, fd, path, length))
}
