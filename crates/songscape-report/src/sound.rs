//! What is drawn of the sound itself.

use crate::error::{Error, Result};
use crate::input::{finite, positive, within};

/// The image of one song.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrogram {
    /// The song's row.
    pub song: usize,
    /// Grey levels `[columns, rows]`, a column after the other, the highest frequency first.
    pub pixels: Vec<u8>,
    /// Rows of the image.
    pub rows: usize,
    /// Decibels from black (0) to white (255).
    pub range_db: f64,
}

impl Spectrogram {
    /// Columns of the image.
    pub fn columns(&self) -> usize {
        self.pixels.len().checked_div(self.rows).unwrap_or(0)
    }

    pub(crate) fn check(&self, songs: usize) -> Result<()> {
        within(self.song, songs, || "the spectrogram's song".into())?;
        positive(self.rows as f64, || "rows of the spectrogram".into())?;
        positive(self.range_db, || "range of the spectrogram in dB".into())?;
        let whole = self.columns() * self.rows;
        if whole != self.pixels.len() {
            return Err(Error::Length {
                what: format!("pixels of the spectrogram of {} rows", self.rows),
                found: self.pixels.len(),
                expected: whole,
            });
        }
        Ok(())
    }
}

/// The mean spectrum of the songs of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanSpectrum {
    /// The cluster, −1 for the songs in none.
    pub cluster: i32,
    /// How many songs it is the mean of.
    pub songs: usize,
    /// `[rows]`: mean level in dB below white, the highest frequency first.
    pub level_db: Vec<f64>,
}

impl MeanSpectrum {
    pub(crate) fn check(&self) -> Result<()> {
        self.level_db.iter().try_for_each(|&level| {
            finite(level, || format!("level in the mean spectrum of cluster {}", self.cluster))
        })
    }

    /// The mean spectra of all clusters, from a spectrum for each song: −1 first, then by number.
    /// `levels[i]` is song `i`'s level in dB in each row, the highest frequency first.
    ///
    /// ```
    /// use songscape_report::MeanSpectrum;
    ///
    /// let levels = [[-10.0, -20.0], [-30.0, -40.0], [-5.0, -5.0]];
    /// let spectra = MeanSpectrum::of_clusters(&[0, 0, -1], levels.iter().map(|l| l.to_vec()))?;
    /// assert_eq!((spectra[0].cluster, spectra[1].cluster), (-1, 0));
    /// assert_eq!(spectra[1].level_db, [-20.0, -30.0]);
    /// # Ok::<(), songscape_report::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`] when there are not as many spectra as songs, or not as many rows in each.
    pub fn of_clusters(
        clusters: &[i32],
        levels: impl IntoIterator<Item = Vec<f64>>,
    ) -> Result<Vec<Self>> {
        let mut sums: std::collections::BTreeMap<i32, Self> = std::collections::BTreeMap::new();
        let mut rows = None;
        let mut songs = 0;
        for (level, &cluster) in levels.into_iter().zip(clusters) {
            let expected = *rows.get_or_insert(level.len());
            if level.len() != expected {
                let what = format!("rows in the spectrum of song {songs}");
                return Err(Error::Length { what, found: level.len(), expected });
            }
            let sum = sums.entry(cluster).or_insert_with(|| Self {
                cluster,
                songs: 0,
                level_db: vec![0.0; level.len()],
            });
            sum.songs += 1;
            sum.level_db.iter_mut().zip(level).for_each(|(sum, level)| *sum += level);
            songs += 1;
        }
        if songs != clusters.len() {
            let what = "spectra of songs".into();
            return Err(Error::Length { what, found: songs, expected: clusters.len() });
        }
        let mean = |mut sum: Self| {
            sum.level_db.iter_mut().for_each(|level| *level /= sum.songs as f64);
            sum
        };
        Ok(sums.into_values().map(mean).collect())
    }
}
