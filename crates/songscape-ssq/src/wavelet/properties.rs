//! Numbers that describe a wavelet, found only from its spectrum.

use num_complex::Complex;
use rustfft::FftDirection;

use super::Wavelet;
use crate::real::Real;

/// Widths, centres and admissibility constants of a wavelet at scale 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Properties {
    /// Where |ψ̂| is largest, radians.
    pub peak: f64,
    /// ∫w|ψ̂|²dw / ∫|ψ̂|²dw, radians: the mean frequency of its energy.
    pub mean: f64,
    /// The standard deviation of |ψ̂|² around the mean, radians.
    pub frequency_deviation: f64,
    /// The standard deviation of |ψ|² around 0, in units of the scale.
    pub time_deviation: f64,
    /// ∫ψ̂(w)/w dw: what one-integral inverses divide by (Daubechies, Lu, Wu 2011).
    pub admissibility_ssq: f64,
    /// ∫|ψ̂(w)|²/w dw: what the two-integral inverse divides by, Calderón's constant.
    pub admissibility_cwt: f64,
}

impl Properties {
    /// The properties of a wavelet, by quadrature to about 1e-9 for smooth spectra.
    #[must_use]
    pub fn of(wavelet: &dyn Wavelet) -> Self {
        let (low, high) = support(wavelet, 1e-16);
        let integral = |f: &dyn Fn(f64, f64) -> f64| integrate(wavelet, low, high, f);
        let energy = integral(&|_, psi| psi * psi);
        let mean = integral(&|w, psi| w * psi * psi) / energy;
        let variance = integral(&|w, psi| (w - mean).powi(2) * psi * psi) / energy;
        let step = (high - low) / POINTS as f64;
        let slope = (0..=POINTS)
            .map(|i| {
                let w = low + i as f64 * step;
                let difference = wavelet.spectrum(w + step) - wavelet.spectrum((w - step).max(0.0));
                (difference / (2.0 * step)).powi(2)
            })
            .sum::<f64>()
            * step;
        Self {
            peak: wavelet.peak(),
            mean,
            frequency_deviation: variance.sqrt(),
            time_deviation: (slope / energy).sqrt(),
            admissibility_ssq: admissibility_ssq(wavelet),
            admissibility_cwt: integral(&|w, psi| psi * psi / w),
        }
    }
}

const POINTS: usize = 100_000;

/// The trapezoidal rule, which converges faster than any power for spectra that vanish smoothly
/// at both ends.
fn integrate(wavelet: &dyn Wavelet, low: f64, high: f64, f: &dyn Fn(f64, f64) -> f64) -> f64 {
    let step = (high - low) / POINTS as f64;
    (0..=POINTS)
        .map(|i| low + i as f64 * step)
        .filter(|w| *w > 0.0)
        .map(|w| f(w, wavelet.spectrum(w)))
        .sum::<f64>()
        * step
}

/// ∫ψ̂(w)/w dw.
pub(crate) fn admissibility_ssq(wavelet: &dyn Wavelet) -> f64 {
    let (low, high) = support(wavelet, 1e-18);
    integrate(wavelet, low, high, &|w, psi| psi / w)
}

/// The interval outside which |ψ̂| stays below `cut` times its largest value. Searched for on a
/// grid from 2^-20 to 2^10 times the peak, 256 steps to an octave.
pub(crate) fn support(wavelet: &dyn Wavelet, cut: f64) -> (f64, f64) {
    let peak = wavelet.peak();
    let at = |i: i32| peak * (f64::from(i) / 256.0).exp2();
    let level = cut * wavelet.spectrum(peak).abs();
    let above = |i: &i32| wavelet.spectrum(at(*i)).abs() > level;
    let low = (-20 * 256..0).find(above).unwrap_or(0);
    let high = (1..=10 * 256).rev().find(above).unwrap_or(0);
    (at(low - 1), at(high + 1))
}

/// How long a wavelet with this support takes to fall to `cut` of its largest modulus for good, in
/// units of the scale; `None` where it is longer than about 1,000 of its own widths.
pub(crate) fn time_reach(wavelet: &dyn Wavelet, (low, high): (f64, f64), cut: f64) -> Option<f64> {
    const POINTS: usize = 8192;
    // The spectrum's place does not matter to the modulus, so its start is bin 0; four times as
    // many bins as it fills are four points in time for each that are needed.
    let step = (high - low) / POINTS as f64;
    let value = |i: usize| Complex::new(wavelet.spectrum((low + i as f64 * step).max(0.0)), 0.0);
    let mut psi: Vec<Complex<f64>> = (0..POINTS).map(value).collect();
    psi.resize(4 * POINTS, Complex::new(0.0, 0.0));
    f64::plan_fft(psi.len(), FftDirection::Inverse).process(&mut psi);
    let level = cut * psi.iter().map(|psi| psi.norm()).fold(0.0, f64::max);
    // A real spectrum has a symmetric modulus: the first half are the times after the middle.
    let half = &psi[..psi.len() / 2];
    let last = half.iter().rposition(|psi| psi.norm() > level).unwrap_or(0) + 1;
    let time = last as f64 * std::f64::consts::TAU / (step * psi.len() as f64);
    (last < half.len() / 2).then_some(time)
}

/// The time, in units of the scale, from which on a wavelet with this support stays below `share` of
/// its largest modulus; infinite where it takes longer than [`time_reach`] looks.
pub(crate) fn time_of_share(wavelet: &dyn Wavelet, support: (f64, f64), share: f64) -> f64 {
    const POINTS: usize = 1000;
    let (low, high) = support;
    let Some(after) = time_reach(wavelet, support, share) else { return f64::INFINITY };
    let step = (high - low) / POINTS as f64;
    let spectrum: Vec<(f64, f64)> = (0..=POINTS)
        .map(|i| low + i as f64 * step)
        .map(|w| (w, wavelet.spectrum(w.max(0.0))))
        .collect();
    let modulus = |t: f64| {
        spectrum
            .iter()
            .map(|(w, psi)| Complex::from_polar(*psi, w * t))
            .sum::<Complex<f64>>()
            .norm()
    };
    // The grid on which `after` was found has steps of π/2 over the width of the band.
    let grid = std::f64::consts::FRAC_PI_2 / (high - low);
    let largest = (0..).map(|i| f64::from(i) * grid).take_while(|t| *t <= after).map(modulus);
    let level = share * largest.fold(0.0, f64::max);
    let (mut above, mut below) = ((after - grid).max(0.0), after);
    for _ in 0..40 {
        let middle = above.midpoint(below);
        if modulus(middle) > level { above = middle } else { below = middle }
    }
    below
}

/// The w where |ψ̂| is largest, to about 1e-8 of it: a grid over 60 octaves, then golden sections.
pub(super) fn search_peak(spectrum: &dyn Fn(f64) -> f64) -> f64 {
    let at = |i: i32| (f64::from(i) / 512.0).exp2();
    let best = (-30 * 512..30 * 512)
        .map(|i| (i, spectrum(at(i)).abs()))
        .filter(|(_, value)| !value.is_nan())
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(i, _)| i);
    let (mut low, mut high) = (at(best - 1), at(best + 1));
    for _ in 0..60 {
        let third = (high - low) * 0.381_966_011_250_105;
        if spectrum(low + third).abs() < spectrum(high - third).abs() {
            low += third;
        } else {
            high -= third;
        }
    }
    0.5 * (low + high)
}

/// The peak on a grid of 1e-3, from which the classic scale bounds are defined.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridPeak {
    pub at: f64,
    pub value: f64,
}

/// Points of the grid with spacing 1e-3 in the interval of length 10 with this number.
fn grid(interval: u32) -> impl Iterator<Item = f64> {
    let start = 10.0 * f64::from(interval);
    (0..10_000).map(move |i| f64::from(i) * 1e-3 + start)
}

/// Intervals that are looked at before giving up on a wavelet that never decays.
const INTERVALS: u32 = 1000;

/// The first largest |ψ̂| on the grid, in intervals of 10 until they get lower.
pub(crate) fn grid_peak(wavelet: &dyn Wavelet) -> GridPeak {
    let mut best = GridPeak { at: 0.0, value: -1.0 };
    for interval in 0..INTERVALS {
        let mut highest = GridPeak { at: 0.0, value: -1.0 };
        for at in grid(interval) {
            let value = wavelet.spectrum(at).abs();
            if value > highest.value {
                highest = GridPeak { at, value };
            }
        }
        if highest.value > best.value {
            best = highest;
        } else if highest.value < best.value {
            break;
        }
    }
    best
}

/// The grid point up to `limit` where |ψ̂| comes nearest to `value`, in the first interval of the
/// grid where it comes within a step of it.
pub(crate) fn first_reaching(wavelet: &dyn Wavelet, value: f64, limit: f64) -> Option<f64> {
    for interval in 0..INTERVALS {
        let points: Vec<f64> = grid(interval).map(|w| w.min(limit)).collect();
        let heights: Vec<f64> = points.iter().map(|w| wavelet.spectrum(*w).abs()).collect();
        let step = heights.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
        let nearest = points
            .iter()
            .zip(&heights)
            .map(|(w, height)| (*w, (height - value).abs()))
            .reduce(|best, next| if next.1 < best.1 { next } else { best })?;
        if nearest.1 <= step {
            return Some(nearest.0);
        }
    }
    None
}
