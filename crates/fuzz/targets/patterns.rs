//! Fuzzes patterns of rules: see `policy::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| policy::fuzzing::patterns(text));
