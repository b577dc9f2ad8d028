//! The bump wavelet.

use super::{Wavelet, check_positive};
use crate::Error;

/// The bump wavelet, of compact support in frequency: ψ̂(w) = exp(−1/(1−v²))/(s·B) for |v| < 0.999,
/// v = (w−μ)/s, with B = ∫exp(−1/(1−v²))dv over (−1, 1), so that ∫ψ̂(w)dw = 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bump {
    mu: f64,
    s: f64,
}

impl Bump {
    const INTEGRAL: f64 = 0.443_993_816_053_287;

    /// A bump around μ with half width s (radians).
    ///
    /// # Errors
    /// [`Error::Parameter`] unless both are finite and positive and s < μ.
    pub fn new(mu: f64, s: f64) -> Result<Self, Error> {
        check_positive("mu", mu)?;
        check_positive("s", s)?;
        if s >= mu {
            return Err(Error::parameter("s", s, "less than mu"));
        }
        Ok(Self { mu, s })
    }

    /// μ.
    #[must_use]
    pub fn mu(&self) -> f64 {
        self.mu
    }

    /// s.
    #[must_use]
    pub fn s(&self) -> f64 {
        self.s
    }
}

impl Wavelet for Bump {
    fn spectrum(&self, w: f64) -> f64 {
        let v = (w - self.mu) / self.s;
        if v.abs() < 0.999 { (-1.0 / (1.0 - v * v)).exp() / (self.s * Self::INTEGRAL) } else { 0.0 }
    }

    fn name(&self) -> Option<String> {
        Some(format!("bump:{},{}", self.mu, self.s))
    }

    fn peak(&self) -> f64 {
        self.mu
    }
}
