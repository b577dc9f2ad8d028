//! HDBSCAN: clusters of any shape and density, with the points that belong to none set apart.
//!
//! After R. Campello, D. Moulavi and J. Sander, "Density-Based Clustering Based on Hierarchical
//! Density Estimates" (2013), and their "Hierarchical Density Estimates for Data Clustering,
//! Visualization, and Outlier Detection" (2015). The steps: the core distances and the minimum
//! [spanning tree](spanning_tree) of the mutual reachability distance, the
//! [condensed tree](condense), the [selection](select) of clusters, [membership].
//!
//! **Ties.** Where several edges of the spanning tree have the same length, they are merged at once,
//! so that the tree of components is the same whatever the order of the rows, and so are the
//! clusters. Implementations that merge one edge after the other depend on the order there.
//!
//! **Equal rows** have density λ = ∞. A group of at least `min_cluster_size` equal rows is a
//! cluster of infinite stability, and no cluster that contains it is chosen in its place (with
//! [`Method::Eom`]). Beside an infinite λ, a finite one counts as 0: such points have probability 0
//! and GLOSH score 1. When all rows are equal there is nothing to split, and all points are noise
//! (or one cluster with `allow_single_cluster`).
//!
//! **Numbers.** Clusters are numbered from 0 by size, the largest first; those of equal size by
//! stability, the highest first; those equal in both by their lexicographically smallest row.

mod boruvka;
pub mod condense;
mod dense;
mod disjoint_sets;
mod groups;
mod kd_tree;
mod longest;
pub mod membership;
pub mod points;
mod predict;
mod products;
mod reach;
mod renumber;
mod save;
pub mod select;
pub mod spanning_tree;
mod validity;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use songscape_project::{Progress, Silent};

use crate::error::{Error, Result};
use crate::neighbors::Metric;
use crate::vectors::check_finite;

pub use condense::CondensedTree;
pub use predict::Predicted;
pub use validity::validity;

/// What clusters are made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HdbscanParams {
    /// Fewer points than this are no cluster (2 or more).
    pub min_cluster_size: usize,
    /// The neighbour, the point itself not counted, whose distance is the core distance (1 or
    /// more; at most `n − 1` is used). Larger values set more points apart.
    pub min_samples: usize,
    /// How clusters are chosen from the tree.
    pub method: Method,
    /// How points are compared.
    pub metric: Metric,
    /// Whether all points together may be one cluster.
    pub allow_single_cluster: bool,
    /// Clusters that part at a distance smaller than this are left together (0: none are).
    pub epsilon: f64,
    /// Clusters of more points than this are not chosen by [`Method::Eom`]; those inside them are (at
    /// least `min_cluster_size`).
    #[serde(default)]
    pub max_cluster_size: Option<usize>,
}

/// How clusters are chosen from the condensed tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Method {
    /// Excess of mass: the clusters that last longest over all densities.
    #[default]
    Eom,
    /// The leaves of the tree: many small, homogeneous clusters.
    Leaf,
}

impl Default for HdbscanParams {
    fn default() -> Self {
        Self {
            min_cluster_size: 25,
            min_samples: 10,
            method: Method::Eom,
            metric: Metric::Euclidean,
            allow_single_cluster: false,
            epsilon: 0.0,
            max_cluster_size: None,
        }
    }
}

impl HdbscanParams {
    /// The same parameters with what is too large for `rows` rows made smaller:
    /// `min_cluster_size` at most `rows / 20` and at least 5, `min_samples` at most half of that.
    pub fn reduced_for(&self, rows: usize) -> Self {
        let min_cluster_size = self.min_cluster_size.min((rows / 20).max(5));
        let min_samples = self.min_samples.min((min_cluster_size / 2).max(1));
        Self { min_cluster_size, min_samples, ..self.clone() }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the field that is out of its range.
    pub fn check(&self) -> Result<()> {
        if self.min_cluster_size < 2 {
            return Err(Error::parameter("min_cluster_size", self.min_cluster_size, "at least 2"));
        }
        if self.min_samples < 1 {
            return Err(Error::parameter("min_samples", self.min_samples, "at least 1"));
        }
        if !(self.epsilon >= 0.0 && self.epsilon.is_finite()) {
            return Err(Error::parameter("epsilon", self.epsilon, "a finite number of at least 0"));
        }
        if let Some(most) = self.max_cluster_size.filter(|&most| most < self.min_cluster_size) {
            return Err(Error::parameter("max_cluster_size", most, "at least min_cluster_size"));
        }
        Ok(())
    }
}

/// The clusters of a set of points.
///
/// ```
/// use songscape_analysis::hdbscan::{HdbscanParams, fit};
/// use songscape_analysis::ndarray::Array2;
///
/// // Two groups of 20 points, and one point far from both.
/// let x = Array2::from_shape_fn((41, 2), |(i, j)| {
///     if i == 40 { 500.0 } else { (i / 20 * 100) as f64 + ((i * (7 + 4 * j)) % 19) as f64 / 10.0 }
/// });
/// let params = HdbscanParams { min_cluster_size: 5, min_samples: 3, ..Default::default() };
/// let clusters = fit(x.view(), &params)?;
/// assert_eq!((clusters.count(), clusters.noise()), (2, 1));
/// assert_eq!(clusters.labels()[40], -1);
///
/// let new = Array2::from_elem((1, 2), 100.9);
/// assert_eq!(clusters.predict(x.view(), new.view())?.labels[0], clusters.labels()[30]);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    labels: Vec<i32>,
    probabilities: Vec<f64>,
    glosh: Vec<f64>,
    persistence: Vec<f64>,
    tree: CondensedTree,
    selected: Vec<usize>,
    total_weight: f64,
    core: Vec<f64>,
    params: HdbscanParams,
}

impl Clusters {
    /// `[n]`: each point's cluster, −1 for none.
    pub fn labels(&self) -> &[i32] {
        &self.labels
    }

    /// `[n]`: how firmly each point belongs to its cluster, 0 to 1; 0 for points of none.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// `[n]`: GLOSH scores, 0 to 1: how much earlier a point leaves the tree than the densest point of
    /// its last cluster. They speak of the points that were clustered: on a UMAP they do not find songs
    /// that are like no others, which [`outliers`](crate::outliers) does.
    pub fn glosh(&self) -> &[f64] {
        &self.glosh
    }

    /// Sets points apart: those that `apart` names belong to no cluster from now on, with probability 0.
    /// Clusters keep their numbers and the tree stays as it is.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when there is not one entry for each point.
    pub fn set_apart(&mut self, apart: &[bool]) -> Result<()> {
        if apart.len() != self.labels.len() {
            let (found, expected) = (apart.len(), self.labels.len());
            return Err(Error::LengthMismatch { what: "the points to set apart", found, expected });
        }
        for point in (0..apart.len()).filter(|&point| apart[point]) {
            (self.labels[point], self.probabilities[point]) = (-1, 0.0);
        }
        Ok(())
    }

    /// One for each cluster, 0 to 1: how long it lasts over all densities.
    pub fn persistence(&self) -> &[f64] {
        &self.persistence
    }

    /// The number of clusters.
    pub fn count(&self) -> usize {
        self.selected.len()
    }

    /// The number of points that belong to none.
    pub fn noise(&self) -> usize {
        self.labels.iter().filter(|&&l| l < 0).count()
    }

    /// The condensed tree that the clusters were chosen from.
    pub fn tree(&self) -> &CondensedTree {
        &self.tree
    }

    /// The condensed tree's cluster behind each label.
    pub fn selected(&self) -> &[usize] {
        &self.selected
    }

    /// `[n]`: the distance of each point to its `min_samples`-th nearest other point.
    pub fn core_distances(&self) -> &[f64] {
        &self.core
    }

    /// What they were made with.
    pub fn params(&self) -> &HdbscanParams {
        &self.params
    }

    /// The weight of the minimum spanning tree.
    pub fn spanning_tree_weight(&self) -> f64 {
        self.total_weight
    }
}

/// About how many seconds of one processor the search among so many rows takes, from what was measured for
/// 50,000 × 512 (62 s on a Zen 5): in more than 16 dimensions it measures all pairs. 0 in fewer, where it
/// takes fractions of a second.
pub fn estimated_seconds(rows: usize, dims: usize) -> f64 {
    if dims <= spanning_tree::TREE_DIMS {
        0.0
    } else {
        4.8e-11 * (rows as f64).powi(2) * dims as f64
    }
}

/// Clusters the rows of `x` `[n, d]`.
///
/// Fewer rows than `min_cluster_size` are no error: all of them are noise.
///
/// # Errors
/// [`Error::TooFewRows`] for fewer than two rows, [`Error::Parameter`], those of [`check_finite`].
pub fn fit(x: ArrayView2<f64>, params: &HdbscanParams) -> Result<Clusters> {
    fit_interruptible(x, params, &Silent)
}

/// As [`fit`], but asks now and then whether to stop: among tens of thousands of points of hundreds of
/// dimensions the search takes a minute.
///
/// # Errors
/// Those of [`fit`]; [`Error::Interrupted`].
pub fn fit_interruptible(
    x: ArrayView2<f64>,
    params: &HdbscanParams,
    progress: &dyn Progress,
) -> Result<Clusters> {
    params.check()?;
    check_finite(x)?;
    if x.nrows() < 2 {
        return Err(Error::TooFewRows { what: "clustering".into(), rows: x.nrows(), needed: 2 });
    }
    let points = points::Points::new(x, params.metric);
    let (core, edges) = spanning_tree::minimum(&points, params.min_samples, progress)?;
    let tree = CondensedTree::new(x.nrows(), &edges, params.min_cluster_size);
    let selected = select::select(&tree, params);
    let selected = select::numbered(&tree, &selected, x);
    let labels = membership::labels(&tree, &selected, params);
    let probabilities = membership::probabilities(&tree, &selected, &labels);
    let glosh = membership::glosh(&tree);
    let persistence = membership::persistence(&tree, &selected, &labels);
    let total_weight = spanning_tree::total_weight(&edges);
    Ok(Clusters {
        labels,
        probabilities,
        glosh,
        persistence,
        tree,
        selected,
        total_weight,
        core,
        params: params.clone(),
    })
}
