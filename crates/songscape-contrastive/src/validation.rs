//! Scores of the held-out songs: do their halves find each other, and do the vectors use their space?

use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use songscape_analysis::retrieval::same_row;
use songscape_resnet::{Embedder, EncoderConfig, Model, Pooling};
use tch::Tensor;

use crate::error::Result;
use crate::group::{Group, gather_rows, share};
use crate::history;
use crate::pairs::Songs;
use crate::params::TrainParams;
use crate::retrieval::{gap, halves};

/// The scores of the held-out songs after a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// The number of the step, counted from 1.
    pub step: usize,
    /// The part of the halves of songs that find their other half first.
    pub recall_1: f64,
    /// The mean of one over the place of the other half; the best model has the highest.
    pub reciprocal_rank: f64,
    /// Mean squared distance between the two halves, as vectors of norm 1 (Wang and Isola 2020):
    /// 0 where they are equal, 2 where they have nothing in common.
    pub alignment: f64,
    /// ln of the mean of exp(−2·distance²) over all pairs of songs (ibid.): 0 where all are equal,
    /// −4 where they have nothing in common.
    pub uniformity: f64,
    /// How far the vectors of norm 1 spread around their mean: 0 where all are equal, 1 where their
    /// mean is 0.
    pub spread: f64,
}

/// Below this spread all songs look alike: the training has collapsed.
const COLLAPSED: f64 = 0.05;
/// Held-out songs below which retrieval among them means nothing.
const LEAST_SONGS: usize = 4;

impl Validation {
    /// The columns of `validation.csv`, in the order of the fields.
    pub(crate) const COLUMNS: [&str; 6] =
        ["step", "recall_1", "reciprocal_rank", "alignment", "uniformity", "spread"];

    /// Whether all songs get nearly the same vector.
    pub fn is_collapsed(&self) -> bool {
        // NaN is no spread either.
        self.spread.is_nan() || self.spread < COLLAPSED
    }

    /// Embeds and scores the held-out songs, each process its part of them. `None` where fewer than two are
    /// long enough.
    pub(crate) fn of(
        group: &dyn Group,
        model: &Model,
        songs: &Songs,
        held_out: &[usize],
        step: usize,
    ) -> Result<Option<Self>> {
        let (first, second) = all_halves(group, model, songs, held_out)?;
        if first.len() < 2 {
            return Ok(None);
        }
        let matrix = |rows: &[Array1<f32>]| {
            let unit = |row: &Array1<f32>| row / row.dot(row).sqrt().max(f32::MIN_POSITIVE);
            let mut all = Array2::zeros((rows.len(), rows[0].len()));
            all.rows_mut().into_iter().zip(rows).for_each(|(mut to, row)| to.assign(&unit(row)));
            all
        };
        let (a, b) = (matrix(&first), matrix(&second));
        let found = same_row(a.view(), b.view())?.retrieval();
        let n = a.nrows();
        // Squared distances of vectors of norm 1 are 2 − 2·cosine.
        let cosines = a.dot(&a.t()).mapv(f64::from);
        let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
        let kernel: f64 = pairs.map(|pair| (-4.0 * (1.0 - cosines[pair])).exp()).sum();
        let own = (&a - &b).mapv(|x| f64::from(x).powi(2)).sum_axis(Axis(1));
        let mean = a.mean_axis(Axis(0)).unwrap_or_default();
        Ok(Some(Self {
            step,
            recall_1: found.recall_1,
            reciprocal_rank: found.reciprocal_rank,
            alignment: own.mean().unwrap_or(f64::NAN),
            uniformity: (kernel / (n * (n - 1) / 2) as f64).ln(),
            spread: f64::from(1.0 - mean.dot(&mean)).max(0.0).sqrt(),
        }))
    }

    pub(crate) fn to_tensor(all: &[Self]) -> Result<Tensor> {
        history::to_tensor(all, |v| {
            let step = v.step as f64;
            [step, v.recall_1, v.reciprocal_rank, v.alignment, v.uniformity, v.spread]
        })
    }

    pub(crate) fn from_tensor(tensor: &Tensor) -> Result<Vec<Self>> {
        let record = |[step, recall_1, reciprocal_rank, alignment, uniformity, spread]: [f64;
                          6]| {
            let step = step as usize;
            Self { step, recall_1, reciprocal_rank, alignment, uniformity, spread }
        };
        history::from_tensor(tensor, record)
    }
}

/// The vectors of the two halves of songs, of those that are long enough.
fn all_halves(
    group: &dyn Group,
    model: &Model,
    songs: &Songs,
    held_out: &[usize],
) -> Result<(Vec<Array1<f32>>, Vec<Array1<f32>>)> {
    let (apart, channels) = (gap(model.config()), model.config().channels());
    let own = &held_out[share(group, held_out.len())];
    // A song's row: whether it is long enough, and its two vectors.
    let width = 1 + 2 * channels;
    let mut rows = vec![0.0; own.len() * width];
    for (&song, row) in own.iter().zip(rows.chunks_exact_mut(width)) {
        let features = Embedder::default().embed(model, songs.pixels(song))?;
        if let Some((a, b)) = halves(features.view(), apart, Pooling::Mean) {
            row[0] = 1.0;
            row[1..].iter_mut().zip(a.iter().chain(&b)).for_each(|(to, from)| *to = *from);
        }
    }
    let own = Tensor::f_from_slice(&rows)?.f_view([own.len() as i64, width as i64])?;
    let own = own.f_to_device(model.device())?;
    let all = gather_rows(group, &own, held_out.len())?.f_to_device(tch::Device::Cpu)?;
    let mut rows = vec![0.0_f32; all.numel()];
    all.f_contiguous()?.f_copy_data(&mut rows, all.numel())?;
    let long = rows.chunks_exact(width).filter(|row| row[0] > 0.0);
    let half = |half: &[f32]| Array1::from(half.to_vec());
    Ok(long.map(|row| (half(&row[1..=channels]), half(&row[1 + channels..]))).unzip())
}

/// The songs to be held out, ascending: a share of all those that are long enough for two halves,
/// by the seed; empty if that would be fewer than [`LEAST_SONGS`].
pub(crate) fn held_out(songs: &Songs, encoder: &EncoderConfig, params: &TrainParams) -> Vec<usize> {
    let least = (gap(encoder) + 2) * encoder.columns_per_vector();
    let mut long: Vec<usize> = (0..songs.len()).filter(|&i| songs.columns(i) >= least).collect();
    let count = (params.held_out * long.len() as f64).round() as usize;
    if count < LEAST_SONGS {
        return vec![];
    }
    let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
    // A stream of its own: those of the sampler are the steps from 1 on.
    rng.set_stream(0);
    long.shuffle(&mut rng);
    long.truncate(count);
    long.sort_unstable();
    long
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_long_songs_is_held_out() {
        // Halves need seven vectors of 64 columns: the last 40 songs have them.
        let pixels: Vec<Vec<u8>> = (0..50).map(|i| vec![0; 64 * (438 + i)]).collect();
        let songs = Songs::new(64, pixels.iter().map(Vec::as_slice).collect()).unwrap();
        let encoder = EncoderConfig { rows: 64, ..EncoderConfig::narrow(4) };
        let some = |share, seed| {
            let params = TrainParams { held_out: share, seed, ..TrainParams::demo() };
            held_out(&songs, &encoder, &params)
        };
        assert_eq!(some(0.25, 1).len(), 10);
        assert!(some(0.25, 1).iter().all(|song| *song >= 10));
        assert_eq!(some(0.25, 1), some(0.25, 1));
        assert_ne!(some(0.25, 1), some(0.25, 2));
        assert!(some(0.05, 1).is_empty());
        assert!(some(0.0, 1).is_empty());
    }

    #[test]
    fn they_survive_a_checkpoint() {
        let one = Validation {
            step: 3,
            recall_1: 0.1,
            reciprocal_rank: 0.3,
            alignment: 0.7,
            uniformity: -1.9,
            spread: 0.6,
        };
        let all = vec![one, Validation { step: 4, spread: 0.01, ..one }];
        assert_eq!(Validation::from_tensor(&Validation::to_tensor(&all).unwrap()).unwrap(), all);
        assert!(Validation::from_tensor(&Validation::to_tensor(&[]).unwrap()).unwrap().is_empty());
        assert!(all[1].is_collapsed() && !one.is_collapsed());
        assert!(Validation { spread: f64::NAN, ..one }.is_collapsed());
    }
}
