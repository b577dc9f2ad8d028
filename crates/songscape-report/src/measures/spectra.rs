//! Mean spectra of clusters.

use std::collections::BTreeMap;

use super::largest;
use crate::error::{Error, Result};
use crate::sound::MeanSpectrum;

impl MeanSpectrum {
    /// The mean spectra of all clusters, from a spectrum for each song: −1 first, then by number.
    /// `levels[i]` is song `i`'s level in dB in each row, the highest frequency first (see
    /// [`level_db`](songscape_project::level_db)).
    ///
    /// ```
    /// use songscape_report::MeanSpectrum;
    ///
    /// let levels = [[-10.0, -20.0], [-30.0, -40.0], [-5.0, -5.0]];
    /// let spectra = MeanSpectrum::of_clusters(&[0, 0, -1], levels.iter().map(|l| l.to_vec()))?;
    /// assert_eq!((spectra[0].cluster, spectra[1].cluster), (-1, 0));
    /// assert_eq!(spectra[1].level_db, [-20.0, -30.0]);
    /// assert!((spectra[1].deviation_db[0] - 200f64.sqrt()).abs() < 1e-9);
    /// # Ok::<(), songscape_report::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`] when there are not as many spectra as songs, or not as many rows in each.
    pub fn of_clusters(
        clusters: &[i32],
        levels: impl IntoIterator<Item = Vec<f64>>,
    ) -> Result<Vec<Self>> {
        let mut sums: BTreeMap<i32, Self> = BTreeMap::new();
        let mut rows = None;
        let mut songs = 0;
        for (level, &cluster) in levels.into_iter().zip(clusters) {
            let expected = *rows.get_or_insert(level.len());
            if level.len() != expected {
                let what = format!("rows in the spectrum of song {songs}");
                return Err(Error::Length { what, found: level.len(), expected });
            }
            sums.entry(cluster).or_insert_with(|| Self::empty(cluster, expected)).add(&level);
            songs += 1;
        }
        if songs != clusters.len() {
            let what = "spectra of songs".into();
            return Err(Error::Length { what, found: songs, expected: clusters.len() });
        }
        // While songs are added, `deviation_db` holds sums of squares.
        let finish = |mut sum: Self| {
            let degrees = sum.songs.saturating_sub(1).max(1) as f64;
            sum.deviation_db.iter_mut().for_each(|square| *square = (*square / degrees).sqrt());
            sum
        };
        Ok(sums.into_values().map(finish).collect())
    }

    fn empty(cluster: i32, rows: usize) -> Self {
        Self { cluster, songs: 0, level_db: vec![0.0; rows], deviation_db: vec![0.0; rows] }
    }

    /// Adds a song (Welford 1962: mean and sum of squares without cancellation).
    fn add(&mut self, level: &[f64]) {
        self.songs += 1;
        let n = self.songs as f64;
        for ((mean, square), level) in
            self.level_db.iter_mut().zip(&mut self.deviation_db).zip(level)
        {
            let off = level - *mean;
            *mean += off / n;
            *square += off * (level - *mean);
        }
    }
}

/// The clusters' spectra beside that of all songs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spectra<'a> {
    /// Those that are shown, −1 first.
    pub shown: Vec<&'a MeanSpectrum>,
    /// The clusters that there are, −1 not counted.
    pub clusters: usize,
    /// The mean over all songs, row by row.
    pub all: Vec<f64>,
}

/// `None` without songs or rows, or where the rows differ.
pub(crate) fn spectra(spectra: &[MeanSpectrum]) -> Option<Spectra<'_>> {
    let rows = spectra.first()?.level_db.len();
    let songs: usize = spectra.iter().map(|s| s.songs).sum();
    if songs == 0 || rows == 0 || spectra.iter().any(|s| s.level_db.len() != rows) {
        return None;
    }
    let mean = |row: usize| {
        spectra.iter().map(|s| s.level_db[row] * s.songs as f64).sum::<f64>() / songs as f64
    };
    let kept = largest(spectra.iter().map(|s| (s.cluster, s.songs)));
    let mut shown: Vec<&MeanSpectrum> =
        spectra.iter().filter(|s| s.cluster < 0 || kept.contains(&s.cluster)).collect();
    shown.sort_by_key(|spectrum| spectrum.cluster);
    let clusters = spectra.iter().filter(|s| s.cluster >= 0).count();
    Some(Spectra { shown, clusters, all: (0..rows).map(mean).collect() })
}
