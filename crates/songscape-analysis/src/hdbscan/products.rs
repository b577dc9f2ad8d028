//! Distances of many points at once, by matrix products in float32.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::points::Points;
use crate::kernels;
use crate::neighbors::Metric;

/// Points in float32, around their mean and at most 2 in every coordinate. A *score* is half the
/// square of their distance, or for the manhattan metric the distance itself.
pub(super) struct Products {
    values: Array2<f32>,
    manhattan: bool,
    /// A score for a key of 1.
    unit: f64,
    /// For each row half of its squared length, or the sum of its absolute values.
    sizes: Vec<f32>,
    largest: f32,
}

impl Products {
    pub fn new(points: &Points) -> Self {
        let (n, d) = (points.len(), points.dims());
        let manhattan = points.metric() == Metric::Manhattan;
        let largest = (0..n).flat_map(|i| points.row(i)).fold(0.0_f64, |m, v| m.max(v.abs()));
        let scale = if largest > 0.0 { 1.0 / largest } else { 1.0 };
        let mut mean = vec![0.0; d];
        for i in 0..n {
            mean.iter_mut().zip(points.row(i)).for_each(|(m, v)| *m += v * scale / n as f64);
        }
        let mut values = Array2::<f32>::zeros((n, d));
        for (i, mut row) in values.rows_mut().into_iter().enumerate() {
            for ((out, v), m) in row.iter_mut().zip(points.row(i)).zip(&mean) {
                *out = (v * scale - m) as f32;
            }
        }
        let size = |row: ndarray::ArrayView1<f32>| {
            let values = row.iter().map(|&v| f64::from(v));
            let sum: f64 = if manhattan {
                values.map(f64::abs).sum()
            } else {
                values.map(|v| v * v / 2.0).sum()
            };
            sum as f32
        };
        let sizes: Vec<f32> = values.rows().into_iter().map(size).collect();
        Self {
            manhattan,
            unit: if manhattan { scale } else { 0.5 * scale * scale },
            largest: sizes.iter().copied().fold(0.0, f32::max),
            sizes,
            values,
        }
    }

    /// The score of a key.
    pub fn score(&self, key: f64) -> f64 {
        key * self.unit
    }

    /// A bound on the error of the scores of a row: the rounding of the coordinates, of the sums and
    /// of their difference.
    pub fn error_with_any(&self, row: usize) -> f64 {
        let rounding = (self.values.ncols() + 16) as f64 * 2f64.powi(-23);
        rounding * f64::from(self.sizes[row] + self.largest)
    }

    /// The scores of some rows with others, `[rows, columns]`.
    pub fn scores(&self, rows: Range<usize>, columns: Range<usize>, out: &mut Vec<f32>) {
        out.resize(rows.len() * columns.len(), 0.0);
        let left: ArrayView2<f32> = self.values.slice(s![rows.clone(), ..]);
        let right: ArrayView2<f32> = self.values.slice(s![columns.clone(), ..]);
        if self.manhattan {
            let (Some(left), Some(right)) = (left.as_slice(), right.as_slice()) else { return };
            let d = self.values.ncols();
            for (row, out) in left.chunks_exact(d).zip(out.chunks_exact_mut(columns.len())) {
                kernels::absolute_differences_to(row, right, out);
            }
            return;
        }
        let shape = (rows.len(), columns.len());
        // The shape is that of the slice.
        let Ok(mut products) = ArrayViewMut2::from_shape(shape, out) else { return };
        ndarray::linalg::general_mat_mul(-1.0, &left, &right.t(), 0.0, &mut products);
        for (own, out) in self.sizes[rows].iter().zip(out.chunks_exact_mut(columns.len())) {
            for (other, out) in self.sizes[columns.clone()].iter().zip(out) {
                *out += own + other;
            }
        }
    }
}
