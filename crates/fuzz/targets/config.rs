//! Fuzzes the operator's configuration: see `cofferdam::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| cofferdam::fuzzing::config(text));
