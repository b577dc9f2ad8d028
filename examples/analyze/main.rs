//! From song vectors to a map, clusters, predicted years and tables: `analyze -- --vectors x.npy --out DIR`.

mod arguments;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use songscape::Error;
use songscape::analysis::hdbscan::estimated_seconds;
use songscape::analysis::study::{
    Study, StudyInput, VectorSet, cluster_vectors, study, study_and_keep,
};
use songscape::analysis::vectors::{read_npy, read_npy_f64};
use songscape::project::{Progress, SongTable};
use songscape_examples::{Bars, complain, print, start};

use arguments::Arguments;

fn main() -> ExitCode {
    start(|| {
        let arguments = Arguments::parse();
        let summary = run(&arguments, &*Bars::listening())?;
        print(format_args!("{summary}: {}", arguments.out.display()))
    })
}

/// Does what is asked for, and says what was found.
fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<String, Error> {
    if let Some(model) = &arguments.model {
        return apply(model, &arguments.vectors, &arguments.out, progress);
    }
    let Arguments { vectors, baselines, out, .. } = arguments;
    let params = arguments.params();
    if params.is_clustering_of_vectors() {
        let x = read_npy_f64(vectors)?;
        let seconds = estimated_seconds(x.nrows(), x.ncols());
        if seconds > 10.0 {
            complain(format_args!("clusters: about {seconds:.0} s of processor time"));
        }
        return Ok(cluster_vectors(x.view(), vectors, &params, out, progress)?.summary());
    }
    let vectors = VectorSet::read(vectors)?;
    let songs = match &arguments.catalog {
        Some(path) => SongTable::read(path)
            .inspect(|songs| complain(format_args!("columns: {}", songs.used)))?,
        None => SongTable::unknown(vectors.whole.nrows()),
    };
    let baselines = baselines.iter().map(VectorSet::read).collect::<Result<Vec<_>, _>>()?;
    let input = StudyInput { vectors: &vectors, songs: &songs, baselines: &baselines };
    let Some(folder) = &arguments.save else {
        return Ok(study(&input, &params, out, progress)?.summary());
    };
    let (scores, kept) = study_and_keep(&input, &params, out, progress)?;
    kept.save(folder)?;
    Ok(scores.summary())
}

/// Places new songs in a study that was kept.
fn apply(model: &Path, new: &Path, out: &Path, progress: &dyn Progress) -> Result<String, Error> {
    let (kept, new) = (Study::load(model)?, read_npy(new)?);
    let applied = kept.apply(new.view(), progress)?;
    applied.write(&kept, out)?;
    let clustered = applied.labels.iter().filter(|label| **label >= 0).count();
    Ok(format!("{} new songs, {clustered} in clusters", new.nrows()))
}
