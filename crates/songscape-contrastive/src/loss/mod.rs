//! Contrastive losses on the outputs of the projection head.
//!
//! `a` and `b` are `[n, d]`; rows `i` are the two crops of one song, all other rows are other songs.
//! They need not be normalised: all losses use only cosines. Each returns a scalar.

mod dcl;
mod nce;
mod ntxent;
mod sigmoid;

pub use dcl::decoupled;
pub(crate) use dcl::decoupled_costs;
pub(crate) use nce::binary_nce_costs;
pub use nce::{binary_nce, unit_norm};
pub use ntxent::nt_xent;
pub(crate) use ntxent::nt_xent_costs;
pub use sigmoid::sigmoid;
pub(crate) use sigmoid::sigmoid_costs;

use tch::{Kind, Tensor};

use crate::error::Result;

/// Rows divided by their norm.
pub fn normalize(x: &Tensor) -> Result<Tensor> {
    let square = x.f_square()?.f_sum_dim_intlist([1].as_slice(), true, None)?;
    Ok(x.f_mul(&square.f_clamp_min(1e-16)?.f_rsqrt()?)?)
}

/// Cosines over the temperature of all `2n` rows with each other, `[2n, 2n]`; a row with itself is
/// −∞. Row `i` of `a` and row `i` of `b` are rows `i` and `n + i`.
fn similarities(a: &Tensor, b: &Tensor, temperature: f64) -> Result<Tensor> {
    let rows = normalize(&Tensor::f_cat(&[a, b], 0)?)?;
    let cosines = rows.f_matmul(&rows.f_transpose(0, 1)?)?.f_div_scalar(temperature)?;
    let own = Tensor::f_eye(rows.size()[0], (Kind::Bool, rows.device()))?;
    Ok(cosines.f_masked_fill(&own, f64::NEG_INFINITY)?)
}

/// The similarity of each of the `2n` rows with its positive, `[2n]`.
fn positives(similarities: &Tensor) -> Result<Tensor> {
    let n = similarities.size()[0] / 2;
    let upper = similarities.f_diagonal(n, 0, 1)?;
    Ok(Tensor::f_cat(&[&upper, &upper], 0)?)
}

/// Costs of `2n` rows to those of the pairs, `[n]`: the mean of both rows.
fn of_pairs(costs: &Tensor) -> Result<Tensor> {
    Ok(costs.f_view([2, -1])?.f_mean_dim([0].as_slice(), false, Kind::Float)?)
}

/// The part of the rows of `a` whose nearest row of `b` is their own.
pub(crate) fn accuracy(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let cosines = normalize(a)?.f_matmul(&normalize(b)?.f_transpose(0, 1)?)?;
    let own = Tensor::f_arange(a.size()[0], (Kind::Int64, a.device()))?;
    Ok(cosines.f_argmax(1, false)?.f_eq_tensor(&own)?.f_mean(Kind::Float)?)
}
