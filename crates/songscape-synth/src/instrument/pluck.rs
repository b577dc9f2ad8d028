//! Plucked strings (Karplus and Strong 1983; fractional tuning after Jaffe and Smith 1983).

use super::{Note, Stage};
use crate::random::Noise;

/// A string that is plucked.
#[derive(Debug, Clone)]
pub(crate) struct Pluck {
    /// The pick: 0 is a soft thumb, 1 a hard plectrum.
    pub(crate) bright: f32,
    /// Where the string is plucked, as a share of its length.
    pub(crate) place: f32,
    /// Seconds in which a middle C falls by 60 dB.
    pub(crate) ring: f32,
    /// The weight of the neighbour in the loop's two-point average, in `[0.05, 0.5]`: how fast the
    /// treble dies.
    pub(crate) damping: f32,
}

impl Pluck {
    pub(crate) fn play(&self, note: &Note, stage: &mut Stage<'_>, out: &mut [f32]) {
        let period = stage.rate / note.hz();
        // The two-point average delays by `damping` samples, the all-pass by the rest.
        let whole = (period - self.damping - 0.2).floor().max(2.0);
        let rest = (period - self.damping - whole).clamp(0.05, 1.95);
        let pass = (1.0 - rest) / (1.0 + rest);
        let size = whole as usize;
        stage.string.clear();
        stage.string.resize(size, 0.0);
        self.excite(&mut stage.string, &mut stage.noise, note.velocity);

        // High strings ring shorter.
        let ring = self.ring * (-(note.pitch - 60.0) / 30.0).exp2();
        let keep = 10_f32.powf(-3.0 * period / (ring * stage.rate));
        let end = ((note.length * f64::from(stage.rate)) as usize).min(out.len());
        let tail = ((0.12 * stage.rate) as usize).min(out.len() - end);
        let hand = 0.985_f32.powf(44_100.0 / stage.rate * period / 100.0).powi(6);
        let string = &mut stage.string;
        let mut line = Line { at: 0, last: 0.0, input: 0.0, output: 0.0 };
        line.run(string, &mut out[..end], self.damping, pass, keep);
        // The hand on the string ends the note.
        line.run(string, &mut out[end..end + tail], self.damping, pass, keep * hand);
    }

    /// Fills the string with the shape of the pick: noise, dull or bright, without the harmonics
    /// that have a node where it is plucked.
    fn excite(&self, string: &mut [f32], noise: &mut Noise, velocity: f32) {
        let pole = 0.06 + 0.9 * self.bright * (0.5 + 0.5 * velocity);
        let mut low = 0.0;
        for x in string.iter_mut() {
            low += pole.min(1.0) * (noise.next() - low);
            *x = low;
        }
        let lag = ((self.place * string.len() as f32) as usize).max(1);
        for n in (lag..string.len()).rev() {
            string[n] -= 0.9 * string[n - lag];
        }
        let mean = string.iter().sum::<f32>() / string.len() as f32;
        let power = string.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>();
        let scale = 0.5 * velocity / (power / string.len() as f32).sqrt().max(1e-4);
        for x in string.iter_mut() {
            *x = (*x - mean) * scale;
        }
    }
}

/// The state of the loop around the string.
struct Line {
    at: usize,
    last: f32,
    input: f32,
    output: f32,
}

impl Line {
    fn run(&mut self, string: &mut [f32], out: &mut [f32], damping: f32, pass: f32, keep: f32) {
        let Self { mut at, mut last, mut input, mut output } = *self;
        for y in out {
            let now = string[at];
            *y += now;
            let average = keep * (now + damping * (last - now)) + 1e-15;
            last = now;
            // First-order all-pass: the fraction of a sample that tunes the string.
            output = pass * (average - output) + input;
            input = average;
            string[at] = output;
            at += 1;
            if at == string.len() {
                at = 0;
            }
        }
        *self = Self { at, last, input, output };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::{Envelope, Vibrato};
    use crate::random::{Purpose, stream};

    #[test]
    fn strings_are_in_tune() {
        for pitch in [40.0_f32, 57.0, 69.0, 76.0] {
            let envelope = Envelope { attack: 0.0, decay: 1.0, sustain: 1.0, release: 0.1 };
            let vibrato = Vibrato { hz: 0.0, cents: 0.0, delay: 0.0, slide: 0.0 };
            let noise = Noise::new(&mut stream(5, Purpose::Sound, 0));
            let mut stage = Stage {
                rate: 44_100.0,
                envelope: &envelope,
                vibrato: &vibrato,
                noise,
                string: Vec::new(),
            };
            let pluck = Pluck { bright: 0.5, place: 0.2, ring: 4.0, damping: 0.4 };
            let note = Note { start: 0.0, length: 2.0, pitch, velocity: 0.8, slide: 0.0 };
            let mut out = vec![0.0; 66_150];
            pluck.play(&note, &mut stage, &mut out);
            // The strongest autocorrelation near the expected period, late in the note.
            let late = &out[22_050..];
            let score = |hz: f32| {
                let (mut re, mut im) = (0.0_f64, 0.0_f64);
                for (n, x) in late.iter().enumerate() {
                    let angle = std::f64::consts::TAU * f64::from(hz) * n as f64 / 44_100.0;
                    re += f64::from(*x) * angle.cos();
                    im += f64::from(*x) * angle.sin();
                }
                re.hypot(im)
            };
            let best = (-30..=30)
                .max_by(|a, b| {
                    let at = |cents: i32| score(note.hz() * (cents as f32 / 1200.0).exp2());
                    at(*a).total_cmp(&at(*b))
                })
                .unwrap_or(99);
            assert!(best.abs() <= 4, "pitch {pitch}: {best} cents off");
        }
    }

    #[test]
    fn the_string_dies_away_after_the_hand() {
        let envelope = Envelope { attack: 0.0, decay: 1.0, sustain: 1.0, release: 0.1 };
        let vibrato = Vibrato { hz: 0.0, cents: 0.0, delay: 0.0, slide: 0.0 };
        let noise = Noise::new(&mut stream(5, Purpose::Sound, 0));
        let mut stage =
            Stage { rate: 44_100.0, envelope: &envelope, vibrato: &vibrato, noise, string: vec![] };
        let pluck = Pluck { bright: 0.5, place: 0.2, ring: 4.0, damping: 0.3 };
        let note = Note { start: 0.0, length: 0.5, pitch: 52.0, velocity: 0.8, slide: 0.0 };
        let mut out = vec![0.0; 44_100];
        pluck.play(&note, &mut stage, &mut out);
        let energy = |range: std::ops::Range<usize>| out[range].iter().map(|x| x * x).sum::<f32>();
        assert!(energy(26_000..27_000) < 0.02 * energy(21_000..22_000));
        assert!(energy(28_000..44_100) < 1e-9);
    }
}
