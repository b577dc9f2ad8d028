use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The shape of the network.
///
/// [`published`](Self::published) is for a GPU and thousands of songs, [`demo`](Self::demo) for a CPU and
/// minutes, [`narrow`](Self::narrow) for anything between. Fewer stages keep more rows for the last
/// convolution, which helps where harmony is what matters (`docs/learning.md` compares them).
///
/// ```
/// use songscape_resnet::EncoderConfig;
///
/// let published = EncoderConfig::published();
/// assert_eq!(published.channels(), 512);
/// assert_eq!(published.columns_per_vector(), 64);
/// assert_eq!(published.receptive_field(), 377);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Rows of an image; a multiple of [`columns_per_vector`](Self::columns_per_vector).
    pub rows: usize,
    /// Channels of the first convolution; even.
    pub stem_channels: usize,
    /// Output channels of each stage as multiples of the stem's. Each stage halves rows and columns.
    pub stage_multipliers: Vec<usize>,
    /// Bottleneck blocks in each stage: one that halves, and others that keep the resolution.
    #[serde(default = "published_blocks")]
    pub blocks_per_stage: usize,
    /// The stages, counted from 0, that begin with a position embedding along frequency; `None` for
    /// all of them, as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_stages: Option<Vec<usize>>,
    /// How the weights of the convolutions are normalised.
    #[serde(default)]
    pub normalization: Normalization,
    /// The function between the layers.
    #[serde(default)]
    pub activation: Activation,
    /// Length of the vector that the projection head gives to the loss.
    pub head_outputs: usize,
}

/// How the weights of a convolution are normalised before it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Normalization {
    /// Divided by their norm, per output channel, as published (Salimans and Kingma 2016,
    /// without the learned gain).
    #[default]
    Weight,
    /// Not at all.
    None,
}

/// The function between the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// LeakyReLU with slope 0.2, as published.
    #[default]
    LeakyRelu,
    /// max(x, 0).
    Relu,
    /// x·sigmoid(x) (Hendrycks and Gimpel 2016; Elfwing et al. 2018).
    Silu,
}

fn published_blocks() -> usize {
    2
}

impl EncoderConfig {
    /// The published network: 256 rows, 64 channels in the stem, 512 at the end; 5,161,792
    /// parameters and 299,648 in the head.
    pub fn published() -> Self {
        Self::narrow(64)
    }

    /// The published architecture at an eighth of its width, except for the last stage, whose few rows
    /// and columns make channels cheap: 256 channels at the end. Within minutes on a CPU it learns more
    /// than a network that is wide throughout, since it sees more and longer crops.
    pub fn demo() -> Self {
        Self { stage_multipliers: vec![2, 4, 4, 8, 32], ..Self::narrow(8) }
    }

    /// The published architecture with another number of channels in the stem, and all others in
    /// proportion. `narrow(16)` has 128 channels at the end and 330,640 parameters.
    pub fn narrow(stem_channels: usize) -> Self {
        Self {
            rows: 256,
            stem_channels,
            stage_multipliers: vec![2, 4, 4, 8, 8],
            blocks_per_stage: published_blocks(),
            position_stages: None,
            normalization: Normalization::default(),
            activation: Activation::default(),
            head_outputs: 64,
        }
    }

    /// Channels of the vectors that come out.
    pub fn channels(&self) -> usize {
        self.stage_multipliers.last().copied().unwrap_or(1) * self.stem_channels
    }

    /// Columns of the image for which one vector stands: 2 for the stem and each stage.
    pub fn columns_per_vector(&self) -> usize {
        1 << (self.stage_multipliers.len() + 1)
    }

    /// Columns on each side of column `i * columns_per_vector` that vector `i` sees.
    pub fn reach(&self) -> usize {
        // The stem reaches 2 columns; in each stage one 3 × 3 convolution at the stage's input
        // resolution and the others at its output resolution reach one position each.
        let mut reach = 2;
        for stage in 0..self.stage_multipliers.len() {
            reach += (2 << stage) + (self.blocks_per_stage - 1) * (4 << stage);
        }
        reach
    }

    /// Whether a stage begins with a position embedding.
    pub(crate) fn has_positions(&self, stage: usize) -> bool {
        self.position_stages.as_ref().is_none_or(|stages| stages.contains(&stage))
    }

    /// Columns of the image that one vector sees.
    pub fn receptive_field(&self) -> usize {
        2 * self.reach() + 1
    }

    /// Refuses a shape that cannot be built.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first field that cannot be used.
    pub fn check(&self) -> Result<()> {
        let refuse = |field, found: String, expected: &str| {
            Err(Error::Parameter { field, found, expected: expected.into() })
        };
        let stages = self.stage_multipliers.len();
        if !(1..=12).contains(&stages) {
            return refuse("stage_multipliers", format!("{stages} stages"), "1 to 12 stages");
        }
        if self.stage_multipliers.contains(&0) {
            return refuse(
                "stage_multipliers",
                format!("{:?}", self.stage_multipliers),
                "≥ 1 each",
            );
        }
        if !(1..=16).contains(&self.blocks_per_stage) {
            return refuse("blocks_per_stage", self.blocks_per_stage.to_string(), "1 to 16");
        }
        let unknown = self.position_stages.iter().flatten().find(|stage| **stage >= stages);
        if let Some(stage) = unknown {
            let expected = format!("stages from 0 to {}", stages - 1);
            return refuse("position_stages", stage.to_string(), &expected);
        }
        let widest = self.stage_multipliers.iter().max().copied().unwrap_or(1);
        if self.stem_channels < 2
            || !self.stem_channels.is_multiple_of(2)
            || self.stem_channels.saturating_mul(widest) > 1 << 16
        {
            let expected = "an even number ≥ 2 with at most 65536 channels in the widest stage";
            return refuse("stem_channels", self.stem_channels.to_string(), expected);
        }
        let unit = self.columns_per_vector();
        if self.rows == 0 || !self.rows.is_multiple_of(unit) || self.rows > 1 << 16 {
            let expected = format!("a multiple of {unit}, at most 65536");
            return refuse("rows", self.rows.to_string(), &expected);
        }
        if self.head_outputs == 0 || self.head_outputs > 1 << 16 {
            return refuse("head_outputs", self.head_outputs.to_string(), "1 to 65536");
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_from_before_there_was_a_choice_are_the_published_network() {
        let text =
            r#"{"rows":256,"stem_channels":64,"stage_multipliers":[2,4,4,8,8],"head_outputs":64}"#;
        assert_eq!(
            serde_json::from_str::<EncoderConfig>(text).unwrap(),
            EncoderConfig::published()
        );
    }

    #[test]
    fn each_bad_field_is_named() {
        let bad = |change: fn(&mut EncoderConfig)| {
            let mut config = EncoderConfig::published();
            change(&mut config);
            config.check().unwrap_err().to_string()
        };
        assert!(bad(|c| c.rows = 100).contains("rows is 100, expected a multiple of 64"));
        assert!(bad(|c| c.stem_channels = 7).contains("stem_channels is 7"));
        assert!(bad(|c| c.stage_multipliers = vec![]).contains("0 stages"));
        assert!(bad(|c| c.stage_multipliers = vec![2, 0]).contains("[2, 0]"));
        assert!(bad(|c| c.blocks_per_stage = 0).contains("blocks_per_stage is 0"));
        assert!(bad(|c| c.position_stages = Some(vec![1, 5])).contains("position_stages is 5"));
        assert!(bad(|c| c.head_outputs = 0).contains("head_outputs is 0"));
        EncoderConfig::published().check().unwrap();
        EncoderConfig::narrow(16).check().unwrap();
    }
}
