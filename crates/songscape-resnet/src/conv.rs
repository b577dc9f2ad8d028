//! Convolutions with normalised weights and mirrored borders, and the activation between them.

use tch::Tensor;

use crate::config::{Activation, EncoderConfig, Normalization};
use crate::error::Result;
use crate::parameters::{Declaration, Init, Parameters};

/// A convolution, with the norm of its weights as the configuration says.
#[derive(Debug)]
pub(crate) struct Conv {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
    normalization: Normalization,
}

impl Conv {
    /// Declares `weight` `[outputs, inputs, kernel.0, kernel.1]` and `bias` `[outputs]`.
    pub(crate) fn declare(
        path: &str,
        inputs: usize,
        outputs: usize,
        kernel: [usize; 2],
        declared: &mut Vec<Declaration>,
    ) {
        let fan_in = inputs * kernel[0] * kernel[1];
        declared.push(Declaration {
            name: format!("{path}.weight"),
            shape: vec![outputs, inputs, kernel[0], kernel[1]],
            init: Init::Normal { deviation: (fan_in as f32).sqrt().recip() },
        });
        declared.push(Declaration {
            name: format!("{path}.bias"),
            shape: vec![outputs],
            init: Init::Zeros,
        });
    }

    pub(crate) fn new(
        path: &str,
        stride: i64,
        config: &EncoderConfig,
        parameters: &Parameters,
    ) -> Result<Self> {
        Ok(Self {
            weight: parameters.get(&format!("{path}.weight"))?,
            bias: parameters.get(&format!("{path}.bias"))?,
            stride,
            normalization: config.normalization,
        })
    }

    /// Without padding: `[b, inputs, h, w]` to `[b, outputs, h', w']`, in the kind of `x`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let weight = match self.normalization {
            Normalization::Weight => normalized(&self.weight)?,
            Normalization::None => self.weight.shallow_clone(),
        };
        let weight = weight.f_to_kind(x.kind())?;
        let bias = self.bias.f_to_kind(x.kind())?;
        Ok(x.f_conv2d(&weight, Some(bias), [self.stride; 2], [0, 0], [1, 1], 1)?)
    }
}

/// `w / sqrt(sum(w²) + 1e-8)` per output channel.
fn normalized(weight: &Tensor) -> Result<Tensor> {
    let square = weight.f_square()?.f_sum_dim_intlist([1, 2, 3].as_slice(), true, None)?;
    Ok(weight.f_mul(&square.f_add_scalar(1e-8)?.f_rsqrt()?)?)
}

/// The activation of the configuration.
pub(crate) fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::LeakyRelu => leaky_relu(x),
        Activation::Relu => Ok(x.f_relu()?),
        Activation::Silu => Ok(x.f_silu()?),
    }
}

/// LeakyReLU with slope 0.2.
///
/// The bindings fix the slope of `leaky_relu` at 0.01. Its derivative, which takes a slope, is
/// `g · (x > 0 ? 1 : slope)`; at `g = x` that is the function itself, in one pass over the memory,
/// and its own derivative with respect to `g` is again the derivative wanted here.
fn leaky_relu(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_detach()?.f_leaky_relu_backward(x, 0.2, false)?)
}

/// Repeats the outermost rows and columns once.
pub(crate) fn pad_edge(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_replication_pad2d([1, 1, 1, 1])?)
}

/// Mirrors `by` rows and columns of `[b, h, w]` on every side, the edge included:
/// `b a | a b c`.
pub(crate) fn pad_mirrored(x: &Tensor, by: i64) -> Result<Tensor> {
    let mut padded = x.shallow_clone();
    for dim in [1, 2] {
        let length = padded.size()[dim as usize];
        let first = padded.f_narrow(dim, 0, by)?.f_flip([dim])?;
        let last = padded.f_narrow(dim, length - by, by)?.f_flip([dim])?;
        padded = Tensor::f_cat(&[first, padded, last], dim)?;
    }
    Ok(padded)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn the_border_is_mirrored_with_its_edge() {
        let x = Tensor::from_slice(&[1.0_f32, 2.0, 3.0]).view([1, 1, 3]).repeat([1, 2, 1]);
        let padded = pad_mirrored(&x, 2).unwrap();
        assert_eq!(padded.size(), [1, 6, 7]);
        let row: Vec<f32> = Vec::try_from(padded.get(0).get(0)).unwrap();
        assert_eq!(row, [2.0, 1.0, 1.0, 2.0, 3.0, 3.0, 2.0]);
    }

    #[test]
    fn the_activation_and_its_derivative_have_slope_0_2() {
        let x = Tensor::from_slice(&[-2.0_f32, -0.5, 0.5, 3.0]).set_requires_grad(true);
        let y = leaky_relu(&x).unwrap();
        let expected = Tensor::from_slice(&[-0.4_f32, -0.1, 0.5, 3.0]);
        assert!(y.allclose(&expected, 1e-6, 1e-7, false));
        let slope = Tensor::run_backward(&[y.sum(Kind::Float)], &[&x], false, false).remove(0);
        assert!(slope.allclose(&Tensor::from_slice(&[0.2_f32, 0.2, 1.0, 1.0]), 0.0, 1e-7, false));
    }

    #[test]
    fn normalized_weights_have_norm_one_per_output() {
        let weight = Tensor::randn([5, 3, 3, 3], (Kind::Float, Device::Cpu)) * 7.0;
        let norm = normalized(&weight).unwrap().square().sum_dim_intlist(
            [1, 2, 3].as_slice(),
            false,
            None,
        );
        assert!(norm.allclose(&Tensor::ones([5], (Kind::Float, Device::Cpu)), 1e-5, 0.0, false));
    }
}
