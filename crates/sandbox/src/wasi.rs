//! What a guest gets of WASI preview 1: `wasmtime-wasi` for files, and our own for the rest.
//!
//! - one directory, `/workspace`; nothing else of the file system, no sockets, no arguments, only the environment of [`Bind`]
//! - descriptors 1 and 2 go to the output file, 0 is empty
//! - randomness comes from the run's seed, so that two forks never share a generator and a run can be repeated
//! - waiting happens here and starts no runtime
//! - files are `files` and `quota`: what the workspace holds is counted, and too much is an ordinary "no space" error

use crate::{
    files::Files,
    frame::Untaped,
    instance::{State, address},
    output::Sink,
    quota,
    run::{Bind, Turn},
    tape::Tape,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::{
    fs::File,
    io,
    time::{Duration, Instant, SystemTime},
};
use wasmtime::{Caller, Linker};

pub(crate) const PREVIEW1: &str = "wasi_snapshot_preview1";

/// Where the clocks are on the tape; the numbers of a file are behind them.
const WALL: usize = 0;
const MONOTONIC: usize = 1;
pub(crate) const FILE: usize = 2;

/// Error numbers of WASI preview 1 (`errno` in the witx of the standard).
pub(crate) mod errno {
    pub(crate) const SUCCESS: i32 = 0;
    pub(crate) const BADF: i32 = 8;
    pub(crate) const FAULT: i32 = 21;
    pub(crate) const INVAL: i32 = 28;
    pub(crate) const IO: i32 = 29;
    pub(crate) const NOSPC: i32 = 51;
}

/// WASI's state in one worker.
pub(crate) struct Wasi {
    pub(crate) files: Files,
    pub(crate) sink: Sink,
    pub(crate) tape: Tape,
    random: ChaCha20Rng,
    /// When the turn began, and what the monotonic clock was then.
    started: Instant,
    clock_ns: u64,
}

impl Wasi {
    /// WASI before the worker is bound: no directory, no environment, and an output file.
    pub(crate) fn unbound(output: File) -> io::Result<Self> {
        let (files, sink, random) = (Files::unbound(), Sink::new(output)?, ChaCha20Rng::from_seed([0; 32]));
        Ok(Wasi { files, sink, tape: Tape::record(), random, started: Instant::now(), clock_ns: 0 })
    }

    /// Gives the guest its directory and environment.
    pub(crate) fn bind(&mut self, bind: &Bind) -> wasmtime::Result<()> {
        self.files = Files::bound(bind)?;
        Ok(())
    }

    /// Gives the guest a turn's randomness and clock, and an empty output file.
    pub(crate) fn begin_turn(&mut self, turn: &Turn) -> io::Result<()> {
        self.random = ChaCha20Rng::from_seed(turn.seed);
        self.clock_ns = turn.clock_ns;
        self.started = Instant::now();
        self.tape = turn.tape.as_ref().map_or_else(Tape::record, |tape| Tape::play(tape.to_vec()));
        self.files.begin_turn();
        self.sink.restart()
    }

    /// What the guest learned of the world in the turn that has ended.
    pub(crate) fn end_turn(&mut self) -> Result<Vec<u8>, Untaped> {
        let tape = self.tape.finish().ok_or(Untaped::NotWhole)?;
        if self.files.seen.used() { Err(Untaped::OlderFiles) } else { Ok(tape) }
    }
}

/// Adds WASI to the linker, ours in front of `wasmtime-wasi`'s.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p1::add_to_linker_sync(linker, |state: &mut State| &mut state.wasi.files.wasi)?;
    linker.allow_shadowing(true);
    linker.func_wrap(PREVIEW1, "random_get", random_get)?;
    linker.func_wrap(PREVIEW1, "clock_res_get", clock_res_get)?;
    linker.func_wrap(PREVIEW1, "clock_time_get", clock_time_get)?;
    linker.func_wrap(PREVIEW1, "poll_oneoff", poll_oneoff)?;
    quota::link(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

pub(crate) fn memory<'a>(caller: &'a mut Caller<'_, State>) -> wasmtime::Result<(&'a mut [u8], &'a mut State)> {
    let memory = caller.get_export("memory").and_then(wasmtime::Extern::into_memory);
    memory.map(|memory| memory.data_and_store_mut(caller)).ok_or_else(|| wasmtime::Error::msg("the guest exports no memory"))
}

pub(crate) fn word(memory: &[u8], at: usize) -> Option<u32> {
    memory.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn double(memory: &[u8], at: usize) -> Option<u64> {
    memory.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

pub(crate) fn put(memory: &mut [u8], at: usize, bytes: &[u8]) -> i32 {
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

/// Nanoseconds of a clock, as the guest is told: every reading is on the tape. 0 is the wall clock; 1 to 3 (monotonic, and the two CPU clocks) count on from where the turn's document says.
fn now(state: &mut State, clock: i32) -> Option<u64> {
    let nanoseconds = |since: Duration| u64::try_from(since.as_nanos()).ok();
    let (lane, real) = match clock {
        0 => (WALL, nanoseconds(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())?),
        1..=3 => (MONOTONIC, state.wasi.clock_ns.saturating_add(nanoseconds(state.wasi.started.elapsed())?)),
        _ => return None,
    };
    Some(state.wasi.tape.number(lane, real))
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
        if !state.wasi.tape.plays() {
            std::thread::sleep(first);
        }
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
pub(crate) fn vectors(memory: &[u8], pointer: i32, count: i32) -> Option<Vec<std::ops::Range<usize>>> {
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
