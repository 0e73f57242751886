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
        .wasm_custom_page_sizes(false)
        .wasm_exceptions(false)
        .wasm_function_references(false)
        .wasm_gc(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_shared_everything_threads(false)
        .wasm_stack_switching(false)
        .wasm_threads(false)
        .wasm_wide_arithmetic(false);
    Engine::new(&config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::Prepared;
    use wasmparser::{Validator, WasmFeatures};
    use wasmtime::Module;

    /// One module for each proposal that no guest needs; each is sound where the proposal is on.
    const PROPOSALS: [(&str, &str); 12] = [
        ("threads", "(module (memory 1 1 shared))"),
        ("threads: an atomic", "(module (memory 1) (func (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))"),
        ("shared-everything threads", "(module (global (shared mut i32) (i32.const 0)))"),
        ("memory64", "(module (memory i64 1))"),
        ("multi-memory", "(module (memory 1) (memory 1))"),
        ("relaxed SIMD", "(module (func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))"),
        ("stack switching", "(module (type $f (func)) (type $k (cont $f)))"),
        ("gc", "(module (type (struct (field i32))))"),
        ("function references", "(module (type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0))))"),
        ("exceptions", "(module (tag $e) (func (throw $e)))"),
        ("custom page sizes", "(module (memory 1 (pagesize 1)))"),
        ("wide arithmetic", "(module (func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0))))"),
    ];

    #[test]
    fn proposals_that_no_guest_needs_do_not_compile() {
        let engine = engine().unwrap();
        for (proposal, text) in PROPOSALS {
            let module = wat::parse_str(text).unwrap();
            assert!(Validator::new_with_features(WasmFeatures::all()).validate_all(&module).is_ok(), "{proposal}: the module is not sound");
            assert!(Module::new(&engine, &module).is_err(), "{proposal} compiles");
        }
        assert!(Module::new(&engine, wat::parse_str("(component)").unwrap()).is_err(), "a component compiles");
    }

    #[test]
    fn an_import_that_is_not_provided_does_not_link() {
        let engine = engine().unwrap();
        let links = |import: &str| {
            // One memory is all that a module may have.
            let own = if import.contains("(memory") { "" } else { "(memory (export \"memory\") 1)" };
            let text = format!("(module {import} {own})");
            Prepared::new(&engine, &Module::new(&engine, wat::parse_str(text).unwrap()).unwrap(), Vec::new()).is_ok()
        };
        assert!(links(r#"(import "host" "call" (func (param i32 i32 i32 i32) (result i32)))"#));
        assert!(links(r#"(import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))"#));
        for import in [
            r#"(import "host" "call" (func (param i32)))"#,
            r#"(import "host" "exec" (func))"#,
            r#"(import "env" "system" (func (param i32) (result i32)))"#,
            r#"(import "wasi_unstable" "fd_close" (func (param i32) (result i32)))"#,
            r#"(import "wasi_snapshot_preview1" "thread_spawn" (func (param i32) (result i32)))"#,
            r#"(import "wasi" "thread-spawn" (func (param i32) (result i32)))"#,
            r#"(import "host" "memory" (memory 1))"#,
            r#"(import "host" "table" (table 1 funcref))"#,
            r#"(import "host" "global" (global (mut i32)))"#,
        ] {
            assert!(!links(import), "{import}");
        }
    }
}
