//! The wavelets of a plan, sampled on the bins of its spectrum, each over its own band.

use rayon::prelude::*;

use crate::Scales;
use crate::real::Real;
use crate::wavelet::{self, Wavelet};

/// One wavelet's spectrum on the bins `first .. first + values.len()`, zero elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Filter<T> {
    pub first: usize,
    pub values: Vec<T>,
}

/// What the sampled spectra are multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Norm {
    /// Nothing: amplitudes. A sine has the same modulus at every frequency.
    #[default]
    L1,
    /// The square root of the scale: energies.
    L2,
}

/// Samples ψ̂(s·2πk/M) for every scale, divided by `length` = M (which the inverse FFT leaves out).
///
/// The Nyquist bin belongs to positive and negative frequencies alike, so half of it is taken.
pub(crate) fn filters<T: Real>(
    wavelet: &dyn Wavelet,
    scales: &Scales,
    norm: Norm,
    length: usize,
) -> Vec<Filter<T>> {
    let (low, high) = wavelet::support(wavelet, T::SPECTRUM_CUT);
    let bin = std::f64::consts::TAU / length as f64;
    let nyquist = length / 2;
    scales
        .values()
        .par_iter()
        .map(|&scale| {
            let first = ((low / (scale * bin)).floor() as usize).min(nyquist);
            let last = ((high / (scale * bin)).ceil() as usize).min(nyquist);
            let gain = if norm == Norm::L2 { scale.sqrt() } else { 1.0 } / length as f64;
            let value = |k: usize| {
                let half = if 2 * k == length { 0.5 } else { 1.0 };
                T::of(half * gain * wavelet.spectrum(scale * (k as f64 * bin)))
            };
            Filter { first, values: (first..=last).map(value).collect() }
        })
        .collect()
}
