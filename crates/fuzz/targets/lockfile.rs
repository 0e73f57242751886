//! Fuzzes lockfiles: see `upstream::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| upstream::fuzzing::lockfile(text));
