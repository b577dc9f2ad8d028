//! What `analyze` is asked for.

use std::path::PathBuf;

use clap::Parser;
use songscape::analysis::hdbscan::Method;
use songscape::analysis::music::clusters::ClusterOn;
use songscape::analysis::neighbors::Metric;
use songscape::analysis::study::{StudyParams, StudyPart};
use songscape::analysis::umap::Start;
use songscape_examples::choice;

/// Make a map, clusters, predicted release years and tables from song vectors.
///
/// Writes into DIR: umap.npy ([n, dims] float32), outliers.csv (row,outlier; 1 for the median song),
/// clusters.csv (row,label,probability,glosh; label -1 for unclustered songs), condensed_tree.csv,
/// neighbors.csv, representatives.csv, and scores.json. With a catalog that has years also years.csv
/// (row,fold,year,predicted,low,high; 80% intervals), shares_per_year.csv, years_per_cluster.csv,
/// trends.csv and yearly_change.csv. Files of an earlier run that this run does not make are removed.
/// The same seed gives the same bytes for any number of threads.
///
/// With --save what was fitted is kept in DIR/study.safetensors. With --model such a study says of new songs
/// where they belong, without changing: umap.npy ([m, dims]), new_songs.csv
/// (row,label,probability,outlier,predicted,low,high) and neighbors.csv (row,rank,neighbor,distance,song).
///
/// Exit codes: 0 done; 1 fatal; 2 usage or configuration; 130 interrupted.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    /// Song vectors: a .npy file [n, d] of real numbers of any type, one row per song. Halves of the songs
    /// (NAME.first-half.npy, NAME.second-half.npy) are used where they lie beside it
    #[arg(long, value_name = "NPY")]
    pub vectors: PathBuf,
    /// A table of the songs in the order of the rows (columns id, path, title, artist, year, song)
    #[arg(long, value_name = "CSV")]
    pub catalog: Option<PathBuf>,
    /// Other vectors of the same songs, to be scored beside them; may be repeated
    #[arg(long = "baseline", value_name = "NPY")]
    pub baselines: Vec<PathBuf>,
    /// Size of a song's neighborhood on the map, the song itself counted [default: 15, fewer for
    /// few songs]
    #[arg(long, value_name = "N")]
    pub neighbors: Option<usize>,
    /// Fewer songs than this are not a cluster [default: 25, fewer for few songs]
    #[arg(long, value_name = "N")]
    pub min_cluster_size: Option<usize>,
    /// The neighbor, the song itself not counted, whose distance is the core distance [default: 10,
    /// fewer for few songs]
    #[arg(long, value_name = "N")]
    pub min_samples: Option<usize>,
    /// Dimensions of the map
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub dims: usize,
    /// How vectors are compared: cosine, euclidean or manhattan [default: cosine; euclidean for
    /// clusters on the vectors]
    #[arg(long, value_parser = choice::<Metric>)]
    pub metric: Option<Metric>,
    /// Where clusters are sought: on a umap of 10 dimensions made for it, on the map that is written,
    /// or among the vectors themselves
    #[arg(long, value_name = "SPACE", value_parser = choice::<ClusterOn>, default_value = "umap")]
    pub cluster_on: ClusterOn,
    /// How clusters are chosen from the tree: eom, those that last longest, or leaf, its leaves
    #[arg(long, value_name = "METHOD", value_parser = choice::<Method>, default_value = "eom")]
    pub cluster_method: Method,
    /// Clusters that part at a smaller distance than this are left together
    #[arg(long, value_name = "DISTANCE", default_value_t = 0.0)]
    pub epsilon: f64,
    /// Larger clusters are not chosen
    #[arg(long, value_name = "N")]
    pub max_cluster_size: Option<usize>,
    /// All songs together may be one cluster
    #[arg(long)]
    pub allow_single_cluster: bool,
    /// Songs with a higher outlier score are in no cluster; 8 sets apart what is like no other song
    #[arg(long, value_name = "SCORE")]
    pub outliers_above: Option<f64>,
    /// Where the map starts: at the principal components of the vectors (pca) or the eigenvectors of the
    /// graph (spectral)
    #[arg(long, value_parser = choice::<Start>, default_value = "pca")]
    pub start: Start,
    /// Folds of the prediction of years; the songs of an artist share a fold
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub folds: usize,
    /// Make only one part: umap, hdbscan or years. `--only hdbscan --cluster-on vectors` clusters the
    /// vectors as they are, in float64
    #[arg(long, value_name = "PART", value_parser = choice::<StudyPart>)]
    pub only: Option<StudyPart>,
    /// Also predict the years by nearest neighbors (slow for thousands of songs)
    #[arg(long)]
    pub compare: bool,
    /// Seed of everything random; song_map uses 1 as well
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Also keep what was fitted, in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "only")]
    pub save: Option<PathBuf>,
    /// Say where new songs belong in the study that was kept in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = OF_A_STUDY)]
    pub model: Option<PathBuf>,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// What says how a study is made, and nothing to one that was.
const OF_A_STUDY: [&str; 18] = [
    "catalog",
    "baselines",
    "neighbors",
    "min_cluster_size",
    "min_samples",
    "dims",
    "metric",
    "cluster_on",
    "cluster_method",
    "epsilon",
    "max_cluster_size",
    "allow_single_cluster",
    "outliers_above",
    "start",
    "folds",
    "only",
    "compare",
    "save",
];

impl Arguments {
    pub fn params(&self) -> StudyParams {
        StudyParams {
            only: self.only,
            map_neighbors: self.neighbors,
            dims: self.dims,
            metric: self.metric,
            start: self.start,
            cluster_on: self.cluster_on,
            cluster_method: self.cluster_method,
            min_cluster_size: self.min_cluster_size,
            min_samples: self.min_samples,
            epsilon: self.epsilon,
            max_cluster_size: self.max_cluster_size,
            allow_single_cluster: self.allow_single_cluster,
            outliers_above: self.outliers_above,
            folds: self.folds,
            compare: self.compare,
            seed: self.seed,
            ..StudyParams::default()
        }
    }
}
