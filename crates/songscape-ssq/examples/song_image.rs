//! The image of a song, by streaming: blocks of samples in, columns out, and memory that does not
//! depend on the length.
//!
//! `cargo run --release -p songscape-ssq --example song_image [FOLDER [SONG.wav]]` writes a picture;
//! without a WAV file of a tune that it plays itself (and writes).

mod picture;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use ndarray::Array2;
use picture::{Panel, draw, levels};
use songscape_ssq::{LogSpectrogram, LogSpectrogramParams};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "target/ssq".into()));
    std::fs::create_dir_all(&folder)?;
    let song = match arguments.next() {
        Some(path) => PathBuf::from(path),
        None => play(&folder.join("tune.wav"))?,
    };

    let mut wav = WavReader::open(&song)?;
    let spec = wav.spec();
    let params = LogSpectrogramParams {
        sampling_rate: f64::from(spec.sample_rate),
        f_max: 12_000f64.min(0.45 * f64::from(spec.sample_rate)),
        ..LogSpectrogramParams::default()
    };
    let plan = LogSpectrogram::new(&params)?;

    // Each finished column arrives here. A program for whole libraries would write it out.
    let mut columns: Vec<f32> = Vec::new();
    let start = Instant::now();
    let mut stream = plan.stream();
    let mut block = Vec::with_capacity(4096);
    let channels = usize::from(spec.channels);
    let mut samples: Box<dyn Iterator<Item = Result<f32, hound::Error>>> = match spec.sample_format
    {
        SampleFormat::Float => Box::new(wav.samples::<f32>()),
        SampleFormat::Int => {
            let unit = (f32::from(spec.bits_per_sample) - 1.0).exp2();
            Box::new(wav.samples::<i32>().map(move |x| Ok(x? as f32 / unit)))
        }
    };
    loop {
        block.clear();
        while block.len() < 4096 {
            let frame: Vec<f32> = samples.by_ref().take(channels).collect::<Result<_, _>>()?;
            if frame.len() < channels {
                break;
            }
            block.push(frame.iter().sum::<f32>() / channels as f32);
        }
        if block.is_empty() {
            break;
        }
        stream.push(&block, &mut |column| columns.extend_from_slice(column))?;
    }
    stream.finish(&mut |column| columns.extend_from_slice(column))?;

    let count = columns.len() / plan.rows();
    let seconds = count as f64 / params.columns_per_second;
    let speed = seconds / start.elapsed().as_secs_f64();
    println!("{count} columns, {seconds:.1} s of sound, {speed:.0} times real time");

    let energies = Array2::from_shape_vec((count, plan.rows()), columns)?;
    let values = levels(&energies.reversed_axes(), 60.0);
    let panel = Panel { title: "SSQ", values, frequencies: plan.frequencies(), seconds };
    let path = folder.join("song_image.png");
    draw(&path, &[panel], (800, 256))?;
    println!("{}", path.display());
    Ok(())
}

/// Plucked notes: a rising and falling scale over two long bass notes.
fn play(path: &Path) -> Result<PathBuf, hound::Error> {
    let rate = 44_100;
    let spec = WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    // Start in s, semitones above A3 (220 Hz), decay per s.
    let steps = [0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2, 0, 7];
    let melody = steps.iter().enumerate().map(|(i, s)| (0.25 * i as f64, f64::from(*s), 4.0));
    let notes: Vec<(f64, f64, f64)> =
        melody.chain([(0.0, -24.0, 0.8), (2.0, -17.0, 0.8)]).collect();
    let mut wav = WavWriter::create(path, spec)?;
    for n in 0..rate * 5 {
        let t = f64::from(n) / f64::from(rate);
        let sound =
            notes.iter().filter(|(start, ..)| t >= *start).map(|(start, semitones, decay)| {
                let (t, f) = (t - start, 220.0 * (semitones / 12.0).exp2());
                let attack = (t * 200.0).min(1.0);
                (1..=8)
                    .map(f64::from)
                    .map(|h| {
                        (std::f64::consts::TAU * f * h * t).sin() * (-decay * h.sqrt() * t).exp()
                            / h
                    })
                    .sum::<f64>()
                    * attack
            });
        wav.write_sample((sound.sum::<f64>() * 6000.0).clamp(-32_768.0, 32_767.0) as i16)?;
    }
    wav.finalize()?;
    Ok(path.to_owned())
}
