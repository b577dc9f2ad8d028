use tch::{Kind, Tensor};

use crate::config::{Activation, EncoderConfig};
use crate::conv::activate;
use crate::error::{Error, Result};
use crate::parameters::{Declaration, Init, Parameters};

/// The projection head: features of a crop to the vector that the loss compares.
///
/// Mean over time, then three linear layers (channels, `head_outputs`, `head_outputs`), each after
/// the activation. It is used only in training; songs are described by the encoder's features.
#[derive(Debug)]
pub struct Head {
    channels: usize,
    layers: Vec<(Tensor, Tensor)>,
    activation: Activation,
}

const LAYERS: [&str; 3] = ["fc1", "fc2", "fc3"];

impl Head {
    pub(crate) fn declare(config: &EncoderConfig, declared: &mut Vec<Declaration>) {
        let (channels, outputs) = (config.channels(), config.head_outputs);
        let shapes = [[channels, channels], [outputs, channels], [outputs, outputs]];
        for (name, [outputs, inputs]) in LAYERS.into_iter().zip(shapes) {
            declared.push(Declaration {
                name: format!("head.{name}.weight"),
                shape: vec![outputs, inputs],
                init: Init::glorot(inputs, outputs),
            });
            declared.push(Declaration {
                name: format!("head.{name}.bias"),
                shape: vec![outputs],
                init: Init::Zeros,
            });
        }
    }

    pub(crate) fn new(config: &EncoderConfig, parameters: &Parameters) -> Result<Self> {
        let layer = |name| {
            Ok((
                parameters.get(&format!("head.{name}.weight"))?,
                parameters.get(&format!("head.{name}.bias"))?,
            ))
        };
        let layers = LAYERS.into_iter().map(layer).collect::<Result<_>>()?;
        Ok(Self { channels: config.channels(), layers, activation: config.activation })
    }

    /// `features` `[batch, channels, vectors]` of any kind to `[batch, head_outputs]` in float32.
    ///
    /// # Errors
    /// [`Error::Features`] for another shape, [`Error::Torch`] when memory runs out.
    pub fn forward(&self, features: &Tensor) -> Result<Tensor> {
        let shape = features.size();
        if shape.len() != 3 || shape[1] != self.channels as i64 || shape[2] == 0 {
            return Err(Error::Features { found: shape, channels: self.channels });
        }
        let mut x = features.f_mean_dim([2].as_slice(), false, Kind::Float)?;
        for (weight, bias) in &self.layers {
            x = activate(&x, self.activation)?.f_linear(weight, Some(bias))?;
        }
        Ok(x)
    }
}
