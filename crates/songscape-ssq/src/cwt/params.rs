//! What a wavelet transform computes.

use std::sync::Arc;

use crate::filterbank::Norm;
use crate::pad::Padding;
use crate::scales::ScaleSpec;
use crate::wavelet::{Morse, Wavelet};

/// What a [`CwtPlan`](crate::CwtPlan) computes.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CwtParams {
    /// Sampling rate, Hz.
    pub sampling_rate: f64,
    /// The wavelet.
    #[cfg_attr(feature = "serde", serde(with = "crate::wavelet::stored"))]
    pub wavelet: Arc<dyn Wavelet>,
    /// The scales.
    pub scales: ScaleSpec,
    /// Scales in an octave, for logarithmic spacings; need not be whole.
    pub voices: f64,
    /// What surrounds the signal.
    pub padding: Padding,
    /// The norm.
    pub norm: Norm,
}

impl Default for CwtParams {
    /// Morse(3, 60), log-piecewise scales with 32 voices, reflected, L1, 1 Hz.
    fn default() -> Self {
        Self {
            sampling_rate: 1.0,
            wavelet: Arc::new(Morse::default()),
            scales: ScaleSpec::default(),
            voices: 32.0,
            padding: Padding::default(),
            norm: Norm::default(),
        }
    }
}
