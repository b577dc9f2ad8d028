//! Test signals, with unit amplitude and known instantaneous frequencies.
//!
//! All start at time 0 and have `samples` samples at `rate` Hz.

use std::f64::consts::TAU;

fn times(samples: usize, rate: f64) -> impl Iterator<Item = f64> {
    (0..samples).map(move |n| n as f64 / rate)
}

fn cosine(samples: usize, rate: f64, cycles: impl Fn(f64) -> f64) -> Vec<f64> {
    times(samples, rate).map(|t| (TAU * cycles(t)).cos()).collect()
}

/// A cosine of `frequency` Hz.
#[must_use]
pub fn tone(samples: usize, rate: f64, frequency: f64) -> Vec<f64> {
    cosine(samples, rate, |t| frequency * t)
}

/// A chirp whose frequency goes from `from` to `to` Hz in equal steps.
#[must_use]
pub fn linear_chirp(samples: usize, rate: f64, from: f64, to: f64) -> Vec<f64> {
    let duration = samples as f64 / rate;
    cosine(samples, rate, |t| t * (from + (to - from) * t / (2.0 * duration)))
}

/// A chirp whose frequency goes from `from` to `to` Hz (both positive) in equal ratios.
#[must_use]
pub fn exponential_chirp(samples: usize, rate: f64, from: f64, to: f64) -> Vec<f64> {
    let growth = (to / from).ln() * rate / samples as f64;
    if growth == 0.0 {
        return tone(samples, rate, from);
    }
    cosine(samples, rate, |t| from * (growth * t).exp_m1() / growth)
}

/// A chirp whose period goes from 1 / `from` to 1 / `to` seconds (both positive) in equal steps.
#[must_use]
pub fn hyperbolic_chirp(samples: usize, rate: f64, from: f64, to: f64) -> Vec<f64> {
    let change = (1.0 / to - 1.0 / from) * rate / samples as f64;
    if change == 0.0 {
        return tone(samples, rate, from);
    }
    cosine(samples, rate, |t| (change * from * t).ln_1p() / change)
}

/// A carrier of `frequency` Hz, its amplitude between 1 − `depth` and 1 and its frequency within
/// `deviation` Hz, both at `modulation` Hz.
#[must_use]
pub fn am_fm(
    samples: usize,
    rate: f64,
    frequency: f64,
    modulation: f64,
    depth: f64,
    deviation: f64,
) -> Vec<f64> {
    times(samples, rate)
        .map(|t| {
            let phase = TAU * modulation * t;
            let amplitude = 1.0 - 0.5 * depth * (1.0 - phase.cos());
            amplitude * (TAU * frequency * t + deviation / modulation * phase.sin()).cos()
        })
        .collect()
}

/// A tone that jumps from `from` to `to` Hz in the middle, its phase continuous.
#[must_use]
pub fn jump(samples: usize, rate: f64, from: f64, to: f64) -> Vec<f64> {
    let middle = samples as f64 / (2.0 * rate);
    cosine(samples, rate, |t| from * t.min(middle) + to * (t - middle).max(0.0))
}

/// Zeros but for a 1 at sample `at`.
#[must_use]
pub fn impulse(samples: usize, at: usize) -> Vec<f64> {
    (0..samples).map(|n| if n == at { 1.0 } else { 0.0 }).collect()
}

/// Gaussian white noise of unit variance: the same for the same seed.
#[must_use]
pub fn white_noise(samples: usize, seed: u64) -> Vec<f64> {
    // SplitMix64 (Steele, Lea, Flood 2014), and the Box-Muller transform.
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..samples)
        .map(|_| {
            let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
            radius * (TAU * uniform()).cos()
        })
        .collect()
}

/// Gaussian red noise of unit variance, x(n) = α·x(n − 1) + z(n) with a correlation α below 1: the
/// same for the same seed.
#[must_use]
pub fn red_noise(samples: usize, correlation: f64, seed: u64) -> Vec<f64> {
    let alpha = correlation.clamp(-1.0, 1.0);
    let gain = (1.0 - alpha * alpha).sqrt();
    let mut noise = white_noise(samples, seed);
    for n in 1..samples {
        noise[n] = alpha * noise[n - 1] + gain * noise[n];
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chirps_end_at_their_last_frequency() {
        let (samples, rate) = (100_000, 1000.0);
        for chirp in [linear_chirp, exponential_chirp, hyperbolic_chirp, jump] {
            let signal = chirp(samples, rate, 20.0, 50.0);
            // Zero crossings in the first and the last second.
            let crossings = |part: &[f64]| {
                part.windows(2).filter(|pair| (pair[0] < 0.0) != (pair[1] < 0.0)).count()
            };
            assert!(crossings(&signal[..1000]).abs_diff(40) <= 2);
            assert!(crossings(&signal[samples - 1000..]).abs_diff(100) <= 2);
        }
    }

    #[test]
    fn noise_is_normal() {
        let noise = white_noise(100_000, 1);
        let mean = noise.iter().sum::<f64>() / 1e5;
        let variance = noise.iter().map(|x| x * x).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02);
        assert_eq!(noise, white_noise(100_000, 1));
        assert_ne!(noise, white_noise(100_000, 2));
    }
}
