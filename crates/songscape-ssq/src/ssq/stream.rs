//! The squeezed transform as a stream: samples in, columns out.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};
use num_complex::Complex;

use super::{Bins, SsqParams, SsqPlan};
use crate::Error;
use crate::cwt::stream::{Stream, Windowed, Windows};
use crate::cwt::{CwtPlan, CwtScratch, Sample};
use crate::real::Real;

/// A squeezed transform of a signal of any length, as it comes in. All that is said of
/// [`CwtStream`](crate::CwtStream) holds; where the threshold is relative to the signal, it is
/// relative to the part of it that a block sees.
///
/// ```
/// use songscape_ssq::{CwtParams, ScaleSpec, SsqParams, SsqStream, signal};
///
/// let scales = ScaleSpec::Range { low: 100.0, high: 3000.0, rows: 80 };
/// let cwt = CwtParams { sampling_rate: 8000.0, scales, ..Default::default() };
/// let mut stream = SsqStream::<f64>::new(&SsqParams { cwt, ..Default::default() }, 0.4)?;
/// let frequencies = stream.bins().frequencies();
/// let mut heard = vec![];
/// stream.push(&signal::tone(8000, 8000.0, 440.0), &mut |t| {
///     let column = t.column(0);
///     let row = (0..80).max_by(|a, b| column[*a].norm().total_cmp(&column[*b].norm()));
///     heard.push(frequencies[row.unwrap()]);
/// })?;
/// assert!((heard[1] / 440.0 - 1.0).abs() < 0.03);
/// # Ok::<(), songscape_ssq::Error>(())
/// ```
#[derive(Debug)]
pub struct SsqStream<T: Real, S: Sample<T> = T> {
    stream: Stream<SsqPlan<T>, T, S>,
}

impl<T: Real, S: Sample<T>> SsqStream<T, S> {
    /// A stream whose columns come out `latency` seconds after their time, at most.
    ///
    /// # Errors
    /// As [`SsqPlan::new`] and [`CwtStream::new`](crate::CwtStream::new).
    pub fn new(params: &SsqParams, latency: f64) -> Result<Self, Error> {
        let windows = Windows::new::<T>(&params.cwt, latency)?;
        let params = SsqParams { cwt: Windows::params(&params.cwt), ..params.clone() };
        Ok(Self { stream: Stream::new(SsqPlan::new(&params, windows.length())?, windows)? })
    }

    /// The frequency bins, one per row.
    #[must_use]
    pub fn bins(&self) -> &Bins {
        self.stream.plan.bins()
    }

    /// Seconds from the time of a column until it comes out, at most.
    #[must_use]
    pub fn latency(&self) -> f64 {
        self.stream.latency()
    }

    /// Takes the next samples, and calls `emit` with the next columns as they are finished,
    /// `[bins, columns]` (of a complex signal twice the bins, as in [`SsqPlan::transform`]).
    ///
    /// # Errors
    /// As [`CwtStream::push`](crate::CwtStream::push).
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
    /// As [`CwtStream::push`](crate::CwtStream::push).
    pub fn finish(self, emit: &mut dyn FnMut(ArrayView2<'_, Complex<T>>)) -> Result<(), Error> {
        self.stream.finish(emit)
    }
}

impl<T: Real> Windowed<T> for SsqPlan<T> {
    fn cwt(&self) -> &CwtPlan<T> {
        self.cwt()
    }

    fn rows(&self) -> usize {
        self.bins().len()
    }

    fn columns<S: Sample<T>>(
        &self,
        samples: &[S],
        useful: &Range<usize>,
        out: &mut ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error> {
        self.columns_into(self.cwt().prepare(samples)?, useful, out, scratch)
    }
}
