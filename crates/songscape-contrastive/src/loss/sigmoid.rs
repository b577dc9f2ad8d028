use tch::{Kind, Tensor};

use super::normalize;
use crate::error::Result;

/// The pairwise sigmoid loss (Zhai et al. 2023, "Sigmoid loss for language image pre-training"):
/// every pair of a row of `a` and a row of `b` is a yes-or-no question of its own, with the logit
/// `exp(s)·cos + bias`; costs are summed, and averaged over the rows. `scale_and_bias` is `[2]`, `s`
/// and the bias, both learned.
///
/// # Errors
/// [`Error::Network`](crate::Error::Network) for shapes that do not fit.
pub fn sigmoid(a: &Tensor, b: &Tensor, scale_and_bias: &Tensor) -> Result<Tensor> {
    Ok(sigmoid_costs(a, b, scale_and_bias)?.f_mean(Kind::Float)?)
}

/// The loss of each pair, `[n]`: half of what each of its two rows costs, since a cost belongs to a
/// row of `a` and to one of `b`.
pub(crate) fn sigmoid_costs(a: &Tensor, b: &Tensor, scale_and_bias: &Tensor) -> Result<Tensor> {
    let cosines = normalize(a)?.f_matmul(&normalize(b)?.f_transpose(0, 1)?)?;
    let scale = scale_and_bias.f_select(0, 0)?.f_exp()?;
    let logits = cosines.f_mul(&scale)?.f_add(&scale_and_bias.f_select(0, 1)?)?;
    let n = a.size()[0];
    // +1 for own pairs, −1 for the others.
    let sign = Tensor::f_eye(n, (Kind::Float, a.device()))?.f_mul_scalar(2.0)?.f_sub_scalar(1.0)?;
    let costs = logits.f_mul(&sign)?.f_neg()?.f_softplus()?;
    let [of_a, of_b] = [1, 0].map(|d| costs.f_sum_dim_intlist([d].as_slice(), false, None));
    Ok(of_a?.f_add(&of_b?)?.f_mul_scalar(0.5)?)
}
