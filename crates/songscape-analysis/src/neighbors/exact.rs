use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use songscape_project::{Job, Progress};

use super::prepared::Prepared;
use super::{INTERRUPTED, Measured, Metric, Neighbors};
use crate::error::{Error, Result};
use crate::vectors::check_finite;

/// Rows of a tile of the product, and columns: a tile of float32 stays within a core's cache.
const TILE: (usize, usize) = (128, 1024);
/// Candidates that are kept beyond `k`, so that the product's rounding loses no neighbour.
const SPARE: usize = 8;

/// The `k` nearest neighbours of every row of `x` `[n, d]`, the row itself left out.
///
/// Candidates are found by a blocked matrix product in float32 on all threads (for
/// [`Metric::Manhattan`], by the distances themselves), measured again in float64, and ordered by
/// distance, then by row. The result does not depend on the number of threads. Time grows as n² d;
/// memory beyond the result does not grow with n².
///
/// # Errors
/// [`Error::TooFewRows`] unless `n > k`, [`Error::Parameter`] when `k` is 0,
/// [`Error::Interrupted`], those of [`check_finite`].
pub fn exact(
    x: ArrayView2<f32>,
    k: usize,
    metric: Metric,
    progress: &dyn Progress,
) -> Result<Neighbors> {
    check(x, k)?;
    let n = x.nrows();
    let x = x.as_standard_layout();
    let prepared = Prepared::new(x.view(), metric);
    let measured = Measured::new(x.view(), metric);
    let job = Job::begin(progress, "neighbors", n as u64, "rows");
    let mut indices = Array2::<u32>::zeros((n, k));
    let mut distances = Array2::<f32>::zeros((n, k));
    let blocks: Vec<_> = indices
        .axis_chunks_iter_mut(Axis(0), TILE.0)
        .zip(distances.axis_chunks_iter_mut(Axis(0), TILE.0))
        .enumerate()
        .collect();
    blocks.into_par_iter().for_each(|(block, (mut indices, mut distances))| {
        if job.interrupted() {
            return;
        }
        let first = block * TILE.0;
        let best = candidates(&prepared, first, indices.nrows(), k);
        for (i, candidates) in best.iter().enumerate() {
            let entries = candidates.entries.iter().map(|e| e.1);
            let (indices, distances) = (indices.row_mut(i), distances.row_mut(i));
            measured.write_nearest(&measured, first + i, entries, indices, distances);
        }
        job.advance(best.len() as u64);
    });
    if job.interrupted() {
        return Err(INTERRUPTED);
    }
    Ok(Neighbors { indices, distances })
}

/// The `k` nearest rows of `x` `[n, d]` for every row of `new` `[m, d]`: `[m, k]`, found as by
/// [`exact`]. A row that is in both is its own neighbour.
///
/// # Errors
/// [`Error::ColumnMismatch`]; [`Error::TooFewRows`] unless `n >= k`; [`Error::Parameter`] when `k` is
/// 0; those of [`check_finite`].
pub fn nearest_of(
    x: ArrayView2<f32>,
    new: ArrayView2<f32>,
    k: usize,
    metric: Metric,
) -> Result<Neighbors> {
    check_finite(x)?;
    check_finite(new)?;
    let n = x.nrows();
    if new.ncols() != x.ncols() {
        return Err(Error::ColumnMismatch { found: new.ncols(), expected: x.ncols() });
    }
    if k == 0 {
        return Err(Error::parameter("neighbors", k, "at least 1"));
    }
    if n < k {
        return Err(Error::TooFewRows { what: format!("{k} neighbors"), rows: n, needed: k });
    }
    let (x, new) = (x.as_standard_layout(), new.as_standard_layout());
    let prepared = Prepared::new(x.view(), metric);
    let beside = prepared.beside(new.view());
    let (measured, own_measured) =
        (Measured::new(x.view(), metric), Measured::new(new.view(), metric));
    let mut indices = Array2::<u32>::zeros((new.nrows(), k));
    let mut distances = Array2::<f32>::zeros((new.nrows(), k));
    let rows: Vec<u32> = (0..new.nrows() as u32).collect();
    let blocks: Vec<_> = indices
        .axis_chunks_iter_mut(Axis(0), TILE.0)
        .zip(distances.axis_chunks_iter_mut(Axis(0), TILE.0))
        .zip(rows.chunks(TILE.0))
        .collect();
    blocks.into_par_iter().for_each(|((mut indices, mut distances), own)| {
        let (mut own_values, mut values, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        let mut best: Vec<Nearest> = own.iter().map(|_| Nearest::new((k + SPARE).min(n))).collect();
        beside.gather(own, &mut own_values);
        for start in (0..n).step_by(TILE.1) {
            let tile: Vec<u32> = (start..(start + TILE.1).min(n)).map(|j| j as u32).collect();
            prepared.gather(&tile, &mut values);
            beside.scores_with(&prepared, (own, &own_values), (&tile, &values), &mut scores);
            for (nearest, scores) in best.iter_mut().zip(scores.chunks_exact(tile.len())) {
                for (&j, &score) in tile.iter().zip(scores) {
                    nearest.offer(score, j as usize, usize::MAX);
                }
            }
        }
        for (i, (&row, best)) in own.iter().zip(&best).enumerate() {
            let entries = best.entries.iter().map(|e| e.1);
            let (indices, distances) = (indices.row_mut(i), distances.row_mut(i));
            measured.write_nearest(&own_measured, row as usize, entries, indices, distances);
        }
    });
    Ok(Neighbors { indices, distances })
}

/// What both searches need of their input.
pub(super) fn check(x: ArrayView2<f32>, k: usize) -> Result<()> {
    check_finite(x)?;
    let n = x.nrows();
    if k == 0 {
        return Err(Error::parameter("neighbors", k, "at least 1"));
    }
    if n <= k {
        return Err(Error::TooFewRows { what: format!("{k} neighbors"), rows: n, needed: k + 1 });
    }
    Ok(())
}

/// The nearest rows to each of the rows `first..first + count`, by a score that orders as the
/// distance does.
fn candidates(x: &Prepared, first: usize, count: usize, k: usize) -> Vec<Nearest> {
    let n = x.len();
    let kept = (k + SPARE).min(n - 1);
    let mut best: Vec<Nearest> = (0..count).map(|_| Nearest::new(kept)).collect();
    let own: Vec<u32> = (first..first + count).map(|i| i as u32).collect();
    let (mut own_values, mut values, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    x.gather(&own, &mut own_values);
    for start in (0..n).step_by(TILE.1) {
        let tile: Vec<u32> = (start..(start + TILE.1).min(n)).map(|j| j as u32).collect();
        x.gather(&tile, &mut values);
        x.scores((&own, &own_values), (&tile, &values), &mut scores);
        for (i, (nearest, scores)) in
            best.iter_mut().zip(scores.chunks_exact(tile.len())).enumerate()
        {
            for (j, &score) in scores.iter().enumerate() {
                nearest.offer(score, start + j, first + i);
            }
        }
    }
    best
}

/// The smallest scores seen so far, sorted.
struct Nearest {
    entries: Vec<(f32, u32)>,
    kept: usize,
    worst: f32,
}

impl Nearest {
    fn new(kept: usize) -> Self {
        Self { entries: Vec::with_capacity(kept + 1), kept, worst: f32::INFINITY }
    }

    #[inline]
    fn offer(&mut self, score: f32, row: usize, of: usize) {
        if score >= self.worst || row == of {
            return;
        }
        let place = self.entries.partition_point(|e| e.0 <= score);
        self.entries.insert(place, (score, row as u32));
        self.entries.truncate(self.kept);
        if self.entries.len() == self.kept {
            self.worst = self.entries[self.kept - 1].0;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_project::Silent;

    use super::*;

    fn points(n: usize, d: usize) -> Array2<f32> {
        let mut state = 1u64;
        Array2::from_shape_simple_fn((n, d), || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 + 100.0
        })
    }

    #[test]
    fn every_metric_agrees_with_the_plain_search() {
        let x = points(300, 7);
        for metric in [Metric::Cosine, Metric::Euclidean, Metric::Manhattan] {
            let found = exact(x.view(), 6, metric, &Silent).unwrap();
            for i in 0..300 {
                let row = x.row(i).to_vec();
                let mut all: Vec<(f64, u32)> = (0..300)
                    .filter(|&j| j != i)
                    .map(|j| (metric.distance(&row, &x.row(j).to_vec()), j as u32))
                    .collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0));
                let expected: Vec<u32> = all[..6].iter().map(|e| e.1).collect();
                assert_eq!(found.indices.row(i).to_vec(), expected, "{metric:?} row {i}");
            }
        }
    }

    #[test]
    fn equal_rows_are_neighbours_at_distance_zero() {
        let x = Array2::<f32>::ones((5, 3));
        let found = exact(x.view(), 2, Metric::Cosine, &Silent).unwrap();
        assert_eq!(found.indices.row(0).to_vec(), [1, 2]);
        assert!(found.distances.iter().all(|&d| d == 0.0));
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let x = points(500, 20);
        let with = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| exact(x.view(), 10, Metric::Euclidean, &Silent).unwrap())
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn new_rows_find_the_same_neighbours_as_rows_among_the_others() {
        let x = points(300, 7);
        let new = x.slice(ndarray::s![200.., ..]);
        for metric in [Metric::Cosine, Metric::Euclidean, Metric::Manhattan] {
            let all = exact(x.view(), 6, metric, &Silent).unwrap();
            let found = nearest_of(x.view(), new, 7, metric).unwrap();
            for i in 0..100 {
                assert_eq!(found.indices[[i, 0]] as usize, 200 + i);
                let others = found.indices.slice(ndarray::s![i, 1..]);
                assert_eq!(others, all.indices.row(200 + i), "{metric:?}");
            }
        }
        let narrow = Array2::zeros((2, 3));
        assert!(nearest_of(x.view(), narrow.view(), 3, Metric::Cosine).is_err());
        assert!(nearest_of(x.view(), new, 301, Metric::Cosine).is_err());
    }

    #[test]
    fn too_few_rows_are_refused() {
        let x = points(5, 2);
        assert!(matches!(
            exact(x.view(), 5, Metric::Euclidean, &Silent),
            Err(Error::TooFewRows { rows: 5, needed: 6, .. })
        ));
        assert!(exact(x.view(), 0, Metric::Euclidean, &Silent).is_err());
    }
}
