//! Generalised Morse wavelets (Olhede and Walden 2002; Lilly and Olhede 2009, 2012).

use super::{Wavelet, check_positive, properties};
use crate::Error;

/// How a Morse wavelet's spectrum is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum MorseNorm {
    /// ψ̂ = 2 at the peak (for order 0): a sine of amplitude A gives coefficients of modulus A.
    #[default]
    Bandpass,
    /// ∫|ψ̂(w)|²dw = 2π: unit energy.
    Energy,
}

/// A generalised Morse wavelet.
///
/// With w_c = (β/γ)^(1/γ) and w > 0, order 0 is ψ̂(w) = 2·exp(β·ln(w/w_c) − w^γ + w_c^γ)
/// ([`MorseNorm::Bandpass`]) or √(2πγ·2^r/Γ(r))·w^β·exp(−w^γ), r = (2β+1)/γ
/// ([`MorseNorm::Energy`]); order k multiplies it by √(Γ(r)Γ(k+1)/Γ(k+r))·L_k^(r−1)(2w^γ), L the
/// generalised Laguerre polynomial (Olhede and Walden 2002, eq. 10).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morse {
    gamma: f64,
    beta: f64,
    order: u32,
    norm: MorseNorm,
    /// ln of the factor before w^β·exp(−w^γ).
    log_gain: f64,
    /// The factor of the order before the Laguerre polynomial.
    order_gain: f64,
    peak: f64,
}

impl Morse {
    /// Highest order that is accepted.
    pub const MAX_ORDER: u32 = 64;

    /// A Morse wavelet of order 0 with γ (3: the most symmetric) and β: √(βγ)/π is about the
    /// number of its oscillations.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless both are finite and positive.
    pub fn new(gamma: f64, beta: f64) -> Result<Self, Error> {
        Self::with_order(gamma, beta, 0, MorseNorm::Bandpass)
    }

    /// A Morse wavelet of any order and norm.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless γ and β are finite and positive and the order at most
    /// [`Morse::MAX_ORDER`].
    pub fn with_order(gamma: f64, beta: f64, order: u32, norm: MorseNorm) -> Result<Self, Error> {
        check_positive("gamma", gamma)?;
        check_positive("beta", beta)?;
        if order > Self::MAX_ORDER {
            let value = f64::from(order);
            return Err(Error::parameter("order", value, "at most 64"));
        }
        let peak = (beta / gamma).powf(1.0 / gamma);
        if !peak.is_normal() {
            let expected = "such that (beta / gamma)^(1 / gamma) is a number";
            return Err(Error::parameter("beta", beta, expected));
        }
        let r = (2.0 * beta + 1.0) / gamma;
        let log_gain = match norm {
            MorseNorm::Bandpass => std::f64::consts::LN_2 - beta * peak.ln() + beta / gamma,
            MorseNorm::Energy => {
                0.5 * ((std::f64::consts::TAU * gamma).ln() + r * std::f64::consts::LN_2
                    - ln_gamma(r))
            }
        };
        // Γ(r)Γ(k+1)/Γ(k+r) = Π i/(r+i−1)
        let ratio: f64 = (1..=order).map(|i| f64::from(i) / (r + f64::from(i) - 1.0)).product();
        let mut morse = Self { gamma, beta, order, norm, log_gain, order_gain: ratio.sqrt(), peak };
        if order > 0 {
            morse.peak = properties::search_peak(&|w| morse.spectrum(w));
        }
        Ok(morse)
    }

    /// γ.
    #[must_use]
    pub fn gamma(&self) -> f64 {
        self.gamma
    }

    /// β.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The order.
    #[must_use]
    pub fn order(&self) -> u32 {
        self.order
    }

    /// The norm.
    #[must_use]
    pub fn norm(&self) -> MorseNorm {
        self.norm
    }
}

impl Default for Morse {
    /// γ = 3, β = 60, order 0, bandpass norm.
    fn default() -> Self {
        let (gamma, beta) = (3.0, 60.0);
        let peak = 20f64.powf(1.0 / 3.0);
        let log_gain = std::f64::consts::LN_2 - beta * peak.ln() + beta / gamma;
        let norm = MorseNorm::Bandpass;
        Self { gamma, beta, order: 0, norm, log_gain, order_gain: 1.0, peak }
    }
}

impl Wavelet for Morse {
    fn spectrum(&self, w: f64) -> f64 {
        if w <= 0.0 {
            return 0.0;
        }
        let power = if self.gamma == 3.0 { w * w * w } else { w.powf(self.gamma) };
        let base = (self.log_gain + self.beta * w.ln() - power).exp();
        if self.order == 0 || base == 0.0 {
            return base;
        }
        let r = (2.0 * self.beta + 1.0) / self.gamma;
        base * self.order_gain * laguerre(self.order, r - 1.0, 2.0 * power)
    }

    fn name(&self) -> Option<String> {
        let Self { gamma, beta, order, norm, .. } = self;
        let energy = if *norm == MorseNorm::Energy { ",energy" } else { "" };
        Some(format!("gmw:{gamma},{beta},{order}{energy}"))
    }

    fn slope(&self, w: f64) -> f64 {
        if w <= 0.0 {
            return 0.0;
        }
        // ψ̂ = w^β·exp(−w^γ)·L_k(x), x = 2w^γ, and dL_k^(a)/dx = −L_{k−1}^(a+1).
        let power = w.powf(self.gamma);
        let base = (self.log_gain + self.beta * w.ln() - power).exp() * self.order_gain;
        if base == 0.0 {
            return 0.0;
        }
        let (a, x) = ((2.0 * self.beta + 1.0) / self.gamma - 1.0, 2.0 * power);
        let growth = (self.beta - self.gamma * power) / w;
        let turn = match self.order {
            0 => 0.0,
            order => laguerre(order - 1, a + 1.0, x) * 2.0 * self.gamma * power / w,
        };
        base * (growth * laguerre(self.order, a, x) - turn)
    }

    fn peak(&self) -> f64 {
        self.peak
    }
}

/// The generalised Laguerre polynomial L_k^(a)(x), by its recurrence.
fn laguerre(order: u32, a: f64, x: f64) -> f64 {
    let (mut before, mut value) = (1.0, 1.0 + a - x);
    if order == 0 {
        return before;
    }
    for k in 1..order {
        let k = f64::from(k);
        let next = ((2.0 * k + 1.0 + a - x) * value - (k + a) * before) / (k + 1.0);
        (before, value) = (value, next);
    }
    value
}

/// ln Γ(x) for x > 0, by Stirling's series from x >= 12 on and the recurrence below.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < 12.0 {
        below += x.ln();
        x += 1.0;
    }
    let i = 1.0 / x;
    let i2 = i * i;
    let series = i
        * (1.0 / 12.0
            + i2 * (-1.0 / 360.0
                + i2 * (1.0 / 1260.0 + i2 * (-1.0 / 1680.0 + i2 * (1.0 / 1188.0)))));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - below
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ln_gamma_of_known_values() {
        for (x, expected) in [
            (1.0, 0.0),
            (0.5, 0.5 * std::f64::consts::PI.ln()),
            (11.0, 3_628_800f64.ln()),
            (41.0, 110.320_639_714_757_4),
        ] {
            assert!((ln_gamma(x) - expected).abs() < 1e-12 * (1.0 + expected), "{x}");
        }
    }

    #[test]
    fn slopes_are_differences() {
        for (gamma, beta, order) in [(3.0, 60.0, 0), (3.0, 8.0, 1), (2.0, 20.0, 3)] {
            let morse = Morse::with_order(gamma, beta, order, MorseNorm::Bandpass).unwrap();
            for i in 1..500 {
                let w = f64::from(i) * 0.02;
                let difference = (morse.spectrum(w + 1e-5) - morse.spectrum(w - 1e-5)) / 2e-5;
                assert!((morse.slope(w) - difference).abs() < 1e-6, "{gamma} {beta} {order} {w}");
            }
        }
    }

    #[test]
    fn the_energy_norm_has_energy_two_pi() {
        for (gamma, beta, order) in [(3.0, 60.0, 0), (3.0, 8.0, 1), (2.0, 20.0, 3)] {
            let morse = Morse::with_order(gamma, beta, order, MorseNorm::Energy).unwrap();
            let step = 1e-3;
            let energy: f64 =
                (1..20_000).map(|i| morse.spectrum(f64::from(i) * step).powi(2)).sum::<f64>()
                    * step;
            assert!((energy / std::f64::consts::TAU - 1.0).abs() < 1e-9, "{energy}");
        }
    }
}
