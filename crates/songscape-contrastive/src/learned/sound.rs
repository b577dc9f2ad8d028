//! How another rendition of a part of a song might sound: what training makes its vectors blind to.
//!
//! The changes work on what the sharpened chroma is the sum of, row by row
//! ([`Pitches`]), and not on pixels: there an equaliser is a sum of decibels, which sharpening takes away
//! again, and each crop would cost as much as an image.

use std::ops::RangeInclusive;

use ndarray::{Array2, ArrayView2, s};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::params::check;
use crate::augment::OVERTONES;
use crate::baseline::{Pitches, classes_of};
use crate::error::Result;
use crate::random::{Curve, both_ways, normal};
use crate::rings::CLASSES;

/// How far the sound of a crop is changed. Every change is off at 0; [`Default`] has those that training takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sound {
    /// The largest change of speed, as a logarithm: 0.2 plays up to 22 % faster, or 18 % slower.
    pub time_stretch: f64,
    /// The largest transposition in semitones, up or down. Rings turn by whole ones; what changes is which
    /// pitches are within hearing.
    pub transposition: usize,
    /// The largest mistuning in semitones, up or down.
    pub tuning: f64,
    /// The probability with which an overtone is added to everything that sounds, up to half as strong: drawn
    /// for each of the octave, the twelfth and two octaves above, and the octave below.
    pub overtones: f64,
    /// The standard deviation of how strongly a pitch stands out, dB: a smooth random curve with two knots
    /// per octave.
    pub equalizer: f64,
    /// The largest exponent of the strengths, as a logarithm: with 0.4 they are raised to between 0.67 and 1.49.
    pub exponent: f64,
    /// The largest standard deviation of noise in the chroma, whose frames have a length of about 1.
    pub noise: f64,
    /// The largest share of a frame (0.12 s) that rings on in the next one, below 1. Half of the crops are drier
    /// instead: what goes on sounding is taken away, so that onsets stand out.
    pub room: f64,
}

impl Default for Sound {
    fn default() -> Self {
        Self {
            time_stretch: 0.2,
            transposition: 6,
            tuning: 0.0,
            overtones: 0.6,
            equalizer: 7.0,
            exponent: 0.4,
            noise: 0.04,
            room: 0.75,
        }
    }
}

impl Sound {
    /// No change.
    pub fn none() -> Self {
        Self {
            time_stretch: 0.0,
            transposition: 0,
            tuning: 0.0,
            overtones: 0.0,
            equalizer: 0.0,
            exponent: 0.0,
            noise: 0.0,
            room: 0.0,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        check("sound.time_stretch", self.time_stretch, 0.0, 0.5)?;
        check("sound.transposition", self.transposition as f64, 0.0, 24.0)?;
        check("sound.tuning", self.tuning, 0.0, 0.5)?;
        check("sound.overtones", self.overtones, 0.0, 1.0)?;
        check("sound.equalizer", self.equalizer, 0.0, 60.0)?;
        check("sound.exponent", self.exponent, 0.0, 2.0)?;
        check("sound.noise", self.noise, 0.0, 1.0)?;
        check("sound.room", self.room, 0.0, 0.99)
    }

    /// The chroma `[frames, 12]` of a part of a song, so many frames long at its own speed. A frame is
    /// `per_frame` rows of the song's [plane](Pitches::plane).
    pub(super) fn crop(
        &self,
        plane: ArrayView2<f32>,
        per_frame: f64,
        pitches: &Pitches,
        frames: RangeInclusive<usize>,
        rng: &mut ChaCha8Rng,
    ) -> Array2<f32> {
        let (frames, all) = (rng.random_range(frames), plane.nrows() as f64);
        let speed = both_ways(rng, self.time_stretch).exp();
        let span = (frames as f64 * per_frame * speed).min(all);
        let start = (all - span) * rng.random_range(0.0..=1.0);
        let exponent = both_ways(rng, self.exponent).exp() as f32;
        let weights = self.weights(pitches, exponent.into(), rng);

        let first = start as usize;
        let last = ((start + span).ceil() as usize).min(plane.nrows());
        let strengths = plane.slice(s![first..last, ..]);
        let raised = strengths.mapv(|s| if s > 0.0 { s.powf(exponent) } else { 0.0 });
        let mut chroma = means(&raised.dot(&weights), start - first as f64, span, frames);
        self.ring(&mut chroma, rng);
        chroma
    }

    /// What each row adds to each pitch class, `[rows, 12]`.
    fn weights(&self, pitches: &Pitches, exponent: f64, rng: &mut ChaCha8Rng) -> Array2<f32> {
        let semitones = both_ways(rng, self.transposition as f64).round();
        let higher = |semitones: f64| (semitones / 12.0).exp2();
        let moved = higher(semitones + both_ways(rng, self.tuning));
        // What is added to a sound, as often as high.
        let mut added = vec![(1.0, moved)];
        for interval in OVERTONES {
            let (chosen, share) = (rng.random_bool(self.overtones), rng.random_range(0.0..=0.5));
            if chosen {
                added.push((share, moved * higher(interval)));
            }
        }
        let frequencies = pitches.frequencies();
        let octaves = |row: usize| (frequencies[0] / frequencies[row]).log2().abs();
        let equalizer =
            Curve::draw(rng, octaves(frequencies.len().saturating_sub(1)), self.equalizer);
        let mut weights = Array2::zeros((frequencies.len(), CLASSES));
        for (row, mut to) in weights.rows_mut().into_iter().enumerate() {
            // The strengths have been raised already, and their gain has not.
            let gain = 10f64.powf(exponent * equalizer.at(octaves(row)) / 20.0);
            for &(share, ratio) in &added {
                let classes = classes_of(frequencies[row] * ratio);
                to.iter_mut()
                    .zip(classes)
                    .for_each(|(to, class)| *to += (gain * share) as f32 * class);
            }
        }
        weights
    }

    /// Adds noise and a room, or takes some of it away.
    fn ring(&self, chroma: &mut Array2<f32>, rng: &mut ChaCha8Rng) {
        let noise = self.noise * rng.random_range(0.0..=1.0);
        let decay = (self.room * rng.random_range(0.0..=1.0)) as f32;
        let wet = rng.random_range(0.0..=1.0_f32);
        let is_drier = rng.random_bool(0.5);
        // All that sounded before, each frame weaker than the one after it.
        let mut before = [0.0; CLASSES];
        for mut frame in chroma.rows_mut() {
            for (value, before) in frame.iter_mut().zip(&mut before) {
                let now = (*value + (noise * normal(rng)) as f32).max(0.0);
                *value = match is_drier {
                    // Less the mean of what was before.
                    true if decay > 0.0 => (now - wet * (1.0 - decay) / decay * *before).max(0.0),
                    true => now,
                    false => now + wet * *before,
                };
                *before = decay * (*before + now);
            }
        }
    }
}

/// The means of equal parts of some rows, from a place between them on: `[count, 12]`.
fn means(rows: &Array2<f32>, start: f64, span: f64, count: usize) -> Array2<f32> {
    let mut sums = Array2::<f64>::zeros((rows.nrows() + 1, CLASSES));
    for (i, row) in rows.rows().into_iter().enumerate() {
        for (class, value) in row.iter().enumerate() {
            sums[[i + 1, class]] = sums[[i, class]] + f64::from(*value);
        }
    }
    let step = span / count as f64;
    let up_to = |part: usize, class: usize| {
        let at = start + step * part as f64;
        let row = (at as usize).min(rows.nrows().saturating_sub(1));
        sums[[row, class]]
            + (at - row as f64).min(1.0) * (sums[[row + 1, class]] - sums[[row, class]])
    };
    Array2::from_shape_fn((count, CLASSES), |(part, class)| {
        ((up_to(part + 1, class) - up_to(part, class)) / step) as f32
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const ROWS: usize = 256;

    fn pitches() -> Pitches {
        Pitches::new(ROWS, 30.0, 12_000.0, 60.0)
    }

    /// A note of one row each for 24 columns: A, then others below it.
    fn tune() -> Vec<u8> {
        let lit = |i: usize| i % ROWS == 141 + i / ROWS / 24 * 5 % 30;
        (0..ROWS * 24 * 40).map(|i| if lit(i) { 230 } else { 0 }).collect()
    }

    fn crop(sound: &Sound, frames: usize, seed: u64) -> Array2<f32> {
        let (pitches, rng) = (pitches(), &mut ChaCha8Rng::seed_from_u64(seed));
        let plane = pitches.plane(&tune(), 12);
        sound.crop(plane.view(), 2.0, &pitches, frames..=frames, rng)
    }

    fn strongest(chroma: &Array2<f32>, frame: usize) -> usize {
        (0..12).max_by(|&a, &b| chroma[[frame, a]].total_cmp(&chroma[[frame, b]])).unwrap()
    }

    #[test]
    fn without_changes_it_is_the_sequence() {
        let (found, expected) = (crop(&Sound::none(), 40, 1), pitches().sequence(&tune(), 24));
        assert_eq!(found.dim(), expected.dim());
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5));
        // A part begins anywhere, and has the length that was asked for.
        assert_eq!(crop(&Sound::none(), 17, 1).dim(), (17, 12));
        // More than there is: all of it, slower.
        let slow = crop(&Sound::none(), 80, 1);
        assert_eq!(slow.dim(), (80, 12));
        assert_eq!(strongest(&slow, 0), strongest(&expected, 0));
        assert_eq!(strongest(&slow, 79), strongest(&expected, 39));
    }

    #[test]
    fn each_change_does_what_it_says() {
        let plain = crop(&Sound::none(), 40, 1);
        let (first, other) = (strongest(&plain, 0), |sound: &Sound, seed| crop(sound, 40, seed));
        let moved = |seed| {
            let found = other(&Sound { transposition: 5, ..Sound::none() }, seed);
            (strongest(&found, 0) + 12 - first) % 12
        };
        let moved: Vec<usize> = (0..20).map(moved).collect();
        assert!(moved.iter().all(|by| *by <= 5 || *by >= 7), "{moved:?}");
        assert!(moved.iter().any(|by| *by != moved[0]), "{moved:?}");

        // A twelfth above an A there is an E.
        let rich = (0..20).map(|seed| other(&Sound { overtones: 1.0, ..Sound::none() }, seed));
        assert!(rich.clone().all(|found| strongest(&found, 0) == first));
        assert!(rich.clone().any(|found| found[[0, (first + 7) % 12]] > 0.05));
        assert!(plain[[0, (first + 7) % 12]] < 0.01);

        // An exponent below 1 brings strengths nearer to each other, one above 1 apart.
        let raised =
            (0..20).map(|seed| other(&Sound { exponent: 0.4, ..Sound::none() }, seed)[[0, first]]);
        let raised: Vec<f32> = raised.collect();
        assert!(
            raised.iter().any(|x| *x > plain[[0, first]])
                && raised.iter().any(|x| *x < plain[[0, first]])
        );

        // A room fills the frames after a note that has ended, and dryness takes from those in which it goes on.
        let rooms: Vec<_> =
            (0..20).map(|seed| other(&Sound { room: 0.75, ..Sound::none() }, seed)).collect();
        assert!(rooms.iter().any(|found| found[[1, first]] > plain[[1, first]] + 0.05));
        assert!(rooms.iter().all(|found| (found[[0, first]] - plain[[0, first]]).abs() < 1e-5));
        assert!(rooms.iter().flatten().all(|value| *value >= 0.0));

        let all = Sound::default();
        assert_eq!(other(&all, 3), other(&all, 3));
        assert_ne!(other(&all, 3), other(&all, 4));
    }
}
