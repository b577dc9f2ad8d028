//! Levels, frequencies and seconds of a song's image.

use songscape_project::level_db;

use crate::input::ReportInput;

/// More columns than this cannot be told apart.
const COLUMNS: usize = 1_000;

/// The mean level in dB of each row of an image, the highest frequency first: `pixels` are grey values
/// `[columns, rows]`, a column after the other. A song's spectrum for
/// [`MeanSpectrum::of_clusters`](crate::MeanSpectrum::of_clusters).
///
/// ```
/// let two_columns = [255, 0, 0, 0, 255, 255];
/// assert_eq!(songscape_report::mean_levels_db(&two_columns, 3, 60.0), [-30.0, -30.0, -30.0]);
/// ```
pub fn mean_levels_db(pixels: &[u8], rows: usize, range_db: f64) -> Vec<f64> {
    let mut sums = vec![0_u64; rows];
    let columns = pixels.chunks_exact(rows.max(1));
    let count = columns.len().max(1) as f64;
    for column in columns {
        sums.iter_mut().zip(column).for_each(|(sum, &grey)| *sum += u64::from(grey));
    }
    sums.iter().map(|&sum| level_db(sum as f64 / count, range_db)).collect()
}

/// What is drawn: columns from left to right, each with its levels in dB from the top down.
pub(crate) struct Image {
    pub song: usize,
    pub columns: Vec<Vec<f64>>,
    /// How many columns of the song's image make one column here; the last may be of fewer.
    pub averaged: usize,
    pub seconds: f64,
    /// Lowest and highest frequency in Hz.
    pub frequencies: (f64, f64),
    pub range_db: f64,
    /// Columns of the song's image per second.
    rate: f64,
}

impl Image {
    /// The middle of a column in seconds.
    pub fn second(&self, column: usize) -> f64 {
        let (from, to) = (self.start(column), self.start(column + 1).min(self.seconds));
        (from + to) / 2.0
    }

    /// Where a column begins, in seconds.
    fn start(&self, column: usize) -> f64 {
        (column * self.averaged) as f64 / self.rate
    }

    /// Rows of every column.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }
}

/// The song's image, no wider than can be drawn. `None` where there is none, or not its scale.
pub(crate) fn image(input: &ReportInput) -> Option<Image> {
    let picture = input.spectrogram.as_ref()?;
    let frequencies = input.frequencies?;
    let rate = input.columns_per_second?;
    let columns = picture.columns();
    if columns == 0 {
        return None;
    }
    let averaged = columns.div_ceil(COLUMNS);
    let parts = picture.pixels.chunks(averaged * picture.rows);
    Some(Image {
        song: picture.song,
        columns: parts.map(|part| mean_levels_db(part, picture.rows, picture.range_db)).collect(),
        averaged,
        seconds: columns as f64 / rate,
        frequencies,
        range_db: picture.range_db,
        rate,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sound::Spectrogram;

    #[test]
    fn a_last_column_of_fewer_stands_in_its_own_middle() {
        let picture = Spectrogram { song: 0, pixels: vec![255; 1001], rows: 1, range_db: 60.0 };
        let input = ReportInput {
            spectrogram: Some(picture),
            frequencies: Some((100.0, 200.0)),
            columns_per_second: Some(10.0),
            ..ReportInput::default()
        };
        let image = image(&input).unwrap();
        assert_eq!((image.columns.len(), image.averaged), (501, 2));
        assert_eq!((image.second(0), image.second(500)), (0.1, 100.05));
    }
}
