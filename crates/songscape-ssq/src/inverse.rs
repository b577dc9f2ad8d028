//! From coefficients back to a signal.

use std::ops::Range;

use ndarray::{ArrayView2, Axis};
use num_complex::{Complex, Complex64};
use rayon::prelude::*;
use rustfft::FftDirection;

use crate::cwt::CwtPlan;
use crate::filterbank::{self, Filter};
use crate::phase::check_same_shape;
use crate::real::Real;
use crate::ssq::{Bins, SsqPlan};
use crate::wavelet::{self, Properties, Wavelet};
use crate::{Error, Norm, Scales};

/// The real signal of wavelet coefficients `w`, `[rows, samples]`, L1 norm, by the one-integral formula
/// x(t) = 2/C·Re ∫W(s, t)·ds/s, C = ∫ψ̂(w)/w dw (Daubechies, Lu, Wu 2011, eq. 3). Exact for
/// signals within the band that the scales cover; their mean is lost. Rows of NaN (of wavelets that do
/// not fit the signal) are left out.
///
/// # Errors
/// [`Error::Length`] unless there are as many scales as rows; that of a complex signal has twice as
/// many ([`CwtPlan::inverse_complex`]).
pub fn icwt<T: Real>(
    w: ArrayView2<'_, Complex<T>>,
    scales: &Scales,
    wavelet: &dyn Wavelet,
) -> Result<Vec<T>, Error> {
    let sums = scale_sums(w, scales, Norm::L1, 0..w.nrows())?;
    Ok(real_part(&sums, gain(wavelet)))
}

/// Σ W·Δ ln s over some rows.
fn scale_sums<T: Real>(
    w: ArrayView2<'_, Complex<T>>,
    scales: &Scales,
    norm: Norm,
    rows: Range<usize>,
) -> Result<Vec<Complex64>, Error> {
    if w.nrows() != scales.values().len() {
        let (given, expected) = (w.nrows(), scales.values().len());
        return Err(Error::Length { what: "the first axis of the coefficients", given, expected });
    }
    let mut sums = vec![Complex64::default(); w.ncols()];
    for row in rows {
        let step = scales.log_steps()[row] / root(norm, scales.values()[row]);
        let values = w.row(row);
        if values.iter().all(|w| w.re.is_nan()) {
            continue;
        }
        sums.iter_mut().zip(values).for_each(|(sum, w)| *sum += step * wide(*w));
    }
    Ok(sums)
}

/// The real signal of a plan's coefficients, by the one-integral formula, in double precision.
pub(crate) fn real_sums<T: Real>(
    plan: &CwtPlan<T>,
    w: ArrayView2<'_, Complex<T>>,
) -> Result<Vec<f64>, Error> {
    plan.check_shape(w.dim(), 1)?;
    let params = plan.params();
    let sums = scale_sums(w, plan.scales(), params.norm, 0..plan.rows())?;
    let gain = gain(params.wavelet.as_ref());
    Ok(sums.into_iter().map(|sum| gain * sum.re).collect())
}

fn wide<T: Real>(z: Complex<T>) -> Complex64 {
    Complex64::new(z.re.wide(), z.im.wide())
}

fn real_part<T: Real>(sums: &[Complex64], gain: f64) -> Vec<T> {
    sums.iter().map(|sum| T::of(gain * sum.re)).collect()
}

/// The sum of both sides of a complex signal; that of a real one is twice the real part of a side.
fn both_sides<T: Real>(
    positive: &[Complex64],
    negative: &[Complex64],
    gain: f64,
) -> Vec<Complex<T>> {
    let sum = |(p, n): (&Complex64, &Complex64)| 0.5 * gain * (p + n);
    positive.iter().zip(negative).map(sum).map(|z| Complex::new(T::of(z.re), T::of(z.im))).collect()
}

/// What a norm multiplies coefficients with.
fn root(norm: Norm, scale: f64) -> f64 {
    match norm {
        Norm::L1 => 1.0,
        Norm::L2 => scale.sqrt(),
    }
}

impl<T: Real> CwtPlan<T> {
    /// The real signal of coefficients `[rows, samples]` of this plan, by the one-integral formula
    /// ([`icwt`]), in either norm.
    ///
    /// # Errors
    /// [`Error::Length`] for another shape than that of a real signal's transform.
    pub fn inverse(&self, w: ArrayView2<'_, Complex<T>>) -> Result<Vec<T>, Error> {
        self.inverse_rows(w, 0..self.rows())
    }

    /// The part of the signal between two frequencies in Hz: the sum over the rows whose wavelets
    /// peak there. It begins and ends as gently as the wavelets' own spectra do.
    ///
    /// # Errors
    /// As [`CwtPlan::inverse`]; [`Error::EmptyRange`] unless low <= high.
    pub fn inverse_band(
        &self,
        w: ArrayView2<'_, Complex<T>>,
        low: f64,
        high: f64,
    ) -> Result<Vec<T>, Error> {
        if low.is_nan() || high.is_nan() || low > high {
            return Err(Error::EmptyRange { low, high });
        }
        let frequencies = self.frequencies();
        let first = frequencies.partition_point(|f| *f > high);
        self.inverse_rows(w, first..frequencies.partition_point(|f| *f >= low))
    }

    fn inverse_rows(
        &self,
        w: ArrayView2<'_, Complex<T>>,
        rows: Range<usize>,
    ) -> Result<Vec<T>, Error> {
        self.check_shape(w.dim(), 1)?;
        let params = self.params();
        let sums = scale_sums(w, self.scales(), params.norm, rows)?;
        Ok(real_part(&sums, gain(params.wavelet.as_ref())))
    }

    /// The complex signal of coefficients `[2 · rows, samples]` of this plan, by the one-integral
    /// formula x(t) = 1/C·∫W(s, t)·ds/s over both signs of the frequency.
    ///
    /// # Errors
    /// [`Error::Length`] for another shape than that of a complex signal's transform.
    pub fn inverse_complex(&self, w: ArrayView2<'_, Complex<T>>) -> Result<Vec<Complex<T>>, Error> {
        self.check_shape(w.dim(), 2)?;
        let params = self.params();
        let (positive, mut negative) = w.split_at(Axis(0), self.rows());
        negative.invert_axis(Axis(0));
        let sums = |w| scale_sums(w, self.scales(), params.norm, 0..self.rows());
        Ok(both_sides(&sums(positive)?, &sums(negative)?, gain(params.wavelet.as_ref())))
    }

    /// Refuses arrays of another shape than the transform of a signal with one or two sides.
    fn check_shape(&self, shape: (usize, usize), sides: usize) -> Result<(), Error> {
        check_same_shape("the transform", shape, (sides * self.rows(), self.samples()))
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
        self.check_shape(w.dim(), 1)?;
        let params = self.params();
        let (wavelet, length) = (params.wavelet.as_ref(), self.padded_length());
        let support = wavelet::support(wavelet, T::SPECTRUM_CUT);
        let forward = T::plan_fft(length, FftDirection::Forward);
        let zero = Complex::new(T::zero(), T::zero());
        let mut sum = vec![zero; length];
        let rows: Vec<usize> = (0..self.rows()).filter(|row| self.fits()[*row]).collect();
        for rows in rows.chunks(ROWS) {
            let parts: Vec<(Filter<T>, Vec<Complex<T>>)> = rows
                .par_iter()
                .map(|&row| {
                    let scale = self.scales().values()[row];
                    let mut spectrum: Vec<_> = w.row(row).to_vec();
                    spectrum.resize(length, zero);
                    forward.process(&mut spectrum);
                    let mut filter = {
                        let psi = |w| wavelet.spectrum(w);
                        filterbank::filter(&psi, support, scale, Norm::L1, length)
                    };
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

impl<T: Real> SsqPlan<T> {
    /// The real signal of a squeezed transform `[bins, samples]` of this plan: [`issq`]. Of what the
    /// bins dropped ([`Outside`](crate::Outside)) nothing comes back.
    ///
    /// # Errors
    /// [`Error::Length`] for another shape than that of a real signal's transform.
    pub fn inverse(&self, t: ArrayView2<'_, Complex<T>>) -> Result<Vec<T>, Error> {
        let shape = (self.bins().len(), self.cwt().samples());
        check_same_shape("the transform", t.dim(), shape)?;
        issq(t, self.cwt().params().wavelet.as_ref())
    }

    /// The complex signal of a squeezed transform `[2 · bins, samples]` of this plan: the sum of
    /// both sides, over C.
    ///
    /// # Errors
    /// [`Error::Length`] for another shape than that of a complex signal's transform.
    pub fn inverse_complex(&self, t: ArrayView2<'_, Complex<T>>) -> Result<Vec<Complex<T>>, Error> {
        let shape = (2 * self.bins().len(), self.cwt().samples());
        check_same_shape("the transform", t.dim(), shape)?;
        issq_complex(t, self.cwt().params().wavelet.as_ref())
    }
}

/// The complex signal of a squeezed transform of both sides, `[2 · bins, samples]`:
/// x(t) = 1/C·Σ_b T(b, t).
///
/// # Errors
/// None at present.
pub fn issq_complex<T: Real>(
    t: ArrayView2<'_, Complex<T>>,
    wavelet: &dyn Wavelet,
) -> Result<Vec<Complex<T>>, Error> {
    Ok(complex_sums(t, 0.5 * gain(wavelet)))
}

/// The sums over all rows.
pub(crate) fn complex_sums<T: Real>(t: ArrayView2<'_, Complex<T>>, gain: f64) -> Vec<Complex<T>> {
    let mut sums = vec![Complex64::default(); t.ncols()];
    for row in t.axis_iter(Axis(0)) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += gain * wide(*value));
    }
    sums.into_iter().map(|z| Complex::new(T::of(z.re), T::of(z.im))).collect()
}

/// The real signal of a squeezed transform `t`, `[bins, samples]`: x(t) = 2/C·Re Σ_b T(b, t). For
/// the two-sided transform of a complex signal, [`issq_complex`].
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
/// [`Error::Length`] unless there are as many bins as rows, [`Error::EmptyRange`] unless
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
        return Err(Error::EmptyRange { low, high });
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
        return Err(Error::parameter("row", value, "a row of the transform"));
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
