//! One vector for each song of a store, by an encoder: `embed -- MODEL STORE --out DIR`.
//! `cargo run --release --features pipeline --example embed -- --help`.

mod rows;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use clap::{Parser, ValueEnum};
use songscape::analysis::vectors::write_npy;
use songscape::audio::{Catalog, Pixels, Song, Store};
use songscape::pipeline::Error;
use songscape::project::{Failure, Progress, Project, Stage, State, hash_file};
use songscape::resnet::{DeviceChoice, Embedder, Model, Pooling, Precision};
use songscape_examples::{Bars, End, start};

use rows::Rows;

/// One vector for each song of a store, by a trained encoder.
///
/// Writes vectors.npy ([songs, d] float32) and songs.csv, whose rows are those of the vectors: what
/// `analyze --vectors DIR/vectors.npy --catalog DIR/songs.csv` takes. Songs too short for one vector
/// are left out of both and listed in failures.csv. What is done is kept: run it again after an
/// interruption, or when the store has changed.
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
    #[arg(long, default_value_t)]
    pooling: Pooling,
    /// Table with the songs' titles, artists and years [default: songs.csv beside the store; where
    /// there is none, the images stand for the songs]
    #[arg(long, value_name = "CSV")]
    songs: Option<PathBuf>,
    /// Number format of the arithmetic
    #[arg(long, value_enum, default_value = "f32")]
    precision: Format,
    /// Pieces of songs (20 s) that run through the network together
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    F32,
    Bf16,
}

/// The stage in failures.csv.
const STAGE: &str = "vectors";

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<End> {
    let device = arguments.device.resolve()?;
    let model = Model::load(&arguments.model, device)?;
    let pixels = Pixels::open(&arguments.store)?;
    let (rows, unit) = (model.config().rows, model.config().columns_per_vector());
    if pixels.rows() != rows && !pixels.is_empty() {
        bail!("images of {} rows, but the encoder takes {rows}", pixels.rows());
    }
    let (songs, short): (Vec<usize>, Vec<usize>) =
        (0..pixels.len()).partition(|&song| pixels.columns(song) >= unit);
    if songs.is_empty() {
        bail!("{}: none of {} songs has {unit} columns", arguments.store.display(), pixels.len());
    }
    let catalog = catalog(arguments, &pixels, &songs)?;

    let project = Project::open(&arguments.out)?;
    let precision = match arguments.precision {
        Format::F32 => Precision::F32,
        Format::Bf16 => Precision::Bf16,
    };
    let stage = Stage::open(
        project.root(),
        1,
        &serde_json::json!({ "pooling": arguments.pooling, "precision": precision }),
        &[
            ("model", hash_file(&arguments.model)?),
            ("images", Store::new(&arguments.store).fingerprint()?),
        ],
    )?;
    if stage.state() != State::Done {
        let width = arguments.pooling.width(model.config().channels());
        let mut done = match stage.state() {
            State::Unfinished => Rows::reopen(project.path("vectors.part"), width)?,
            _ => Rows::create(project.path("vectors.part"), width)?,
        };
        let batch = usize::from(arguments.batch);
        let embedder = Embedder { chunks_per_batch: batch, precision, ..Embedder::default() };
        progress.begin("vectors", songs.len() as u64, "songs");
        progress.advance(done.count() as u64);
        while done.count() < songs.len() {
            if progress.interrupted() {
                progress.end();
                return Err(Error::Interrupted.into());
            }
            let left = &songs[done.count()..];
            let columns = left.iter().map(|&song| pixels.columns(song));
            let next = &left[..embedder.songs_per_batch(model.config(), columns)];
            let slices: Vec<&[u8]> = next.iter().map(|&song| pixels.song(song)).collect();
            for features in embedder.embed_songs(&model, &slices)? {
                done.push(&arguments.pooling.apply(&features).to_vec())?;
            }
            progress.advance(next.len() as u64);
        }
        progress.end();
        write_npy(&project.path("vectors.npy"), done.read()?.view())?;
        let failures: Vec<Failure> = short
            .iter()
            .map(|&song| {
                let found = format!("{} columns, expected at least {unit}", pixels.columns(song));
                Failure::new(STAGE, pixels.ids()[song].as_str(), found)
            })
            .collect();
        Failure::record(&project.path("failures.csv"), STAGE, &failures)?;
        done.remove()?;
    }
    // Written always: titles and years may have changed where the images have not.
    catalog.write_csv(&project.path("songs.csv"))?;
    stage.finish()?;
    let width = arguments.pooling.width(model.config().channels());
    println!("{} vectors of {width} numbers: {}", songs.len(), arguments.out.display());
    Ok(match short.len() {
        0 => End::Done,
        count => End::LeftOut { count, list: arguments.out.join("failures.csv") },
    })
}

/// What is known of the songs, in the order of the vectors.
fn catalog(arguments: &Arguments, pixels: &Pixels, songs: &[usize]) -> Result<Catalog> {
    let beside = || arguments.store.parent().unwrap_or(Path::new("")).join("songs.csv");
    let table = arguments.songs.clone().or_else(|| Some(beside()).filter(|path| path.is_file()));
    let known = table.as_deref().map(Catalog::read_csv).transpose()?;
    let by_id: HashMap<&str, &Song> =
        known.iter().flat_map(|k| &k.songs).map(|song| (song.id.as_str(), song)).collect();
    let ids = songs.iter().map(|&song| &pixels.ids()[song]);
    let songs = ids.map(|id| match (&table, by_id.get(id.as_str())) {
        (Some(table), None) => Err(anyhow!("{}: no song {id}", table.display())),
        (_, Some(song)) => Ok((*song).clone()),
        (None, None) => {
            let path = Store::new(&arguments.store).image(id);
            Ok(Song { id: id.clone(), path, ..Default::default() })
        }
    });
    let songs = songs.collect::<Result<_>>()?;
    let Catalog { root, columns, .. } = known.clone().unwrap_or_default();
    Ok(Catalog { root, columns, songs })
}
