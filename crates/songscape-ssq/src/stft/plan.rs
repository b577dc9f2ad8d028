//! The short-time Fourier transform.

use std::fmt;
use std::sync::Arc;

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayViewMut2, Axis};
use num_complex::Complex;
use realfft::RealToComplex;
use rustfft::{Fft, FftDirection};

use super::window::{Sampled, Window};
use crate::Error;
use crate::cwt::{Loudness, Sample, zeros};
use crate::pad::Padding;
use crate::real::Real;
use crate::scales;

/// Which frequencies a transform has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Sides {
    /// 0 up to half the sampling rate: all there is to know about a real signal.
    #[default]
    One,
    /// All, in the order of the FFT: 0 up, then the negative ones up to −1 bin.
    Two,
}

/// What a [`StftPlan`] computes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StftParams {
    /// Sampling rate, Hz.
    pub sampling_rate: f64,
    /// The window.
    pub window: Window,
    /// Length of the window, samples.
    pub window_length: usize,
    /// Length of the Fourier transforms, samples; at least the window's.
    pub fft_length: usize,
    /// Samples from one column to the next.
    pub hop: usize,
    /// What surrounds the signal. [`Padding::None`] is the same as [`Padding::Wrap`] here.
    pub padding: Padding,
    /// Which frequencies.
    pub sides: Sides,
}

impl Default for StftParams {
    /// Hann, 512 samples, every sample a column, reflected, one-sided, 1 Hz.
    fn default() -> Self {
        Self {
            sampling_rate: 1.0,
            window: Window::default(),
            window_length: 512,
            fft_length: 512,
            hop: 1,
            padding: Padding::default(),
            sides: Sides::default(),
        }
    }
}

/// All set-up for the short-time Fourier transforms of signals of one length. Shared between
/// threads and reused.
///
/// Columns lie at the samples 0, hop, 2·hop … up to the first at or after the last sample, so that
/// every sample lies between two of them.
///
/// ```
/// use songscape_ssq::{StftParams, StftPlan};
///
/// let params = StftParams { sampling_rate: 8000.0, hop: 128, ..Default::default() };
/// let plan = StftPlan::<f64>::new(&params, 8000)?;
/// let tone = songscape_ssq::signal::tone(8000, 8000.0, 1000.0);
/// let v = plan.transform(&tone)?;
/// assert_eq!(v.dim(), (257, 64));
/// assert_eq!(plan.frequencies()[64], 1000.0);
/// assert!((v[[64, 30]].norm() - 128.0).abs() < 1e-6); // half the sum of the window
///
/// let back = plan.inverse(v.view())?;
/// assert!(back.iter().zip(&tone).all(|(a, b)| (a - b).abs() < 1e-12));
/// # Ok::<(), songscape_ssq::Error>(())
/// ```
#[derive(Clone)]
pub struct StftPlan<T: Real> {
    pub(super) shared: Arc<Shared<T>>,
}

pub(super) struct Shared<T: Real> {
    pub params: StftParams,
    pub samples: usize,
    pub window: Vec<T>,
    pub slopes: Vec<T>,
    forward_real: Arc<dyn RealToComplex<T>>,
    forward: Arc<dyn Fft<T>>,
}

impl<T: Real> fmt::Debug for StftPlan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StftPlan")
            .field("params", &self.shared.params)
            .field("samples", &self.shared.samples)
            .finish_non_exhaustive()
    }
}

/// The buffers of one thread; see [`StftPlan::scratch`].
#[derive(Debug, Clone)]
pub struct StftScratch<T> {
    real: Vec<T>,
    complex: Vec<Complex<T>>,
    fft: Vec<Complex<T>>,
}

/// Values that a [`StftPlan`] takes: real or complex.
pub trait StftSample<T: Real>: Sample<T> {
    #[doc(hidden)]
    fn frame(
        plan: &StftPlan<T>,
        signal: &[Self],
        column: usize,
        window: &[T],
        scratch: &mut StftScratch<T>,
    );
}

impl<T: Real> StftSample<T> for T {
    fn frame(
        plan: &StftPlan<T>,
        signal: &[T],
        column: usize,
        window: &[T],
        scratch: &mut StftScratch<T>,
    ) {
        let shared = &plan.shared;
        scratch.real.fill(T::zero());
        let real = &mut scratch.real;
        shared.gather(signal, column, |place, n, x| real[place] = x * window[n]);
        let bins = shared.params.fft_length / 2 + 1;
        let (half, fft) = (&mut scratch.complex[..bins], &mut scratch.fft);
        // Fails for buffers of wrong lengths alone, and these come from the plan.
        let done = shared.forward_real.process_with_scratch(real, half, fft);
        debug_assert!(done.is_ok());
        // The negative frequencies of a real signal mirror the positive ones.
        for k in bins..shared.params.fft_length {
            scratch.complex[k] = scratch.complex[shared.params.fft_length - k].conj();
        }
    }
}

impl<T: Real> StftSample<T> for Complex<T> {
    fn frame(
        plan: &StftPlan<T>,
        signal: &[Self],
        column: usize,
        window: &[T],
        scratch: &mut StftScratch<T>,
    ) {
        let shared = &plan.shared;
        let buffer = &mut scratch.complex;
        buffer.fill(Self::new(T::zero(), T::zero()));
        shared.gather(signal, column, |place, n, x| buffer[place] = x * window[n]);
        shared.forward.process_with_scratch(buffer, &mut scratch.fft);
    }
}

impl<T: Real> Shared<T> {
    /// Gives `place` each sample under the window of a column: its position in the FFT's input
    /// (the window's middle at 0), its index in the window, its value.
    fn gather<V: Copy>(&self, signal: &[V], column: usize, mut place: impl FnMut(usize, usize, V)) {
        let StftParams { window_length, fft_length, hop, padding, .. } = self.params;
        let padding = if padding == Padding::None { Padding::Wrap } else { padding };
        let middle = window_length / 2;
        let first = (column * hop) as isize - middle as isize;
        for n in 0..window_length {
            if let Some(source) = padding.source(first + n as isize, signal.len()) {
                let at = if n >= middle { n - middle } else { fft_length - middle + n };
                place(at, n, signal[source]);
            }
        }
    }
}

/// Longest Fourier transform.
const LONGEST: usize = 1 << 24;
/// More coefficients than this are refused.
const MOST_CELLS: u64 = 1 << 40;

impl<T: Real> StftPlan<T> {
    /// Plans transforms of signals of `samples` samples.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the sampling rate is not positive, the hop is 0 or the window is
    /// longer than the Fourier transform; [`Error::TooShort`] and [`Error::TooLong`] for lengths
    /// of 0 and for what no memory could hold; whatever [`Window::samples`] refuses.
    pub fn new(params: &StftParams, samples: usize) -> Result<Self, Error> {
        let rate = params.sampling_rate;
        if !(rate.is_finite() && rate > 0.0) {
            let expected = "a positive number";
            return Err(Error::parameter("sampling_rate", rate, expected));
        }
        scales::check_samples(samples)?;
        // So that positions of columns do not overflow.
        if params.hop == 0 || params.hop as u64 > 1 << 31 {
            let (name, value) = ("hop", params.hop as f64);
            return Err(Error::parameter(name, value, "1 to 2^31"));
        }
        if params.fft_length > LONGEST {
            let (length, limit) = (params.fft_length as u64, LONGEST as u64);
            return Err(Error::TooLong {
                what: "the Fourier transform",
                length,
                unit: "samples",
                limit,
            });
        }
        if params.window_length > params.fft_length {
            let (name, value) = ("window_length", params.window_length as f64);
            return Err(Error::parameter(name, value, "at most fft_length"));
        }
        let Sampled { values, slopes } = params.window.sample(params.window_length)?;
        let narrow = |values: Vec<f64>| values.into_iter().map(T::of).collect();
        let shared = Shared {
            params: *params,
            samples,
            window: narrow(values),
            slopes: narrow(slopes),
            forward_real: T::plan_real_fft(params.fft_length),
            forward: T::plan_fft(params.fft_length, FftDirection::Forward),
        };
        let plan = Self { shared: Arc::new(shared) };
        let cells = (plan.rows() as u64).saturating_mul(plan.columns() as u64);
        if cells > MOST_CELLS {
            return Err(Error::TooLong {
                what: "the transform",
                length: cells,
                unit: "values",
                limit: MOST_CELLS,
            });
        }
        Ok(plan)
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &StftParams {
        &self.shared.params
    }

    /// Length of the signals.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.shared.samples
    }

    /// Number of rows: `fft_length / 2 + 1`, or `fft_length` where two-sided.
    #[must_use]
    pub fn rows(&self) -> usize {
        let length = self.shared.params.fft_length;
        if self.shared.params.sides == Sides::One { length / 2 + 1 } else { length }
    }

    /// Number of columns: ⌈(samples − 1) / hop⌉ + 1.
    #[must_use]
    pub fn columns(&self) -> usize {
        (self.shared.samples - 1).div_ceil(self.shared.params.hop) + 1
    }

    /// The frequency of each row, Hz.
    #[must_use]
    pub fn frequencies(&self) -> Vec<f64> {
        let length = self.shared.params.fft_length;
        let bin = self.shared.params.sampling_rate / length as f64;
        let signed = |k: usize| if k <= length / 2 { k as f64 } else { k as f64 - length as f64 };
        (0..self.rows()).map(|k| bin * signed(k)).collect()
    }

    /// The coefficients V of a real or complex signal, `[rows, columns]`.
    ///
    /// # Errors
    /// [`Error::Length`] for a signal of another length than the plan's, [`Error::NotFinite`] for
    /// NaN and infinities, [`Error::Overflow`] for signals whose coefficients do not fit into the
    /// precision, [`Error::Parameter`] for a complex signal where the plan is one-sided,
    /// [`Error::Memory`] where there is none for the result.
    pub fn transform<S: StftSample<T>>(&self, signal: &[S]) -> Result<Array2<Complex<T>>, Error> {
        let mut v = zeros(self.rows(), self.columns())?;
        self.transform_into(signal, v.view_mut())?;
        Ok(v)
    }

    /// Writes V into an array of the caller, `[rows, columns]`. Columns are shared out over the
    /// threads of the current rayon pool; the result does not depend on their number.
    ///
    /// # Errors
    /// As [`StftPlan::transform`]; [`Error::Length`] also for an array of another shape.
    pub fn transform_into<S: StftSample<T>>(
        &self,
        signal: &[S],
        v: ArrayViewMut2<'_, Complex<T>>,
    ) -> Result<(), Error> {
        self.check(signal)?;
        self.check_shape("the output", v.dim())?;
        self.for_columns(v, |column, scratch| {
            S::frame(self, signal, column, &self.shared.window, scratch);
        });
        Ok(())
    }

    /// One column of V into a slice of the caller, `rows` long, with the caller's scratch.
    ///
    /// # Errors
    /// As [`StftPlan::transform`]; [`Error::Length`] also for a slice of another length,
    /// [`Error::Parameter`] for a column beyond the last.
    pub fn column_into<S: StftSample<T>>(
        &self,
        signal: &[S],
        column: usize,
        out: &mut [Complex<T>],
        scratch: &mut StftScratch<T>,
    ) -> Result<(), Error> {
        self.check(signal)?;
        if out.len() != self.rows() {
            let (given, expected) = (out.len(), self.rows());
            return Err(Error::Length { what: "the output", given, expected });
        }
        if column >= self.columns() {
            let (name, value) = ("column", column as f64);
            return Err(Error::parameter(name, value, "a column of the transform"));
        }
        // It may be another plan's.
        scratch.resize(&self.shared);
        S::frame(self, signal, column, &self.shared.window, scratch);
        out.copy_from_slice(&scratch.complex[..out.len()]);
        Ok(())
    }

    /// Buffers for [`StftPlan::column_into`].
    #[must_use]
    pub fn scratch(&self) -> StftScratch<T> {
        let mut scratch = StftScratch { real: Vec::new(), complex: Vec::new(), fft: Vec::new() };
        scratch.resize(&self.shared);
        scratch
    }

    /// Fills the columns of an array with what `compute` leaves in its scratch.
    fn for_columns(
        &self,
        mut v: ArrayViewMut2<'_, Complex<T>>,
        compute: impl Fn(usize, &mut StftScratch<T>) + Sync,
    ) {
        /// Columns side by side, so that rows are written in runs.
        const COLUMNS: usize = 32;
        v.axis_chunks_iter_mut(Axis(1), COLUMNS).into_par_iter().enumerate().for_each_init(
            || self.scratch(),
            |scratch, (chunk, mut out)| {
                for (i, mut out) in out.axis_iter_mut(Axis(1)).enumerate() {
                    compute(chunk * COLUMNS + i, scratch);
                    out.iter_mut().zip(&scratch.complex).for_each(|(to, from)| *to = *from);
                }
            },
        );
    }

    /// Coefficients with the window and with its slope (per sample) in place of it.
    pub(super) fn column_and_slope<S: StftSample<T>>(
        &self,
        signal: &[S],
        column: usize,
        slope: &mut [Complex<T>],
        v: &mut [Complex<T>],
        scratch: &mut StftScratch<T>,
    ) {
        S::frame(self, signal, column, &self.shared.slopes, scratch);
        slope.copy_from_slice(&scratch.complex[..slope.len()]);
        S::frame(self, signal, column, &self.shared.window, scratch);
        v.copy_from_slice(&scratch.complex[..v.len()]);
    }

    pub(super) fn check<S: Sample<T>>(&self, signal: &[S]) -> Result<Loudness<T>, Error> {
        if S::SIDES == 2 && self.shared.params.sides == Sides::One {
            let found = "one".to_owned();
            return Err(Error::Parameter {
                field: "sides",
                found,
                expected: "two: one side is half of a complex signal",
            });
        }
        if signal.len() != self.shared.samples {
            let (given, expected) = (signal.len(), self.shared.samples);
            return Err(Error::Length { what: "the signal", given, expected });
        }
        let loudness = Loudness::of(signal)?;
        let limit = T::max_value().wide() / (2.0 * self.shared.params.fft_length.max(1) as f64);
        if loudness.largest.wide() > limit {
            return Err(Error::Overflow { largest: loudness.largest.wide(), limit });
        }
        Ok(loudness)
    }

    pub(super) fn check_shape(
        &self,
        what: &'static str,
        shape: (usize, usize),
    ) -> Result<(), Error> {
        crate::phase::check_same_shape(what, shape, (self.rows(), self.columns()))
    }
}

impl<T: Real> StftScratch<T> {
    fn resize(&mut self, shared: &Shared<T>) {
        let zero = Complex::new(T::zero(), T::zero());
        let length = shared.params.fft_length;
        self.real.resize(length, T::zero());
        self.complex.resize(length, zero);
        let fft =
            shared.forward_real.get_scratch_len().max(shared.forward.get_inplace_scratch_len());
        self.fft.resize(fft, zero);
    }
}
