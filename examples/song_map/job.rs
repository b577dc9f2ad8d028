//! Arguments, the six stages with a line of summary after each, and the exit code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use songscape::audio::{self, SameName};
use songscape::pipeline::{Error, Input, Parameters, Pipeline, Step};
use songscape::project::Progress;
use songscape::resnet::DeviceChoice;
use songscape_examples::{Bars, End, start};

/// Analyse a music library: images, training without labels, map, clusters, years, report.
///
/// Exit codes: 0 done; 1 fatal; 2 usage; 3 done, but some inputs failed (see failures.csv);
/// 130 interrupted, run again to continue.
#[derive(Parser)]
struct Arguments {
    /// A manifest (CSV with the columns path,title,artist,year) or a folder of music; without it,
    /// the embedded demo music is made and analysed
    input: Option<PathBuf>,
    /// The project folder; what is done there already is kept
    #[arg(long)]
    out: PathBuf,
    /// `demo`: narrow network, minutes on a CPU; `seed`: the published configuration
    #[arg(long, value_enum, default_value = "demo")]
    preset: Preset,
    /// Songs with the same artist and title: one song, unless the manifest tells recordings apart
    /// (auto); always one (merge); always their own (keep)
    #[arg(long, value_enum, default_value = "auto")]
    same_name: Same,
    /// Allow files outside of the library's folder: absolute paths, `..`, links
    #[arg(long)]
    outside: bool,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of CPU threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    Demo,
    Seed,
}

#[derive(Clone, Copy, ValueEnum)]
enum Same {
    Auto,
    Merge,
    Keep,
}

pub fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

/// Runs all stages.
fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<End, Error> {
    let mut parameters = match arguments.preset {
        Preset::Demo => Parameters::demo(arguments.seed),
        Preset::Seed => Parameters::seed(arguments.seed),
    };
    parameters.library.outside = arguments.outside;
    parameters.library.same_name = match arguments.same_name {
        Same::Auto => SameName::Auto,
        Same::Merge => SameName::Merge,
        Same::Keep => SameName::Keep,
    };
    if let Some(path) = &arguments.input {
        // Before there is a folder for nothing.
        let there = std::fs::metadata(path);
        there.map_err(|source| audio::Error::Io { path: path.clone(), source })?;
    }
    let input = arguments.input.clone().map_or(Input::Demo, Input::Library);
    let cores = || std::thread::available_parallelism().map_or(1, Into::into);
    let threads = arguments.threads.map_or_else(cores, usize::from);
    let device = arguments.device.resolve()?;
    let pipeline = Pipeline::new(&arguments.out, input, parameters, device, threads)?;
    for step in Step::ALL {
        let start = Instant::now();
        let summary = pipeline.run(step, progress)?;
        println!("{:14} {summary} ({:.1} s)", step.name(), start.elapsed().as_secs_f64());
    }
    println!("\n{}", pipeline.scores()?);
    println!("report: {}", pipeline.report_page().display());
    Ok(match pipeline.failures()? {
        0 => End::Done,
        count => End::LeftOut { count, list: arguments.out.join("failures.csv") },
    })
}
