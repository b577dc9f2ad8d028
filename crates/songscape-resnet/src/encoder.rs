use std::fmt;
use std::str::FromStr;

use tch::{Device, Kind, Tensor};

use crate::block::Bottleneck;
use crate::config::{Activation, EncoderConfig};
use crate::conv::{Conv, activate, pad_mirrored};
use crate::error::{Error, Result};
use crate::parameters::{Declaration, Init, Parameters};

/// The residual network: images to one vector for every 64 columns.
#[derive(Debug)]
pub struct Encoder {
    rows: usize,
    unit: usize,
    stem_weight: Tensor,
    stem_bias: Tensor,
    stages: Vec<Stage>,
    collapse: Conv,
    activation: Activation,
}

/// Position embeddings, a block that halves, and others that keep the resolution.
#[derive(Debug)]
struct Stage {
    positions: Option<Tensor>,
    down: Bottleneck,
    keep: Vec<Bottleneck>,
}

/// The names of a stage's blocks that keep the resolution; the published one has a single one.
fn kept_blocks(config: &EncoderConfig, stage: usize) -> impl Iterator<Item = String> {
    let name = move |block| match block {
        1 => format!("encoder.keep.{stage}"),
        _ => format!("encoder.keep.{stage}.{block}"),
    };
    (1..config.blocks_per_stage).map(name)
}

impl Encoder {
    pub(crate) fn declare(config: &EncoderConfig, declared: &mut Vec<Declaration>) {
        let stem = config.stem_channels;
        declared.push(Declaration {
            name: "encoder.stem_weight".into(),
            shape: vec![stem, 1, 5, 5],
            init: Init::glorot(25, 25 * stem),
        });
        declared.push(Declaration {
            name: "encoder.stem_bias".into(),
            shape: vec![stem],
            init: Init::Zeros,
        });
        let mut inputs = stem;
        let mut rows = config.rows / 2;
        for (stage, multiplier) in config.stage_multipliers.iter().enumerate() {
            let outputs = multiplier * stem;
            if config.has_positions(stage) {
                declared.push(Declaration {
                    name: format!("encoder.positions.{stage}"),
                    shape: vec![1, inputs, rows, 1],
                    init: Init::Zeros,
                });
            }
            Bottleneck::declare(&format!("encoder.down.{stage}"), inputs, outputs, true, declared);
            for name in kept_blocks(config, stage) {
                Bottleneck::declare(&name, outputs, outputs, false, declared);
            }
            inputs = outputs;
            rows /= 2;
        }
        Conv::declare("encoder.collapse", inputs, inputs, [rows, 1], declared);
    }

    pub(crate) fn new(config: &EncoderConfig, parameters: &Parameters) -> Result<Self> {
        let block = |name: &str, halve| Bottleneck::new(name, halve, config, parameters);
        let stage = |stage| {
            let positions = config
                .has_positions(stage)
                .then(|| parameters.get(&format!("encoder.positions.{stage}")));
            Ok(Stage {
                positions: positions.transpose()?,
                down: block(&format!("encoder.down.{stage}"), true)?,
                keep: kept_blocks(config, stage)
                    .map(|name| block(&name, false))
                    .collect::<Result<_>>()?,
            })
        };
        Ok(Self {
            rows: config.rows,
            unit: config.columns_per_vector(),
            stem_weight: parameters.get("encoder.stem_weight")?,
            stem_bias: parameters.get("encoder.stem_bias")?,
            stages: (0..config.stage_multipliers.len()).map(stage).collect::<Result<_>>()?,
            collapse: Conv::new("encoder.collapse", 1, config, parameters)?,
            activation: config.activation,
        })
    }

    /// `images` `[batch, 1, rows, columns]` with values in −1..1 to features
    /// `[batch, channels, columns / 64]`.
    ///
    /// Columns beyond the last multiple of 64 are left out. The network runs in the kind of the
    /// images (float32 or bfloat16); the weights stay float32 and are converted on the way.
    ///
    /// # Errors
    /// [`Error::Images`] for another shape, [`Error::Torch`] when memory runs out.
    pub fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let shape = images.size();
        let fits = shape.len() == 4
            && shape[0] > 0
            && shape[1] == 1
            && shape[2] == self.rows as i64
            && shape[3] >= self.unit as i64;
        if !fits {
            return Err(Error::Images { found: shape, rows: self.rows, columns: self.unit });
        }
        let columns = shape[3] - shape[3] % self.unit as i64;
        let mut x = self.stem(&images.f_select(1, 0)?.f_narrow(2, 0, columns)?)?;
        for stage in &self.stages {
            if let Some(positions) = &stage.positions {
                x = add_positions(x, positions)?;
            }
            x = stage.down.forward(&x)?;
            for block in &stage.keep {
                x = block.forward(&x)?;
            }
        }
        Ok(self.collapse.forward(&activate(&x, self.activation)?)?.f_squeeze_dim(2)?)
    }

    /// `[b, rows, columns]` to `[b, stem_channels, rows / 2, columns / 2]`.
    fn stem(&self, images: &Tensor) -> Result<Tensor> {
        let kind = images.kind();
        // Written as [b, h, w, 1], the single channel is the last one in memory: libtorch keeps to
        // the channels-last format that it finds at the first convolution, which is faster.
        let x = pad_mirrored(images, 2)?.f_unsqueeze(3)?.f_permute([0, 3, 1, 2])?;
        let (weight, bias) = (self.stem_weight.f_to_kind(kind)?, self.stem_bias.f_to_kind(kind)?);
        Ok(x.f_conv2d(&weight, Some(bias), [2, 2], [0, 0], [1, 1], 1)?)
    }
}

/// `x` `[b, c, h, w]` plus `positions` `[1, c, h, 1]`.
///
/// In place: neither a convolution nor a sum needs its output for the gradient. On the CPU the positions
/// are repeated along the columns by a matrix product with ones, since then their gradient is one
/// too: the sum over images and columns of libtorch took a fifth of a training step.
fn add_positions(mut x: Tensor, positions: &Tensor) -> Result<Tensor> {
    let (images, _, rows, columns) = x.size4()?;
    let mut positions = positions.f_to_kind(x.kind())?;
    if x.device() == Device::Cpu {
        // As x lies in memory: [b, h, w, c].
        let each = positions.f_permute([0, 2, 3, 1])?.f_expand([images, -1, -1, -1], false)?;
        let ones = Tensor::f_ones([1, 1, columns, 1], (x.kind(), x.device()))?;
        positions = ones.f_expand([images, rows, -1, -1], false)?.f_matmul(&each)?;
        positions = positions.f_permute([0, 3, 1, 2])?;
    }
    Ok(x.f_add_(&positions)?)
}

/// The number format of the network's arithmetic: `f32` or `bf16`. Weights are always kept in float32.
///
/// Where the processor computes in bfloat16, that is up to twice as fast (`docs/learning.md`). Train with
/// it, and embed with it when there are many songs; float32 is for vectors that must agree to many digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    F32,
    /// bfloat16: the range of float32 with 8 bits of mantissa.
    Bf16,
}

impl Precision {
    /// The faster format for training on this machine's processor: bfloat16 where libtorch has kernels
    /// for it (x86 with AVX-512), else float32. Without them a step in bfloat16 takes many times as long.
    pub fn fastest_on_cpu() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let wide = is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq");
            if wide {
                return Self::Bf16;
            }
        }
        Self::F32
    }

    /// The kind of element.
    pub fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Error::named("precision", text, &[Self::F32, Self::Bf16])
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
