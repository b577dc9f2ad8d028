//! The squeezed transform as a stream: samples in, columns out.

use ndarray::{Array2, ArrayView2, s};
use num_complex::Complex;

use super::{Bins, SsqParams, SsqPlan};
use crate::Error;
use crate::cwt::stream::{Window, Windows, check};
use crate::cwt::{CwtScratch, Sample, zeros};
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
    plan: SsqPlan<T>,
    windows: Windows,
    window: Window<S>,
    out: Array2<Complex<T>>,
    scratch: CwtScratch<T>,
}

impl<T: Real, S: Sample<T>> SsqStream<T, S> {
    /// A stream whose columns come out `latency` seconds after their time, at most.
    ///
    /// # Errors
    /// As [`SsqPlan::new`] and [`CwtStream::new`](crate::CwtStream::new).
    pub fn new(params: &SsqParams, latency: f64) -> Result<Self, Error> {
        let windows = Windows::new::<T>(&params.cwt, latency)?;
        let params = SsqParams { cwt: Windows::params(&params.cwt), ..params.clone() };
        let plan = SsqPlan::new(&params, windows.length())?;
        let out = zeros(S::SIDES * plan.bins().len(), windows.useful)?;
        let (window, scratch) = (Window::new(windows, S::zero()), plan.cwt().scratch());
        Ok(Self { plan, windows, window, out, scratch })
    }

    /// The frequency bins, one per row.
    #[must_use]
    pub fn bins(&self) -> &Bins {
        self.plan.bins()
    }

    /// Seconds from the time of a column until it comes out, at most.
    #[must_use]
    pub fn latency(&self) -> f64 {
        self.windows.latency(self.plan.cwt().params().sampling_rate)
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
        check(samples, self.window.received())?;
        let Self { plan, windows, window, out, scratch } = self;
        window.push(samples, |samples, columns| {
            compute(plan, *windows, samples, columns, out, scratch, emit)
        })
    }

    /// Ends the signal and emits the remaining columns: one for each sample in all.
    ///
    /// # Errors
    /// As [`CwtStream::push`](crate::CwtStream::push).
    pub fn finish(self, emit: &mut dyn FnMut(ArrayView2<'_, Complex<T>>)) -> Result<(), Error> {
        let Self { plan, windows, window, mut out, mut scratch } = self;
        window.finish(S::zero(), |samples, columns| {
            compute(&plan, windows, samples, columns, &mut out, &mut scratch, emit)
        })
    }
}

fn compute<T: Real, S: Sample<T>>(
    plan: &SsqPlan<T>,
    windows: Windows,
    samples: &[S],
    columns: usize,
    out: &mut Array2<Complex<T>>,
    scratch: &mut CwtScratch<T>,
    emit: &mut dyn FnMut(ArrayView2<'_, Complex<T>>),
) -> Result<(), Error> {
    let prepared = plan.cwt().prepare(samples)?;
    let useful = windows.guard..windows.guard + windows.useful;
    plan.columns_into(prepared, &useful, &mut out.view_mut(), scratch)?;
    emit(out.slice(s![.., ..columns]));
    Ok(())
}
