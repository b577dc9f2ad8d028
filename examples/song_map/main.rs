//! The main job: from music to a map of it. `cargo run --release --example song_map -- --help`.

#[cfg(feature = "pipeline")]
mod job;

fn main() -> std::process::ExitCode {
    #[cfg(feature = "pipeline")]
    return job::main();
    // Without libtorch in the build, the program builds itself again with it.
    #[cfg(not(feature = "pipeline"))]
    return songscape_examples::launch("song_map");
}
