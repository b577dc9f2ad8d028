use std::str::FromStr;

use serde::{Deserialize, Serialize};
use songscape_resnet::Precision;

use crate::augment::Augment;
use crate::error::{Error, Result};

/// How an encoder is trained.
///
/// Fields that were added after the first release have a default in JSON: the value that training had
/// before there was a choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainParams {
    /// Columns of a crop; 200 are a second.
    pub crop_columns: usize,
    /// Pairs of crops in a batch, each from a different song. With fewer songs a batch has all of them.
    pub pairs: usize,
    /// The least distance in columns between the beginnings of a pair's crops; as far as the song
    /// allows where it is shorter. 0: independent positions.
    pub min_distance: usize,
    /// How the songs of a batch are drawn.
    #[serde(default, alias = "balance")]
    pub sampling: Sampling,
    /// How the crops are changed.
    #[serde(default)]
    pub augment: Augment,
    /// Pairs that run through the network together; 0: the whole batch. Fewer take less memory and a
    /// second run of the network, for the same gradient.
    #[serde(default)]
    pub chunk_pairs: usize,
    /// What pulls the crops of one song together.
    pub loss: Loss,
    /// The largest learning rate: that at the end of the warm-up.
    pub learning_rate: f64,
    /// Adam: decay of the mean of gradients.
    pub beta1: f64,
    /// Adam: decay of the mean of squared gradients.
    pub beta2: f64,
    /// Decoupled weight decay (Loshchilov and Hutter 2019), multiplied by the learning rate.
    pub weight_decay: f64,
    /// The largest norm of a gradient; longer ones are shortened. 0: no limit.
    pub clip_norm: f64,
    /// Steps over which the learning rate rises linearly from zero.
    pub warmup_steps: usize,
    /// Steps in all.
    pub steps: usize,
    /// How the learning rate changes after the warm-up.
    pub schedule: Schedule,
    /// The number format of the network's arithmetic in training.
    pub precision: Precision,
    /// Decides the first weights, the songs of a batch and the crops.
    pub seed: u64,
    /// Steps between checkpoints. 0: one at the end.
    pub checkpoint_every: usize,
    /// The share of the songs that is excluded from training and used for validation; 0 to below 1.
    #[serde(default)]
    pub held_out: f64,
    /// Steps between validations on the held-out songs. 0: none.
    #[serde(default)]
    pub validate_every: usize,
}

/// How the songs of a batch are drawn. No song is in a batch twice.
///
/// Uniform sampling is right for most collections. Hard sampling is what the published system does; it
/// assumes an order of the songs in which neighbours resemble each other, such as that of their years.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Sampling {
    /// All songs are drawn equally often.
    #[default]
    #[serde(alias = "song")]
    Uniform,
    /// Songs with a high loss are drawn more often, each followed by some from its neighbourhood
    /// ([`PairSampler::hard_batch`](crate::PairSampler::hard_batch)).
    #[serde(alias = "loss")]
    Hard {
        /// How much of the running mean of a song's loss is kept when it is seen again, 0 to below 1.
        keep: f64,
        /// Songs from the neighbourhood after each hard one.
        neighbors: usize,
        /// How far the neighbourhood goes, in places to each side.
        reach: usize,
    },
}

impl Sampling {
    /// As published: each hard song is followed by three from 200 places to each side. The weight of
    /// the running mean is not published: here nine tenths of it are kept.
    pub fn published() -> Self {
        Self::Hard { keep: 0.9, neighbors: 3, reach: 200 }
    }
}

/// What pulls the crops of one song together and pushes those of different songs apart.
///
/// `Sigmoid` learns fastest and depends least on the seed; `Dcl` and `NtXent` come out alike after
/// longer training, and a higher temperature keeps more of what songs have in common; `BinaryNce` is for
/// comparison with the published system (`docs/learning.md` has the measurements).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Loss {
    /// Normalised temperature-scaled cross-entropy ([`loss::nt_xent`](crate::loss::nt_xent)).
    NtXent {
        /// The temperature of the cosines.
        temperature: f64,
    },
    /// The same, decoupled: without the positive in the denominator
    /// ([`loss::decoupled`](crate::loss::decoupled)).
    Dcl {
        /// The temperature of the cosines.
        temperature: f64,
    },
    /// The pairwise sigmoid loss with a learned scale and bias
    /// ([`loss::sigmoid`](crate::loss::sigmoid)).
    Sigmoid {
        /// The temperature of the cosines at the start, 0.1 as published.
        temperature: f64,
        /// The bias at the start, −10 as published: most rows do not belong together.
        bias: f64,
    },
    /// The published binary noise-contrastive loss with a queue of keys
    /// ([`loss::binary_nce`](crate::loss::binary_nce)).
    #[serde(alias = "seed_nce")]
    BinaryNce {
        /// The temperature of the cosines.
        temperature: f64,
        /// Keys in the queue.
        queue: usize,
        /// How much of the key network is kept at each step.
        momentum: f64,
        /// Weight of `mean((‖feature‖ − 1)²)` over the encoder's vectors.
        norm_weight: f64,
    },
}

impl FromStr for Loss {
    type Err = Error;

    /// Reads JSON, such as `{"kind":"sigmoid","temperature":0.1,"bias":-10}`.
    fn from_str(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| Error::Parameter {
            field: "loss",
            found: text.into(),
            expected: format!("a loss as JSON: {e}"),
        })
    }
}

/// How the learning rate changes after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Schedule {
    /// It stays at its largest value.
    Constant,
    /// It falls to zero along half a cosine.
    Cosine,
}

impl TrainParams {
    /// The published training: 16 pairs of crops of 256 × 1024, binary NCE at temperature 0.07 with
    /// 160 queued keys, Adam at 1e-4 with beta1 0.99, 100 epochs of 10,000 pairs, hard songs drawn
    /// more often. In contrast to the published program the key network follows the trained one.
    pub fn published() -> Self {
        Self {
            crop_columns: 1024,
            pairs: 16,
            min_distance: 0,
            sampling: Sampling::published(),
            augment: Augment::none(),
            chunk_pairs: 0,
            loss: Loss::BinaryNce {
                temperature: 0.07,
                queue: 160,
                momentum: 0.99,
                norm_weight: 1.0,
            },
            learning_rate: 1e-4,
            beta1: 0.99,
            beta2: 0.999,
            weight_decay: 0.0,
            clip_norm: 0.0,
            warmup_steps: 0,
            steps: 100 * 10_000 / 16,
            schedule: Schedule::Constant,
            precision: Precision::F32,
            seed: 0,
            checkpoint_every: 625,
            held_out: 0.0,
            validate_every: 0,
        }
    }

    /// A training of two minutes on two CPU cores with AVX-512, for
    /// [`EncoderConfig::demo`](songscape_resnet::EncoderConfig::demo): 500 steps of 64 pairs of
    /// crops of 256 columns (1.3 s), decoupled contrastive loss, in the format that is
    /// [fastest on this processor](Precision::fastest_on_cpu). The temperature is high: a low one tells
    /// songs apart at the cost of what they have in common, such as their time (`docs/learning.md` has the
    /// comparison).
    pub fn demo() -> Self {
        Self {
            crop_columns: 256,
            pairs: 64,
            min_distance: 0,
            sampling: Sampling::Uniform,
            augment: Augment::none(),
            chunk_pairs: 0,
            loss: Loss::Dcl { temperature: 0.3 },
            learning_rate: 2e-3,
            beta1: 0.9,
            beta2: 0.99,
            weight_decay: 1e-4,
            clip_norm: 5.0,
            warmup_steps: 10,
            steps: 500,
            schedule: Schedule::Cosine,
            precision: Precision::fastest_on_cpu(),
            seed: 0,
            checkpoint_every: 50,
            held_out: 0.0,
            validate_every: 0,
        }
    }

    /// These parameters with some fields replaced, given as a JSON object such as
    /// `{"precision":"f32","held_out":0.2}`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for text that is no object of fields of these parameters.
    pub fn with(&self, fields: &str) -> Result<Self> {
        let refused = |e: serde_json::Error| Error::Parameter {
            field: "params",
            found: fields.into(),
            expected: format!("fields of the training as JSON: {e}"),
        };
        let others: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(fields).map_err(refused)?;
        let mut all = serde_json::to_value(self).map_err(refused)?;
        if let Some(all) = all.as_object_mut() {
            all.extend(others);
        }
        serde_json::from_value(all).map_err(refused)
    }

    /// The training that goes on from these parameters' network on other songs: a fifth of the steps, with the
    /// learning rate that the last fifth began with, after a warm-up, and the same fall from there.
    ///
    /// ```
    /// use songscape_contrastive::TrainParams;
    ///
    /// let whole = TrainParams::demo();
    /// let tail = whole.fine_tuning();
    /// assert_eq!(tail.steps, whole.steps / 5);
    /// assert_eq!(tail.learning_rate, whole.learning_rate_at(whole.steps - tail.steps));
    /// ```
    #[must_use]
    pub fn fine_tuning(&self) -> Self {
        let steps = (self.steps / 5).max(1);
        Self {
            steps,
            learning_rate: self.learning_rate_at(self.steps - steps),
            // The optimizer has forgotten how large its steps were.
            warmup_steps: self.warmup_steps.max(10).min(steps / 2),
            ..self.clone()
        }
    }

    /// The learning rate of a step, counted from 0.
    pub fn learning_rate_at(&self, step: usize) -> f64 {
        if step < self.warmup_steps {
            return self.learning_rate * (step + 1) as f64 / self.warmup_steps as f64;
        }
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let length = self.steps.saturating_sub(self.warmup_steps).max(1);
                let part = ((step - self.warmup_steps) as f64 / length as f64).min(1.0);
                self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
            }
        }
    }

    /// Refuses parameters that make no sense.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first one.
    pub fn check(&self) -> Result<()> {
        let refuse = |field, found: &dyn std::fmt::Display, expected: &str| {
            let (found, expected) = (found.to_string(), expected.to_owned());
            Err(Error::Parameter { field, found, expected })
        };
        if self.crop_columns == 0 {
            return refuse("crop_columns", &self.crop_columns, "at least one vector's columns");
        }
        self.augment.check()?;
        if let Sampling::Hard { keep, .. } = self.sampling
            && !(0.0..1.0).contains(&keep)
        {
            return refuse("sampling.keep", &keep, "0 to below 1");
        }
        if self.pairs < 2 {
            return refuse("pairs", &self.pairs, "at least 2");
        }
        if self.steps == 0 {
            return refuse("steps", &self.steps, "at least 1");
        }
        let (temperature, momentum) = match self.loss {
            Loss::NtXent { temperature } | Loss::Dcl { temperature } => (temperature, 0.0),
            Loss::Sigmoid { temperature, bias } => {
                if !bias.is_finite() {
                    return refuse("loss.bias", &bias, "a finite number");
                }
                (temperature, 0.0)
            }
            Loss::BinaryNce { temperature, momentum, queue, norm_weight } => {
                if queue == 0 {
                    return refuse("loss.queue", &queue, "at least 1");
                }
                if !(norm_weight >= 0.0 && norm_weight.is_finite()) {
                    return refuse("loss.norm_weight", &norm_weight, "≥ 0");
                }
                (temperature, momentum)
            }
        };
        // The smallest one of which the exponentials stay finite in float32.
        if !(temperature >= 0.02 && temperature.is_finite()) {
            return refuse("loss.temperature", &temperature, "≥ 0.02");
        }
        if !(0.0..=1.0).contains(&momentum) {
            return refuse("loss.momentum", &momentum, "0 to 1");
        }
        for (field, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return refuse(field, &beta, "0 to below 1");
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return refuse("learning_rate", &self.learning_rate, "> 0");
        }
        if !(0.0..1.0).contains(&self.held_out) {
            return refuse("held_out", &self.held_out, "0 to below 1");
        }
        for (field, value) in [("weight_decay", self.weight_decay), ("clip_norm", self.clip_norm)] {
            if !(value >= 0.0 && value.is_finite()) {
                return refuse(field, &value, "≥ 0");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_are_valid_and_survive_json() {
        for params in [TrainParams::published(), TrainParams::demo()] {
            params.check().unwrap();
            let text = serde_json::to_string(&params).unwrap();
            assert_eq!(serde_json::from_str::<TrainParams>(&text).unwrap(), params);
        }
    }

    #[test]
    fn each_bad_field_is_named() {
        let bad = |change: fn(&mut TrainParams)| {
            let mut params = TrainParams::demo();
            change(&mut params);
            params.check().unwrap_err().to_string()
        };
        assert_eq!(bad(|p| p.pairs = 1), "pairs is 1, expected at least 2");
        assert!(bad(|p| p.steps = 0).contains("steps is 0"));
        assert!(bad(|p| p.crop_columns = 0).contains("crop_columns is 0"));
        assert!(bad(|p| p.loss = Loss::Dcl { temperature: 0.0 }).contains("loss.temperature is 0"));
        assert!(
            bad(|p| p.sampling = Sampling::Hard { keep: 1.0, neighbors: 3, reach: 200 })
                .contains("sampling.keep is 1")
        );
        assert!(bad(|p| p.beta1 = 1.0).contains("beta1 is 1"));
        assert!(bad(|p| p.learning_rate = f64::NAN).contains("learning_rate is NaN"));
        assert!(bad(|p| p.clip_norm = -1.0).contains("clip_norm is -1"));
    }

    #[test]
    fn single_fields_are_replaced() {
        let demo = TrainParams::demo();
        let found = demo.with(r#"{"held_out":0.2,"sampling":{"kind":"uniform"}}"#).unwrap();
        assert_eq!(found, TrainParams { held_out: 0.2, ..demo.clone() });
        let message = demo.with(r#"{"held_in":0.2}"#).unwrap_err().to_string();
        assert!(message.contains("unknown field `held_in`"), "{message}");
        assert!(demo.with("0.2").unwrap_err().to_string().starts_with("params is 0.2, expected"));
    }

    #[test]
    fn parameters_under_their_old_names_are_read() {
        let mut text = serde_json::to_value(TrainParams::published()).unwrap();
        let fields = text.as_object_mut().unwrap();
        let mut sampling = fields.remove("sampling").unwrap();
        sampling["kind"] = "loss".into();
        fields.insert("balance".into(), sampling);
        fields["loss"]["kind"] = "seed_nce".into();
        assert_eq!(serde_json::from_value::<TrainParams>(text).unwrap(), TrainParams::published());
        let nce =
            r#"{"kind":"seed_nce","temperature":0.07,"queue":160,"momentum":0.99,"norm_weight":1}"#;
        assert_eq!(nce.parse::<Loss>().unwrap(), TrainParams::published().loss);
        let message = r#"{"kind":"nce"}"#.parse::<Loss>().unwrap_err().to_string();
        assert!(message.contains("expected a loss as JSON") && message.contains("`binary_nce`"));
        let song = serde_json::from_str::<Sampling>(r#"{"kind":"song"}"#).unwrap();
        assert_eq!(song, Sampling::Uniform);
    }

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let params =
            TrainParams { warmup_steps: 10, steps: 110, learning_rate: 1.0, ..TrainParams::demo() };
        let at = |step| params.learning_rate_at(step);
        assert!((at(0) - 0.1).abs() < 1e-12 && (at(9) - 1.0).abs() < 1e-12);
        assert!((at(10) - 1.0).abs() < 1e-12 && (at(60) - 0.5).abs() < 1e-12);
        assert!(at(109) < 1e-3 && at(1000) == 0.0);
    }
}
