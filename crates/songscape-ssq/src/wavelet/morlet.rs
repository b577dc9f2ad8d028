//! The Morlet wavelet.

use std::f64::consts::{PI, SQRT_2};

use super::{Wavelet, check_positive};
use crate::Error;

/// The Morlet wavelet with zero mean: ψ̂(w) = √2·π^¼·c·[exp(−(w−μ)²/2) − exp(−μ²/2)·exp(−w²/2)],
/// c = (1 + exp(−μ²) − 2·exp(−¾μ²))^(−½).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morlet {
    mu: f64,
    gain: f64,
    correction: f64,
}

impl Morlet {
    /// A Morlet wavelet with centre frequency μ (radians).
    ///
    /// # Errors
    /// [`Error::Parameter`] unless μ is finite and positive.
    pub fn new(mu: f64) -> Result<Self, Error> {
        check_positive("mu", mu)?;
        let c = (1.0 + (-mu * mu).exp() - 2.0 * (-0.75 * mu * mu).exp()).powf(-0.5);
        if !c.is_finite() {
            return Err(Error::parameter("mu", mu, "at least 1e-7"));
        }
        Ok(Self { mu, gain: SQRT_2 * PI.powf(0.25) * c, correction: (-0.5 * mu * mu).exp() })
    }

    /// μ.
    #[must_use]
    pub fn mu(&self) -> f64 {
        self.mu
    }
}

impl Wavelet for Morlet {
    fn spectrum(&self, w: f64) -> f64 {
        let main = (-0.5 * (w - self.mu).powi(2)).exp();
        self.gain * (main - self.correction * (-0.5 * w * w).exp())
    }

    fn name(&self) -> Option<String> {
        Some(format!("morlet:{}", self.mu))
    }

    fn slope(&self, w: f64) -> f64 {
        let v = w - self.mu;
        let main = v * (-0.5 * v * v).exp();
        self.gain * (self.correction * w * (-0.5 * w * w).exp() - main)
    }

    fn peak(&self) -> f64 {
        // Where the derivative vanishes: (w − μ)·exp(w·μ − μ²) = w·exp(−μ²), a fixed point near μ.
        (0..50).fold(self.mu, |w, _| self.mu + w * (-w * self.mu).exp())
    }
}
