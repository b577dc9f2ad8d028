//! Training on the images of a store, and how well the vectors find a song again.
//! `cargo run --release --features pipeline --example train -- --help`.

#[path = "song_map/bars.rs"]
mod bars;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Parser;
use ndarray::Array2;
use songscape::audio::{Catalog, Pixels};
use songscape::contrastive::baseline::{self, Pitches, row_statistics};
use songscape::contrastive::retrieval::{
    Retrieval, gap, halves, same_label, same_row, standardized,
};
use songscape::contrastive::{Augment, Error, Loss, Songs, TrainParams, probe, train};
use songscape::resnet::{DeviceChoice, Embedder, EncoderConfig, Model, mean};

use bars::Bars;

/// Train an encoder without labels on a store of images, and score it beside its baselines.
///
/// A store is what `song_map` leaves in OUT/spectrograms. Exit codes: 0 done; 1 fatal; 2 usage;
/// 130 interrupted, run again to continue.
#[derive(Parser)]
struct Arguments {
    /// The store of images
    images: PathBuf,
    /// Folder for the model, its history and its checkpoints; what is done there already is kept
    #[arg(long)]
    out: PathBuf,
    /// The songs' catalog (CSV with a column id), for --group and --label
    #[arg(long)]
    songs: Option<PathBuf>,
    /// Column of the catalog with which recordings belong together; it is used in scoring alone
    #[arg(long, requires = "songs")]
    group: Option<String>,
    /// Column of the catalog that a linear probe and the five nearest songs try to tell; songs with the
    /// same --group are on one side
    #[arg(long, requires = "songs")]
    label: Option<String>,
    /// Channels of the stem: 8 is the demo network, 64 the published one
    #[arg(long, default_value_t = 8)]
    stem: usize,
    /// Channels of each stage as multiples of the stem's; each stage halves rows and columns
    #[arg(long, value_delimiter = ',')]
    stages: Option<Vec<usize>>,
    #[arg(long)]
    steps: Option<usize>,
    /// Pairs in a batch
    #[arg(long)]
    pairs: Option<usize>,
    /// Columns of a crop
    #[arg(long)]
    crop: Option<usize>,
    /// Least distance between the crops of a pair, in columns
    #[arg(long)]
    distance: Option<usize>,
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Loss as JSON, such as {"kind":"nt_xent","temperature":0.1}
    #[arg(long, value_parser = json::<Loss>)]
    loss: Option<Loss>,
    /// Augmentations as JSON, such as {"gain":6,"equalizer":4}
    #[arg(long, value_parser = json::<Augment>)]
    augment: Option<Augment>,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if matches!(error.downcast_ref(), Some(Error::Interrupted { .. })) => {
            eprintln!("interrupted; run the same command again to continue");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("train: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let bars = Arc::new(Bars::default());
    let on_interrupt = Arc::clone(&bars);
    let _ = ctrlc::set_handler(move || on_interrupt.interrupt());
    let pixels = Pixels::open(&arguments.images)?;
    let songs = Songs::new(pixels.rows(), (0..pixels.len()).map(|i| pixels.song(i)).collect())?;
    let device = arguments.device.resolve()?;
    let narrow = EncoderConfig::narrow(arguments.stem);
    let stage_multipliers = arguments.stages.clone().unwrap_or(narrow.stage_multipliers);
    let config = EncoderConfig { stage_multipliers, ..narrow };
    let demo = TrainParams::demo();
    let params = TrainParams {
        steps: arguments.steps.unwrap_or(demo.steps),
        pairs: arguments.pairs.unwrap_or(demo.pairs),
        crop_columns: arguments.crop.unwrap_or(demo.crop_columns),
        min_distance: arguments.distance.unwrap_or(demo.min_distance),
        learning_rate: arguments.learning_rate.unwrap_or(demo.learning_rate),
        loss: arguments.loss.unwrap_or(demo.loss),
        augment: arguments.augment.clone().unwrap_or_default(),
        seed: arguments.seed,
        ..demo
    };
    let numbers = |column: &Option<String>| match (&arguments.songs, column) {
        (Some(table), Some(column)) => groups(&pixels, table, column).map(Some),
        _ => Ok(None),
    };
    let (groups, labels) = (numbers(&arguments.group)?, numbers(&arguments.label)?);
    let trained = train(&songs, &config, &params, device, &arguments.out, &*bars)?;
    let seconds = trained.history.last().map_or(0.0, |step| step.seconds);
    println!("{} steps in {seconds:.0} s", trained.history.len());

    let untrained = Model::new(&config, device, params.seed)?;
    let pitches = Pitches::new(pixels.rows(), 30.0, 12_000.0, params.augment.range_db);
    let apart = gap(&config);
    let embed = |model: &Model| {
        vectors(&songs, |song| {
            let features = Embedder::default().embed(model, song)?;
            let parts = halves(&features, apart).map(|(a, b)| [a.to_vec(), b.to_vec()]);
            Ok((mean(&features).to_vec(), parts))
        })
    };
    let of_pixels = |vector: &dyn Fn(&[u8]) -> Vec<f32>| {
        vectors(&songs, |song| {
            let parts = baseline::halves(song, songs.rows(), apart * config.columns_per_vector());
            Ok((vector(song), parts.map(|(a, b)| [vector(a), vector(b)])))
        })
    };
    let figures = ["@1", "@5", "@10", "MRR"].map(|figure| format!("{figure:>7}")).concat();
    print!("{:<20}{:>8}{figures}", "", "halves");
    if groups.is_some() {
        print!("{:>8}{figures}", "group");
    }
    if labels.is_some() {
        print!("{:>9}{:>9}{:>9}", "linear", "5-NN", "constant");
    }
    println!();
    for (name, vectors) in [
        ("trained encoder", embed(&trained.model)?),
        ("untrained encoder", embed(&untrained)?),
        ("row statistics", of_pixels(&|song| row_statistics(song, songs.rows()))?),
        ("chroma", of_pixels(&|song| pitches.chroma(song))?),
    ] {
        let (first, second) = standardized(&vectors.first, &vectors.second)?;
        print!("{name:<20}");
        score(same_row(&first, &second)?);
        if let Some(groups) = &groups {
            let none = Array2::zeros((0, vectors.whole.ncols()));
            score(same_label(&standardized(&vectors.whole, &none)?.0, groups)?);
        }
        if let Some(labels) = &labels {
            let alone: Vec<usize> = (0..labels.len()).collect();
            let groups = groups.as_ref().unwrap_or(&alone);
            let none = Array2::zeros((0, vectors.whole.ncols()));
            let vectors = standardized(&vectors.whole, &none)?.0;
            let told = probe::linear(&vectors, labels, groups, 5, params.seed)?;
            let near = probe::nearest(&vectors, labels, groups, 5)?;
            print!("{:>9.3}{:>9.3}{:>9.3}", told.accuracy, near.accuracy, told.most_frequent);
        }
        println!();
    }
    Ok(())
}

fn score(found: Retrieval) {
    let Retrieval { recall_1, recall_5, recall_10, reciprocal_rank } = found;
    print!("{:>8}{recall_1:>7.3}{recall_5:>7.3}{recall_10:>7.3}{reciprocal_rank:>7.3}", "");
}

/// One vector for each song, and one for each half of the songs that have two.
struct Vectors {
    whole: Array2<f32>,
    first: Array2<f32>,
    second: Array2<f32>,
}

type Parts = (Vec<f32>, Option<[Vec<f32>; 2]>);

fn vectors(songs: &Songs, parts: impl Fn(&[u8]) -> Result<Parts>) -> Result<Vectors> {
    let mut sets: [Vec<Vec<f32>>; 3] = Default::default();
    for song in 0..songs.len() {
        let (whole, halves) = parts(songs.pixels(song))?;
        sets[0].push(whole);
        if let Some([first, second]) = halves {
            sets[1].push(first);
            sets[2].push(second);
        }
    }
    let [whole, first, second] = sets.map(|rows| {
        let width = rows.first().map_or(0, Vec::len);
        Array2::from_shape_vec((rows.len(), width), rows.concat())
    });
    Ok(Vectors { whole: whole?, first: first?, second: second? })
}

/// A number for each song: that of its value in a column of the catalog.
fn groups(pixels: &Pixels, table: &Path, column: &str) -> Result<Vec<usize>> {
    let catalog = Catalog::read_csv(table)?;
    let Some(place) = catalog.columns.iter().position(|name| name == column) else {
        bail!("{}: no column {column}", table.display());
    };
    let mut numbers = BTreeMap::new();
    pixels
        .ids()
        .iter()
        .map(|id| {
            let song = catalog.songs.iter().find(|song| song.id == *id);
            let song = song.with_context(|| format!("{}: no song {id}", table.display()))?;
            let next = numbers.len();
            Ok(*numbers.entry(song.extra[place].clone()).or_insert(next))
        })
        .collect()
}
