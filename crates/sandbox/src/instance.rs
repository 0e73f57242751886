//! One guest instance and its side of the ABI (`wasm-guests/abi.md`): memory checks, `host_alloc`, `host.call`, `turn`.

use crate::{
    frame::{self, FromWorker, NotSaved, Saved, ToWorker, Trapped, Untaped},
    pagemap::Pagemap,
    pages::{self, Malformed, WASM_PAGE_BYTES},
    run::Turn,
    sys,
    wasi::{self, Wasi},
};
use serde_bytes::ByteBuf;
use std::{
    io::{self, BufRead, BufReader, Write},
    ops::Range,
    os::unix::net::UnixStream,
};
use wasmtime::{Caller, Engine, Global, InstancePre, Linker, Memory, Module, Store, StoreLimits, StoreLimitsBuilder, Trap, TypedFunc};

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
    image: Image,
    /// The pages that a short run writes.
    touched: Vec<Range<u32>>,
}

/// A guest's memory as every instance begins, for checkpoints to be compared with: the memory of an instance that nothing ever runs in, which is
/// a mapping of the image and no memory of its own.
struct Image {
    store: Store<()>,
    memory: Memory,
}

impl Image {
    fn new(engine: &Engine, module: &Module) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        linker.define_unknown_imports_as_traps(module)?;
        let mut store = Store::new(engine, ());
        let memory = linker.instantiate(&mut store, module)?.get_memory(&mut store, "memory");
        Ok(Image { memory: memory.ok_or_else(|| wasmtime::Error::msg("the guest exports no memory"))?, store })
    }

    fn bytes(&self) -> &[u8] {
        self.memory.data(&self.store)
    }
}

impl Prepared {
    /// Links a guest of which these pages are written by a short run.
    ///
    /// # Errors
    /// When it imports anything but WASI preview 1 and `host.call`.
    pub(crate) fn new(engine: &Engine, module: &Module, touched: Vec<Range<u32>>) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        wasi::link(&mut linker)?;
        linker.func_wrap("host", "call", host_call)?;
        let pre = linker.instantiate_pre(module)?;
        Ok(Prepared { engine: engine.clone(), pre, image: Image::new(engine, module)?, touched })
    }

    /// Makes the instance of this worker.
    pub(crate) fn instantiate(&self, socket: UnixStream, wasi: Wasi) -> wasmtime::Result<Guest<'_>> {
        let replies = BufReader::new(socket.try_clone()?);
        let state = State { wasi, limits: limits(0), socket, replies, memory: None, alloc: None, phase: Phase::AtRest };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        let instance = self.pre.instantiate(&mut store)?;
        sys::populate_code(self.pre.module());
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| wasmtime::Error::msg("the guest exports no memory"))?;
        sys::populate_memory(memory.data_mut(&mut store), &self.touched);
        let alloc = instance.get_typed_func::<i32, i32>(&mut store, "host_alloc")?;
        let turn = instance.get_typed_func::<(i32, i32), i32>(&mut store, "turn")?;
        let stack_pointer = instance.get_global(&mut store, "__stack_pointer");
        let stack_pointer = stack_pointer.ok_or_else(|| wasmtime::Error::msg("the guest exports no stack pointer"))?;
        let at_rest = stack_pointer.get(&mut store).i32();
        store.data_mut().memory = Some(memory);
        store.data_mut().alloc = Some(alloc.clone());
        Ok(Guest { store, memory, alloc, turn, stack_pointer, at_rest, image: self.image.bytes(), memory_bytes: 0 })
    }
}

/// The first instance has as much memory as its image; what it may grow to is known when it is bound.
fn limits(memory_bytes: usize) -> StoreLimits {
    let bytes = if memory_bytes == 0 { usize::MAX } else { memory_bytes };
    StoreLimitsBuilder::new().memory_size(bytes).memories(1).tables(4).table_elements(100_000).instances(1).build()
}

/// One live guest.
pub(crate) struct Guest<'a> {
    store: Store<State>,
    memory: Memory,
    alloc: TypedFunc<i32, i32>,
    turn: TypedFunc<(i32, i32), i32>,
    stack_pointer: Global,
    /// What the stack pointer is whenever no turn is running: the one part of a guest's state that is not memory.
    at_rest: Option<i32>,
    /// What its memory was at first.
    image: &'a [u8],
    /// What memory may grow to, in bytes.
    memory_bytes: u64,
}

impl Guest<'_> {
    /// Lets memory grow up to this many bytes.
    pub(crate) fn limit_memory(&mut self, bytes: u64) -> Result<(), String> {
        self.memory_bytes = bytes;
        self.store.data_mut().limits = limits(usize::try_from(bytes).map_err(|e| e.to_string())?.max(1));
        Ok(())
    }

    /// WASI's state, to be filled in when the worker is bound.
    pub(crate) fn wasi(&mut self) -> &mut Wasi {
        &mut self.store.data_mut().wasi
    }

    /// Runs one turn and says how it ended.
    pub(crate) fn turn(&mut self, turn: &Turn) -> FromWorker {
        if let Err(error) = self.wasi().begin_turn(turn) {
            return FromWorker::Fault(format!("the output file: {error}"));
        }
        self.store.data_mut().phase = Phase::Turn;
        let ended = self.run(&turn.document);
        self.store.data_mut().phase = Phase::AtRest;
        let tape = self.wasi().end_turn().map(ByteBuf::from);
        match ended {
            Ok(status) => FromWorker::Ended { status, tape },
            Err(error) => trapped(&error, tape),
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

    /// The pages of its memory that are this process's own.
    pub(crate) fn own_pages(&self, pagemap: &io::Result<Pagemap>) -> Result<Vec<u32>, String> {
        let pagemap = pagemap.as_ref().map_err(ToString::to_string)?;
        pagemap.own_pages(self.memory.data(&self.store)).map_err(|error| error.to_string())
    }

    /// Writes a checkpoint. The guest must be at rest, and not have trapped.
    ///
    /// # Errors
    /// When it cannot be; the guest is as it was.
    pub(crate) fn save(&mut self, pagemap: &io::Result<Pagemap>, sink: impl Write) -> Result<Saved, NotSaved> {
        let impossible = |error: &io::Error| match error.kind() {
            io::ErrorKind::FileTooLarge => NotSaved::TooLarge,
            _ => NotSaved::Impossible(error.to_string()),
        };
        let pagemap = pagemap.as_ref().map_err(|e| NotSaved::Impossible(format!("the pages of this process cannot be seen: {e}")))?;
        if self.stack_pointer.get(&mut self.store).i32() != self.at_rest {
            return Err(NotSaved::Impossible("the guest is not at rest: its stack is in use".to_owned()));
        }
        let (files, lost_files) = self.wasi().files.open_files();
        let memory = self.memory.data(&self.store);
        let mut indexes = pagemap.own_pages(memory).map_err(|e| impossible(&e))?;
        // What was written and is again what it was at first is as good as new.
        let page_bytes = rustix::param::page_size();
        let zeros = vec![0; page_bytes];
        indexes.retain(|index| {
            let start = *index as usize * page_bytes;
            memory.get(start..start + page_bytes) != Some(self.image.get(start..start + page_bytes).unwrap_or(&zeros))
        });
        let saved = Saved {
            memory_bytes: memory.len() as u64,
            pages: u32::try_from(indexes.len()).unwrap_or(u32::MAX),
            files: u32::try_from(files.len()).unwrap_or(u32::MAX),
            lost_files,
        };
        pages::encode(sink, memory, self.image, &indexes, files).map_err(|e| impossible(&e))?;
        Ok(saved)
    }

    /// Puts a checkpoint in place of the image's memory. After an error this guest must not run.
    ///
    /// # Errors
    /// When it is no checkpoint that this guest could have made.
    pub(crate) fn restore(&mut self, source: impl BufRead) -> Result<(), Malformed> {
        let least_bytes = self.memory.data_size(&self.store) as u64;
        let most_bytes = self.memory_bytes;
        let opened = pages::open(source, least_bytes, most_bytes)?;
        let memory_bytes = opened.header.memory_bytes;
        let more = (memory_bytes - least_bytes) / WASM_PAGE_BYTES;
        self.memory.grow(&mut self.store, more).map_err(|_| Malformed::Memory { memory_bytes, least_bytes, most_bytes })?;
        let header = opened.read_into(self.memory.data_mut(&mut self.store), self.image.len())?;
        self.wasi().files.open_again(header.files);
        Ok(())
    }
}

fn trapped(error: &wasmtime::Error, tape: Result<ByteBuf, Untaped>) -> FromWorker {
    let trap = if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        Trapped::Exit(exit.0)
    } else if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
        Trapped::StackOverflow
    } else {
        Trapped::Other
    };
    FromWorker::Trapped { trap, message: format!("{error:#}"), tape }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_has_the_pages_of_a_short_run_from_the_first_and_no_others() {
        let text = r#"(module (memory (export "memory") 2) (global (export "__stack_pointer") (mut i32) (i32.const 65536))
            (data (i32.const 8192) "held") (func (export "host_alloc") (param i32) (result i32) (local.get 0))
            (func (export "turn") (param i32 i32) (result i32) (i32.const 0)))"#;
        let engine = crate::engine::engine().unwrap();
        let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        for (touched, own) in [(vec![], vec![]), (vec![2..4, 7..8, 30..33], vec![2, 3, 7])] {
            let prepared = Prepared::new(&engine, &module, touched).unwrap();
            let (socket, _broker) = UnixStream::pair().unwrap();
            let mut guest = prepared.instantiate(socket, Wasi::unbound(tempfile::tempfile().unwrap()).unwrap()).unwrap();
            assert_eq!(guest.own_pages(&Pagemap::open()), Ok(own));
            assert_eq!(guest.memory.data(&mut guest.store)[8192..8196], *b"held");
        }
    }
}
