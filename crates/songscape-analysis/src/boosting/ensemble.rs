use std::path::Path;

use ndarray::ArrayView2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::{Progress, Silent, read_json, write_json};

use super::grow::Pool;
use super::histogram::{Cell, Counted, Scale, Weighted};
use super::loss::{quantile, weighted_quantile};
use super::rows::{BinnedRows, Grown, Rows, check, check_targets};
use super::{BoosterParams, Loss, Node, Tree};
use crate::error::{Error, Result};
use crate::metrics::mean_absolute_error;

/// A sum of regression trees. It can be saved as JSON.
///
/// ```
/// use songscape_analysis::boosting::{Booster, BoosterParams};
/// use songscape_analysis::metrics::mean_absolute_error;
/// use songscape_analysis::ndarray::Array2;
///
/// let x = Array2::from_shape_fn((200, 2), |(i, j)| ((i * (13 + 8 * j)) % 97) as f32);
/// let y: Vec<f32> = x.rows().into_iter().map(|row| if row[0] > 50.0 { 10.0 } else { 2.0 }).collect();
/// let booster = Booster::fit(x.view(), &y, None, &BoosterParams::for_rows(200))?;
/// assert!(mean_absolute_error(&y, &booster.predict(x.view())?)? < 0.5);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Booster {
    params: BoosterParams,
    columns: usize,
    base: f64,
    trees: Vec<Tree>,
}

impl Booster {
    /// Fits a booster to rows `x` `[n, d]`, in which NaN stands for a missing value, their targets
    /// `y` `[n]` and, optionally, weights `[n]`.
    ///
    /// Constant columns are of no use and of no harm. A constant target gives that constant.
    ///
    /// # Errors
    /// [`Error::Parameter`] (a weight that is negative or not finite, too), [`Error::NoColumns`],
    /// [`Error::TooFewRows`] for no rows, [`Error::LengthMismatch`], [`Error::NotFinite`] for an
    /// infinite value or a target that is not finite (reported as column `d`).
    pub fn fit(
        x: ArrayView2<f32>,
        y: &[f32],
        weights: Option<&[f32]>,
        params: &BoosterParams,
    ) -> Result<Self> {
        Self::fit_watched(x, y, weights, params, None, &Silent)
    }

    /// As [`fit`](Self::fit), but asks before every tree whether to stop. Nothing else is reported, as
    /// a model is mostly one of several.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit); [`Error::Interrupted`].
    pub fn fit_interruptible(
        x: ArrayView2<f32>,
        y: &[f32],
        weights: Option<&[f32]>,
        params: &BoosterParams,
        progress: &dyn Progress,
    ) -> Result<Self> {
        Self::fit_watched(x, y, weights, params, None, progress)
    }

    /// As [`fit`](Self::fit), but stops when `patience` trees in a row have not lowered the mean loss
    /// on other rows, and keeps the trees up to the lowest.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit), for the other rows too; [`Error::ColumnMismatch`];
    /// [`Error::Parameter`] when `patience` is 0.
    pub fn fit_until<'a>(
        x: ArrayView2<f32>,
        y: &[f32],
        weights: Option<&[f32]>,
        params: &BoosterParams,
        (other_x, other_y): (ArrayView2<'a, f32>, &'a [f32]),
        patience: usize,
    ) -> Result<Self> {
        if patience == 0 {
            return Err(Error::parameter("patience", 0, "at least 1"));
        }
        if other_x.ncols() != x.ncols() {
            return Err(Error::ColumnMismatch { found: other_x.ncols(), expected: x.ncols() });
        }
        check(other_x, other_y, None)?;
        let watch =
            Watch { x: other_x, y: other_y, patience, predicted: Vec::new(), losses: Vec::new() };
        Self::fit_watched(x, y, weights, params, Some(watch), &Silent)
    }

    fn fit_watched(
        x: ArrayView2<f32>,
        y: &[f32],
        weights: Option<&[f32]>,
        params: &BoosterParams,
        watch: Option<Watch>,
        progress: &dyn Progress,
    ) -> Result<Self> {
        params.check()?;
        check(x, y, weights)?;
        let binned = BinnedRows::cut(x, params.bins);
        let rows = Rows::all(&binned);
        match weights {
            Some(_) => Self::fit_with::<Weighted>(rows, y, weights, params, watch, progress),
            None => Self::fit_with::<Counted>(rows, y, weights, params, watch, progress),
        }
    }

    /// As [`fit_interruptible`](Self::fit_interruptible), to some rows, which may be named several times, of a
    /// matrix that was cut into bins before: one booster of several that see parts of the same rows, as in a
    /// cross-validation. `y` has a target for each of `rows`. `params.bins` does not count.
    ///
    /// # Errors
    /// Those of [`fit_interruptible`](Self::fit_interruptible); [`Error::Parameter`] when a row does not exist.
    pub fn fit_rows(
        binned: &BinnedRows,
        rows: &[usize],
        y: &[f32],
        params: &BoosterParams,
        progress: &dyn Progress,
    ) -> Result<Self> {
        params.check()?;
        let bins = binned.bins_of(rows)?;
        check_targets((rows.len(), binned.x.ncols()), y)?;
        let rows = Rows::some(binned, rows, &bins);
        Self::fit_with::<Counted>(rows, y, None, params, None, progress)
    }

    fn fit_with<'a, C: Cell>(
        learned: Rows<'a, '_>,
        y: &'a [f32],
        weights: Option<&'a [f32]>,
        params: &BoosterParams,
        mut watch: Option<Watch>,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let n = y.len();
        let ones = vec![1.0; if weights.is_some() { 0 } else { n }];
        let row_weights = weights.unwrap_or(&ones);
        let mut fit = Fit { y, weights, loss: params.loss, predicted: Vec::new() };
        let base = base(params.loss, y, row_weights);
        fit.predicted = vec![base; n];
        let mut trees = Vec::with_capacity(params.trees);
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        let mut pool = Pool::<C>::default();
        for _ in 0..params.trees {
            if progress.interrupted() {
                return Err(Error::Interrupted { what: "boosting" });
            }
            let gradients = fit.gradients(row_weights);
            let scale = Scale::new(&gradients, weights);
            let mut grown =
                learned.grow(&gradients, row_weights, scale, params, &mut rng, &mut pool);
            fit.fill_leaves(&mut grown, params.learning_rate);
            learned.add(&grown, &mut fit.predicted);
            trees.push(grown.tree);
            if let Some(watch) = &mut watch {
                let best = watch.best_after(base, &trees, params.loss);
                if best + watch.patience <= trees.len() {
                    break;
                }
            }
        }
        if let Some(watch) = &mut watch {
            trees.truncate(watch.best());
        }
        Ok(Self { params: params.clone(), columns: learned.columns(), base, trees })
    }

    /// The predictions for rows `[m, d]`.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`].
    pub fn predict(&self, x: ArrayView2<f32>) -> Result<Vec<f32>> {
        if x.ncols() != self.columns {
            return Err(Error::ColumnMismatch { found: x.ncols(), expected: self.columns });
        }
        Ok((0..x.nrows())
            .into_par_iter()
            .with_min_len(64)
            .map(|i| {
                let row = x.row(i);
                self.answer(|c| row[c])
            })
            .collect())
    }

    /// The number of columns that it was fitted on.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// What it was fitted with.
    pub fn params(&self) -> &BoosterParams {
        &self.params
    }

    /// Its trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// For each column `[d]` the sum of the gains of the splits on it.
    pub fn gain_importance(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.columns];
        for node in self.trees.iter().flat_map(|tree| &tree.nodes) {
            if let Node::Split { column, gain, .. } = node {
                out[*column] += gain;
            }
        }
        out
    }

    /// For each column `[d]` by how much the mean absolute error on rows `[m, d]` with targets `[m]`
    /// rises when the column's values are shuffled among the rows, the mean of `repeats` times.
    /// Rows that the booster was not fitted on say what it has learned, not what it has memorised.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`], [`Error::LengthMismatch`], [`Error::TooFewRows`],
    /// [`Error::Parameter`] when `repeats` is 0.
    pub fn permutation_importance(
        &self,
        x: ArrayView2<f32>,
        y: &[f32],
        repeats: usize,
        seed: u64,
    ) -> Result<Vec<f64>> {
        if repeats == 0 {
            return Err(Error::parameter("repeats", 0, "at least 1"));
        }
        let before = mean_absolute_error(y, &self.predict(x)?)?;
        let used = self.gain_importance();
        (0..self.columns)
            .into_par_iter()
            .map(|column| {
                // What no tree looks at changes nothing.
                if used[column] == 0.0 {
                    return Ok(0.0);
                }
                let mut rng = ChaCha8Rng::seed_from_u64(seed ^ ((column as u64) << 32));
                let mut order: Vec<usize> = (0..x.nrows()).collect();
                let mut rise = 0.0;
                for _ in 0..repeats {
                    order.shuffle(&mut rng);
                    let value =
                        |row: usize, c: usize| x[[if c == column { order[row] } else { row }, c]];
                    let predicted: Vec<f32> =
                        (0..x.nrows()).map(|row| self.answer(|c| value(row, c))).collect();
                    rise += (mean_absolute_error(y, &predicted)? - before) / repeats as f64;
                }
                Ok(rise)
            })
            .collect()
    }

    fn answer(&self, row: impl Fn(usize) -> f32) -> f32 {
        self.sum(row) as f32
    }

    /// The prediction in float64.
    pub(super) fn sum(&self, row: impl Fn(usize) -> f32) -> f64 {
        let sum: f64 = self.trees.iter().map(|tree| tree.predict(&row)).sum();
        self.base + sum
    }

    /// Writes the model as JSON, atomically.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(write_json(path, self)?)
    }

    /// Reads a model from JSON.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be read; [`Error::File`] when its trees are not whole.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read: Saved = read_json(path)?;
        Self::try_from(read).map_err(|reason| Error::File { path: path.into(), reason })
    }
}

/// A booster as it is saved, which nobody has looked at yet.
#[derive(Deserialize)]
struct Saved {
    params: BoosterParams,
    columns: usize,
    base: f64,
    trees: Vec<Tree>,
}

impl TryFrom<Saved> for Booster {
    type Error = String;

    fn try_from(
        Saved { params, columns, base, trees }: Saved,
    ) -> std::result::Result<Self, String> {
        trees_are_whole(&trees, columns)?;
        Ok(Self { params, columns, base, trees })
    }
}

/// Checks that trees which somebody else wrote refer to nothing that is not there.
pub(super) fn trees_are_whole(trees: &[Tree], columns: usize) -> std::result::Result<(), String> {
    let whole = |tree: &Tree| {
        !tree.nodes.is_empty()
            && tree.nodes.iter().enumerate().all(|(i, node)| match node {
                Node::Leaf(_) => true,
                Node::Split { column, left, right, .. } => {
                    let after = i + 1..tree.nodes.len();
                    *column < columns && after.contains(left) && after.contains(right)
                }
            })
    };
    if trees.iter().all(whole) {
        Ok(())
    } else {
        Err("a tree refers to a column or a node that it does not have".into())
    }
}

/// Rows that a fit does not learn from, and what it does on them.
struct Watch<'a> {
    x: ArrayView2<'a, f32>,
    y: &'a [f32],
    patience: usize,
    predicted: Vec<f64>,
    /// The mean loss with no tree, with the first, with the first two, and so on.
    losses: Vec<f64>,
}

impl Watch<'_> {
    /// Adds the latest tree; gives the number of trees with the lowest loss so far.
    fn best_after(&mut self, base: f64, trees: &[Tree], loss: Loss) -> usize {
        if self.losses.is_empty() {
            self.predicted = vec![base; self.y.len()];
            self.losses.push(self.mean(loss));
        }
        if let Some(tree) = trees.last() {
            for (row, predicted) in self.x.rows().into_iter().zip(&mut self.predicted) {
                *predicted += tree.predict(|column| row[column]);
            }
        }
        self.losses.push(self.mean(loss));
        self.best()
    }

    fn mean(&self, loss: Loss) -> f64 {
        let pairs = self.predicted.iter().zip(self.y);
        pairs.map(|(p, &y)| loss.of(p - f64::from(y))).sum::<f64>() / self.y.len() as f64
    }

    /// The first of equal ones.
    fn best(&self) -> usize {
        let order = |a: &usize, b: &usize| self.losses[*a].total_cmp(&self.losses[*b]);
        (0..self.losses.len()).min_by(order).unwrap_or(0)
    }
}

/// The targets, and what the trees so far predict.
struct Fit<'a> {
    y: &'a [f32],
    weights: Option<&'a [f32]>,
    loss: Loss,
    predicted: Vec<f64>,
}

impl Fit<'_> {
    /// The weighted gradient of each row.
    fn gradients(&self, weights: &[f32]) -> Vec<f32> {
        let rows = self.predicted.iter().zip(self.y).zip(weights);
        rows.map(|((predicted, &y), weight)| {
            // The difference in float64, since prediction and target may be close.
            let error = (predicted - f64::from(y)) as f32;
            self.loss.gradient(error) * weight
        })
        .collect()
    }

    /// Gives the leaves their values: those of the loss where it has better ones than the gradients say,
    /// times the learning rate.
    fn fill_leaves(&self, Grown { tree, leaves, rows }: &mut Grown, learning_rate: f64) {
        for (node, range) in leaves {
            if let Some(q) = self.loss.quantile() {
                let best = self.quantile_of_residuals(&rows[range.clone()], q);
                tree.nodes[*node] = Node::Leaf(f64::from(best));
            }
            if let Node::Leaf(value) = &mut tree.nodes[*node] {
                *value *= learning_rate;
            }
        }
    }

    fn quantile_of_residuals(&self, rows: &[u32], q: f64) -> f32 {
        let residual =
            |&row: &u32| (f64::from(self.y[row as usize]) - self.predicted[row as usize]) as f32;
        let residuals = rows.iter().map(residual);
        match self.weights {
            None => quantile(&mut residuals.collect::<Vec<_>>(), q),
            Some(weights) => {
                let weights = rows.iter().map(|&row| weights[row as usize]);
                weighted_quantile(&mut residuals.zip(weights).collect::<Vec<_>>(), q)
            }
        }
    }
}

/// The best constant.
fn base(loss: Loss, y: &[f32], weights: &[f32]) -> f64 {
    let pairs = y.iter().copied().zip(weights.iter().copied());
    match loss.quantile() {
        None => {
            let (mut sum, mut total) = (0.0, 0.0);
            for (y, weight) in pairs {
                sum += f64::from(y) * f64::from(weight);
                total += f64::from(weight);
            }
            sum / total
        }
        Some(q) => f64::from(weighted_quantile(&mut pairs.collect::<Vec<_>>(), q)),
    }
}
