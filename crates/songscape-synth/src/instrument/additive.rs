//! Sums of harmonics, tabulated once per octave (so that none passes the Nyquist frequency) and
//! read with linear interpolation; every table holds a dull and a bright spectrum, between which a
//! note moves as it sounds.

use super::{BLOCK, Contour, Note, Pitch, Stage, increment};

const BITS: u32 = 11;
const SIZE: usize = 1 << BITS;
type Table = [[f32; 2]; SIZE + 1];

/// An instrument made of harmonics.
#[derive(Debug, Clone)]
pub(crate) struct Additive {
    /// Amplitudes of the harmonics 1, 2, … as a note ends up.
    pub(crate) dull: Vec<f32>,
    /// The same as a note begins.
    pub(crate) bright: Vec<f32>,
    /// Seconds in which the brightness falls to its sustained part.
    pub(crate) sweep: f32,
    /// The share of the bright spectrum that stays.
    pub(crate) stay: f32,
    /// Detuned copies (1–3) and their distance in cents.
    pub(crate) copies: usize,
    pub(crate) detune: f32,
    /// Noise beside the tone: breath, bow, hammer.
    pub(crate) breath: f32,
    /// How much shorter high notes are: the decay halves every `1/slope` octaves (pianos).
    pub(crate) slope: f32,
}

/// The tables of an [`Additive`] at one sample rate.
#[derive(Debug)]
pub(crate) struct Oscillators {
    first: i32,
    tables: Vec<Box<Table>>,
    patch: Additive,
}

/// The octave above 16 Hz that a frequency lies in.
fn octave(hz: f32) -> i32 {
    (hz / 16.0).log2().floor() as i32
}

impl Oscillators {
    pub(crate) fn new(patch: &Additive, rate: f32, lowest: f32, highest: f32) -> Self {
        let hz = |pitch: f32| 440.0 * ((pitch - 69.0) / 12.0).exp2();
        let (first, last) = (octave(hz(lowest - 1.0)), octave(hz(highest + 1.0)));
        let sine: Vec<f32> = (0..SIZE)
            .map(|n| (std::f64::consts::TAU * n as f64 / SIZE as f64).sin() as f32)
            .collect();
        let tables = (first..=last)
            .map(|octave| {
                let top = 16.0 * 2_f32.powi(octave + 1);
                let harmonics = ((0.47 * rate / top) as usize).max(1);
                tabulate(&patch.dull, &patch.bright, harmonics, &sine)
            })
            .collect();
        Self { first, tables, patch: patch.clone() }
    }

    pub(crate) fn play(&self, note: &Note, stage: &mut Stage<'_>, out: &mut [f32]) {
        let patch = &self.patch;
        let index = (octave(note.hz()) - self.first).clamp(0, self.tables.len() as i32 - 1);
        let Some(table) = self.tables.get(index as usize) else { return };
        let mut envelope = *stage.envelope;
        envelope.decay *= (-patch.slope * (note.pitch - 60.0) / 12.0).exp2();
        let mut contour = Contour::new(&envelope, note.length, stage.rate);
        let mut pitch = Pitch::new(note, stage.vibrato, stage.rate);
        let spread: [f32; 3] = match patch.copies {
            0 | 1 => [1.0, 1.0, 1.0],
            2 => [(-patch.detune / 1200.0).exp2(), (patch.detune / 1200.0).exp2(), 1.0],
            _ => [1.0, (-patch.detune / 1200.0).exp2(), (patch.detune / 1200.0).exp2()],
        };
        let copies = patch.copies.clamp(1, 3);
        // Copies start out of phase, so that they do not flange in step on every note.
        let mut phases = [0_u32, 0x5555_5555, 0xb000_0000];
        let loudness = note.velocity / (copies as f32).sqrt();
        let fade = (-(BLOCK as f32) / (patch.sweep.max(0.005) * stage.rate)).exp();
        let mut transient = (1.0 - patch.stay) * (0.4 + 0.6 * note.velocity);
        let mut from = 0.0;
        let mut low = 0.0;
        for block in out.chunks_mut(BLOCK) {
            let Some(level) = contour.next() else { break };
            let to = level * loudness;
            let hz = pitch.next();
            let bright = patch.stay + transient;
            transient *= fade;
            let step = (to - from) / block.len() as f32;
            for (phase, ratio) in phases.iter_mut().zip(spread).take(copies) {
                add(block, table, phase, increment(hz * ratio, stage.rate), bright, from, step);
            }
            if patch.breath > 0.0 {
                let amount = patch.breath * (0.5 * from + 0.5 * to);
                for x in block.iter_mut() {
                    low += 0.3 * (stage.noise.next() - low);
                    *x += amount * low;
                }
            }
            from = to;
        }
    }
}

/// Adds one oscillator to a block.
#[inline]
fn add(
    block: &mut [f32],
    table: &Table,
    phase: &mut u32,
    increment: u32,
    bright: f32,
    mut level: f32,
    step: f32,
) {
    const SHIFT: u32 = 32 - BITS;
    const SCALE: f32 = 1.0 / (1 << SHIFT) as f32;
    let mut at = *phase;
    for x in block {
        let n = (at >> SHIFT) as usize;
        let fraction = (at & ((1 << SHIFT) - 1)) as f32 * SCALE;
        let ([d0, b0], [d1, b1]) = (table[n], table[n + 1]);
        let dull = d0 + fraction * (d1 - d0);
        let more = b0 + fraction * (b1 - b0);
        level += step;
        *x += level * (dull + bright * (more - dull));
        at = at.wrapping_add(increment);
    }
    *phase = at;
}

/// Both spectra up to a number of harmonics, each with a root mean square of 0.25.
fn tabulate(dull: &[f32], bright: &[f32], harmonics: usize, sine: &[f32]) -> Box<Table> {
    let mut table = Box::new([[0.0; 2]; SIZE + 1]);
    for (side, amplitudes) in [dull, bright].into_iter().enumerate() {
        let power: f32 = amplitudes.iter().map(|a| 0.5 * a * a).sum();
        let scale = 0.25 / power.sqrt().max(1e-6);
        for (k, amplitude) in amplitudes.iter().take(harmonics).enumerate() {
            if amplitude.abs() * scale < 1e-5 {
                continue;
            }
            for (n, entry) in table.iter_mut().take(SIZE).enumerate() {
                entry[side] += amplitude * scale * sine[(n * (k + 1)) & (SIZE - 1)];
            }
        }
    }
    table[SIZE] = table[0];
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::{Band, equalise};
    use crate::instrument::{Envelope, Vibrato};
    use crate::random::{Noise, Purpose, stream};

    fn tone(pitch: f32, harmonics: usize) -> Vec<f32> {
        let saw: Vec<f32> = (1..=harmonics).map(|k| 1.0 / k as f32).collect();
        let patch = Additive {
            dull: saw.clone(),
            bright: saw,
            sweep: 0.1,
            stay: 0.5,
            copies: 1,
            detune: 0.0,
            breath: 0.0,
            slope: 0.0,
        };
        let oscillators = Oscillators::new(&patch, 44_100.0, pitch, pitch);
        let envelope = Envelope { attack: 0.005, decay: 1.0, sustain: 1.0, release: 0.01 };
        let vibrato = Vibrato { hz: 5.0, cents: 0.0, delay: 0.0, slide: 0.0 };
        let noise = Noise::new(&mut stream(1, Purpose::Sound, 0));
        let mut stage = Stage {
            rate: 44_100.0,
            envelope: &envelope,
            vibrato: &vibrato,
            noise,
            string: Vec::new(),
        };
        let mut out = vec![0.0; 44_100];
        let note = Note { start: 0.0, length: 1.0, pitch, velocity: 1.0, slide: 0.0 };
        oscillators.play(&note, &mut stage, &mut out);
        out
    }

    #[test]
    fn the_pitch_is_exact_and_the_level_is_as_stated() {
        let out = tone(69.0, 1);
        let rising = out[4410..39_690].windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count();
        assert_eq!(rising, 352);
        let rms = (out[4410..39_690].iter().map(|x| x * x).sum::<f32>() / 35_280.0).sqrt();
        assert!((rms - 0.25).abs() < 0.005, "{rms}");
    }

    #[test]
    fn high_notes_do_not_fold_back() {
        // A saw at 2793.8 Hz: below the fundamental there must be nothing.
        let mut out = tone(101.0, 64);
        equalise(&mut out, &[Band::LowPass(900.0); 3], 44_100.0);
        let rms = (out[8820..39_690].iter().map(|x| x * x).sum::<f32>() / 30_870.0).sqrt();
        assert!(rms < 0.25 * 1e-2, "{rms}");
    }
}
