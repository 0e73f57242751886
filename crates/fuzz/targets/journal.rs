//! Fuzzes lines of a journal: see `executor::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| executor::fuzzing::journal(data));
