//! Computes one vector for each song of a store, by an encoder: `embed -- MODEL STORE --out DIR`.
//! `cargo run --release --features pipeline --example embed -- --help`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use songscape::Result;
use songscape::audio::Store;
use songscape::contrastive::learned::LearnedChanges;
use songscape::project::{Progress, Shard};
use songscape::resnet::{DeviceChoice, Embedder, ModelSource, Pooling, Precision};
use songscape::vectors::{EmbeddedStore, Embedding};
use songscape_examples::{Bars, End, Remote, device, print, start};

/// Compute one vector for each song of a store, by a trained encoder.
///
/// Writes vectors.npy ([songs, d] float32) and songs.csv, whose rows are those of the vectors: what
/// `analyze --vectors DIR/vectors.npy --catalog DIR/songs.csv` takes. Images made with other parameters than
/// those that the encoder was trained on are refused. Songs too short for one vector are left out of both and
/// listed in failures.csv. Finished work is kept: run it again after an interruption, or when the store
/// has changed; only new and changed songs are computed.
///
/// Many machines can share the songs: each runs the same command with --shard I/N, and at the end one runs it
/// with --merge, which computes nothing.
///
/// Exit codes: 0 done; 1 fatal; 2 usage; 3 done, but some songs were left out (see failures.csv);
/// 130 interrupted, run again to continue.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The encoder: a model.safetensors that `train` or `song_map` wrote, or `pretrained`, which comes with
    /// the program
    model: ModelSource,
    /// The store of images: what `song_map` leaves in OUT/spectrograms
    store: PathBuf,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How the vectors of a song become one: mean, or mean-deviation, which is twice as long
    /// [default: what the model was trained for, or mean if it does not say]
    #[arg(long)]
    pooling: Option<Pooling>,
    /// Table with the songs' titles, artists and years [default: songs.csv beside the store; if there is
    /// none, the songs are named by their images]
    #[arg(long, value_name = "CSV")]
    songs: Option<PathBuf>,
    /// Also write the vectors over time, features/ID.npy: one for every 64 columns (0.32 s) with five stages
    #[arg(long)]
    frames: bool,
    /// Also write the vectors of every baseline, and of the halves of songs, for `evaluate`
    #[arg(long)]
    baselines: bool,
    /// Also write the vectors learned on top of chroma changes, by a file that `learn_changes` wrote
    #[arg(long, value_name = "FILE")]
    learned: Option<PathBuf>,
    /// Compute only part I of N, from 0/N; with N only, I is SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Join the parts that --shard made
    #[arg(long, conflicts_with = "shard")]
    merge: bool,
    /// Number format of the arithmetic: f32 or bf16
    #[arg(long, default_value_t)]
    precision: Precision,
    /// Pieces of songs (20 s) that run through the network together: more take more memory
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Where the network runs: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    #[command(flatten)]
    remote: Remote,
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<End> {
    let &Arguments { ref out, precision, batch, frames, baselines, .. } = arguments;
    let model = arguments.model.load(device(arguments.device)?)?;
    let store = &Store::new(&arguments.store);
    let embedding = Embedding::new(&model);
    let pooling = arguments.pooling.unwrap_or(embedding.pooling);
    let chunks_per_batch = usize::from(batch);
    let embedder = Embedder { chunks_per_batch, precision, ..Embedder::default() };
    let learned = arguments.learned.as_ref().map(LearnedChanges::load).transpose()?;
    let learned = learned.as_ref();
    let embedding = &Embedding { pooling, embedder, learned, ..embedding };
    let beside = arguments.store.parent().unwrap_or(Path::new("")).join("songs.csv");
    let beside = beside.is_file().then_some(beside);
    let songs = arguments.songs.as_ref().or(beside.as_ref()).map(PathBuf::as_path);
    let model = &arguments.model;
    let embedded = EmbeddedStore { embedding, model, store, songs, frames, baselines };
    if let Some(shard) = arguments.shard {
        let songs = embedded.make_shard(shard, out, progress)?;
        arguments.remote.put(shard, out, progress)?;
        return print(format_args!("{songs} vectors of shard {shard}")).map(End::from);
    }
    arguments.remote.get(out, progress)?;
    let made = match arguments.merge {
        true => embedded.merge(out, progress)?,
        false => embedded.make(out, progress)?,
    };
    print(format_args!("{} vectors of {} numbers: {}", made.songs, made.width, out.display()))?;
    Ok(match made.left_out {
        0 => End::Done,
        count => End::LeftOut { count, list: out.join("failures.csv") },
    })
}
