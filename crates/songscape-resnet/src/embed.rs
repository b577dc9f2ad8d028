use std::collections::BTreeMap;

use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::config::EncoderConfig;
use crate::encoder::Precision;
use crate::error::{Error, Result};
use crate::model::Model;

/// Embeds whole songs of any length in bounded memory.
///
/// A song is cut into chunks that overlap by as much as a vector sees, so that the result is that of
/// the whole song at once (to rounding), whatever the length of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Embedder {
    /// Vectors per chunk, those of the overlap included.
    pub vectors_per_chunk: usize,
    /// Chunks that run through the network together.
    pub chunks_per_batch: usize,
    /// The number format of the network's arithmetic.
    pub precision: Precision,
}

impl Default for Embedder {
    /// 64 vectors per chunk (4,096 columns, 20 s), 4 chunks at once, float32.
    fn default() -> Self {
        Self { vectors_per_chunk: 64, chunks_per_batch: 4, precision: Precision::F32 }
    }
}

/// A run of vectors that one chunk computes: the chunk's first vector, and the vectors to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Chunk {
    first: usize,
    keep: std::ops::Range<usize>,
}

impl Embedder {
    /// One vector for every 64 columns of a song, `[columns / 64, channels]`.
    ///
    /// `pixels` are time-major: column `c` at `[c * rows .. (c + 1) * rows]`, row 0 the highest
    /// frequency. Columns beyond the last multiple of 64 are left out.
    ///
    /// # Errors
    /// [`Error::Pixels`] when they do not fill whole columns, [`Error::TooShort`] below 64 columns,
    /// [`Error::Torch`] when memory runs out.
    pub fn embed(&self, model: &Model, pixels: &[u8]) -> Result<Array2<f32>> {
        Ok(self.embed_songs(model, &[pixels])?.pop().unwrap_or_default())
    }

    /// The same for several songs at once, in their order: chunks of different songs share a batch
    /// where they are equally long, as those of all songs longer than one chunk are.
    ///
    /// # Errors
    /// As [`embed`](Self::embed), for the first song that cannot be embedded.
    pub fn embed_songs(&self, model: &Model, songs: &[&[u8]]) -> Result<Vec<Array2<f32>>> {
        let config = model.config();
        let (rows, unit) = (config.rows, config.columns_per_vector());
        let mut features = Vec::with_capacity(songs.len());
        let mut by_length: BTreeMap<usize, Vec<(usize, Chunk)>> = BTreeMap::new();
        for (song, pixels) in songs.iter().enumerate() {
            if !pixels.len().is_multiple_of(rows) {
                return Err(Error::Pixels { found: pixels.len(), rows });
            }
            let columns = pixels.len() / rows;
            let vectors = columns / unit;
            if vectors == 0 {
                return Err(Error::TooShort { found: columns, expected: unit });
            }
            let (length, chunks) = self.chunks(config, vectors);
            by_length.entry(length).or_default().extend(chunks.into_iter().map(|c| (song, c)));
            features.push(Array2::zeros((vectors, config.channels())));
        }
        for (length, chunks) in by_length {
            for batch in chunks.chunks(self.chunks_per_batch.max(1)) {
                let slices: Vec<&[u8]> = batch
                    .iter()
                    .map(|(song, chunk)| {
                        let columns = chunk.first * unit..(chunk.first + length) * unit;
                        &songs[*song][columns.start * rows..columns.end * rows]
                    })
                    .collect();
                let found = self.run(model, &slices)?;
                for (place, (song, chunk)) in batch.iter().enumerate() {
                    let start = place * length + chunk.keep.start - chunk.first;
                    features[*song]
                        .slice_mut(s![chunk.keep.clone(), ..])
                        .assign(&found.slice(s![start..start + chunk.keep.len(), ..]));
                }
            }
        }
        Ok(features)
    }

    /// How many of the next songs fill a batch, given how many columns each has: at least one. Passing
    /// that many to one call of [`embed_songs`](Self::embed_songs) leaves no place of a batch empty and
    /// takes no more memory than one long song.
    pub fn songs_per_batch(
        &self,
        config: &EncoderConfig,
        columns: impl IntoIterator<Item = usize>,
    ) -> usize {
        let room = self.chunks_per_batch * self.vectors_per_chunk * config.columns_per_vector();
        let sums = columns.into_iter().scan(0, |sum, columns| {
            *sum += columns;
            Some(*sum)
        });
        sums.take_while(|sum| *sum <= room).count().max(1)
    }

    /// Equally long slices of pixels to their vectors, one slice after the other.
    fn run(&self, model: &Model, slices: &[&[u8]]) -> Result<Array2<f32>> {
        let config = model.config();
        let images = images(slices, config.rows, self.precision, model.device())?;
        let found = tch::no_grad(|| model.encoder().forward(&images))?;
        // [b, channels, vectors] to [b, vectors, channels]
        let found = found.f_transpose(1, 2)?.f_to_kind(Kind::Float)?.f_contiguous()?;
        to_array(&found.f_view([-1, config.channels() as i64])?)
    }

    /// Chunks of one length that together keep every vector once. The first and the last lie at the
    /// song's true ends; elsewhere the vectors that see beyond the chunk are left to its neighbours.
    fn chunks(&self, config: &EncoderConfig, vectors: usize) -> (usize, Vec<Chunk>) {
        let unit = config.columns_per_vector();
        // Vector i sees the columns i * unit - reach ..= i * unit + reach.
        let before = config.reach().div_ceil(unit);
        let after = (config.reach() + 1).div_ceil(unit).saturating_sub(1);
        let length = self.vectors_per_chunk.max(before + after + 1);
        if vectors <= length {
            return (vectors, vec![Chunk { first: 0, keep: 0..vectors }]);
        }
        let mut chunks = vec![Chunk { first: 0, keep: 0..length - after }];
        let mut done = length - after;
        while done < vectors {
            let first = (done - before).min(vectors - length);
            let last = first + length == vectors;
            let end = if last { vectors } else { first + length - after };
            chunks.push(Chunk { first, keep: done..end });
            done = end;
        }
        (length, chunks)
    }
}

/// Slices of equally many time-major pixels as images `[n, 1, rows, columns]` with values in −1..1
/// (`pixel / 127.5 − 1`).
///
/// # Errors
/// [`Error::Pixels`] when the slices differ in length or do not fill whole columns.
pub fn images(
    slices: &[&[u8]],
    rows: usize,
    precision: Precision,
    device: Device,
) -> Result<Tensor> {
    let length = slices.first().map_or(0, |slice| slice.len());
    if let Some(odd) = slices.iter().find(|s| s.len() != length || s.len() % rows.max(1) != 0) {
        return Err(Error::Pixels { found: odd.len(), rows });
    }
    let columns = length / rows.max(1);
    let bytes: Vec<u8> = slices.concat();
    let shape = [slices.len() as i64, columns as i64, rows as i64];
    let pixels = Tensor::f_from_data_size(&bytes, &shape, Kind::Uint8)?.f_to_device(device)?;
    images_of_tensor(&pixels, precision)
}

/// The same for pixels that are a tensor of bytes already, `[n, columns, rows]`, on its device.
///
/// # Errors
/// [`Error::Torch`] for another shape, or when memory runs out.
pub fn images_of_tensor(pixels: &Tensor, precision: Precision) -> Result<Tensor> {
    let pixels = pixels.f_transpose(1, 2)?.f_contiguous()?.f_unsqueeze(1)?;
    let values = pixels.f_to_kind(Kind::Float)?.f_mul_scalar_(1.0 / 127.5)?.f_sub_scalar_(1.0)?;
    Ok(values.f_to_kind(precision.kind())?)
}

/// A float32 tensor of two dimensions as an array.
fn to_array(tensor: &Tensor) -> Result<Array2<f32>> {
    let (rows, columns) = tensor.size2()?;
    let mut values = vec![0.0_f32; tensor.numel()];
    tensor.f_copy_data(&mut values, tensor.numel())?;
    Array2::from_shape_vec((rows as usize, columns as usize), values)
        .map_err(|e| tch::TchError::Shape(e.to_string()).into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn chunks_keep_every_vector_once_and_with_its_whole_view() {
        let config = EncoderConfig::published();
        for per_chunk in [1, 6, 7, 16, 64] {
            for vectors in 1..200 {
                let embedder = Embedder { vectors_per_chunk: per_chunk, ..Embedder::default() };
                let (length, chunks) = embedder.chunks(&config, vectors);
                let mut next = 0;
                for chunk in &chunks {
                    assert_eq!(chunk.keep.start, next);
                    next = chunk.keep.end;
                    assert!(chunk.first + length <= vectors);
                    for i in [chunk.keep.start, chunk.keep.end - 1] {
                        let sees = (64 * i as i64 - 188).max(0)
                            ..=(64 * i as i64 + 188).min(64 * vectors as i64 - 1);
                        let has = 64 * chunk.first as i64..64 * (chunk.first + length) as i64;
                        assert!(has.contains(sees.start()) && has.contains(sees.end()));
                    }
                }
                assert_eq!(next, vectors);
            }
        }
    }

    #[test]
    fn a_batch_takes_as_many_songs_as_it_has_room_for() {
        let config = EncoderConfig::published();
        let embedder =
            Embedder { vectors_per_chunk: 10, chunks_per_batch: 2, ..Embedder::default() };
        let count = |columns: &[usize]| embedder.songs_per_batch(&config, columns.to_vec());
        assert_eq!(count(&[640, 320, 320, 64]), 3);
        assert_eq!(count(&[640, 641, 1]), 1);
        assert_eq!(count(&[5000, 1]), 1);
        assert_eq!(count(&[64]), 1);
    }

    #[test]
    fn pixels_become_images_with_rows_before_columns() {
        let images =
            images(&[&[0, 255, 51, 102], &[0; 4]], 2, Precision::F32, Device::Cpu).unwrap();
        assert_eq!(images.size(), [2, 1, 2, 2]);
        let values: Vec<f32> = Vec::try_from(images.get(0).view([-1])).unwrap();
        // Column 0 is (0, 255), column 1 is (51, 102).
        for (value, expected) in values.iter().zip([-1.0, -0.6, 1.0, -0.2]) {
            assert!((value - expected).abs() < 1e-6);
        }
    }
}
