use ndarray::{Array1, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::Metric;
use crate::kernels;

/// Rows as the search compares them, made when they are gathered, since a second copy of all of them
/// would take as much memory as the vectors themselves.
///
/// For the cosine they have length 1. For the others they are differences from the mean, whose offset
/// would drown them in rounding, and within ±2, so that no square overflows; the order of the
/// distances stays.
pub(crate) struct Prepared<'a> {
    x: ArrayView2<'a, f32>,
    metric: Metric,
    mean: Vec<f32>,
    /// One for each row.
    scales: Vec<f32>,
    /// One for each row, half of its squared length.
    half_squares: Vec<f32>,
}

/// What each row of `x` `[n, d]` in standard layout is multiplied by.
pub(super) fn scales(x: ArrayView2<f32>, metric: Metric) -> Vec<f32> {
    let (n, d) = x.dim();
    if metric == Metric::Cosine {
        let values = x.to_slice().unwrap_or_default();
        return values.par_chunks_exact(d.max(1)).map(inverse_length).collect();
    }
    let largest = x.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    vec![if largest > 0.0 { 1.0 / largest } else { 1.0 }; n]
}

/// What a row is multiplied by to have length 1; 0 for one of zeros.
pub(super) fn inverse_length(row: &[f32]) -> f32 {
    let length = kernels::products(row, row).sqrt();
    if length > 0.0 { (1.0 / length) as f32 } else { 0.0 }
}

impl<'a> Prepared<'a> {
    /// `x` `[n, d]` in standard layout.
    pub fn new(x: ArrayView2<'a, f32>, metric: Metric) -> Self {
        let (n, d) = x.dim();
        let mut prepared = Self {
            x,
            metric,
            mean: vec![0.0; d],
            scales: scales(x, metric),
            half_squares: Vec::new(),
        };
        if metric != Metric::Cosine {
            let mut sum = Array1::<f64>::zeros(d);
            for row in x.axis_iter(Axis(0)) {
                sum.zip_mut_with(&row, |s, &v| *s += f64::from(v));
            }
            prepared.mean = sum.iter().map(|s| (s / n as f64) as f32).collect();
        }
        prepared.half_squares = prepared.half_squares();
        prepared
    }

    /// Other rows of the same width and in standard layout, prepared in the same way.
    pub fn beside(&self, x: ArrayView2<'a, f32>) -> Self {
        let mut scales = vec![self.scales.first().copied().unwrap_or(1.0); x.nrows()];
        if self.metric == Metric::Cosine {
            scales = self::scales(x, self.metric);
        }
        let mut other = Self {
            x,
            metric: self.metric,
            mean: self.mean.clone(),
            scales,
            half_squares: Vec::new(),
        };
        other.half_squares = other.half_squares();
        other
    }

    fn half_squares(&self) -> Vec<f32> {
        (0..self.len())
            .into_par_iter()
            .map_init(
                || vec![0.0; self.dims()],
                |row, i| {
                    self.write(i, row);
                    (0.5 * kernels::products(row, row)) as f32
                },
            )
            .collect()
    }

    pub fn len(&self) -> usize {
        self.x.nrows()
    }

    pub fn dims(&self) -> usize {
        self.x.ncols()
    }

    fn row(&self, i: usize) -> &'a [f32] {
        let d = self.x.ncols();
        self.x.to_slice().map_or(&[], |v| &v[i * d..(i + 1) * d])
    }

    /// Writes a prepared row.
    #[inline]
    pub fn write(&self, i: usize, out: &mut [f32]) {
        let scale = self.scales[i];
        match self.metric {
            Metric::Cosine => out.iter_mut().zip(self.row(i)).for_each(|(o, v)| *o = v * scale),
            // First scaled, so that no difference overflows.
            _ => {
                for ((o, v), m) in out.iter_mut().zip(self.row(i)).zip(&self.mean) {
                    *o = v * scale - m * scale;
                }
            }
        }
    }

    /// How far a row lies along a direction, from a place that all rows share.
    #[inline]
    pub fn along(&self, i: usize, direction: &[f32]) -> f32 {
        self.scales[i] * kernels::dot(self.row(i), direction)
    }

    /// Writes prepared rows one after the other.
    pub fn gather(&self, rows: &[u32], out: &mut Vec<f32>) {
        let d = self.dims();
        // What is there already is overwritten.
        out.resize(rows.len() * d, 0.0);
        for (&row, out) in rows.iter().zip(out.chunks_exact_mut(d)) {
            self.write(row as usize, out);
        }
    }

    /// A score for each pair of rows of two blocks that were gathered, ordered as their distances
    /// are: `out` is `[a.len(), b.len()]`.
    pub fn scores(
        &self,
        (a, a_values): (&[u32], &[f32]),
        (b, b_values): (&[u32], &[f32]),
        out: &mut Vec<f32>,
    ) {
        self.scores_with(self, (a, a_values), (b, b_values), out);
    }

    /// The same with rows `b` of another set, prepared beside this one.
    pub fn scores_with(
        &self,
        other: &Self,
        (a, a_values): (&[u32], &[f32]),
        (b, b_values): (&[u32], &[f32]),
        out: &mut Vec<f32>,
    ) {
        let d = self.dims();
        out.resize(a.len() * b.len(), 0.0);
        if self.metric == Metric::Manhattan {
            for (row, out) in a_values.chunks_exact(d).zip(out.chunks_exact_mut(b.len())) {
                kernels::absolute_differences_to(row, b_values, out);
            }
            return;
        }
        let shapes = (
            ArrayView2::from_shape((a.len(), d), a_values),
            ArrayView2::from_shape((b.len(), d), b_values),
            ArrayViewMut2::from_shape((a.len(), b.len()), out),
        );
        // The shapes are those of the slices.
        let (Ok(left), Ok(right), Ok(mut products)) = shapes else { return };
        ndarray::linalg::general_mat_mul(-1.0, &left, &right.t(), 0.0, &mut products);
        if self.metric == Metric::Euclidean {
            for (&i, out) in a.iter().zip(out.chunks_exact_mut(b.len())) {
                let own = self.half_squares[i as usize];
                for (&j, out) in b.iter().zip(out) {
                    *out += own + other.half_squares[j as usize];
                }
            }
        }
    }
}
