//! Our network, once: `WORK CONFIGURATION PRECISION BATCH [DEVICE]` -> JSON with crops a second, the median
//! of a few runs. `peers.py` starts it, a process for each measurement.
//!
//! WORK is `embed` (forward), `train` (forward, backward and AdamW on a contrastive loss over pairs),
//! `load` (the crops of the pairs of a batch as tensors, and nothing else), or `songs` (whole songs of
//! 45 s, BATCH pieces at once, which counts pieces of 1,024 columns). `weights` writes the network that
//! the others run, for PyTorch.

use std::hint::black_box;
use std::time::Instant;

use songscape_contrastive::{AdamW, PairSampler, Songs, loss};
use songscape_resnet::{
    DeviceChoice, Embedder, EncoderConfig, Model, Precision, images, keep_freed_memory,
};
use tch::{Device, Kind, Tensor};

const ROWS: usize = 256;

type Outcome = Result<f64, Box<dyn std::error::Error>>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(result) = run(&arguments) else {
        eprintln!(
            "usage: encoder_once embed|train|load|songs published|stem16|demo f32|bf16 BATCH [DEVICE]\n       \
             encoder_once weights published|stem16|demo f32 FILE"
        );
        std::process::exit(2);
    };
    match result {
        Ok(found) => println!("{{\"crops_per_second\": {found}}}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// `None` for arguments that are none.
fn run(arguments: &[String]) -> Option<Outcome> {
    let (arguments, device) = match arguments {
        [arguments @ .., device] if arguments.len() == 4 => (arguments, device.parse().ok()?),
        _ => (arguments, DeviceChoice::Cpu),
    };
    let [work, configuration, precision, last] = arguments else { return None };
    let (config, columns) = match configuration.as_str() {
        "published" => (EncoderConfig::published(), 1024),
        "stem16" => (EncoderConfig::narrow(16), 256),
        "demo" => (EncoderConfig::demo(), 256),
        _ => return None,
    };
    let precision = match precision.as_str() {
        "f32" => Precision::F32,
        "bf16" => Precision::Bf16,
        _ => return None,
    };
    if work == "weights" {
        let saved = Model::new(&config, Device::Cpu, 1).and_then(|model| model.save(last));
        return Some(saved.map(|()| 0.0).map_err(Into::into));
    }
    let batch = last.parse().ok().filter(|batch| *batch >= 4)?;
    let work = match work.as_str() {
        "embed" => embed,
        "train" => train,
        "load" => load,
        "songs" => songs,
        _ => return None,
    };
    let device = device.resolve();
    if matches!(device, Ok(Device::Cpu)) {
        keep_freed_memory(); // as programs do
    }
    Some(
        device
            .map_err(Into::into)
            .and_then(|device| work(&Setting { config, columns, precision, batch, device })),
    )
}

/// What is measured: a network and what runs through it.
struct Setting {
    config: EncoderConfig,
    /// Of a crop.
    columns: usize,
    precision: Precision,
    /// Crops that run through the network together.
    batch: usize,
    device: Device,
}

impl Setting {
    fn images(&self) -> Result<Tensor, songscape_resnet::Error> {
        let pixels = noise(self.batch * self.columns * ROWS);
        let slices: Vec<&[u8]> = pixels.chunks_exact(self.columns * ROWS).collect();
        images(&slices, ROWS, self.precision, self.device)
    }
}

/// `crops` over the median time of some runs, after one that is not counted.
fn measure(crops: usize, mut run: impl FnMut() -> Outcome) -> Outcome {
    black_box(run()?);
    let begin = Instant::now();
    let mut times = Vec::new();
    // Seven, or fewer where they are long.
    while times.len() < 7 && (times.len() < 3 || begin.elapsed().as_secs() < 20) {
        let start = Instant::now();
        black_box(run()?);
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(crops as f64 / times[times.len() / 2])
}

fn noise(count: usize) -> Vec<u8> {
    (0..count as u64).map(|i| (i.wrapping_mul(6_364_136_223_846_793_005) >> 56) as u8).collect()
}

fn embed(setting: &Setting) -> Outcome {
    let model = Model::new(&setting.config, setting.device, 1)?;
    let images = setting.images()?;
    // Reading one number back waits for the device.
    measure(setting.batch, || {
        Ok(tch::no_grad(|| model.encoder().forward(&images))?.double_value(&[0, 0, 0]))
    })
}

fn train(setting: &Setting) -> Outcome {
    let model = Model::new(&setting.config, setting.device, 1)?;
    let images = setting.images()?;
    let mut optimizer = AdamW::new(&model.parameters().flat(), 0.9, 0.999, 0.0)?;
    let half = setting.batch as i64 / 2;
    measure(setting.batch, || {
        let outputs = model.head().forward(&model.encoder().forward(&images)?)?;
        let loss =
            loss::decoupled(&outputs.narrow(0, 0, half), &outputs.narrow(0, half, half), 0.1)?;
        let gradient = model.parameters().gradient(&loss)?;
        optimizer.step(&model.parameters().flat(), &gradient, 1e-4)?;
        Ok(f64::try_from(loss)? + model.parameters().flat().double_value(&[0]))
    })
}

fn load(setting: &Setting) -> Outcome {
    let &Setting { columns, precision, batch, device, .. } = setting;
    // More than the caches hold.
    let pixels: Vec<Vec<u8>> = vec![noise(4 * columns * ROWS); batch.max(64)];
    let songs = Songs::new(ROWS, pixels.iter().map(Vec::as_slice).collect())?;
    let pairs = (batch / 2).max(2);
    let sampler = PairSampler::new(&songs, columns, pairs, 0, 1)?;
    let mut step = 0;
    measure(2 * pairs, || {
        step += 1;
        let crop =
            |song: usize, start: usize| &songs.pixels(song)[start * ROWS..(start + columns) * ROWS];
        let drawn = sampler.batch(step);
        let crops: Vec<&[u8]> =
            drawn.iter().flat_map(|pair| pair.starts.map(|start| crop(pair.song, start))).collect();
        let found = images(&crops, ROWS, precision, device)?;
        Ok(found.select(0, 0).to_kind(Kind::Float).double_value(&[0, 0, 0]))
    })
}

fn songs(setting: &Setting) -> Outcome {
    const COLUMNS: usize = 9_000;
    const SONGS: usize = 8;
    let &Setting { ref config, precision, batch, device, .. } = setting;
    let model = Model::new(config, device, 1)?;
    let pixels: Vec<Vec<u8>> = vec![noise(COLUMNS * ROWS); SONGS];
    let slices: Vec<&[u8]> = pixels.iter().map(Vec::as_slice).collect();
    let embedder = Embedder { chunks_per_batch: batch, precision, ..Embedder::default() };
    measure(SONGS * COLUMNS / 1024, || {
        Ok(f64::from(embedder.embed_songs(&model, &slices)?[0][[0, 0]]))
    })
}
