//! The vectors of a study.

use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2, Axis};
use songscape_project::{self as project, name_of_vectors};

use crate::error::{Error, Result};
use crate::retrieval::{Places, same_label, same_row, standardized};
use crate::vectors::read_npy;

/// Vectors of the same songs, made in one way: by an encoder, or by a baseline that it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSet {
    /// What made them, as in tables: `trained encoder`.
    pub name: String,
    /// One vector per song, `[n, d]`, finite.
    pub whole: Array2<f32>,
    /// One vector for each of two halves per song that share no audio, `[n, d]` each; NaN for a song
    /// that is too short for two.
    pub halves: Option<[Array2<f32>; 2]>,
    /// The file that they were read from.
    pub file: Option<PathBuf>,
}

impl VectorSet {
    /// Vectors of whole songs.
    pub fn new(name: impl Into<String>, whole: Array2<f32>) -> Self {
        Self { name: name.into(), whole, halves: None, file: None }
    }

    /// Reads `NAME.npy`, and the halves where they lie beside it: `NAME.first-half.npy` and
    /// `NAME.second-half.npy`. The file's name is the set's.
    ///
    /// # Errors
    /// [`Error::File`] when a file cannot be read; [`Error::LengthMismatch`] when the halves are of
    /// more or fewer songs.
    pub fn read(file: impl AsRef<Path>) -> Result<Self> {
        let file = file.as_ref();
        let whole = read_npy(file)?;
        let [first, second] =
            [project::Part::FirstHalf, project::Part::SecondHalf].map(|part| part.beside(file));
        let halves = if first.exists() && second.exists() {
            let halves = [read_npy(&first)?, read_npy(&second)?];
            for half in &halves {
                if half.dim() != whole.dim() {
                    let (found, expected) = (half.nrows(), whole.nrows());
                    return Err(Error::LengthMismatch { what: "a half's table", found, expected });
                }
            }
            Some(halves)
        } else {
            None
        };
        Ok(Self { name: name_of_vectors(file), whole, halves, file: Some(file.into()) })
    }

    /// Same-song retrieval between the halves, among the songs that have two; `None` without halves.
    /// Columns are standardised, which favours the baselines.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] and [`Error::ColumnMismatch`] when the halves have different shapes.
    pub fn retrieve_halves(&self) -> Result<Option<Places>> {
        let Some([first, second]) = &self.halves else { return Ok(None) };
        let is_whole = |i: &usize| first.row(*i).iter().all(|value| value.is_finite());
        let whole: Vec<usize> = (0..first.nrows()).filter(is_whole).collect();
        let (first, second) = standardized(
            first.select(Axis(0), &whole).view(),
            second.select(Axis(0), &whole).view(),
        )?;
        same_row(first.view(), second.view()).map(Some)
    }

    /// Retrieval of another recording with the same label. Columns are standardised.
    pub(super) fn retrieve_renditions(&self, labels: &[usize]) -> Result<Places> {
        let none = ArrayView2::from_shape((0, self.whole.ncols()), &[])
            .expect("no rows of any width need no values");
        let (vectors, _) = standardized(self.whole.view(), none)?;
        same_label(vectors.view(), labels)
    }
}
