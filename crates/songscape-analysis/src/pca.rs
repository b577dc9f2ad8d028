//! Principal components, as an explicit step before a regression or a start for a map.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::{read_json, write_json};

use crate::eigen;
use crate::error::{Error, Result};
use crate::kernels;
use crate::random::SplitMix;
use crate::vectors::check_finite;

/// The leading principal components of a matrix, found by the eigenvectors of its covariance, or of
/// its Gram matrix where there are fewer rows than columns. It can be saved as JSON.
///
/// ```
/// use songscape_analysis::ndarray::arr2;
/// use songscape_analysis::pca::Pca;
///
/// // Points near a line.
/// let x = arr2(&[[0.0, 0.0], [1.0, 1.1], [2.0, 1.9], [3.0, 3.0]]);
/// let pca = Pca::fit(x.view(), 1)?;
/// assert!(pca.shares()[0] > 0.99);
/// assert_eq!(pca.project(x.view())?.dim(), (4, 1));
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Pca {
    mean: Array1<f64>,
    /// `[kept, d]`, unit rows.
    axes: Array2<f64>,
    variances: Array1<f64>,
    total: f64,
}

impl Pca {
    /// Fits at most `components` components to `x` `[n, d]`. Fewer are kept when the matrix has
    /// fewer directions in which it varies.
    ///
    /// Each axis points to the side on which its largest coefficient is positive.
    ///
    /// # Errors
    /// [`Error::Parameter`] for zero components, [`Error::TooFewRows`] for fewer than two rows,
    /// [`Error::AllConstant`] when nothing varies, those of [`check_finite`].
    pub fn fit(x: ArrayView2<f32>, components: usize) -> Result<Self> {
        check_finite(x)?;
        if components == 0 {
            return Err(Error::parameter("components", 0, "at least 1"));
        }
        let (n, d) = x.dim();
        if n < 2 {
            return Err(Error::TooFewRows {
                what: "principal components".into(),
                rows: n,
                needed: 2,
            });
        }
        let mut centred = x.mapv(f64::from);
        let mean = centred.sum_axis(Axis(0)) / n as f64;
        centred -= &mean;
        let wide = d > n;
        let product = if wide { gram(centred.view()) } else { gram(centred.t()) };
        let total = product.diag().sum();
        if total <= 0.0 || !total.is_finite() {
            return Err(Error::AllConstant { columns: d });
        }
        let (values, vectors) = eigen::symmetric(product)?;
        let kept = values
            .iter()
            .take(components)
            .take_while(|&&v| v > total * 1e-12)
            .count()
            .min(n - 1)
            .max(1);
        let vectors = vectors.slice(s![..kept, ..]);
        let mut axes = if wide { vectors.dot(&centred) } else { vectors.to_owned() };
        for mut axis in axes.rows_mut() {
            let length = axis.dot(&axis).sqrt();
            let largest = axis.iter().fold(0.0_f64, |m, &v| if v.abs() > m.abs() { v } else { m });
            let scale = largest.signum() / length;
            axis.mapv_inplace(|v| v * scale);
        }
        let variances = values.slice(s![..kept]).mapv(|v| v / (n - 1) as f64);
        Ok(Self { mean, axes, variances, total: total / (n - 1) as f64 })
    }

    /// The coordinates of rows `[m, d]` on the components: `[m, kept]`.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`].
    pub fn project(&self, x: ArrayView2<f32>) -> Result<Array2<f32>> {
        if x.ncols() != self.mean.len() {
            return Err(Error::ColumnMismatch { found: x.ncols(), expected: self.mean.len() });
        }
        let centred = x.mapv(f64::from) - &self.mean;
        Ok(centred.dot(&self.axes.t()).mapv(|v| v as f32))
    }

    /// The coordinates divided by their standard deviations on the fitted rows: `[m, kept]`, each
    /// column of variance 1 on those rows.
    ///
    /// # Errors
    /// As [`project`](Self::project).
    pub fn whiten(&self, x: ArrayView2<f32>) -> Result<Array2<f32>> {
        let mut projected = self.project(x)?;
        for (mut column, &variance) in projected.columns_mut().into_iter().zip(&self.variances) {
            let scale = (1.0 / variance.sqrt()) as f32;
            column.mapv_inplace(|v| v * scale);
        }
        Ok(projected)
    }

    /// Writes the components as JSON, atomically.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(write_json(path, self)?)
    }

    /// Reads components from JSON.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be read, or its numbers do not fit each other.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(read_json(path)?)
    }

    /// The number of components that are kept.
    pub fn components(&self) -> usize {
        self.axes.nrows()
    }

    /// The number of columns that it was fitted on.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// The variance along each kept component, largest first.
    pub fn variances(&self) -> &Array1<f64> {
        &self.variances
    }

    /// The share of the whole variance (not only of the kept components') on each component.
    pub fn shares(&self) -> Array1<f64> {
        &self.variances / self.total
    }
}

/// A [`Pca`] as it is saved.
#[derive(Serialize, Deserialize)]
struct Parts {
    mean: Vec<f64>,
    /// One after the other.
    axes: Vec<f64>,
    variances: Vec<f64>,
    total: f64,
}

impl From<Pca> for Parts {
    fn from(Pca { mean, axes, variances, total }: Pca) -> Self {
        let axes = axes.iter().copied().collect();
        Self { mean: mean.to_vec(), axes, variances: variances.to_vec(), total }
    }
}

impl TryFrom<Parts> for Pca {
    type Error = String;

    fn try_from(
        Parts { mean, axes, variances, total }: Parts,
    ) -> std::result::Result<Self, String> {
        let shape = (variances.len(), mean.len());
        if shape.0 == 0 || shape.1 == 0 {
            return Err(format!("{} components of {} columns", shape.0, shape.1));
        }
        if let Some(bad) = variances.iter().chain([&total]).find(|v| v.is_nan() || **v <= 0.0) {
            return Err(format!("a variance is {bad}, expected more than 0"));
        }
        let found = axes.len();
        let axes = Array2::from_shape_vec(shape, axes)
            .map_err(|_| format!("{found} coefficients, expected {} of {}", shape.0, shape.1))?;
        Ok(Self { mean: mean.into(), axes, variances: variances.into(), total })
    }
}

/// Rows that [`leading`] looks at, at most.
const ROWS: usize = 4096;
/// Directions that it seeks beside those wanted, and rounds of the search.
const SPARE: usize = 8;
const ROUNDS: usize = 8;

/// The coordinates of rows on about their leading principal components, `[n, components]`, fewer where
/// the matrix varies in fewer directions: a start for a map, in a fraction of the time of [`Pca::fit`].
///
/// Subspace iteration from random directions (Halko, Martinsson and Tropp 2011) on at most 4,096 evenly
/// spaced rows. All sums are made in one order, so that the bytes are the same on every processor.
pub(crate) fn leading(x: ArrayView2<f32>, components: usize) -> Array2<f64> {
    let (n, d) = x.dim();
    let step = n.div_ceil(ROWS).max(1);
    let rows: Vec<usize> = (0..n).step_by(step).collect();
    let mut mean = vec![0.0; d];
    for &row in &rows {
        mean.iter_mut().zip(x.row(row)).for_each(|(m, &v)| *m += f64::from(v));
    }
    mean.iter_mut().for_each(|m| *m /= rows.len() as f64);
    let centred = |row: usize| -> Vec<f64> {
        x.row(row).iter().zip(&mean).map(|(&v, m)| f64::from(v) - m).collect()
    };
    let some: Vec<Vec<f64>> = rows.iter().map(|&row| centred(row)).collect();

    let mut random = SplitMix(0);
    let mut direction = || (0..d).map(|_| (random.next() >> 11) as f64 - 2_f64.powi(52)).collect();
    let count = (components + SPARE).min(d);
    let mut axes: Vec<Vec<f64>> = (0..count).map(|_| direction()).collect();
    // The covariance times each direction.
    let products = |axes: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let product = |axis: &Vec<f64>| {
            let mut product = vec![0.0; d];
            for row in &some {
                let along = kernels::products(row, axis);
                product.iter_mut().zip(row).for_each(|(p, v)| *p += along * v);
            }
            product
        };
        axes.par_iter().map(product).collect()
    };
    for _ in 0..ROUNDS {
        orthonormal(&mut axes);
        axes = products(&axes);
    }
    orthonormal(&mut axes);
    let products = products(&axes);
    let inner = Array2::from_shape_fn((count, count), |(i, j)| {
        kernels::products(&axes[i.max(j)], &products[i.min(j)])
    });
    // The best directions within the space that was found. Small matrices always have theirs.
    let Ok((values, turns)) = eigen::symmetric(inner) else { return Array2::zeros((n, 0)) };
    let largest = values.first().copied().unwrap_or(0.0);
    let kept = values.iter().take(components).take_while(|v| **v > largest * 1e-12).count();
    let turned = |turn: ArrayView1<f64>| -> Vec<f64> {
        let mut sum = vec![0.0; d];
        for (axis, &share) in axes.iter().zip(turn) {
            sum.iter_mut().zip(axis).for_each(|(sum, v)| *sum += share * v);
        }
        sum
    };
    let mut axes: Vec<Vec<f64>> = turns.rows().into_iter().take(kept).map(turned).collect();
    for axis in &mut axes {
        let largest = axis.iter().fold(0.0_f64, |m, &v| if v.abs() > m.abs() { v } else { m });
        axis.iter_mut().for_each(|v| *v *= largest.signum());
    }
    let mut out = Array2::zeros((n, axes.len()));
    out.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(row, mut out)| {
        let row = centred(row);
        out.iter_mut().zip(&axes).for_each(|(out, axis)| *out = kernels::products(&row, axis));
    });
    out
}

/// Gram's and Schmidt's method, twice; directions that others span become 0.
fn orthonormal(axes: &mut [Vec<f64>]) {
    for i in 0..axes.len() {
        let (before, rest) = axes.split_at_mut(i);
        let own = &mut rest[0];
        let given = kernels::products(own, own).sqrt();
        for _ in 0..2 {
            for other in before.iter() {
                let along = kernels::products(own, other);
                own.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
            }
        }
        let length = kernels::products(own, own).sqrt();
        let scale = if length > 1e-12 * given { 1.0 / length } else { 0.0 };
        own.iter_mut().for_each(|v| *v *= scale);
    }
}

/// The products of all pairs of rows, on all threads.
fn gram(x: ArrayView2<f64>) -> Array2<f64> {
    const BLOCK: usize = 64;
    let mut out = Array2::zeros((x.nrows(), x.nrows()));
    out.axis_chunks_iter_mut(Axis(0), BLOCK).into_par_iter().enumerate().for_each(
        |(block, mut rows)| {
            let first = block * BLOCK;
            let own = x.slice(s![first..first + rows.nrows(), ..]);
            rows.assign(&own.dot(&x.t()));
        },
    );
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    use super::*;

    #[test]
    fn a_line_has_one_component_whether_wide_or_tall() {
        let tall = array![[0.0_f32, 0.0], [1.0, 2.0], [2.0, 4.0]];
        let pca = Pca::fit(tall.view(), 2).unwrap();
        assert_eq!(pca.components(), 1);
        assert_abs_diff_eq!(pca.shares()[0], 1.0, epsilon = 1e-9);
        let wide = array![[0.0_f32, 0.0, 1.0], [1.0, 2.0, 1.0]];
        let pca = Pca::fit(wide.view(), 2).unwrap();
        let projected = pca.project(wide.view()).unwrap();
        assert_abs_diff_eq!(projected[[1, 0]] - projected[[0, 0]], 5f32.sqrt(), epsilon = 1e-5);
    }

    #[test]
    fn whitened_columns_have_unit_variance_and_do_not_correlate() {
        let x = Array2::from_shape_fn((50, 4), |(i, j)| {
            ((i * (j + 3) * 7919) % 101) as f32 * (j + 1) as f32 + (i % 7) as f32
        });
        let white = Pca::fit(x.view(), 4).unwrap().whiten(x.view()).unwrap().mapv(f64::from);
        let covariance = white.t().dot(&white) / 49.0;
        assert_abs_diff_eq!(covariance, Array2::eye(4), epsilon = 1e-4);
    }

    #[test]
    fn leading_coordinates_are_those_of_the_whole_fit() {
        let x = Array2::from_shape_fn((300, 20), |(i, j)| {
            let along =
                |k: usize| ((i * (k + 3) * 7919) % 101) as f32 * ((j + k) as f32 * 1.3).sin();
            9.0 * along(0) + 5.0 * along(1) + 2.0 * along(2) + ((i * j) % 7) as f32 + 100.0
        });
        let whole = Pca::fit(x.view(), 3).unwrap().project(x.view()).unwrap();
        let found = leading(x.view(), 3);
        for (ours, theirs) in found.columns().into_iter().zip(whole.columns()) {
            let theirs = theirs.mapv(f64::from);
            let alike = ours.dot(&theirs) / (ours.dot(&ours) * theirs.dot(&theirs)).sqrt();
            assert!(alike > 0.9999, "{alike}");
        }
        assert_eq!(leading(Array2::ones((5, 3)).view(), 2).ncols(), 0);
        let line = array![[0.0_f32, 0.0], [1.0, 2.0], [2.0, 4.0]];
        assert_eq!(leading(line.view(), 2).ncols(), 1);
    }

    #[test]
    fn saved_components_are_the_same_and_damaged_ones_are_refused() {
        let x = Array2::from_shape_fn((50, 4), |(i, j)| ((i * (j + 3) * 7919) % 101) as f32 / 7.0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pca.json");
        let pca = Pca::fit(x.view(), 3).unwrap();
        pca.save(&path).unwrap();
        assert_eq!(Pca::load(&path).unwrap(), pca);
        let whole = std::fs::read_to_string(&path).unwrap();
        let damage = |key: &str, value: serde_json::Value| {
            let mut json: serde_json::Value = serde_json::from_str(&whole).unwrap();
            json[key] = value;
            std::fs::write(&path, json.to_string()).unwrap();
            let refused = Pca::load(&path).unwrap_err().to_string();
            assert!(refused.contains("pca.json"), "{refused}");
        };
        damage("axes", serde_json::json!([1.0, 2.0]));
        damage("mean", serde_json::json!([]));
        damage("variances", serde_json::json!([3.0, -1.0, 0.5]));
        damage("total", serde_json::json!(null));
    }

    #[test]
    fn a_constant_matrix_is_refused() {
        assert!(matches!(
            Pca::fit(Array2::ones((4, 2)).view(), 1),
            Err(Error::AllConstant { columns: 2 })
        ));
    }
}
