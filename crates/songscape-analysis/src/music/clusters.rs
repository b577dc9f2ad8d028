//! Clusters of songs, and where they are sought.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use songscape_project::Progress;

use crate::error::{Error, Result};
use crate::hdbscan::{self, Clusters, HdbscanParams};
use crate::neighbors::{Metric, Neighbors};
use crate::umap::{self, UmapParams};
use crate::vectors::check_finite;

/// Where clusters are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClusterOn {
    /// On a UMAP of several dimensions made for it: density means little in hundreds of dimensions, and
    /// two dimensions lose too much.
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
    /// The space.
    pub on: ClusterOn,
    /// `[n, m]`: the points, in that space.
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
    let on = if all_equal(vectors) { ClusterOn::Vectors } else { params.on };
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
    clustered(on, points, metric, params, progress)
}

/// Clusters songs on the UMAP `[n, m]` that was made for it.
pub(crate) fn cluster_on(
    vectors: ArrayView2<f32>,
    map: ArrayView2<f32>,
    params: &ClusterParams,
    progress: &dyn Progress,
) -> Result<SongClusters> {
    if all_equal(vectors) {
        return cluster(vectors, None, params, progress);
    }
    clustered(ClusterOn::Umap, map.mapv(f64::from), None, params, progress)
}

/// A map of equal vectors shows only chance.
fn all_equal(vectors: ArrayView2<f32>) -> bool {
    vectors.rows().into_iter().all(|row| row == vectors.row(0))
}

fn clustered(
    on: ClusterOn,
    points: Array2<f64>,
    metric: Option<Metric>,
    params: &ClusterParams,
    progress: &dyn Progress,
) -> Result<SongClusters> {
    let metric = metric.unwrap_or(Metric::Euclidean);
    let hdbscan = HdbscanParams { metric, ..params.hdbscan.clone() };
    let clusters = hdbscan::fit_interruptible(points.view(), &hdbscan, progress)?;
    Ok(SongClusters { on, points, clusters })
}
