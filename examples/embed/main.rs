//! One vector for each song of a store, by an encoder: `embed -- MODEL STORE --out DIR`.
//! `cargo run --release --features pipeline --example embed -- --help`.

use std::ops::Not;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde::{Deserialize, Serialize};
use songscape::analysis::vectors::write_npy;
use songscape::audio::Store;
use songscape::project::{
    Failure, Progress, Project, Shard, Song, SongTable, Source, Stage, State, hash_file,
    remove_folder_if_there,
};
use songscape::resnet::{DeviceChoice, Embedder, Model, Pooling, Precision};
use songscape::vectors::{Embedding, Images, Keep, songs_of};
use songscape::{Error, Result};
use songscape_examples::{Bars, End, device, print, start};

/// One vector for each song of a store, by a trained encoder.
///
/// Writes vectors.npy ([songs, d] float32) and songs.csv, whose rows are those of the vectors: what
/// `analyze --vectors DIR/vectors.npy --catalog DIR/songs.csv` takes. Images that are not like those
/// that the encoder was trained on are refused. Songs too short for one vector are left out of both and
/// listed in failures.csv. Finished work is kept: run it again after an interruption, or when the store
/// has changed; only songs that are new or changed are computed. With --baselines also trained-encoder.npy
/// and a file for each baseline, for `evaluate`; with --frames also a vector for every 64 columns (0.32 s)
/// of each song, features/ID.npy.
///
/// Many machines share the songs: each runs the same with --shard I/N, and one, at the end, with --merge, which
/// computes nothing.
///
/// Exit codes: 0 done; 1 fatal; 2 usage; 3 done, but some songs were left out (see failures.csv);
/// 130 interrupted, run again to continue.
#[derive(Parser)]
struct Arguments {
    /// The encoder: a model.safetensors that `train` or `song_map` wrote
    model: PathBuf,
    /// The store of images: what `song_map` leaves in OUT/spectrograms
    store: PathBuf,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How the vectors of a song become one: `mean`, or `mean-deviation`, which is twice as long
    /// [default: what the model was trained for, or mean if it does not say]
    #[arg(long)]
    pooling: Option<Pooling>,
    /// Table with the songs' titles, artists and years [default: songs.csv beside the store; where
    /// there is none, the images stand for the songs]
    #[arg(long, value_name = "CSV")]
    songs: Option<PathBuf>,
    /// Also the vectors in time
    #[arg(long)]
    frames: bool,
    /// Also the vectors of what needs no learning, with those of the halves of songs
    #[arg(long)]
    baselines: bool,
    /// Only part I of N, from 0/N; with N alone, SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX is I
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Join the parts that --shard made
    #[arg(long, conflicts_with = "shard")]
    merge: bool,
    /// Number format of the arithmetic: f32 or bf16
    #[arg(long, default_value_t)]
    precision: Precision,
    /// Pieces of songs (20 s) that run through the network together
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

/// The meaning of the vectors: raised when the same parameters would give others.
const VERSION: u32 = 1;

/// What the vectors are made with: other parameters in the same folder are refused by name.
#[derive(Serialize, Deserialize)]
struct Made {
    pooling: Pooling,
    precision: Precision,
    #[serde(default, skip_serializing_if = "Not::not")]
    frames: bool,
    #[serde(default, skip_serializing_if = "Not::not")]
    baselines: bool,
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<End> {
    let &Arguments { ref out, precision, batch, frames, baselines, .. } = arguments;
    let device = device(arguments.device)?;
    let model = Model::load(&arguments.model, device)?;
    let store = Store::new(&arguments.store);
    let images = Images::open(&store)?;
    let embedding = Embedding::new(&model);
    let pooling = arguments.pooling.unwrap_or(embedding.pooling);
    let chunks_per_batch = usize::from(batch);
    let embedder = Embedder { chunks_per_batch, precision, ..Embedder::default() };
    let embedding = Embedding { pooling, embedder, ..embedding };

    // What is wrong is said before there is a folder.
    embedding.check(&images)?;
    let (songs, left_out) = embedding.long_enough(&images);
    if songs.is_empty() {
        let (columns, all) = (model.config().columns_per_vector(), images.pixels().len());
        let reason = format!("none of {all} songs has {columns} columns");
        return Err(Error::input(store.folder(), reason));
    }
    let ids: Vec<String> = songs.iter().map(|&song| images.pixels().ids()[song].clone()).collect();
    let table = table(arguments, &store, &ids)?;

    let made = Made { pooling, precision, frames, baselines };
    let inputs = [("model", hash_file(&arguments.model)?), ("images", store.fingerprint()?)];
    let sources = if baselines { &Source::ALL[..] } else { &[Source::TrainedEncoder] };
    let kept = |folder: &Path| {
        let folder = folder.to_owned();
        if frames { Keep::Features(folder) } else { Keep::Vectors(folder) }
    };
    if let Some(shard) = arguments.shard {
        let (_project, stage) = open(&shard.folder(out), &made, &inputs)?;
        let keep = kept(stage.folder());
        let vectors = embedding.compute_shard(shard, &images, sources, &keep, progress)?;
        stage.finish()?;
        return print(format_args!("{} vectors of shard {shard}", vectors.ids.len()))
            .map(End::from);
    }
    let shards = if arguments.merge { Shard::all(out)? } else { Vec::new() };
    Shard::check(&shards, out, VERSION, &made, |_| inputs.to_vec())?;
    let (project, stage) = open(out, &made, &inputs)?;
    if stage.state() != State::Done {
        let keep = kept(project.root());
        let parts: Vec<Keep> = shards.iter().map(|shard| kept(&shard.folder(out))).collect();
        if arguments.merge {
            embedding.gather(&images, sources, &keep, &parts)?;
        }
        let vectors = embedding.compute(&images, sources, &keep, progress)?;
        write_npy(project.path("vectors.npy"), vectors.sets[0].whole.view())?;
        if baselines {
            vectors.write(project.root())?;
        }
        Failure::record(project.path("failures.csv"), "vectors", &left_out)?;
    }
    // Always written: titles and years may have changed where the images have not.
    table.write(project.path("songs.csv"))?;
    stage.finish()?;
    let width = pooling.width(model.config().channels());
    print(format_args!("{} vectors of {width} numbers: {}", ids.len(), out.display()))?;
    Ok(match left_out.len() {
        0 => End::Done,
        count => End::LeftOut { count, list: out.join("failures.csv") },
    })
}

/// Holds a folder of vectors. What was made from other images or by another encoder is removed.
fn open(folder: &Path, made: &Made, inputs: &[(&str, String)]) -> Result<(Project, Stage)> {
    let project = Project::open(folder)?;
    let stage = Stage::open(folder, VERSION, made, inputs)?;
    if stage.state() == State::Outdated {
        remove_folder_if_there(project.path("features"))?;
    }
    Ok((project, stage))
}

/// What is known of the songs, in the order of the vectors.
fn table(arguments: &Arguments, store: &Store, ids: &[String]) -> Result<SongTable> {
    let beside = || arguments.store.parent().unwrap_or(Path::new("")).join("songs.csv");
    let known = arguments.songs.clone().or_else(|| Some(beside()).filter(|path| path.is_file()));
    Ok(match known {
        Some(path) => songs_of(path, ids)?,
        None => {
            let song =
                |id: &String| Song { id: id.clone(), path: store.image(id), ..Song::default() };
            SongTable { songs: ids.iter().map(song).collect(), ..SongTable::default() }
        }
    })
}
