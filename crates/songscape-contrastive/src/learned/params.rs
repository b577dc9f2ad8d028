use serde::{Deserialize, Serialize};

use super::sound::Sound;
use crate::baseline::changes::FRAME;
use crate::error::{Error, Result};

/// How vectors are learned on top of chroma changes. The defaults are those of the prototype that
/// `docs/learning.md` has the figures of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearnedParams {
    /// Crops of each song that are made before the training, at least 2. One takes 4.6 kB of memory.
    pub crops: usize,
    /// The least and the largest length of a crop in seconds; shorter songs than the least are left out.
    pub seconds: [f64; 2],
    /// How the sound of each crop is changed.
    pub sound: Sound,
    /// Products of two learned rings, and as many squares of one.
    pub products: usize,
    /// Numbers of a vector that no key changes.
    pub outputs: usize,
    /// Pairs of crops in a batch, each from a different song. With fewer songs a batch has all of them.
    pub pairs: usize,
    /// Steps in all.
    pub steps: usize,
    /// The largest learning rate: it rises over 20 steps, and falls along half a cosine.
    pub learning_rate: f64,
    /// Decoupled weight decay, multiplied by the learning rate.
    pub weight_decay: f64,
    /// The temperature of the cosines of the vectors that no key changes.
    pub temperature: f64,
    /// The temperature of the best of the cosines of the rings in twelve keys.
    pub ring_temperature: f64,
    /// Decides the first weights, the crops and the batches.
    pub seed: u64,
}

impl Default for LearnedParams {
    fn default() -> Self {
        Self {
            crops: 24,
            seconds: [10.0, 24.0],
            sound: Sound::default(),
            products: 384,
            outputs: 256,
            pairs: 96,
            steps: 200,
            learning_rate: 2e-3,
            weight_decay: 0.01,
            temperature: 0.1,
            ring_temperature: 0.05,
            seed: 0,
        }
    }
}

impl LearnedParams {
    /// Refuses parameters that make no sense.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first one.
    pub fn check(&self) -> Result<()> {
        check("crops", self.crops as f64, 2.0, 1e4)?;
        check("products", self.products as f64, 1.0, 4096.0)?;
        check("outputs", self.outputs as f64, 1.0, 4096.0)?;
        check("pairs", self.pairs as f64, 2.0, 1e5)?;
        check("steps", self.steps as f64, 1.0, 1e6)?;
        let [shortest, longest] = self.seconds;
        check("seconds", shortest, FRAME, 1e4)?;
        check("seconds", longest, shortest, 1e4)?;
        check("learning_rate", self.learning_rate, 1e-12, 1e3)?;
        check("weight_decay", self.weight_decay, 0.0, 1e3)?;
        // The smallest one of which the exponentials stay finite in float32.
        check("temperature", self.temperature, 0.02, 1e3)?;
        check("ring_temperature", self.ring_temperature, 0.02, 1e3)?;
        self.sound.check()
    }

    /// The learning rate of a step, counted from 0.
    pub(super) fn learning_rate_at(&self, step: usize) -> f64 {
        /// Steps over which it rises.
        const WARM_UP: f64 = 20.0;
        /// What is left of it at the end.
        const LAST: f64 = 0.01;
        let (step, steps) = (step as f64, self.steps as f64);
        let fall = 0.5 * (1.0 + (std::f64::consts::PI * step / steps).cos()) + LAST;
        self.learning_rate * ((step + 1.0) / WARM_UP).min(1.0) * fall
    }
}

/// Refuses a value outside its range.
pub(super) fn check(field: &'static str, value: f64, least: f64, most: f64) -> Result<()> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => {
            let (found, expected) = (value.to_string(), format!("{least} to {most}"));
            Err(Error::Parameter { field, found, expected })
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_field_is_named_and_missing_ones_have_their_default() {
        let read = |text: &str| serde_json::from_str::<LearnedParams>(text);
        let default = LearnedParams::default();
        default.check().unwrap();
        assert_eq!(read("{}").unwrap(), default);
        assert_eq!(read(&serde_json::to_string(&default).unwrap()).unwrap(), default);
        assert!(read(r#"{"depth":3}"#).unwrap_err().to_string().contains("`depth`"));
        let bad = |text: &str| read(text).unwrap().check().unwrap_err().to_string();
        assert_eq!(bad(r#"{"crops":1}"#), "crops is 1, expected 2 to 10000");
        assert_eq!(bad(r#"{"seconds":[10,9]}"#), "seconds is 9, expected 10 to 10000");
        assert!(bad(r#"{"temperature":0.0}"#).starts_with("temperature is 0, expected 0.02 to"));
        assert!(bad(r#"{"learning_rate":0.0}"#).starts_with("learning_rate is 0, expected"));
        assert_eq!(bad(r#"{"sound":{"room":1.5}}"#), "sound.room is 1.5, expected 0 to 0.99");
    }

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let params = LearnedParams { learning_rate: 1.0, ..LearnedParams::default() };
        let at = |step| params.learning_rate_at(step);
        assert!((at(0) - 0.0505).abs() < 1e-9 && (at(100) - 0.51).abs() < 1e-9);
        assert!(at(19) > 0.98 && at(199) < 0.011);
    }
}
