//! One music file to one spectrogram image: `spectrogram -- INPUT --out FILE.png`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use songscape::Error;
use songscape::audio::{ImageParams, Limits, Renderer};
use songscape_examples::{print, start};

/// Turn one music file into a synchrosqueezed spectrogram image: 256 rows from 12 kHz (top) down to
/// 30 Hz, 200 columns a second, 8-bit gray.
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A music file (WAV, AIFF, FLAC, MP3, Opus, Ogg Vorbis, AAC/M4A, ALAC, …)
    input: PathBuf,
    /// The image to write
    #[arg(long, value_name = "FILE.png", value_parser = png)]
    out: PathBuf,
    /// Draw only the first SECONDS
    #[arg(long, value_parser = positive)]
    seconds: Option<f64>,
    /// Decibels from black to white
    #[arg(long, default_value_t = 60.0, allow_negative_numbers = true)]
    range: f32,
}

fn png(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("png") => Ok(path),
        _ => Err("expected a name that ends with .png".into()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 => Ok(seconds),
        _ => Err("expected a number of seconds above 0".into()),
    }
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let params = ImageParams { range_db: arguments.range, ..ImageParams::default() };
    let excerpt = arguments.seconds.unwrap_or(f64::INFINITY);
    let usual = Limits::default();
    let limits = Limits { min_seconds: usual.min_seconds.min(excerpt), ..usual };
    let renderer = Renderer::new(&params, &limits)?.excerpt(excerpt);

    let start = Instant::now();
    let mut song = renderer.render(&arguments.input)?;
    let id = arguments.input.file_stem().unwrap_or_default().to_string_lossy();
    song.write_png(&arguments.out, &id)?;
    let taken = start.elapsed().as_secs_f64();

    print(format_args!(
        "audio      {:.2} s, {} Hz, {} channel(s)",
        song.seconds(),
        song.rate(),
        song.channels()
    ))?;
    print(format_args!("peak       {:.1} dBFS", song.peak_db()))?;
    if song.skipped_packets() > 0 {
        print(format_args!("damaged    {} packets left out", song.skipped_packets()))?;
    }
    for note in song.notes() {
        print(format_args!("note       {note}"))?;
    }
    print(format_args!("image      {} columns × {} rows", song.columns(), params.rows))?;
    print(format_args!(
        "grey       white at {:.1} dB re full-scale sine, black {} dB below",
        song.grey().reference_db,
        params.range_db
    ))?;
    print(format_args!("time       {taken:.3} s, {:.0} × real time", song.seconds() / taken))?;
    print(format_args!("written    {}", arguments.out.display()))?;
    Ok(())
}
