//! Any bytes as an M3U playlist for `songscape-audio`: nothing may panic or leave the library.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/songscape-audio/tests/any_bytes/mod.rs"]
mod any_bytes;

fuzz_target!(
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |data: &[u8]| any_bytes::playlist(data)
);
