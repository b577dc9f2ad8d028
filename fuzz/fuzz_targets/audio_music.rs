//! Any bytes as a music file for `songscape-audio`: tags, samples, image.
//!
//! A panic of a decoder is caught and becomes this file's failure, so here it may not end the run:
//! only what comes out of the library does.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/songscape-audio/tests/any_bytes/mod.rs"]
mod any_bytes;

fuzz_target!(
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |data: &[u8]| any_bytes::music(data)
);
