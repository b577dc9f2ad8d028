//! Real and complex signals.

use std::sync::{Arc, OnceLock};

use num_complex::Complex;
use realfft::RealToComplex;
use rustfft::num_traits::Zero;
use rustfft::{Fft, FftDirection};

use crate::Error;
use crate::real::{Real, sealed};

/// Values that a [`CwtPlan`](crate::CwtPlan) takes: real or complex.
pub trait Sample<T: Real>: Copy + Send + Sync + Zero + sealed::Sealed {
    /// 1 for real signals, whose negative frequencies mirror the positive ones; 2 for complex ones.
    #[doc(hidden)]
    const SIDES: usize;

    #[doc(hidden)]
    fn complex(self) -> Complex<T>;

    #[doc(hidden)]
    fn conjugate(self) -> Self;

    #[doc(hidden)]
    fn scaled(self, gain: T) -> Self;

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
        f.debug_struct("Forward").field("length", &self.real.len()).finish_non_exhaustive()
    }
}

impl<T: Real> Forward<T> {
    pub(crate) fn new(length: usize) -> Self {
        Self { real: T::plan_real_fft(length), complex: OnceLock::new() }
    }
}

impl<T: Real> Sample<T> for T {
    const SIDES: usize = 1;

    fn complex(self) -> Complex<T> {
        Complex::new(self, T::zero())
    }

    fn conjugate(self) -> T {
        self
    }

    fn scaled(self, gain: T) -> T {
        self * gain
    }

    fn spectrum(forward: &Forward<T>, signal: &mut [T], out: &mut Vec<Complex<T>>) {
        out.resize(signal.len() / 2 + 1, Complex::new(T::zero(), T::zero()));
        // Fails for buffers of wrong lengths alone, and these come from the plan.
        let done = forward.real.process(signal, out);
        debug_assert!(done.is_ok());
    }
}

impl<T: Real> Sample<T> for Complex<T> {
    const SIDES: usize = 2;

    fn complex(self) -> Self {
        self
    }

    fn conjugate(self) -> Self {
        self.conj()
    }

    fn scaled(self, gain: T) -> Self {
        self * gain
    }

    fn spectrum(forward: &Forward<T>, signal: &mut [Self], out: &mut Vec<Self>) {
        let plan = || T::plan_fft(signal.len(), FftDirection::Forward);
        forward.complex.get_or_init(plan).process(signal);
        out.clear();
        out.extend_from_slice(&signal[..signal.len() / 2 + 1]);
    }
}

/// How large a signal is, and what it is multiplied with so that squares of its coefficients
/// neither overflow nor vanish.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loudness<T> {
    /// The largest absolute value (of complex samples: of a part).
    pub largest: T,
    /// A power of two; 1 for signals of usual size, whose bits are not touched.
    pub gain: T,
}

impl<T: Real> Loudness<T> {
    /// Looks at all samples.
    ///
    /// # Errors
    /// [`Error::NotFinite`] with the first sample that is not.
    pub fn of<S: Sample<T>>(signal: &[S]) -> Result<Self, Error> {
        let mut largest = T::zero();
        for (index, sample) in signal.iter().enumerate() {
            let sample = sample.complex();
            for part in [sample.re, sample.im] {
                if !part.is_finite() {
                    return Err(Error::NotFinite { index: index as u64, value: part.wide() });
                }
                largest = largest.max(part.abs());
            }
        }
        let exponent = largest.wide().log2().round();
        let usual = largest == T::zero() || exponent.abs() <= T::USUAL_EXPONENT;
        let gain = if usual { T::one() } else { T::of((-exponent).exp2().min(T::MOST_GAIN)) };
        Ok(Self { largest, gain })
    }

    /// The modulus up to which a coefficient of the scaled signal has no frequency: given by the
    /// caller, or relative to the signal, by what rounding leaves.
    pub fn threshold(self, absolute: Option<T>) -> T {
        match absolute {
            Some(absolute) => absolute * self.gain,
            None => crate::phase::default_threshold::<T>() * (self.largest * self.gain),
        }
    }

    /// Undoes the scaling.
    ///
    /// # Errors
    /// [`Error::Overflow`] where a result does not fit into the precision.
    pub fn restore<'a>(
        self,
        values: impl IntoIterator<Item = &'a mut Complex<T>>,
    ) -> Result<(), Error>
    where
        T: 'a,
    {
        if self.gain == T::one() {
            return Ok(());
        }
        for value in values {
            let restored = Complex::new(value.re / self.gain, value.im / self.gain);
            if restored.re.is_infinite() || restored.im.is_infinite() {
                let limit = T::max_value().wide() * 1e-6;
                return Err(Error::Overflow { largest: self.largest.wide(), limit });
            }
            *value = restored;
        }
        Ok(())
    }
}
