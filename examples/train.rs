//! Training on the images of a store, and how well the vectors find a song again.
//! `cargo run --release --features pipeline --example train -- --help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use songscape::analysis::retrieval::numbered;
use songscape::audio::{ImageParams, Store};
use songscape::contrastive::evaluation::{Evaluation, Known};
use songscape::contrastive::{Augment, Loss, TrainParams};
use songscape::processes::Launch;
use songscape::project::{Project, Source};
use songscape::resnet::{DeviceChoice, EncoderConfig, Pooling};
use songscape::training::Training;
use songscape::vectors::{Embedding, Images, Keep, songs_of};
use songscape::{Error, Result};
use songscape_examples::{Bars, device, print, start};

/// Train an encoder without labels on a store of images, and score it beside its baselines.
///
/// A store is what `song_map` leaves in OUT/spectrograms. Exit codes: 0 done; 1 fatal; 2 usage;
/// 130 interrupted, run again to continue. Several processes train together under torchrun or srun.
#[derive(Parser)]
struct Arguments {
    /// The store of images
    images: PathBuf,
    /// Folder for the model, its history and its checkpoints; finished work in it is kept
    #[arg(long)]
    out: PathBuf,
    /// Table of the songs (CSV with a column id), for --group and --label
    #[arg(long)]
    songs: Option<PathBuf>,
    /// Column of the table with which recordings belong together; used only for scoring
    #[arg(long, requires = "songs")]
    group: Option<String>,
    /// Column that a linear probe and the five nearest songs are to predict; a --group is on one side
    #[arg(long, requires = "songs")]
    label: Option<String>,
    /// Channels of the stem: 8 is the demo network, 64 the published one
    #[arg(long, default_value_t = 8)]
    stem: usize,
    /// Channels of each stage as multiples of the stem's [default: 2,4,4,8,8]
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
    /// Loss as JSON, such as {"kind":"sigmoid","temperature":0.1,"bias":-10}; kinds are dcl, nt_xent,
    /// sigmoid and binary_nce [default: that of the demo]
    #[arg(long)]
    loss: Option<Loss>,
    /// "harmony" for songs to be alike by harmony and rhythm whatever plays them, or augmentations as
    /// JSON, such as {"gain":6,"equalizer":4}
    #[arg(long)]
    augment: Option<Augment>,
    /// How the vectors of a song become one, also in `embed`: `mean` or `mean-deviation`
    #[arg(long, default_value_t = Pooling::MeanDeviation)]
    pooling: Pooling,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Number of CPU threads [default: all cores, or this process's share of them]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

/// The models in the order of the tables.
const MODELS: [Source; 5] = [
    Source::TrainedEncoder,
    Source::UntrainedEncoder,
    Source::RowStatistics,
    Source::Chroma,
    Source::SharpenedChroma,
];

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &Bars::listening()))
}

fn run(arguments: &Arguments, bars: &Bars) -> Result<()> {
    let store = Store::new(&arguments.images);
    let images = Images::open(&store)?;
    let ImageParams { rows, f_min, f_max, range_db, .. } = *images.params();
    let narrow = EncoderConfig::narrow(arguments.stem);
    let stage_multipliers = arguments.stages.clone().unwrap_or(narrow.stage_multipliers);
    let encoder = EncoderConfig { stage_multipliers, ..narrow };
    let (demo, augment) = (TrainParams::demo(), arguments.augment.clone().unwrap_or_default());
    let params = TrainParams {
        steps: arguments.steps,
        pairs: arguments.pairs,
        crop_columns: arguments.crop,
        min_distance: arguments.distance,
        learning_rate: arguments.learning_rate,
        loss: arguments.loss.unwrap_or(demo.loss),
        augment: augment.for_images(rows, f_min, f_max, range_db.into()),
        seed: arguments.seed,
        ..demo
    };
    let numbers = |column: &Option<String>, ids: &[String]| match (&arguments.songs, column) {
        (Some(table), Some(column)) => {
            let songs = songs_of(table, ids)?;
            let missing = || Error::input(table, format!("no column {column}"));
            Ok(Some(numbered(songs.column(column).ok_or_else(missing)?)))
        }
        _ => Ok::<_, Error>(None),
    };
    // Before hours of training.
    for column in [&arguments.group, &arguments.label] {
        numbers(column, images.pixels().ids())?;
    }

    let launch = Launch::new(arguments.threads.map(usize::from), device(arguments.device)?)?;
    let training = Training { encoder, training: params };
    let all = launch.join(&serde_json::json!(training))?;
    let open = || -> Result<_> {
        let project = Project::open(&arguments.out)?;
        Ok((training.open(&store, project.root())?, project))
    };
    let (stage, _project) = all.first(open)?.unzip();
    bars.be_quiet(!all.is_first());
    let (pooling, device) = (arguments.pooling, launch.device);
    let trained = training.run_in(&all, stage, &images, pooling, device, bars)?;
    if !all.is_first() {
        return Ok(());
    }
    let seconds = trained.history.last().map_or(0.0, |step| step.seconds);
    print(format_args!("{} steps in {seconds:.0} s", trained.history.len()))?;
    print(format_args!("written {}\n", arguments.out.join("model.safetensors").display()))?;
    let embedding = Embedding { pooling, ..Embedding::new(&trained.model) };
    let vectors = embedding.compute(&images, &MODELS, &Keep::Nothing, bars)?;
    let groups = numbers(&arguments.group, &vectors.ids)?;
    let labels = numbers(&arguments.label, &vectors.ids)?;
    let (groups, labels, seed) = (groups.as_deref(), labels.as_deref(), arguments.seed);
    print(format_args!("{}", Evaluation::new(&vectors.sets, &Known { groups, labels, seed })?))
}
