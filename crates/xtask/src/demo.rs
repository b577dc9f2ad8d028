//! The main job on the embedded demo music.

use anyhow::Result;

use crate::{cargo, libtorch, succeed};

pub fn run(arguments: &[&str]) -> Result<()> {
    let folder = libtorch::provide()?;
    let mut song_map = cargo();
    song_map.args(["run", "--release", "--package", "songscape-examples"]);
    song_map.args(["--features", "pipeline", "--example", "song_map", "--"]);
    if !arguments.contains(&"--out") {
        song_map.args(["--out", "target/demo"]);
    }
    song_map.args(arguments).env("LIBTORCH", folder);
    succeed(&mut song_map, "the demo")
}
