//! From signals to coefficients.

use std::ops::Range;

use ndarray::{Array2, ArrayView1, ArrayViewMut1, ArrayViewMut2, Axis, s};
use num_complex::Complex;
use rayon::prelude::*;

use super::evaluate;
use super::kernel::LANES;
use super::sample::{Loudness, Sample};
use super::{CwtPlan, CwtScratch, zeros};
use crate::Error;
use crate::real::Real;

/// A signal with its padding, scaled where its size asks for it.
pub(crate) struct Prepared<T, S> {
    pub signal: Vec<S>,
    pub loudness: Loudness<T>,
}

impl<T: Real, S: Sample<T>> Prepared<T, S> {
    /// Turns the signal's negative frequencies into positive ones.
    pub fn conjugate(&mut self) {
        self.signal.iter_mut().for_each(|x| *x = x.conjugate());
    }
}

/// The rows of the positive frequencies, and those of the negative ones if the signals have them:
/// in the order of the positive ones, the highest first.
pub(crate) fn halves<'a, T: Real, S: Sample<T>>(
    all: ArrayViewMut2<'a, Complex<T>>,
) -> (ArrayViewMut2<'a, Complex<T>>, Option<ArrayViewMut2<'a, Complex<T>>>) {
    let rows = all.nrows() / S::SIDES;
    let (positive, mut negative) = all.split_at(Axis(0), rows);
    negative.invert_axis(Axis(0));
    (positive, (S::SIDES == 2).then_some(negative))
}

/// Conjugates all values.
pub(crate) fn conjugate<T: Real>(view: &mut ArrayViewMut2<'_, Complex<T>>) {
    view.map_inplace(|z| *z = z.conj());
}

impl<T: Real> CwtPlan<T> {
    /// The coefficients W of a signal: `[rows, samples]` of a real one, `[2 · rows, samples]` of a
    /// complex one.
    ///
    /// Of a complex signal the first half are the rows of its positive frequencies, the second
    /// those of its negative ones, from −(the lowest) down to −(the highest frequency), so that
    /// frequencies fall from the first row to the last. A wavelet at −f is the conjugate of that
    /// at f. [`CwtPlan::inverse_complex`] is the way back.
    ///
    /// Rows whose wavelet does not fit the signal ([`CwtPlan::fits`]) are NaN.
    ///
    /// # Errors
    /// [`Error::Length`] for a signal of another length than the plan's, [`Error::NotFinite`] for
    /// NaN and infinities, [`Error::Overflow`] for signals so large that coefficients do not fit
    /// into the precision, [`Error::Memory`] where there is none for the result.
    pub fn transform<S: Sample<T>>(&self, signal: &[S]) -> Result<Array2<Complex<T>>, Error> {
        let mut w = self.empty::<S>()?;
        self.transform_into(signal, w.view_mut(), None)?;
        Ok(w)
    }

    /// W and its derivative ∂W/∂t (per second), both as [`CwtPlan::transform`] has them.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`].
    #[allow(clippy::type_complexity)]
    pub fn transform_with_derivative<S: Sample<T>>(
        &self,
        signal: &[S],
    ) -> Result<(Array2<Complex<T>>, Array2<Complex<T>>), Error> {
        let (mut w, mut derivative) = (self.empty::<S>()?, self.empty::<S>()?);
        self.transform_into(signal, w.view_mut(), Some(derivative.view_mut()))?;
        Ok((w, derivative))
    }

    /// Writes W, and its derivative where asked for, into arrays of the caller. Rows are shared out
    /// over the threads of the current rayon pool; the result does not depend on their number.
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
        let prepared = self.prepare(signal)?;
        let columns = 0..self.samples();
        self.columns_into(prepared, &columns, &mut w, derivative.as_mut(), scratch)
    }

    /// Some columns, from a multiple of [`LANES`] on, of both sides.
    pub(crate) fn columns_into<S: Sample<T>>(
        &self,
        mut prepared: Prepared<T, S>,
        columns: &Range<usize>,
        w: &mut ArrayViewMut2<'_, Complex<T>>,
        mut derivative: Option<&mut ArrayViewMut2<'_, Complex<T>>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error> {
        let expected = (S::SIDES * self.rows(), columns.len());
        check_shape(w.dim(), expected)?;
        if let Some(derivative) = &derivative {
            check_shape(derivative.dim(), expected)?;
        }
        {
            let (positive, negative) = halves::<T, S>(w.view_mut());
            let (d_positive, d_negative) = match &mut derivative {
                None => (None, None),
                Some(derivative) => {
                    let (positive, negative) = halves::<T, S>(derivative.view_mut());
                    (Some(positive), negative)
                }
            };
            self.one_side(&prepared.signal, columns, positive, d_positive, scratch);
            if let Some(mut negative) = negative {
                prepared.conjugate();
                let mut d_negative = d_negative;
                let d = d_negative.as_mut().map(|d| d.view_mut());
                self.one_side(&prepared.signal, columns, negative.view_mut(), d, scratch);
                conjugate(&mut negative);
                if let Some(d) = &mut d_negative {
                    conjugate(d);
                }
            }
        }
        prepared.loudness.restore(w.iter_mut())?;
        match derivative {
            Some(derivative) => prepared.loudness.restore(derivative.iter_mut()),
            None => Ok(()),
        }
    }

    /// The rows of the positive frequencies of a padded signal.
    fn one_side<S: Sample<T>>(
        &self,
        signal: &[S],
        columns: &Range<usize>,
        mut w: ArrayViewMut2<'_, Complex<T>>,
        mut derivative: Option<ArrayViewMut2<'_, Complex<T>>>,
        scratch: &mut CwtScratch<T>,
    ) {
        let mut derivatives = derivative.as_mut().map(|d| d.axis_iter_mut(Axis(0)));
        let rows = w.axis_iter_mut(Axis(0));
        let mut rows: Vec<_> =
            rows.map(|w| (w, derivatives.as_mut().and_then(Iterator::next))).collect();
        if let Some(whole) = self.whole() {
            let spectrum = whole.spectrum(signal);
            let slopes = rows.first().is_some_and(|(_, derivative)| derivative.is_some());
            let rows = rows.iter_mut().enumerate().filter(|(row, _)| whole.has(*row)).collect();
            whole.compute(&spectrum, rows, slopes, |(w, derivative), values, slopes| {
                w.assign(&ArrayView1::from(&values[columns.clone()]));
                if let Some(derivative) = derivative {
                    derivative.assign(&ArrayView1::from(&slopes[columns.clone()]));
                }
            });
        }
        scratch.begin();
        for segment in segments(columns) {
            self.fill(signal, &segment, scratch);
            let scratch = &*scratch;
            rows.par_iter_mut().enumerate().for_each(|(row, (w, derivative))| {
                let mut column = segment.start;
                while let Some((stretch, end)) = self.stretch(scratch, row, column, &segment) {
                    let here = column - columns.start..end - columns.start;
                    let mut w = w.slice_mut(s![here.clone()]);
                    match derivative {
                        None => with_slice(&mut w, |w| evaluate::values(&stretch, w)),
                        Some(derivative) => with_slice(&mut w, |w| {
                            let mut derivative = derivative.slice_mut(s![here]);
                            with_slice(&mut derivative, |derivative| {
                                evaluate::values_and_derivatives(&stretch, w, derivative);
                            });
                        }),
                    }
                    column = end;
                }
            });
        }
        for ((w, derivative), fits) in rows.iter_mut().zip(self.fits()) {
            if !fits {
                w.fill(not_a_number());
                if let Some(derivative) = derivative {
                    derivative.fill(not_a_number());
                }
            }
        }
    }

    /// Every `hop`-th column of W, from the first on: `[rows, ceil(samples / hop)]` (of a complex
    /// signal twice the rows), the same values as in the whole transform. Of the other columns only
    /// those next to them are computed.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`]; [`Error::Parameter`] for a hop of 0.
    pub fn transform_hop<S: Sample<T>>(
        &self,
        signal: &[S],
        hop: usize,
    ) -> Result<Array2<Complex<T>>, Error> {
        if hop == 0 {
            return Err(Error::parameter("hop", 0.0, "at least 1"));
        }
        let mut prepared = self.prepare(signal)?;
        let mut w = zeros(S::SIDES * self.rows(), self.samples().div_ceil(hop))?;
        let (positive, negative) = halves::<T, S>(w.view_mut());
        self.one_side_hop(&prepared.signal, hop, positive);
        if let Some(mut negative) = negative {
            prepared.conjugate();
            self.one_side_hop(&prepared.signal, hop, negative.view_mut());
            conjugate(&mut negative);
        }
        prepared.loudness.restore(w.iter_mut())?;
        Ok(w)
    }

    fn one_side_hop<S: Sample<T>>(
        &self,
        signal: &[S],
        hop: usize,
        mut w: ArrayViewMut2<'_, Complex<T>>,
    ) {
        let mut rows: Vec<_> = w.axis_iter_mut(Axis(0)).collect();
        if let Some(whole) = self.whole() {
            let spectrum = whole.spectrum(signal);
            let rows = rows.iter_mut().enumerate().filter(|(row, _)| whole.has(*row)).collect();
            whole.compute(&spectrum, rows, false, |w: &mut ArrayViewMut1<'_, _>, values, _| {
                w.iter_mut().zip(values.iter().step_by(hop)).for_each(|(to, from)| *to = *from);
            });
        }
        let mut scratch = self.scratch();
        for columns in segments(&(0..self.samples())) {
            self.fill(signal, &columns, &mut scratch);
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
        for (w, fits) in rows.iter_mut().zip(self.fits()) {
            if !fits {
                w.fill(not_a_number());
            }
        }
    }

    /// The signal with its padding.
    pub(crate) fn prepare<S: Sample<T>>(&self, signal: &[S]) -> Result<Prepared<T, S>, Error> {
        if signal.len() != self.samples() {
            let (given, expected) = (signal.len(), self.samples());
            return Err(Error::Length { what: "the signal", given, expected });
        }
        let loudness = Loudness::of(signal)?;
        let padded = self.padded();
        let mut out = vec![S::zero(); padded.length];
        self.params().padding.fill(signal, S::zero(), padded.before, &mut out);
        if loudness.gain != T::one() {
            out.iter_mut().for_each(|x| *x = x.scaled(loudness.gain));
        }
        Ok(Prepared { signal: out, loudness })
    }

    fn empty<S: Sample<T>>(&self) -> Result<Array2<Complex<T>>, Error> {
        zeros(S::SIDES * self.rows(), self.samples())
    }
}

/// What rows hold whose wavelets do not fit the signal.
fn not_a_number<T: Real>() -> Complex<T> {
    Complex::new(T::nan(), T::nan())
}

/// The columns, in the parts that are computed one after the other.
pub(crate) fn segments(columns: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let (start, end) = (columns.start, columns.end);
    (start..end).step_by(super::SEGMENT).map(move |from| from..(from + super::SEGMENT).min(end))
}

pub(crate) fn check_shape(given: (usize, usize), expected: (usize, usize)) -> Result<(), Error> {
    let pairs = [
        ("the output's first axis", given.0, expected.0),
        ("the output's second axis", given.1, expected.1),
    ];
    for (what, given, expected) in pairs {
        if given != expected {
            return Err(Error::Length { what, given, expected });
        }
    }
    Ok(())
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
