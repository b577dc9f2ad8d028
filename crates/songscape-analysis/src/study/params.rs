//! What a study is made with.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::hdbscan::{HdbscanParams, Method};
use crate::music::clusters::{ClusterOn, ClusterParams};
use crate::music::years::YearParams;
use crate::neighbors::Metric;
use crate::umap::{Start, UmapParams};

/// The parameters of a [`study`](super::study). Sizes without a value follow from the number of songs.
/// The values that were used are written to `scores.json`. With the feature `clap` these are options of a
/// command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct StudyParams {
    /// Make only this part.
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "PART"))]
    pub only: Option<StudyPart>,
    /// Size of a song's neighborhood on the map, including the song itself (default: 15, fewer for few
    /// songs).
    #[cfg_attr(feature = "clap", arg(long = "neighbors", value_name = "N"))]
    pub map_neighbors: Option<usize>,
    /// Dimensions of the map, 1 to 64.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 2))]
    pub dims: usize,
    /// How vectors are compared (default: cosine; euclidean for clusters on the vectors).
    #[cfg_attr(feature = "clap", arg(long, value_enum))]
    pub metric: Option<Metric>,
    /// What the map starts from.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub start: Start,
    /// Where clusters are sought.
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "SPACE", default_value_t))]
    pub cluster_on: ClusterOn,
    /// How clusters are chosen from the tree.
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "METHOD", default_value_t))]
    pub cluster_method: Method,
    /// The smallest number of songs in a cluster (default: 25, fewer for few songs).
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    pub min_cluster_size: Option<usize>,
    /// The core distance is the distance to this neighbor, not counting the song itself (default: 10,
    /// fewer for few songs).
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    pub min_samples: Option<usize>,
    /// Do not split clusters at distances smaller than this.
    #[cfg_attr(feature = "clap", arg(long, value_name = "DISTANCE", default_value_t = 0.0))]
    pub epsilon: f64,
    /// The largest number of songs in a cluster.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    pub max_cluster_size: Option<usize>,
    /// Allow all songs together to be one cluster.
    #[cfg_attr(feature = "clap", arg(long))]
    pub allow_single_cluster: bool,
    /// Leave songs with a higher outlier score than this out of all clusters, whatever the map says (more
    /// than 0, such as 8; by default none are left out).
    #[cfg_attr(feature = "clap", arg(long, value_name = "SCORE"))]
    pub outliers_above: Option<f64>,
    /// Folds for the prediction of years, at least 2; the songs of an artist share a fold.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 5))]
    pub folds: usize,
    /// Also predict the years by nearest neighbors (slow for thousands of songs; needs the feature
    /// `comparisons`).
    #[cfg_attr(feature = "clap", arg(long))]
    pub compare: bool,
    /// Also predict the classes in this column of the table of songs, such as `genre`; may be repeated.
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub classify: Vec<String>,
    /// Also make a map for each decade, each tied to the one before.
    #[cfg_attr(feature = "clap", arg(long))]
    pub decade_maps: bool,
    /// Number of nearest songs to list for each song.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 10))]
    pub nearest: usize,
    /// Number of songs that represent each cluster.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 10))]
    pub representatives: usize,
    /// Seed of everything random.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 1))]
    pub seed: u64,
}

/// One part of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StudyPart {
    /// The map.
    Umap,
    /// The clusters, with their names and representatives.
    Hdbscan,
    /// The years, and the change from year to year.
    Years,
}

impl Default for StudyParams {
    fn default() -> Self {
        Self {
            only: None,
            map_neighbors: None,
            dims: 2,
            metric: None,
            start: Start::default(),
            cluster_on: ClusterOn::default(),
            cluster_method: Method::default(),
            min_cluster_size: None,
            min_samples: None,
            epsilon: 0.0,
            max_cluster_size: None,
            allow_single_cluster: false,
            outliers_above: None,
            folds: 5,
            compare: false,
            classify: Vec::new(),
            decade_maps: false,
            nearest: 10,
            representatives: 10,
            seed: 1,
        }
    }
}

impl StudyParams {
    /// The defaults with another seed.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Checks every range that does not depend on the songs.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the field.
    pub fn check(&self) -> Result<()> {
        if self.folds < 2 {
            return Err(Error::parameter("folds", self.folds, "at least 2"));
        }
        if let Some(bad) = self.outliers_above.filter(|above| above.is_nan() || *above <= 0.0) {
            return Err(Error::parameter("outliers_above", bad, "more than 0"));
        }
        if self.decade_maps && self.dims > 3 {
            return Err(Error::parameter("dims", self.dims, "at most 3 with maps of decades"));
        }
        Ok(())
    }

    /// Whether a part is made.
    pub fn makes(&self, part: StudyPart) -> bool {
        self.only.is_none_or(|only| only == part)
    }

    /// Whether the map is made, for itself or for the clusters.
    pub(super) fn makes_map(&self) -> bool {
        let below_clusters = self.makes(StudyPart::Hdbscan) && self.cluster_on == ClusterOn::Map;
        self.makes(StudyPart::Umap) || below_clusters
    }

    /// Whether only clusters are sought, among the vectors themselves.
    pub fn is_clustering_of_vectors(&self) -> bool {
        self.only == Some(StudyPart::Hdbscan) && self.cluster_on == ClusterOn::Vectors
    }

    /// Whether only years are made, of enough songs to look for near-duplicates among them.
    pub(super) fn makes_years_alone(&self, songs: usize) -> bool {
        let needed = self.umap(songs);
        let enough = songs >= needed.neighbors.max(needed.dims + 2);
        self.only == Some(StudyPart::Years) && enough
    }

    /// The map of so many songs.
    pub(super) fn umap(&self, songs: usize) -> UmapParams {
        let reduced = UmapParams::default().reduced_for(songs);
        UmapParams {
            neighbors: self.map_neighbors.unwrap_or(reduced.neighbors),
            dims: self.dims,
            metric: self.metric.unwrap_or_default(),
            start: self.start,
            seed: self.seed,
            ..reduced
        }
    }

    /// The clusters of so many songs.
    pub(super) fn hdbscan(&self, songs: usize) -> HdbscanParams {
        let reduced = HdbscanParams::default().reduced_for(songs);
        HdbscanParams {
            min_cluster_size: self.min_cluster_size.unwrap_or(reduced.min_cluster_size),
            min_samples: self.min_samples.unwrap_or(reduced.min_samples),
            method: self.cluster_method,
            metric: match self.cluster_on {
                ClusterOn::Vectors => self.metric.unwrap_or(Metric::Euclidean),
                _ => Metric::Euclidean,
            },
            epsilon: self.epsilon,
            max_cluster_size: self.max_cluster_size,
            allow_single_cluster: self.allow_single_cluster,
        }
    }

    /// The same with the UMAP that clusters are sought on, which differs from the map in what suits
    /// only clustering.
    pub(super) fn clusters(&self, songs: usize) -> ClusterParams {
        let suited = UmapParams::for_clustering().reduced_for(songs);
        ClusterParams {
            on: self.cluster_on,
            umap: UmapParams { dims: suited.dims, min_dist: suited.min_dist, ..self.umap(songs) },
            hdbscan: self.hdbscan(songs),
        }
    }

    /// The years of so many songs that have one.
    pub(super) fn years(&self, dated: usize) -> YearParams {
        YearParams { folds: self.folds, ..YearParams::for_songs(dated, self.seed) }
    }
}
