//! Whether clusters are found again on another map of other songs.

use std::collections::BTreeMap;

use ndarray::{ArrayView2, Axis};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use songscape_project::Progress;

use super::clusters::{ClusterOn, ClusterParams, SongClusters, cluster};
use crate::error::{Error, Result};
use crate::hdbscan::HdbscanParams;
use crate::metrics::adjusted_rand_index;
use crate::umap::UmapParams;

/// Epochs of the maps that are made again at most.
const EPOCHS: usize = 200;

/// How clusters are made again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StabilityParams {
    /// The number of times (1 or more).
    pub runs: usize,
    /// The share of the songs that is drawn each time (more than 0, less than 1).
    pub kept: f64,
    /// Songs that are drawn at most.
    pub songs: usize,
    /// The seed of the draws and the maps.
    pub seed: u64,
}

impl Default for StabilityParams {
    /// Five times four songs in five, and 2,500 at most.
    fn default() -> Self {
        Self { runs: 5, kept: 0.8, songs: 2500, seed: 0 }
    }
}

/// How far clusters are the same on other maps, with other seeds, of parts of the songs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// The number of times that songs were drawn and clustered.
    pub runs: usize,
    /// The share of the songs that was drawn each time.
    pub kept: f64,
    /// The mean adjusted Rand index with the clusters of all songs, noise counted as a cluster.
    pub ari: f64,
    /// For each cluster the mean, over the runs, of the largest Jaccard index with any cluster found.
    pub jaccard: Vec<f64>,
}

impl Stability {
    /// Below this adjusted Rand index clusters may be accidents.
    pub const BOUND: f64 = 0.58;

    /// Whether the clusters may be accidents of the map and the songs: the bound is such that it flags
    /// 97% of sets of pure noise and none of the sets with groups that it was set by (figures in
    /// `docs/analysis.md`).
    pub fn may_be_accidents(&self) -> bool {
        self.ari < Self::BOUND
    }
}

/// Draws parts of the songs, makes the map of each anew with another seed, clusters it with the same
/// parameters, and compares with the clusters of all songs, `found` among `vectors` `[n, d]` by `params`.
/// Where clusters were sought on the map that is drawn, `params.umap` is to say how it was made. Sizes
/// that count songs shrink with the part that is drawn.
///
/// # Errors
/// [`Error::Parameter`] for no runs or a share that is not more than 0 and less than 1;
/// [`Error::LengthMismatch`]; those of [`cluster`]; [`Error::Interrupted`].
pub fn stability(
    vectors: ArrayView2<f32>,
    found: &SongClusters,
    params: &ClusterParams,
    again: &StabilityParams,
    progress: &dyn Progress,
) -> Result<Stability> {
    let StabilityParams { runs, kept, songs, seed } = *again;
    if runs == 0 {
        return Err(Error::parameter("runs", 0, "at least 1"));
    }
    if !(kept > 0.0 && kept < 1.0) {
        return Err(Error::parameter("kept", kept, "more than 0, less than 1"));
    }
    let (n, labels) = (vectors.nrows(), found.clusters.labels());
    if labels.len() != n {
        return Err(Error::LengthMismatch { what: "clusters", found: labels.len(), expected: n });
    }
    let count = ((n as f64 * kept).round() as usize).min(songs).clamp(3.min(n), n);
    let kept = count as f64 / n.max(1) as f64;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut stability =
        Stability { runs, kept, ari: 0.0, jaccard: vec![0.0; found.clusters.count()] };
    for run in 1..=runs {
        if progress.interrupted() {
            return Err(Error::Interrupted { what: "the stability of clusters" });
        }
        let mut rows = index::sample(&mut rng, n, count).into_vec();
        rows.sort_unstable();
        let params = for_part(params, count, kept, params.umap.seed.wrapping_add(run as u64));
        let part = vectors.select(Axis(0), &rows);
        let other = cluster(part.view(), None, &params, progress)?;
        let before: Vec<i32> = rows.iter().map(|&row| labels[row]).collect();
        let after = other.clusters.labels();
        stability.ari += adjusted_rand_index(&before, after)? / runs as f64;
        for (label, best) in stability.jaccard.iter_mut().enumerate() {
            *best += largest_jaccard(&before, after, label as i32) / runs as f64;
        }
    }
    Ok(stability)
}

/// The parameters for so many songs, a share of all.
fn for_part(params: &ClusterParams, songs: usize, share: f64, seed: u64) -> ClusterParams {
    // Of four songs in five the sizes stay; of fewer they shrink with the part, beyond that.
    let scale = (share / 0.8).min(1.0);
    let scaled =
        |size: usize, least: usize| ((size as f64 * scale).round() as usize).max(least.min(size));
    let HdbscanParams { min_cluster_size, min_samples, max_cluster_size, .. } = params.hdbscan;
    let epochs = params.umap.epochs_for(songs).min(EPOCHS);
    ClusterParams {
        on: if params.on == ClusterOn::Map { ClusterOn::Umap } else { params.on },
        umap: UmapParams { seed, epochs: Some(epochs), ..params.umap.clone() }.reduced_for(songs),
        hdbscan: HdbscanParams {
            min_cluster_size: scaled(min_cluster_size, 15),
            min_samples: scaled(min_samples, 5),
            max_cluster_size: max_cluster_size.map(|most| scaled(most, min_cluster_size)),
            ..params.hdbscan.clone()
        },
    }
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
