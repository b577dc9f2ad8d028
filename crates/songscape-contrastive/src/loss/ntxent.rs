use tch::{Kind, Tensor};

use super::{of_pairs, positives, similarities};
use crate::error::Result;

/// Normalised temperature-scaled cross-entropy (Chen et al. 2020, "A simple framework for
/// contrastive learning of visual representations"): each of the `2n` rows against its positive and
/// the `2n − 2` others, mean over rows.
///
/// # Errors
/// [`Error::Network`](crate::Error::Network) for shapes that do not fit.
pub fn nt_xent(a: &Tensor, b: &Tensor, temperature: f64) -> Result<Tensor> {
    Ok(nt_xent_costs(a, b, temperature)?.f_mean(Kind::Float)?)
}

/// The loss of each pair, `[n]`.
pub(crate) fn nt_xent_costs(a: &Tensor, b: &Tensor, temperature: f64) -> Result<Tensor> {
    let similarities = similarities(a, b, temperature)?;
    let all = similarities.f_logsumexp([1].as_slice(), false)?;
    of_pairs(&all.f_sub(&positives(&similarities)?)?)
}
