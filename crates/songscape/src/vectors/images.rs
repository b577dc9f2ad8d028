//! The images that vectors are computed from.

use std::collections::HashMap;

use ndarray::Array2;
use songscape_audio::{ImageParams, Pixels, Store};
use songscape_contrastive::Songs;
use songscape_contrastive::baseline::sequences;
use songscape_project::Progress;
use songscape_resnet::{Origin, Pooling};

use super::chroma::Chroma;
use crate::error::{Error, Result};

/// The images of a store, with the parameters that they were made with.
#[derive(Debug)]
pub struct Images {
    pixels: Pixels,
    params: ImageParams,
    /// What each song's image is, by its id.
    identities: HashMap<String, String>,
}

impl Images {
    /// Opens the images that [`Store::make`] left.
    ///
    /// # Errors
    /// [`Error::Audio`] when there is no store, or a damaged one.
    pub fn open(store: &Store) -> Result<Self> {
        let (pixels, params) = (store.pixels()?, store.parameters()?);
        Ok(Self { pixels, params, identities: store.identities()? })
    }

    /// The songs and their pixels.
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// What the images were made with.
    pub fn params(&self) -> &ImageParams {
        &self.params
    }

    /// The songs to train on.
    ///
    /// # Errors
    /// [`Error::Contrastive`] when the pixels of a song do not fill whole columns.
    pub fn songs(&self) -> Result<Songs<'_>> {
        let songs = (0..self.pixels.len()).map(|song| self.pixels.song(song)).collect();
        Ok(Songs::new(self.pixels.rows(), songs)?)
    }

    /// How well the chroma of whole songs matches, `[n, n]`, in every key and at many speeds
    /// ([`sequences::matches`]), of the songs with these ids.
    ///
    /// # Errors
    /// [`Error::Input`] names the first id without an image; those of [`sequences::matches`].
    pub fn matches(&self, ids: &[String], progress: &dyn Progress) -> Result<Array2<f32>> {
        let chroma = Chroma::new(&self.params);
        let sequence = |id: &String| {
            let place = self.pixels.ids().iter().position(|own| own == id);
            let place = place.ok_or_else(|| Error::input(id, "no image of this song"))?;
            Ok(chroma.sequence(self.pixels.song(place), sequences::FRAME))
        };
        let sequences = ids.iter().map(sequence).collect::<Result<Vec<_>>>()?;
        Ok(sequences::matches(&sequences, progress)?)
    }

    /// A hash of what a song's image is.
    pub(super) fn hash(&self, song: usize) -> blake3::Hash {
        let known = self.identities.get(&self.pixels.ids()[song]);
        blake3::hash(known.map_or(self.pixels.song(song), |known| known.as_bytes()))
    }

    /// What a network that is trained on these images says of them later, and the pooling that its
    /// vectors are meant for.
    pub fn origin(&self, pooling: Pooling) -> Origin {
        let images = serde_json::to_value(&self.params).expect("numbers and names are JSON");
        Origin { images: Some(images), pooling: Some(pooling), ..Origin::default() }
    }
}
