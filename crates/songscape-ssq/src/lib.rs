//! The continuous wavelet transform and synchrosqueezing.
//!
//! The **wavelet transform** W(s, t) compares a signal with a short wave packet at every time t and
//! scale s: W(s, t) = Σ_ξ ψ̂(s·ξ)·X(ξ)·exp(iξt), with X the spectrum of the signal. A tone shows up
//! as a band as wide as the wavelet's own spectrum ψ̂. **Synchrosqueezing** sharpens that: the
//! phase of W turns at the tone's frequency whatever the scale, so every coefficient tells where it
//! belongs, ω(s, t) = |Im(∂W·W*)|/(2π|W|²) Hz, and is moved there: T(b, t) = Σ W(s, t)·Δ ln s over
//! the scales whose ω falls into bin b. Nothing is lost: 2/C·Re Σ_b T(b, t) is the signal again.
//!
//! Two chirps, and both transforms of them (`cargo run --release --example ssq_gallery` draws it):
//!
#![doc = concat!(
    "![Broad bands in the wavelet transform, thin lines in the squeezed one](data:image/png;base64,",
    include_str!("../doc/chirps.png.base64"),
    ")"
)]
//!
//! Start with
//! - [`LogSpectrogram`] for spectrogram images of sound of any length, whole or as a stream;
//! - [`CwtPlan`] and [`SsqPlan`] for the transforms themselves, [`CwtStream`] and [`SsqStream`] for
//!   the same as a stream;
//! - [`icwt`], [`issq`], [`ridges`] and [`issq_component`] for the way back;
//! - [`Reassignment::Second`] for steep chirps, [`StftPlan`] and [`SsqStftPlan`] for windows in
//!   place of wavelets;
//! - [`RedNoise`], [`CwtPlan::significant_power`] and [`CwtPlan::coherence`] for what a coefficient
//!   means.
//!
//! Conventions: row 0 is the highest frequency; arrays are `[rows, samples]`, for complex signals
//! `[2 · rows, samples]`, positive frequencies first; frequencies are in Hz, scales in samples;
//! transforms have L1 norm by default, so that a sine of amplitude A has coefficients of modulus A.
//! Plans do all set-up once, are `Send + Sync`, and give the same result with any number of threads.
//! With the feature `serde`, parameters can be written to files and read back.
//!
//! A component pulled out of noise by its ridge:
//!
//! ```
//! use songscape_ssq::{
//!     CwtParams, RidgeParams, ScaleSpec, SsqParams, SsqPlan, issq_component, ridges, signal,
//! };
//!
//! let chirp = signal::linear_chirp(2000, 1000.0, 60.0, 120.0);
//! let noise = signal::white_noise(2000, 1);
//! let noisy: Vec<f64> = chirp.iter().zip(&noise).map(|(x, n)| x + 0.3 * n).collect();
//!
//! let scales = ScaleSpec::Range { low: 20.0, high: 400.0, rows: 128 };
//! let cwt = CwtParams { sampling_rate: 1000.0, scales, ..Default::default() };
//! let plan = SsqPlan::<f64>::new(&SsqParams { cwt, ..Default::default() }, noisy.len())?;
//! let squeezed = plan.transform(&noisy)?;
//!
//! let frequencies = plan.bins().frequencies();
//! let found = ridges(squeezed.view(), &frequencies, &RidgeParams::default())?;
//! let wavelet = plan.cwt().params().wavelet.as_ref();
//! let component = issq_component(squeezed.view(), wavelet, &found[0].rows, 10)?;
//!
//! let error = |x: &[f64]| (500..1500).map(|i| (x[i] - chirp[i]).powi(2)).sum::<f64>();
//! assert!(error(&component) < 0.3 * error(&noisy));
//! # Ok::<(), songscape_ssq::Error>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod coherence;
mod cwt;
mod error;
mod exact;
mod filterbank;
pub mod image;
mod inverse;
mod pad;
mod phase;
mod real;
mod ridge;
pub mod scales;
pub mod signal;
mod significance;
pub mod ssq;
pub mod stft;
pub mod wavelet;

pub use coherence::{Coherence, CoherenceParams, cross_transform};
pub use cwt::{CwtParams, CwtPlan, CwtScratch, CwtStream, Output, Sample};
pub use error::{Error, ErrorKind};
pub use filterbank::Norm;
pub use image::{Latency, LogSpectrogram, LogSpectrogramParams, LogSpectrogramStream};
pub use inverse::{icwt, issq, issq_band, issq_complex, issq_component};
pub use pad::Padding;
pub use phase::{default_threshold, phase_transform};
pub use real::Real;
pub use ridge::{HalfWidth, Ridge, RidgeParams, ridges};
pub use scales::{Bounds, ScaleSpec, Scales, Spacing, Variable};
pub use significance::RedNoise;
pub use ssq::{
    Bins, FrequencySpec, Outside, Reassignment, SsqParams, SsqPlan, SsqStream, Weights, squeeze,
};
pub use stft::{SsqStftParams, SsqStftPlan, StftParams, StftPlan, Window};
pub use wavelet::{Morse, Wavelet};

// What signatures of this crate use.
pub use {ndarray, num_complex};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
