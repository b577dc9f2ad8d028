//! What can be learned on top of [chroma changes](crate::baseline::changes), without labels.
//!
//! ```text
//! chroma changes, 96 rings of 12 numbers
//!   │  whitened in all keys at once; a linear map that does not care about the key, which begins as none
//!   ▼
//! 96 learned rings of 12 numbers: a transposition turns them
//!   │  products of pairs of rings and squares, their means over the turn; magnitudes over the turn
//!   ▼
//! 256 numbers that no transposition changes
//! ```
//!
//! Two crops of one recording, each with another [`Sound`], are to find each other among those of other
//! recordings: the numbers by their cosine, the rings by the best of twelve keys. `docs/learning.md` says what
//! this adds to chroma changes, and what it does not.

mod crops;
mod network;
mod params;
mod sound;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod training;

use std::path::Path;

use ndarray::{Array2, ArrayView2};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use songscape_analysis::vectors::unit_rows;
use songscape_project::Progress;
use songscape_resnet::{Origin, Parameters};
use tch::{Device, Tensor};

pub use params::LearnedParams;
pub use sound::Sound;

use crate::baseline::changes::without_key;
use crate::error::Result;
use crate::history::Step;
use crate::pairs::Songs;
use crops::Ear;
use network::{forward, kept, rings_of};

/// A network on top of chroma changes, trained without labels.
///
/// ```
/// use songscape_contrastive::learned::{LearnedChanges, LearnedParams};
/// use songscape_contrastive::project::Silent;
/// use songscape_contrastive::resnet::Origin;
/// use songscape_contrastive::Songs;
///
/// // Images of 64 rows with 25 columns a second; each song has a tune of its own.
/// let images = serde_json::json!({
///     "rows": 64, "f_min": 55.0, "f_max": 1760.0, "range_db": 60.0, "columns_per_second": 25.0,
/// });
/// let tune = |song: usize| -> Vec<u8> {
///     let lit = |i: usize| i % 64 == 8 + (i / 64 / (5 + song)) * (song + 3) % 48;
///     (0..64 * 400).map(|i| if lit(i) { 200 } else { 0 }).collect()
/// };
/// let pixels: Vec<Vec<u8>> = (0..6).map(tune).collect();
/// let songs = Songs::new(64, pixels.iter().map(Vec::as_slice).collect())?;
/// let params = LearnedParams { crops: 2, seconds: [5.0, 8.0], steps: 2, ..LearnedParams::default() };
/// let origin = Origin { images: Some(images), ..Origin::default() };
/// let (learned, history) = LearnedChanges::fit(&songs, origin, &params, &Silent)?;
/// assert_eq!(history.len(), 2);
/// let vectors = learned.transform(&pixels[0])?;
/// assert_eq!((vectors.any_key.len(), vectors.rings.len(), vectors.joined.len()), (256, 1152, 928));
/// # Ok::<(), songscape_contrastive::Error>(())
/// ```
#[derive(Debug)]
pub struct LearnedChanges {
    parameters: Parameters,
    params: LearnedParams,
    ear: Ear,
    origin: Origin,
}

/// The vectors of one recording. Compare them by the cosine.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedVectors {
    /// Numbers that no transposition changes, `[outputs]`, whitened by the songs of the training and of length 1.
    pub any_key: Vec<f32>,
    /// Rings that a transposition turns, `[1152]`, of length 1: one vector gives those of all twelve keys
    /// ([`rings`](crate::rings)).
    pub rings: Vec<f32>,
    /// Chroma changes without the key, whitened by the songs of the training and of length 1, and beside them
    /// [`any_key`](Self::any_key): `[672 + outputs]`. The strongest for one plain comparison.
    pub joined: Vec<f32>,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    /// The format.
    learned_changes: u32,
    origin: Origin,
}

const FORMAT: u32 = 1;

impl LearnedChanges {
    /// Learns from songs. `origin` must say how their images were made
    /// ([`Origin::images`]: `rows`, `f_min`, `f_max`, `range_db` and `columns_per_second`); it is kept with the
    /// network, together with `params`. Songs shorter than the shortest crop are left out. Gives the figures of
    /// every step, too.
    ///
    /// Crops are made on all threads, each song's by itself; libtorch computes on one, so that the
    /// same songs, parameters and seed give the same bits however many there are.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter), [`Error::Rows`](crate::Error::Rows), [`Error::TooFewSongs`](crate::Error::TooFewSongs) and [`Error::Network`](crate::Error::Network) with
    /// [`Origin`](songscape_resnet::Error::Origin) before anything is done; [`Error::Diverged`](crate::Error::Diverged);
    /// [`Error::Analysis`](crate::Error::Analysis) with [`Interrupted`](songscape_analysis::Error::Interrupted) when `progress` asked
    /// to stop, after which nothing is left.
    pub fn fit(
        songs: &Songs,
        origin: Origin,
        params: &LearnedParams,
        progress: &dyn Progress,
    ) -> Result<(Self, Vec<Step>)> {
        params.check()?;
        let ear = Ear::new(&origin)?;
        let heard = ear.hear(songs, params, progress)?;
        let (parameters, history) = training::train(&heard, params, progress)?;
        let origin = Origin {
            songscape: Some(env!("CARGO_PKG_VERSION").into()),
            training: Some(serde_json::to_value(params).expect("numbers and names are JSON")),
            ..origin
        };
        Ok((Self { parameters, params: params.clone(), ear, origin }, history))
    }

    /// The vectors of a song's image, time-major pixels. It must be made like those of the training
    /// ([`check_images`](Self::check_images)).
    ///
    /// # Errors
    /// [`Error::Pixels`](crate::Error::Pixels) when they do not fill whole columns; [`Error::Network`](crate::Error::Network) when memory runs out.
    pub fn transform(&self, pixels: &[u8]) -> Result<LearnedVectors> {
        let changes = self.ear.changes(pixels)?;
        let beside = without_key(&changes);
        let _guard = tch::no_grad_guard();
        let get = |name: &str| self.parameters.get(name);
        let rings = rings_of(&changes)?.f_sub(&get("mean")?)?;
        let outputs = forward(&self.parameters, &get("first")?.f_view_as_complex()?, &rings)?;
        let beside = Tensor::f_from_slice(&beside)?.f_unsqueeze(0)?.f_sub(&get("beside.mean")?)?;
        let beside = unit(&beside.f_matmul(&get("beside.matrix")?)?)?;
        let any_key = unit(&outputs.numbers)?;
        let rings = unit(&outputs.rings.f_permute([1, 2, 0])?)?;
        Ok(LearnedVectors { rings, joined: [&beside[..], &any_key[..]].concat(), any_key })
    }

    /// What it was made with.
    pub fn params(&self) -> &LearnedParams {
        &self.params
    }

    /// What it was made from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Refuses images that are not as those of the training, as [`Origin::check_images`] does.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) names each field that differs.
    pub fn check_images<P: Serialize + DeserializeOwned>(&self, images: &P) -> Result<()> {
        Ok(self.origin.check_images(images)?)
    }

    /// What it computes, in few characters.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when memory runs out.
    pub fn fingerprint(&self) -> Result<String> {
        Ok(self.parameters.fingerprint()?)
    }

    /// Writes it as one safetensors file, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let metadata = Metadata { learned_changes: FORMAT, origin: self.origin.clone() };
        Ok(self.parameters.save(path, &metadata)?)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) names the first thing in the file that does not fit.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let mut params = LearnedParams::default();
        let declare = |metadata: &Metadata| {
            if metadata.learned_changes != FORMAT {
                return Err(format!("format {}, expected {FORMAT}", metadata.learned_changes));
            }
            let training = metadata.origin.training.clone().unwrap_or_default();
            params = serde_json::from_value(training).map_err(|e| e.to_string())?;
            params.check().map_err(|e| e.to_string())?;
            Ok(kept(&params))
        };
        let (parameters, metadata) = Parameters::load(path, Device::Cpu, declare)?;
        let ear = Ear::new(&metadata.origin)?;
        Ok(Self { parameters, params, ear, origin: metadata.origin })
    }
}

/// A tensor's numbers with length 1.
fn unit(values: &Tensor) -> Result<Vec<f32>> {
    let values = Vec::<f32>::try_from(values.f_reshape([-1])?)?;
    let row = ArrayView2::from_shape((1, values.len()), &values[..]);
    Ok(unit_rows(row.expect("one row of all values")).into_raw_vec_and_offset().0)
}

/// A matrix as a tensor.
fn tensor(matrix: &Array2<f64>) -> Result<Tensor> {
    let values: Vec<f64> = matrix.iter().copied().collect();
    let (rows, columns) = (matrix.nrows() as i64, matrix.ncols() as i64);
    Ok(Tensor::f_from_slice(&values)?.f_view([rows, columns])?)
}
