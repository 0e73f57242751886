//! Fuzzes what an upstream sends, line by line: see `upstream::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| upstream::fuzzing::wire(data));
