//! The wavelet transform as a stream: samples in, columns out.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};
use num_complex::Complex;

use super::{CwtParams, CwtPlan, CwtScratch, Sample, zeros};
use crate::Error;
use crate::pad::Padding;
use crate::real::Real;
use crate::scales::ScaleSpec;
use crate::wavelet;

/// Positions of columns in a window are multiples of this: a tile of squeezing.
const UNIT: usize = 256;
/// Longest window, samples.
const LONGEST: u64 = 1 << 24;

/// The windows that a stream is computed in, one after the other: `guard` samples, `useful`
/// columns, `guard` samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    pub guard: usize,
    pub useful: usize,
}

impl Windows {
    /// Windows for the scales of these parameters, whose columns are known `latency` seconds after
    /// their time.
    pub fn new<T: Real>(params: &CwtParams, latency: f64) -> Result<Self, Error> {
        if !(latency.is_finite() && latency > 0.0) {
            return Err(Error::parameter("latency", latency, "a positive number"));
        }
        if matches!(params.scales, ScaleSpec::Spaced { .. }) {
            let found = "spaced".to_owned();
            let expected =
                "a range in Hz or explicit scales: a stream has no length to take bounds from";
            return Err(Error::Parameter { field: "scales", found, expected });
        }
        // The scales, and whatever is wrong with the other parameters.
        let probe = CwtPlan::<T>::new(params, 1)?;
        let wavelet = params.wavelet.as_ref();
        let support = wavelet::support(wavelet, T::BAND_CUT);
        let reach = wavelet::time_reach(wavelet, support, T::TIME_CUT).unwrap_or(f64::INFINITY);
        let longest = probe.scales().values().last().copied().unwrap_or(1.0);
        let whole = (reach * longest).ceil();
        let samples = latency * params.sampling_rate;
        if 2.0 * whole.min(samples) + samples > LONGEST as f64 {
            let (what, unit, limit) = ("the window of a stream", "samples", LONGEST);
            let length = (2.0 * whole.min(samples) + samples) as u64;
            return Err(Error::TooLong { what, length, unit, limit });
        }
        // In all at least one unit of guard and one that is useful. Where there is no time for the
        // whole reach, three quarters of it are guard.
        let all = ((samples / UNIT as f64) as usize).max(2);
        let most = (3 * all / 4).clamp(1, all - 1);
        let guard = ((whole / UNIT as f64).ceil() as usize).clamp(1, most);
        Ok(Self { guard: guard * UNIT, useful: (all - guard) * UNIT })
    }

    /// Samples of a window.
    pub fn length(self) -> usize {
        self.useful + 2 * self.guard
    }

    /// The useful columns of a window.
    fn range(self) -> Range<usize> {
        self.guard..self.guard + self.useful
    }

    /// Seconds from a column's time until its window is known, at most.
    pub fn latency(self, sampling_rate: f64) -> f64 {
        (self.useful + self.guard) as f64 / sampling_rate
    }

    /// The parameters of the transform of a window.
    pub fn params(params: &CwtParams) -> CwtParams {
        CwtParams { padding: Padding::None, ..params.clone() }
    }
}

/// The samples of a stream, window by window.
#[derive(Debug, Clone)]
struct Window<S> {
    windows: Windows,
    samples: Vec<S>,
    received: u64,
    emitted: u64,
}

impl<S: Copy> Window<S> {
    pub fn new(windows: Windows, zero: S) -> Self {
        Self { windows, samples: vec![zero; windows.guard], received: 0, emitted: 0 }
    }

    /// Takes samples, and calls `each` with every window that is complete and how many of its
    /// columns count.
    pub fn push(
        &mut self,
        mut samples: &[S],
        mut each: impl FnMut(&[S], usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let length = self.windows.length();
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(length - self.samples.len()));
            self.samples.extend_from_slice(now);
            self.received += now.len() as u64;
            samples = later;
            if self.samples.len() == length {
                each(&self.samples, self.windows.useful)?;
                self.emitted += self.windows.useful as u64;
                self.samples.drain(..self.windows.useful);
            }
        }
        Ok(())
    }

    /// The last windows, with nothing after the signal.
    pub fn finish(
        mut self,
        zero: S,
        mut each: impl FnMut(&[S], usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while self.emitted < self.received {
            self.samples.resize(self.windows.length(), zero);
            let left = (self.received - self.emitted).min(self.windows.useful as u64);
            each(&self.samples, left as usize)?;
            self.emitted += left;
            self.samples.drain(..self.windows.useful);
        }
        Ok(())
    }
}

/// A transform of a stream's windows.
pub(crate) trait Windowed<T: Real> {
    /// The wavelet transform that it begins with.
    fn cwt(&self) -> &CwtPlan<T>;

    /// Rows of the result, of one side of a complex signal.
    fn rows(&self) -> usize;

    /// The `useful` columns of the window `samples`.
    fn columns<S: Sample<T>>(
        &self,
        samples: &[S],
        useful: &Range<usize>,
        out: &mut ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error>;
}

/// A transform of a signal of any length, window by window.
#[derive(Debug)]
pub(crate) struct Stream<P, T: Real, S> {
    pub plan: P,
    windows: Windows,
    window: Window<S>,
    out: Array2<Complex<T>>,
    scratch: CwtScratch<T>,
}

impl<P: Windowed<T>, T: Real, S: Sample<T>> Stream<P, T, S> {
    /// A stream over windows that `plan` transforms.
    pub fn new(plan: P, windows: Windows) -> Result<Self, Error> {
        let out = zeros(S::SIDES * plan.rows(), windows.useful)?;
        let (window, scratch) = (Window::new(windows, S::zero()), plan.cwt().scratch());
        Ok(Self { plan, windows, window, out, scratch })
    }

    /// Seconds from the time of a column until it comes out, at most.
    pub fn latency(&self) -> f64 {
        self.windows.latency(self.plan.cwt().params().sampling_rate)
    }

    pub fn push(
        &mut self,
        samples: &[S],
        emit: &mut dyn FnMut(ArrayView2<'_, Complex<T>>),
    ) -> Result<(), Error> {
        check(samples, self.window.received)?;
        let Self { plan, windows, window, out, scratch } = self;
        window.push(samples, |samples, columns| {
            plan.columns(samples, &windows.range(), &mut out.view_mut(), scratch)?;
            emit(out.slice(s![.., ..columns]));
            Ok(())
        })
    }

    pub fn finish(self, emit: &mut dyn FnMut(ArrayView2<'_, Complex<T>>)) -> Result<(), Error> {
        let Self { plan, windows, window, mut out, mut scratch } = self;
        window.finish(S::zero(), |samples, columns| {
            plan.columns(samples, &windows.range(), &mut out.view_mut(), &mut scratch)?;
            emit(out.slice(s![.., ..columns]));
            Ok(())
        })
    }
}

/// Refuses samples that are not finite; `received` came before them.
fn check<T: Real, S: Sample<T>>(samples: &[S], received: u64) -> Result<(), Error> {
    match super::Loudness::of(samples) {
        Err(Error::NotFinite { index, value }) => {
            Err(Error::NotFinite { index: received + index, value })
        }
        Err(other) => Err(other),
        Ok(_) => Ok(()),
    }
}

impl<T: Real> Windowed<T> for CwtPlan<T> {
    fn cwt(&self) -> &CwtPlan<T> {
        self
    }

    fn rows(&self) -> usize {
        self.rows()
    }

    fn columns<S: Sample<T>>(
        &self,
        samples: &[S],
        useful: &Range<usize>,
        out: &mut ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error> {
        self.columns_into(self.prepare(samples)?, useful, out, None, scratch)
    }
}

/// A wavelet transform of a signal of any length, as it comes in.
///
/// The values are those of [`CwtPlan`] with [`Padding::Zero`], to the precision's own errors, as long
/// as the latency leaves time for the longest wavelet; otherwise its rows see only as much of the
/// signal as there is time for. Wavelets that reach half the sampling rate are cut off there, and
/// so die away slowly: their rows differ by 1e-4 or so of the largest coefficient. The values do not
/// depend on how the signal is cut into pushes.
///
/// ```
/// use songscape_ssq::{CwtParams, CwtStream, ScaleSpec};
///
/// let scales = ScaleSpec::Range { low: 100.0, high: 3000.0, rows: 40 };
/// let params = CwtParams { sampling_rate: 8000.0, scales, ..Default::default() };
/// let mut stream = CwtStream::<f32>::new(&params, 0.5)?;
/// assert!(stream.latency() <= 0.5);
/// let mut columns = 0;
/// for block in vec![0.1f32; 10_000].chunks(512) {
///     stream.push(block, &mut |w| columns += w.ncols())?;
/// }
/// stream.finish(&mut |w| columns += w.ncols())?;
/// assert_eq!(columns, 10_000);
/// # Ok::<(), songscape_ssq::Error>(())
/// ```
#[derive(Debug)]
pub struct CwtStream<T: Real, S: Sample<T> = T> {
    stream: Stream<CwtPlan<T>, T, S>,
}

impl<T: Real, S: Sample<T>> CwtStream<T, S> {
    /// A stream whose columns come out `latency` seconds after their time, at most. The padding of
    /// the parameters is not used: there is silence before and after the signal.
    ///
    /// # Errors
    /// As [`CwtPlan::new`]; [`Error::Parameter`] for scales that follow from the length of a signal
    /// and for a latency that is not positive; [`Error::TooLong`] for one of minutes.
    pub fn new(params: &CwtParams, latency: f64) -> Result<Self, Error> {
        let windows = Windows::new::<T>(params, latency)?;
        let plan = CwtPlan::new(&Windows::params(params), windows.length())?;
        Ok(Self { stream: Stream::new(plan, windows)? })
    }

    /// Frequencies of the rows, Hz, descending.
    #[must_use]
    pub fn frequencies(&self) -> Vec<f64> {
        self.stream.plan.frequencies()
    }

    /// Seconds from the time of a column until it comes out, at most. Below the latency that was
    /// asked for by less than a block, except that it is at least two blocks of 256 samples.
    #[must_use]
    pub fn latency(&self) -> f64 {
        self.stream.latency()
    }

    /// Takes the next samples, and calls `emit` with the next columns as they are finished,
    /// `[rows, columns]` (of a complex signal twice the rows, as in [`CwtPlan::transform`]).
    ///
    /// # Errors
    /// [`Error::NotFinite`] with the index of the first sample that is NaN or infinite, nothing of
    /// `samples` is taken then; [`Error::Overflow`] where coefficients do not fit into the precision.
    pub fn push(
        &mut self,
        samples: &[S],
        emit: &mut dyn FnMut(ArrayView2<'_, Complex<T>>),
    ) -> Result<(), Error> {
        self.stream.push(samples, emit)
    }

    /// Ends the signal and emits the remaining columns: one for each sample in all.
    ///
    /// # Errors
    /// As [`CwtStream::push`].
    pub fn finish(self, emit: &mut dyn FnMut(ArrayView2<'_, Complex<T>>)) -> Result<(), Error> {
        self.stream.finish(emit)
    }
}
