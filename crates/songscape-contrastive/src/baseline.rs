//! What a song's image says without any learning: the baselines that an encoder is compared with.

use songscape_project::{level_db, row_hz};

/// Mean and deviation of each row of an image of time-major pixels, `[2 rows]`: what only a song's
/// average spectrum says about it. Empty for an empty image.
pub fn row_statistics(pixels: &[u8], rows: usize) -> Vec<f32> {
    if rows == 0 || pixels.len() < rows {
        return Vec::new();
    }
    let (mut sums, mut squares) = (vec![0_u64; rows], vec![0_u64; rows]);
    for column in pixels.chunks_exact(rows) {
        for (row, &pixel) in column.iter().enumerate() {
            sums[row] += u64::from(pixel);
            squares[row] += u64::from(pixel) * u64::from(pixel);
        }
    }
    let columns = (pixels.len() / rows) as f64;
    let mean = |sum: &u64| *sum as f64 / columns;
    let deviation = |(sum, square): (&u64, &u64)| {
        ((mean(square) - mean(sum) * mean(sum)).max(0.0).sqrt()) as f32
    };
    let deviations: Vec<f32> = sums.iter().zip(&squares).map(deviation).collect();
    sums.iter().map(|sum| mean(sum) as f32).chain(deviations).collect()
}

/// The first and second half of an image, `gap_columns` between them left out.
///
/// `None` when the image is too short for one column on each side.
pub fn halves(pixels: &[u8], rows: usize, gap_columns: usize) -> Option<(&[u8], &[u8])> {
    let columns = pixels.len().checked_div(rows)?;
    let side = columns.checked_sub(gap_columns)? / 2;
    let second = &pixels[(columns - side) * rows..columns * rows];
    (side > 0).then_some((&pixels[..side * rows], second))
}

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
    /// For every row its share of each pitch class, C first.
    weights: Vec<[f32; 12]>,
    /// Amplitudes of the grey values.
    amplitudes: Vec<f32>,
}

impl Pitches {
    /// Pitches of images of that many rows, equally spaced in their logarithm from `high` Hz (row 0)
    /// down to `low`, with `range_db` between black and white.
    pub fn new(rows: usize, low: f64, high: f64, range_db: f64) -> Self {
        /// Beyond these there are few fundamentals and strong partials, Hz.
        const LOWEST: f64 = 60.0;
        const HIGHEST: f64 = 2500.0;
        /// Width of a pitch class, semitones.
        const DEVIATION: f64 = 0.35;
        let weights = |row: usize| {
            let frequency = row_hz((low, high), row, rows);
            let pitch = 69.0 + 12.0 * (frequency / 440.0).log2();
            std::array::from_fn(|class| {
                let distance = (pitch - class as f64 + 6.0).rem_euclid(12.0) - 6.0;
                let near = (-0.5 * (distance / DEVIATION).powi(2)).exp();
                if (LOWEST..HIGHEST).contains(&frequency) { near as f32 } else { 0.0 }
            })
        };
        let amplitude = |grey: u32| {
            if grey == 0 { 0.0 } else { 10f64.powf(level_db(grey.into(), range_db) / 20.0) as f32 }
        };
        Self {
            weights: (0..rows).map(weights).collect(),
            amplitudes: (0..256).map(amplitude).collect(),
        }
    }

    /// Mean and deviation over time of the share of each pitch class in the amplitude, `[24]`: the
    /// classic chroma. Empty for an empty image. [`sharpened_chroma`](Self::sharpened_chroma) is
    /// the stronger baseline.
    pub fn chroma(&self, pixels: &[u8]) -> Vec<f32> {
        /// Amplitude of a column, relative to white, below which it fades out.
        const SOFTEST: f32 = 0.03;
        self.over_time(pixels, SOFTEST, |column, strengths| {
            let amplitude = |grey: &u8| self.amplitudes[usize::from(*grey)];
            strengths
                .iter_mut()
                .zip(column)
                .for_each(|(strength, grey)| *strength = amplitude(grey));
        })
    }

    /// As [`chroma`](Self::chroma), of each grey value above the mean of the rows around it, `[24]`:
    /// partials count, and the broad spectrum of instrument and room does not. What only the harmony
    /// says about a piece, whatever plays it; the strongest baseline for finding another rendition
    /// in the same key. Empty for an empty image.
    pub fn sharpened_chroma(&self, pixels: &[u8]) -> Vec<f32> {
        /// Rows on either side of a row that belong to its surroundings: 1.2 semitones of an image
        /// with 29.5 rows per octave.
        const AROUND: usize = 3;
        /// Grey value of a column below which it fades out.
        const SOFTEST: f32 = 1.0;
        self.over_time(pixels, SOFTEST, |column, strengths| {
            for (row, strength) in strengths.iter_mut().enumerate() {
                let around =
                    &column[row.saturating_sub(AROUND)..column.len().min(row + AROUND + 1)];
                let sum: u32 = around.iter().map(|&grey| u32::from(grey)).sum();
                *strength = (f32::from(column[row]) - sum as f32 / around.len() as f32).max(0.0);
            }
        })
    }

    /// Mean and deviation over the columns of the twelve classes' strengths, `[24]`. Each column has
    /// length 1, but those much softer than `softest` count less. `strengths` says what each row of a
    /// column is worth.
    fn over_time(
        &self,
        pixels: &[u8],
        softest: f32,
        strengths: impl Fn(&[u8], &mut [f32]),
    ) -> Vec<f32> {
        let rows = self.weights.len();
        if rows == 0 || pixels.len() < rows {
            return Vec::new();
        }
        let mut of_rows = vec![0.0; rows];
        let (mut sums, mut squares) = ([0.0f64; 12], [0.0f64; 12]);
        for column in pixels.chunks_exact(rows) {
            strengths(column, &mut of_rows);
            let mut classes = [0.0f32; 12];
            for (strength, weights) in of_rows.iter().zip(&self.weights) {
                classes.iter_mut().zip(weights).for_each(|(class, w)| *class += strength * w);
            }
            let norm = classes.iter().map(|class| class * class).sum::<f32>().sqrt() + softest;
            classes.iter_mut().for_each(|class| *class /= norm);
            for (class, (sum, square)) in classes.iter().zip(sums.iter_mut().zip(&mut squares)) {
                *sum += f64::from(*class);
                *square += f64::from(*class).powi(2);
            }
        }
        let columns = (pixels.len() / rows) as f64;
        let means = sums.map(|sum| sum / columns);
        let deviation =
            |(square, mean): (&f64, &f64)| (square / columns - mean * mean).max(0.0).sqrt();
        let deviations = squares.iter().zip(&means).map(deviation);
        means.iter().copied().chain(deviations).map(|value| value as f32).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_means_and_deviations_of_rows() {
        let pixels = [0, 10, 4, 30];
        assert_eq!(row_statistics(&pixels, 2), [2.0, 20.0, 2.0, 10.0]);
        assert_eq!(halves(&[1, 2, 3, 4, 5], 1, 1), Some((&[1, 2][..], &[4, 5][..])));
        assert!(halves(&[1, 2], 1, 1).is_none());
        assert!(row_statistics(&[], 2).is_empty());
    }

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
}
