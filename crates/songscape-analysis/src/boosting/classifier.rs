use std::path::Path;

use ndarray::{Array2, ArrayView2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::{Progress, Silent, read_json, write_json};

use super::ensemble::trees_are_whole;
use super::grow::Pool;
use super::histogram::{Scale, Weighted};
use super::rows::{BinnedRows, Rows, check_count, check_rows};
use super::{BoosterParams, Node, Tree};
use crate::error::{Error, Result};

/// Gradient boosting of classes: in each round one tree for each class, on the gradients of the softmax loss
/// (Friedman 2001, section 4.6), with Newton steps as in LightGBM. It can be saved as JSON.
///
/// [`BoosterParams::trees`] counts the rounds; [`BoosterParams::loss`] does not count.
///
/// ```
/// use songscape_analysis::boosting::{BoosterParams, Classifier};
/// use songscape_analysis::ndarray::Array2;
///
/// let x = Array2::from_shape_fn((200, 2), |(i, j)| ((i * (13 + 8 * j)) % 97) as f32);
/// let y: Vec<usize> = x.rows().into_iter().map(|row| usize::from(row[0] > 50.0)).collect();
/// let classifier = Classifier::fit(x.view(), &y, 2, &BoosterParams::for_rows(200))?;
/// assert_eq!(classifier.predict(x.view())?, y);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Classifier {
    params: BoosterParams,
    columns: usize,
    /// The logarithm of each class's share among the rows.
    base: Vec<f64>,
    /// Round after round, one for each class.
    trees: Vec<Vec<Tree>>,
}

impl Classifier {
    /// Fits a classifier to rows `x` `[n, d]`, in which NaN stands for a missing value, and their classes
    /// `y` `[n]`, each below `classes`.
    ///
    /// A class without rows is possible; its probability is small everywhere.
    ///
    /// # Errors
    /// [`Error::Parameter`], also for fewer than two classes, or an unknown class; [`Error::NoColumns`];
    /// [`Error::TooFewRows`] for no rows; [`Error::LengthMismatch`]; [`Error::NotFinite`] for an infinite value.
    pub fn fit(
        x: ArrayView2<f32>,
        y: &[usize],
        classes: usize,
        params: &BoosterParams,
    ) -> Result<Self> {
        params.check()?;
        check_rows(x)?;
        let binned = BinnedRows::cut(x, params.bins);
        Self::fit_with(Rows::all(&binned), x.nrows(), y, classes, params, &Silent)
    }

    /// As [`fit`](Self::fit), to some rows, which may be named several times, of a matrix that was cut into bins
    /// before. `y` has a class for each of `rows`. `params.bins` does not count.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit); [`Error::Parameter`] when a row does not exist; [`Error::Interrupted`].
    pub fn fit_rows(
        binned: &BinnedRows,
        rows: &[usize],
        y: &[usize],
        classes: usize,
        params: &BoosterParams,
        progress: &dyn Progress,
    ) -> Result<Self> {
        params.check()?;
        let bins = binned.bins_of(rows)?;
        let learned = Rows::some(binned, rows, &bins);
        Self::fit_with(learned, rows.len(), y, classes, params, progress)
    }

    fn fit_with(
        learned: Rows,
        n: usize,
        y: &[usize],
        classes: usize,
        params: &BoosterParams,
        progress: &dyn Progress,
    ) -> Result<Self> {
        if classes < 2 {
            return Err(Error::parameter("classes", classes, "at least 2"));
        }
        if let Some(bad) = y.iter().find(|&&class| class >= classes) {
            return Err(Error::parameter("a class", bad, "less than the number of classes"));
        }
        check_count(n, y.len())?;
        let base = shares(y, classes);
        let mut sums: Vec<Vec<f64>> = base.iter().map(|&share| vec![share; n]).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        let mut pool = Pool::<Weighted>::default();
        let mut trees = Vec::with_capacity(params.trees);
        // The curvature of one class's loss is taken as larger, since the sums of all may move together.
        let curvature = classes as f64 / (classes - 1) as f64;
        for _ in 0..params.trees {
            if progress.interrupted() {
                return Err(Error::Interrupted { what: "boosting" });
            }
            let probabilities = softmax(&sums);
            let mut round = Vec::with_capacity(classes);
            for class in 0..classes {
                let own = &probabilities[class];
                let gradient = |(&p, &y): (&f64, &usize)| (p - f64::from(y == class)) as f32;
                let gradients: Vec<f32> = own.iter().zip(y).map(gradient).collect();
                let weights: Vec<f32> =
                    own.iter().map(|p| (curvature * p * (1.0 - p)) as f32).collect();
                let scale = Scale::new(&gradients, Some(&weights));
                let mut grown =
                    learned.grow(&gradients, &weights, scale, params, &mut rng, &mut pool);
                for (node, _) in &grown.leaves {
                    if let Node::Leaf(value) = &mut grown.tree.nodes[*node] {
                        *value *= params.learning_rate;
                    }
                }
                learned.add(&grown, &mut sums[class]);
                round.push(grown.tree);
            }
            trees.push(round);
        }
        Ok(Self { params: params.clone(), columns: learned.columns(), base, trees })
    }

    /// The probability of each class `[m, classes]` for rows `[m, d]`.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`].
    pub fn probabilities(&self, x: ArrayView2<f32>) -> Result<Array2<f64>> {
        if x.ncols() != self.columns {
            return Err(Error::ColumnMismatch { found: x.ncols(), expected: self.columns });
        }
        let mut out = Array2::zeros((x.nrows(), self.base.len()));
        let rows = out.axis_iter_mut(Axis(0)).into_par_iter().zip(x.axis_iter(Axis(0)));
        rows.with_min_len(64).for_each(|(mut out, row)| {
            for (class, sum) in out.iter_mut().enumerate() {
                let trees = self.trees.iter().map(|round| round[class].predict(|c| row[c]));
                *sum = self.base[class] + trees.sum::<f64>();
            }
            let most = out.fold(f64::NEG_INFINITY, |most, &sum| most.max(sum));
            out.mapv_inplace(|sum| (sum - most).exp());
            let total = out.sum();
            out /= total;
        });
        Ok(out)
    }

    /// The most probable class of each row `[m]`, the first of equal ones.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`].
    pub fn predict(&self, x: ArrayView2<f32>) -> Result<Vec<usize>> {
        Ok(self.probabilities(x)?.outer_iter().map(|row| most_probable(row.iter())).collect())
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.base.len()
    }

    /// The number of columns that it was fitted on.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// What it was fitted with.
    pub fn params(&self) -> &BoosterParams {
        &self.params
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
    /// [`Error::Project`] when the file cannot be read, or its trees are not whole.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(read_json(path)?)
    }
}

/// The place of the largest probability, the first of equal ones.
pub(crate) fn most_probable<'a>(probabilities: impl Iterator<Item = &'a f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, &p) in probabilities.enumerate() {
        if p > best.1 {
            best = (class, p);
        }
    }
    best.0
}

/// The logarithm of each class's share, as if each had one row more (Laplace), so that a class without rows
/// has one, too.
fn shares(y: &[usize], classes: usize) -> Vec<f64> {
    let mut counts = vec![1.0; classes];
    y.iter().for_each(|&class| counts[class] += 1.0);
    let total: f64 = counts.iter().sum();
    counts.into_iter().map(|count: f64| (count / total).ln()).collect()
}

/// The probabilities of sums `[classes][n]`.
fn softmax(sums: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = sums.to_vec();
    for row in 0..sums[0].len() {
        let most = sums.iter().map(|own| own[row]).fold(f64::NEG_INFINITY, f64::max);
        out.iter_mut().for_each(|own| own[row] = (own[row] - most).exp());
        let total: f64 = out.iter().map(|own| own[row]).sum();
        out.iter_mut().for_each(|own| own[row] /= total);
    }
    out
}

/// A classifier as it is saved, which nobody has looked at yet.
#[derive(Deserialize)]
struct Saved {
    params: BoosterParams,
    columns: usize,
    base: Vec<f64>,
    trees: Vec<Vec<Tree>>,
}

impl TryFrom<Saved> for Classifier {
    type Error = String;

    fn try_from(
        Saved { params, columns, base, trees }: Saved,
    ) -> std::result::Result<Self, String> {
        if base.len() < 2 || trees.iter().any(|round| round.len() != base.len()) {
            return Err("a round has not one tree for each of two classes or more".into());
        }
        trees.iter().try_for_each(|round| trees_are_whole(round, columns))?;
        Ok(Self { params, columns, base, trees })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Three classes that no single column tells apart, and a column of noise.
    fn rows(n: usize) -> (Array2<f32>, Vec<usize>) {
        let x = Array2::from_shape_fn((n, 3), |(i, j)| ((i * (37 + 24 * j) + i / 7) % 101) as f32);
        let class = |row: ndarray::ArrayView1<f32>| {
            usize::from(row[0] > 50.0) + usize::from(row[0] > 50.0 && row[1] > 40.0)
        };
        let y = x.rows().into_iter().map(class).collect();
        (x, y)
    }

    #[test]
    fn classes_are_told_and_their_probabilities_are_shares() {
        let (x, y) = rows(900);
        let (learned, left) = (x.slice(ndarray::s![..600, ..]), x.slice(ndarray::s![600.., ..]));
        let own = Classifier::fit(learned, &y[..600], 3, &BoosterParams::for_rows(600)).unwrap();
        let told = own.predict(left).unwrap();
        let right = told.iter().zip(&y[600..]).filter(|(a, b)| a == b).count();
        assert!(right >= 290, "{right} of 300");
        let p = own.probabilities(left).unwrap();
        for row in p.outer_iter() {
            assert!((row.sum() - 1.0).abs() < 1e-12 && row.iter().all(|p| (0.0..=1.0).contains(p)));
        }
        // The mean of each probability is the class's share.
        for class in 0..3 {
            let share = y[600..].iter().filter(|&&own| own == class).count() as f64 / 300.0;
            assert!((p.column(class).mean().unwrap() - share).abs() < 0.03);
        }
    }

    #[test]
    fn noise_gives_the_shares() {
        let (x, _) = rows(600);
        let mut state = 1_u32;
        let y: Vec<usize> = (0..600)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                usize::from(state >> 30 == 0)
            })
            .collect();
        let params = BoosterParams { trees: 20, ..BoosterParams::for_rows(600) };
        let own = Classifier::fit(x.view(), &y, 2, &params).unwrap();
        let p = own.probabilities(x.view()).unwrap();
        assert!((p.column(1).mean().unwrap() - 0.25).abs() < 0.05, "{:?}", p.column(1).mean());
    }

    #[test]
    fn it_comes_back_as_it_was_and_what_is_damaged_is_refused() {
        let (x, y) = rows(200);
        // A fourth class has no rows.
        let params = BoosterParams { trees: 5, ..BoosterParams::for_rows(200) };
        let own = Classifier::fit(x.view(), &y, 4, &params).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classifier.json");
        own.save(&path).unwrap();
        assert_eq!(Classifier::load(&path).unwrap(), own);
        let p = own.probabilities(x.view()).unwrap();
        assert!(p.column(3).iter().all(|p| *p < 0.02));
        let text = std::fs::read_to_string(&path).unwrap();
        for (from, to) in [("\"columns\": 3", "\"columns\": 0"), ("\"base\": [", "\"base\": [0.0,")]
        {
            let (from, to) = match text.contains(from) {
                true => (from.to_owned(), to.to_owned()),
                false => (from.replace(": ", ":"), to.replace(": ", ":")),
            };
            assert!(text.contains(&from), "{from}");
            std::fs::write(&path, text.replace(&from, &to)).unwrap();
            assert!(Classifier::load(&path).is_err());
        }
        assert!(Classifier::fit(x.view(), &y, 2, &params).is_err());
        assert!(Classifier::fit(x.view(), &y[1..], 3, &params).is_err());
        assert!(own.predict(x.slice(ndarray::s![.., ..2])).is_err());
    }
}
