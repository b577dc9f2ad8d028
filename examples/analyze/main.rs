//! From song vectors to a map, clusters, predicted years and tables: `analyze -- --vectors x.npy --out DIR`.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use songscape::Error;
use songscape::analysis::hdbscan::{Method, estimated_seconds};
use songscape::analysis::music::clusters::ClusterOn;
use songscape::analysis::neighbors::Metric;
use songscape::analysis::study::{
    Scores, StudyInput, StudyParams, StudyPart, VectorSet, cluster_vectors, study,
};
use songscape::analysis::umap::Start;
use songscape::analysis::vectors::read_npy_f64;
use songscape::project::{Progress, SongTable};
use songscape_examples::{Bars, choice, complain, print, start};

/// Make a map, clusters, predicted release years and tables from song vectors.
///
/// Writes into DIR: umap.npy ([n, dims] float32), outliers.csv (row,outlier; 1 for the median song),
/// clusters.csv (row,label,probability,glosh; label -1 for unclustered songs), condensed_tree.csv,
/// neighbors.csv, representatives.csv, and scores.json. With a catalog that has years also years.csv
/// (row,fold,year,predicted,low,high; 80% intervals), shares_per_year.csv, years_per_cluster.csv,
/// trends.csv and yearly_change.csv. Files of an earlier run that this run does not make are removed.
/// The same seed gives the same bytes for any number of threads.
///
/// Exit codes: 0 done; 1 fatal; 2 usage or configuration; 130 interrupted.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Song vectors: a .npy file [n, d] of real numbers of any type, one row per song. Halves of the songs
    /// (NAME.first-half.npy, NAME.second-half.npy) are used where they lie beside it
    #[arg(long, value_name = "NPY")]
    vectors: PathBuf,
    /// A table of the songs in the order of the rows (columns id, path, title, artist, year, song)
    #[arg(long, value_name = "CSV")]
    catalog: Option<PathBuf>,
    /// Other vectors of the same songs, to be scored beside them; may be repeated
    #[arg(long = "baseline", value_name = "NPY")]
    baselines: Vec<PathBuf>,
    /// Size of a song's neighborhood on the map, the song itself counted [default: 15, fewer for
    /// few songs]
    #[arg(long, value_name = "N")]
    neighbors: Option<usize>,
    /// Fewer songs than this are not a cluster [default: 25, fewer for few songs]
    #[arg(long, value_name = "N")]
    min_cluster_size: Option<usize>,
    /// The neighbor, the song itself not counted, whose distance is the core distance [default: 10,
    /// fewer for few songs]
    #[arg(long, value_name = "N")]
    min_samples: Option<usize>,
    /// Dimensions of the map
    #[arg(long, value_name = "N", default_value_t = 2)]
    dims: usize,
    /// How vectors are compared: cosine, euclidean or manhattan [default: cosine; euclidean for
    /// clusters on the vectors]
    #[arg(long, value_parser = choice::<Metric>)]
    metric: Option<Metric>,
    /// Where clusters are sought: on a umap of 10 dimensions made for it, on the map that is written,
    /// or among the vectors themselves
    #[arg(long, value_name = "SPACE", value_parser = choice::<ClusterOn>, default_value = "umap")]
    cluster_on: ClusterOn,
    /// How clusters are chosen from the tree: eom, those that last longest, or leaf, its leaves
    #[arg(long, value_name = "METHOD", value_parser = choice::<Method>, default_value = "eom")]
    cluster_method: Method,
    /// Clusters that part at a smaller distance than this are left together
    #[arg(long, value_name = "DISTANCE", default_value_t = 0.0)]
    epsilon: f64,
    /// Larger clusters are not chosen
    #[arg(long, value_name = "N")]
    max_cluster_size: Option<usize>,
    /// All songs together may be one cluster
    #[arg(long)]
    allow_single_cluster: bool,
    /// Songs with a higher outlier score are in no cluster; 8 sets apart what is like no other song
    #[arg(long, value_name = "SCORE")]
    outliers_above: Option<f64>,
    /// Where the map starts: at the principal components of the vectors (pca) or the eigenvectors of the
    /// graph (spectral)
    #[arg(long, value_parser = choice::<Start>, default_value = "pca")]
    start: Start,
    /// Folds of the prediction of years; the songs of an artist share a fold
    #[arg(long, value_name = "N", default_value_t = 5)]
    folds: usize,
    /// Make only one part: umap, hdbscan or years. `--only hdbscan --cluster-on vectors` clusters the
    /// vectors as they are, in float64
    #[arg(long, value_name = "PART", value_parser = choice::<StudyPart>)]
    only: Option<StudyPart>,
    /// Also predict the years by nearest neighbors (slow for thousands of songs)
    #[arg(long)]
    compare: bool,
    /// Seed of everything random; song_map uses 1 as well
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn main() -> ExitCode {
    start(|| {
        let arguments = Arguments::parse();
        let scores = run(&arguments, &*Bars::listening())?;
        print(format_args!("{}: {}", scores.summary(), arguments.out.display()))
    })
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<Scores, Error> {
    let Arguments { vectors, baselines, out, .. } = arguments;
    let params = StudyParams {
        only: arguments.only,
        map_neighbors: arguments.neighbors,
        dims: arguments.dims,
        metric: arguments.metric,
        start: arguments.start,
        cluster_on: arguments.cluster_on,
        cluster_method: arguments.cluster_method,
        min_cluster_size: arguments.min_cluster_size,
        min_samples: arguments.min_samples,
        epsilon: arguments.epsilon,
        max_cluster_size: arguments.max_cluster_size,
        allow_single_cluster: arguments.allow_single_cluster,
        outliers_above: arguments.outliers_above,
        folds: arguments.folds,
        compare: arguments.compare,
        seed: arguments.seed,
        ..StudyParams::default()
    };
    if params.is_clustering_of_vectors() {
        let x = read_npy_f64(vectors)?;
        let seconds = estimated_seconds(x.nrows(), x.ncols());
        if seconds > 10.0 {
            complain(format_args!("clusters: about {seconds:.0} s of processor time"));
        }
        return Ok(cluster_vectors(x.view(), vectors, &params, out, progress)?);
    }
    let vectors = VectorSet::read(vectors)?;
    let songs = match &arguments.catalog {
        Some(path) => SongTable::read(path)
            .inspect(|songs| complain(format_args!("columns: {}", songs.used)))?,
        None => SongTable::unknown(vectors.whole.nrows()),
    };
    let baselines = baselines.iter().map(VectorSet::read).collect::<Result<Vec<_>, _>>()?;
    let input = StudyInput { vectors: &vectors, songs: &songs, baselines: &baselines };
    Ok(study(&input, &params, out, progress)?)
}
