//! Fuzzes files of other clients: see `cofferdam::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| cofferdam::fuzzing::import(text));
