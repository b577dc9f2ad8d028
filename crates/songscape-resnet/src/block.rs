//! The pre-activation bottleneck (He et al. 2016, "Identity mappings in deep residual networks").

use tch::Tensor;

use crate::config::{Activation, EncoderConfig};
use crate::conv::{Conv, activate, pad_edge};
use crate::error::Result;
use crate::parameters::{Declaration, Parameters};

/// Three convolutions (1 × 1 to half the input's channels, 3 × 3, 1 × 1) beside a shortcut.
#[derive(Debug)]
pub(crate) struct Bottleneck {
    reduce: Conv,
    conv: Conv,
    expand: Conv,
    /// Present where the block halves rows and columns.
    shortcut: Option<Conv>,
    activation: Activation,
}

impl Bottleneck {
    /// Declares the parameters; with `halve` those of the shortcut too.
    pub(crate) fn declare(
        path: &str,
        inputs: usize,
        outputs: usize,
        halve: bool,
        declared: &mut Vec<Declaration>,
    ) {
        let inner = inputs / 2;
        Conv::declare(&format!("{path}.reduce"), inputs, inner, [1, 1], declared);
        Conv::declare(&format!("{path}.conv"), inner, inner, [3, 3], declared);
        Conv::declare(&format!("{path}.expand"), inner, outputs, [1, 1], declared);
        if halve {
            Conv::declare(&format!("{path}.shortcut"), inputs, outputs, [1, 1], declared);
        }
    }

    pub(crate) fn new(
        path: &str,
        halve: bool,
        config: &EncoderConfig,
        parameters: &Parameters,
    ) -> Result<Self> {
        let stride = if halve { 2 } else { 1 };
        let conv =
            |name: &str, stride| Conv::new(&format!("{path}.{name}"), stride, config, parameters);
        Ok(Self {
            reduce: conv("reduce", 1)?,
            conv: conv("conv", stride)?,
            expand: conv("expand", 1)?,
            shortcut: if halve { Some(conv("shortcut", 1)?) } else { None },
            activation: config.activation,
        })
    }

    /// `[b, inputs, h, w]` to `[b, outputs, h', w']`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let activate = |x: &Tensor| activate(x, self.activation);
        let active = activate(x)?;
        let inner = activate(&self.reduce.forward(&active)?)?;
        let inner = activate(&self.conv.forward(&pad_edge(&inner)?)?)?;
        let mut sum = self.expand.forward(&inner)?;
        // The activated input is the shortcut's input too. In place: no convolution needs its output.
        Ok(match &self.shortcut {
            Some(shortcut) => sum.f_add_(&shortcut.forward(&every_second(&active)?)?)?,
            None => sum.f_add_(x)?,
        })
    }
}

/// Every second row and column: a 1 × 1 convolution of this is one with stride 2. The gradient of the
/// strided one writes past its buffer in the oneDNN of libtorch 2.11 (8 channels, channels-last,
/// AVX-512).
///
/// As a mean over windows of one: the gradient of a slice would come in another memory format, and
/// adding it to that of the block's other path took a sixth off the speed of training.
fn every_second(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_avg_pool2d([1, 1], [2, 2], [0, 0], false, true, None::<i64>)?)
}
