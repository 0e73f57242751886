//! Tiny guests: as little WebAssembly as keeps to the ABI, with a `turn` that does one thing.

use policy::Guest;
use std::path::Path;

/// A guest whose `turn` has this body (in the text format); it may use the locals `$p` and `$n` and the imports below.
pub(crate) fn guest(turn: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
  (import "host" "call" (func $call (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $__stack_pointer (export "__stack_pointer") (mut i32) (i32.const 65536))
  (data (i32.const 0) "{{\"op\":\"x\"}}")
  (data (i32.const 64) "\00\02\00\00\05\00\00\00")
  (data (i32.const 512) "hello")
  (func (export "_initialize"))
  (func (export "wizer.initialize"))
  (func (export "host_alloc") (param $n i32) (result i32) (i32.const 70000))
  (func $deep (param $d i32) (result i32) (i32.add (call $deep (i32.add (local.get $d) (i32.const 1))) (i32.const 1)))
  (func $turn (export "turn") (param $p i32) (param $n i32) (result i32) {turn}))"#
    );
    wat::parse_str(&text).unwrap()
}

/// Puts the guest in place as the Python guest of a cache.
pub(crate) fn install(cache: &Path, turn: &str) {
    let linked = cache.join("linked.wasm");
    std::fs::write(&linked, guest(turn)).unwrap();
    sandbox::guests::install(cache, Guest::Python, &linked, &|_| ()).unwrap();
}
