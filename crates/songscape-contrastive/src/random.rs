//! Random numbers and curves for changes of the sound.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Uniform between `-most` and `most`.
pub(crate) fn both_ways(rng: &mut ChaCha8Rng, most: f64) -> f64 {
    most * rng.random_range(-1.0..=1.0)
}

/// The sum of twelve uniform numbers: normal enough for an equaliser, and always as many draws.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
}

/// A smooth random curve over some octaves: two normal knots per octave, and no corners.
#[derive(Debug)]
pub(crate) struct Curve {
    knots: Vec<f64>,
}

impl Curve {
    /// Draws one, for 0 to so many octaves.
    pub(crate) fn draw(rng: &mut ChaCha8Rng, octaves: f64, deviation: f64) -> Self {
        let count = (2.0 * octaves).ceil() as usize + 2;
        Self { knots: (0..count).map(|_| deviation * normal(rng)).collect() }
    }

    /// Its value after so many octaves.
    pub(crate) fn at(&self, octaves: f64) -> f64 {
        let at = 2.0 * octaves;
        let (knot, part) = (at as usize, at.fract());
        // A cosine between the knots.
        let part = 0.5 - 0.5 * (std::f64::consts::PI * part).cos();
        self.knots[knot] * (1.0 - part) + self.knots[knot + 1] * part
    }
}
