use ndarray::{ArrayView2, ArrayViewMut1};
use rayon::prelude::*;

use super::{Metric, cosine};
use crate::kernels;

/// Rows among which candidates are measured in float64.
pub(super) struct Measured<'a> {
    x: ArrayView2<'a, f32>,
    metric: Metric,
    /// For the cosine the product of each row with itself, so that no pair has to make it again.
    squares: Vec<f64>,
}

impl<'a> Measured<'a> {
    /// `x` `[n, d]` in standard layout.
    pub fn new(x: ArrayView2<'a, f32>, metric: Metric) -> Self {
        let mut own = Self { x, metric, squares: Vec::new() };
        if metric == Metric::Cosine {
            let square = |i: usize| kernels::products(own.row(i), own.row(i));
            own.squares = (0..x.nrows()).into_par_iter().map(square).collect();
        }
        own
    }

    fn row(&self, i: usize) -> &'a [f32] {
        let d = self.x.ncols();
        self.x.to_slice().map_or(&[], |v| &v[i * d..(i + 1) * d])
    }

    /// Writes the nearest of some candidates to row `i` of other rows, by distance, then by row.
    pub fn write_nearest(
        &self,
        of: &Measured,
        i: usize,
        candidates: impl Iterator<Item = u32>,
        mut indices: ArrayViewMut1<u32>,
        mut distances: ArrayViewMut1<f32>,
    ) {
        let own = of.row(i);
        let mut found: Vec<(f64, u32)> = candidates
            .map(|j| {
                let other = self.row(j as usize);
                let distance = match self.metric {
                    Metric::Cosine => {
                        let dot = kernels::products(own, other);
                        cosine(dot, of.squares[i], self.squares[j as usize])
                    }
                    _ => self.metric.distance(own, other),
                };
                (distance, j)
            })
            .collect();
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for ((&(distance, row), index), place) in found.iter().zip(&mut indices).zip(&mut distances)
        {
            *index = row;
            *place = distance as f32;
        }
    }
}
