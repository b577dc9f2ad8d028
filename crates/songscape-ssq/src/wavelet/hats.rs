//! The complex Mexican hat and the hermitian hat.

use std::f64::consts::PI;

use super::{Wavelet, check_positive};
use crate::Error;

/// The complex Mexican hat: ψ̂(w) = 2·√(2/3)·π^(−¼)·s^(5/2)·v²·exp(−s²v²/2) for v = w − μ >= 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComplexMexicanHat {
    mu: f64,
    s: f64,
}

impl ComplexMexicanHat {
    /// A hat shifted by μ with inverse width s (radians).
    ///
    /// # Errors
    /// [`Error::Parameter`] unless μ is finite and not negative and s finite and positive.
    pub fn new(mu: f64, s: f64) -> Result<Self, Error> {
        if !(mu.is_finite() && mu >= 0.0) {
            return Err(Error::parameter("mu", mu, "0 or more"));
        }
        check_positive("s", s)?;
        Ok(Self { mu, s })
    }
}

impl Wavelet for ComplexMexicanHat {
    fn spectrum(&self, w: f64) -> f64 {
        let v = w - self.mu;
        if v < 0.0 {
            return 0.0;
        }
        let gain = 2.0 * (2.0f64 / 3.0).sqrt() * PI.powf(-0.25) * self.s.powf(2.5);
        gain * v * v * (-0.5 * (self.s * v).powi(2)).exp()
    }

    fn name(&self) -> Option<String> {
        Some(format!("cmhat:{},{}", self.mu, self.s))
    }

    fn peak(&self) -> f64 {
        self.mu + std::f64::consts::SQRT_2 / self.s
    }
}

/// The hermitian hat: ψ̂(w) = (2/√5)·π^(−¼)·v·(1+v)·exp(−v²/2)·(1 + sgn v), v = w − μ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HermitianHat {
    mu: f64,
}

impl HermitianHat {
    /// A hat shifted by μ (radians).
    ///
    /// # Errors
    /// [`Error::Parameter`] unless μ is finite and not negative.
    pub fn new(mu: f64) -> Result<Self, Error> {
        if mu.is_finite() && mu >= 0.0 {
            Ok(Self { mu })
        } else {
            Err(Error::parameter("mu", mu, "0 or more"))
        }
    }
}

impl Wavelet for HermitianHat {
    fn spectrum(&self, w: f64) -> f64 {
        let v = w - self.mu;
        if v <= 0.0 {
            return 0.0;
        }
        2.0 * (2.0 / 5f64.sqrt()) * PI.powf(-0.25) * v * (1.0 + v) * (-0.5 * v * v).exp()
    }

    fn name(&self) -> Option<String> {
        Some(format!("hhhat:{}", self.mu))
    }

    fn peak(&self) -> f64 {
        // The root of 1 + 2v − v² − v³ = 0 near 1.247, where the derivative vanishes.
        let root = (0..30).fold(1.25, |v: f64, _| {
            let value = 1.0 + v * (2.0 - v * (1.0 + v));
            v - value / (2.0 - v * (2.0 + 3.0 * v))
        });
        self.mu + root
    }
}
