//! Arguments, the six stages with a line of summary after each, and the exit code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use songscape::Error;
use songscape::audio::SameName;
use songscape::pipeline::{Input, Parameters, Pipeline, Step};
use songscape::processes::Launch;
use songscape::project::Source;
use songscape::resnet::{DeviceChoice, ModelSource};
use songscape_examples::{Bars, End, choice, device, print, start};

/// Analyze a music library: images, training without labels, map, clusters, years, report.
///
/// Run it again to continue after an interruption, or when songs have come or gone: only what is missing is
/// done. Several processes train together under torchrun or srun.
///
/// Exit codes: 0 done; 1 fatal; 2 usage or configuration; 3 done, but some inputs failed (see failures.csv);
/// 130 interrupted, run again to continue.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A folder of music, a manifest (CSV with the columns path,title,artist,year) or an M3U playlist;
    /// without it, the embedded demo music is made and analyzed
    input: Option<PathBuf>,
    /// The project folder; finished work in it is kept
    #[arg(long)]
    out: PathBuf,
    /// `demo`: narrow network, minutes on a CPU; `published`: the published configuration, for a GPU and
    /// thousands of songs
    #[arg(long, value_enum, default_value = "demo")]
    preset: Preset,
    /// Use an encoder that was trained elsewhere: `pretrained`, which comes with the program, or a
    /// model.safetensors; nothing is trained
    #[arg(long, value_name = "pretrained|FILE")]
    model: Option<ModelSource>,
    /// Use row statistics and chroma instead of an encoder; nothing is trained, and the map is ready sooner
    #[arg(long, conflicts_with_all = ["model", "steps"])]
    no_training: bool,
    /// Steps of training [default: 500 for demo, 62,500 for published]
    #[arg(long, value_name = "N", conflicts_with = "model")]
    steps: Option<usize>,
    /// If songs have come or gone since the training, continue it with a fifth of the steps; without this,
    /// the encoder is kept
    #[arg(long, conflicts_with = "model")]
    retrain: bool,
    /// If songs have come or gone, make map, clusters and years anew; without this, they stay as they are,
    /// and new songs are placed in them
    #[arg(long)]
    refit: bool,
    /// The vectors that map, clusters and years are made of, such as trained-encoder, joined or row-statistics
    /// [default: those that find the songs of the library again, measured without labels]
    #[arg(long, value_name = "NAME", value_parser = choice::<Source>)]
    vectors: Option<Source>,
    /// What to do with songs of the same artist and title: auto makes them one song, unless their lengths
    /// differ or the manifest tells recordings apart; merge always does, keep never does
    #[arg(long, value_name = "HOW", value_parser = choice::<SameName>, default_value = "auto")]
    same_name: SameName,
    /// Allow files outside the library's folder: absolute paths, `..`, links
    #[arg(long)]
    outside: bool,
    /// Where the network runs: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of CPU threads [default: all cores, or this process's share of them]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    Demo,
    #[value(alias = "seed")]
    Published,
}

pub fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &Bars::listening()))
}

/// Runs all stages.
fn run(arguments: &Arguments, bars: &Bars) -> Result<End, Error> {
    let mut parameters = match arguments.preset {
        Preset::Demo => Parameters::demo(arguments.seed),
        Preset::Published => Parameters::published(arguments.seed),
    };
    parameters.library.outside = arguments.outside;
    parameters.library.same_name = arguments.same_name;
    parameters.model = arguments.model.clone();
    parameters.no_training = arguments.no_training;
    parameters.retrain = arguments.retrain;
    parameters.refit = arguments.refit;
    parameters.vectors = arguments.vectors;
    if let Some(steps) = arguments.steps {
        parameters.training.steps = steps;
    }
    if let Some(path) = &arguments.input {
        // Before a folder is made for nothing.
        std::fs::metadata(path).map_err(Error::io(path))?;
    }
    let input = arguments.input.clone().map_or(Input::Demo, Input::Library);
    let launch = Launch::new(arguments.threads.map(usize::from), device(arguments.device)?)?;
    let processes = launch.join(&parameters.identity())?;
    bars.be_quiet(!processes.is_first());
    let (out, Launch { device, threads, .. }) = (&arguments.out, launch);
    let pipeline = Pipeline::new_in(processes, out, input, parameters, device, threads)?;
    for step in Step::ALL {
        let start = Instant::now();
        let summary = pipeline.run(step, bars)?;
        let seconds = start.elapsed().as_secs_f64();
        if pipeline.is_first() {
            print(format_args!("{:14} {summary} ({seconds:.1} s)", step.name()))?;
        }
    }
    if !pipeline.is_first() {
        return Ok(End::Done);
    }
    print(format_args!("{}", pipeline.scores()?))?;
    print(format_args!("report: {}", pipeline.report_page().display()))?;
    Ok(match pipeline.failures()? {
        0 => End::Done,
        count => End::LeftOut { count, list: arguments.out.join("failures.csv") },
    })
}
