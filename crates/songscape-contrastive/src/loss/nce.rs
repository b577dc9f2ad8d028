use tch::{Kind, Tensor};

use super::normalize;
use crate::error::Result;

/// The published binary noise-contrastive estimation on `s = cos / T`.
///
/// With `K` negatives the noise ratio is `P = K / (K + 1)`; a positive costs
/// `−log(eˢ / (eˢ + P))`, a negative `−log(P / (eˢ + P))`. Costs of negatives are summed, the sum is
/// averaged over rows. There are four terms: rows of `a` with those of `b` and the reverse, once
/// against the `queue` `[k, d]`, whose keys get no gradient, and once against the other songs of the
/// batch (with `P = n / (n + 1)`). An empty queue leaves its terms out. `own` `[n, k]` is true where a key is of
/// the row's own song: such a key costs nothing.
///
/// # Errors
/// [`Error::Network`](crate::Error::Network) for shapes that do not fit.
pub fn binary_nce(
    a: &Tensor,
    b: &Tensor,
    queue: &Tensor,
    own: Option<&Tensor>,
    temperature: f64,
) -> Result<Tensor> {
    Ok(binary_nce_costs(a, b, queue, own, temperature)?.f_mean(Kind::Float)?)
}

/// The loss of each pair, `[n]`: what its two rows cost in both directions.
pub(crate) fn binary_nce_costs(
    a: &Tensor,
    b: &Tensor,
    queue: &Tensor,
    own_keys: Option<&Tensor>,
    temperature: f64,
) -> Result<Tensor> {
    let (a, b) = (normalize(a)?, normalize(b)?);
    let n = a.size()[0];
    let between = a.f_matmul(&b.f_transpose(0, 1)?)?.f_div_scalar(temperature)?;
    let positive = between.f_diagonal(0, 0, 1)?;
    // −log(eˢ / (eˢ + P)) = softplus(log P − s), −log(P / (eˢ + P)) = softplus(s − log P)
    let ratio = |count: i64| (count as f64 / (count as f64 + 1.0)).ln();

    let own = Tensor::f_eye(n, (Kind::Float, a.device()))?;
    let others =
        between.f_sub_scalar(ratio(n))?.f_softplus()?.f_mul(&own.f_neg()?.f_add_scalar(1.0)?)?;
    // Rows are those of `a` against the others of `b`, columns the reverse.
    let [from_a, from_b] = [1, 0].map(|d| others.f_sum_dim_intlist([d].as_slice(), false, None));
    let in_batch = cost_of_positive(&positive, ratio(n))?.f_mul_scalar(2.0)?;
    let mut costs = in_batch.f_add(&from_a?)?.f_add(&from_b?)?;

    let keys = queue.size()[0];
    if keys > 0 {
        let queue = normalize(&queue.f_detach()?)?.f_transpose(0, 1)?;
        costs = costs.f_add(&cost_of_positive(&positive, ratio(keys))?.f_mul_scalar(2.0)?)?;
        for rows in [&a, &b] {
            let negatives = rows.f_matmul(&queue)?.f_div_scalar(temperature)?;
            let mut cost = negatives.f_sub_scalar(ratio(keys))?.f_softplus()?;
            if let Some(own) = own_keys {
                cost = cost.f_masked_fill(own, 0.0)?;
            }
            costs = costs.f_add(&cost.f_sum_dim_intlist([1].as_slice(), false, None)?)?;
        }
    }
    Ok(costs)
}

fn cost_of_positive(similarities: &Tensor, log_ratio: f64) -> Result<Tensor> {
    Ok(similarities.f_neg()?.f_add_scalar(log_ratio)?.f_softplus()?)
}

/// The published regularisation `mean((‖v‖ − 1)²)` over the vectors of features
/// `[batch, channels, vectors]`.
///
/// # Errors
/// [`Error::Network`](crate::Error::Network) when memory runs out.
pub fn unit_norm(features: &Tensor) -> Result<Tensor> {
    let square = features.f_to_kind(Kind::Float)?.f_square()?;
    let norm =
        square.f_sum_dim_intlist([1].as_slice(), false, None)?.f_add_scalar(1e-12)?.f_sqrt()?;
    Ok(norm.f_sub_scalar(1.0)?.f_square()?.f_mean(Kind::Float)?)
}
