//! Other methods on the same data, to compare with: k-means and Gaussian mixtures beside the
//! clusters, k nearest neighbours beside the models of years.
//!
//! The methods are those of other crates, which come with the feature `comparisons` (a default one).
//! Without it there are only the types of their results.

#[cfg(feature = "comparisons")]
mod methods;

use serde::{Deserialize, Serialize};

#[cfg(feature = "comparisons")]
pub use methods::{clusters, years};

/// How far another clustering agrees with given labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The adjusted Rand index over the songs that the given labels put into a cluster.
    pub ari: f64,
    /// The adjusted mutual information over the same songs.
    pub ami: f64,
}

/// How far k-means and a Gaussian mixture, with as many clusters as there are labels, agree with
/// the labels. `None` where the method cannot be fitted (fewer than two clusters; a covariance
/// without an inverse).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClusterComparison {
    /// The number of clusters.
    pub clusters: usize,
    /// k-means (linfa).
    pub k_means: Option<Agreement>,
    /// A mixture of Gaussians of full covariance (linfa).
    pub gaussian_mixture: Option<Agreement>,
}
