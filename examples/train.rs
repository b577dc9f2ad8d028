//! Trains an encoder on the images of a store, and scores it: `train -- --help`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use songscape::Result;
use songscape::audio::{ImageParams, Store};
use songscape::contrastive::{Augment, Loss, TrainParams};
use songscape::evaluation::Scoring;
use songscape::processes::Launch;
use songscape::project::{Project, SongTable};
use songscape::resnet::{DeviceChoice, EncoderConfig, Pooling, Precision};
use songscape::training::Training;
use songscape::vectors::{Images, songs_of};
use songscape_examples::{Bars, device, print, start};

/// Train an encoder without labels on a store of images, and score it beside its baselines.
///
/// A store is what `song_map` leaves in OUT/spectrograms. Several processes train together under torchrun or
/// srun. Exit codes: 0 done; 1 fatal; 2 usage; 130 interrupted, run again to continue.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The store of images
    images: PathBuf,
    /// Folder for the model, its history and its checkpoints; finished work in it is kept
    #[arg(long)]
    out: PathBuf,
    /// Table of the songs (CSV with a column id), for --group and --probe
    #[arg(long)]
    songs: Option<PathBuf>,
    /// Column of the table by which recordings belong together: held out together, and to find each other
    #[arg(long, requires = "songs")]
    group: Option<String>,
    /// Column of the table that linear models predict from the vectors; may be repeated
    #[arg(long = "probe", alias = "label", requires = "songs")]
    probes: Vec<String>,
    /// Defaults of all parameters: demo (two minutes on two cores) or published (for a GPU)
    #[arg(long, default_value = "demo", value_parser = ["demo", "published"])]
    preset: String,
    /// Channels of the stem [default: 8, or 64 for published]
    #[arg(long)]
    stem: Option<usize>,
    /// Channels of each stage as multiples of the stem's; each stage halves rows and columns [default: 2,4,4,8,8]
    #[arg(long, value_delimiter = ',')]
    stages: Option<Vec<usize>>,
    /// Steps of training [default: 500, or 62,500 for published]
    #[arg(long)]
    steps: Option<usize>,
    /// Pairs in a batch [default: 64, or 16 for published]
    #[arg(long)]
    pairs: Option<usize>,
    /// Pairs that run through the network together: less memory for the same gradient [default: 0, all]
    #[arg(long)]
    chunk_pairs: Option<usize>,
    /// Columns of a crop [default: 256, or 1,024 for published]
    #[arg(long)]
    crop: Option<usize>,
    /// The largest learning rate [default: 0.002, or 0.0001 for published]
    #[arg(long, allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// Loss as JSON, such as {"kind":"sigmoid","temperature":0.1,"bias":-10}; also dcl, nt_xent, binary_nce
    #[arg(long)]
    loss: Option<Loss>,
    /// harmony, so that songs are similar by harmony, whatever plays them; or JSON, such as {"gain":6,"tilt":2}
    #[arg(long)]
    augment: Option<Augment>,
    /// Number format of the arithmetic: f32 or bf16
    #[arg(long)]
    precision: Option<Precision>,
    /// Share of the songs (with --group, of the groups) that is held out; only these are scored [default: 0]
    #[arg(long, allow_negative_numbers = true)]
    held_out: Option<f64>,
    /// Other fields of TrainParams as JSON, such as {"validate_every":50,"min_distance":400}
    #[arg(long, value_name = "JSON")]
    params: Option<String>,
    /// How the vectors of a song become one: mean or mean-deviation
    #[arg(long, default_value_t = Pooling::MeanDeviation)]
    pooling: Pooling,
    /// Seed of everything random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the network runs: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Number of CPU threads [default: all cores, or this process's share of them]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &Bars::listening()))
}

fn run(a: &Arguments, bars: &Bars) -> Result<()> {
    let store = Store::new(&a.images);
    let launch = Launch::new(a.threads.map(usize::from), device(a.device)?)?;
    let images = Images::open(&store)?;
    let training = training(a, images.params())?;
    let songs = match &a.songs {
        Some(table) => songs_of(table, images.pixels().ids())?,
        None => SongTable::unknown(images.pixels().len()),
    };
    let (file, group) = (a.songs.as_deref().unwrap_or(Path::new("")), a.group.as_deref());
    let scoring = Scoring { songs: &songs, table: file, group, probes: &a.probes, seed: a.seed };
    scoring.check()?;
    let groups = scoring.groups()?;
    let all = launch.join(&serde_json::json!(training))?;
    bars.be_quiet(!all.is_first());
    let open = || -> Result<_> {
        let project = Project::open(&a.out)?;
        Ok((training.open(&store, project.root())?, project))
    };
    let (stage, _project) = all.first(open)?.unzip();
    let trained = training.run_in(&all, stage, &images, groups, a.pooling, launch.device, bars)?;
    if !all.is_first() {
        return Ok(());
    }
    let seconds = trained.history.last().map_or(0.0, |step| step.seconds);
    print(format_args!("{} steps in {seconds:.0} s: {}", trained.history.len(), a.out.display()))?;
    let found = scoring.of_training(&trained, &images, a.pooling, bars)?;
    print(format_args!("\n{found}"))
}

fn training(a: &Arguments, images: &ImageParams) -> Result<Training> {
    let (preset, mut encoder) = match a.preset.as_str() {
        "published" => (TrainParams::published(), EncoderConfig::published()),
        _ => (TrainParams::demo(), EncoderConfig::narrow(8)),
    };
    let preset = a.params.as_deref().map_or(Ok(preset.clone()), |fields| preset.with(fields))?;
    let ImageParams { rows, f_min, f_max, range_db, .. } = *images;
    let augment = a.augment.clone().unwrap_or(preset.augment);
    let training = TrainParams {
        steps: a.steps.unwrap_or(preset.steps),
        pairs: a.pairs.unwrap_or(preset.pairs),
        chunk_pairs: a.chunk_pairs.unwrap_or(preset.chunk_pairs),
        crop_columns: a.crop.unwrap_or(preset.crop_columns),
        learning_rate: a.learning_rate.unwrap_or(preset.learning_rate),
        loss: a.loss.unwrap_or(preset.loss),
        augment: augment.for_images(rows, f_min, f_max, range_db.into()),
        precision: a.precision.unwrap_or(preset.precision),
        held_out: a.held_out.unwrap_or(preset.held_out),
        seed: a.seed,
        ..preset
    };
    encoder.stem_channels = a.stem.unwrap_or(encoder.stem_channels);
    encoder.stage_multipliers = a.stages.clone().unwrap_or(encoder.stage_multipliers);
    Ok(Training { encoder, training })
}
