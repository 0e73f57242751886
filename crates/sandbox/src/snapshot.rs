//! Turns a linked guest into the image that every instance starts from.
//!
//! The guest's initialisation runs once, here, and its memory becomes the module's data. Two promises are kept for the rest of
//! the project: the same input gives the same bytes (clock and randomness are fixed, there is no environment and no file), and
//! linear memory is a guest's whole state between two runs. The second is what checkpoints rest on, so it is proved from the
//! module itself: a guest with another mutable global, or that could change a table or drop a segment, is refused. Nothing of a
//! user's run comes near this code.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use wasmparser::{ExternalKind, FuncType, Operator, Parser, Payload, TypeRef, ValType, Validator, WasmFeatures};
use wasmtime::{Linker, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};
use wasmtime_wizer::Wizer;

use crate::engine::engine;

/// Initialises `linked_wasm` and returns the module that starts where the initialisation ended.
///
/// # Errors
///
/// When the guest does not keep to `wasm-guests/abi.md`, or when its initialisation fails. Nothing is left behind.
pub fn snapshot(linked_wasm: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let before = inspect(linked_wasm)?;
    for name in BUILD_EXPORTS {
        before.require_function(name, &FuncType::new([], []))?;
    }
    // A thread of its own: the caller may be inside a tokio runtime, where blocking on another one panics.
    let image = std::thread::scope(|scope| {
        scope.spawn(|| initialise(linked_wasm)).join().unwrap_or_else(|_| Err(SnapshotError::Engine(wasmtime::Error::msg("the snapshot panicked"))))
    })?;
    let after = inspect(&image)?;
    if let Some(name) = after.exports.iter().map(|(name, _)| name).find(|name| !RUN_EXPORTS.contains(&name.as_str())) {
        return Err(SnapshotError::Export(format!("`{name}` is exported and not part of the ABI")));
    }
    if before.stack_pointer != after.stack_pointer {
        return Err(SnapshotError::StackPointer { before: before.stack_pointer, after: after.stack_pointer });
    }
    Ok(image)
}

/// Why a guest was refused. Each names what to change in the guest; none concerns a user's run.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The bytes are no WebAssembly module, or one that uses more than the features a guest may use.
    #[error("the guest is not a valid module of WebAssembly 2.0 without threads")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// An import beside `host.call` and WASI preview 1.
    #[error("the guest imports `{module}.{name}`, which the ABI does not provide as such")]
    Import {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
    },
    /// An export that is missing, of a wrong type or too many.
    #[error("the guest's exports do not fit the ABI: {0}")]
    Export(String),
    /// State that a checkpoint of linear memory would not hold.
    #[error("the guest keeps state outside its linear memory: {0}")]
    State(String),
    /// The initialisation did not leave the stack pointer as it found it.
    #[error("`__stack_pointer` was {before:?} and is {after:?} after the initialisation")]
    StackPointer {
        /// Its value in the linked module.
        before: Option<i32>,
        /// Its value in the image.
        after: Option<i32>,
    },
    /// `_initialize` or `wizer.initialize` trapped or exited.
    #[error("the guest's initialisation failed{}{printed}", if printed.is_empty() { "" } else { "; it printed: " })]
    Initialise {
        /// What the guest wrote to its standard error.
        printed: String,
        /// The engine's word on it.
        #[source]
        source: wasmtime::Error,
    },
    /// The engine could not be set up.
    #[error("the engine could not be set up")]
    Engine(#[source] wasmtime::Error),
}

/// Exports of an image; `memory` and `__stack_pointer` are its state, the others its two entry points.
const RUN_EXPORTS: [&str; 4] = ["memory", "__stack_pointer", "host_alloc", "turn"];
/// Further exports of a linked guest, gone after the snapshot.
const BUILD_EXPORTS: [&str; 2] = ["_initialize", "wizer.initialize"];
/// Seconds since 1970 during the initialisation: some fixed moment, late enough for every calendar check.
const CLOCK_SECONDS: u64 = 1_767_225_600;
/// Stops a guest whose initialisation never ends growing; the largest one known needs 40 MiB.
const MEMORY_BYTES: usize = 512 << 20;
/// How much of the guest's complaint a failed build shows.
const PRINTED_BYTES: usize = 16 << 10;

fn initialise(linked_wasm: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let engine = engine().map_err(SnapshotError::Engine)?;
    let mut linker: Linker<Initialisation> = Linker::new(&engine);
    p1::add_to_linker_async(&mut linker, |state| &mut state.wasi).map_err(SnapshotError::Engine)?;
    // Status 3 of the ABI: not inside `turn`.
    linker.func_wrap("host", "call", |_: i32, _: i32, _: i32, _: i32| 3_i32).map_err(SnapshotError::Engine)?;

    let printed = MemoryOutputPipe::new(PRINTED_BYTES);
    let wasi = WasiCtxBuilder::new()
        .stderr(printed.clone())
        .secure_random(ChaCha20Rng::from_seed([0; 32]))
        .insecure_random(ChaCha20Rng::from_seed([1; 32]))
        .insecure_random_seed(0)
        .wall_clock(FixedClock)
        .monotonic_clock(FixedClock)
        .build_p1();
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build();
    let mut store = Store::new(&engine, Initialisation { wasi, limits });
    store.limiter(|state| &mut state.limits);

    let mut wizer = Wizer::new();
    wizer.init_func("wizer.initialize");
    tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| SnapshotError::Engine(error.into()))?
        .block_on(wizer.run(&mut store, linked_wasm, async |store, module| linker.instantiate_async(store, module).await))
        .map_err(|source| SnapshotError::Initialise { printed: String::from_utf8_lossy(&printed.contents()).trim_end().to_owned(), source })
}

struct Initialisation {
    wasi: WasiP1Ctx,
    limits: StoreLimits,
}

/// Time stands still while a guest is initialised: elapsed time would differ from build to build.
struct FixedClock;

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(CLOCK_SECONDS)
    }
}

impl HostMonotonicClock for FixedClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        CLOCK_SECONDS
    }
}

/// What [`inspect`] learned from a module that keeps to the rules.
#[derive(Default)]
pub(crate) struct Shape {
    exports: Vec<(String, Export)>,
    stack_pointer: Option<i32>,
}

enum Export {
    Function(FuncType),
    Memory,
    Global(u32),
    Other,
}

impl Shape {
    fn require_function(&self, name: &str, expected: &FuncType) -> Result<(), SnapshotError> {
        match self.export(name) {
            Some(Export::Function(found)) if found == expected => Ok(()),
            Some(_) => Err(SnapshotError::Export(format!("`{name}` has a wrong type"))),
            None => Err(SnapshotError::Export(format!("`{name}` is missing"))),
        }
    }

    fn export(&self, name: &str) -> Option<&Export> {
        self.exports.iter().find(|(found, _)| found == name).map(|(_, export)| export)
    }
}

/// Reads a module once and checks all that holds before and after the initialisation alike.
pub(crate) fn inspect(wasm: &[u8]) -> Result<Shape, SnapshotError> {
    let types = Validator::new_with_features(WasmFeatures::WASM2 | WasmFeatures::TAIL_CALL).validate_all(wasm)?;
    let types = types.as_ref();
    let function = |index: u32| types[types.core_function_at(index)].unwrap_func().clone();
    let int = ValType::I32;

    let mut shape = Shape::default();
    let mut mutable_globals = Vec::new();
    let mut globals = 0;
    let mut functions = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let allowed = match (import.module, import.name, import.ty) {
                        ("host", "call", TypeRef::Func(_)) => function(functions) == FuncType::new([int; 4], [int]),
                        ("wasi_snapshot_preview1", _, TypeRef::Func(_)) => true,
                        _ => false,
                    };
                    if !allowed {
                        return Err(SnapshotError::Import { module: import.module.to_owned(), name: import.name.to_owned() });
                    }
                    functions += 1;
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    if global.ty.mutable {
                        let mut operators = global.init_expr.get_operators_reader();
                        let value = if let Operator::I32Const { value } = operators.read()? { Some(value) } else { None };
                        mutable_globals.push((globals, value));
                    }
                    globals += 1;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let kind = match export.kind {
                        ExternalKind::Func => Export::Function(function(export.index)),
                        ExternalKind::Memory => Export::Memory,
                        ExternalKind::Global => Export::Global(export.index),
                        _ => Export::Other,
                    };
                    shape.exports.push((export.name.to_owned(), kind));
                }
            }
            Payload::StartSection { .. } => {
                return Err(SnapshotError::State("a start function would run again in every instance".to_owned()));
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    if let Some(name) = changes_hidden_state(&operator?) {
                        return Err(SnapshotError::State(format!("it uses `{name}`")));
                    }
                }
            }
            _ => {}
        }
    }

    shape.require_function("host_alloc", &FuncType::new([int], [int]))?;
    shape.require_function("turn", &FuncType::new([int; 2], [int]))?;
    if !matches!(shape.export("memory"), Some(Export::Memory)) || types.memory_count() != 1 {
        return Err(SnapshotError::Export("there must be one memory, called `memory`".to_owned()));
    }
    match (mutable_globals.as_slice(), shape.export("__stack_pointer")) {
        ([(index, value)], Some(Export::Global(exported))) if index == exported => shape.stack_pointer = *value,
        ([_], _) => {
            return Err(SnapshotError::Export("the mutable global is not exported as `__stack_pointer`".to_owned()));
        }
        (all, _) => {
            return Err(SnapshotError::State(format!("it has {} mutable globals instead of `__stack_pointer` alone", all.len())));
        }
    }
    Ok(shape)
}

/// Names an instruction whose effect lies in a table or a segment, where no checkpoint would find it.
fn changes_hidden_state(operator: &Operator<'_>) -> Option<&'static str> {
    match operator {
        Operator::TableSet { .. } => Some("table.set"),
        Operator::TableGrow { .. } => Some("table.grow"),
        Operator::TableFill { .. } => Some("table.fill"),
        Operator::TableCopy { .. } => Some("table.copy"),
        Operator::TableInit { .. } => Some("table.init"),
        Operator::ElemDrop { .. } => Some("elem.drop"),
        Operator::DataDrop { .. } => Some("data.drop"),
        Operator::MemoryInit { .. } => Some("memory.init"),
        _ => None,
    }
}
