//! What a study says of new songs.

use std::path::Path;

use ndarray::Array2;
use serde::Serialize;
use songscape_project::write_csv;

use super::Study;
use crate::error::{Error, Result};
use crate::music::years::GuessedYear;
use crate::neighbors::Neighbors;
use crate::vectors::write_npy;

/// What a study says of new songs, a row for each in the order of their vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// `[m, dims]`: their places on the map.
    pub map: Array2<f32>,
    /// Their clusters, −1 for none.
    pub labels: Vec<i32>,
    /// How firmly they belong to them, 0 to 1.
    pub probabilities: Vec<f64>,
    /// How far they are from their like: 1 for the median song of the study.
    pub outliers: Vec<f64>,
    /// Their years, where the study can predict them.
    pub years: Option<Vec<GuessedYear>>,
    /// The nearest songs of the study, [`StudyParams::nearest`](super::StudyParams::nearest) for each.
    pub nearest: Neighbors,
}

/// A row of `new_songs.csv`.
#[derive(Serialize)]
struct SongRow {
    row: usize,
    label: i32,
    probability: f64,
    outlier: f64,
    predicted: Option<f32>,
    low: Option<f32>,
    high: Option<f32>,
}

/// A row of `neighbors.csv`.
#[derive(Serialize)]
struct NearRow<'a> {
    row: usize,
    rank: usize,
    neighbor: u32,
    distance: f32,
    song: &'a str,
}

impl Applied {
    /// Writes into a folder `umap.npy`, the places `[m, dims]`; `new_songs.csv`
    /// (`row,label,probability,outlier,predicted,low,high`); and `neighbors.csv`
    /// (`row,rank,neighbor,distance,song`), with the rows and names of the songs of `study`.
    ///
    /// # Errors
    /// [`Error::Project`] and [`Error::File`] when a file cannot be written; [`Error::Parameter`] when a
    /// neighbour is no song of the study.
    pub fn write(&self, study: &Study, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let songs = study.songs();
        if let Some(bad) = self.nearest.indices.iter().find(|&&row| row as usize >= songs.len()) {
            return Err(Error::parameter("a neighbor", bad, "a song of the study"));
        }
        let song = |row: usize| {
            let year = self.years.as_ref().map(|years| years[row]);
            SongRow {
                row,
                label: self.labels[row],
                probability: self.probabilities[row],
                outlier: self.outliers[row],
                predicted: year.map(|year| year.predicted),
                low: year.and_then(|year| year.low),
                high: year.and_then(|year| year.high),
            }
        };
        let header = ["row", "label", "probability", "outlier", "predicted", "low", "high"];
        write_csv(folder.join("new_songs.csv"), &header, (0..self.labels.len()).map(song))?;
        let near = self.nearest.indices.indexed_iter().map(|((row, j), &neighbor)| NearRow {
            row,
            rank: j + 1,
            neighbor,
            distance: self.nearest.distances[[row, j]],
            song: &songs[neighbor as usize],
        });
        let header = ["row", "rank", "neighbor", "distance", "song"];
        write_csv(folder.join("neighbors.csv"), &header, near)?;
        write_npy(folder.join("umap.npy"), self.map.view())
    }
}
