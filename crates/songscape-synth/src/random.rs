//! Random draws whose values depend only on the seed, not on the version of a library of
//! distributions: everything is derived here from the words of one ChaCha stream.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for. Streams of different purposes are independent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Roster = 1,
    Artist = 2,
    Song = 3,
    Score = 4,
    Sound = 5,
    Names = 6,
}

/// The stream of one purpose and index under a seed.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: usize) -> Draw {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..24].copy_from_slice(&(index as u64).to_le_bytes());
    Draw(ChaCha8Rng::from_seed(key))
}

/// Draws for plans and parameters.
#[derive(Debug, Clone)]
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    pub(crate) fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.word() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A whole number in `[0, n)`, 0 for `n` = 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.word()) * n as u64) >> 32) as usize
    }

    /// Standard normal (Box and Muller), cut at ±2.5.
    pub(crate) fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        (radius * (std::f32::consts::TAU * self.unit()).cos()).clamp(-2.5, 2.5)
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One item; all are equally likely. The list must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// An index with a probability in proportion to its weight.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f32> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f32>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            if weight > 0.0 {
                last = index;
                if left < weight {
                    break;
                }
            }
            left -= weight;
        }
        last
    }
}

/// White noise for sound: a 32-bit xorshift generator (Marsaglia 2003).
#[derive(Debug, Clone)]
pub(crate) struct Noise(u32);

impl Noise {
    pub(crate) fn new(draw: &mut Draw) -> Self {
        Self(draw.word() | 1)
    }

    /// Uniform in `[-1, 1)`.
    #[inline]
    pub(crate) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as i32 as f32 * (1.0 / 2_147_483_648.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_purpose_and_index() {
        let words = |purpose, index| {
            let mut draw = stream(7, purpose, index);
            [draw.word(), draw.word()]
        };
        assert_eq!(words(Purpose::Song, 3), words(Purpose::Song, 3));
        assert_ne!(words(Purpose::Song, 3), words(Purpose::Song, 4));
        assert_ne!(words(Purpose::Song, 3), words(Purpose::Sound, 3));
    }

    #[test]
    fn weights_are_kept() {
        let mut draw = stream(1, Purpose::Song, 0);
        let mut counts = [0_u32; 3];
        for _ in 0..4000 {
            counts[draw.weighted([1.0, 0.0, 3.0].into_iter())] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2800..3200).contains(&counts[2]), "{counts:?}");
    }

    #[test]
    fn the_normal_has_mean_zero_and_deviation_one() {
        let mut draw = stream(2, Purpose::Song, 0);
        let values: Vec<f32> = (0..20_000).map(|_| draw.normal()).collect();
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (0.9..1.05).contains(&variance), "{mean} {variance}");
    }
}
