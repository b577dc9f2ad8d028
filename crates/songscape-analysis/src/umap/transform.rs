//! New rows on a map that is there.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use songscape_project::Progress;

use super::forces::Forces;
use super::graph::neighborhoods;
use super::layout::{LONGEST, random};
use super::{Curve, UmapParams, fit};
use crate::error::{Error, Result};
use crate::neighbors::nearest_of;

/// New rows start among their neighbours, so that they need fewer passes and a smaller rate.
const EPOCHS_SHARE: usize = 3;
const RATE: f32 = 0.25;

/// A map with the vectors that it was made of, to which new ones can be added.
///
/// ```
/// use songscape_analysis::ndarray::{Array2, s};
/// use songscape_analysis::project::Silent;
/// use songscape_analysis::umap::{Umap, UmapParams};
///
/// let x = Array2::from_shape_fn((40, 5), |(i, j)| ((i * (7 + j)) % 31) as f32);
/// let umap = Umap::fit(x.view(), &UmapParams::default().reduced_for(40), &Silent)?;
/// let places = umap.transform(x.slice(s![..3, ..]))?;
/// assert_eq!(places.dim(), (3, 2));
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Umap {
    vectors: Array2<f32>,
    map: Array2<f32>,
    params: UmapParams,
}

impl Umap {
    /// Makes a map, as [`fit`](super::fit()) does, and keeps it.
    ///
    /// # Errors
    /// As [`fit`](super::fit()).
    pub fn fit(x: ArrayView2<f32>, params: &UmapParams, progress: &dyn Progress) -> Result<Self> {
        let map = fit(x, params, progress)?;
        Self::new(x.to_owned(), map, params.clone())
    }

    /// A map `[n, dims]` that was made before of vectors `[n, d]`.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::TooFewRows`] when there are fewer rows than neighbours,
    /// [`Error::Parameter`].
    pub fn new(vectors: Array2<f32>, map: Array2<f32>, params: UmapParams) -> Result<Self> {
        params.check()?;
        if map.nrows() != vectors.nrows() {
            let (found, expected) = (map.nrows(), vectors.nrows());
            return Err(Error::LengthMismatch { what: "map", found, expected });
        }
        if map.nrows() < params.neighbors {
            let what = format!("a map with {} neighbors", params.neighbors);
            return Err(Error::TooFewRows { what, rows: map.nrows(), needed: params.neighbors });
        }
        Ok(Self { vectors, map, params })
    }

    /// The map `[n, dims]`.
    pub fn map(&self) -> ArrayView2<'_, f32> {
        self.map.view()
    }

    /// What it was made with.
    pub fn params(&self) -> &UmapParams {
        &self.params
    }

    /// Places for new vectors `[m, d]` on the map: `[m, dims]`. The map stays as it is, and a new row
    /// has the same place whatever the others are.
    ///
    /// A new row starts at the mean of its neighbours, weighted by the strength of the fuzzy graph,
    /// and is pulled to them and pushed from others as in the layout.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`]; [`Error::NotFinite`].
    pub fn transform(&self, new: ArrayView2<f32>) -> Result<Array2<f32>> {
        let params = &self.params;
        let near = nearest_of(self.vectors.view(), new, params.neighbors, params.metric)?;
        let scales = neighborhoods(&near);
        let forces = Forces::new(&Curve::fit(params.min_dist, params.spread));
        let epochs = params.epochs_for(self.map.nrows()).div_ceil(EPOCHS_SHARE);
        let mut out = Array2::zeros((new.nrows(), self.map.ncols()));
        out.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(i, mut place)| {
            let edges: Vec<(usize, f32)> = near
                .indices
                .row(i)
                .iter()
                .zip(near.distances.row(i))
                .map(|(&j, &d)| (j as usize, scales[i].strength(d)))
                .collect();
            let at = self.place(&edges, epochs, &forces, new.row(i));
            place.iter_mut().zip(at).for_each(|(p, v)| *p = v);
        });
        Ok(out)
    }

    fn place(
        &self,
        edges: &[(usize, f32)],
        epochs: usize,
        forces: &Forces,
        row: ndarray::ArrayView1<f32>,
    ) -> Vec<f32> {
        let dims = self.map.ncols();
        let total: f32 = edges.iter().map(|e| e.1).sum();
        let largest = edges.iter().fold(0.0_f32, |m, e| m.max(e.1));
        let mut at = vec![0.0; dims];
        for &(j, strength) in edges {
            let other = self.map.row(j);
            at.iter_mut().zip(other).for_each(|(a, o)| *a += o * strength / total);
        }
        // The random numbers come from the row itself.
        let key = row.iter().fold(0_u64, |key, v| {
            (key ^ u64::from(v.to_bits())).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        });
        let mut random = random(self.params.seed ^ key, 0, 0);
        for epoch in 0..epochs {
            let rate = RATE * (1.0 - epoch as f32 / epochs as f32);
            for &(j, strength) in edges {
                let share = f64::from(strength / largest);
                if (share * (epoch + 1) as f64) as u32 == (share * epoch as f64) as u32 {
                    continue;
                }
                self.step(&mut at, j, rate, |d2| forces.pull(d2));
                for _ in 0..self.params.negatives {
                    let far = random.below(self.map.nrows());
                    self.step(&mut at, far, rate, |d2| forces.push(d2));
                }
            }
        }
        at
    }

    fn step(&self, at: &mut [f32], other: usize, rate: f32, factor: impl Fn(f32) -> f32) {
        let other = self.map.row(other);
        let d2: f32 = at.iter().zip(other).map(|(a, o)| (a - o) * (a - o)).sum();
        let factor = factor(d2);
        for (a, o) in at.iter_mut().zip(other) {
            *a += rate * (factor * (*a - o)).clamp(-LONGEST, LONGEST);
        }
    }
}
