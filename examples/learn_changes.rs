//! Vectors learned on top of chroma changes, from the images of one or more stores: `learn_changes STORE --out FILE`.
//! `cargo run --release --features pipeline --example learn_changes -- --help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use songscape::Result;
use songscape::audio::Store;
use songscape::contrastive::Step;
use songscape::contrastive::learned::LearnedParams;
use songscape::project::Progress;
use songscape::training::learn_changes;
use songscape::vectors::Images;
use songscape_examples::{Bars, json, print, start};

/// Learn vectors on top of chroma changes, without labels: some find a song in any key by one cosine, others
/// turn with the key.
///
/// A store is what `images` writes, or what `song_map` leaves in OUT/spectrograms; all must be made alike.
/// It runs on the CPU. `embed --learned FILE` computes the vectors.
///
/// Exit codes: 0 done; 1 fatal; 2 usage; 130 interrupted, nothing is written.
#[derive(Parser)]
struct Arguments {
    /// The stores of images
    #[arg(required = true)]
    stores: Vec<PathBuf>,
    /// The file to write, such as learned.safetensors
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Fields of LearnedParams as JSON: {"steps":400,"sound":{"room":0}}
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json::<LearnedParams>)]
    params: LearnedParams,
    /// Decides the first weights, the crops and the batches [default: that of the parameters, or 0]
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<()> {
    let stores = arguments.stores.iter().map(|store| Images::open(&Store::new(store)));
    let stores = stores.collect::<Result<Vec<_>>>()?;
    let seed = arguments.seed.unwrap_or(arguments.params.seed);
    let params = LearnedParams { seed, ..arguments.params.clone() };
    let (learned, history) = learn_changes(&stores, &params, progress)?;
    learned.save(&arguments.out)?;
    let last = &history[history.len() - history.len().min(20)..];
    let mean = |of: fn(&Step) -> f64| last.iter().map(of).sum::<f64>() / last.len() as f64;
    let (loss, accuracy) = (mean(|step| step.loss), mean(|step| step.accuracy));
    let (steps, out) = (history.len(), arguments.out.display());
    print(format_args!("{steps} steps, loss {loss:.2}, accuracy {accuracy:.2}: {out}"))
}
