//! The two precisions.

use std::fmt::Debug;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_traits::Float;
use rustfft::{Fft, FftDirection, FftNum, FftPlanner};

/// A floating-point number that transforms can be computed in: `f32` or `f64`.
pub trait Real:
    FftNum + Float + Debug + Default + std::iter::Sum + bytemuck::Zeroable + sealed::Sealed
{
    /// Share of a wavelet's peak below which its spectrum is left out: below the rounding errors.
    #[doc(hidden)]
    const SPECTRUM_CUT: f64;

    /// The same for rows in blocks, where it is the price of speed: below the errors of the FFTs.
    #[doc(hidden)]
    const BAND_CUT: f64;

    /// Share of a wavelet's largest modulus below which it counts as over, in time.
    #[doc(hidden)]
    const TIME_CUT: f64;

    /// Cells that an interpolated coefficient depends on, even, and the least ratio of their rate
    /// to the width of the band.
    #[doc(hidden)]
    const KERNEL_WIDTH: usize;
    #[doc(hidden)]
    const OVERSAMPLING: f64;

    /// Signals whose largest value is within 2 to the power of ± this are computed as they are:
    /// squares of their coefficients, and of what the threshold keeps of them, are numbers.
    #[doc(hidden)]
    const USUAL_EXPONENT: f64;

    /// The largest power of two by which a signal is scaled: its inverse is a number, too.
    #[doc(hidden)]
    const MOST_GAIN: f64;

    /// log2(`self`) for positive numbers, to a few times the precision's epsilon; as vector code
    /// where the precision allows it.
    #[doc(hidden)]
    fn fast_log2(self) -> Self;

    /// The nearest whole number (of two, the even one), for values from 0 to 2^22.
    #[doc(hidden)]
    fn nearest(self) -> u32;

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
    const BAND_CUT: f64 = 3e-8;
    const TIME_CUT: f64 = 1e-7;
    const KERNEL_WIDTH: usize = 10;
    const OVERSAMPLING: f64 = 1.5;
    const USUAL_EXPONENT: f64 = 20.0;
    const MOST_GAIN: f64 = 8.507_059_173_023_462e37; // 2^126

    #[inline(always)]
    fn fast_log2(self) -> Self {
        let bits = self.to_bits();
        let exponent = (bits >> 23) as i32 - 127;
        let m = Self::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
        // ln((1+t)/(1-t)) = 2(t + t³/3 + …) with m = √2·(1+t)/(1-t), |t| < 0.172.
        let t = (m - std::f32::consts::SQRT_2) / (m + std::f32::consts::SQRT_2);
        let t2 = t * t;
        let series = 2.885_39 + t2 * (0.961_796_7 + t2 * (0.577_078 + t2 * 0.412_198_6));
        exponent as Self + 0.5 + t * series
    }

    // Floats near 3·2^22 are whole numbers; their last bits are read off, which every compiler
    // turns into vector code.
    #[inline(always)]
    fn nearest(self) -> u32 {
        (self + 12_582_912.0).to_bits() & 0x003f_ffff
    }

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
    const BAND_CUT: f64 = 1e-16;
    const TIME_CUT: f64 = 1e-14;
    const KERNEL_WIDTH: usize = 16;
    const OVERSAMPLING: f64 = 2.0;
    const USUAL_EXPONENT: f64 = 200.0;
    const MOST_GAIN: f64 = 4.494_232_837_155_79e307; // 2^1022

    #[inline(always)]
    fn fast_log2(self) -> Self {
        self.log2()
    }

    // As in f32, with 3·2^51.
    #[inline(always)]
    fn nearest(self) -> u32 {
        (self + 6_755_399_441_055_744.0).to_bits() as u32
    }

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
