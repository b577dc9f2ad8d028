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
}

/// Filters in place through one band after the other.
pub(crate) fn equalise(signal: &mut [f32], bands: &[Band], rate: f32) {
    for group in bands.chunks(LANES) {
        Cascade::new(group, rate).run(signal);
    }
}

const LANES: usize = 4;

/// Four sections side by side, each one sample behind the one before: a section need not wait for
/// its input, and the four take the time of one.
struct Cascade {
    b: [[f32; LANES]; 3],
    a: [[f32; LANES]; 2],
}

impl Cascade {
    /// Missing sections pass everything.
    fn new(bands: &[Band], rate: f32) -> Self {
        let mut all = Self { b: [[1.0; LANES], [0.0; LANES], [0.0; LANES]], a: [[0.0; LANES]; 2] };
        for (lane, band) in bands.iter().enumerate() {
            let section = Biquad::new(*band, rate);
            section.b.iter().zip(&mut all.b).for_each(|(b, row)| row[lane] = *b);
            section.a.iter().zip(&mut all.a).for_each(|(a, row)| row[lane] = *a);
        }
        all
    }

    fn run(&self, signal: &mut [f32]) {
        const LAG: usize = LANES - 1;
        let [b0, b1, b2] = self.b;
        let [a1, a2] = self.a;
        let (mut z0, mut z1, mut y) = ([0.0_f32; LANES], [0.0_f32; LANES], [0.0_f32; LANES]);
        let mut step = |input: f32| {
            let x = [input, y[0], y[1], y[2]];
            for k in 0..LANES {
                y[k] = b0[k] * x[k] + z0[k];
                z0[k] = b1[k] * x[k] - a1[k] * y[k] + z1[k];
                z1[k] = b2[k] * x[k] - a2[k] * y[k];
            }
            y[LAG]
        };
        let count = signal.len();
        for n in 0..count + LAG {
            // The offset keeps the state out of the slow range of denormal numbers.
            let out = step(signal.get(n).copied().unwrap_or(0.0) + 1e-15);
            if n >= LAG {
                signal[n - LAG] = out;
            }
        }
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
    pub(crate) fn new() -> Self {
        Self { pole: 0.1, low: 0.0 }
    }

    /// Moves the pivot to a frequency in Hz.
    pub(crate) fn turn(&mut self, pivot: f32, rate: f32) {
        self.pole = 1.0 - (-TAU * pivot / rate).exp();
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
        let mut signal: Vec<f32> =
            (0..44_100).map(|n| (TAU * (hz * n as f32 / rate).fract()).sin()).collect();
        equalise(&mut signal, &[band], rate);
        let power: f32 = signal[22_050..].iter().map(|x| x * x).sum::<f32>() / 22_050.0;
        10.0 * (2.0 * power).log10()
    }

    #[test]
    fn a_chain_is_one_band_after_the_other() {
        let bands = [
            Band::LowPass(3000.0),
            Band::Peak { hz: 800.0, db: 6.0, q: 1.0 },
            Band::HighPass(60.0),
            Band::HighShelf { hz: 2000.0, db: -3.0 },
            Band::LowShelf { hz: 200.0, db: 3.0 },
        ];
        let signal: Vec<f32> = (0..500).map(|n| ((n * n) as f32 * 0.01).sin()).collect();
        let (mut together, mut apart) = (signal.clone(), signal);
        equalise(&mut together, &bands, 44_100.0);
        bands.iter().for_each(|band| equalise(&mut apart, &[*band], 44_100.0));
        assert!(together.iter().zip(&apart).all(|(a, b)| (a - b).abs() < 1e-6));
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
