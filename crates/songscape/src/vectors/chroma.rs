//! The vectors that are made of pitch classes.

use ndarray::Array2;
use songscape_audio::ImageParams;
use songscape_contrastive::baseline::{Pitches, changes, patches};

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

    pub fn plain(&self, pixels: &[u8]) -> Vec<f32> {
        self.pitches.chroma(pixels)
    }

    pub fn sharpened(&self, pixels: &[u8]) -> Vec<f32> {
        self.pitches.sharpened_chroma(pixels)
    }

    pub fn patches(&self, pixels: &[u8]) -> Vec<f32> {
        patches::chroma_patches(self.sequence(pixels, patches::FRAME).view())
    }

    pub fn changes(&self, pixels: &[u8]) -> Vec<f32> {
        changes::chroma_changes(self.sequence(pixels, changes::FRAME).view())
    }

    pub fn changes_any_key(&self, pixels: &[u8]) -> Vec<f32> {
        changes::without_key(&self.changes(pixels))
    }
}
