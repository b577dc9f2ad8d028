//! Nearest neighbours, the base of the map and of "similar songs".

mod descent;
mod exact;
mod forest;
mod graph;
mod index;
mod lists;
mod measured;
mod prepared;
mod search;

use std::path::Path;

use ndarray::{Array2, ArrayView2, s};
use serde::{Deserialize, Serialize};
use songscape_project::Progress;

use crate::archive::{Archive, Writer};
use crate::error::{Error, Result};
use crate::kernels;

pub use descent::descent;
pub use exact::{exact, nearest_of};
pub use index::Index;
use measured::Measured;
pub(crate) use prepared::Prepared;

/// Up to so many rows the exact search is fast enough.
pub const EXACT_ROWS: usize = 20_000;

/// The `k` nearest neighbours of every row of `x` `[n, d]`: [`exact`](exact()) up to
/// [`EXACT_ROWS`] rows, [`descent`](descent()) for more.
///
/// # Errors
/// As [`exact`](exact()).
pub fn nearest(
    x: ArrayView2<f32>,
    k: usize,
    metric: Metric,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Neighbors> {
    if x.nrows() <= EXACT_ROWS {
        exact(x, k, metric, progress)
    } else {
        descent(x, k, metric, seed, progress)
    }
}

/// The error of a search that was asked to stop.
const INTERRUPTED: Error = Error::Interrupted { what: "the search for neighbours" };

/// A distance between vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Metric {
    /// `1 − cos`, from 0 to 2. Two rows of zeros are at distance 0, a row of zeros and another row
    /// at distance 1.
    #[default]
    Cosine,
    /// The length of the difference.
    Euclidean,
    /// The sum of the absolute differences.
    Manhattan,
}

/// The nearest neighbours of every row, nearest first; the row itself is left out.
///
/// Neighbours at equal distance come in the order of their rows.
///
/// ```
/// use songscape_analysis::ndarray::arr2;
/// use songscape_analysis::neighbors::{Metric, exact};
/// use songscape_analysis::project::Silent;
///
/// let x = arr2(&[[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]]);
/// let near = exact(x.view(), 2, Metric::Euclidean, &Silent)?;
/// assert_eq!(near.indices.row(0).to_vec(), [1, 2]);
/// assert_eq!(near.distances.row(0).to_vec(), [1.0, 5.0]);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// `[n, k]` row numbers.
    pub indices: Array2<u32>,
    /// `[n, k]` distances, ascending in every row.
    pub distances: Array2<f32>,
}

impl Neighbors {
    const KIND: &str = "table of neighbors";

    /// Writes them into a file of safetensors, atomically.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let (indices, distances) =
            (self.indices.as_standard_layout(), self.distances.as_standard_layout());
        let mut writer = Writer::new(Self::KIND);
        writer.matrix("indices", &indices);
        writer.matrix("distances", &distances);
        writer.save(path.as_ref())
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, when a neighbour is no row, or when the distances of a row are
    /// not ascending numbers of at least 0.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let archive = Archive::open(path.as_ref(), Self::KIND)?;
        let indices: Array2<u32> = archive.matrix("indices", (None, None))?;
        let (n, k) = indices.dim();
        let distances: Array2<f32> = archive.matrix("distances", (Some(n), Some(k)))?;
        let near = Self { indices, distances };
        archive.checked(near.check(n))?;
        let ascending = near.distances.rows().into_iter().all(|row| {
            row.iter().all(|d| *d >= 0.0) && row.windows(2).into_iter().all(|d| d[0] <= d[1])
        });
        archive.expect(ascending, "distances are not ascending numbers of at least 0")?;
        Ok(near)
    }

    /// Checks that there is a neighbourhood for each of `n` rows, all of whose neighbours are rows.
    fn check(&self, n: usize) -> Result<()> {
        if self.indices.nrows() != n || self.distances.dim() != self.indices.dim() {
            let found = self.indices.nrows().min(self.distances.nrows());
            return Err(Error::LengthMismatch { what: "neighbors", found, expected: n });
        }
        match self.indices.iter().find(|&&row| row as usize >= n) {
            Some(bad) => Err(Error::parameter("a neighbor", bad, "a row of the vectors")),
            None => Ok(()),
        }
    }

    /// The nearest `k` of them, or all where there are fewer.
    pub fn first(&self, k: usize) -> Self {
        let columns = s![.., ..k.min(self.indices.ncols())];
        Self {
            indices: self.indices.slice(columns).to_owned(),
            distances: self.distances.slice(columns).to_owned(),
        }
    }

    /// The share of these neighbours that `truth` has too, over rows of equal `k`: 1 when all agree.
    pub fn recall(&self, truth: &Neighbors) -> f64 {
        let mut found = 0;
        for (ours, theirs) in self.indices.rows().into_iter().zip(truth.indices.rows()) {
            found += ours.iter().filter(|&i| theirs.iter().any(|j| i == j)).count();
        }
        found as f64 / truth.indices.len().max(1) as f64
    }
}

impl Metric {
    /// The distance between two vectors of equal length, in float64. It is exactly symmetric, and
    /// exactly 0 between equal vectors.
    pub fn distance<T: crate::vectors::Real>(self, a: &[T], b: &[T]) -> f64 {
        match self {
            Self::Euclidean => kernels::squared_differences(a, b).sqrt(),
            Self::Manhattan => kernels::absolute_differences(a, b),
            Self::Cosine => {
                let (aa, bb) = (kernels::products(a, a), kernels::products(b, b));
                cosine(kernels::products(a, b), aa, bb)
            }
        }
    }
}

/// The cosine distance, from the products of two vectors with each other and with themselves.
fn cosine(dot: f64, aa: f64, bb: f64) -> f64 {
    if aa == 0.0 && bb == 0.0 {
        0.0
    } else if aa == 0.0 || bb == 0.0 {
        1.0
    } else {
        // Rounding leaves parallel vectors some 1e-16 apart; they are at no distance.
        let distance = 1.0 - dot / (aa * bb).sqrt();
        if distance < 1e-14 { 0.0 } else { distance }
    }
}
