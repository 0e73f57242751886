//! One guest instance and its side of the ABI (`wasm-guests/abi.md`): memory checks, `host_alloc`, `host.call`, `turn`.

use crate::{
    frame::{self, FromWorker, ToWorker, Trapped},
    sys,
    wasi::{self, Wasi},
};
use serde_bytes::ByteBuf;
use std::{io::BufReader, os::unix::net::UnixStream};
use wasmtime::{Caller, Engine, InstancePre, Linker, Memory, Module, Store, StoreLimits, StoreLimitsBuilder, Trap, TypedFunc};

/// The largest request of a guest, in bytes: a result of 16 MiB and its envelope. The broker allocates as much.
const REQUEST_BYTES: u32 = 17 << 20;

/// Everything an instance can reach.
pub(crate) struct State {
    /// WASI, once the worker is bound.
    pub(crate) wasi: Wasi,
    limits: StoreLimits,
    socket: UnixStream,
    /// The same socket. The broker sends one reply to each request and nothing else during a turn, so that nothing is left in this buffer.
    replies: BufReader<UnixStream>,
    memory: Option<Memory>,
    alloc: Option<TypedFunc<i32, i32>>,
    phase: Phase,
}

/// `turn` never nests, and `host.call` only happens inside it.
#[derive(PartialEq)]
enum Phase {
    AtRest,
    Turn,
    HostCall,
}

/// Status codes of `host.call`.
mod status {
    pub(super) const OK: i32 = 0;
    pub(super) const BAD_RANGE: i32 = 1;
    pub(super) const NO_MEMORY: i32 = 2;
    pub(super) const NOT_IN_TURN: i32 = 3;
    pub(super) const BROKER_GONE: i32 = 4;
}

/// A guest with its imports resolved, ready to be instantiated after a fork.
pub(crate) struct Prepared {
    engine: Engine,
    pre: InstancePre<State>,
}

impl Prepared {
    /// Links a guest.
    ///
    /// # Errors
    /// When it imports anything but WASI preview 1 and `host.call`.
    pub(crate) fn new(engine: &Engine, module: &Module) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        wasi::link(&mut linker)?;
        linker.func_wrap("host", "call", host_call)?;
        let pre = linker.instantiate_pre(module)?;
        Ok(Prepared { engine: engine.clone(), pre })
    }

    /// Makes the instance of this worker.
    pub(crate) fn instantiate(&self, socket: UnixStream, wasi: Wasi) -> wasmtime::Result<Guest> {
        let replies = BufReader::new(socket.try_clone()?);
        let state = State { wasi, limits: limits(0), socket, replies, memory: None, alloc: None, phase: Phase::AtRest };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        let instance = self.pre.instantiate(&mut store)?;
        sys::populate_code(self.pre.module());
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| wasmtime::Error::msg("the guest exports no memory"))?;
        let alloc = instance.get_typed_func::<i32, i32>(&mut store, "host_alloc")?;
        let turn = instance.get_typed_func::<(i32, i32), i32>(&mut store, "turn")?;
        store.data_mut().memory = Some(memory);
        store.data_mut().alloc = Some(alloc.clone());
        Ok(Guest { store, memory, alloc, turn })
    }
}

/// The first instance has as much memory as its image; what it may grow to is known when it is bound.
fn limits(memory_bytes: usize) -> StoreLimits {
    let bytes = if memory_bytes == 0 { usize::MAX } else { memory_bytes };
    StoreLimitsBuilder::new().memory_size(bytes).memories(1).tables(4).table_elements(100_000).instances(1).build()
}

/// One live guest.
pub(crate) struct Guest {
    store: Store<State>,
    memory: Memory,
    alloc: TypedFunc<i32, i32>,
    turn: TypedFunc<(i32, i32), i32>,
}

impl Guest {
    /// Lets memory grow up to this many bytes.
    pub(crate) fn limit_memory(&mut self, bytes: usize) {
        self.store.data_mut().limits = limits(bytes.max(1));
    }

    /// WASI's state, to be filled in when the worker is bound.
    pub(crate) fn wasi(&mut self) -> &mut Wasi {
        &mut self.store.data_mut().wasi
    }

    /// Runs one turn and says how it ended.
    pub(crate) fn turn(&mut self, document: &[u8]) -> FromWorker {
        self.store.data_mut().phase = Phase::Turn;
        let ended = self.run(document);
        self.store.data_mut().phase = Phase::AtRest;
        match ended {
            Ok(status) => FromWorker::Ended(status),
            Err(error) => trapped(&error),
        }
    }

    fn run(&mut self, document: &[u8]) -> wasmtime::Result<i32> {
        let length = i32::try_from(document.len())?;
        let at = self.alloc.call(&mut self.store, length)?;
        if at == 0 {
            return Err(wasmtime::Error::msg("the guest has no memory for the program"));
        }
        self.memory.write(&mut self.store, address(at), document)?;
        self.turn.call(&mut self.store, (at, length))
    }
}

fn trapped(error: &wasmtime::Error) -> FromWorker {
    let trap = if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        Trapped::Exit(exit.0)
    } else if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
        Trapped::StackOverflow
    } else {
        Trapped::Other
    };
    FromWorker::Trapped { trap, message: format!("{error:#}") }
}

/// A guest's pointer as an offset into its memory.
pub(crate) fn address(pointer: i32) -> usize {
    pointer.cast_unsigned() as usize
}

/// `host.call`: a write, a blocking read, and the reply in memory that the guest gave.
fn host_call(mut caller: Caller<'_, State>, pointer: i32, length: i32, out_pointer: i32, out_length: i32) -> wasmtime::Result<i32> {
    if caller.data().phase != Phase::Turn {
        return Ok(status::NOT_IN_TURN);
    }
    let (Some(memory), Some(alloc)) = (caller.data().memory, caller.data().alloc.clone()) else { return Ok(status::NOT_IN_TURN) };
    if length.cast_unsigned() > REQUEST_BYTES {
        return Ok(status::BAD_RANGE);
    }
    let (start, end) = (address(pointer), address(pointer) + address(length));
    let Some(request) = memory.data(&caller).get(start..end) else { return Ok(status::BAD_RANGE) };
    let request = FromWorker::HostCall(ByteBuf::from(request));
    let state = caller.data_mut();
    let Ok(ToWorker::Reply(reply)) = frame::send(&state.socket, &request).and_then(|()| frame::receive(&mut state.replies)) else {
        return Ok(status::BROKER_GONE);
    };
    caller.data_mut().phase = Phase::HostCall;
    let at = alloc.call(&mut caller, i32::try_from(reply.len())?);
    caller.data_mut().phase = Phase::Turn;
    let at = at?;
    if at == 0 {
        return Ok(status::NO_MEMORY);
    }
    let reply_length = u32::try_from(reply.len())?;
    let written = memory
        .write(&mut caller, address(at), &reply)
        .and_then(|()| memory.write(&mut caller, address(out_pointer), &at.to_le_bytes()))
        .and_then(|()| memory.write(&mut caller, address(out_length), &reply_length.to_le_bytes()));
    Ok(if written.is_ok() { status::OK } else { status::BAD_RANGE })
}
