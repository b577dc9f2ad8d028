//! UMAP: a map of few dimensions that keeps neighbours together.
//!
//! After L. McInnes, J. Healy and J. Melville, "UMAP: Uniform Manifold Approximation and Projection
//! for Dimension Reduction" (2018). The steps are the [neighbours](crate::neighbors), the
//! [fuzzy graph](graph), a start ([`Start`]) and the [layout](layout::optimize), which is parallel
//! and gives the same bytes for any number of threads.

mod align;
mod curve;
mod forces;
pub mod graph;
mod init;
pub mod layout;
mod multigrid;
mod spectral;
mod transform;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use songscape_project::Progress;

use crate::error::{Error, Result};
use crate::neighbors::{self, Metric, Neighbors};
use crate::vectors::check_finite;

pub(crate) use align::aligned;
pub use curve::Curve;
pub use graph::FuzzyGraph;
pub use transform::Umap;

/// What a map is made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UmapParams {
    /// The size of a point's neighbourhood, the point itself counted (2 or more). Small values show
    /// fine structure, large ones the coarse.
    pub neighbors: usize,
    /// The number of dimensions of the map (1–64).
    pub dims: usize,
    /// How close points may lie on the map, 0 to `3 spread`; 0 makes tight groups, for clustering.
    pub min_dist: f64,
    /// The scale of the map (more than 0).
    pub spread: f64,
    /// How vectors are compared.
    pub metric: Metric,
    /// Passes over the graph; without a value 500 for up to 10,000 rows and 200 for more.
    pub epochs: Option<usize>,
    /// Points that every point is pushed away from, for each that it is pulled to.
    pub negatives: usize,
    /// Where the layout starts.
    pub start: Start,
    /// The seed of everything random.
    pub seed: u64,
}

/// Where the layout starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Start {
    /// The leading eigenvectors of the graph, up to a residual. They unfold curved structures, and say
    /// little about the positions of groups that hardly touch. If the graph is not connected, each piece
    /// has its own, placed by the principal components of the pieces' means.
    Spectral,
    /// The (approximate) principal components of the vectors. With these, distances between groups on the
    /// map follow those among the vectors better, and as many neighbors are kept.
    #[default]
    Pca,
}

impl Default for UmapParams {
    fn default() -> Self {
        Self {
            neighbors: 15,
            dims: 2,
            min_dist: 0.1,
            spread: 1.0,
            metric: Metric::Cosine,
            epochs: None,
            negatives: 5,
            start: Start::default(),
            seed: 0,
        }
    }
}

impl UmapParams {
    /// A map made for clustering: 10 dimensions, tight groups (`min_dist` 0).
    pub fn for_clustering() -> Self {
        Self { dims: 10, min_dist: 0.0, ..Self::default() }
    }

    /// The same parameters with what is too large for `rows` rows made smaller: `neighbors` at most
    /// `rows / 2` (at least 2) and `dims` at most `rows − 2` (at least 1).
    pub fn reduced_for(&self, rows: usize) -> Self {
        Self {
            neighbors: self.neighbors.min((rows / 2).max(2)),
            dims: self.dims.min(rows.saturating_sub(2).max(1)),
            ..self.clone()
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the field that is out of its range.
    pub fn check(&self) -> Result<()> {
        if self.neighbors < 2 {
            return Err(Error::parameter(
                "neighbors",
                self.neighbors,
                "at least 2 (the point itself counts)",
            ));
        }
        if !(1..=layout::MAX_DIMS).contains(&self.dims) {
            return Err(Error::parameter("dims", self.dims, "1 to 64"));
        }
        if !(self.spread > 0.0 && self.spread.is_finite()) {
            return Err(Error::parameter("spread", self.spread, "a finite number more than 0"));
        }
        if !(0.0..=3.0 * self.spread).contains(&self.min_dist) {
            return Err(Error::parameter("min_dist", self.min_dist, "0 to 3 times the spread"));
        }
        if self.epochs == Some(0) {
            return Err(Error::parameter("epochs", 0, "at least 1"));
        }
        Ok(())
    }

    /// The number of epochs for `rows` rows.
    pub fn epochs_for(&self, rows: usize) -> usize {
        self.epochs.unwrap_or(if rows <= 10_000 { 500 } else { 200 })
    }
}

/// Makes a map of the rows of `x` `[n, d]`: `[n, dims]`.
///
/// The result depends on the vectors, the parameters and the order of the rows, not on the number
/// of threads. Use [`UmapParams::reduced_for`] where there may be few rows.
///
/// ```
/// use songscape_analysis::ndarray::Array2;
/// use songscape_analysis::project::Silent;
/// use songscape_analysis::umap::{UmapParams, fit};
///
/// let x = Array2::from_shape_fn((40, 5), |(i, j)| ((i * (7 + j)) % 31) as f32);
/// let map = fit(x.view(), &UmapParams::default().reduced_for(40), &Silent)?;
/// assert_eq!(map.dim(), (40, 2));
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// [`Error::TooFewRows`] unless `n >= neighbors` and `n >= dims + 2`; [`Error::Parameter`];
/// [`Error::Interrupted`]; those of [`check_finite`].
pub fn fit(
    x: ArrayView2<f32>,
    params: &UmapParams,
    progress: &dyn Progress,
) -> Result<Array2<f32>> {
    let near = nearest(x, params, progress)?;
    fit_neighbors(x, &near, params, progress)
}

/// The neighbours that a map is made of.
pub(crate) fn nearest(
    x: ArrayView2<f32>,
    params: &UmapParams,
    progress: &dyn Progress,
) -> Result<Neighbors> {
    params.check()?;
    check_finite(x)?;
    let needed = params.neighbors.max(params.dims + 2);
    if x.nrows() < needed {
        return Err(Error::TooFewRows {
            what: format!("a map of {} dims with {} neighbors", params.dims, params.neighbors),
            rows: x.nrows(),
            needed,
        });
    }
    neighbors::nearest(x, params.neighbors - 1, params.metric, params.seed, progress)
}

/// As [`fit`], with neighbours found before. Their `k` stands for `params.neighbors`, which is
/// `k + 1`.
///
/// # Errors
/// [`Error::LengthMismatch`] when there are not as many neighbourhoods as rows, otherwise as [`fit`].
pub fn fit_neighbors(
    x: ArrayView2<f32>,
    neighbors: &Neighbors,
    params: &UmapParams,
    progress: &dyn Progress,
) -> Result<Array2<f32>> {
    fit_from(x, neighbors, None, params, progress)
}

/// Where a map begins that is not made from nothing.
#[derive(Debug, Clone, Copy)]
pub struct Beginning<'a> {
    /// The places of the rows `[n, dims]`.
    pub places: ArrayView2<'a, f32>,
    /// The share of the epochs that are behind, those with the largest steps: 0 for places that only say what lies
    /// where, 0.9 for an earlier map that is to change little; 0 to less than 1.
    pub settled: f64,
}

/// As [`fit_neighbors`], from places that are known, such as those of an earlier map of the same rows.
///
/// # Errors
/// As [`fit_neighbors`]; [`Error::LengthMismatch`] and [`Error::ColumnMismatch`] for places of
/// another shape; [`Error::Parameter`] when `settled` is out of its range.
pub fn fit_from(
    x: ArrayView2<f32>,
    neighbors: &Neighbors,
    beginning: Option<Beginning>,
    params: &UmapParams,
    progress: &dyn Progress,
) -> Result<Array2<f32>> {
    params.check()?;
    check_finite(x)?;
    if neighbors.indices.nrows() != x.nrows() {
        return Err(Error::LengthMismatch {
            what: "neighbors",
            found: neighbors.indices.nrows(),
            expected: x.nrows(),
        });
    }
    let curve = Curve::fit(params.min_dist, params.spread);
    let graph = FuzzyGraph::new(neighbors);
    let epochs = params.epochs_for(x.nrows());
    let graph = graph.pruned(epochs);
    let mut first = 0;
    let mut map = match beginning {
        Some(Beginning { places: start, settled }) => {
            check_finite(start)?;
            if !(0.0..1.0).contains(&settled) {
                return Err(Error::parameter("settled", settled, "0 to less than 1"));
            }
            first = (settled * epochs as f64) as usize;
            let (found, expected) = (start.dim(), (x.nrows(), params.dims));
            if found.0 != expected.0 {
                let (found, expected) = (found.0, expected.0);
                return Err(Error::LengthMismatch {
                    what: "the start of the map",
                    found,
                    expected,
                });
            }
            if found.1 != expected.1 {
                return Err(Error::ColumnMismatch { found: found.1, expected: expected.1 });
            }
            start.to_owned()
        }
        None => init::start(x, &graph, params)?,
    };
    layout::optimize(
        &mut map,
        &graph,
        &curve,
        (first, epochs),
        params.negatives,
        params.seed,
        progress,
    )?;
    Ok(map)
}
