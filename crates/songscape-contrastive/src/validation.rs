//! Scores of the held-out songs: do they find what belongs to them, and do the vectors use their space?

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use songscape_analysis::retrieval::{Places, numbered, same_label, same_row, standardized};
use songscape_resnet::{Embedder, EncoderConfig, Model, Pooling};
use tch::{Device, Tensor};

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
    /// The share of the queries that find what they look for first: another recording of their
    /// [group](Songs::grouped) where groups are known and held out ones have several, and else the other half of
    /// a song, each half [augmented](TrainParams::augment) on its own as crops are. By the cosine of
    /// standardised columns: what all vectors share says nothing about what was learned.
    pub recall_1: f64,
    /// The mean of one over the place of what is looked for; the best model has the highest.
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
        params: &TrainParams,
        step: usize,
    ) -> Result<Option<Self>> {
        let Held { numbers, whole, first, second } =
            Held::of(group, model, songs, held_out, params)?;
        if first.len() < 2 {
            return Ok(None);
        }
        let found = match songs.groups().map(|groups| numbered(numbers.iter().map(|&i| groups[i])))
        {
            Some(groups) if has_siblings(&groups) => {
                let whole = matrix(&whole);
                let (whole, _) = standardized(whole.view(), whole.slice(s![..0, ..]))?;
                same_label(whole.view(), &groups)?
            }
            _ => by_halves(matrix(&first).view(), matrix(&second).view())?,
        };
        let found = found.retrieval();
        let (a, b) = (unit(&first), unit(&second));
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

/// The held-out songs that are long enough, and their vectors.
#[derive(Default)]
struct Held {
    numbers: Vec<usize>,
    whole: Vec<Array1<f32>>,
    /// Of the halves, each changed on its own.
    first: Vec<Array1<f32>>,
    second: Vec<Array1<f32>>,
}

impl Held {
    /// Embeds them, each process its part of them.
    fn of(
        group: &dyn Group,
        model: &Model,
        songs: &Songs,
        held_out: &[usize],
        params: &TrainParams,
    ) -> Result<Self> {
        let (own, channels) = (share(group, held_out.len()), model.config().channels());
        // A song's row: whether it is long enough, and its three vectors.
        let width = 1 + 3 * channels;
        let mut rows = vec![0.0; own.len() * width];
        for (&song, row) in held_out[own.clone()].iter().zip(rows.chunks_exact_mut(width)) {
            if let Some(vectors) = vectors(model, songs, song, params)? {
                row[0] = 1.0;
                let to = row[1..].chunks_exact_mut(channels).zip(&vectors);
                to.for_each(|(to, from)| to.iter_mut().zip(from).for_each(|(to, x)| *to = *x));
            }
        }
        let own = Tensor::f_from_slice(&rows)?.f_view([own.len() as i64, width as i64])?;
        let own = own.f_to_device(model.device())?;
        let all = gather_rows(group, &own, held_out.len())?.f_to_device(Device::Cpu)?;
        let mut rows = vec![0.0_f32; all.numel()];
        all.f_contiguous()?.f_copy_data(&mut rows, all.numel())?;
        let mut held = Self::default();
        for (&song, row) in held_out.iter().zip(rows.chunks_exact(width)) {
            if row[0] == 0.0 {
                continue;
            }
            let part = |i: usize| Array1::from(row[1 + i * channels..][..channels].to_vec());
            held.numbers.push(song);
            held.whole.push(part(0));
            held.first.push(part(1));
            held.second.push(part(2));
        }
        Ok(held)
    }
}

/// The vectors of a song and of its two halves, if it is long enough.
fn vectors(
    model: &Model,
    songs: &Songs,
    song: usize,
    params: &TrainParams,
) -> Result<Option<[Array1<f32>; 3]>> {
    if songs.columns(song) < model.config().columns_per_vector() {
        return Ok(None);
    }
    let embed = |pixels: &[u8]| Embedder::default().embed(model, pixels);
    let features = embed(songs.pixels(song))?;
    let view = |side: u64| -> Result<Array2<f32>> {
        if params.augment.is_none() {
            return Ok(features.clone());
        }
        // The same changes at every validation.
        let seed = params.seed.wrapping_add((2 * song as u64 + side) << 20);
        let changed = params.augment.image(songs.pixels(song), songs.rows(), seed);
        Ok(embed(&changed)?)
    };
    let (own, other, apart) = (view(0)?, view(1)?, gap(model.config()));
    let [own, other] = [&own, &other].map(|f| halves(f.view(), apart, Pooling::Mean));
    let (Some((a, _)), Some((_, b))) = (own, other) else { return Ok(None) };
    Ok(Some([Pooling::Mean.apply(features.view()), a, b]))
}

fn matrix(rows: &[Array1<f32>]) -> Array2<f32> {
    let mut all = Array2::zeros((rows.len(), rows.first().map_or(0, Array1::len)));
    all.rows_mut().into_iter().zip(rows).for_each(|(mut to, row)| to.assign(row));
    all
}

fn unit(rows: &[Array1<f32>]) -> Array2<f32> {
    songscape_analysis::vectors::unit_rows(matrix(rows).view())
}

fn by_halves(first: ArrayView2<f32>, second: ArrayView2<f32>) -> Result<Places> {
    let (first, second) = standardized(first, second)?;
    Ok(same_row(first.view(), second.view())?)
}

/// Whether some of the numbers are there twice.
fn has_siblings(groups: &[usize]) -> bool {
    groups.iter().max().is_some_and(|largest| largest + 1 < groups.len())
}

/// The songs to be held out, ascending: a share of all those that are long enough for two halves,
/// by the seed; empty if that would be fewer than [`LEAST_SONGS`]. Groups are held out whole, with all of
/// their songs, whatever their length.
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
    let Some(groups) = songs.groups() else {
        long.shuffle(&mut rng);
        long.truncate(count);
        long.sort_unstable();
        return long;
    };
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    long.iter().for_each(|&song| *sizes.entry(groups[song]).or_default() += 1);
    let mut order: Vec<usize> = sizes.keys().copied().collect();
    order.shuffle(&mut rng);
    let (mut held, mut left) = (BTreeSet::new(), count);
    for group in order {
        if left == 0 {
            break;
        }
        held.insert(group);
        left = left.saturating_sub(sizes[&group]);
    }
    (0..songs.len()).filter(|&song| held.contains(&groups[song])).collect()
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
    fn groups_are_held_out_whole() {
        let pixels: Vec<Vec<u8>> = (0..40).map(|i| vec![0; 64 * (440 + i)]).collect();
        let songs = Songs::new(64, pixels.iter().map(Vec::as_slice).collect()).unwrap();
        let groups: Vec<usize> = (0..40).map(|song| song % 20).collect();
        let songs = songs.grouped(groups.clone()).unwrap();
        let encoder = EncoderConfig { rows: 64, ..EncoderConfig::narrow(4) };
        let params = TrainParams { held_out: 0.25, ..TrainParams::demo() };
        let found = held_out(&songs, &encoder, &params);
        assert_eq!(found.len(), 10);
        assert!(found.iter().all(|&song| found.contains(&((song + 20) % 40))));
        assert!(has_siblings(&[0, 1, 0]) && !has_siblings(&[0, 1, 2]) && !has_siblings(&[]));
    }

    #[test]
    fn what_all_vectors_share_does_not_decide() {
        // A large common part hides small ones, which agree.
        let part = |i: usize, j: usize| ((i * 7 + j * 3) as f32).sin();
        let first = Array2::from_shape_fn((8, 5), |(i, j)| 100.0 * (j as f32 + 1.0) + part(i, j));
        let second = first.mapv(|x| 1.0001 * x);
        assert_eq!(by_halves(first.view(), second.view()).unwrap().retrieval().recall_1, 1.0);
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
