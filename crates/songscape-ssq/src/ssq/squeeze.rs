//! Squeezing: the sum of the coefficients that fall into a bin.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use num_complex::Complex;
use rustfft::num_traits::Zero;

use super::Bins;
use crate::Error;
use crate::phase::check_same_shape;
use crate::real::Real;

/// What is summed over the coefficients of a bin.
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Weights {
    /// W·Δ ln(scale): the squeezed transform, which can be inverted.
    #[default]
    Sum,
    /// |W|·Δ ln(scale): no cancellation.
    Absolute,
    /// Δ ln(scale): how much of the scale axis falls into the bin, whatever the amplitudes.
    Lebesgue,
    /// The user's function of W, times Δ ln(scale). (Weights by scale are the `log_steps` of
    /// [`squeeze`].)
    #[cfg_attr(feature = "serde", serde(skip))]
    Function(fn(Complex<f64>) -> Complex<f64>),
}

impl PartialEq for Weights {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Function(a), Self::Function(b)) => std::ptr::fn_addr_eq(*a, *b),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Weights {
    /// What a coefficient adds to its bin; nothing where it is 0. Coefficients are `gain` times what
    /// they are, which sums and moduli are then, too.
    #[inline]
    pub(super) fn of<T: Real>(self, w: Complex<T>, step: T, gain: T) -> Complex<T> {
        match self {
            Self::Sum => w * step,
            Self::Absolute => Complex::new(w.norm() * step, T::zero()),
            Self::Lebesgue if w.is_zero() => w,
            Self::Lebesgue => Complex::new(step, T::zero()),
            Self::Function(f) => {
                let value = f(Complex::new(w.re.wide(), w.im.wide()) / gain.wide());
                Complex::new(T::of(value.re), T::of(value.im)) * step
            }
        }
    }
}

/// Columns that one thread squeezes at a time.
const COLUMNS: usize = 512;

/// Squeezes coefficients `w`, `[rows, samples]`, by their frequencies `omega` (Hz; those that are
/// infinite or outside the bins are left out) into bins: `[bins, samples]`, row 0 the highest frequency.
///
/// T(b, t) = Σ over the scales s with ω(s, t) in bin b of W(s, t)·Δ ln s (Daubechies, Lu, Wu 2011,
/// eq. 5 with the measure ds/s of L1-normalised wavelets); `log_steps` are the Δ ln s, as
/// [`Scales::log_steps`](crate::Scales::log_steps) gives them.
///
/// # Errors
/// [`Error::Length`] unless the shapes agree.
pub fn squeeze<T: Real>(
    w: ArrayView2<'_, Complex<T>>,
    omega: ArrayView2<'_, T>,
    log_steps: &[f64],
    bins: &Bins,
    weights: Weights,
) -> Result<Array2<Complex<T>>, Error> {
    check_same_shape("the frequencies", omega.dim(), w.dim())?;
    check_steps(log_steps, w.nrows())?;
    let zero = Complex::new(T::zero(), T::zero());
    let mut out = Array2::from_elem((bins.len(), w.ncols()), zero);
    squeeze_into(out.view_mut(), w, omega, log_steps, bins, (weights, T::one()));
    Ok(out)
}

/// Adds the squeezed coefficients of the rows that `log_steps` has steps for.
pub(super) fn squeeze_into<T: Real>(
    mut out: ArrayViewMut2<'_, Complex<T>>,
    w: ArrayView2<'_, Complex<T>>,
    omega: ArrayView2<'_, T>,
    log_steps: &[f64],
    bins: &Bins,
    (weights, gain): (Weights, T),
) {
    out.axis_chunks_iter_mut(Axis(1), COLUMNS)
        .into_par_iter()
        .zip(w.axis_chunks_iter(Axis(1), COLUMNS))
        .zip(omega.axis_chunks_iter(Axis(1), COLUMNS))
        .for_each(|((mut out, w), omega)| {
            for (row, step) in log_steps.iter().enumerate() {
                let step = T::of(*step);
                for (column, (w, omega)) in w.row(row).iter().zip(omega.row(row)).enumerate() {
                    let row = if omega.is_finite() { bins.row(*omega) } else { None };
                    if let Some(row) = row {
                        let cell = &mut out[[row, column]];
                        *cell = *cell + weights.of(*w, step, gain);
                    }
                }
            }
        });
}

pub(super) fn check_steps(log_steps: &[f64], rows: usize) -> Result<(), Error> {
    if log_steps.len() == rows {
        Ok(())
    } else {
        let (given, expected) = (log_steps.len(), rows);
        Err(Error::Length { what: "the list of scale steps", given, expected })
    }
}
