//! The main job on the embedded demo music.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::{cargo, libtorch};

/// Runs the demo and passes its exit code on.
pub fn run(arguments: &[&str]) -> Result<ExitCode> {
    let folder = libtorch::provide()?;
    let mut song_map = cargo();
    song_map.args(["run", "--release", "--package", "songscape-examples"]);
    song_map.args(["--features", "pipeline", "--example", "song_map", "--"]);
    if !arguments.contains(&"--out") {
        song_map.args(["--out", "target/demo"]);
    }
    song_map.args(arguments);
    libtorch::use_in(&mut song_map, &folder);
    let code = song_map.status().context("cannot start cargo")?.code();
    Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
