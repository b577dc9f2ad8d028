//! Real and complex signals.

use std::sync::{Arc, OnceLock};

use num_complex::Complex;
use realfft::RealToComplex;
use rustfft::num_traits::Zero;
use rustfft::{Fft, FftDirection};

use crate::real::{Real, sealed};

/// Values that a [`CwtPlan`](crate::CwtPlan) takes: real or complex.
pub trait Sample<T: Real>: Copy + Send + Sync + Zero + sealed::Sealed {
    #[doc(hidden)]
    fn complex(self) -> Complex<T>;

    /// The spectrum at the non-negative frequencies; `signal` is used up.
    #[doc(hidden)]
    fn spectrum(forward: &Forward<T>, signal: &mut [Self], out: &mut Vec<Complex<T>>);
}

/// The forward FFTs of one length.
#[doc(hidden)]
pub struct Forward<T: Real> {
    real: Arc<dyn RealToComplex<T>>,
    /// Planned when it is needed, which is rare.
    complex: OnceLock<Arc<dyn Fft<T>>>,
}

impl<T: Real> std::fmt::Debug for Forward<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forward").finish_non_exhaustive()
    }
}

impl<T: Real> Forward<T> {
    pub(crate) fn new(length: usize) -> Self {
        Self { real: T::plan_real_fft(length), complex: OnceLock::new() }
    }
}

impl<T: Real> Sample<T> for T {
    fn complex(self) -> Complex<T> {
        Complex::new(self, T::zero())
    }

    fn spectrum(forward: &Forward<T>, signal: &mut [T], out: &mut Vec<Complex<T>>) {
        out.resize(signal.len() / 2 + 1, Complex::new(T::zero(), T::zero()));
        // Fails for buffers of wrong lengths alone, and these come from the plan.
        let done = forward.real.process(signal, out);
        debug_assert!(done.is_ok());
    }
}

impl<T: Real> Sample<T> for Complex<T> {
    fn complex(self) -> Self {
        self
    }

    fn spectrum(forward: &Forward<T>, signal: &mut [Self], out: &mut Vec<Self>) {
        let plan = || T::plan_fft(signal.len(), FftDirection::Forward);
        forward.complex.get_or_init(plan).process(signal);
        out.clear();
        out.extend_from_slice(&signal[..signal.len() / 2 + 1]);
    }
}
