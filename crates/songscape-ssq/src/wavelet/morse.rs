//! Generalised Morse wavelets (Olhede and Walden 2002; Lilly and Olhede 2009, 2012).

use super::Wavelet;
use crate::Error;

/// The generalised Morse wavelet of order 0 with "bandpass" (L1) normalisation:
/// ψ̂(w) = 2·exp(β·ln(w/w_c) − w^γ + w_c^γ) for w > 0, with the peak w_c = (β/γ)^(1/γ), ψ̂(w_c) = 2.
///
/// A sine of amplitude A gives coefficients of modulus A where the scale matches it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morse {
    gamma: f64,
    beta: f64,
    peak: f64,
}

impl Morse {
    /// A Morse wavelet with γ (3: the most symmetric) and β (with γ it sets the bandwidth).
    ///
    /// # Errors
    /// [`Error::Parameter`] unless both are finite and positive.
    pub fn new(gamma: f64, beta: f64) -> Result<Self, Error> {
        for (name, value) in [("gamma", gamma), ("beta", beta)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::Parameter { name, value, expected: "a positive number" });
            }
        }
        Ok(Self { gamma, beta, peak: (beta / gamma).powf(1.0 / gamma) })
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
}

impl Default for Morse {
    /// γ = 3, β = 60.
    fn default() -> Self {
        Self { gamma: 3.0, beta: 60.0, peak: 20f64.powf(1.0 / 3.0) }
    }
}

impl Wavelet for Morse {
    fn spectrum(&self, w: f64) -> f64 {
        if w <= 0.0 {
            return 0.0;
        }
        let exponent = self.beta * (w.ln() - self.peak.ln())
            - (w.powf(self.gamma) - self.peak.powf(self.gamma));
        2.0 * exponent.exp()
    }

    fn peak(&self) -> f64 {
        self.peak
    }
}
