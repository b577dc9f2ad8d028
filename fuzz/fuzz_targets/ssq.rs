//! Any bytes as parameters and signals for `songscape-ssq`: nothing may panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/songscape-ssq/tests/any_input/mod.rs"]
mod any_input;

fuzz_target!(|data: &[u8]| any_input::run(data));
