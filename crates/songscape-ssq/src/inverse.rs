//! From coefficients back to a signal.

use std::ops::Range;

use ndarray::{ArrayView2, Axis};
use num_complex::Complex;

use crate::real::Real;
use crate::ssq::Bins;
use crate::wavelet::{self, Wavelet};
use crate::{Error, Scales};

/// The signal of wavelet coefficients `w`, `[rows, samples]`, L1 norm, by the one-integral formula
/// x(t) = 2/C·Re ∫W(s, t)·ds/s, C = ∫ψ̂(w)/w dw (Daubechies, Lu, Wu 2011, eq. 3). Exact for
/// signals within the band that the scales cover; their mean is lost.
///
/// # Errors
/// [`Error::Length`] unless there are as many scales as rows.
pub fn icwt<T: Real>(
    w: ArrayView2<'_, Complex<T>>,
    scales: &Scales,
    wavelet: &dyn Wavelet,
) -> Result<Vec<T>, Error> {
    if w.nrows() != scales.values().len() {
        let (given, expected) = (w.nrows(), scales.values().len());
        return Err(Error::Length { what: "the first axis of the coefficients", given, expected });
    }
    let gain = gain(wavelet);
    let mut sums = vec![0.0; w.ncols()];
    for (row, step) in w.axis_iter(Axis(0)).zip(scales.log_steps()) {
        sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += step * w.re.wide());
    }
    Ok(sums.into_iter().map(|sum| T::of(gain * sum)).collect())
}

/// The signal of a squeezed transform `t`, `[bins, samples]`: x(t) = 2/C·Re Σ_b T(b, t).
///
/// # Errors
/// None at present.
pub fn issq<T: Real>(
    t: ArrayView2<'_, Complex<T>>,
    wavelet: &dyn Wavelet,
) -> Result<Vec<T>, Error> {
    sum_rows(t, gain(wavelet), |_| 0..t.nrows())
}

/// The component of a squeezed transform between two frequencies in Hz.
///
/// # Errors
/// [`Error::Length`] unless there are as many bins as rows, [`Error::FrequencyRange`] unless
/// low <= high.
pub fn issq_band<T: Real>(
    t: ArrayView2<'_, Complex<T>>,
    bins: &Bins,
    wavelet: &dyn Wavelet,
    low: f64,
    high: f64,
) -> Result<Vec<T>, Error> {
    let rows = rows_between(t, bins, low, high)?;
    sum_rows(t, gain(wavelet), |_| rows.clone())
}

/// The component along a curve: for each sample the rows within `half_width` of `rows[sample]`.
///
/// # Errors
/// [`Error::Length`] unless the curve has a row for every sample; [`Error::Parameter`] for a row
/// that is none.
pub fn issq_component<T: Real>(
    t: ArrayView2<'_, Complex<T>>,
    wavelet: &dyn Wavelet,
    rows: &[usize],
    half_width: usize,
) -> Result<Vec<T>, Error> {
    sum_around(t, gain(wavelet), rows, half_width)
}

/// What sums over rows are multiplied with.
fn gain(wavelet: &dyn Wavelet) -> f64 {
    2.0 / wavelet::admissibility_ssq(wavelet)
}

/// The rows between two frequencies in Hz.
pub(crate) fn rows_between<T: Real>(
    t: ArrayView2<'_, Complex<T>>,
    bins: &Bins,
    low: f64,
    high: f64,
) -> Result<Range<usize>, Error> {
    check_bins(t, bins)?;
    if low.is_nan() || high.is_nan() || low > high {
        return Err(Error::FrequencyRange { low, high, nyquist: f64::MAX });
    }
    let frequencies = bins.frequencies();
    let first = frequencies.partition_point(|f| *f > high);
    let end = frequencies.partition_point(|f| *f >= low);
    Ok(first..end)
}

/// Sums within `half_width` rows of a curve.
pub(crate) fn sum_around<T: Real>(
    t: ArrayView2<'_, Complex<T>>,
    gain: f64,
    rows: &[usize],
    half_width: usize,
) -> Result<Vec<T>, Error> {
    if rows.len() != t.ncols() {
        let (given, expected) = (rows.len(), t.ncols());
        return Err(Error::Length { what: "the curve", given, expected });
    }
    if let Some(bad) = rows.iter().find(|row| **row >= t.nrows()) {
        let value = *bad as f64;
        return Err(Error::Parameter { name: "row", value, expected: "a row of the transform" });
    }
    sum_rows(t, gain, |column| {
        let row = rows[column];
        row.saturating_sub(half_width)
            ..row.saturating_add(half_width).saturating_add(1).min(t.nrows())
    })
}

pub(crate) fn sum_rows<T: Real>(
    t: ArrayView2<'_, Complex<T>>,
    gain: f64,
    rows: impl Fn(usize) -> Range<usize>,
) -> Result<Vec<T>, Error> {
    let mut sums = vec![0.0; t.ncols()];
    for (row, values) in t.axis_iter(Axis(0)).enumerate() {
        for (column, (sum, value)) in sums.iter_mut().zip(values).enumerate() {
            if rows(column).contains(&row) {
                *sum += value.re.wide();
            }
        }
    }
    Ok(sums.into_iter().map(|sum| T::of(gain * sum)).collect())
}

pub(crate) fn check_bins<T: Real>(t: ArrayView2<'_, Complex<T>>, bins: &Bins) -> Result<(), Error> {
    if t.nrows() == bins.len() {
        return Ok(());
    }
    let (given, expected) = (t.nrows(), bins.len());
    Err(Error::Length { what: "the first axis of the transform", given, expected })
}
