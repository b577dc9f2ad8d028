//! The two precisions.

use std::fmt::Debug;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_traits::Float;
use rustfft::{Fft, FftDirection, FftNum, FftPlanner};

/// A floating-point number that transforms can be computed in: `f32` or `f64`.
pub trait Real: FftNum + Float + Debug + Default + std::iter::Sum + sealed::Sealed {
    /// Share of a wavelet's peak below which its spectrum is left out: below the rounding errors.
    #[doc(hidden)]
    const SPECTRUM_CUT: f64;

    // Planned here and not where they are used, so that the code of the FFTs is compiled once, in
    // this crate, and not in every crate that uses a plan.
    #[doc(hidden)]
    fn plan_fft(length: usize, direction: FftDirection) -> Arc<dyn Fft<Self>>;

    #[doc(hidden)]
    fn plan_real_fft(length: usize) -> Arc<dyn RealToComplex<Self>>;

    /// The nearest number of this precision.
    fn of(value: f64) -> Self;

    /// The same number in `f64`.
    fn wide(self) -> f64;
}

impl Real for f32 {
    const SPECTRUM_CUT: f64 = 1e-9;

    fn plan_fft(length: usize, direction: FftDirection) -> Arc<dyn Fft<Self>> {
        FftPlanner::new().plan_fft(length, direction)
    }

    fn plan_real_fft(length: usize) -> Arc<dyn RealToComplex<Self>> {
        RealFftPlanner::new().plan_fft_forward(length)
    }

    fn of(value: f64) -> Self {
        value as Self
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    const SPECTRUM_CUT: f64 = 1e-18;

    fn plan_fft(length: usize, direction: FftDirection) -> Arc<dyn Fft<Self>> {
        FftPlanner::new().plan_fft(length, direction)
    }

    fn plan_real_fft(length: usize) -> Arc<dyn RealToComplex<Self>> {
        RealFftPlanner::new().plan_fft_forward(length)
    }

    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }
}

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl<T: super::Real> Sealed for num_complex::Complex<T> {}
}
