//! A folder of music to a map of it, in a program of one's own: `whole-pipeline MUSIC PROJECT`.

use std::path::Path;
use std::process::ExitCode;

use songscape::pipeline::{Error, Input, Parameters, Pipeline, Step};
use songscape::project::Progress;
use songscape::resnet::tch::Device;
use songscape::resnet::{DeviceChoice, keep_freed_memory};

/// One line for each stage.
struct Lines;

impl Progress for Lines {
    fn begin(&self, stage: &str, total: u64, unit: &str) {
        eprintln!("{stage}: {total} {unit} ...");
    }
}

fn main() -> ExitCode {
    let [_, music, project] = &std::env::args().collect::<Vec<_>>()[..] else {
        eprintln!("usage: whole-pipeline MUSIC PROJECT");
        return ExitCode::from(2);
    };
    match run(Path::new(music), Path::new(project)) {
        Ok(failures) => ExitCode::from(if failures == 0 { 0 } else { 3 }),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(music: &Path, project: &Path) -> Result<usize, Error> {
    let input = Input::Library(music.to_owned());
    let device = DeviceChoice::Auto.resolve()?;
    if device == Device::Cpu {
        keep_freed_memory();
    }
    let pipeline = Pipeline::new(project, input, Parameters::demo(1), device, 2)?;
    for step in Step::ALL {
        println!("{:14} {}", step.name(), pipeline.run(step, &Lines)?);
    }
    println!("{}\n{}", pipeline.scores()?, pipeline.report_page().display());
    pipeline.failures()
}
