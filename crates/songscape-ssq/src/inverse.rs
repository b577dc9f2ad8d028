//! From coefficients back to a signal.

use std::ops::Range;

use ndarray::{ArrayView2, Axis};
use num_complex::Complex;
use rayon::prelude::*;
use rustfft::FftDirection;

use crate::cwt::CwtPlan;
use crate::filterbank::{self, Filter};
use crate::real::Real;
use crate::ssq::Bins;
use crate::wavelet::{self, Properties, Wavelet};
use crate::{Error, Norm, Scales};

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
    one_integral(w, scales, wavelet, Norm::L1)
}

fn one_integral<T: Real>(
    w: ArrayView2<'_, Complex<T>>,
    scales: &Scales,
    wavelet: &dyn Wavelet,
    norm: Norm,
) -> Result<Vec<T>, Error> {
    if w.nrows() != scales.values().len() {
        let (given, expected) = (w.nrows(), scales.values().len());
        return Err(Error::Length { what: "the first axis of the coefficients", given, expected });
    }
    let gain = gain(wavelet);
    let mut sums = vec![0.0; w.ncols()];
    let steps = scales.log_steps().iter().zip(scales.values());
    for (row, (step, scale)) in w.axis_iter(Axis(0)).zip(steps) {
        let step = step / root(norm, *scale);
        sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += step * w.re.wide());
    }
    Ok(sums.into_iter().map(|sum| T::of(gain * sum)).collect())
}

/// What a norm multiplies coefficients with.
fn root(norm: Norm, scale: f64) -> f64 {
    match norm {
        Norm::L1 => 1.0,
        Norm::L2 => scale.sqrt(),
    }
}

impl<T: Real> CwtPlan<T> {
    /// The signal of coefficients `[rows, samples]` of this plan, by the one-integral formula
    /// ([`icwt`]), in either norm.
    ///
    /// # Errors
    /// [`Error::Length`] for another shape than the plan's.
    pub fn inverse(&self, w: ArrayView2<'_, Complex<T>>) -> Result<Vec<T>, Error> {
        self.check_shape(w.dim())?;
        let params = self.params();
        one_integral(w, self.scales(), params.wavelet.as_ref(), params.norm)
    }

    /// The same by the two-integral formula x = 2/C·Re ∬W(s, b)·ψ((t − b)/s) db ds/s²,
    /// C = ∫|ψ̂(w)|²/w dw (Calderón's): coefficients pass through their wavelets again, so that what
    /// no wavelet could have made (noise that was added to them, masks with sharp edges) is
    /// smoothed away. Within a wavelet's length of the ends, where the integral is cut off, it is
    /// less exact than [`CwtPlan::inverse`], unless there is no padding.
    ///
    /// # Errors
    /// [`Error::Length`] for another shape than the plan's.
    pub fn inverse_two_integral(&self, w: ArrayView2<'_, Complex<T>>) -> Result<Vec<T>, Error> {
        /// Rows whose spectra are held at a time; they are added in order, for the same sums with
        /// any number of threads.
        const ROWS: usize = 8;
        self.check_shape(w.dim())?;
        let params = self.params();
        let (wavelet, length) = (params.wavelet.as_ref(), self.padded_length());
        let support = wavelet::support(wavelet, T::SPECTRUM_CUT);
        let forward = T::plan_fft(length, FftDirection::Forward);
        let zero = Complex::new(T::zero(), T::zero());
        let mut sum = vec![zero; length];
        let rows: Vec<usize> = (0..self.rows()).collect();
        for rows in rows.chunks(ROWS) {
            let parts: Vec<(Filter<T>, Vec<Complex<T>>)> = rows
                .par_iter()
                .map(|&row| {
                    let scale = self.scales().values()[row];
                    let mut spectrum: Vec<_> = w.row(row).to_vec();
                    spectrum.resize(length, zero);
                    forward.process(&mut spectrum);
                    let mut filter = filterbank::filter(wavelet, support, scale, Norm::L1, length);
                    let gain = self.scales().log_steps()[row] / root(params.norm, scale);
                    filter.values.iter_mut().for_each(|psi| *psi = *psi * T::of(gain));
                    (filter, spectrum)
                })
                .collect();
            for (filter, spectrum) in parts {
                let band = filter.first..filter.first + filter.values.len();
                for ((sum, psi), x) in
                    sum[band.clone()].iter_mut().zip(&filter.values).zip(&spectrum[band])
                {
                    *sum = *sum + x * *psi;
                }
            }
        }
        T::plan_fft(length, FftDirection::Inverse).process(&mut sum);
        let gain = T::of(2.0 / Properties::of(wavelet).admissibility_cwt);
        Ok(sum[..self.samples()].iter().map(|x| x.re * gain).collect())
    }
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
