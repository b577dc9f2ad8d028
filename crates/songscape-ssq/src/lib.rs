//! The continuous wavelet transform and synchrosqueezing: wavelets, scales, transforms, inverses,
//! ridges, and streamed spectrogram images.

mod cwt;
mod error;
mod filterbank;
pub mod image;
mod inverse;
mod pad;
mod phase;
mod real;
pub mod scales;
pub mod ssq;
pub mod wavelet;

pub use cwt::{CwtParams, CwtPlan, Sample};
pub use error::Error;
pub use filterbank::Norm;
pub use image::{LogSpectrogram, LogSpectrogramParams, LogSpectrogramStream};
pub use inverse::{icwt, issq, issq_band, issq_component};
pub use pad::Padding;
pub use phase::{default_threshold, phase_transform};
pub use real::Real;
pub use scales::{Bounds, ScaleSpec, Scales, Spacing};
pub use ssq::{Bins, FrequencySpec, SsqParams, SsqPlan, Weights, squeeze};
pub use wavelet::{Morse, Wavelet};
