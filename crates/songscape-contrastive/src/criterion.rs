//! A loss with what it remembers (keys) and what it learns (a scale and a bias).

use songscape_resnet::Model;
use tch::{Kind, Tensor};

use crate::batch::{Batch, Judgement};
use crate::error::Result;
use crate::group::Group;
use crate::loss;
use crate::optimizer::AdamW;
use crate::params::{Loss, TrainParams};
use crate::queue::KeyQueue;

/// What judges the outputs of a batch, with its state.
#[derive(Debug)]
pub(crate) enum Criterion {
    NtXent {
        temperature: f64,
    },
    Dcl {
        temperature: f64,
    },
    /// `values` are the logarithm of the scale, and the bias.
    Sigmoid {
        values: Tensor,
        optimizer: AdamW,
    },
    BinaryNce {
        temperature: f64,
        norm_weight: f64,
        queue: Box<KeyQueue>,
    },
}

/// The names of a criterion's tensors in a checkpoint.
const LEARNED: &str = "loss_parameters";
const KEY_PARAMETERS: &str = "key_parameters";
const KEYS: &str = "keys";
const KEY_SONGS: &str = "key_songs";

impl Criterion {
    /// As it is before the first step.
    pub(crate) fn new(params: &TrainParams, model: &Model) -> Result<Self> {
        Ok(match params.loss {
            Loss::NtXent { temperature } => Self::NtXent { temperature },
            Loss::Dcl { temperature } => Self::Dcl { temperature },
            Loss::Sigmoid { temperature, bias } => {
                let values = [-temperature.ln() as f32, bias as f32];
                let values = Tensor::f_from_slice(&values)?.f_to_device(model.device())?;
                let optimizer = AdamW::new(&values, params.beta1, params.beta2, 0.0)?;
                Self::Sigmoid { values, optimizer }
            }
            Loss::BinaryNce { temperature, queue, momentum, norm_weight } => {
                let queue = Box::new(KeyQueue::new(model, queue, momentum)?);
                Self::BinaryNce { temperature, norm_weight, queue }
            }
        })
    }

    /// The loss of the outputs `a` and `b` (leaves of their graph) of a batch, and its gradients.
    pub(crate) fn judge(
        &self,
        group: &dyn Group,
        a: &Tensor,
        b: &Tensor,
        batch: &Batch,
    ) -> Result<Judgement> {
        let (costs, learned) = match self {
            Self::NtXent { temperature } => (loss::nt_xent_costs(a, b, *temperature)?, None),
            Self::Dcl { temperature } => (loss::decoupled_costs(a, b, *temperature)?, None),
            Self::Sigmoid { values, .. } => {
                let leaf = values.f_detach()?.f_set_requires_grad(true)?;
                (loss::sigmoid_costs(a, b, &leaf)?, Some(leaf))
            }
            Self::BinaryNce { temperature, queue, .. } => {
                let songs = batch.songs(group)?.f_unsqueeze(1)?;
                let own = songs.f_eq_tensor(&queue.songs().f_unsqueeze(0)?)?;
                (loss::binary_nce_costs(a, b, queue.keys(), Some(&own), *temperature)?, None)
            }
        };
        let loss = costs.f_mean(Kind::Float)?;
        let leaves: Vec<&Tensor> = [a, b].into_iter().chain(&learned).collect();
        let mut gradients = Tensor::f_run_backward(&[&loss], &leaves, false, false)?.into_iter();
        let mut next = || gradients.next().expect("a gradient for every leaf");
        let of_outputs = [next(), next()];
        let costs = costs.f_detach()?;
        Ok(Judgement { loss, costs, gradients: of_outputs, learned: learned.map(|_| next()) })
    }

    /// Weight of [`loss::unit_norm`] beside the loss.
    pub(crate) fn norm_weight(&self) -> f64 {
        match self {
            Self::BinaryNce { norm_weight, .. } => *norm_weight,
            Self::NtXent { .. } | Self::Dcl { .. } | Self::Sigmoid { .. } => 0.0,
        }
    }

    /// Takes up what a step has shown, once the network has made it: `learned` is the gradient of what
    /// the loss itself learns ([`Judgement::learned`]).
    pub(crate) fn follow(
        &mut self,
        group: &dyn Group,
        batch: &Batch,
        learned: Option<&Tensor>,
        rate: f64,
        model: &Model,
    ) -> Result<()> {
        match (self, learned) {
            (Self::Sigmoid { values, optimizer }, Some(gradient)) => {
                optimizer.step(values, gradient, rate)
            }
            (Self::BinaryNce { queue, .. }, _) => {
                let keys = queue.keys_of(&batch.second_images()?)?;
                queue.push_keys(&batch.gather(group, &keys)?, &batch.songs(group)?)?;
                queue.follow(model)
            }
            _ => Ok(()),
        }
    }

    /// The state as named tensors, for a checkpoint.
    pub(crate) fn state(&self) -> Result<Vec<(&'static str, Tensor)>> {
        Ok(match self {
            Self::NtXent { .. } | Self::Dcl { .. } => Vec::new(),
            Self::Sigmoid { values, optimizer } => {
                let [first, second] = optimizer.moments();
                vec![(LEARNED, Tensor::f_stack(&[values, first, second], 0)?)]
            }
            Self::BinaryNce { queue, .. } => {
                // The numbers of songs are exact in float64, as all that a checkpoint holds.
                let songs = queue.songs().f_to_kind(Kind::Double)?;
                let keys = queue.keys().shallow_clone();
                vec![(KEY_PARAMETERS, queue.parameters()), (KEYS, keys), (KEY_SONGS, songs)]
            }
        })
    }

    /// Continues from the [`state`](Self::state) after that many steps, whose tensors `saved` finds by
    /// their names.
    pub(crate) fn restore<'a>(
        &mut self,
        saved: impl Fn(&str) -> Result<&'a Tensor>,
        steps: usize,
    ) -> Result<()> {
        match self {
            Self::NtXent { .. } | Self::Dcl { .. } => Ok(()),
            Self::Sigmoid { values, optimizer } => {
                let state = saved(LEARNED)?;
                values.f_copy_(&state.f_select(0, 0)?)?;
                let moments = [state.f_select(0, 1)?, state.f_select(0, 2)?];
                optimizer.restore([&moments[0], &moments[1]], steps)
            }
            Self::BinaryNce { queue, .. } => {
                queue.restore(saved(KEY_PARAMETERS)?, saved(KEYS)?, saved(KEY_SONGS)?)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_resnet::{EncoderConfig, Precision};
    use tch::Device;

    use super::*;
    use crate::{Alone, Error, Pair, PairSampler, Songs};

    fn losses() -> [Loss; 4] {
        [
            Loss::NtXent { temperature: 0.1 },
            Loss::Dcl { temperature: 0.1 },
            Loss::Sigmoid { temperature: 0.1, bias: -10.0 },
            Loss::BinaryNce { temperature: 0.07, queue: 12, momentum: 0.9, norm_weight: 1.0 },
        ]
    }

    #[test]
    fn a_restored_criterion_judges_as_the_saved_one() {
        let pixels: Vec<Vec<u8>> = (0..8_u32)
            .map(|s| (0..64 * 80).map(|i| (i * (37 + s) % 251) as u8).collect())
            .collect();
        let songs = Songs::new(64, pixels.iter().map(Vec::as_slice).collect()).unwrap();
        let config = EncoderConfig { rows: 64, head_outputs: 8, ..EncoderConfig::narrow(2) };
        let model = Model::new(&config, Device::Cpu, 1).unwrap();
        let trained = Model::new(&config, Device::Cpu, 2).unwrap();
        let pairs = PairSampler::new(&songs, 64, 5, 0, 1).unwrap().batch(0);
        let side = |seed: f64| {
            let x = (Tensor::arange(40, (Kind::Float, Device::Cpu)) * seed).sin();
            x.view([5, 8]).set_requires_grad(true)
        };
        let (a, b) = (side(1.0), side(1.7));
        for loss in losses() {
            let precision = Precision::F32;
            let params = TrainParams { loss, precision, crop_columns: 64, ..TrainParams::demo() };
            let batch = Batch::new(&songs, None, &pairs, 0..5, &params, 0, Device::Cpu);
            let mut criterion = Criterion::new(&params, &model).unwrap();
            for _ in 0..3 {
                let learned = criterion.judge(&Alone, &a, &b, &batch).unwrap().learned;
                criterion.follow(&Alone, &batch, learned.as_ref(), 0.1, &trained).unwrap();
            }
            let state = criterion.state().unwrap();
            let find = |name: &str| {
                let found = state.iter().find(|(own, _)| *own == name).map(|(_, tensor)| tensor);
                found.ok_or(Error::Network(songscape_resnet::Error::NoParameter {
                    name: name.into(),
                }))
            };
            let mut restored = Criterion::new(&params, &model).unwrap();
            let begun = restored.judge(&Alone, &a, &b, &batch).unwrap();
            restored.restore(find, 3).unwrap();
            for _ in 0..2 {
                let [x, y] =
                    [&criterion, &restored].map(|c| c.judge(&Alone, &a, &b, &batch).unwrap());
                assert_eq!(x.costs, y.costs, "{loss:?}");
                assert_eq!(x.gradients, y.gradients, "{loss:?}");
                criterion.follow(&Alone, &batch, x.learned.as_ref(), 0.1, &trained).unwrap();
                restored.follow(&Alone, &batch, y.learned.as_ref(), 0.1, &trained).unwrap();
            }
            // What has a state has changed by it, and does without none of its tensors.
            let changed = begun.costs != criterion.judge(&Alone, &a, &b, &batch).unwrap().costs;
            assert_eq!(changed, !state.is_empty(), "{loss:?}");
            let none = |name: &str| {
                Err(Error::Network(songscape_resnet::Error::NoParameter { name: name.into() }))
            };
            assert_eq!(restored.restore(none, 3).is_err(), changed, "{loss:?}");
        }
    }

    #[test]
    fn keys_of_a_song_are_no_negatives_of_its_own() {
        let pixels: Vec<Vec<u8>> = (0..4_u32)
            .map(|s| (0..64 * 64).map(|i| (i * (37 + s) % 251) as u8).collect())
            .collect();
        let songs = Songs::new(64, pixels.iter().map(Vec::as_slice).collect()).unwrap();
        let config = EncoderConfig { rows: 64, head_outputs: 8, ..EncoderConfig::narrow(2) };
        let model = Model::new(&config, Device::Cpu, 1).unwrap();
        let loss = Loss::BinaryNce { temperature: 0.1, queue: 8, momentum: 0.9, norm_weight: 0.0 };
        let precision = Precision::F32;
        let params = TrainParams { loss, precision, crop_columns: 64, ..TrainParams::demo() };
        let batch = |numbers: [usize; 2]| {
            let pairs = numbers.map(|song| Pair { song, starts: [0, 0] });
            Batch::new(&songs, None, &pairs, 0..2, &params, 0, Device::Cpu)
        };
        let mut criterion = Criterion::new(&params, &model).unwrap();
        criterion.follow(&Alone, &batch([0, 1]), None, 0.1, &model).unwrap();
        let side = |seed: f64| {
            let x = (Tensor::arange(16, (Kind::Float, Device::Cpu)) * seed).sin();
            x.view([2, 8]).set_requires_grad(true)
        };
        let (a, b) = (side(1.0), side(1.7));
        let costs = |numbers| {
            let costs = criterion.judge(&Alone, &a, &b, &batch(numbers)).unwrap().costs;
            Vec::<f32>::try_from(costs).unwrap()
        };
        // Of the two keys in the queue both are another song's, or one is, for the first pair alone.
        let (strangers, known) = (costs([2, 3]), costs([0, 3]));
        assert!(known[0] < strangers[0] && known[1] == strangers[1], "{known:?} {strangers:?}");
        // What is left is the cost of the one other key.
        let Criterion::BinaryNce { queue, .. } = &criterion else { panic!() };
        let other = queue.keys().narrow(0, 1, 1);
        let (a, b) = (loss::normalize(&a).unwrap(), loss::normalize(&b).unwrap());
        let cost = |rows: &Tensor, key: &Tensor| {
            let key = loss::normalize(key).unwrap();
            let s = rows.narrow(0, 0, 1).matmul(&key.transpose(0, 1)) / 0.1;
            f64::try_from((s - (2.0_f64 / 3.0).ln()).softplus()).unwrap()
        };
        let own = queue.keys().narrow(0, 0, 1);
        let difference = f64::from(strangers[0] - known[0]);
        assert!((difference - cost(&a, &own) - cost(&b, &own)).abs() < 1e-4);
        assert!(cost(&a, &other) > 0.0);
    }
}
