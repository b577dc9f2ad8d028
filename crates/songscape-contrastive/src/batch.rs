//! One batch: its crops, and the gradient of its loss in bounded memory.

use std::borrow::Cow;
use std::ops::Range;

use songscape_resnet::{Model, Precision, images, images_of_tensor};
use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::group::{Group, gather_rows};
use crate::loss;
use crate::pairs::{Pair, Songs};
use crate::params::TrainParams;
use crate::resident::Resident;

/// The crops of the pairs of one step that are this process's own.
pub(crate) struct Batch<'a> {
    /// Those of all pairs that are this process's.
    own: Range<usize>,
    /// The number of the song of each pair, of all processes.
    songs: Vec<i64>,
    rows: usize,
    precision: Precision,
    device: Device,
    crops: Crops<'a>,
}

/// The first crops of all pairs, then the second ones.
enum Crops<'a> {
    /// Time-major pixels on the host.
    Host(Vec<Cow<'a, [u8]>>),
    /// Song and first column of crops of songs on the device.
    Device { songs: &'a Resident, places: Vec<(usize, usize)>, columns: usize },
}

/// The loss of the outputs of a batch, and its gradients.
pub(crate) struct Judgement {
    pub loss: Tensor,
    /// What each pair costs, `[pairs]`; the loss is their mean.
    pub costs: Tensor,
    /// The gradients with respect to the outputs `a` and `b`.
    pub gradients: [Tensor; 2],
    /// The gradient with respect to what the loss itself learns.
    pub learned: Option<Tensor>,
}

/// The gradient of a batch and the figures that are reported; scalars stay on the device.
pub(crate) struct Outcome {
    /// With respect to all parameters of the network, `[count]`.
    pub gradient: Tensor,
    /// With respect to what the loss itself learns.
    pub learned: Option<Tensor>,
    pub loss: Tensor,
    /// Of each pair, `[pairs]`.
    pub costs: Tensor,
    pub accuracy: Tensor,
    /// How many processes ask to stop.
    pub stops: Tensor,
}

impl<'a> Batch<'a> {
    /// The crops of the pairs in `own`. With `resident` songs, crops that are not augmented are cut out on
    /// the device.
    pub(crate) fn new(
        songs: &Songs<'a>,
        resident: Option<&'a Resident>,
        pairs: &[Pair],
        own: Range<usize>,
        params: &TrainParams,
        step: usize,
        device: Device,
    ) -> Self {
        let TrainParams { crop_columns, precision, seed, ref augment, .. } = *params;
        let rows = songs.rows();
        let of_own = &pairs[own.clone()];
        let sides =
            || [0, 1].into_iter().flat_map(|side| of_own.iter().map(move |pair| (pair, side)));
        let crops = match (augment.is_none(), resident) {
            (true, Some(songs)) => {
                let places = sides().map(|(pair, side)| (pair.song, pair.starts[side])).collect();
                Crops::Device { songs, places, columns: crop_columns }
            }
            (true, None) => Crops::Host(
                sides()
                    .map(|(pair, side)| {
                        let start = pair.starts[side] * rows;
                        let end = start + crop_columns * rows;
                        Cow::Borrowed(&songs.pixels(pair.song)[start..end])
                    })
                    .collect(),
            ),
            (false, _) => {
                let crops = augment.crops(songs, pairs, &own, crop_columns, seed, step);
                Crops::Host(crops.into_iter().map(Cow::Owned).collect())
            }
        };
        let songs = pairs.iter().map(|pair| pair.song as i64).collect();
        Self { own, songs, rows, precision, device, crops }
    }

    /// The pairs whose outputs this process judges: in a group those of all processes, and else its own.
    fn judged(&self, group: &dyn Group) -> Range<usize> {
        if group.size() == 1 { self.own.clone() } else { 0..self.songs.len() }
    }

    /// The number of the song of each pair that is judged, `[pairs]`, on the device.
    pub(crate) fn songs(&self, group: &dyn Group) -> Result<Tensor> {
        Ok(Tensor::f_from_slice(&self.songs[self.judged(group)])?.f_to_device(self.device)?)
    }

    /// The crops of some pairs as images `[2 n, 1, rows, columns]`.
    fn images(&self, pairs: &Range<usize>) -> Result<Tensor> {
        let own = self.own.len();
        let second = own + pairs.start..own + pairs.end;
        self.some_images(&[pairs.clone(), second])
    }

    /// The second crops of this process's pairs as images.
    pub(crate) fn second_images(&self) -> Result<Tensor> {
        self.some_images(std::slice::from_ref(&(self.own.len()..2 * self.own.len())))
    }

    /// Rows `[pairs, ...]` of this process's pairs, made those of all pairs.
    pub(crate) fn gather(&self, group: &dyn Group, own: &Tensor) -> Result<Tensor> {
        gather_rows(group, own, self.judged(group).len())
    }

    fn some_images(&self, ranges: &[Range<usize>]) -> Result<Tensor> {
        let chosen = ranges.iter().cloned().flatten();
        match &self.crops {
            Crops::Host(crops) => {
                let crops: Vec<&[u8]> = chosen.map(|i| crops[i].as_ref()).collect();
                Ok(images(&crops, self.rows, self.precision, self.device)?)
            }
            Crops::Device { songs, places, columns } => {
                let places: Vec<(usize, usize)> = chosen.map(|i| places[i]).collect();
                Ok(images_of_tensor(&songs.crops(&places, *columns)?, self.precision)?)
            }
        }
    }

    /// The gradient of `judge` (of the head's outputs `a` and `b`, `[pairs, d]`) plus `norm_weight`
    /// times [`loss::unit_norm`].
    ///
    /// A contrastive loss needs all outputs at once, but the network only runs on one image at a
    /// time. So all outputs are computed first, without a graph; the loss gives the gradient with
    /// respect to them; and then the network runs once more, `chunk` pairs at a time, with that
    /// gradient sent back through it (Gao et al. 2021, "Scaling deep contrastive learning batch size
    /// under memory limited setup"). Nothing in the network looks at other images, so the gradient is
    /// that of the whole batch. A batch of one chunk needs no second run.
    ///
    /// In a group, the processes are such chunks side by side: each judges the outputs of all, takes the
    /// gradient of its own, and all sum what comes of it, together with `stop`, whether this one asks to
    /// stop. With [`Alone`](crate::Alone), the pairs of this process are a batch of their own.
    pub(crate) fn gradient(
        &self,
        group: &dyn Group,
        model: &Model,
        chunk: usize,
        norm_weight: f64,
        stop: bool,
        judge: impl Fn(&Tensor, &Tensor) -> Result<Judgement>,
    ) -> Result<Outcome> {
        let (own, all) = (self.own.len(), self.judged(group));
        // Where this process's outputs are among those that are judged.
        let first = self.own.start - all.start;
        let chunk = if chunk == 0 { own } else { chunk.min(own) };
        let chunks: Vec<Range<usize>> =
            (0..own).step_by(chunk).map(|start| start..(start + chunk).min(own)).collect();
        let run = |pairs: &Range<usize>| -> Result<[Tensor; 2]> {
            let features = model.encoder().forward(&self.images(pairs)?)?;
            let outputs = model.head().forward(&features)?;
            Ok([features, outputs])
        };
        let mut kept = if chunks.len() == 1 { Some(run(&chunks[0])?) } else { None };
        let outputs = match &kept {
            Some([_, outputs]) => vec![outputs.f_detach()?],
            None => tch::no_grad(|| {
                chunks
                    .iter()
                    .map(|pairs| run(pairs).map(|[_, outputs]| outputs))
                    .collect::<Result<_>>()
            })?,
        };
        let side = |second: bool| -> Result<Tensor> {
            let parts = outputs.iter().zip(&chunks).map(|(outputs, pairs)| {
                let n = pairs.len() as i64;
                outputs.f_narrow(0, if second { n } else { 0 }, n)
            });
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            Ok(Tensor::f_cat(&parts, 0)?.f_to_kind(Kind::Float)?)
        };
        let both = Tensor::f_stack(&[side(false)?, side(true)?], 1)?;
        let both = gather_rows(group, &both, all.len())?;
        let leaf = |side| both.f_select(1, side)?.f_contiguous()?.f_set_requires_grad(true);
        let (a, b) = (leaf(0)?, leaf(1)?);
        let judgement = judge(&a, &b)?;
        let accuracy = tch::no_grad(|| loss::accuracy(&a, &b))?;

        let mut total: Option<Tensor> = None;
        let mut norms = Tensor::f_zeros([], (Kind::Float, self.device))?;
        for pairs in &chunks {
            let [features, outputs] = match kept.take() {
                Some(kept) => kept,
                None => run(pairs)?,
            };
            let (start, n) = ((first + pairs.start) as i64, pairs.len() as i64);
            let [of_a, of_b] = &judgement.gradients;
            let wanted =
                Tensor::f_cat(&[of_a.f_narrow(0, start, n)?, of_b.f_narrow(0, start, n)?], 0)?;
            // Its gradient is the wanted one, sent back through the network.
            let mut back = outputs.f_to_kind(Kind::Float)?.f_mul(&wanted)?.f_sum(Kind::Float)?;
            if norm_weight > 0.0 {
                let share = norm_weight * pairs.len() as f64 / all.len() as f64;
                let norm = loss::unit_norm(&features)?.f_mul_scalar(share)?;
                norms = norms.f_add(&norm.f_detach()?)?;
                back = back.f_add(&norm)?;
            }
            let gradient = model.parameters().gradient(&back)?;
            total = Some(match total {
                None => gradient,
                Some(mut total) => total.f_add_(&gradient)?,
            });
        }
        let gradient = match total {
            Some(gradient) => gradient,
            None => model.parameters().flat().f_zeros_like()?,
        };
        let stop = Tensor::f_full([], f64::from(u8::from(stop)), (Kind::Float, self.device))?;
        let [gradient, norms, stops] = sum(group, [gradient, norms, stop])?;
        let loss = judgement.loss.f_detach()?.f_add(&norms)?;
        let Judgement { learned, costs, .. } = judgement;
        Ok(Outcome { gradient, learned, loss, costs, accuracy, stops })
    }
}

/// A vector and two numbers, summed over all processes at once.
fn sum(group: &dyn Group, parts: [Tensor; 3]) -> Result<[Tensor; 3]> {
    if group.size() == 1 {
        return Ok(parts);
    }
    let [vector, x, y] = parts;
    let count = vector.numel() as i64;
    let all = Tensor::f_cat(&[vector, x.f_view([1])?, y.f_view([1])?], 0)?;
    group.sum(&all)?;
    Ok([all.f_narrow(0, 0, count)?, all.f_select(0, count)?, all.f_select(0, count + 1)?])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_resnet::EncoderConfig;

    use super::*;
    use crate::{Alone, Loss, PairSampler};

    #[test]
    fn crops_are_the_right_pixels() {
        let pixels: Vec<Vec<u8>> = (0..3).map(|s| (0..40).map(|i| 40 * s + i).collect()).collect();
        let songs = Songs::new(2, pixels.iter().map(Vec::as_slice).collect()).unwrap();
        let pairs = [Pair { song: 2, starts: [3, 5] }, Pair { song: 0, starts: [0, 12] }];
        let params =
            TrainParams { crop_columns: 4, precision: Precision::F32, ..TrainParams::demo() };
        let batch = Batch::new(&songs, None, &pairs, 0..2, &params, 0, Device::Cpu);
        let crops = batch.images(&(0..2)).unwrap();
        assert_eq!(crops.size(), [4, 1, 2, 4]);
        let bytes = ((crops + 1.0) * 127.5).round();
        let row: Vec<f32> = Vec::try_from(bytes.get(0).get(0).get(1)).unwrap();
        assert_eq!(row, [87.0, 89.0, 91.0, 93.0]);
        let row: Vec<f32> = Vec::try_from(bytes.get(3).get(0).get(0)).unwrap();
        assert_eq!(row, [24.0, 26.0, 28.0, 30.0]);
    }

    #[test]
    fn crops_of_songs_on_the_device_are_those_of_the_host() {
        let lengths = [70, 64, 0, 131];
        let pixels: Vec<Vec<u8>> = lengths
            .iter()
            .map(|columns| (0..8 * columns).map(|i| (i * 37 % 251) as u8).collect())
            .collect();
        let songs = Songs::new(8, pixels.iter().map(Vec::as_slice).collect()).unwrap();
        let resident = Resident::new(&songs, Device::Cpu).unwrap();
        let pairs = [
            Pair { song: 3, starts: [67, 0] },
            Pair { song: 0, starts: [5, 6] },
            Pair { song: 1, starts: [0, 0] },
        ];
        for precision in [Precision::F32, Precision::Bf16] {
            let params = TrainParams { crop_columns: 64, precision, ..TrainParams::demo() };
            let of = |resident| Batch::new(&songs, resident, &pairs, 0..3, &params, 0, Device::Cpu);
            let (host, device) = (of(None), of(Some(&resident)));
            assert!(matches!(device.crops, Crops::Device { .. }));
            for range in [0..3, 1..2] {
                assert_eq!(host.images(&range).unwrap(), device.images(&range).unwrap());
            }
            assert_eq!(host.second_images().unwrap(), device.second_images().unwrap());
        }
    }

    #[test]
    fn the_gradient_in_chunks_is_that_of_the_whole_batch() {
        let pixels: Vec<Vec<u8>> = (0..12u32)
            .map(|song| {
                let value =
                    |i: u32| (i.wrapping_mul(2_654_435_761).wrapping_add(song * 977) >> 15) as u8;
                (0..64 * 100).map(value).collect()
            })
            .collect();
        let songs = Songs::new(64, pixels.iter().map(Vec::as_slice).collect()).unwrap();
        let config = EncoderConfig { rows: 64, ..EncoderConfig::narrow(4) };
        let model = Model::new(&config, Device::Cpu, 5).unwrap();
        let params = TrainParams {
            crop_columns: 64,
            precision: Precision::F32,
            loss: Loss::Dcl { temperature: 0.1 },
            ..TrainParams::demo()
        };
        let pairs = PairSampler::new(&songs, 64, 11, 0, 1).unwrap().batch(0);
        let batch = Batch::new(&songs, None, &pairs, 0..11, &params, 0, Device::Cpu);
        let judge = |a: &Tensor, b: &Tensor| {
            let costs = loss::decoupled_costs(a, b, 0.1)?;
            let loss = costs.mean(Kind::Float);
            let [x, y] =
                <[Tensor; 2]>::try_from(Tensor::f_run_backward(&[&loss], &[a, b], false, false)?)
                    .unwrap();
            Ok(Judgement { loss, costs, gradients: [x, y], learned: None })
        };
        let whole = batch.gradient(&Alone, &model, 0, 0.5, false, judge).unwrap();
        // The definition, through one graph.
        let features = model.encoder().forward(&batch.images(&(0..11)).unwrap()).unwrap();
        let outputs = model.head().forward(&features).unwrap();
        let direct = loss::decoupled(&outputs.narrow(0, 0, 11), &outputs.narrow(0, 11, 11), 0.1)
            .unwrap()
            + loss::unit_norm(&features).unwrap() * 0.5;
        let exact = model.parameters().gradient(&direct).unwrap();
        let scale = f64::try_from(exact.abs().max()).unwrap();
        for chunk in [0, 1, 4, 11, 100] {
            let found = batch.gradient(&Alone, &model, chunk, 0.5, false, judge).unwrap();
            let error = f64::try_from((&found.gradient - &exact).abs().max()).unwrap();
            assert!(error < 1e-5 * scale, "{chunk}: {error:e} of {scale:e}");
            assert!(f64::try_from((&found.loss - &whole.loss).abs()).unwrap() < 1e-5);
        }
    }

    #[test]
    fn a_thousand_pairs_in_chunks_give_the_gradient_of_one_large_batch() {
        let mut state = 1_u32;
        let mut noise = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let pixels: Vec<Vec<u8>> =
            (0..1024).map(|_| (0..16 * 24).map(&mut noise).collect()).collect();
        let songs = Songs::new(16, pixels.iter().map(Vec::as_slice).collect()).unwrap();
        let config = EncoderConfig {
            rows: 16,
            stage_multipliers: vec![2, 4],
            head_outputs: 16,
            ..EncoderConfig::narrow(4)
        };
        let model = Model::new(&config, Device::Cpu, 5).unwrap();
        let params =
            TrainParams { crop_columns: 16, precision: Precision::F32, ..TrainParams::demo() };
        let pairs = PairSampler::new(&songs, 16, 1024, 0, 1).unwrap().batch(0);
        assert_eq!(pairs.len(), 1024);
        let batch = Batch::new(&songs, None, &pairs, 0..1024, &params, 0, Device::Cpu);
        for loss in [Loss::Dcl { temperature: 0.1 }, Loss::NtXent { temperature: 0.1 }] {
            let params = TrainParams { loss, ..params.clone() };
            let criterion = crate::criterion::Criterion::new(&params, &model).unwrap();
            let judge = |a: &Tensor, b: &Tensor| criterion.judge(&Alone, a, b, &batch);
            let whole = batch.gradient(&Alone, &model, 0, 0.0, false, judge).unwrap();
            let scale = f64::try_from(whole.gradient.abs().max()).unwrap();
            assert!(scale > 1e-3);
            for chunk in [32, 100] {
                let found = batch.gradient(&Alone, &model, chunk, 0.0, false, judge).unwrap();
                let error = f64::try_from((&found.gradient - &whole.gradient).abs().max()).unwrap();
                assert!(error < 1e-5 * scale, "{chunk}: {error:e} of {scale:e}");
                assert_eq!(found.costs.size(), [1024]);
            }
        }
    }
}
