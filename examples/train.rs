//! Training on the images of a store, and how well the vectors find a song again.
//! `cargo run --release --features pipeline --example train -- --help`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use ndarray::Array2;
use songscape::analysis::pca::Pca;
use songscape::audio::{Catalog, ImageParams, Pixels, Store};
use songscape::contrastive::baseline::{self, Pitches, row_statistics};
use songscape::contrastive::retrieval::{
    Retrieval, gap, halves, same_label, same_row, standardized,
};
use songscape::contrastive::{Augment, Loss, Songs, TrainParams, probe, train};
use songscape::project::Progress;
use songscape::resnet::{DeviceChoice, Embedder, EncoderConfig, Model, Pooling};
use songscape_examples::{Bars, start};

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
    /// Channels of each stage as multiples of the stem's; each stage halves rows and columns. Without
    /// it 2,4,4,8,32
    #[arg(long, value_delimiter = ',')]
    stages: Option<Vec<usize>>,
    /// Steps of training
    #[arg(long, default_value_t = TrainParams::demo().steps)]
    steps: usize,
    /// Pairs in a batch
    #[arg(long, default_value_t = TrainParams::demo().pairs)]
    pairs: usize,
    /// Columns of a crop
    #[arg(long, default_value_t = TrainParams::demo().crop_columns)]
    crop: usize,
    /// Least distance between the crops of a pair, in columns
    #[arg(long, default_value_t = TrainParams::demo().min_distance)]
    distance: usize,
    /// The largest learning rate
    #[arg(long, default_value_t = TrainParams::demo().learning_rate, allow_negative_numbers = true)]
    learning_rate: f64,
    /// Loss as JSON, such as {"kind":"nt_xent","temperature":0.1}; kinds are dcl, nt_xent, sigmoid and
    /// seed_nce. Without it that of the demo
    #[arg(long, value_parser = json::<Loss>)]
    loss: Option<Loss>,
    /// "harmony" for what leaves harmony and rhythm alone, or augmentations as JSON, such as
    /// {"gain":6,"equalizer":4}
    #[arg(long, value_parser = augmentations)]
    augment: Option<Augment>,
    /// How the vectors of a song become one when they are scored: `mean` or `mean-deviation`; the
    /// baselines are means and deviations always
    #[arg(long, default_value_t = Pooling::MeanDeviation)]
    pooling: Pooling,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

/// Components of the whitened vectors, the same for all models.
const COMPONENTS: usize = 64;

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| format!("expected JSON: {e}"))
}

fn augmentations(text: &str) -> Result<Augment, String> {
    match text {
        "harmony" => Ok(Augment::harmony()),
        _ => json(text).map_err(|e| format!("neither \"harmony\" nor augmentations; {e}")),
    }
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<()> {
    let store = Store::new(&arguments.images);
    let (pixels, images) = (store.pixels()?, store.parameters()?);
    let songs = Songs::new(pixels.rows(), (0..pixels.len()).map(|i| pixels.song(i)).collect())?;
    let device = arguments.device.resolve()?;
    let narrow = EncoderConfig::narrow(arguments.stem);
    let stage_multipliers = arguments.stages.clone().unwrap_or(narrow.stage_multipliers);
    let config = EncoderConfig { stage_multipliers, ..narrow };
    let demo = TrainParams::demo();
    let params = TrainParams {
        steps: arguments.steps,
        pairs: arguments.pairs,
        crop_columns: arguments.crop,
        min_distance: arguments.distance,
        learning_rate: arguments.learning_rate,
        loss: arguments.loss.unwrap_or(demo.loss),
        augment: Augment {
            range_db: images.range_db.into(),
            rows_per_octave: (images.rows - 1) as f64 / (images.f_max / images.f_min).log2(),
            ..arguments.augment.clone().unwrap_or_default()
        },
        seed: arguments.seed,
        ..demo
    };
    let numbers = |column: &Option<String>| match (&arguments.songs, column) {
        (Some(table), Some(column)) => groups(&pixels, table, column).map(Some),
        _ => Ok(None),
    };
    let (groups, labels) = (numbers(&arguments.group)?, numbers(&arguments.label)?);
    let trained = train(&songs, &config, &params, device, &arguments.out, progress)?;
    let seconds = trained.history.last().map_or(0.0, |step| step.seconds);
    println!("{} steps in {seconds:.0} s", trained.history.len());
    println!("written {}", arguments.out.join("model.safetensors").display());

    let untrained = Model::new(&config, device, params.seed)?;
    let ImageParams { rows, f_min, f_max, range_db, .. } = images;
    let pitches = Pitches::new(rows, f_min, f_max, range_db.into());
    let (apart, pooling) = (gap(&config), arguments.pooling);
    let embed = |model: &Model| {
        vectors(&songs, |song| {
            let features = Embedder::default().embed(model, song)?;
            let parts = halves(&features, apart, pooling).map(|(a, b)| [a.to_vec(), b.to_vec()]);
            Ok((pooling.apply(&features).to_vec(), parts))
        })
    };
    let of_pixels = |vector: &dyn Fn(&[u8]) -> Vec<f32>| {
        vectors(&songs, |song| {
            let parts = baseline::halves(song, songs.rows(), apart * config.columns_per_vector());
            Ok((vector(song), parts.map(|(a, b)| [vector(a), vector(b)])))
        })
    };
    let models = [
        ("trained encoder", embed(&trained.model)?),
        ("untrained encoder", embed(&untrained)?),
        ("row statistics", of_pixels(&|song| row_statistics(song, songs.rows()))?),
        ("chroma", of_pixels(&|song| pitches.chroma(song))?),
    ];
    title("halves of a song", &["@1", "@5", "@10", "MRR"]);
    for (name, vectors) in &models {
        let (first, second) = standardized(&vectors.first, &vectors.second)?;
        row(name, &figures(same_row(&first, &second)?));
    }
    if let Some(groups) = &groups {
        title("same group", &["@1", "@5", "@10", "MRR"]);
        for (name, vectors) in &models {
            row(name, &figures(same_label(&vectors.standardized()?, groups)?));
        }
        title("same group, whitened", &["@1", "@5", "@10", "MRR"]);
        for (name, vectors) in &models {
            row(name, &figures(same_label(&vectors.whitened()?, groups)?));
        }
    }
    if let Some(labels) = &labels {
        let alone: Vec<usize> = (0..labels.len()).collect();
        let groups = groups.as_ref().unwrap_or(&alone);
        title("label", &["linear", "5-NN", "constant"]);
        for (name, vectors) in &models {
            let vectors = vectors.standardized()?;
            let told = probe::linear(&vectors, labels, groups, 5, params.seed)?;
            let near = probe::nearest(&vectors, labels, groups, 5)?;
            row(name, &[told.accuracy, near.accuracy, told.most_frequent]);
        }
    }
    Ok(())
}

fn title(name: &str, columns: &[&str]) {
    let columns: String = columns.iter().map(|column| format!("{column:>10}")).collect();
    println!("\n{name:<22}{columns}");
}

fn row(name: &str, values: &[f64]) {
    let values: String = values.iter().map(|value| format!("{value:>10.3}")).collect();
    println!("{name:<22}{values}");
}

fn figures(found: Retrieval) -> [f64; 4] {
    let Retrieval { recall_1, recall_5, recall_10, reciprocal_rank } = found;
    [recall_1, recall_5, recall_10, reciprocal_rank]
}

/// One vector for each song, and one for each half of the songs that have two.
struct Vectors {
    whole: Array2<f32>,
    first: Array2<f32>,
    second: Array2<f32>,
}

impl Vectors {
    fn standardized(&self) -> Result<Array2<f32>> {
        let none = Array2::zeros((0, self.whole.ncols()));
        Ok(standardized(&self.whole, &none)?.0)
    }

    /// Standardised, then the leading principal components, all of variance 1: what all songs have
    /// in common, such as the sound of the collection, weighs no more than the rest.
    fn whitened(&self) -> Result<Array2<f32>> {
        let vectors = self.standardized()?;
        Ok(Pca::fit(vectors.view(), COMPONENTS)?.whiten(vectors.view())?)
    }
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
