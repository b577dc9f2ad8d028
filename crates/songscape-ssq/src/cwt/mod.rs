//! The continuous wavelet transform.

mod blocks;
pub(crate) mod evaluate;
mod kernel;
mod sample;
mod whole;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, ArrayView1, ArrayViewMut1, ArrayViewMut2, Axis, s};
use num_complex::Complex;
use rayon::prelude::*;

use blocks::{Baseband, Blocks, SEGMENT};
use evaluate::Stretch;
use kernel::LANES;
pub(crate) use whole::Whole;

use crate::Error;
use crate::filterbank::{self, Norm};
use crate::pad::{Padded, Padding};
use crate::real::Real;
use crate::scales::{self, ScaleSpec, Scales};
use crate::wavelet::{self, Morse, Wavelet};

pub use sample::Sample;

/// What a [`CwtPlan`] computes.
#[derive(Debug, Clone)]
pub struct CwtParams {
    /// Sampling rate, Hz.
    pub sampling_rate: f64,
    /// The wavelet.
    pub wavelet: Arc<dyn Wavelet>,
    /// The scales.
    pub scales: ScaleSpec,
    /// Scales in an octave, for logarithmic spacings; need not be whole.
    pub voices: f64,
    /// What surrounds the signal.
    pub padding: Padding,
    /// The norm.
    pub norm: Norm,
}

impl Default for CwtParams {
    /// Morse(3, 60), log-piecewise scales with 32 voices, reflected, L1, 1 Hz.
    fn default() -> Self {
        Self {
            sampling_rate: 1.0,
            wavelet: Arc::new(Morse::default()),
            scales: ScaleSpec::default(),
            voices: 32.0,
            padding: Padding::default(),
            norm: Norm::default(),
        }
    }
}

/// All set-up for the transforms of signals of one length: filters and FFTs. Shared between threads
/// and reused.
///
/// W(s, t) = Σ_k ψ̂(s·ξ_k)·X(ξ_k)·exp(iξ_k·t)/M over the spectrum X of the padded signal. Row 0 is
/// the smallest scale, the highest frequency.
///
/// ```
/// use songscape_ssq::{CwtParams, CwtPlan};
///
/// let plan = CwtPlan::<f64>::new(&CwtParams::default(), 1000)?;
/// let signal: Vec<f64> = (0..1000).map(|n| (0.2 * n as f64).cos()).collect();
/// let w = plan.transform(&signal)?;
/// assert_eq!(w.dim(), (plan.scales().values().len(), 1000));
/// let at_middle = w.column(500).iter().map(|w| w.norm()).fold(0.0, f64::max);
/// assert!((at_middle - 1.0).abs() < 0.01); // the amplitude
/// # Ok::<(), songscape_ssq::Error>(())
/// ```
#[derive(Clone)]
pub struct CwtPlan<T: Real> {
    shared: Arc<Shared<T>>,
}

struct Shared<T: Real> {
    params: CwtParams,
    scales: Scales,
    samples: usize,
    padded: Padded,
    blocks: Blocks<T>,
    /// `None` where all rows are computed in blocks.
    whole: Option<Whole<T>>,
}

/// Memory that transforms work in, so that repeated ones need not ask for it again:
/// [`CwtPlan::scratch`].
pub struct CwtScratch<T> {
    baseband: Baseband<T>,
}

impl<T> fmt::Debug for CwtScratch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CwtScratch").finish_non_exhaustive()
    }
}

impl<T: Real> fmt::Debug for CwtPlan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CwtPlan")
            .field("params", &self.shared.params)
            .field("rows", &self.rows())
            .field("samples", &self.shared.samples)
            .finish_non_exhaustive()
    }
}

impl<T: Real> CwtPlan<T> {
    /// Plans transforms of signals of `samples` samples.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the sampling rate is not positive, and whatever
    /// [`Scales::new`] refuses.
    pub fn new(params: &CwtParams, samples: usize) -> Result<Self, Error> {
        let rate = params.sampling_rate;
        if !(rate.is_finite() && rate > 0.0) {
            let expected = "a positive number";
            return Err(Error::Parameter { name: "sampling_rate", value: rate, expected });
        }
        scales::check_samples(samples)?;
        let wavelet = params.wavelet.as_ref();
        let scales = Scales::new(&params.scales, params.voices, wavelet, samples, rate)?;
        let cells = (scales.values().len() as u64).saturating_mul(samples as u64);
        if cells > MOST_CELLS {
            return Err(Error::TooLong { what: "the transform", length: cells, limit: MOST_CELLS });
        }
        let padded = params.padding.place(samples);
        let blocks = Blocks::new(params, scales.values(), samples, padded.length);
        let in_blocks = |row: usize| blocks.has(row);
        let whole = (0..scales.values().len()).any(|row| !in_blocks(row)).then(|| {
            let support = wavelet::support(wavelet, T::SPECTRUM_CUT);
            let filter = |(row, scale): (usize, &f64)| {
                let sample =
                    || filterbank::filter(wavelet, support, *scale, params.norm, padded.length);
                (!in_blocks(row)).then(sample)
            };
            let filters = scales.values().par_iter().enumerate().map(filter).collect();
            Whole::new(filters, padded, samples, rate)
        });
        let shared = Shared { params: params.clone(), scales, samples, padded, blocks, whole };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &CwtParams {
        &self.shared.params
    }

    /// The scales, one per row.
    #[must_use]
    pub fn scales(&self) -> &Scales {
        &self.shared.scales
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shared.scales.values().len()
    }

    /// Length of the signals.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.shared.samples
    }

    /// Length of the padded signals.
    #[must_use]
    pub fn padded_length(&self) -> usize {
        self.shared.padded.length
    }

    /// Peak frequencies of the wavelets, Hz, descending.
    #[must_use]
    pub fn frequencies(&self) -> Vec<f64> {
        let params = &self.shared.params;
        self.shared.scales.frequencies(params.wavelet.as_ref(), params.sampling_rate)
    }

    /// The coefficients W of a real or complex signal, `[rows, samples]`.
    ///
    /// # Errors
    /// [`Error::Length`] for a signal of another length than the plan's, [`Error::NotFinite`] for
    /// NaN and infinities, [`Error::Memory`] where there is none for the result.
    pub fn transform<S: Sample<T>>(&self, signal: &[S]) -> Result<Array2<Complex<T>>, Error> {
        let mut w = self.empty()?;
        self.transform_into(signal, w.view_mut(), None)?;
        Ok(w)
    }

    /// W and its derivative ∂W/∂t (per second), computed in the spectrum, both `[rows, samples]`.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`].
    #[allow(clippy::type_complexity)]
    pub fn transform_with_derivative<S: Sample<T>>(
        &self,
        signal: &[S],
    ) -> Result<(Array2<Complex<T>>, Array2<Complex<T>>), Error> {
        let (mut w, mut derivative) = (self.empty()?, self.empty()?);
        self.transform_into(signal, w.view_mut(), Some(derivative.view_mut()))?;
        Ok((w, derivative))
    }

    /// Writes W, and its derivative where asked for, into arrays of the caller, `[rows, samples]`.
    /// Rows are shared out over the threads of the current rayon pool; the result does not depend
    /// on their number.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`]; [`Error::Length`] also for arrays of another shape.
    pub fn transform_into<S: Sample<T>>(
        &self,
        signal: &[S],
        w: ArrayViewMut2<'_, Complex<T>>,
        derivative: Option<ArrayViewMut2<'_, Complex<T>>>,
    ) -> Result<(), Error> {
        self.transform_with_scratch(signal, w, derivative, &mut self.scratch())
    }

    /// [`CwtPlan::transform_into`] in memory of the caller, from [`CwtPlan::scratch`].
    ///
    /// # Errors
    /// As [`CwtPlan::transform_into`].
    pub fn transform_with_scratch<S: Sample<T>>(
        &self,
        signal: &[S],
        mut w: ArrayViewMut2<'_, Complex<T>>,
        mut derivative: Option<ArrayViewMut2<'_, Complex<T>>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error> {
        let signal = self.pad(signal)?;
        self.check_shape(w.dim())?;
        if let Some(derivative) = &derivative {
            self.check_shape(derivative.dim())?;
        }
        let mut derivatives = derivative.as_mut().map(|d| d.axis_iter_mut(Axis(0)));
        let rows = w.axis_iter_mut(Axis(0));
        let mut rows: Vec<_> =
            rows.map(|w| (w, derivatives.as_mut().and_then(Iterator::next))).collect();
        if let Some(whole) = self.whole() {
            let spectrum = whole.spectrum(&signal);
            let slopes = rows.first().is_some_and(|(_, derivative)| derivative.is_some());
            let rows = rows.iter_mut().enumerate().filter(|(row, _)| whole.has(*row)).collect();
            whole.compute(&spectrum, rows, slopes, |(w, derivative), values, slopes| {
                w.assign(&ArrayView1::from(values));
                if let Some(derivative) = derivative {
                    derivative.assign(&ArrayView1::from(slopes));
                }
            });
        }
        for columns in self.segments() {
            self.fill(&signal, &columns, scratch);
            rows.par_iter_mut().enumerate().for_each(|(row, (w, derivative))| {
                let mut column = columns.start;
                while let Some((stretch, end)) = self.stretch(scratch, row, column, &columns) {
                    let mut w = w.slice_mut(s![column..end]);
                    match derivative {
                        None => with_slice(&mut w, |w| evaluate::values(&stretch, w)),
                        Some(derivative) => with_slice(&mut w, |w| {
                            let mut derivative = derivative.slice_mut(s![column..end]);
                            with_slice(&mut derivative, |derivative| {
                                evaluate::values_and_derivatives(&stretch, w, derivative);
                            });
                        }),
                    }
                    column = end;
                }
            });
        }
        Ok(())
    }

    /// Every `hop`-th column of W, from the first on: `[rows, ceil(samples / hop)]`, the same values
    /// as in the whole transform. Of the other columns only those next to them are computed.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`]; [`Error::Parameter`] for a hop of 0.
    pub fn transform_hop<S: Sample<T>>(
        &self,
        signal: &[S],
        hop: usize,
    ) -> Result<Array2<Complex<T>>, Error> {
        if hop == 0 {
            return Err(Error::Parameter { name: "hop", value: 0.0, expected: "at least 1" });
        }
        let signal = self.pad(signal)?;
        let mut w = zeros(self.rows(), self.shared.samples.div_ceil(hop))?;
        let mut rows: Vec<_> = w.axis_iter_mut(Axis(0)).collect();
        if let Some(whole) = self.whole() {
            let spectrum = whole.spectrum(&signal);
            let rows = rows.iter_mut().enumerate().filter(|(row, _)| whole.has(*row)).collect();
            whole.compute(&spectrum, rows, false, |w: &mut ArrayViewMut1<'_, _>, values, _| {
                w.iter_mut().zip(values.iter().step_by(hop)).for_each(|(to, from)| *to = *from);
            });
        }
        let mut scratch = self.scratch();
        for columns in self.segments() {
            self.fill(&signal, &columns, &mut scratch);
            let wanted = columns.start.div_ceil(hop)..columns.end.div_ceil(hop);
            rows.par_iter_mut().enumerate().for_each(|(row, w)| {
                let mut tile = [Complex::new(T::zero(), T::zero()); LANES];
                let mut at = None;
                for i in wanted.clone() {
                    let start = i * hop - i * hop % LANES;
                    if at != Some(start) {
                        let Some((stretch, _)) = self.stretch(&scratch, row, start, &columns)
                        else {
                            return;
                        };
                        evaluate::values(&stretch, &mut tile);
                        at = Some(start);
                    }
                    w[i] = tile[i * hop % LANES];
                }
            });
        }
        Ok(w)
    }

    /// Memory for [`CwtPlan::transform_with_scratch`].
    #[must_use]
    pub fn scratch(&self) -> CwtScratch<T> {
        CwtScratch { baseband: self.shared.blocks.baseband() }
    }

    /// The signal with its padding.
    pub(crate) fn pad<S: Sample<T>>(&self, signal: &[S]) -> Result<Vec<S>, Error> {
        let Shared { samples, padded, params, .. } = &*self.shared;
        if signal.len() != *samples {
            let (given, expected) = (signal.len(), *samples);
            return Err(Error::Length { what: "the signal", given, expected });
        }
        let not_finite = |x: T| !x.is_finite();
        for (index, sample) in signal.iter().enumerate() {
            let sample = sample.complex();
            if let Some(bad) = [sample.re, sample.im].into_iter().find(|x| not_finite(*x)) {
                return Err(Error::NotFinite { index: index as u64, value: bad.wide() });
            }
        }
        let mut out = vec![S::zero(); padded.length];
        params.padding.fill(signal, S::zero(), padded.before, &mut out);
        Ok(out)
    }

    /// The rows that are computed over the whole signal, if any.
    pub(crate) fn whole(&self) -> Option<&Whole<T>> {
        self.shared.whole.as_ref()
    }

    /// Makes the scratch ready for a segment of the columns.
    pub(crate) fn fill<S: Sample<T>>(
        &self,
        padded: &[S],
        columns: &Range<usize>,
        scratch: &mut CwtScratch<T>,
    ) {
        let before = self.shared.padded.before;
        self.shared.blocks.fill(padded, before, columns, &mut scratch.baseband);
    }

    /// A row from a column of a segment on, and where the next stretch of it starts; `None` at the
    /// end of the segment and for rows that are computed whole.
    pub(crate) fn stretch<'a>(
        &'a self,
        scratch: &'a CwtScratch<T>,
        row: usize,
        column: usize,
        columns: &Range<usize>,
    ) -> Option<(Stretch<'a, T>, usize)> {
        if column >= columns.end {
            return None;
        }
        let (stretch, left) = self.shared.blocks.stretch(&scratch.baseband, row, column)?;
        Some((stretch, (column + left).min(columns.end)))
    }

    /// The columns, in the parts that are computed one after the other.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Range<usize>> + use<T> {
        let samples = self.shared.samples;
        (0..samples).step_by(SEGMENT).map(move |start| start..(start + SEGMENT).min(samples))
    }
    pub(crate) fn check_shape(&self, (rows, columns): (usize, usize)) -> Result<(), Error> {
        let pairs = [
            ("the output's first axis", rows, self.rows()),
            ("the output's second axis", columns, self.shared.samples),
        ];
        for (what, given, expected) in pairs {
            if given != expected {
                return Err(Error::Length { what, given, expected });
            }
        }
        Ok(())
    }

    fn empty(&self) -> Result<Array2<Complex<T>>, Error> {
        zeros(self.rows(), self.samples())
    }
}

/// A transform of zeros, or an error where there is no memory for it.
pub(crate) fn zeros<T: Real>(rows: usize, columns: usize) -> Result<Array2<Complex<T>>, Error> {
    let missing = || Error::Memory { what: "a transform", rows, columns };
    let length = rows.checked_mul(columns).ok_or_else(missing)?;
    // The operating system's zeros, which cost nothing until they are written over.
    let values = bytemuck::try_zeroed_vec(length).map_err(|()| missing())?;
    Array2::from_shape_vec((rows, columns), values).map_err(|_| missing())
}

/// Calls `write` with the values of a view, through a copy where they do not lie side by side.
fn with_slice<V: Copy>(view: &mut ArrayViewMut1<'_, V>, write: impl FnOnce(&mut [V])) {
    if let Some(slice) = view.as_slice_mut() {
        write(slice);
    } else {
        let mut values = view.to_vec();
        write(&mut values);
        view.assign(&ArrayView1::from(&values));
    }
}

/// More coefficients than this are refused.
const MOST_CELLS: u64 = 1 << 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;
    use crate::wavelet::Bump;

    /// Largest errors of rows in blocks, W and derivative, over the largest values.
    fn errors<T: Real>(wavelet: Arc<dyn Wavelet>, padding: Padding, samples: usize) -> (f64, f64) {
        let scales = ScaleSpec::Range { low: 40.0, high: 12_000.0, rows: 40 };
        let params =
            CwtParams { sampling_rate: 44_100.0, wavelet, scales, padding, ..Default::default() };
        let plan = CwtPlan::<T>::new(&params, samples).expect("valid parameters");
        let signal: Vec<T> = signal::white_noise(samples, 3).into_iter().map(T::of).collect();
        let (w, derivative) = plan.transform_with_derivative(&signal).expect("a signal");

        // The definition: one inverse FFT over the whole padded signal for each row.
        let Shared { scales, padded, blocks, .. } = &*plan.shared;
        let wavelet = params.wavelet.as_ref();
        let support = wavelet::support(wavelet, f64::SPECTRUM_CUT);
        let filter = |scale: &f64| {
            Some(filterbank::filter::<f64>(wavelet, support, *scale, params.norm, padded.length))
        };
        let filters = scales.values().iter().map(filter).collect();
        let whole = Whole::new(filters, *padded, samples, params.sampling_rate);
        let signal: Vec<f64> = signal.into_iter().map(Real::wide).collect();
        let mut around = vec![0.0; padded.length];
        params.padding.fill(&signal, 0.0, padded.before, &mut around);
        assert!((0..plan.rows()).any(|row| blocks.has(row)));

        let errors = std::sync::Mutex::new((0f64, 0f64));
        let tasks = w.rows().into_iter().zip(derivative.rows()).enumerate().collect();
        let spectrum = whole.spectrum(&around);
        whole.compute(&spectrum, tasks, true, |(w, derivative), values, slopes| {
            let worst = |ours: ndarray::ArrayView1<'_, Complex<T>>, exact: &[Complex<f64>]| {
                let largest = exact.iter().map(|z| z.norm()).fold(0.0, f64::max);
                let error = |(a, b): (&Complex<T>, &Complex<f64>)| {
                    (Complex::new(a.re.wide(), a.im.wide()) - b).norm()
                };
                ours.iter().zip(exact).map(error).fold(0.0, f64::max) / largest
            };
            let mut errors = errors.lock().expect("no panic");
            errors.0 = errors.0.max(worst(w, values));
            errors.1 = errors.1.max(worst(derivative, slopes));
        });
        errors.into_inner().expect("no panic")
    }

    #[test]
    fn blocks_are_the_whole() {
        let morse = || Arc::new(Morse::default());
        for (padding, samples) in
            [(Padding::Reflect, 100_000), (Padding::None, 131_072), (Padding::None, 99_999)]
        {
            let (w, derivative) = errors::<f32>(morse(), padding, samples);
            assert!(w < 2e-6 && derivative < 5e-6, "{padding:?}: {w:e} {derivative:e}");
            let (w, derivative) = errors::<f64>(morse(), padding, samples);
            assert!(w < 1e-12 && derivative < 1e-12, "{padding:?}: {w:e} {derivative:e}");
        }
        // A wavelet that takes long to die away.
        let bump = Bump::new(5.0, 1.0).expect("valid parameters");
        let (w, derivative) = errors::<f32>(Arc::new(bump), Padding::Zero, 50_000);
        assert!(w < 2e-6 && derivative < 5e-6, "{w:e} {derivative:e}");
    }
}
