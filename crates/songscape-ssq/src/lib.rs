//! The continuous wavelet transform and synchrosqueezing: wavelets, scales, transforms, inverses,
//! ridges, and streamed spectrogram images.

mod error;
pub mod image;
pub mod wavelet;

pub use error::Error;
pub use image::{LogSpectrogram, LogSpectrogramParams, LogSpectrogramStream};
pub use wavelet::{Morse, Wavelet};
