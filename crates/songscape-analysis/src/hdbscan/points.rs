//! Points and their distances.

use ndarray::{Array2, ArrayView2};

use crate::kernels;
use crate::neighbors::Metric;

/// Points prepared for a metric.
///
/// Distances are sums over the coordinates in a fixed order, in float64, so that the distance of two
/// points has the same bits wherever they stand among the rows.
#[derive(Debug, Clone)]
pub struct Points {
    values: Array2<f64>,
    metric: Metric,
    /// The power of two that the coordinates were divided by, so that no square overflows or
    /// vanishes; it changes no bit of a distance.
    unit: f64,
}

impl Points {
    /// Copies the points; for the cosine metric, at length 1.
    pub fn new(x: ArrayView2<f64>, metric: Metric) -> Self {
        let largest = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let exponent = if metric == Metric::Cosine || largest == 0.0 {
            0
        } else {
            // Not so far that the unit itself could not be written.
            (largest.log2().floor() as i32).clamp(-1000, 1000)
        };
        Self::in_unit(x, metric, 2f64.powi(exponent))
    }

    /// Other points, to be compared with these.
    pub(super) fn beside(&self, x: ArrayView2<f64>) -> Self {
        Self::in_unit(x, self.metric, self.unit)
    }

    fn in_unit(x: ArrayView2<f64>, metric: Metric, unit: f64) -> Self {
        let mut values = x.as_standard_layout().into_owned();
        if metric == Metric::Cosine {
            for mut row in values.rows_mut() {
                // By the largest value first, so that no square overflows.
                let largest = row.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
                if largest > 0.0 {
                    row /= largest;
                    let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
                    row /= length;
                }
            }
        } else if unit != 1.0 {
            values /= unit;
        }
        Self { values, metric, unit }
    }

    /// The number of points.
    pub fn len(&self) -> usize {
        self.values.nrows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of coordinates.
    pub fn dims(&self) -> usize {
        self.values.ncols()
    }

    /// The coordinates of a point, in a unit of all points.
    #[inline]
    pub fn row(&self, i: usize) -> &[f64] {
        let d = self.values.ncols();
        self.values.as_slice().map_or(&[], |v| &v[i * d..(i + 1) * d])
    }

    /// The coordinates of all points, one point after the other.
    pub(super) fn values(&self) -> &[f64] {
        self.values.as_slice().unwrap_or(&[])
    }

    pub(super) fn metric(&self) -> Metric {
        self.metric
    }

    /// A number that grows with the distance of two points: its square, or for the manhattan metric
    /// the distance itself; for the cosine the square of the distance of the unit vectors.
    #[inline]
    pub(super) fn key(&self, i: usize, j: usize) -> f64 {
        match self.metric {
            Metric::Manhattan => kernels::absolute_differences(self.row(i), self.row(j)),
            _ => kernels::squared_differences(self.row(i), self.row(j)),
        }
    }

    /// The distance that a key stands for.
    #[inline]
    pub(super) fn length(&self, key: f64) -> f64 {
        match self.metric {
            Metric::Euclidean => key.sqrt() * self.unit,
            Metric::Manhattan => key * self.unit,
            // Half the squared distance of unit vectors is 1 − cos, without its cancellation.
            Metric::Cosine => 0.5 * key,
        }
    }

    /// The distance of a point and a row prepared in the same way.
    #[inline]
    pub(super) fn distance_to(&self, row: &[f64], j: usize) -> f64 {
        self.length(match self.metric {
            Metric::Manhattan => kernels::absolute_differences(row, self.row(j)),
            _ => kernels::squared_differences(row, self.row(j)),
        })
    }

    /// The distance of two points.
    #[inline]
    pub fn distance(&self, i: usize, j: usize) -> f64 {
        self.length(self.key(i, j))
    }
}
