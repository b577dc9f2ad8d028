//! Energy to grey level and back.
//!
//! A pixel's energy `E` (the mean power of its column and row, see [`songscape_ssq::image`])
//! becomes the level `L = 10 log10(2E)` in dB relative to a sine of full scale, kept in hundredths
//! of a decibel ([`level`]), and then, with the song's reference level `R` and the range `D`,
//!
//! `grey = round(255 · (1 + (L − R) / D))`, clamped to 0..=255,
//!
//! so that white is at or above the reference and black is `D` or more below it; no energy is
//! black. [`Grey::decibels`] goes back, to within half a step (`D / 510` dB).
//!
//! The reference belongs to the song, so that a quiet transfer and a loud one of the same
//! recording give the same image: loudness is a matter of mastering, not of the music. It is a
//! high percentile (99.9) rather than the maximum, which one click would move, of the pixels above
//! a noise floor of -120 dB ([`NOISE_FLOOR`]), so that silence does not count. With
//! [`ImageParams::reference_db`](crate::ImageParams::reference_db) all songs have the same one.
//!
//! The range of 60 dB was chosen by looking at recordings of songs with piano: at 80 dB the noise
//! of the recording, its level and its spectrum cover the background, and between the partials
//! stands what the wavelets leak; at 60 dB the background is dark, attacks, partials, vibrato and
//! the decay of a piano's upper partials are all there.

use songscape_project::level_db;

/// Level of a pixel without energy.
pub const NOTHING: i16 = i16::MIN;

/// Pixels below this level, -120 dB, in hundredths of a decibel, have no say in a song's reference:
/// less than 16-bit audio can hold.
pub const NOISE_FLOOR: i16 = -12_000;

/// The level of an energy in hundredths of a decibel relative to a sine of full scale,
/// `round(1000 log10(2E))`, within ±327.67 dB.
pub fn level(energy: f32) -> i16 {
    // 1000 · log10(2)
    const PER_OCTAVE: f32 = 301.03;
    if energy > 0.0 {
        let level = ((energy.log2() + 1.0) * PER_OCTAVE).round();
        level.clamp(f32::from(NOTHING + 1), f32::from(i16::MAX)) as i16
    } else {
        NOTHING
    }
}

/// The grey scale of one song.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grey {
    /// Level drawn white, in dB.
    pub reference_db: f32,
    /// Decibels from black to white.
    pub range_db: f32,
}

impl Grey {
    /// The grey value of a level in dB.
    pub fn value(&self, db: f32) -> u8 {
        // A float that becomes an integer saturates at its bounds.
        (255.0 * (1.0 + (db - self.reference_db) / self.range_db)).round() as u8
    }

    /// The level in dB that a grey value stands for: 0 is that level or less, 255 or more.
    pub fn decibels(&self, grey: u8) -> f32 {
        self.reference_db + level_db(grey.into(), self.range_db.into()) as f32
    }

    /// The grey values of all levels, so that an image costs one look-up a pixel.
    pub(crate) fn table(&self) -> Table {
        let values = (i16::MIN..=i16::MAX)
            .map(|level| if level == NOTHING { 0 } else { self.value(f32::from(level) / 100.0) });
        Table(values.collect())
    }
}

/// The place of a level in a table of all levels, the lowest first.
fn place(level: i16) -> usize {
    // Flipping the sign bit puts the negative numbers before the others.
    usize::from(level.cast_unsigned() ^ 0x8000)
}

/// Grey values by level.
pub(crate) struct Table(Vec<u8>);

impl Table {
    pub(crate) fn value(&self, level: i16) -> u8 {
        self.0[place(level)]
    }
}

/// Counts of a song's levels, from which its reference is read.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; 1 << 16] }
    }
}

impl Histogram {
    /// Counts one level.
    pub fn add(&mut self, level: i16) {
        self.counts[place(level)] += 1;
    }

    /// The smallest level in dB that at least `percent` of the pixels above the [`NOISE_FLOOR`] do
    /// not exceed; 0 where there are none.
    pub fn percentile(&self, percent: f64) -> f32 {
        let counts = &self.counts[place(NOISE_FLOOR)..];
        let total: u64 = counts.iter().sum();
        let wanted = (total as f64 * percent / 100.0).ceil() as u64;
        let mut below = 0;
        for (level, count) in (NOISE_FLOOR..=i16::MAX).zip(counts) {
            below += count;
            if *count > 0 && below >= wanted {
                return f32::from(level) / 100.0;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_and_decibels_are_inverse() {
        let grey = Grey { reference_db: -12.5, range_db: 80.0 };
        for value in 0..=255 {
            assert_eq!(grey.value(grey.decibels(value)), value);
        }
        assert_eq!((grey.value(-12.5), grey.value(40.0)), (255, 255));
        assert_eq!((grey.value(-92.5), grey.value(-300.0)), (0, 0));
        assert_eq!(grey.value(-52.5), 128);
    }

    #[test]
    fn levels_are_hundredths_of_a_decibel() {
        assert_eq!(level(0.5), 0);
        assert_eq!(level(5.0), 1000);
        assert_eq!(level(0.5e-9), -9000);
        assert_eq!([level(0.0), level(-1.0), level(f32::NAN)], [NOTHING; 3]);
        assert_eq!(level(f32::INFINITY), i16::MAX);
        assert_eq!(level(f32::MIN_POSITIVE), NOTHING + 1);
    }

    #[test]
    fn the_table_agrees_with_the_formula() {
        let grey = Grey { reference_db: 3.21, range_db: 75.0 };
        let table = grey.table();
        for level in [NOTHING + 1, -9000, -4000, -1, 0, 321, 322, i16::MAX] {
            assert_eq!(table.value(level), grey.value(f32::from(level) / 100.0));
        }
        assert_eq!(table.value(NOTHING), 0);
    }

    #[test]
    fn the_percentile_is_a_level_of_the_song() {
        let mut histogram = Histogram::default();
        for level in 1..=1000 {
            histogram.add(level);
        }
        assert_eq!(histogram.percentile(99.9), 9.99);
        assert_eq!(histogram.percentile(100.0), 10.0);
        assert_eq!(histogram.percentile(0.01), 0.01);
        assert_eq!(Histogram::default().percentile(50.0), 0.0);
        // Hours of silence do not matter.
        let with_silence = (0..100_000).fold(histogram.clone(), |mut histogram, i| {
            histogram.add(if i % 2 == 0 { NOTHING } else { NOISE_FLOOR - 1 });
            histogram
        });
        assert_eq!(with_silence.percentile(99.9), 9.99);
    }
}
