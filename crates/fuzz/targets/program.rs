//! Fuzzes programs: see `gate::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| gate::fuzzing::program(text));
