//! Fuzzes requests of a guest's host calls: see `executor::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| executor::fuzzing::request(data));
