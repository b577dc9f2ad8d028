//! The wavelets of a plan, sampled on the bins of its spectrum, each over its own band.

use num_complex::Complex;

use crate::real::Real;

/// One wavelet's spectrum on the bins `first .. first + values.len()`, zero elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Filter<T> {
    pub first: usize,
    pub values: Vec<T>,
}

impl<T: Real> Filter<T> {
    /// The spectrum of a signal times that of the wavelet.
    pub fn apply(&self, spectrum: &[Complex<T>], out: &mut [Complex<T>]) {
        let zero = Complex::new(T::zero(), T::zero());
        let end = self.first + self.values.len();
        out[..self.first].fill(zero);
        out[end..].fill(zero);
        let band = out[self.first..end].iter_mut().zip(&spectrum[self.first..end]);
        for ((out, x), psi) in band.zip(&self.values) {
            *out = x * psi;
        }
    }
}

/// What the sampled spectra are multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Norm {
    /// Nothing: amplitudes. A sine has the same modulus at every frequency.
    #[default]
    L1,
    /// The square root of the scale: energies.
    L2,
}

/// Samples ψ̂(s·2πk/M) of a spectrum with this support, divided by `length` = M (which the inverse FFT
/// leaves out).
///
/// The Nyquist bin belongs to positive and negative frequencies alike, so half of it is taken.
pub(crate) fn filter<T: Real>(
    psi: &dyn Fn(f64) -> f64,
    (low, high): (f64, f64),
    scale: f64,
    norm: Norm,
    length: usize,
) -> Filter<T> {
    let bin = std::f64::consts::TAU / length as f64;
    let nyquist = length / 2;
    let first = ((low / (scale * bin)).floor() as usize).min(nyquist);
    let last = ((high / (scale * bin)).ceil() as usize).min(nyquist);
    let gain = if norm == Norm::L2 { scale.sqrt() } else { 1.0 } / length as f64;
    let value = |k: usize| {
        let half = if 2 * k == length { 0.5 } else { 1.0 };
        T::of(half * gain * psi(scale * (k as f64 * bin)))
    };
    Filter { first, values: (first..=last).map(value).collect() }
}
