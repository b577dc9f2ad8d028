//! Vectors that are searched many times.

mod grown;
mod save;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use ndarray::{ArcArray2, Array2, ArrayView1, ArrayView2, s};
use rayon::prelude::*;
use songscape_project::Progress;

use super::graph::Graph;
use super::prepared::scales;
use super::search::{Place, Search};
use super::{Metric, Neighbors, descent, nearest_of};
use crate::archive::standard;
use crate::error::{Error, Result};
use crate::vectors::check_finite;
use grown::Grown;

/// Up to so many rows an index measures all of them, which takes no longer.
const ALL: usize = 4096;
/// Neighbours of each row that the graph is made of, where it is not given them.
const NEIGHBORS: usize = 24;
/// A search for more than this share of the rows measures all of them.
const SHARE: usize = 64;

/// Vectors to search many times for those nearest to something: to new songs, to a mood between two
/// songs.
///
/// A search goes from row to row towards what is sought, along a graph of nearest neighbours from which
/// detours were taken out (as PyNNDescent and HNSW do it; Malkov and Yashunin 2018), and starts in the
/// leaves of a few random-projection trees. What it finds is measured again in float64 and ordered by
/// distance, then by row. Nearly all neighbours are found. Among at most 4,096 rows, and where a good part of
/// the rows is asked for, all rows are measured and nothing is missed.
///
/// The same index gives the same answer on any number of threads, in any process, beside any other
/// questions.
///
/// ```
/// use ndarray::Array2;
/// use songscape_analysis::neighbors::{Index, Metric};
/// use songscape_project::Silent;
///
/// let songs = Array2::from_shape_fn((300, 8), |(i, j)| ((i * (7 + j)) % 101) as f32);
/// let index = Index::new(songs.clone(), Metric::Euclidean, 1, &Silent)?;
/// let near = index.nearest(songs.slice(ndarray::s![5..6, ..]), 3)?;
/// assert_eq!((near.indices[[0, 0]], near.distances[[0, 0]]), (5, 0.0));
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    vectors: ArcArray2<f32>,
    metric: Metric,
    /// What each row is multiplied by before it is compared.
    scales: Vec<f32>,
    graph: Option<Graph>,
    /// The index that this one has grown from.
    grown: Option<Box<Grown>>,
}

impl Index {
    /// An index of vectors `[n, d]`. Their neighbours are sought first, which takes most of the time.
    ///
    /// # Errors
    /// [`Error::TooFewRows`] for none; [`Error::Interrupted`]; those of [`check_finite`].
    pub fn new(
        vectors: Array2<f32>,
        metric: Metric,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Self> {
        if vectors.nrows() <= ALL {
            return Self::of_all(vectors, metric);
        }
        let near = descent(vectors.view(), NEIGHBORS, metric, seed, progress)?;
        Self::from_neighbors(vectors, &near, metric, seed)
    }

    /// An index of vectors `[n, d]` whose nearest neighbours by the same metric are known, as those that a
    /// map was made of.
    ///
    /// # Errors
    /// [`Error::TooFewRows`] for no vectors; [`Error::LengthMismatch`] when there are not as many
    /// neighbourhoods; [`Error::Parameter`] when a neighbour is no row; those of [`check_finite`].
    pub fn from_neighbors(
        vectors: Array2<f32>,
        near: &Neighbors,
        metric: Metric,
        seed: u64,
    ) -> Result<Self> {
        let n = vectors.nrows();
        near.check(n)?;
        let mut index = Self::of_all(vectors, metric)?;
        if n > ALL {
            index.graph = Some(Graph::new(&index.search(), near, seed));
        }
        Ok(index)
    }

    /// An index that measures all vectors `[n, d]` for every question: the choice for a few questions, as
    /// nothing is prepared.
    ///
    /// # Errors
    /// [`Error::TooFewRows`] for no vectors; those of [`check_finite`].
    pub fn of_all(vectors: Array2<f32>, metric: Metric) -> Result<Self> {
        check_finite(vectors.view())?;
        if vectors.nrows() == 0 {
            return Err(Error::TooFewRows { what: "an index".into(), rows: 0, needed: 1 });
        }
        Ok(Self::sharing(standard(vectors).into_shared(), metric))
    }

    /// An index of checked vectors, which others may share.
    fn sharing(vectors: ArcArray2<f32>, metric: Metric) -> Self {
        let scales = scales(vectors.view(), metric);
        Self { vectors, metric, scales, graph: None, grown: None }
    }

    /// An index of the same vectors, which are not copied, by another metric.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn by(&self, metric: Metric, seed: u64, progress: &dyn Progress) -> Result<Self> {
        if metric == self.metric {
            return Ok(self.clone());
        }
        let mut index = Self::sharing(self.vectors.clone(), metric);
        if index.len() > ALL {
            let near = descent(index.vectors.view(), NEIGHBORS, metric, seed, progress)?;
            index.graph = Some(Graph::new(&index.search(), &near, seed));
        }
        Ok(index)
    }

    /// The vectors `[n, d]`.
    pub fn vectors(&self) -> ArrayView2<'_, f32> {
        self.vectors.view()
    }

    /// How they are compared.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The number of vectors.
    pub fn len(&self) -> usize {
        self.vectors.nrows()
    }

    /// Whether there are none, which cannot be.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `k` nearest vectors for every row of `new` `[m, d]`: `[m, k]`, nearest first. A row that is in
    /// the index is its own neighbour.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`]; [`Error::TooFewRows`] unless `n >= k`; [`Error::Parameter`] when `k` is
    /// 0; those of [`check_finite`].
    pub fn nearest(&self, new: ArrayView2<f32>, k: usize) -> Result<Neighbors> {
        let all = |new: ArrayView2<f32>| nearest_of(self.vectors.view(), new, k, self.metric);
        if let Some(grown) = self.grown.as_ref().filter(|_| k > 0 && k <= self.len() / SHARE) {
            return grown.nearest(new, k);
        }
        let graph = match &self.graph {
            Some(graph) if k > 0 && k <= self.len() / SHARE => graph,
            _ => return all(new),
        };
        check_finite(new)?;
        if new.ncols() != self.vectors.ncols() {
            let (found, expected) = (new.ncols(), self.vectors.ncols());
            return Err(Error::ColumnMismatch { found, expected });
        }
        let search = self.search();
        let new = new.as_standard_layout();
        let found: Vec<Vec<(f64, u32)>> = (0..new.nrows())
            .into_par_iter()
            .map_init(Default::default, |scratch, i| {
                let row = new.row(i);
                let row = row.to_slice().unwrap_or_default();
                graph.nearest(&search, &Place::new(row, self.metric), k, scratch)
            })
            .collect();
        let mut near = Neighbors {
            indices: Array2::zeros((new.nrows(), k)),
            distances: Array2::zeros((new.nrows(), k)),
        };
        for (i, found) in found.iter().enumerate() {
            if found.len() < k {
                // The graph has parts that are smaller than what is asked for.
                let row = all(new.slice(s![i..=i, ..]))?;
                near.indices.row_mut(i).assign(&row.indices.row(0));
                near.distances.row_mut(i).assign(&row.distances.row(0));
                continue;
            }
            for (j, &(distance, row)) in found.iter().enumerate() {
                (near.indices[[i, j]], near.distances[[i, j]]) = (row, distance as f32);
            }
        }
        Ok(near)
    }

    /// The row that is equal to a vector, if it is among the nearest of that vector; of several the first.
    pub(crate) fn equal_among(
        &self,
        near: ArrayView1<u32>,
        vector: ArrayView1<f32>,
    ) -> Option<usize> {
        let equal = |&row: &usize| self.vectors.row(row) == vector;
        near.iter().map(|&row| row as usize).filter(equal).min()
    }

    fn search(&self) -> Search<'_> {
        Search { x: self.vectors.view(), metric: self.metric, scales: &self.scales }
    }

    /// The vectors, which are not copied.
    pub(crate) fn shared(&self) -> ArcArray2<f32> {
        self.vectors.clone()
    }
}
