//! The phase transform: the instantaneous frequency of every coefficient.

use ndarray::{Array2, ArrayView2, Zip};
use num_complex::Complex;

use crate::Error;
use crate::real::Real;

/// Coefficients up to this share of the signal's largest value have no frequency, since rounding
/// makes coefficients of that size: 10 times the machine's epsilon.
#[must_use]
pub fn default_threshold<T: Real>() -> T {
    T::of(10.0) * T::epsilon()
}

/// The instantaneous frequency ω = |Im(∂W·W*)|/(2π|W|²), Hz, of one coefficient (Daubechies, Lu,
/// Wu 2011, eq. 2); infinite where |W| <= `threshold`.
pub(crate) fn frequency<T: Real>(w: Complex<T>, derivative: Complex<T>, threshold: T) -> T {
    // Over the larger part, so that no square overflows or vanishes.
    let size = w.re.abs().max(w.im.abs());
    let (re, im) = (w.re / size, w.im / size);
    let square = re * re + im * im;
    if size * square.sqrt() > threshold {
        let turn = derivative.im / size * re - derivative.re / size * im;
        (turn / (square * T::of(std::f64::consts::TAU))).abs()
    } else {
        T::infinity()
    }
}

/// The instantaneous frequencies, Hz, `[rows, samples]`, of coefficients `w` and their derivatives
/// per second; infinite where |W| <= `threshold` (by default [`default_threshold`] times the
/// largest |W|) and where W is not a number.
///
/// # Errors
/// [`Error::Length`] unless both have one shape.
pub fn phase_transform<T: Real>(
    w: ArrayView2<'_, Complex<T>>,
    derivative: ArrayView2<'_, Complex<T>>,
    threshold: Option<T>,
) -> Result<Array2<T>, Error> {
    check_same_shape("the derivative", derivative.dim(), w.dim())?;
    let largest = || w.iter().fold(T::zero(), |most, w| most.max(w.re.abs()).max(w.im.abs()));
    let threshold = threshold.unwrap_or_else(|| default_threshold::<T>() * largest());
    Ok(Zip::from(w).and(derivative).par_map_collect(|w, d| frequency(*w, *d, threshold)))
}

pub(crate) fn check_same_shape(
    what: &'static str,
    given: (usize, usize),
    expected: (usize, usize),
) -> Result<(), Error> {
    if given.0 != expected.0 {
        return Err(Error::Length { what, given: given.0, expected: expected.0 });
    }
    if given.1 != expected.1 {
        return Err(Error::Length { what, given: given.1, expected: expected.1 });
    }
    Ok(())
}
