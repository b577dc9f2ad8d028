//! Clusters of songs, and where they are sought.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use songscape_project::Progress;

use crate::error::{Error, Result};
use crate::hdbscan::{self, Clusters, HdbscanParams};
use crate::metrics::adjusted_rand_index;
use crate::neighbors::Neighbors;
use crate::umap::{self, UmapParams};
use crate::vectors::check_finite;

/// Where clusters are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClusterOn {
    /// On a UMAP of several dimensions made for it: the default, as density means little among
    /// hundreds of dimensions and two lose too much.
    #[default]
    Umap,
    /// On the map that is drawn.
    Map,
    /// Among the vectors themselves.
    Vectors,
}

/// How songs are clustered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterParams {
    /// Where clusters are sought.
    pub on: ClusterOn,
    /// The UMAP made for clustering, used only with [`ClusterOn::Umap`].
    pub umap: UmapParams,
    /// The clustering; its metric counts only with [`ClusterOn::Vectors`], as a map is always
    /// measured by the euclidean metric.
    pub hdbscan: HdbscanParams,
}

impl Default for ClusterParams {
    fn default() -> Self {
        Self {
            on: ClusterOn::Umap,
            umap: UmapParams::for_clustering(),
            hdbscan: HdbscanParams::default(),
        }
    }
}

impl ClusterParams {
    /// The defaults with all that is too large for so many songs made smaller
    /// ([`UmapParams::reduced_for`], [`HdbscanParams::reduced_for`]).
    pub fn for_songs(songs: usize, seed: u64) -> Self {
        let default = Self::default();
        Self {
            umap: UmapParams { seed, ..default.umap }.reduced_for(songs),
            hdbscan: default.hdbscan.reduced_for(songs),
            ..default
        }
    }
}

/// Clusters of songs with the points that they were found among.
#[derive(Debug, Clone, PartialEq)]
pub struct SongClusters {
    /// `[n, m]`: the points, in the space that the parameters name.
    pub points: Array2<f64>,
    /// The clusters.
    pub clusters: Clusters,
}

/// Clusters songs by their vectors `[n, d]`. `map` `[n, 2]` is needed only for [`ClusterOn::Map`].
/// Vectors that are all equal are taken as they are, on no map, and so belong to no cluster.
///
/// # Errors
/// [`Error::Parameter`] when the map is needed and missing, [`Error::LengthMismatch`] when it has
/// another number of rows, those of [`umap::fit`] and [`hdbscan::fit`].
pub fn cluster(
    vectors: ArrayView2<f32>,
    map: Option<ArrayView2<f32>>,
    params: &ClusterParams,
    progress: &dyn Progress,
) -> Result<SongClusters> {
    cluster_near(vectors, None, map, params, progress)
}

/// As [`cluster`], with the nearest neighbours of the vectors where they are known: for the UMAP made
/// for clustering, by its metric and as many as it asks for.
///
/// # Errors
/// As [`cluster`], and those of [`umap::fit_neighbors`].
pub fn cluster_near(
    vectors: ArrayView2<f32>,
    neighbors: Option<&Neighbors>,
    map: Option<ArrayView2<f32>>,
    params: &ClusterParams,
    progress: &dyn Progress,
) -> Result<SongClusters> {
    check_finite(vectors)?;
    // A map of equal vectors shows only chance.
    let all_equal = vectors.rows().into_iter().all(|row| row == vectors.row(0));
    let on = if all_equal { ClusterOn::Vectors } else { params.on };
    let (points, metric) = match (on, map) {
        (ClusterOn::Umap, _) => {
            let map = match neighbors {
                Some(near) => umap::fit_neighbors(vectors, near, &params.umap, progress)?,
                None => umap::fit(vectors, &params.umap, progress)?,
            };
            (map.mapv(f64::from), None)
        }
        (ClusterOn::Map, Some(map)) => {
            if map.nrows() != vectors.nrows() {
                let (found, expected) = (map.nrows(), vectors.nrows());
                return Err(Error::LengthMismatch { what: "map", found, expected });
            }
            (map.mapv(f64::from), None)
        }
        (ClusterOn::Map, None) => {
            return Err(Error::parameter("map", "missing", "the map to cluster on"));
        }
        (ClusterOn::Vectors, _) => (vectors.mapv(f64::from), Some(params.hdbscan.metric)),
    };
    let hdbscan = HdbscanParams {
        metric: metric.unwrap_or(crate::neighbors::Metric::Euclidean),
        ..params.hdbscan.clone()
    };
    let clusters = hdbscan::fit_interruptible(points.view(), &hdbscan, progress)?;
    Ok(SongClusters { points, clusters })
}

/// How far clusters are the same when a part of the songs is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// The number of times that songs were drawn.
    pub runs: usize,
    /// The share of the songs that was kept.
    pub kept: f64,
    /// The mean adjusted Rand index with the clusters of all songs, noise counted as a cluster.
    pub ari: f64,
    /// For each cluster the mean, over the runs, of the largest Jaccard index with any cluster found.
    pub jaccard: Vec<f64>,
}

/// Clusters parts of the points again, with the same parameters, and compares. Points stay where
/// they are: this says how firm the clusters are in their space, not how firm the space is.
///
/// # Errors
/// [`Error::Parameter`] for no runs or a share that is not more than 0 and less than 1; those of
/// [`hdbscan::fit`]; [`Error::Interrupted`].
pub fn stability(
    found: &SongClusters,
    params: &HdbscanParams,
    runs: usize,
    kept: f64,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Stability> {
    if runs == 0 {
        return Err(Error::parameter("runs", 0, "at least 1"));
    }
    if !(kept > 0.0 && kept < 1.0) {
        return Err(Error::parameter("kept", kept, "more than 0, less than 1"));
    }
    let n = found.points.nrows();
    let count = ((n as f64 * kept).round() as usize).clamp(2.min(n), n);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut stability =
        Stability { runs, kept, ari: 0.0, jaccard: vec![0.0; found.clusters.count()] };
    for _ in 0..runs {
        if progress.interrupted() {
            return Err(Error::Interrupted { what: "the stability of clusters" });
        }
        let mut rows = index::sample(&mut rng, n, count).into_vec();
        rows.sort_unstable();
        let points = found.points.select(Axis(0), &rows);
        let again = hdbscan::fit_interruptible(points.view(), params, progress)?;
        let before: Vec<i32> = rows.iter().map(|&row| found.clusters.labels()[row]).collect();
        stability.ari += adjusted_rand_index(&before, again.labels())? / runs as f64;
        for (label, best) in stability.jaccard.iter_mut().enumerate() {
            *best += largest_jaccard(&before, again.labels(), label as i32) / runs as f64;
        }
    }
    Ok(stability)
}

fn largest_jaccard(before: &[i32], after: &[i32], label: i32) -> f64 {
    let mut both: BTreeMap<i32, usize> = BTreeMap::new();
    let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
    for (&b, &a) in before.iter().zip(after).filter(|e| *e.1 >= 0) {
        *sizes.entry(a).or_default() += 1;
        *both.entry(a).or_default() += usize::from(b == label);
    }
    let own = before.iter().filter(|&&b| b == label).count();
    let jaccard = |(a, &shared): (&i32, &usize)| shared as f64 / (own + sizes[a] - shared) as f64;
    both.iter().map(jaccard).fold(0.0, f64::max)
}
