//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use songscape::analysis::hdbscan::{HdbscanParams, Method};
use songscape::analysis::music::clusters::ClusterOn;
use songscape::analysis::neighbors::Metric;
use songscape::analysis::umap::{Start, UmapParams};

/// A map, clusters, predicted release years and tables from song vectors.
///
/// Writes into DIR: umap.npy ([n, dims] float32), clusters.csv (row,label,probability,outlier; label
/// -1 for none), condensed_tree.csv, neighbors.csv, representatives.csv, and scores.json. With a
/// catalog that has years also years.csv (row,fold,year,predicted,low,high; 80% intervals),
/// shares_per_year.csv, years_per_cluster.csv, trends.csv and yearly_change.csv. Of these, what an
/// earlier run left in DIR and this one does not make is removed. The same seed gives the same bytes
/// for any number of threads.
///
/// Exit codes: 0 done; 1 fatal; 2 usage or configuration; 130 interrupted.
#[derive(Parser)]
pub struct Arguments {
    /// Song vectors: a .npy file [n, d] of float32 or float64, one row for each song
    #[arg(long, value_name = "NPY")]
    pub vectors: PathBuf,
    /// A table of the songs in the order of the rows, with a header; the columns id (or path),
    /// title, artist and year are used where there are any
    #[arg(long, value_name = "CSV")]
    pub catalog: Option<PathBuf>,
    /// Size of a song's neighbourhood on the map, the song itself counted [default: 15, fewer for
    /// few songs]
    #[arg(long, value_name = "N")]
    pub neighbors: Option<usize>,
    /// Fewer songs than this are no cluster [default: 25, fewer for few songs]
    #[arg(long, value_name = "N")]
    pub min_cluster_size: Option<usize>,
    /// The neighbour, the song itself not counted, whose distance is the core distance [default: 10,
    /// fewer for few songs]
    #[arg(long, value_name = "N")]
    pub min_samples: Option<usize>,
    /// Dimensions of the map
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub dims: usize,
    /// How vectors are compared [default: cosine; euclidean for clusters on the vectors]
    #[arg(long, value_enum)]
    pub metric: Option<MetricName>,
    /// Where clusters are sought: on a UMAP of 10 dimensions made for it, on the map that is written,
    /// or among the vectors themselves
    #[arg(long, value_enum, default_value_t = Space::Umap)]
    pub cluster_on: Space,
    /// How clusters are chosen from the tree: those that last longest, or its leaves
    #[arg(long, value_enum, default_value_t = MethodName::Eom)]
    pub cluster_method: MethodName,
    /// Clusters that part at a smaller distance than this are left together
    #[arg(long, value_name = "DISTANCE", default_value_t = 0.0)]
    pub epsilon: f64,
    /// Larger clusters are not chosen
    #[arg(long, value_name = "N")]
    pub max_cluster_size: Option<usize>,
    /// All songs together may be one cluster
    #[arg(long)]
    pub allow_single_cluster: bool,
    /// Where the map starts
    #[arg(long, value_enum, default_value_t = StartName::Spectral)]
    pub start: StartName,
    /// Folds of the prediction of years; the songs of an artist share a fold
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub folds: usize,
    /// Only this part. `--only hdbscan --cluster-on vectors` clusters the vectors as they are, in
    /// float64
    #[arg(long, value_enum)]
    pub only: Option<Part>,
    /// Also predict the years by ridge regression and by nearest neighbours (slow for thousands of
    /// songs)
    #[arg(long)]
    pub compare: bool,
    /// Seed of everything random; that of song_map is 1, too
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum MetricName {
    Cosine,
    Euclidean,
    Manhattan,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Space {
    Umap,
    Vectors,
    Map,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum MethodName {
    Eom,
    Leaf,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum StartName {
    Spectral,
    Pca,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    Umap,
    Hdbscan,
    Years,
}

impl Arguments {
    pub fn does(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }

    /// Whether the map is needed.
    pub fn maps(&self) -> bool {
        self.does(Part::Umap) || (self.does(Part::Hdbscan) && self.cluster_on() == ClusterOn::Map)
    }

    pub fn cluster_on(&self) -> ClusterOn {
        match self.cluster_on {
            Space::Umap => ClusterOn::Umap,
            Space::Vectors => ClusterOn::Vectors,
            Space::Map => ClusterOn::Map,
        }
    }

    pub fn metric(&self) -> Option<Metric> {
        self.metric.map(|metric| match metric {
            MetricName::Cosine => Metric::Cosine,
            MetricName::Euclidean => Metric::Euclidean,
            MetricName::Manhattan => Metric::Manhattan,
        })
    }

    /// The map, with what was not asked for fitted to the number of songs.
    pub fn umap(&self, songs: usize) -> UmapParams {
        let reduced = UmapParams::default().reduced_for(songs);
        UmapParams {
            neighbors: self.neighbors.unwrap_or(reduced.neighbors),
            dims: self.dims,
            metric: self.metric().unwrap_or_default(),
            start: match self.start {
                StartName::Spectral => Start::Spectral,
                StartName::Pca => Start::Pca,
            },
            seed: self.seed,
            ..reduced
        }
    }

    /// The clustering, with what was not asked for fitted to the number of songs.
    pub fn hdbscan(&self, songs: usize) -> HdbscanParams {
        let reduced = HdbscanParams::default().reduced_for(songs);
        HdbscanParams {
            min_cluster_size: self.min_cluster_size.unwrap_or(reduced.min_cluster_size),
            min_samples: self.min_samples.unwrap_or(reduced.min_samples),
            method: match self.cluster_method {
                MethodName::Eom => Method::Eom,
                MethodName::Leaf => Method::Leaf,
            },
            metric: self.metric().unwrap_or(Metric::Euclidean),
            epsilon: self.epsilon,
            max_cluster_size: self.max_cluster_size,
            allow_single_cluster: self.allow_single_cluster,
        }
    }
}
