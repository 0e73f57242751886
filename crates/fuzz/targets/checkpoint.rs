//! Fuzzes checkpoints: see `sandbox::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sandbox::fuzzing::checkpoint(data));
