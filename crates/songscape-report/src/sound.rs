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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanSpectrum {
    /// The cluster, −1 for unclustered songs.
    pub cluster: i32,
    /// How many songs it is the mean of.
    pub songs: usize,
    /// `[rows]`: mean level in dB relative to each song's white, the highest frequency first.
    pub level_db: Vec<f64>,
    /// `[rows]`: the standard deviation of the level among the songs, in dB; empty where it is not
    /// known.
    pub deviation_db: Vec<f64>,
}

impl MeanSpectrum {
    pub(crate) fn check(&self) -> Result<()> {
        if !self.deviation_db.is_empty() && self.deviation_db.len() != self.level_db.len() {
            return Err(Error::Length {
                what: format!("deviations in the mean spectrum of cluster {}", self.cluster),
                found: self.deviation_db.len(),
                expected: self.level_db.len(),
            });
        }
        self.level_db.iter().chain(&self.deviation_db).try_for_each(|&level| {
            finite(level, || format!("level in the mean spectrum of cluster {}", self.cluster))
        })
    }
}
