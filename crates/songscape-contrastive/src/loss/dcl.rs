use tch::{Kind, Tensor};

use super::{of_pairs, positives, similarities};
use crate::error::Result;

/// The decoupled contrastive loss (Yeh et al. 2022): NT-Xent without the positive in the
/// denominator, so that easy positives do not weaken the gradient in small batches.
///
/// # Errors
/// [`Error::Network`](crate::Error::Network) for shapes that do not fit.
pub fn decoupled(a: &Tensor, b: &Tensor, temperature: f64) -> Result<Tensor> {
    Ok(decoupled_costs(a, b, temperature)?.f_mean(Kind::Float)?)
}

/// The loss of each pair, `[n]`.
pub(crate) fn decoupled_costs(a: &Tensor, b: &Tensor, temperature: f64) -> Result<Tensor> {
    let similarities = similarities(a, b, temperature)?;
    let positives = positives(&similarities)?;
    let size = similarities.size()[0];
    let positions = Tensor::f_eye(size, (Kind::Bool, a.device()))?.f_roll([size / 2], [0])?;
    let others = similarities
        .f_masked_fill(&positions, f64::NEG_INFINITY)?
        .f_logsumexp([1].as_slice(), false)?;
    of_pairs(&others.f_sub(&positives)?)
}
