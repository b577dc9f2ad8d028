//! Second-order filters (Bristow-Johnson, *Cookbook formulae for audio EQ biquad filter
//! coefficients*) in transposed direct form II, and a one-pole tilt.

use std::f32::consts::{FRAC_1_SQRT_2, TAU};

/// One band of an equaliser: what it does, where (Hz), how much (dB) and how narrow (Q).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Band {
    LowPass(f32),
    HighPass(f32),
    LowShelf {
        hz: f32,
        db: f32,
    },
    HighShelf {
        hz: f32,
        db: f32,
    },
    Peak {
        hz: f32,
        db: f32,
        q: f32,
    },
    /// Unit gain at the centre.
    Passband {
        hz: f32,
        q: f32,
    },
}

/// A second-order filter with its state.
#[derive(Debug, Clone)]
pub(crate) struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    z: [f32; 2],
}

impl Biquad {
    /// The filter of a band at a sample rate. Frequencies are kept below 0.45 of the rate.
    pub(crate) fn new(band: Band, rate: f32) -> Self {
        let (hz, q, db) = match band {
            Band::LowPass(hz) | Band::HighPass(hz) => (hz, FRAC_1_SQRT_2, 0.0),
            Band::LowShelf { hz, db } | Band::HighShelf { hz, db } => (hz, FRAC_1_SQRT_2, db),
            Band::Peak { hz, db, q } => (hz, q, db),
            Band::Passband { hz, q } => (hz, q, 0.0),
        };
        let (sin, cos) = (TAU * hz.clamp(5.0, 0.45 * rate) / rate).sin_cos();
        let alpha = sin / (2.0 * q);
        let gain = 10_f32.powf(db / 40.0);
        let root = 2.0 * gain.sqrt() * alpha;
        let (b, a) = match band {
            Band::LowPass(_) => {
                let side = (1.0 - cos) / 2.0;
                ([side, 1.0 - cos, side], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
            }
            Band::HighPass(_) => {
                let side = (1.0 + cos) / 2.0;
                ([side, -1.0 - cos, side], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
            }
            Band::Passband { .. } => ([alpha, 0.0, -alpha], [1.0 + alpha, -2.0 * cos, 1.0 - alpha]),
            Band::Peak { .. } => (
                [1.0 + alpha * gain, -2.0 * cos, 1.0 - alpha * gain],
                [1.0 + alpha / gain, -2.0 * cos, 1.0 - alpha / gain],
            ),
            Band::LowShelf { .. } => shelf(gain, cos, root),
            Band::HighShelf { .. } => {
                // The mirror image: the low shelf with the sign of cos and of the odd terms changed.
                let (b, a) = shelf(gain, -cos, root);
                ([b[0], -b[1], b[2]], [a[0], -a[1], a[2]])
            }
        };
        Self { b: b.map(|x| x / a[0]), a: [a[1] / a[0], a[2] / a[0]], z: [0.0; 2] }
    }

    #[inline]
    pub(crate) fn step(&mut self, x: f32) -> f32 {
        let y = self.b[0] * x + self.z[0];
        self.z[0] = self.b[1] * x - self.a[0] * y + self.z[1];
        self.z[1] = self.b[2] * x - self.a[1] * y;
        y
    }

    /// Filters in place. The state is kept for the next call.
    pub(crate) fn run(&mut self, signal: &mut [f32]) {
        let mut own = self.clone();
        for x in signal {
            // The offset keeps the state out of the slow range of denormal numbers.
            *x = own.step(*x + 1e-15);
        }
        *self = own;
    }
}

fn shelf(gain: f32, cos: f32, root: f32) -> ([f32; 3], [f32; 3]) {
    let (up, down) = (gain + 1.0, gain - 1.0);
    (
        [
            gain * (up - down * cos + root),
            2.0 * gain * (down - up * cos),
            gain * (up - down * cos - root),
        ],
        [up + down * cos + root, -2.0 * (down + up * cos), up + down * cos - root],
    )
}

/// Turns the spectrum around a pivot frequency: `db` up above it and down below it.
#[derive(Debug, Clone)]
pub(crate) struct Tilt {
    pole: f32,
    low: f32,
}

impl Tilt {
    pub(crate) fn new(pivot: f32, rate: f32) -> Self {
        Self { pole: 1.0 - (-TAU * pivot / rate).exp(), low: 0.0 }
    }

    /// Filters in place with a tilt that goes from `from` to `to` dB along the slice.
    pub(crate) fn run(&mut self, signal: &mut [f32], from: f32, to: f32) {
        let gain = |db: f32| 10_f32.powf(db / 20.0);
        let count = signal.len().max(1) as f32;
        let (mut up, mut down) = (gain(from), gain(-from));
        let (rise, fall) = ((gain(to) - up) / count, (gain(-to) - down) / count);
        for x in signal {
            self.low += self.pole * (*x + 1e-15 - self.low);
            *x = self.low * down + (*x - self.low) * up;
            up += rise;
            down += fall;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gain in dB at a frequency, measured with a sine.
    fn gain(band: Band, hz: f32) -> f32 {
        let rate = 44_100.0;
        let mut filter = Biquad::new(band, rate);
        let mut signal: Vec<f32> =
            (0..44_100).map(|n| (TAU * (hz * n as f32 / rate).fract()).sin()).collect();
        filter.run(&mut signal);
        let power: f32 = signal[22_050..].iter().map(|x| x * x).sum::<f32>() / 22_050.0;
        10.0 * (2.0 * power).log10()
    }

    #[test]
    fn bands_have_their_gains() {
        for (band, hz, db) in [
            (Band::LowPass(1000.0), 1000.0, -3.01),
            (Band::LowPass(1000.0), 50.0, 0.0),
            (Band::HighPass(1000.0), 1000.0, -3.01),
            (Band::HighPass(1000.0), 12_000.0, 0.0),
            (Band::Peak { hz: 800.0, db: 6.0, q: 1.0 }, 800.0, 6.0),
            (Band::Peak { hz: 800.0, db: 6.0, q: 2.0 }, 20.0, 0.0),
            (Band::LowShelf { hz: 300.0, db: -5.0 }, 20.0, -5.0),
            (Band::LowShelf { hz: 300.0, db: -5.0 }, 9000.0, 0.0),
            (Band::HighShelf { hz: 2000.0, db: 4.0 }, 18_000.0, 4.0),
            (Band::HighShelf { hz: 2000.0, db: 4.0 }, 50.0, 0.0),
            (Band::Passband { hz: 500.0, q: 2.0 }, 500.0, 0.0),
        ] {
            let found = gain(band, hz);
            assert!((found - db).abs() < 0.1, "{band:?} at {hz} Hz: {found} dB, expected {db}");
        }
    }
}
