//! The rows that trees learn from: cut into bins once, checked, and given to each tree in part.

use std::ops::Range;

use ndarray::ArrayView2;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::bins::Binned;
use super::grow::{Data, Pool, grow};
use super::histogram::{Cell, MOST_ROWS, Scale};
use super::{Bins, BoosterParams, Node, Tree};
use crate::error::{Error, Result};

/// Rows cut into bins once, for several boosters of parts of them ([`Booster::fit_rows`](super::Booster::fit_rows)).
#[derive(Debug, Clone)]
pub struct BinnedRows<'a> {
    pub(super) x: ArrayView2<'a, f32>,
    bins: Bins,
    /// The columns that can be split.
    useful: Vec<usize>,
    all: Binned,
}

impl<'a> BinnedRows<'a> {
    /// Cuts the columns of `x` `[n, d]` into at most so many bins, that of missing values (NaN) counted.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless there are 3 to 256 bins; [`Error::NoColumns`]; [`Error::TooFewRows`] for
    /// no rows; [`Error::NotFinite`] for an infinite value.
    pub fn new(x: ArrayView2<'a, f32>, bins: usize) -> Result<Self> {
        BoosterParams { bins, ..BoosterParams::default() }.check()?;
        check_rows(x)?;
        Ok(Self::cut(x, bins))
    }

    pub(super) fn cut(x: ArrayView2<'a, f32>, bins: usize) -> Self {
        let bins = Bins::fit(x, bins);
        // A constant column cannot be split, unless values are missing.
        let useful: Vec<usize> = (0..x.ncols())
            .filter(|&c| bins.count(c) > 2 || x.column(c).iter().any(|v| v.is_nan()))
            .collect();
        let all = bins.apply(x, &useful);
        Self { x, bins, useful, all }
    }
}

/// The rows that are learned from: those of a matrix, or some of them.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, 'x> {
    x: ArrayView2<'x, f32>,
    some: Option<&'a [usize]>,
    cut: &'a BinnedRows<'x>,
    /// The bins of these rows, of the useful columns.
    all: &'a Binned,
}

/// A tree, and the rows that it was grown on: those of each leaf, as a range of `rows`.
pub(super) struct Grown {
    pub tree: Tree,
    pub leaves: Vec<(usize, Range<usize>)>,
    pub rows: Vec<u32>,
}

impl<'a, 'x> Rows<'a, 'x> {
    /// All rows of a matrix.
    pub fn all(cut: &'a BinnedRows<'x>) -> Self {
        Self { x: cut.x, some: None, cut, all: &cut.all }
    }

    /// Some rows, which may be named several times; `bins` are theirs ([`BinnedRows::bins_of`]).
    pub fn some(cut: &'a BinnedRows<'x>, rows: &'a [usize], bins: &'a Binned) -> Self {
        Self { x: cut.x, some: Some(rows), cut, all: bins }
    }

    pub fn columns(&self) -> usize {
        self.x.ncols()
    }

    /// Grows a tree on a random part of the rows and columns. `weights` are those of the rows, `scale` the units of
    /// gradients and weights.
    pub fn grow<C: Cell>(
        &self,
        gradients: &[f32],
        weights: &[f32],
        scale: Scale,
        params: &BoosterParams,
        rng: &mut ChaCha8Rng,
        pool: &mut Pool<C>,
    ) -> Grown {
        let useful = &self.cut.useful;
        let places = share(useful.len(), params.column_share, rng);
        let columns: Vec<usize> = places.iter().map(|&place| useful[place]).collect();
        let some = (columns.len() < useful.len()).then(|| self.all.select(&places));
        let part = share(gradients.len(), params.row_share, rng);
        let mut rows: Vec<u32> = part.into_iter().map(|row| row as u32).collect();
        let data = Data {
            bins: &self.cut.bins,
            binned: some.as_ref().unwrap_or(self.all),
            gradients,
            weights,
            columns: &columns,
        };
        let (tree, leaves) = grow(&data, scale, &mut rows, params, pool);
        Grown { tree, leaves, rows }
    }

    /// Adds what a tree says of each row. A tree that was grown on all rows knows their leaves already.
    pub fn add(&self, Grown { tree, leaves, rows }: &Grown, predicted: &mut [f64]) {
        if rows.len() < predicted.len() {
            for (i, predicted) in predicted.iter_mut().enumerate() {
                let row = self.some.map_or(i, |rows| rows[i]);
                *predicted += tree.predict(|column| self.x[[row, column]]);
            }
            return;
        }
        for (node, range) in leaves {
            if let Node::Leaf(value) = tree.nodes[*node] {
                for &row in &rows[range.clone()] {
                    predicted[row as usize] += value;
                }
            }
        }
    }
}

impl BinnedRows<'_> {
    /// The bins of some rows.
    ///
    /// # Errors
    /// [`Error::Parameter`] when a row does not exist.
    pub(super) fn bins_of(&self, rows: &[usize]) -> Result<Binned> {
        match rows.iter().find(|&&row| row >= self.x.nrows()) {
            Some(bad) => {
                Err(Error::parameter("a row", bad, "one of the rows that were cut into bins"))
            }
            None => Ok(self.all.rows(rows)),
        }
    }
}

/// A share of `0..n`, ascending, at least one.
fn share(n: usize, share: f64, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let count = ((n as f64 * share).round() as usize).clamp(n.min(1), n);
    if count == n {
        return (0..n).collect();
    }
    let mut out = index::sample(rng, n, count).into_vec();
    out.sort_unstable();
    out
}

pub(super) fn check(x: ArrayView2<f32>, y: &[f32], weights: Option<&[f32]>) -> Result<()> {
    check_rows(x)?;
    check_targets(x.dim(), y)?;
    let n = x.nrows();
    if let Some(weights) = weights {
        if weights.len() != n {
            let found = weights.len();
            return Err(Error::LengthMismatch { what: "weights", found, expected: n });
        }
        if let Some(bad) = weights.iter().find(|w| !(**w >= 0.0 && w.is_finite())) {
            return Err(Error::parameter("weight", bad, "a finite number of at least 0"));
        }
        if weights.iter().all(|&w| w == 0.0) {
            return Err(Error::parameter("sum of weights", 0, "more than 0"));
        }
    }
    Ok(())
}

pub(super) fn check_rows(x: ArrayView2<f32>) -> Result<()> {
    let (n, d) = x.dim();
    if d == 0 {
        return Err(Error::NoColumns { rows: n });
    }
    if n == 0 {
        return Err(Error::TooFewRows { what: "boosting".into(), rows: 0, needed: 1 });
    }
    for (row, values) in x.rows().into_iter().enumerate() {
        if let Some(column) = values.iter().position(|v| v.is_infinite()) {
            return Err(Error::NotFinite { row, column, value: values[column].into() });
        }
    }
    Ok(())
}

/// Checks the targets of `n` rows of `d` columns.
pub(super) fn check_targets((n, d): (usize, usize), y: &[f32]) -> Result<()> {
    check_count(n, y.len())?;
    match y.iter().position(|v| !v.is_finite()) {
        Some(row) => Err(Error::NotFinite { row, column: d, value: y[row].into() }),
        None => Ok(()),
    }
}

/// Checks that `n` rows can be learned from and have a target each.
pub(super) fn check_count(n: usize, targets: usize) -> Result<()> {
    if n == 0 {
        return Err(Error::TooFewRows { what: "boosting".into(), rows: 0, needed: 1 });
    }
    if n >= MOST_ROWS {
        return Err(Error::parameter("number of rows", n, "less than 16,777,216"));
    }
    if targets != n {
        return Err(Error::LengthMismatch { what: "targets", found: targets, expected: n });
    }
    Ok(())
}
