//! Song vectors: `[n, d]` matrices with one row per song, and what is done to them before an analysis.

mod npy;

use std::io::Write;
use std::path::Path;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate};
use ndarray_npy::WriteNpyExt;
use songscape_project::write_atomic;

pub use npy::{read_npy, read_npy_f64};

use crate::error::{Error, Result};

/// A real number that the checks below accept: `f32` or `f64`.
pub trait Real: Copy + Into<f64> + Sync {}
impl Real for f32 {}
impl Real for f64 {}

/// Checks that a matrix has columns and that every value is finite.
///
/// # Errors
/// [`Error::NoColumns`]; [`Error::NotFinite`] with the first offending row and column.
pub fn check_finite<T: Real>(x: ArrayView2<T>) -> Result<()> {
    if x.ncols() == 0 {
        return Err(Error::NoColumns { rows: x.nrows() });
    }
    for (row, values) in x.rows().into_iter().enumerate() {
        // Without a way out of the loop, so that it runs in vector instructions.
        let all = values.iter().fold(true, |all, &value| all & value.into().is_finite());
        if let Some(column) =
            (!all).then(|| values.iter().position(|&v| !v.into().is_finite())).flatten()
        {
            return Err(Error::NotFinite { row, column, value: values[column].into() });
        }
    }
    Ok(())
}

/// The mean over the rows of a song's feature matrix `[t, d]`: its song vector `[d]`.
///
/// # Errors
/// [`Error::TooFewRows`] for a matrix without rows; those of [`check_finite`].
pub fn mean(song: ArrayView2<f32>) -> Result<Array1<f32>> {
    weighted_mean(song, Array1::ones(song.nrows()).view())
}

/// The mean and the standard deviation over the rows of a song's feature matrix `[t, d]`, one after
/// the other: `[2 d]`.
///
/// # Errors
/// As [`mean`].
pub fn mean_and_deviation(song: ArrayView2<f32>) -> Result<Array1<f32>> {
    let mean = mean(song)?;
    let mut deviation = Array1::<f64>::zeros(song.ncols());
    for row in song.rows() {
        for ((d, &value), &m) in deviation.iter_mut().zip(row).zip(&mean) {
            *d += (f64::from(value) - f64::from(m)).powi(2);
        }
    }
    let n = song.nrows() as f64;
    let deviation = deviation.mapv(|d| (d / n).sqrt() as f32);
    Ok(concatenate![Axis(0), mean, deviation])
}

/// The mean over the rows of a song's feature matrix `[t, d]` with a weight for each row `[t]`
/// (its loudness, say): `[d]`.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::Parameter`] when a weight is negative or not finite or when
/// all are zero; [`Error::TooFewRows`] for a matrix without rows; those of [`check_finite`].
pub fn weighted_mean(song: ArrayView2<f32>, weights: ArrayView1<f32>) -> Result<Array1<f32>> {
    check_finite(song)?;
    if song.nrows() == 0 {
        return Err(Error::TooFewRows { what: "a song vector".into(), rows: 0, needed: 1 });
    }
    if weights.len() != song.nrows() {
        return Err(Error::LengthMismatch {
            what: "weights",
            found: weights.len(),
            expected: song.nrows(),
        });
    }
    if let Some(bad) = weights.iter().find(|w| !(**w >= 0.0 && w.is_finite())) {
        return Err(Error::parameter("weight", bad, "a finite number of at least 0"));
    }
    let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    if total == 0.0 {
        return Err(Error::parameter("sum of weights", total, "more than 0"));
    }
    let mut sum = Array1::<f64>::zeros(song.ncols());
    for (row, &weight) in song.rows().into_iter().zip(weights) {
        sum.zip_mut_with(&row, |s, &v| *s += f64::from(weight) * f64::from(v));
    }
    Ok(sum.mapv(|s| (s / total) as f32))
}

/// Rows scaled to length 1; a row of zeros stays as it is.
pub fn unit_rows(x: ArrayView2<f32>) -> Array2<f32> {
    let mut out = x.to_owned();
    for mut row in out.rows_mut() {
        let length = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.mapv_inplace(|v| (f64::from(v) / length) as f32);
        }
    }
    out
}

/// Writes a matrix as a `.npy` file, atomically.
///
/// ```
/// use songscape_analysis::ndarray::arr2;
/// use songscape_analysis::vectors::{read_npy, write_npy};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("vectors.npy");
/// let vectors = arr2(&[[1.0, 2.0], [3.0, 4.0]]);
/// write_npy(&path, vectors.view())?; // numpy.load reads it
/// assert_eq!(read_npy(&path)?, vectors);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_npy(path: impl AsRef<Path>, x: ArrayView2<f32>) -> Result<()> {
    let path = path.as_ref();
    let mut bytes = Vec::with_capacity(x.len() * 4 + 128);
    x.write_npy(&mut bytes)
        .map_err(|e| Error::File { path: path.into(), reason: e.to_string() })?;
    Ok(write_atomic(path, |file| file.write_all(&bytes))?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn poolings_are_means_and_deviations() {
        let song = array![[1.0_f32, 4.0], [3.0, 4.0]];
        assert_eq!(mean(song.view()).unwrap(), array![2.0, 4.0]);
        assert_eq!(mean_and_deviation(song.view()).unwrap(), array![2.0, 4.0, 1.0, 0.0]);
        let weighted = weighted_mean(song.view(), array![3.0, 1.0].view()).unwrap();
        assert_eq!(weighted, array![1.5, 4.0]);
    }

    #[test]
    fn a_bad_value_is_named_with_its_place() {
        let bad = array![[1.0_f32, 2.0], [3.0, f32::NAN]];
        assert!(matches!(
            check_finite(bad.view()),
            Err(Error::NotFinite { row: 1, column: 1, value }) if value.is_nan()
        ));
        assert!(matches!(mean(Array2::zeros((0, 3)).view()), Err(Error::TooFewRows { .. })));
        assert!(weighted_mean(array![[1.0]].view(), array![0.0].view()).is_err());
    }

    #[test]
    fn npy_files_keep_their_values() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let x = array![[1.0_f32, 2.0], [3.0, 4.0]];
        write_npy(&path, x.view()).unwrap();
        assert_eq!(read_npy(&path).unwrap(), x);
        ndarray_npy::write_npy(&path, &x.mapv(f64::from)).unwrap();
        assert_eq!(read_npy(&path).unwrap(), x);
        assert_eq!(read_npy_f64(&path).unwrap(), x.mapv(f64::from));
        ndarray_npy::write_npy(&path, &x.mapv(|v| v as i64)).unwrap();
        assert_eq!(read_npy(&path).unwrap(), x);
        std::fs::write(&path, b"no array").unwrap();
        assert!(matches!(read_npy(&path), Err(Error::File { .. })));
    }
}
