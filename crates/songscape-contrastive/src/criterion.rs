//! A loss with what it remembers (keys) and what it learns (a scale and a bias).

use tch::{Device, Kind, Tensor};

use crate::batch::Judgement;
use crate::error::Result;
use crate::loss;
use crate::optimizer::AdamW;
use crate::params::{Loss, TrainParams};
use crate::queue::KeyQueue;

/// What judges the outputs of a batch.
pub(crate) struct Criterion {
    loss: Loss,
    device: Device,
    pub queue: Option<KeyQueue>,
    learned: Option<Learned>,
}

/// The scale (its logarithm) and the bias of the sigmoid loss.
struct Learned {
    values: Tensor,
    optimizer: AdamW,
}

impl Criterion {
    pub(crate) fn new(params: &TrainParams, model: &songscape_resnet::Model) -> Result<Self> {
        let device = model.device();
        let (mut queue, mut learned) = (None, None);
        match params.loss {
            Loss::NtXent { .. } | Loss::Dcl { .. } => {}
            Loss::SeedNce { queue: keys, momentum, .. } => {
                queue = Some(KeyQueue::new(model, keys, momentum)?);
            }
            Loss::Sigmoid { temperature, bias } => {
                let values = [-temperature.ln() as f32, bias as f32];
                let values = Tensor::f_from_slice(&values)?.f_to_device(device)?;
                let optimizer = AdamW::new(&values, params.beta1, params.beta2, 0.0)?;
                learned = Some(Learned { values, optimizer });
            }
        }
        Ok(Self { loss: params.loss, device, queue, learned })
    }

    /// The loss of the outputs `a` and `b` (leaves of their graph), and its gradients.
    pub(crate) fn judge(&self, a: &Tensor, b: &Tensor) -> Result<Judgement> {
        let learned = match &self.learned {
            Some(learned) => Some(learned.values.f_detach()?.f_set_requires_grad(true)?),
            None => None,
        };
        let costs = match (self.loss, &learned) {
            (Loss::NtXent { temperature }, _) => loss::nt_xent_costs(a, b, temperature)?,
            (Loss::Dcl { temperature }, _) => loss::decoupled_costs(a, b, temperature)?,
            (Loss::Sigmoid { .. }, Some(values)) => loss::sigmoid_costs(a, b, values)?,
            (Loss::Sigmoid { temperature, bias }, None) => {
                let values = Tensor::f_from_slice(&[-temperature.ln() as f32, bias as f32])?;
                loss::sigmoid_costs(a, b, &values.f_to_device(self.device)?)?
            }
            (Loss::SeedNce { temperature, .. }, _) => {
                let none = Tensor::f_zeros([0, a.size()[1]], (Kind::Float, self.device))?;
                let keys = self.queue.as_ref().map_or(&none, KeyQueue::keys);
                loss::binary_nce_costs(a, b, keys, temperature)?
            }
        };
        let loss = costs.f_mean(Kind::Float)?;
        let leaves: Vec<&Tensor> = [a, b].into_iter().chain(&learned).collect();
        let mut gradients = Tensor::f_run_backward(&[&loss], &leaves, false, false)?.into_iter();
        let mut next = || gradients.next().unwrap_or_default();
        let of_outputs = [next(), next()];
        let costs = costs.f_detach()?;
        Ok(Judgement { loss, costs, gradients: of_outputs, learned: learned.is_some().then(next) })
    }

    /// Weight of [`loss::unit_norm`] beside the loss.
    pub(crate) fn norm_weight(&self) -> f64 {
        match self.loss {
            Loss::SeedNce { norm_weight, .. } => norm_weight,
            _ => 0.0,
        }
    }

    /// Changes what is learned by one step.
    pub(crate) fn learn(&mut self, gradient: Option<&Tensor>, rate: f64) -> Result<()> {
        if let (Some(learned), Some(gradient)) = (&mut self.learned, gradient) {
            learned.optimizer.step(&learned.values, gradient, rate)?;
        }
        Ok(())
    }

    /// What is learned and its moments, `[3, 2]`, for a checkpoint.
    pub(crate) fn state(&self) -> Result<Option<Tensor>> {
        let state = |learned: &Learned| {
            let [first, second] = learned.optimizer.moments();
            Tensor::f_stack(&[&learned.values, first, second], 0)
        };
        Ok(self.learned.as_ref().map(state).transpose()?)
    }

    /// Goes on from a [`state`](Self::state) after that many steps.
    pub(crate) fn restore(&mut self, state: &Tensor, steps: usize) -> Result<()> {
        if let Some(learned) = &mut self.learned {
            learned.values.f_copy_(&state.f_select(0, 0)?)?;
            let moments = [state.f_select(0, 1)?, state.f_select(0, 2)?];
            learned.optimizer.restore([&moments[0], &moments[1]], steps)?;
        }
        Ok(())
    }
}
