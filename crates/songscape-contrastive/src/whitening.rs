//! Whitening that is fitted on some songs and applied to others: learning only from vectors, without
//! labels.
//!
//! What all songs of a collection have in common makes most of the cosine of two raw vectors. Whitening takes
//! its weight away. It must not be fitted on what is scored: there it would also learn what tells those very
//! songs apart.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::rings::{self, CLASSES};

/// The usual share of a column's variance that is added to all directions. Between 0.1 and 1 little depends
/// on it (`docs/learning.md`).
pub const RIDGE: f64 = 0.3;

/// Ridge whitening: columns are brought to mean 0 and deviation 1, and then multiplied by
/// `(C + ridge · I)^(−1/2)`, where `C` is their covariance. Directions in which the fitted songs vary much get
/// variance 1; those in which they hardly vary are left as small as they are, relative to the ridge.
///
/// With fewer songs than columns no direction is lost, and there are no components to choose.
///
/// ```
/// use ndarray::Array2;
/// use songscape_contrastive::whitening::{RIDGE, Whitening};
///
/// // Two columns that say the same, and one of its own.
/// let vectors = |n: usize| Array2::from_shape_fn((n, 3), |(i, j)| ((i * (7 + j / 2)) as f32).sin());
/// let whitening = Whitening::fit(vectors(200).view(), RIDGE)?;
/// let white = whitening.apply(vectors(300).view())?;
/// assert_eq!(white.dim(), (300, 3));
/// # Ok::<(), songscape_contrastive::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Whitening {
    mean: Array1<f64>,
    deviation: Array1<f64>,
    /// `(C + ridge · I)^(−1/2)`, symmetric.
    turn: Array2<f64>,
}

impl Whitening {
    /// Fits vectors `[n, d]`. It takes memory of 3 d² numbers and time of about 10 d³ operations.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a ridge that is not above 0 or fewer than two vectors;
    /// [`Error::NotFinite`]; [`Error::Network`] when memory runs out.
    pub fn fit(vectors: ArrayView2<f32>, ridge: f64) -> Result<Self> {
        check(vectors, ridge)?;
        let x = vectors.mapv(f64::from);
        let mean = x.mean_axis(Axis(0)).unwrap_or_default();
        let deviation = x.std_axis(Axis(0), 0.0);
        Self::of(&x, mean, deviation, ridge, false)
    }

    /// Fits vectors of [`rings`] as if each song were there in all twelve keys. Transposing a
    /// vector before whitening or after it is then the same, so that whitened vectors have rings, too.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and [`Error::Rings`] when the columns are no multiple of twelve.
    pub fn fit_in_any_key(vectors: ArrayView2<f32>, ridge: f64) -> Result<Self> {
        check(vectors, ridge)?;
        rings::check(vectors)?;
        let x = vectors.mapv(f64::from);
        // The same for all columns of a ring.
        let of_ring = |values: Array1<f64>| -> Array1<f64> {
            let (values, _) = values.as_slice().unwrap_or_default().as_chunks::<CLASSES>();
            let mean = |ring: &[f64; CLASSES]| ring.iter().sum::<f64>() / CLASSES as f64;
            values.iter().flat_map(|ring| [mean(ring); CLASSES]).collect()
        };
        let mean = of_ring(x.mean_axis(Axis(0)).unwrap_or_default());
        let squares = (&x - &mean).mapv(|d| d * d).mean_axis(Axis(0)).unwrap_or_default();
        let deviation = of_ring(squares).mapv(f64::sqrt);
        Self::of(&x, mean, deviation, ridge, true)
    }

    fn of(
        x: &Array2<f64>,
        mean: Array1<f64>,
        deviation: Array1<f64>,
        ridge: f64,
        any_key: bool,
    ) -> Result<Self> {
        let deviation = deviation.mapv(|d| if d > 1e-12 { d } else { 1.0 });
        let scaled = (x - &mean) / &deviation;
        let mut covariance = scaled.t().dot(&scaled) / scaled.nrows() as f64;
        if any_key {
            covariance = over_keys(&covariance);
        }
        let turn = inverse_root(&covariance, ridge)?;
        Ok(Self { mean, deviation, turn })
    }

    /// Whitens vectors `[m, d]`.
    ///
    /// # Errors
    /// [`Error::Vectors`] for another number of columns than that of the fitted vectors.
    pub fn apply(&self, vectors: ArrayView2<f32>) -> Result<Array2<f32>> {
        if vectors.ncols() != self.mean.len() {
            let (found, expected) =
                (vectors.shape().to_vec(), vec![vectors.nrows(), self.mean.len()]);
            return Err(Error::Vectors { found, expected });
        }
        let scaled = (vectors.mapv(f64::from) - &self.mean) / &self.deviation;
        Ok(scaled.dot(&self.turn).mapv(|value| value as f32))
    }

    /// The mean `[d]`, and the matrix `[d, d]` that vectors relative to it are multiplied by.
    pub(crate) fn parts(&self) -> (Array1<f64>, Array2<f64>) {
        let deviation = self.deviation.view().insert_axis(Axis(1));
        (self.mean.clone(), &self.turn / &deviation)
    }
}

/// The mean of a covariance over all twelve keys.
fn over_keys(covariance: &Array2<f64>) -> Array2<f64> {
    let turned = |place: usize, by: usize| place - place % CLASSES + (place + by) % CLASSES;
    let rings = covariance.nrows() / CLASSES;
    let mut out = Array2::zeros(covariance.dim());
    for (a, b) in (0..rings).flat_map(|a| (0..rings).map(move |b| (a * CLASSES, b * CLASSES))) {
        // Pairs of classes that are so many semitones apart change places with each other.
        for between in 0..CLASSES {
            let pair = |key: usize| (turned(a, key), turned(b + between, key));
            let mean = (0..CLASSES).map(|key| covariance[pair(key)]).sum::<f64>() / CLASSES as f64;
            (0..CLASSES).for_each(|key| out[pair(key)] = mean);
        }
    }
    out
}

/// `(C + ridge · I)^(−1/2)` of a symmetric matrix, by its eigenvectors.
fn inverse_root(covariance: &Array2<f64>, ridge: f64) -> Result<Array2<f64>> {
    let d = covariance.nrows();
    let values: Vec<f64> = covariance.iter().copied().collect();
    let matrix = Tensor::f_from_slice(&values)?.f_view([d as i64, d as i64])?;
    let (values, vectors) = matrix.f_linalg_eigh("L")?;
    let roots = values.f_clamp_min(0.0)?.f_add_scalar(ridge)?.f_rsqrt()?;
    let turn = vectors.f_mul(&roots)?.f_matmul(&vectors.f_transpose(0, 1)?)?;
    let turn = turn.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_contiguous()?;
    let mut out = vec![0.0; d * d];
    turn.f_copy_data(&mut out, d * d)?;
    Array2::from_shape_vec((d, d), out).map_err(|e| tch::TchError::Shape(e.to_string()).into())
}

fn check(vectors: ArrayView2<f32>, ridge: f64) -> Result<()> {
    let refuse = |field, found: String, expected: &str| {
        Err(Error::Parameter { field, found, expected: expected.into() })
    };
    if !(ridge > 0.0 && ridge.is_finite()) {
        return refuse("ridge", ridge.to_string(), "> 0");
    }
    if vectors.nrows() < 2 {
        return refuse("the number of vectors", vectors.nrows().to_string(), "at least 2");
    }
    let bad = vectors.rows().into_iter().position(|row| row.iter().any(|x| !x.is_finite()));
    bad.map_or(Ok(()), |row| Err(Error::NotFinite { row }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use approx::assert_abs_diff_eq;
    use ndarray::concatenate;

    use super::*;
    use crate::rings::transposed;

    /// Columns of different scales that share a part.
    fn vectors(n: usize, d: usize) -> Array2<f32> {
        Array2::from_shape_fn((n, d), |(i, j)| {
            let noise = |k: usize| ((i * 7919 + k * 104_729) % 997) as f32 / 997.0 - 0.5;
            (3.0 * noise(1000) + noise(j * j + 1)) * (1.0 + j as f32) + 5.0
        })
    }

    #[test]
    fn a_small_ridge_makes_columns_of_variance_one() {
        let x = vectors(400, 6);
        let white = Whitening::fit(x.view(), 1e-6).unwrap().apply(x.view()).unwrap();
        let white = white.mapv(f64::from);
        let covariance = white.t().dot(&white) / 400.0;
        assert_abs_diff_eq!(covariance, Array2::eye(6), epsilon = 1e-3);
    }

    #[test]
    fn a_large_ridge_only_standardises() {
        let x = vectors(400, 6);
        let white = Whitening::fit(x.view(), 1e6).unwrap().apply(x.view()).unwrap();
        let x = x.mapv(f64::from);
        let standard = (&x - &x.mean_axis(Axis(0)).unwrap()) / &x.std_axis(Axis(0), 0.0);
        assert_abs_diff_eq!(white.mapv(|v| f64::from(v) * 1e3), standard, epsilon = 1e-3);
    }

    #[test]
    fn rings_stay_rings() {
        let x = vectors(30, 24);
        let whitening = Whitening::fit_in_any_key(x.view(), RIDGE).unwrap();
        let before = whitening.apply(transposed(x.view(), 5).unwrap().view()).unwrap();
        let after = transposed(whitening.apply(x.view()).unwrap().view(), 5).unwrap();
        assert_abs_diff_eq!(before, after, epsilon = 1e-4);
        // The definition: all songs in all keys.
        let keys: Vec<Array2<f32>> = (0..12).map(|k| transposed(x.view(), k).unwrap()).collect();
        let keys: Vec<ArrayView2<f32>> = keys.iter().map(Array2::view).collect();
        let all = concatenate(Axis(0), &keys).unwrap();
        let expected = Whitening::fit(all.view(), RIDGE).unwrap().apply(x.view()).unwrap();
        assert_abs_diff_eq!(whitening.apply(x.view()).unwrap(), expected, epsilon = 1e-4);
    }

    #[test]
    fn unusable_input_is_named() {
        let message = |found: Result<Whitening>| found.unwrap_err().to_string();
        assert_eq!(message(Whitening::fit(vectors(4, 3).view(), 0.0)), "ridge is 0, expected > 0");
        assert!(message(Whitening::fit(vectors(1, 3).view(), 1.0)).contains("at least 2"));
        assert!(
            message(Whitening::fit_in_any_key(vectors(9, 3).view(), 1.0)).contains("3 columns")
        );
        let mut bad = vectors(9, 3);
        bad[[4, 1]] = f32::NAN;
        assert!(message(Whitening::fit(bad.view(), 1.0)).contains("row 4"));
        let whitening = Whitening::fit(vectors(9, 3).view(), 1.0).unwrap();
        assert!(whitening.apply(vectors(2, 4).view()).unwrap_err().to_string().contains("[2, 4]"));
        // A constant column does no harm.
        assert!(Whitening::fit(Array2::ones((5, 2)).view(), 1.0).is_ok());
    }
}
