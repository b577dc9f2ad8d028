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
    /// Their outlier scores: how far they are from similar songs; 1 for the median song of the study.
    pub outliers: Vec<f64>,
    /// Their years, where the study can predict them.
    pub years: Option<Vec<GuessedYear>>,
    /// The nearest songs of the study, [`StudyParams::nearest`](super::StudyParams::nearest) for each.
    pub nearest: Neighbors,
}

/// A row of `new_songs.csv`.
#[derive(Serialize)]
pub(super) struct SongRow<'a> {
    row: usize,
    label: i32,
    name: &'a str,
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

impl SongRow<'_> {
    pub const HEADER: [&'static str; 8] =
        ["row", "label", "name", "probability", "outlier", "predicted", "low", "high"];
}

impl Applied {
    /// The song in the place `new`, which a table has in the row `row`.
    pub(super) fn song<'a>(&self, study: &'a Study, new: usize, row: usize) -> SongRow<'a> {
        let year = self.years.as_ref().map(|years| years[new]);
        let cluster = usize::try_from(self.labels[new]).ok();
        let name = cluster.and_then(|cluster| study.names().get(cluster));
        SongRow {
            row,
            label: self.labels[new],
            name: name.map_or("", String::as_str),
            probability: self.probabilities[new],
            outlier: self.outliers[new],
            predicted: year.map(|year| year.predicted),
            low: year.and_then(|year| year.low),
            high: year.and_then(|year| year.high),
        }
    }

    /// Writes into a folder `umap.npy`, the places `[m, dims]`; `new_songs.csv`
    /// (`row,label,name,probability,outlier,predicted,low,high`); and `neighbors.csv`
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
        let rows = (0..self.labels.len()).map(|row| self.song(study, row, row));
        write_csv(folder.join("new_songs.csv"), &SongRow::HEADER, rows)?;
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
