//! What the analysis says of songs holds: nothing is found in music that does not change, and what is
//! planted is found. Measurements of full size are ignored by default:
//! `cargo test --release -p songscape-analysis --test statements -- --ignored --nocapture NAME`.
#![allow(clippy::unwrap_used)]

#[path = "statements/change.rs"]
mod change;
#[path = "statements/maps.rs"]
mod maps;
#[path = "statements/outliers.rs"]
mod outliers;
#[path = "statements/size.rs"]
mod size;
mod songs;
#[path = "statements/stability.rs"]
mod stability;
