//! Writes the demo music: `demo_music FOLDER [SONGS] [SEED] [THREADS]`, and says how fast.

use std::path::Path;
use std::time::Instant;

use songscape_project::Silent;
use songscape_synth::{Params, write_library};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first().filter(|first| !first.starts_with('-')) else {
        println!("usage: demo_music FOLDER [SONGS] [SEED] [THREADS]");
        return Ok(());
    };
    let number = |index: usize, default: u64| {
        arguments.get(index).map_or(Ok(default), |text| text.parse::<u64>())
    };
    let params =
        Params { songs: number(1, 240)? as usize, seed: number(2, 1)?, ..Params::default() };
    let start = Instant::now();
    let manifest = write_library(Path::new(folder), &params, number(3, 0)? as usize, &Silent)?;
    let seconds = start.elapsed().as_secs_f64();
    let speed = params.songs as f64 * params.seconds / seconds;
    println!(
        "{}: {} songs in {seconds:.2} s, {speed:.0} times real time",
        manifest.display(),
        params.songs
    );
    Ok(())
}
