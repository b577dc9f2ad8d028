//! What a coefficient means: how far the ends of the signal reach, and how large noise makes it.

use crate::cwt::CwtPlan;
use crate::filterbank::Norm;
use crate::real::Real;
use crate::wavelet;

/// Red noise: a first-order autoregressive process x(n) = α·x(n − 1) + z(n), z white.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RedNoise {
    /// α, above −1 and below 1; 0 for white noise.
    pub correlation: f64,
    /// The variance of x.
    pub variance: f64,
}

impl RedNoise {
    /// The red noise with the variance and the correlation of neighbouring samples of a signal, about
    /// its mean. A signal that does not vary, or is empty, gives a variance of 0.
    #[must_use]
    pub fn fit<T: Real>(signal: &[T]) -> Self {
        let n = signal.len() as f64;
        let mean = signal.iter().map(|x| x.wide()).sum::<f64>() / n.max(1.0);
        let centered: Vec<f64> = signal.iter().map(|x| x.wide() - mean).collect();
        let square: f64 = centered.iter().map(|x| x * x).sum();
        if square == 0.0 || square.is_nan() {
            return Self { correlation: 0.0, variance: 0.0 };
        }
        let product: f64 = centered.windows(2).map(|pair| pair[0] * pair[1]).sum();
        // What the estimate is too small by, on average (Marriott and Pope 1954, first order).
        let raw = product / square;
        let correlation = (raw + (1.0 + 4.0 * raw) / n).clamp(-0.999_999, 0.999_999);
        Self { correlation, variance: square / n }
    }

    /// Its power at an angular frequency in rad/sample, over that of white noise of variance 1:
    /// σ²·(1 − α²)/(1 + α² − 2α·cos ξ) (Torrence and Compo 1998, eq. 16).
    #[must_use]
    pub fn power(&self, angular: f64) -> f64 {
        let a = self.correlation;
        self.variance * (1.0 - a * a) / (1.0 + a * a - 2.0 * a * angular.cos())
    }
}

impl<T: Real> CwtPlan<T> {
    /// The cone of influence: for each row how many seconds the ends of the signal reach into it.
    /// Within that time of either end what is beyond the end counts (the padding).
    ///
    /// It is the time in which the wavelet's modulus falls to 1/e, its power to 1/e² (Torrence and
    /// Compo 1998, section 3g): √2·s for a Morlet wavelet.
    #[must_use]
    pub fn cone_of_influence(&self) -> Vec<f64> {
        let params = self.params();
        let wavelet = params.wavelet.as_ref();
        let support = wavelet::support(wavelet, 1e-9);
        let reach = wavelet::time_of_share(wavelet, support, (-1f64).exp());
        self.scales().values().iter().map(|scale| reach * scale / params.sampling_rate).collect()
    }

    /// For each row the mean of |W|² of red noise: (1/2π)·∫|ψ̂(sξ)|²·P(ξ) dξ over the positive
    /// frequencies, as sums over the bins of the padded spectrum.
    #[must_use]
    pub fn expected_power(&self, noise: &RedNoise) -> Vec<f64> {
        let params = self.params();
        let wavelet = params.wavelet.as_ref();
        let (low, high) = wavelet::support(wavelet, 1e-9);
        let length = self.padded_length();
        let bin = std::f64::consts::TAU / length as f64;
        let power = |scale: &f64| {
            let first = ((low / (scale * bin)).floor() as usize).max(1);
            let last = ((high / (scale * bin)).ceil() as usize).min(length / 2);
            let at = |k: usize| {
                let angular = k as f64 * bin;
                let half = if 2 * k == length { 0.25 } else { 1.0 };
                half * wavelet.spectrum(scale * angular).powi(2) * noise.power(angular)
            };
            let sum: f64 = (first..=last).map(at).sum();
            let gain = if params.norm == Norm::L2 { *scale } else { 1.0 };
            gain * sum / length as f64
        };
        self.scales().values().iter().map(power).collect()
    }

    /// For each row the |W|² that red noise stays below with this probability, at any one place:
    /// what is above is significant at that level (0.95, say). |W|² of noise is distributed as χ²
    /// with two degrees of freedom (Torrence and Compo 1998, eq. 18).
    ///
    /// Of the many coefficients of a transform 1 − `probability` are above it by chance, in
    /// connected patches of about a wavelet's size.
    #[must_use]
    pub fn significant_power(&self, noise: &RedNoise, probability: f64) -> Vec<f64> {
        let factor = -(-probability.clamp(0.0, 1.0)).ln_1p();
        self.expected_power(noise).into_iter().map(|power| factor * power).collect()
    }
}
