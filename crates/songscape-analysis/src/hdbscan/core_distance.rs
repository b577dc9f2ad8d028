//! Core distances: how far a point must reach to find `min_samples` others.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::neighbors::Metric;

/// Points prepared for a metric.
///
/// Distances are sums over the coordinates in their order, in float64, so that the distance of two
/// points has the same bits wherever they stand among the rows.
#[derive(Debug, Clone)]
pub struct Points {
    values: Array2<f64>,
    metric: Metric,
}

impl Points {
    /// Copies the points; for the cosine metric, at length 1.
    pub fn new(x: ArrayView2<f64>, metric: Metric) -> Self {
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
        }
        Self { values, metric }
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

    /// The coordinates of a point.
    #[inline]
    pub fn row(&self, i: usize) -> &[f64] {
        let d = self.values.ncols();
        self.values.as_slice().map_or(&[], |v| &v[i * d..(i + 1) * d])
    }

    /// The distance of two points.
    #[inline]
    pub fn distance(&self, i: usize, j: usize) -> f64 {
        let pairs = self.row(i).iter().zip(self.row(j));
        match self.metric {
            Metric::Euclidean => pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
            Metric::Manhattan => pairs.map(|(a, b)| (a - b).abs()).sum(),
            // Half the squared distance of unit vectors is 1 − cos, without its cancellation.
            Metric::Cosine => 0.5 * pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>(),
        }
    }
}

/// For each point `[n]` the distance to its `min_samples`-th nearest other point, or to the farthest
/// where there are fewer.
pub fn core_distances(points: &Points, min_samples: usize) -> Vec<f64> {
    let n = points.len();
    let rank = min_samples.min(n - 1);
    (0..n)
        .into_par_iter()
        .map_init(Vec::new, |distances, i| {
            distances.clear();
            distances.extend((0..n).filter(|&j| j != i).map(|j| points.distance(i, j)));
            *distances.select_nth_unstable_by(rank - 1, f64::total_cmp).1
        })
        .collect()
}
