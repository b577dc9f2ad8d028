use std::ops::Range;

use ndarray::Array2;
use songscape_project::{level_db, row_hz};

use crate::rings::CLASSES;

/// Which pitch each row of an image stands for, and which level each grey value.
///
/// ```
/// use songscape_contrastive::baseline::Pitches;
///
/// let pitches = Pitches::new(256, 30.0, 12_000.0, 60.0);
/// // The row of 440 Hz, lit: all of it is an A.
/// let row = (255.0 * (12_000f64 / 440.0).ln() / 400f64.ln()).round() as usize;
/// let mut column = vec![0; 256];
/// column[row] = 255;
/// let chroma = pitches.chroma(&column);
/// assert!(chroma[9] > 5.0 * chroma[8].max(chroma[10]));
/// ```
#[derive(Debug, Clone)]
pub struct Pitches {
    /// The frequency of every row in Hz.
    frequencies: Vec<f64>,
    /// For every row its share of each pitch class, C first.
    weights: Vec<[f32; CLASSES]>,
    /// The rows that have a share of any.
    heard: Range<usize>,
    /// Amplitudes of the grey values.
    amplitudes: Vec<f32>,
}

impl Pitches {
    /// Pitches of images of that many rows, equally spaced in their logarithm from `high` Hz (row 0)
    /// down to `low`, with `range_db` between black and white.
    pub fn new(rows: usize, low: f64, high: f64, range_db: f64) -> Self {
        let amplitude = |grey: u32| {
            if grey == 0 { 0.0 } else { 10f64.powf(level_db(grey.into(), range_db) / 20.0) as f32 }
        };
        let frequencies: Vec<f64> = (0..rows).map(|row| row_hz((low, high), row, rows)).collect();
        let weights: Vec<_> = frequencies.iter().map(|&frequency| classes_of(frequency)).collect();
        let heard = |weights: &[f32; CLASSES]| weights.iter().any(|&weight| weight > 0.0);
        let first = weights.iter().position(heard).unwrap_or(0);
        let last = weights.iter().rposition(heard).map_or(0, |last| last + 1);
        Self {
            weights,
            heard: first..last,
            frequencies,
            amplitudes: (0..256).map(amplitude).collect(),
        }
    }

    /// The frequency of every row in Hz.
    pub(crate) fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// Mean and deviation over time of the share of each pitch class in the amplitude, `[24]`: the
    /// classic chroma. Empty for an empty image. [`sharpened_chroma`](Self::sharpened_chroma) is
    /// the stronger baseline.
    pub fn chroma(&self, pixels: &[u8]) -> Vec<f32> {
        /// Amplitude of a column, relative to white, below which it fades out.
        const SOFTEST: f32 = 0.03;
        let amplitudes = |column: &[u8], strengths: &mut [f32]| {
            let amplitude = |grey: &u8| self.amplitudes[usize::from(*grey)];
            strengths
                .iter_mut()
                .zip(column)
                .for_each(|(strength, grey)| *strength = amplitude(grey));
        };
        self.statistics(pixels, |each| {
            self.each_column(pixels, SOFTEST, amplitudes, |_, classes| each(classes));
        })
    }

    /// As [`chroma`](Self::chroma), of each grey value above the mean of the rows around it, `[24]`:
    /// partials count, and the broad spectrum of instrument and room does not. What only the harmony
    /// says about a piece, whatever plays it; the strongest of the small baselines for finding another
    /// rendition in the same key. Empty for an empty image.
    pub fn sharpened_chroma(&self, pixels: &[u8]) -> Vec<f32> {
        self.statistics(pixels, |each| self.each_sharpened(pixels, |_, classes| each(classes)))
    }

    /// The sharpened chroma of each `frame` columns of an image, their mean: `[frames, 12]`, C first. A
    /// frame that is not whole is left out.
    pub fn sequence(&self, pixels: &[u8], frame: usize) -> Array2<f32> {
        self.frames(pixels, frame, CLASSES, |_, classes| classes)
    }

    /// What the [sequence](Self::sequence) is the sum of, row by row: `[frames, rows]`. Times the classes of
    /// each row's frequency it is the sequence.
    pub(crate) fn plane(&self, pixels: &[u8], frame: usize) -> Array2<f32> {
        self.frames(pixels, frame, self.weights.len(), |strengths, _| strengths)
    }

    /// The means of each `frame` columns, of their strengths or their classes.
    fn frames(
        &self,
        pixels: &[u8],
        frame: usize,
        width: usize,
        of: impl for<'c> Fn(&'c [f32], &'c [f32]) -> &'c [f32],
    ) -> Array2<f32> {
        let frame = frame.max(1);
        let columns = pixels.len().checked_div(self.weights.len()).unwrap_or(0);
        let mut means = Array2::zeros((columns / frame, width));
        let mut column = 0;
        self.each_sharpened(pixels, |strengths, classes| {
            if column / frame < means.nrows() {
                let mut to = means.row_mut(column / frame);
                let values = of(strengths, classes);
                to.iter_mut().zip(values).for_each(|(to, value)| *to += value / frame as f32);
            }
            column += 1;
        });
        means
    }

    /// Calls `each` with the strengths and the twelve classes of every column, of what stands out from the rows
    /// around it.
    fn each_sharpened(&self, pixels: &[u8], each: impl FnMut(&[f32], &[f32; CLASSES])) {
        /// Rows on either side of a row that belong to its surroundings: 1.2 semitones of an image
        /// with 29.5 rows per octave.
        const AROUND: usize = 3;
        /// Grey value of a column below which it fades out.
        const SOFTEST: f32 = 1.0;
        /// These and the row itself.
        const WINDOW: usize = 2 * AROUND + 1;
        let mut sums: Vec<i32> = Vec::new();
        let sharpened = |column: &[u8], strengths: &mut [f32]| {
            // The sum of all rows before each: that of any run of rows is a difference of two.
            sums.clear();
            sums.push(0);
            let mut sum = 0;
            sums.extend(column.iter().map(|&grey| {
                sum += i32::from(grey);
                sum
            }));
            let above = |grey: u8, sum: i32, rows: usize| {
                (f32::from(grey) - sum as f32 / rows as f32).max(0.0)
            };
            let rows = column.len();
            let mut at_end = |row: usize| {
                let around = row.saturating_sub(AROUND)..rows.min(row + AROUND + 1);
                let sum = sums[around.end] - sums[around.start];
                strengths[row] = above(column[row], sum, around.len());
            };
            let inner = AROUND.min(rows)..rows.saturating_sub(AROUND).max(AROUND.min(rows));
            (0..inner.start).chain(inner.end..rows).for_each(&mut at_end);
            // Most rows: windows of one size, several at a time.
            let windows = sums.iter().zip(sums.iter().skip(WINDOW)).map(|(from, to)| to - from);
            let greys = column[inner.clone()].iter();
            for (strength, (grey, sum)) in strengths[inner].iter_mut().zip(greys.zip(windows)) {
                *strength = above(*grey, sum, WINDOW);
            }
        };
        self.each_column(pixels, SOFTEST, sharpened, each);
    }

    /// Calls `each` with the strengths of the rows and of the twelve classes in every column. The classes of each
    /// column have length 1, but those much softer than `softest` count less. `strengths` says what each row of a
    /// column is worth.
    fn each_column(
        &self,
        pixels: &[u8],
        softest: f32,
        mut strengths: impl FnMut(&[u8], &mut [f32]),
        mut each: impl FnMut(&[f32], &[f32; CLASSES]),
    ) {
        let rows = self.weights.len();
        let mut of_rows = vec![0.0; rows];
        for column in pixels.chunks_exact(rows.max(1)) {
            strengths(column, &mut of_rows);
            let mut classes = [0.0f32; CLASSES];
            let heard = self.heard.clone();
            for (strength, weights) in of_rows[heard.clone()].iter().zip(&self.weights[heard]) {
                classes = std::array::from_fn(|class| classes[class] + strength * weights[class]);
            }
            let norm = classes.iter().map(|class| class * class).sum::<f32>().sqrt() + softest;
            of_rows.iter_mut().chain(&mut classes).for_each(|strength| *strength /= norm);
            each(&of_rows, &classes);
        }
    }

    /// Mean and deviation of the twelve classes over all columns that `columns` goes through, `[24]`.
    fn statistics(
        &self,
        pixels: &[u8],
        columns: impl FnOnce(&mut dyn FnMut(&[f32; CLASSES])),
    ) -> Vec<f32> {
        let rows = self.weights.len();
        if rows == 0 || pixels.len() < rows {
            return Vec::new();
        }
        let (mut sums, mut squares) = ([0.0f64; CLASSES], [0.0f64; CLASSES]);
        columns(&mut |classes| {
            for (class, (sum, square)) in classes.iter().zip(sums.iter_mut().zip(&mut squares)) {
                *sum += f64::from(*class);
                *square += f64::from(*class).powi(2);
            }
        });
        let columns = (pixels.len() / rows) as f64;
        let means = sums.map(|sum| sum / columns);
        let deviation =
            |(square, mean): (&f64, &f64)| (square / columns - mean * mean).max(0.0).sqrt();
        let deviations = squares.iter().zip(&means).map(deviation);
        means.iter().copied().chain(deviations).map(|value| value as f32).collect()
    }
}

/// The share of each pitch class in what sounds at a frequency in Hz, C first.
pub(crate) fn classes_of(frequency: f64) -> [f32; CLASSES] {
    /// Beyond these there are few fundamentals and strong partials, Hz.
    const LOWEST: f64 = 60.0;
    const HIGHEST: f64 = 2500.0;
    /// Width of a pitch class, semitones.
    const DEVIATION: f64 = 0.35;
    /// Smaller shares are none: they change no sum, but subnormal products are slow.
    const LEAST: f64 = 1e-30;
    if !(LOWEST..HIGHEST).contains(&frequency) {
        return [0.0; CLASSES];
    }
    let pitch = 69.0 + 12.0 * (frequency / 440.0).log2();
    std::array::from_fn(|class| {
        let distance = (pitch - class as f64 + 6.0).rem_euclid(12.0) - 6.0;
        let share = (-0.5 * (distance / DEVIATION).powi(2)).exp();
        if share < LEAST { 0.0 } else { share as f32 }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn chroma_does_not_depend_on_octave_or_level() {
        let pitches = Pitches::new(256, 30.0, 12_000.0, 60.0);
        // A chord of three rows, and the same an octave (29.5 rows) lower and 10 dB weaker.
        let chord = |shift: f64, grey: u8| -> Vec<u8> {
            let rows = [150.0, 140.0, 131.0].map(|row: f64| (row + shift).round() as usize);
            (0..256 * 4).map(|i| if rows.contains(&(i % 256)) { grey } else { 0 }).collect()
        };
        let (high, low) = (pitches.chroma(&chord(0.0, 250)), pitches.chroma(&chord(29.5, 207)));
        assert_eq!(high.len(), 24);
        let dot: f32 = high.iter().zip(&low).map(|(a, b)| a * b).sum();
        let norm = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!(dot / (norm(&high) * norm(&low)) > 0.9);
        assert!(high[12..].iter().all(|deviation| *deviation < 1e-3), "the chord stands still");
        assert!(pitches.chroma(&[]).is_empty());
    }

    #[test]
    fn a_sharpened_chroma_hears_partials_and_not_the_floor_below_them() {
        let pitches = Pitches::new(256, 30.0, 12_000.0, 60.0);
        // An A, over a floor that rises towards the low rows, and beside a loud broad band.
        let image = |floor: bool| -> Vec<u8> {
            let grey = |row: usize| match (row, floor) {
                (141, _) => 230,
                (170..190, true) => 200,
                (_, true) => (row / 2) as u8,
                _ => 0,
            };
            (0..256 * 4).map(|i| grey(i % 256)).collect()
        };
        let strongest = |vector: Vec<f32>| {
            let largest = |&a: &usize, &b: &usize| vector[a].total_cmp(&vector[b]);
            (0..12).max_by(largest).unwrap()
        };
        assert_eq!(strongest(pitches.sharpened_chroma(&image(false))), 9);
        assert_eq!(strongest(pitches.sharpened_chroma(&image(true))), 9);
        let share = |vector: Vec<f32>| vector[9] / vector[..12].iter().sum::<f32>();
        let sharpened = share(pitches.sharpened_chroma(&image(true)));
        assert!(sharpened > 1.5 * share(pitches.chroma(&image(true))), "{sharpened}");
        // Nothing stands out: nothing is heard.
        assert!(pitches.sharpened_chroma(&[100; 512]).iter().all(|value| *value == 0.0));
    }

    #[test]
    fn a_sequence_has_the_means_of_whole_frames() {
        let pitches = Pitches::new(256, 30.0, 12_000.0, 60.0);
        // An A for five columns, then nothing.
        let pixels: Vec<u8> =
            (0..256 * 11).map(|i| if i % 256 == 141 && i < 256 * 5 { 230 } else { 0 }).collect();
        let found = pitches.sequence(&pixels, 3);
        assert_eq!(found.dim(), (3, 12));
        let strength = found[[0, 9]];
        assert!(strength > 0.5 && found[[0, 3]] < 1e-3 * strength, "{found}");
        assert!((found[[1, 9]] - strength * 2.0 / 3.0).abs() < 1e-6);
        assert_eq!(found.row(2).sum(), 0.0);
        assert_eq!(pitches.sequence(&[], 3).nrows(), 0);
        // Row by row it is the same.
        let plane = pitches.plane(&pixels, 3);
        assert_eq!(plane.dim(), (3, 256));
        let classes: Vec<_> = pitches.frequencies().iter().map(|&hz| classes_of(hz)).collect();
        let folded = plane.dot(&Array2::from(classes));
        assert!(found.iter().zip(&folded).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
