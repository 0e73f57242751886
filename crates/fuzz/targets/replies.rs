//! Fuzzes texts of an upstream's replies: see `gate::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| gate::fuzzing::replies(text));
