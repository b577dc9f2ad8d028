//! Evaluation by retrieval: does one part of a song find another part, or another recording, of the
//! same song?
//!
//! All functions work on plain vectors `[n, d]`, whatever they were made by, so that an encoder is
//! judged beside its baselines.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate, s};
use serde::{Deserialize, Serialize};

use crate::bootstrap::{Difference, Interval, mean_interval};
use crate::error::{Error, Result};
use crate::vectors::unit_rows;

/// Rows whose cosines are in memory at a time.
const BLOCK: usize = 1024;

/// Where each query found its first target: what all figures of a retrieval are computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The place of each query's first target, from 1.
    pub places: Vec<usize>,
    /// The song of each query: queries of one song are not independent.
    pub songs: Vec<usize>,
}

impl Places {
    /// The figures.
    pub fn retrieval(&self) -> Retrieval {
        Retrieval::new(&self.places)
    }

    /// The 95 % interval of the recall among the nearest `k`, over songs; `None` for fewer than two.
    pub fn interval(&self, k: usize) -> Option<Interval> {
        mean_interval(&self.hits(k), &self.songs).expect("each query has a song")
    }

    /// The recall among the nearest `k` less that of another retrieval with the same queries. Pairs
    /// of queries are compared, which tells more apart than two intervals do. `None` where the
    /// queries are not the same, or of fewer than two songs.
    pub fn difference(&self, other: &Self, k: usize) -> Option<Difference> {
        if self.songs != other.songs {
            return None;
        }
        let found = Difference::of_pairs(&self.hits(k), &other.hits(k), &self.songs);
        found.expect("the queries are the same")
    }

    /// 1 for each query with a target among the nearest `k`, else 0.
    fn hits(&self, k: usize) -> Vec<f64> {
        self.places.iter().map(|&place| f64::from(u8::from(place <= k))).collect()
    }
}

/// How well queries find their targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retrieval {
    /// The share of queries whose nearest row is a target.
    pub recall_1: f64,
    /// The share of queries with a target among the five nearest.
    pub recall_5: f64,
    /// The share of queries with a target among the ten nearest.
    pub recall_10: f64,
    /// The mean of one over the place of the first target.
    pub reciprocal_rank: f64,
}

impl Retrieval {
    fn new(places: &[usize]) -> Self {
        let queries = places.len().max(1) as f64;
        let share = |k| places.iter().filter(|&&place| place <= k).count() as f64 / queries;
        let inverse: f64 = places.iter().map(|&place| 1.0 / place as f64).sum();
        Self {
            recall_1: share(1),
            recall_5: share(5),
            recall_10: share(10),
            reciprocal_rank: inverse / queries,
        }
    }
}

/// Rows of `a` look for their own row of `b` by cosine, and the reverse; both directions averaged.
/// A tie counts against the target, so that equal vectors score nothing.
///
/// ```
/// use ndarray::array;
/// use songscape_analysis::retrieval::same_row;
///
/// let a = array![[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]];
/// let b = array![[0.9, 0.1], [0.1, 0.9], [0.1, 1.0]];
/// let found = same_row(a.view(), b.view())?.retrieval();
/// assert_eq!(found.recall_1, 3.0 / 6.0);
/// assert_eq!(found.recall_5, 1.0);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// [`Error::LengthMismatch`] and [`Error::ColumnMismatch`] when the shapes differ.
pub fn same_row(a: ArrayView2<f32>, b: ArrayView2<f32>) -> Result<Places> {
    same_shape(a, b)?;
    let (a, b) = (unit_rows(a), unit_rows(b));
    let mut places = Vec::with_capacity(2 * a.nrows());
    for (queries, targets) in [(&a, &b), (&b, &a)] {
        each_row(queries, targets, |own, cosines| {
            let before = (0..cosines.len()).filter(|&i| i != own);
            let before = before.filter(|&i| not_below(cosines[i], cosines[own]));
            places.push(1 + before.count());
        });
    }
    let songs = (0..a.nrows()).chain(0..a.nrows()).collect();
    Ok(Places { places, songs })
}

/// Each row looks among all other rows, by cosine, for one with its own label. Rows whose label no
/// other row has take no part.
///
/// # Errors
/// [`Error::LengthMismatch`] when there are not as many labels as rows.
pub fn same_label(vectors: ArrayView2<f32>, labels: &[usize]) -> Result<Places> {
    if vectors.nrows() != labels.len() {
        let (found, expected) = (labels.len(), vectors.nrows());
        return Err(Error::LengthMismatch { what: "labels", found, expected });
    }
    let rows = unit_rows(vectors);
    let (mut places, mut songs) = (Vec::with_capacity(labels.len()), Vec::new());
    each_row(&rows, &rows, |own, cosines| {
        let others = || (0..labels.len()).filter(|&j| j != own);
        let siblings = others().filter(|&j| labels[j] == labels[own]);
        let Some(best) = siblings.map(|j| cosines[j]).reduce(f32::max) else { return };
        let before = others().filter(|&j| labels[j] != labels[own]);
        places.push(1 + before.filter(|&j| not_below(cosines[j], best)).count());
        songs.push(labels[own]);
    });
    Ok(Places { places, songs })
}

/// A number for each value, equal for equal values: labels for [`same_label`].
pub fn numbered<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<usize> {
    let mut numbers = std::collections::BTreeMap::new();
    let number = |value| {
        let next = numbers.len();
        *numbers.entry(value).or_insert(next)
    };
    values.into_iter().map(number).collect()
}

/// Columns of both sets shifted and scaled to mean 0 and deviation 1 over all rows of both. Without
/// it the cosines of raw statistics are all near 1, which would make a weak baseline.
///
/// # Errors
/// [`Error::ColumnMismatch`] when the sets have different numbers of columns.
pub fn standardized(a: ArrayView2<f32>, b: ArrayView2<f32>) -> Result<(Array2<f32>, Array2<f32>)> {
    let both = concatenate(Axis(0), &[a.view(), b.view()])
        .map_err(|_| Error::ColumnMismatch { found: b.ncols(), expected: a.ncols() })?;
    if both.nrows() == 0 {
        return Ok((a.to_owned(), b.to_owned()));
    }
    let both = both.mapv(f64::from);
    let deviation = both.std_axis(Axis(0), 0.0).mapv(|x| if x > 1e-12 { x } else { 1.0 });
    let centred = &both - &both.mean_axis(Axis(0)).expect("there are rows");
    let scaled = (centred / deviation).mapv(|x| x as f32);
    Ok((scaled.slice(s![..a.nrows(), ..]).to_owned(), scaled.slice(s![a.nrows().., ..]).to_owned()))
}

/// Calls `f` with the number of each query and its cosines with all targets.
fn each_row(
    queries: &Array2<f32>,
    targets: &Array2<f32>,
    mut f: impl FnMut(usize, ArrayView1<f32>),
) {
    for (block, some) in queries.axis_chunks_iter(Axis(0), BLOCK).enumerate() {
        let cosines = some.dot(&targets.t());
        for (i, row) in cosines.rows().into_iter().enumerate() {
            f(block * BLOCK + i, row);
        }
    }
}

fn same_shape(a: ArrayView2<f32>, b: ArrayView2<f32>) -> Result<()> {
    if a.nrows() != b.nrows() {
        let (found, expected) = (b.nrows(), a.nrows());
        return Err(Error::LengthMismatch { what: "the second set", found, expected });
    }
    if a.ncols() != b.ncols() {
        return Err(Error::ColumnMismatch { found: b.ncols(), expected: a.ncols() });
    }
    Ok(())
}

/// Not below, where what cannot be compared (NaN) counts against the target too.
fn not_below(other: f32, target: f32) -> bool {
    other >= target || other.is_nan() || target.is_nan()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn equal_and_undefined_vectors_find_nothing() {
        for value in [1.0, 0.0, f32::NAN] {
            let same = Array2::from_elem((20, 4), value);
            let found = same_row(same.view(), same.view()).unwrap().retrieval();
            assert_eq!((found.recall_1, found.recall_10), (0.0, 0.0));
        }
        let (a, b) = (Array2::zeros((3, 4)), Array2::zeros((3, 5)));
        assert!(same_row(a.view(), b.view()).is_err());
        assert!(same_row(a.view(), a.slice(s![1.., ..])).is_err());
    }

    #[test]
    fn labels_are_looked_for_among_all_others() {
        let vectors = array![[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.8, 0.3], [0.5, 0.5]];
        // Row 4 is alone. Row 0 finds row 1 first, row 1 finds row 0; 2 and 3 find each other
        // behind others: of row 2 first row 4, then row 3; of row 3 rows 1, 0, 4 before row 2.
        let found = same_label(vectors.view(), &[7, 7, 8, 8, 9]).unwrap().retrieval();
        assert_eq!(found.recall_1, 0.5);
        assert_eq!(found.reciprocal_rank, (1.0 + 1.0 + 0.5 + 0.25) / 4.0);
        assert!(same_label(vectors.view(), &[1]).is_err());
        assert_eq!(numbered(["b", "a", "b"]), [0, 1, 0]);
    }

    #[test]
    fn blocks_do_not_change_what_is_found() {
        let n = BLOCK + 7;
        let a = Array2::from_shape_fn((n, 3), |(i, j)| ((i * (j + 3)) % 101) as f32 - 50.0);
        let b = Array2::from_shape_fn((n, 3), |(i, j)| ((i * (j + 3) + 1) % 103) as f32 - 50.0);
        let found = same_row(a.view(), b.view()).unwrap().retrieval();
        let (a, b) = (unit_rows(a.view()), unit_rows(b.view()));
        let all = a.dot(&b.t());
        let first =
            |own: usize, line: ArrayView1<f32>| (0..n).all(|i| i == own || line[i] < line[own]);
        let hits = (0..n)
            .map(|i| usize::from(first(i, all.row(i))) + usize::from(first(i, all.column(i))));
        assert_eq!(found.recall_1, hits.sum::<usize>() as f64 / (2 * n) as f64);
    }

    #[test]
    fn standardized_columns_have_deviation_one_over_both_sets() {
        let (a, b) = standardized(array![[1.0, 5.0]].view(), array![[3.0, 5.0]].view()).unwrap();
        assert_eq!((a, b), (array![[-1.0, 0.0]], array![[1.0, 0.0]]));
    }
}
