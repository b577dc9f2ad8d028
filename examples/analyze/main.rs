//! From song vectors to a map, clusters, predicted years and tables: `analyze -- --vectors x.npy --out DIR`.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use songscape::Error;
use songscape::analysis::hdbscan::estimated_seconds;
use songscape::analysis::study::{
    Study, StudyInput, StudyParams, VectorSet, cluster_vectors, study, study_and_keep,
};
use songscape::analysis::vectors::{read_npy, read_npy_f64};
use songscape::project::{Progress, SongTable};
use songscape_examples::{Bars, complain, print, start};

/// Make a map, clusters, predicted release years and tables from song vectors.
///
/// Writes into DIR: umap.npy ([n, dims] float32), outliers.csv (row,outlier; 1 for the median song),
/// clusters.csv (row,label,probability,glosh,nearest,membership,group; label -1 for unclustered songs),
/// condensed_tree.csv, cluster_names.csv (the genres, decades or artists that set a cluster apart),
/// neighbors.csv, representatives.csv, and scores.json. With a catalog that has years also years.csv
/// (row,fold,year,predicted,low,high; 80% intervals), shares_per_year.csv, years_per_cluster.csv,
/// trends.csv and yearly_change.csv; with --classify classes.csv
/// (column,row,fold,class,predicted,probability), with --decade-maps decade_maps.csv (decade,row,x,y[,z]).
/// Files of an earlier run that this run does not make are removed. The same seed gives the same bytes for
/// any number of threads.
///
/// --save keeps what was fitted in DIR/study.safetensors. --model places new songs in such a study, which does
/// not change: umap.npy ([m, dims]), new_songs.csv (row,label,name,probability,outlier,predicted,low,high) and
/// neighbors.csv (row,rank,neighbor,distance,song).
///
/// `--only hdbscan --cluster-on vectors` clusters the vectors as they are, in float64, without a map.
///
/// Exit codes: 0 done; 1 fatal; 2 usage or configuration; 130 interrupted.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Song vectors: a .npy file [n, d] of real numbers of any type, one row per song. Vectors of the halves of
    /// the songs (NAME.first-half.npy, NAME.second-half.npy) are used if they lie beside it
    #[arg(long, value_name = "NPY")]
    vectors: PathBuf,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A table of the songs in the order of the rows (columns id, path, title, artist, year, song)
    #[arg(long, value_name = "CSV")]
    catalog: Option<PathBuf>,
    /// Other vectors of the same songs, to compare with; may be repeated
    #[arg(long = "baseline", value_name = "NPY")]
    baselines: Vec<PathBuf>,
    /// Also keep what was fitted, in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "only")]
    save: Option<PathBuf>,
    /// Place new songs in the study that --save kept in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["catalog", "baselines", "save", "StudyParams"])]
    model: Option<PathBuf>,
    #[command(flatten)]
    params: StudyParams,
}

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
    let Arguments { vectors, baselines, out, params, .. } = arguments;
    if params.is_clustering_of_vectors() {
        let x = read_npy_f64(vectors)?;
        let seconds = estimated_seconds(x.nrows(), x.ncols());
        if seconds > 10.0 {
            complain(format_args!("clusters: about {seconds:.0} s of processor time"));
        }
        return Ok(cluster_vectors(x.view(), vectors, params, out, progress)?.summary());
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
        return Ok(study(&input, params, out, progress)?.summary());
    };
    let (scores, kept) = study_and_keep(&input, params, out, progress)?;
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
