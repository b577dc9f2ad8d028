//! Training on cached crops, and what is kept of it.

use std::time::Instant;

use ndarray::{Array2, Axis, concatenate};
use rand::RngExt;
use rand::seq::index;
use songscape_project::{Job, Progress};
use songscape_resnet::{Declaration, Parameters};
use tch::{Device, Kind, Tensor};

use super::crops::{Heard, interrupted, stream};
use super::network::{forward, in_any_key, kept, missed, rings_of, spectrum, trained};
use super::params::LearnedParams;
use super::tensor;
use crate::baseline::changes::{CHANGES, CHANGES_ANY_KEY, without_key};
use crate::error::{Error, Result};
use crate::history::Step;
use crate::loss::{accuracy, normalize};
use crate::optimizer::{AdamW, clip};
use crate::whitening::{RIDGE, Whitening};

/// The decays of Adam's means, and the largest norm of a gradient.
const BETAS: [f64; 2] = [0.9, 0.98];
const CLIP: f64 = 1.0;

/// The parameters that are [`kept`], and the figures of every step.
pub(super) fn train(
    heard: &Heard,
    params: &LearnedParams,
    progress: &dyn Progress,
) -> Result<(Parameters, Vec<Step>)> {
    let _one = OneThread::begin();
    let (mean, matrix) = Whitening::fit_in_any_key(heard.songs.view(), RIDGE)?.parts();
    let mean: Vec<f32> = mean.iter().map(|&value| value as f32).collect();
    let matrix: Vec<f64> = matrix.iter().copied().collect();
    let white = White { mean: rings_of(&mean)?, first: spectrum(&matrix)? };
    let parameters = Parameters::new(&trained(params), Device::Cpu, params.seed)?;
    let mut optimizer = AdamW::new(&parameters.flat(), BETAS[0], BETAS[1], params.weight_decay)?;
    let mut history: Vec<Step> = Vec::with_capacity(params.steps);
    let start = Instant::now();
    let job = Job::begin(progress, "training", params.steps as u64, "steps");
    for step in 0..params.steps {
        if job.interrupted() {
            return Err(interrupted());
        }
        let pairs = batch(&heard.crops, params, step);
        let (loss, found) = white.judge(&parameters, &pairs, params)?;
        let (gradient, norm) = clip(parameters.gradient(&loss)?, CLIP)?;
        let learning_rate = params.learning_rate_at(step);
        let (loss, gradient_norm) = (f64::try_from(&loss)?, f64::try_from(&norm)?);
        for (what, value) in [("loss", loss), ("gradient", gradient_norm)] {
            if !value.is_finite() {
                let (step, learning_rate) = (step + 1, params.learning_rate);
                return Err(Error::Diverged { step, what, learning_rate, checkpoint: None });
            }
        }
        optimizer.step(&parameters.flat(), &gradient, learning_rate)?;
        let (step, accuracy) = (step + 1, f64::try_from(&found)?);
        let seconds = start.elapsed().as_secs_f64();
        history.push(Step { step, loss, accuracy, gradient_norm, learning_rate, seconds });
        job.advance(1);
        job.message(&format!("loss {loss:.3}, accuracy {accuracy:.2}"));
    }
    drop(job);
    Ok((white.keep(&parameters, heard, params)?, history))
}

/// The chroma changes of a step's pairs of crops: the first of all, then the second.
fn batch(crops: &[Vec<f32>], params: &LearnedParams, step: usize) -> Vec<f32> {
    let mut rng = stream(params.seed, 1 << 63 | step as u64);
    let songs = index::sample(&mut rng, crops.len(), params.pairs.min(crops.len()));
    let pairs = songs.iter().map(|song| {
        let first = rng.random_range(0..params.crops);
        let second = (first + rng.random_range(1..params.crops)) % params.crops;
        (song, [first, second])
    });
    let pairs: Vec<(usize, [usize; 2])> = pairs.collect();
    let crop = |song: usize, place: usize| &crops[song][place * CHANGES..(place + 1) * CHANGES];
    let sides = [0, 1].map(|side| pairs.iter().map(move |(song, two)| (*song, two[side])));
    sides.into_iter().flatten().flat_map(|(song, place)| crop(song, place)).copied().collect()
}

/// What the training begins with.
struct White {
    /// Of the rings, `[12, 1, rings]`.
    mean: Tensor,
    /// The whitening, `[7, rings, rings]`.
    first: Tensor,
}

impl White {
    /// The first matrix: the whitening, and what was learned on top of it.
    fn first(&self, parameters: &Parameters) -> Result<Tensor> {
        let learned = parameters.get("first")?.f_view_as_complex()?;
        Ok(self.first.f_add(&self.first.f_matmul(&learned)?)?)
    }

    /// The loss of a batch, and the share of the first crops that find the second ones.
    fn judge(
        &self,
        parameters: &Parameters,
        pairs: &[f32],
        params: &LearnedParams,
    ) -> Result<(Tensor, Tensor)> {
        let rings = rings_of(pairs)?.f_sub(&self.mean)?;
        let outputs = forward(parameters, &self.first(parameters)?, &rings)?;
        let n = rings.size3()?.1 / 2;
        let [a, b] = [0, n].map(|start| outputs.numbers.f_narrow(0, start, n));
        let (a, b) = (normalize(&a?)?, normalize(&b?)?);
        let cosines = a.f_matmul(&b.f_transpose(0, 1)?)?.f_div_scalar(params.temperature)?;
        let in_any_key = in_any_key(&outputs.spectra)?.f_div_scalar(params.ring_temperature)?;
        let loss = missed(&cosines)?.f_add(&missed(&in_any_key)?)?;
        Ok((loss, tch::no_grad(|| accuracy(&a, &b))?))
    }

    /// The network as it is used: the whitening of the rings is part of the first matrix, and that of the
    /// numbers, by the whole songs, part of the last ones.
    fn keep(
        &self,
        trained: &Parameters,
        heard: &Heard,
        params: &LearnedParams,
    ) -> Result<Parameters> {
        let _guard = tch::no_grad_guard();
        let first = self.first(trained)?;
        let mut numbers = Vec::new();
        for songs in heard.songs.axis_chunks_iter(Axis(0), params.pairs) {
            let rows: Vec<f32> = songs.iter().copied().collect();
            let outputs = forward(trained, &first, &rings_of(&rows)?.f_sub(&self.mean)?)?;
            let values = Vec::<f32>::try_from(outputs.numbers.f_reshape([-1])?)?;
            let shape = (songs.nrows(), params.outputs);
            numbers.push(Array2::from_shape_vec(shape, values).expect("a row for each song"));
        }
        let numbers: Vec<_> = numbers.iter().map(Array2::view).collect();
        let numbers = concatenate(Axis(0), &numbers).expect("all have the same width");
        let (mean, matrix) = Whitening::fit(numbers.view(), RIDGE)?.parts();
        let (mean, matrix) = (tensor(&mean.insert_axis(Axis(0)))?, tensor(&matrix)?);
        let white =
            |x: &Tensor| -> Result<Tensor> { Ok(x.f_to_kind(Kind::Double)?.f_matmul(&matrix)?) };

        let songs = heard.songs.rows().into_iter();
        let beside: Vec<f32> = songs.flat_map(|song| without_key(&song.to_vec())).collect();
        let beside = Array2::from_shape_vec((heard.songs.nrows(), CHANGES_ANY_KEY), beside);
        let beside = Whitening::fit(beside.expect("a row for each song").view(), RIDGE)?.parts();

        let bias = trained.get("bias")?.f_unsqueeze(0)?.f_to_kind(Kind::Double)?;
        let new = [
            ("first", first.f_view_as_real()?),
            ("products", white(&trained.get("products")?)?),
            ("magnitudes", white(&trained.get("magnitudes")?)?),
            ("bias", white(&bias.f_sub(&mean)?)?),
            ("mean", self.mean.shallow_clone()),
            ("beside.mean", tensor(&beside.0.insert_axis(Axis(0)))?),
            ("beside.matrix", tensor(&beside.1)?),
        ];
        let declared = kept(params);
        let value = |Declaration { name, .. }: &Declaration| -> Result<Tensor> {
            let found = new.iter().find(|(own, _)| own == name).map(|(_, value)| value);
            let value =
                found.map_or_else(|| trained.get(name), |value| Ok(value.shallow_clone()))?;
            Ok(value.f_to_kind(Kind::Float)?.f_reshape([-1])?)
        };
        let values = declared.iter().map(value).collect::<Result<Vec<_>>>()?;
        let mut parameters = Parameters::new(&declared, Device::Cpu, 0)?;
        parameters.set_flat(&Tensor::f_cat(&values, 0)?)?;
        Ok(parameters)
    }
}

/// libtorch on one thread, for as long as this lives: however many there are, sums are the same.
struct OneThread(i32);

impl OneThread {
    fn begin() -> Self {
        let before = tch::get_num_threads();
        tch::set_num_threads(1);
        Self(before)
    }
}

impl Drop for OneThread {
    fn drop(&mut self) {
        tch::set_num_threads(self.0);
    }
}
