//! The continuous wavelet transform.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array2, ArrayViewMut2, Axis};
use num_complex::Complex;
use rayon::prelude::*;
use realfft::RealToComplex;
use rustfft::{Fft, FftDirection};

use crate::Error;
use crate::filterbank::{self, Filter, Norm};
use crate::pad::{Padded, Padding};
use crate::real::{Real, sealed};
use crate::scales::{self, ScaleSpec, Scales};
use crate::wavelet::{Morse, Wavelet};

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
    filters: Vec<Filter<T>>,
    forward_real: Arc<dyn RealToComplex<T>>,
    forward: Arc<dyn Fft<T>>,
    inverse: Arc<dyn Fft<T>>,
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

/// Values that a [`CwtPlan`] takes: real or complex.
pub trait Sample<T: Real>: Copy + Send + Sync + sealed::Sealed {
    #[doc(hidden)]
    fn complex(self) -> Complex<T>;
    #[doc(hidden)]
    fn spectrum(plan: &CwtPlan<T>, signal: &[Self]) -> Vec<Complex<T>>;
}

impl<T: Real> Sample<T> for T {
    fn complex(self) -> Complex<T> {
        Complex::new(self, T::zero())
    }

    fn spectrum(plan: &CwtPlan<T>, signal: &[T]) -> Vec<Complex<T>> {
        let shared = &plan.shared;
        let mut padded = vec![T::zero(); shared.padded.length];
        let padding = shared.params.padding;
        padding.fill(signal, T::zero(), shared.padded.before, &mut padded);
        let mut spectrum = shared.forward_real.make_output_vec();
        // Fails for buffers of wrong lengths alone, and these come from the plan.
        let done = shared.forward_real.process(&mut padded, &mut spectrum);
        debug_assert!(done.is_ok());
        spectrum
    }
}

impl<T: Real> Sample<T> for Complex<T> {
    fn complex(self) -> Complex<T> {
        self
    }

    fn spectrum(plan: &CwtPlan<T>, signal: &[Self]) -> Vec<Self> {
        let shared = &plan.shared;
        let zero = Self::new(T::zero(), T::zero());
        let mut spectrum = vec![zero; shared.padded.length];
        shared.params.padding.fill(signal, zero, shared.padded.before, &mut spectrum);
        shared.forward.process(&mut spectrum);
        spectrum.truncate(shared.padded.length / 2 + 1);
        spectrum
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
        let filters = filterbank::filters(wavelet, &scales, params.norm, padded.length);
        let shared = Shared {
            params: params.clone(),
            scales,
            samples,
            padded,
            filters,
            forward_real: T::plan_real_fft(padded.length),
            forward: T::plan_fft(padded.length, FftDirection::Forward),
            inverse: T::plan_fft(padded.length, FftDirection::Inverse),
        };
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
        self.shared.filters.len()
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
        mut w: ArrayViewMut2<'_, Complex<T>>,
        derivative: Option<ArrayViewMut2<'_, Complex<T>>>,
    ) -> Result<(), Error> {
        let spectrum = self.spectrum(signal)?;
        self.check_shape(w.dim())?;
        let rows = w.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        match derivative {
            None => rows.for_each_init(
                || self.scratch(),
                |scratch, (row, mut out)| {
                    let values = self.row(&spectrum, row, false, scratch);
                    out.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                },
            ),
            Some(mut derivative) => {
                self.check_shape(derivative.dim())?;
                let derivatives = derivative.axis_iter_mut(Axis(0)).into_par_iter();
                rows.zip(derivatives).for_each_init(
                    || self.scratch(),
                    |scratch, ((row, mut out), mut slope)| {
                        let values = self.row(&spectrum, row, false, scratch);
                        out.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                        let values = self.row(&spectrum, row, true, scratch);
                        slope.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                    },
                );
            }
        }
        Ok(())
    }

    /// Every `hop`-th column of W, from the first on: `[rows, ceil(samples / hop)]`, the same values
    /// as in the whole transform.
    ///
    /// Where the hop divides the padded length (a power of two, unless there is no padding) only
    /// these columns are computed: the spectrum of a decimated signal is that of the signal, folded.
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
        let spectrum = self.spectrum(signal)?;
        let zero = Complex::new(T::zero(), T::zero());
        let shared = &self.shared;
        let columns = shared.samples.div_ceil(hop);
        let mut w = zeros(self.rows(), columns)?;
        let rows = w.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        let (length, before) = (shared.padded.length, shared.padded.before);
        if hop == 1 || !length.is_multiple_of(hop) {
            rows.for_each_init(
                || self.scratch(),
                |scratch, (row, mut out)| {
                    let values = self.row(&spectrum, row, false, scratch).iter().step_by(hop);
                    out.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                },
            );
            return Ok(w);
        }
        let inverse = T::plan_fft(length / hop, FftDirection::Inverse);
        // Moves the signal's first sample to position 0. The products stay below 2^64, since
        // lengths are at most 2^32.
        let turn = std::f64::consts::TAU / length as f64;
        let shifted: Vec<Complex<T>> = spectrum
            .iter()
            .enumerate()
            .map(|(k, x)| {
                let phase = turn * (k as u64 * before as u64 % length as u64) as f64;
                *x * Complex::new(T::of(phase.cos()), T::of(phase.sin()))
            })
            .collect();
        rows.for_each_init(
            || vec![zero; length / hop],
            |folded, (row, mut out)| {
                folded.fill(zero);
                let filter = &shared.filters[row];
                for (k, psi) in filter.values.iter().enumerate() {
                    let bin = filter.first + k;
                    let cell = &mut folded[bin % (length / hop)];
                    *cell = *cell + shifted[bin] * *psi;
                }
                inverse.process(folded);
                out.iter_mut().zip(folded.iter()).for_each(|(to, from)| *to = *from);
            },
        );
        Ok(w)
    }

    /// The spectrum of the padded signal, its non-negative frequencies.
    pub(crate) fn spectrum<S: Sample<T>>(&self, signal: &[S]) -> Result<Vec<Complex<T>>, Error> {
        if signal.len() != self.shared.samples {
            let (given, expected) = (signal.len(), self.shared.samples);
            return Err(Error::Length { what: "the signal", given, expected });
        }
        let not_finite = |x: T| !x.is_finite();
        for (index, sample) in signal.iter().enumerate() {
            let sample = sample.complex();
            if let Some(bad) = [sample.re, sample.im].into_iter().find(|x| not_finite(*x)) {
                return Err(Error::NotFinite { index: index as u64, value: bad.wide() });
            }
        }
        Ok(S::spectrum(self, signal))
    }

    /// One row of W or of its derivative.
    pub(crate) fn row<'a>(
        &self,
        spectrum: &[Complex<T>],
        row: usize,
        derivative: bool,
        scratch: &'a mut RowScratch<T>,
    ) -> &'a [Complex<T>] {
        let shared = &self.shared;
        let filter = &shared.filters[row];
        let zero = Complex::new(T::zero(), T::zero());
        let buffer = &mut scratch.buffer;
        let end = filter.first + filter.values.len();
        buffer[..filter.first].fill(zero);
        buffer[end..].fill(zero);
        let band = buffer[filter.first..end].iter_mut().zip(&spectrum[filter.first..end]);
        let band = band.zip(&filter.values);
        if derivative {
            let bin =
                std::f64::consts::TAU * shared.params.sampling_rate / shared.padded.length as f64;
            for (k, ((out, x), psi)) in band.enumerate() {
                let slope = *psi * T::of((filter.first + k) as f64 * bin);
                *out = Complex::new(-x.im * slope, x.re * slope);
            }
        } else {
            for ((out, x), psi) in band {
                *out = x * psi;
            }
        }
        shared.inverse.process_with_scratch(buffer, &mut scratch.fft);
        &buffer[shared.padded.before..shared.padded.before + shared.samples]
    }

    pub(crate) fn scratch(&self) -> RowScratch<T> {
        let zero = Complex::new(T::zero(), T::zero());
        RowScratch {
            buffer: vec![zero; self.shared.padded.length],
            fft: vec![zero; self.shared.inverse.get_inplace_scratch_len()],
        }
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
    let mut values = Vec::new();
    values.try_reserve_exact(length).map_err(|_| missing())?;
    values.resize(length, Complex::new(T::zero(), T::zero()));
    Array2::from_shape_vec((rows, columns), values).map_err(|_| missing())
}

/// More coefficients than this are refused.
const MOST_CELLS: u64 = 1 << 40;

/// The buffers that one thread computes rows in.
pub(crate) struct RowScratch<T> {
    buffer: Vec<Complex<T>>,
    fft: Vec<Complex<T>>,
}
