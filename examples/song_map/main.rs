//! The main job: from music to a map of it. `cargo run --release --example song_map -- --help`.

// Without libtorch in the build, the program builds itself again with it.
#[cfg(feature = "pipeline")]
mod job;
#[cfg(not(feature = "pipeline"))]
mod launch;

fn main() -> std::process::ExitCode {
    #[cfg(feature = "pipeline")]
    return job::main();
    #[cfg(not(feature = "pipeline"))]
    return launch::main();
}
