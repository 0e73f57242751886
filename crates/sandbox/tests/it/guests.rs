//! Tiny guests: as little WebAssembly as keeps to the ABI, with a `turn` that does one thing, or the thing that its document's first byte names.

use policy::Guest;
use std::path::Path;

/// A guest whose `turn` has this body (in the text format); it may use the locals `$p` and `$n` and the imports below.
pub(crate) fn guest(turn: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
  (import "host" "call" (func $call (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_allocate" (func $allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $__stack_pointer (export "__stack_pointer") (mut i32) (i32.const 65536))
  (data (i32.const 0) "{{\"op\":\"x\"}}")
  (data (i32.const 64) "\00\02\00\00\05\00\00\00")
  (data (i32.const 512) "hello")
  (data (i32.const 520) "other")
  (data (i32.const 528) "third")
  (func (export "_initialize"))
  (func (export "wizer.initialize"))
  (func (export "host_alloc") (param $n i32) (result i32) (i32.const 70000))
  (func $deep (param $d i32) (result i32) (i32.add (call $deep (i32.add (local.get $d) (i32.const 1))) (i32.const 1)))
  (func $turn (export "turn") (param $p i32) (param $n i32) (result i32) {turn}))"#
    );
    wat::parse_str(&text).unwrap()
}

/// A guest that does what the first byte of its turn document says: each arm is a letter and a body that leaves an i32.
pub(crate) fn arms(arms: &[(char, &str)]) -> String {
    let arm = |(letter, body): &(char, &str)| {
        format!("(if (i32.eq (i32.load8_u (local.get $p)) (i32.const {})) (then (return (block (result i32) {body}))))", *letter as u32)
    };
    format!("(local $i i32) {} unreachable", arms.iter().map(arm).collect::<String>())
}

/// Puts the guest in place as the Python guest of a cache.
pub(crate) fn install(cache: &Path, turn: &str) {
    install_module(cache, &guest(turn));
}

/// Puts a module in place as the Python guest of a cache.
pub(crate) fn install_module(cache: &Path, module: &[u8]) {
    let linked = cache.join("linked.wasm");
    std::fs::write(&linked, module).unwrap();
    sandbox::guests::install(cache, Guest::Python, &linked, &|_| ()).unwrap();
}
