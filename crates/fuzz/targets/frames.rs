//! Fuzzes frames of workers and of the broker: see `sandbox::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sandbox::fuzzing::frames(data));
