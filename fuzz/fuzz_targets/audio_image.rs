//! Any bytes as a spectrogram image for `songscape-audio`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/songscape-audio/tests/any_bytes/mod.rs"]
mod any_bytes;

fuzz_target!(|data: &[u8]| any_bytes::image(data));
