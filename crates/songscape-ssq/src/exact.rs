//! The inverse that undoes the transform, instead of an integral that the scales only approximate.

use ndarray::ArrayView2;
use num_complex::Complex;
use rustfft::FftDirection;

use crate::cwt::CwtPlan;
use crate::pad::Padding;
use crate::real::Real;
use crate::wavelet;
use crate::{Error, inverse};

/// Corrections that are made at most.
const MOST_ROUNDS: usize = 60;
/// Share of the largest response below which a frequency counts as not seen.
const LEAST_BOUND: f64 = 1e-6;

impl<T: Real> CwtPlan<T> {
    /// The real signal of coefficients `[rows, samples]` of this plan, exact within its band.
    ///
    /// The sum over the scales, Σ W·Δ ln s, is the signal through a filter of the response
    /// G(ξ) = Σ ψ̂(sξ)·Δ ln s. One-integral inverses take G for the constant C, which it is in the
    /// middle of the band, to what a sum differs from an integral by. Here the spectrum is divided by
    /// G itself wherever it exceeds `bound` times its largest value; other frequencies, which the
    /// scales do not cover, are left out. For signals within the band the result is exact to about
    /// 1e-10 without padding and with padding that mirrors or repeats the signal, as far as that
    /// padding is longer than the wavelets reach. Zeros and repeated edges hide what the sum was
    /// beyond the ends of the signal: there it is exact for signals that vanish at both ends, and
    /// elsewhere improved by repeated correction.
    ///
    /// The lower the bound, the wider the band, and the more of the rounding errors at its ends:
    /// they grow by 1 / `bound`. 0.1 to 0.001 are sensible.
    ///
    /// # Errors
    /// [`Error::Length`] for another shape than that of a real signal's transform;
    /// [`Error::Parameter`] unless the bound is from 1e-6 to below 1.
    pub fn inverse_exact(
        &self,
        w: ArrayView2<'_, Complex<T>>,
        bound: f64,
    ) -> Result<Vec<T>, Error> {
        if !(LEAST_BOUND..1.0).contains(&bound) {
            return Err(Error::parameter("bound", bound, "1e-6 to below 1"));
        }
        let target = inverse::real_sums(self, w)?;
        let filter = Response::new(self, bound);
        let mut signal = filter.divide(&target);
        if self.params().padding == Padding::None {
            return Ok(signal.into_iter().map(T::of).collect());
        }
        let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
        let mut last = f64::INFINITY;
        for _ in 0..MOST_ROUNDS {
            let seen = filter.multiply(&signal);
            let left: Vec<f64> = target.iter().zip(&seen).map(|(a, b)| a - b).collect();
            let size = square(&left);
            // Until nothing is gained.
            if size.is_nan() || size >= 0.98 * last || size <= 1e-30 * square(&target) {
                break;
            }
            last = size;
            signal.iter_mut().zip(filter.divide(&left)).for_each(|(x, change)| *x += change);
        }
        Ok(signal.into_iter().map(T::of).collect())
    }

    /// G(ξ) = Σ ψ̂(sξ)·Δ ln s over C for each bin of the padded spectrum, from 0 to half the sampling
    /// rate: 1 where the scales cover the frequency evenly, 0 where they do not at all.
    #[must_use]
    pub fn response(&self) -> Vec<f64> {
        self.response_at(self.padded_length())
    }

    /// The response at the bins of a spectrum of another length.
    fn response_at(&self, length: usize) -> Vec<f64> {
        let params = self.params();
        let wavelet = params.wavelet.as_ref();
        let (low, high) = wavelet::support(wavelet, T::SPECTRUM_CUT);
        let bin = std::f64::consts::TAU / length as f64;
        let constant = wavelet::admissibility_ssq(wavelet);
        let mut response = vec![0.0; length / 2 + 1];
        let scales = self.scales().values().iter().zip(self.scales().log_steps());
        for ((scale, step), fits) in scales.zip(self.fits()) {
            if !fits {
                continue;
            }
            let first = ((low / (scale * bin)).floor() as usize).min(length / 2);
            let last = ((high / (scale * bin)).ceil() as usize).min(length / 2);
            for (k, sum) in response.iter_mut().enumerate().take(last + 1).skip(first) {
                *sum += step * wavelet.spectrum(scale * (k as f64 * bin)) / constant;
            }
        }
        response
    }
}

struct Response<'a, T: Real> {
    plan: &'a CwtPlan<T>,
    /// Of the plan's padded length, from 0 to half the sampling rate.
    values: Vec<f64>,
    /// Of the length in which what is padded repeats itself.
    periodic: Vec<f64>,
    /// Where the response is below, frequencies are left out.
    least: f64,
}

impl<'a, T: Real> Response<'a, T> {
    fn new(plan: &'a CwtPlan<T>, bound: f64) -> Self {
        let values = plan.response();
        let largest = values.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        let period = period(plan.params().padding, plan.samples(), plan.padded_length());
        let periodic = plan.response_at(period);
        Self { plan, values, periodic, least: bound * largest }
    }

    /// The signal through the filter, padded as the plan pads it.
    fn multiply(&self, signal: &[f64]) -> Vec<f64> {
        let (length, before) = (self.plan.padded_length(), self.plan.padded().before);
        self.through(signal, length, before, |k| self.values[k])
    }

    /// And back. A mirrored or repeated signal goes on in the same way for ever, and so does the sum
    /// over its scales: over one period of it the division is exact.
    fn divide(&self, signal: &[f64]) -> Vec<f64> {
        let plan = self.plan;
        let period = period(plan.params().padding, plan.samples(), plan.padded_length());
        let before = if period == plan.padded_length() { plan.padded().before } else { 0 };
        self.through(signal, period, before, |k| {
            let g = self.periodic[k];
            if g.abs() > self.least { 1.0 / g } else { 0.0 }
        })
    }

    fn through(
        &self,
        signal: &[f64],
        length: usize,
        before: usize,
        gain: impl Fn(usize) -> f64,
    ) -> Vec<f64> {
        let mut padded = vec![0.0; length];
        self.plan.params().padding.fill(signal, 0.0, before, &mut padded);
        let mut spectrum: Vec<Complex<f64>> =
            padded.into_iter().map(|x| Complex::new(x, 0.0)).collect();
        f64::plan_fft(length, FftDirection::Forward).process(&mut spectrum);
        for (k, x) in spectrum.iter_mut().enumerate() {
            *x *= gain(k.min(length - k)) / length as f64;
        }
        f64::plan_fft(length, FftDirection::Inverse).process(&mut spectrum);
        spectrum[before..before + signal.len()].iter().map(|x| x.re).collect()
    }
}

/// After how many samples a padded signal repeats itself; the padded length where it does not.
fn period(padding: Padding, samples: usize, padded: usize) -> usize {
    match padding {
        Padding::Reflect if samples > 1 => 2 * samples - 2,
        Padding::Symmetric => 2 * samples,
        Padding::Wrap => samples,
        _ => padded,
    }
}
