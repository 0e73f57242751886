//! The one engine configuration: what compiles a guest must be exactly what runs it, or Wasmtime refuses the compiled file.
//!
//! No epochs and no fuel: a deadline is a kill. Proposals that no guest needs are off.

use wasmtime::{Config, Engine, OptLevel};

/// Native stack that WebAssembly frames may use, in bytes: CPython recurses deeply; a guest that needs more traps.
pub(crate) const WASM_STACK_BYTES: usize = 8 << 20;

/// Native stack that a worker needs: the guest's, and the host's frames around it. Set as a resource limit before it runs.
pub(crate) const NATIVE_STACK_BYTES: u64 = 32 << 20;

/// The engine of this process.
///
/// # Errors
/// When this processor is not one that Wasmtime knows.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(WASM_STACK_BYTES + (2 << 20))
        .memory_init_cow(true)
        // The image of a snapshot is sparse; as a dense copy-on-write file mapping an instance starts in microseconds.
        .memory_guaranteed_dense_image_size(512 << 20)
        .generate_address_map(false)
        .wasm_backtrace_max_frames(None)
        .wasm_component_model(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_threads(false);
    Engine::new(&config)
}
