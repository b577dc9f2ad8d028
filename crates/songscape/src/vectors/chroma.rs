//! The sources that are made of pitch classes.

use ndarray::Array2;
use songscape_audio::ImageParams;
use songscape_contrastive::baseline::{Pitches, changes, patches};
use songscape_project::Source;

/// Pitch classes of images, and what is made of them.
#[derive(Debug, Clone)]
pub(super) struct Chroma {
    pitches: Pitches,
    columns_per_second: f64,
}

impl Chroma {
    pub fn new(params: &ImageParams) -> Self {
        let ImageParams { rows, f_min, f_max, range_db, columns_per_second, .. } = *params;
        Self { pitches: Pitches::new(rows, f_min, f_max, range_db.into()), columns_per_second }
    }

    /// The sequence of chroma in frames of so many seconds.
    pub fn sequence(&self, pixels: &[u8], frame: f64) -> Array2<f32> {
        self.pitches.sequence(pixels, (frame * self.columns_per_second).round() as usize)
    }

    /// How many numbers a source has.
    pub fn width(source: Source) -> usize {
        match source {
            Source::ChromaPatches => patches::PATCHES,
            Source::ChromaChanges => changes::CHANGES,
            Source::ChromaChangesAnyKey => changes::CHANGES_ANY_KEY,
            _ => 24,
        }
    }

    /// The vector of a source.
    pub fn vector(&self, source: Source, pixels: &[u8]) -> Vec<f32> {
        let changes = || changes::chroma_changes(self.sequence(pixels, changes::FRAME).view());
        match source {
            Source::SharpenedChroma => self.pitches.sharpened_chroma(pixels),
            Source::ChromaPatches => {
                patches::chroma_patches(self.sequence(pixels, patches::FRAME).view())
            }
            Source::ChromaChanges => changes(),
            Source::ChromaChangesAnyKey => changes::without_key(&changes()),
            _ => self.pitches.chroma(pixels),
        }
    }
}
