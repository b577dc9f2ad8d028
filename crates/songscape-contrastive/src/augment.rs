//! Changes of a crop that leave the music and take away what else tells songs apart: loudness, the
//! equaliser, the codec, hiss, the room, the instrument.

use std::ops::Range;
use std::str::FromStr;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::pairs::{Pair, Songs};
use crate::random::{Curve, both_ways};
use crate::shift::Shift;

/// How far the two crops of a pair are changed, each independently of the other. Every step is off at 0.
///
/// Augment when songs should be alike by their harmony and rhythm, whatever plays them
/// ([`harmony`](Self::harmony)). Do not when the sound itself is what matters, such as the style or the period
/// of a recording: there augmentation hurts (`docs/learning.md`).
///
/// The steps work on grey values, whose scale is logarithmic: a change of level is a sum. They are
/// applied in the order of the fields. Shifts by parts of a row are linear between rows. Black (0) stays black until the noise floor is drawn, since
/// it stands for any level below the range of the image.
///
/// ```
/// use songscape_contrastive::Augment;
///
/// let augment = Augment { gain: 6.0, equalizer: 4.0, ..Augment::none() };
/// assert!(augment.check().is_ok() && !augment.is_none());
/// assert!(Augment::none().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Decibels between black and white in the images.
    pub range_db: f64,
    /// Rows of an octave in the images.
    pub rows_per_octave: f64,
    /// The largest change of speed: 0.1 plays up to 10 % faster or slower, at the same pitch.
    pub time_stretch: f64,
    /// The largest shift along frequency, in rows, up or down.
    pub frequency_shift: usize,
    /// The largest transposition, up or down, in semitones and parts of them: the same music in another key.
    pub transposition: f64,
    /// The probability with which everything is moved by an octave, up or down: the same notes in
    /// another register.
    pub octave_shift: f64,
    /// The probability with which an overtone is added to everything that sounds, at a random level: drawn
    /// for each of the octave, the twelfth and two octaves above, and the octave below. Another
    /// instrument plays the same.
    pub overtones: f64,
    /// The largest gain, ± dB.
    pub gain: f64,
    /// The largest tilt of the spectrum around its middle, ± dB per octave.
    pub tilt: f64,
    /// The standard deviation of a smooth random equaliser with two knots per octave, dB.
    pub equalizer: f64,
    /// The most octaves that are cut off at the top, as lossy codecs and old recordings do.
    pub low_pass: f64,
    /// How far above black a floor of noise reaches at most, dB.
    pub noise_floor: f64,
    /// The largest share of columns that are blackened, in one piece.
    pub time_mask: f64,
    /// The largest share of rows that are blackened, in one piece.
    pub frequency_mask: f64,
}

impl Default for Augment {
    fn default() -> Self {
        Self::none()
    }
}

/// Semitones of the overtones that may be added: the octave, the twelfth, two octaves, and the
/// octave below.
pub(crate) const OVERTONES: [f64; 4] = [12.0, 19.02, 24.0, -12.0];
/// They are between this many dB below what they are added to, and as loud.
const WEAKEST_OVERTONE: f64 = 24.0;
/// Spread of the noise floor's grey values, dB: that of the power of Gaussian noise.
const NOISE_SPREAD: f64 = 5.6;
/// The mean of the noise lies this many spreads below the height that was drawn for it, so that few
/// pixels exceed it.
const BELOW_HEIGHT: f64 = 1.5;

impl Augment {
    /// No change, for images of 60 dB and 256 rows from 30 Hz to 12 kHz.
    pub fn none() -> Self {
        Self {
            range_db: 60.0,
            rows_per_octave: 255.0 / 400f64.log2(),
            time_stretch: 0.0,
            frequency_shift: 0,
            transposition: 0.0,
            octave_shift: 0.0,
            overtones: 0.0,
            gain: 0.0,
            tilt: 0.0,
            equalizer: 0.0,
            low_pass: 0.0,
            noise_floor: 0.0,
            time_mask: 0.0,
            frequency_mask: 0.0,
        }
    }

    /// Changes the instruments, their register, the room and the level, and leaves harmony and rhythm.
    /// With these, two renditions of one song by different instruments find each other more often
    /// (`docs/learning.md` has the measurements).
    pub fn harmony() -> Self {
        Self {
            time_stretch: 0.15,
            octave_shift: 0.6,
            overtones: 0.5,
            gain: 6.0,
            tilt: 2.0,
            equalizer: 9.0,
            low_pass: 1.5,
            noise_floor: 15.0,
            ..Self::none()
        }
    }

    /// What another copy of a recording changes: its level, equaliser, codec and hiss, and a little of its
    /// speed. The instruments, the room and the key stay.
    pub fn copy() -> Self {
        Self {
            time_stretch: 0.03,
            gain: 6.0,
            tilt: 1.0,
            equalizer: 3.0,
            low_pass: 1.0,
            noise_floor: 10.0,
            ..Self::none()
        }
    }

    /// The same changes for images of that many rows, from `low` Hz up to `high`, with `range_db` between
    /// black and white.
    #[must_use]
    pub fn for_images(self, rows: usize, low: f64, high: f64, range_db: f64) -> Self {
        let rows_per_octave = (rows - 1) as f64 / (high / low).log2();
        Self { range_db, rows_per_octave, ..self }
    }

    /// Whether nothing is changed.
    pub fn is_none(&self) -> bool {
        let Self { range_db, rows_per_octave, .. } = *self;
        *self == Self { range_db, rows_per_octave, ..Self::none() }
    }

    /// Refuses values that make no sense.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first one.
    pub fn check(&self) -> Result<()> {
        let levels = [self.gain, self.tilt, self.equalizer, self.low_pass, self.noise_floor];
        let named = ["gain", "tilt", "equalizer", "low_pass", "noise_floor"];
        let levels = named.into_iter().zip(levels).map(|(name, value)| (name, value, 0.0, 1e3));
        let shares = [
            ("range_db", self.range_db, 1.0, 1e3),
            ("rows_per_octave", self.rows_per_octave, 1.0, 1e4),
            ("time_stretch", self.time_stretch, 0.0, 0.5),
            ("transposition", self.transposition, 0.0, 24.0),
            ("octave_shift", self.octave_shift, 0.0, 1.0),
            ("overtones", self.overtones, 0.0, 1.0),
            ("time_mask", self.time_mask, 0.0, 0.9),
            ("frequency_mask", self.frequency_mask, 0.0, 0.9),
        ];
        for (field, value, least, most) in shares.into_iter().chain(levels) {
            if !(least..=most).contains(&value) {
                let expected = format!("{least} to {most}");
                return Err(Error::Parameter { field, found: value.to_string(), expected });
            }
        }
        Ok(())
    }

    /// The crops of the pairs in `own`, changed, time-major: first the first crops of all of them, then
    /// the second ones. They depend only on the seed, the step, and all pairs.
    pub(crate) fn crops(
        &self,
        songs: &Songs,
        pairs: &[Pair],
        own: &Range<usize>,
        columns: usize,
        seed: u64,
        step: usize,
    ) -> Vec<Vec<u8>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Apart from the streams of the sampler, which are the steps from 1 on.
        rng.set_stream(1 << 63 | step as u64);
        let sides = [0, 1].into_iter().flat_map(|side| (0..pairs.len()).map(move |i| (i, side)));
        // Drawn for all pairs, so that those of a part are what they are among all.
        let changes = sides.map(|(i, side)| {
            let left = songs.columns(pairs[i].song) - pairs[i].starts[side];
            (i, side, Change::draw(self, songs.rows(), columns, left, &mut rng))
        });
        let tasks: Vec<_> = changes.filter(|(i, ..)| own.contains(i)).collect();
        tasks
            .into_par_iter()
            .map(|(i, side, change)| {
                let pair = &pairs[i];
                let start = pair.starts[side] * songs.rows();
                change.apply(&songs.pixels(pair.song)[start..], songs.rows(), columns)
            })
            .collect()
    }
}

impl Augment {
    /// A whole image of time-major pixels, changed, with as many columns; what comes after the end is its last
    /// column. The same seed makes the same changes.
    pub fn image(&self, pixels: &[u8], rows: usize, seed: u64) -> Vec<u8> {
        let columns = pixels.len() / rows;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Apart from the streams of crops and samplers.
        rng.set_stream(3 << 62);
        let left = (columns as f64 * (1.0 + self.time_stretch)).ceil() as usize;
        Change::draw(self, rows, columns, left, &mut rng).apply(pixels, rows, columns)
    }
}

impl FromStr for Augment {
    type Err = Error;

    /// Reads `none`, `harmony`, or the fields that are not 0 as JSON, such as `{"gain":6}`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "none" => Ok(Self::none()),
            "harmony" => Ok(Self::harmony()),
            _ => serde_json::from_str(text).map_err(|e| Error::Parameter {
                field: "augment",
                found: text.into(),
                expected: format!("none, harmony, or augmentations as JSON: {e}"),
            }),
        }
    }
}

/// What happens to one crop.
struct Change {
    /// Columns of the song for one of the crop.
    speed: f64,
    /// What sounds at a row, of which the loudest counts: at least the row itself.
    sources: Vec<Shift>,
    /// Grey values added to each row.
    curve: Vec<i32>,
    /// Grey value of the noise floor and its spread.
    floor: Option<(f64, f64)>,
    noise: u64,
    black_columns: std::ops::Range<usize>,
    black_rows: std::ops::Range<usize>,
}

impl Change {
    /// Draws a change. The number of draws depends only on the parameters.
    fn draw(
        augment: &Augment,
        rows: usize,
        columns: usize,
        left: usize,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let per_db = 255.0 / augment.range_db;
        let octaves = |row: usize| row as f64 / augment.rows_per_octave;

        let stretch = both_ways(rng, augment.time_stretch).exp();
        let speed = stretch.min(left as f64 / columns as f64).max(1.0 / columns as f64);
        let octave = augment.rows_per_octave * both_ways(rng, 1.0).signum();
        let octave = if rng.random_bool(augment.octave_shift) { octave } else { 0.0 };
        // Drawn only where it is asked for, so that all else stays as it was without it.
        let semitones = match augment.transposition {
            0.0 => 0.0,
            most => both_ways(rng, most),
        };
        let shift = both_ways(rng, augment.frequency_shift as f64).round()
            + octave
            + semitones / 12.0 * augment.rows_per_octave;
        let mut sources = vec![Shift::new(shift, 0)];
        for semitones in OVERTONES {
            let (chosen, loss) = (rng.random_bool(augment.overtones), rng.random_range(0.0..1.0));
            if chosen {
                // Rows run from the top: what sounds an octave above comes from a row further down.
                let rows = semitones / 12.0 * augment.rows_per_octave;
                sources.push(Shift::new(shift + rows, (loss * WEAKEST_OVERTONE * per_db) as i32));
            }
        }
        let (gain, tilt) = (both_ways(rng, augment.gain), both_ways(rng, augment.tilt));
        let equalizer = Curve::draw(rng, octaves(rows), augment.equalizer);
        let cut = augment.low_pass * rng.random_range(0.0..=1.0);
        let middle = octaves(rows) / 2.0;
        let curve = (0..rows)
            .map(|row| {
                let level = gain + tilt * (middle - octaves(row)) + equalizer.at(octaves(row));
                let level = if octaves(row) < cut { -augment.range_db } else { level };
                (level * per_db).round() as i32
            })
            .collect();
        let height = augment.noise_floor * rng.random_range(0.0..=1.0);
        let floor = (height > 0.0).then_some((height * per_db, NOISE_SPREAD * per_db));
        let black_columns = piece(rng, augment.time_mask, columns);
        let black_rows = piece(rng, augment.frequency_mask, rows);
        Self { speed, sources, curve, floor, noise: rng.random(), black_columns, black_rows }
    }

    /// The crop that begins where `song` does.
    fn apply(&self, song: &[u8], rows: usize, columns: usize) -> Vec<u8> {
        let mut out = vec![0; rows * columns];
        let last = song.len() / rows - 1;
        let mut noise = Bell::new(self.noise);
        let mut levels = vec![0; rows];
        for (column, out) in out.chunks_exact_mut(rows).enumerate() {
            if self.black_columns.contains(&column) {
                continue;
            }
            let from = ((column as f64 * self.speed) as usize).min(last) * rows;
            let from = &song[from..from + rows];
            levels.fill(0);
            self.sources.iter().for_each(|source| source.raise(from, &mut levels));
            for ((out, &loudest), curve) in out.iter_mut().zip(&levels).zip(&self.curve) {
                *out = if loudest > 0 { (loudest + curve).clamp(0, 255) as u8 } else { 0 };
            }
            if let Some((height, spread)) = self.floor {
                for out in out.iter_mut() {
                    let level = height + spread * (noise.next() - BELOW_HEIGHT);
                    *out = (*out).max(level as u8);
                }
            }
            out[self.black_rows.clone()].fill(0);
        }
        out
    }
}

/// Bell-shaped random numbers of mean 0 and deviation 1, fast enough for every pixel: the sum of four
/// bytes of a xorshift generator (Marsaglia 2003).
struct Bell(u64);

impl Bell {
    /// The mean of the sum of four bytes, 4 · 255 / 2.
    const MEAN: f64 = 510.0;
    /// Its deviation, √(4 · (256² − 1) / 12).
    const DEVIATION: f64 = 147.8;

    fn new(seed: u64) -> Self {
        // The generator stays at 0 for ever.
        Self(seed | 1)
    }

    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let sum: u32 = self.0.to_le_bytes()[..4].iter().map(|byte| u32::from(*byte)).sum();
        (f64::from(sum) - Self::MEAN) / Self::DEVIATION
    }
}

/// A piece of random length, up to a share of the whole, at a random place.
fn piece(rng: &mut ChaCha8Rng, most: f64, whole: usize) -> std::ops::Range<usize> {
    let length = (most * rng.random_range(0.0..=1.0) * whole as f64) as usize;
    let start = rng.random_range(0..=whole - length);
    start..start + length
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ROWS: usize = 64;

    /// One bright row, number 40, on black.
    fn line() -> Vec<u8> {
        (0..ROWS * 100).map(|i| if i % ROWS == 40 { 200 } else { 0 }).collect()
    }

    fn change(augment: &Augment) -> Vec<Vec<u8>> {
        let pixels = line();
        let songs = Songs::new(ROWS, vec![&pixels, &pixels]).unwrap();
        let pairs = [Pair { song: 0, starts: [0, 30] }, Pair { song: 1, starts: [7, 36] }];
        augment.check().unwrap();
        augment.crops(&songs, &pairs, &(0..pairs.len()), 64, 5, 3)
    }

    fn rows_lit(crop: &[u8]) -> Vec<usize> {
        (0..ROWS).filter(|row| crop.chunks_exact(ROWS).any(|c| c[*row] > 0)).collect()
    }

    fn base() -> Augment {
        Augment { rows_per_octave: 12.0, ..Augment::none() }
    }

    #[test]
    fn without_changes_crops_are_the_pixels() {
        for crop in change(&base()) {
            assert_eq!(crop, line()[..ROWS * 64]);
        }
    }

    #[test]
    fn they_depend_on_seed_and_step_alone() {
        let all = Augment {
            time_stretch: 0.1,
            frequency_shift: 3,
            octave_shift: 0.5,
            overtones: 0.5,
            gain: 6.0,
            tilt: 1.0,
            equalizer: 3.0,
            low_pass: 1.0,
            noise_floor: 20.0,
            time_mask: 0.2,
            frequency_mask: 0.2,
            ..base()
        };
        let crops = change(&all);
        assert_eq!(crops, change(&all));
        assert!(crops[0] != crops[2], "the two crops of a pair are changed apart");
    }

    #[test]
    fn each_step_does_what_it_says() {
        let lit = |augment: &Augment| {
            change(augment).iter().map(|crop| rows_lit(crop)).collect::<Vec<_>>()
        };
        let shifted = lit(&Augment { frequency_shift: 5, ..base() });
        assert!(shifted.iter().all(|rows| rows.len() == 1 && rows[0].abs_diff(40) <= 5));
        assert!(shifted.iter().any(|rows| rows[0] != 40));

        let moved = lit(&Augment { octave_shift: 1.0, ..base() });
        assert!(moved.iter().all(|rows| *rows == [28] || *rows == [52]), "{moved:?}");

        let transposed = lit(&Augment { transposition: 3.0, ..base() });
        assert!(transposed.iter().flatten().all(|row| row.abs_diff(40) <= 4), "{transposed:?}");
        assert!(transposed.iter().any(|rows| rows.len() == 2), "between rows: {transposed:?}");

        // An octave above is 12 rows up, a twelfth 19, two octaves 24; an octave below 12 down.
        // The twelfth is a fiftieth of a semitone more, which the next row hardly hears.
        let rich = change(&Augment { overtones: 1.0, ..base() });
        let loud = |crop: &Vec<u8>| (0..ROWS).filter(|row| crop[*row] > 8).collect::<Vec<_>>();
        let rich: Vec<_> = rich.iter().map(loud).collect();
        assert!(rich.iter().all(|rows| *rows == [16, 21, 28, 40, 52]), "{rich:?}");

        let gain = change(&Augment { gain: 6.0, ..base() });
        let levels: Vec<u8> = gain.iter().map(|crop| crop[40]).collect();
        assert!(levels.iter().all(|v| v.abs_diff(200) <= 26) && levels.iter().any(|v| *v != 200));

        let floor = change(&Augment { noise_floor: 30.0, ..base() });
        assert!(floor.iter().any(|crop| rows_lit(crop).len() > 50));

        let masked = change(&Augment { time_mask: 0.9, ..base() });
        let dark = |crop: &[u8]| crop.chunks_exact(ROWS).filter(|c| c[40] == 0).count();
        assert!(masked.iter().any(|crop| dark(crop) > 10) && masked.iter().all(|c| dark(c) <= 57));

        let cut = lit(&Augment { low_pass: 5.0, ..base() });
        assert!(cut.iter().any(Vec::is_empty) && cut.iter().any(|rows| *rows == [40]));
    }

    #[test]
    fn a_whole_image_keeps_its_columns() {
        let all = Augment { time_stretch: 0.2, gain: 6.0, octave_shift: 1.0, ..base() };
        let (one, other) = (all.image(&line(), ROWS, 1), all.image(&line(), ROWS, 2));
        assert_eq!((one.len(), one != other), (line().len(), true));
        assert_eq!(one, all.image(&line(), ROWS, 1));
        assert_eq!(base().image(&line(), ROWS, 5), line());
    }

    #[test]
    fn the_noise_has_mean_zero_and_deviation_one() {
        let mut bell = Bell::new(0);
        let values: Vec<f64> = (0..100_000).map(|_| bell.next()).collect();
        let mean = values.iter().sum::<f64>() / 1e5;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn bad_values_are_named() {
        let message = Augment { time_mask: 1.5, ..base() }.check().unwrap_err().to_string();
        assert!(message.contains("time_mask is 1.5"), "{message}");
        assert!(Augment { gain: f64::NAN, ..base() }.check().is_err());
        assert_eq!("harmony".parse::<Augment>().unwrap(), Augment::harmony());
        assert_eq!(r#"{"gain":6}"#.parse::<Augment>().unwrap().gain, 6.0);
        let message = "melody".parse::<Augment>().unwrap_err().to_string();
        assert!(message.starts_with("augment is melody, expected none, harmony, or"), "{message}");
    }
}
