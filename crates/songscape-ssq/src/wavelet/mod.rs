//! Wavelets, given by their Fourier transforms.

mod morse;

pub use morse::Morse;

/// A wavelet with a real, one-sided Fourier transform ψ̂(w).
///
/// At scale `s` (in samples) the wavelet has the transform ψ̂(s·ξ), ξ in rad/sample, so that the
/// coefficients at scale `s` see the frequencies around `peak / s`.
///
/// Implementing [`Wavelet::spectrum`] and [`Wavelet::peak`] is enough to use a wavelet of one's
/// own everywhere in this crate.
pub trait Wavelet: std::fmt::Debug + Send + Sync {
    /// ψ̂(w), w in radians (scale times angular frequency). Zero for w <= 0 where the wavelet is
    /// analytic.
    fn spectrum(&self, w: f64) -> f64;

    /// The w > 0 where |ψ̂| is largest.
    fn peak(&self) -> f64;
}
