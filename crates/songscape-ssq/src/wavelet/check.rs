//! Wavelets of a caller, looked at before they are used.

use super::Wavelet;
use crate::Error;

/// Largest share of the peak that may be left at w = 0, where an admissible wavelet has none.
const MOST_AT_ZERO: f64 = 1e-6;
/// Octaves below and above the peak that are looked at.
const OCTAVES: (i32, i32) = (20, 10);
/// Points in an octave.
const POINTS: i32 = 64;
/// How much higher than at the stated peak the spectrum may be somewhere else: the error of a
/// peak that was searched for.
const TOLERANCE: f64 = 1e-6;

/// Refuses wavelets whose spectrum is zero, not finite, not zero at w = 0, or largest elsewhere
/// than at the peak that they state.
///
/// # Errors
/// [`Error::Wavelet`] with the value.
pub fn check(wavelet: &dyn Wavelet) -> Result<(), Error> {
    let wrong = |property, found, expected| Err(Error::Wavelet { property, found, expected });
    let peak = wavelet.peak();
    if !(peak.is_finite() && peak > 0.0) {
        return wrong("peak", peak, "a positive number");
    }
    let height = wavelet.spectrum(peak).abs();
    if !(height.is_finite() && height > 0.0) {
        return wrong("spectrum at its peak", height, "a finite number other than 0");
    }
    let at_zero = wavelet.spectrum(0.0);
    if at_zero.is_nan() || at_zero.abs() > MOST_AT_ZERO * height {
        return wrong("spectrum at 0", at_zero, "0 (at most a millionth of its peak)");
    }
    for i in -OCTAVES.0 * POINTS..=OCTAVES.1 * POINTS {
        let w = peak * (f64::from(i) / f64::from(POINTS)).exp2();
        let value = wavelet.spectrum(w);
        if !value.is_finite() {
            return wrong("spectrum", value, "finite numbers");
        }
        if value.abs() > (1.0 + TOLERANCE) * height {
            return wrong("peak", peak, "the w where its spectrum is largest");
        }
    }
    Ok(())
}
