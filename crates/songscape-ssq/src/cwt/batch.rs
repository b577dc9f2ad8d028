//! Channels and collections of signals through one plan.

use ndarray::{Array2, Array3, ArrayView2, Axis};
use num_complex::Complex;
use rayon::prelude::*;

use super::{CwtPlan, Sample};
use crate::Error;
use crate::real::Real;
use crate::ssq::SsqPlan;

/// Runs `into` for each channel, side by side.
pub(crate) fn channels<T: Real, S: Sample<T>>(
    signals: ArrayView2<'_, S>,
    shape: (usize, usize),
    into: impl Fn(&[S], ndarray::ArrayViewMut2<'_, Complex<T>>) -> Result<(), Error> + Sync,
) -> Result<Array3<Complex<T>>, Error> {
    let (count, rows, columns) = (signals.nrows(), shape.0, shape.1);
    let missing =
        || Error::Memory { what: "transforms", rows: count.saturating_mul(rows), columns };
    let length =
        count.checked_mul(rows).and_then(|n| n.checked_mul(columns)).ok_or_else(missing)?;
    let values = bytemuck::try_zeroed_vec(length).map_err(|()| missing())?;
    let mut all = Array3::from_shape_vec((count, rows, columns), values).map_err(|_| missing())?;
    let tasks: Vec<_> = signals.axis_iter(Axis(0)).zip(all.axis_iter_mut(Axis(0))).collect();
    tasks.into_par_iter().try_for_each(|(signal, out)| match signal.as_slice() {
        Some(signal) => into(signal, out),
        None => into(&signal.to_vec(), out),
    })?;
    Ok(all)
}

/// Runs `work` on each signal with its place in the sequence, on all cores.
fn each<'a, S: Sync + 'a>(
    signals: impl IntoIterator<Item = &'a [S], IntoIter: Send>,
    work: impl Fn(usize, &[S]) + Sync,
) {
    signals.into_iter().enumerate().par_bridge().for_each(|(i, signal)| work(i, signal));
}

impl<T: Real> CwtPlan<T> {
    /// The coefficients of several signals or channels, `[channels, samples]` to
    /// `[channels, rows, samples]`, on all cores: the same bits as [`CwtPlan::transform`] of each.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`], for the first channel that is wrong.
    pub fn transform_channels<S: Sample<T>>(
        &self,
        signals: ArrayView2<'_, S>,
    ) -> Result<Array3<Complex<T>>, Error> {
        let shape = (S::SIDES * self.rows(), self.samples());
        channels(signals, shape, |signal, out| self.transform_into(signal, out, None))
    }

    /// Transforms any number of signals, on all cores: `done` gets the place of a signal in the
    /// sequence and its coefficients, in any order, from any thread. As many results exist at a
    /// time as there are threads.
    pub fn transform_each<'a, S: Sample<T> + 'a>(
        &self,
        signals: impl IntoIterator<Item = &'a [S], IntoIter: Send>,
        done: impl Fn(usize, Result<Array2<Complex<T>>, Error>) + Sync,
    ) {
        each(signals, |i, signal| done(i, self.transform(signal)));
    }
}

impl<T: Real> SsqPlan<T> {
    /// The squeezed transforms of several signals or channels, `[channels, samples]` to
    /// `[channels, bins, samples]`, on all cores: the same bits as [`SsqPlan::transform`] of each.
    ///
    /// # Errors
    /// As [`SsqPlan::transform`], for the first channel that is wrong.
    pub fn transform_channels<S: Sample<T>>(
        &self,
        signals: ArrayView2<'_, S>,
    ) -> Result<Array3<Complex<T>>, Error> {
        let shape = (S::SIDES * self.bins().len(), self.cwt().samples());
        channels(signals, shape, |signal, out| {
            self.transform_with_scratch(signal, out, &mut self.cwt().scratch())
        })
    }

    /// Squeezes any number of signals, on all cores, as [`CwtPlan::transform_each`] does.
    pub fn transform_each<'a, S: Sample<T> + 'a>(
        &self,
        signals: impl IntoIterator<Item = &'a [S], IntoIter: Send>,
        done: impl Fn(usize, Result<Array2<Complex<T>>, Error>) + Sync,
    ) {
        each(signals, |i, signal| done(i, self.transform(signal)));
    }
}
