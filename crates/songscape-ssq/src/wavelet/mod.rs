//! Wavelets, given by their Fourier transforms.
//!
//! | type | name in [`by_name`] | defaults |
//! |---|---|---|
//! | [`Morse`] | `gmw[:gamma,beta[,order[,energy]]]` | γ = 3, β = 60, order 0 |
//! | [`Morlet`] | `morlet[:mu]` | μ = 13.4 |
//! | [`Bump`] | `bump[:mu,s]` | μ = 5, s = 1 |
//! | [`ComplexMexicanHat`] | `cmhat[:mu,s]` | μ = 1, s = 1 |
//! | [`HermitianHat`] | `hhhat[:mu]` | μ = 5 |

mod bump;
mod check;
mod hats;
mod morlet;
mod morse;
mod name;
mod properties;
#[cfg(feature = "serde")]
pub(crate) mod stored;

pub use bump::Bump;
pub use check::check;
pub use hats::{ComplexMexicanHat, HermitianHat};
pub use morlet::Morlet;
pub use morse::{Morse, MorseNorm};
pub use name::by_name;
pub use properties::Properties;
pub(crate) use properties::{
    GridPeak, admissibility_ssq, first_reaching, grid_peak, support, time_of_share, time_reach,
};

/// A wavelet with a real Fourier transform ψ̂(w).
///
/// At scale `s` (in samples) the wavelet has the transform ψ̂(s·ξ), ξ in rad/sample, so that the
/// coefficients at scale `s` see the frequencies around `peak / s`. The transforms of this crate
/// use only the values for w >= 0: every wavelet is taken as analytic.
///
/// Implementing [`Wavelet::spectrum`] is enough to use a wavelet of one's own everywhere in this
/// crate:
///
/// ```
/// use songscape_ssq::wavelet::{Properties, Wavelet};
///
/// /// A Gaussian around w = 8.
/// #[derive(Debug)]
/// struct Gaussian;
///
/// impl Wavelet for Gaussian {
///     fn spectrum(&self, w: f64) -> f64 {
///         2.0 * (-0.5 * (w - 8.0).powi(2)).exp()
///     }
/// }
///
/// assert!((Gaussian.peak() - 8.0).abs() < 1e-6);
/// assert!((Properties::of(&Gaussian).frequency_deviation - 0.5f64.sqrt()).abs() < 1e-6);
/// ```
pub trait Wavelet: std::fmt::Debug + Send + Sync {
    /// ψ̂(w), w in radians (scale times angular frequency).
    fn spectrum(&self, w: f64) -> f64;

    /// The w > 0 where |ψ̂| is largest. By default searched for, which takes many evaluations:
    /// worth an own implementation where it is known.
    fn peak(&self) -> f64 {
        properties::search_peak(&|w| self.spectrum(w))
    }

    /// The name by which [`by_name`] makes this wavelet again, if it does: what files store.
    fn name(&self) -> Option<String> {
        None
    }

    /// dψ̂/dw, for second-order reassignment. By default from differences, to about 1e-9 of the
    /// steepest.
    fn slope(&self, w: f64) -> f64 {
        let step = 1e-4 * w.abs().max(1e-3);
        let difference = |step: f64| (self.spectrum(w + step) - self.spectrum(w - step)) / step;
        // Differences over one and two steps, so that the third derivative drops out.
        (4.0 * difference(step) - difference(2.0 * step)) / 6.0
    }
}

fn check_positive(name: &'static str, value: f64) -> Result<(), crate::Error> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(crate::Error::parameter(name, value, "a positive number"))
    }
}
