//! What is taken out of the sound before the transform: DC and rumble.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// A Butterworth high-pass filter of second order, for a mono stream in blocks.
///
/// It starts as if the first sample had lasted forever, so that a constant offset gives zeros and
/// no click at the start.
pub(crate) struct HighPass {
    /// Numerator (b0, b1; b2 = b0) and denominator (a1, a2).
    b: [f64; 2],
    a: [f64; 2],
    state: Option<[f64; 2]>,
}

impl HighPass {
    /// A filter with its -3 dB point at `cutoff` Hz, below half of the sample rate `rate`.
    pub(crate) fn new(cutoff: f64, rate: u32) -> Self {
        // The bilinear transform of 1/(s² + √2 s + 1), mirrored in frequency.
        let (sin, cos) = (TAU * cutoff / f64::from(rate)).sin_cos();
        let alpha = sin * FRAC_1_SQRT_2;
        let scale = 1.0 / (1.0 + alpha);
        Self {
            b: [0.5 * (1.0 + cos) * scale, -(1.0 + cos) * scale],
            a: [-2.0 * cos * scale, (1.0 - alpha) * scale],
            state: None,
        }
    }

    /// Filters the next samples in place.
    pub(crate) fn filter(&mut self, samples: &mut [f32]) {
        let Some(&first) = samples.first() else { return };
        let ([b0, b1], [a1, a2]) = (self.b, self.a);
        let first = f64::from(first);
        let [mut s1, mut s2] = self.state.unwrap_or([-b0 * first, b0 * first]);
        for sample in samples {
            let x = f64::from(*sample);
            let y = b0 * x + s1;
            s1 = b1 * x - a1 * y + s2;
            s2 = b0 * x - a2 * y;
            *sample = y as f32;
        }
        // Far below any sample, and kept out of the slow range of the smallest numbers.
        let rest = |state: f64| if state.abs() < 1e-30 { 0.0 } else { state };
        self.state = Some([rest(s1), rest(s2)]);
    }
}

/// The largest magnitude.
pub(crate) fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak: f32, sample| peak.max(sample.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gain in dB that a tone gets once the filter has settled.
    fn gain(frequency: f64, rate: u32) -> f64 {
        let step = TAU * frequency / f64::from(rate);
        let mut tone: Vec<f32> =
            (0..2 * rate).map(|i| (step * f64::from(i)).sin() as f32).collect();
        HighPass::new(20.0, rate).filter(&mut tone);
        20.0 * f64::from(peak(&tone[rate as usize..])).log10()
    }

    #[test]
    fn music_passes_and_rumble_does_not() {
        for rate in [8_000, 44_100, 192_000] {
            assert!((gain(20.0, rate) + 3.01).abs() < 0.05, "{rate}: {}", gain(20.0, rate));
            assert!((gain(5.0, rate) + 24.1).abs() < 0.2, "{rate}: {}", gain(5.0, rate));
            assert!((gain(30.0, rate) + 0.78).abs() < 0.05, "{rate}: {}", gain(30.0, rate));
            assert!(gain(1000.0, rate).abs() < 0.01, "{rate}: {}", gain(1000.0, rate));
        }
    }

    #[test]
    fn an_offset_leaves_nothing_from_the_first_sample_on() {
        let mut constant = vec![0.3; 44_100];
        HighPass::new(20.0, 44_100).filter(&mut constant);
        assert!(peak(&constant) < 1e-9, "{}", peak(&constant));
    }

    #[test]
    fn the_cut_into_blocks_does_not_matter() {
        let samples: Vec<f32> = (0..5000).map(|i| ((i * i) % 701) as f32 / 701.0 - 0.4).collect();
        let mut whole = samples.clone();
        HighPass::new(20.0, 44_100).filter(&mut whole);
        let (mut filter, mut parts) = (HighPass::new(20.0, 44_100), samples);
        parts.chunks_mut(7).for_each(|block| filter.filter(block));
        assert_eq!(whole, parts);
    }
}
