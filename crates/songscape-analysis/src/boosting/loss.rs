use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a booster minimises.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Loss {
    /// Squared errors: predicts means.
    #[default]
    Squared,
    /// Absolute errors: predicts medians.
    Absolute,
    /// The pinball loss: predicts the quantile of this share, more than 0 and less than 1.
    Quantile(f64),
}

impl Loss {
    pub(super) fn check(self) -> Result<()> {
        match self {
            Self::Quantile(q) if !(q > 0.0 && q < 1.0) => {
                Err(Error::parameter("quantile", q, "more than 0, less than 1"))
            }
            _ => Ok(()),
        }
    }

    /// The loss of an error, prediction − target.
    pub(super) fn of(self, error: f64) -> f64 {
        match self {
            Self::Squared => error * error,
            Self::Absolute => error.abs(),
            Self::Quantile(q) => (q * -error).max((1.0 - q) * error),
        }
    }

    /// The derivative of the loss by the prediction, from `error`, prediction − target.
    pub(super) fn gradient(self, error: f32) -> f32 {
        let level = match self {
            Self::Squared => return error,
            Self::Absolute => 0.5,
            Self::Quantile(q) => q as f32,
        };
        if error > 0.0 {
            1.0 - level
        } else if error < 0.0 {
            -level
        } else {
            0.0
        }
    }

    /// The quantile that is the best constant; none where it is the mean, which a tree knows
    /// already.
    pub(super) fn quantile(self) -> Option<f64> {
        match self {
            Self::Squared => None,
            Self::Absolute => Some(0.5),
            Self::Quantile(q) => Some(q),
        }
    }
}

/// The weighted quantile `q` of `(value, weight)` pairs, which are sorted: the middle between the
/// values where the cumulated weight passes `q` of the whole from below and from above.
pub(super) fn weighted_quantile(pairs: &mut [(f32, f32)], q: f64) -> f32 {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = pairs.iter().map(|p| f64::from(p.1)).sum();
    let target = q * total;
    let mut sum = 0.0;
    let mut low = None;
    for &(value, weight) in pairs.iter() {
        sum += f64::from(weight);
        if low.is_none() && sum >= target - 1e-9 * total {
            low = Some(value);
        }
        if sum > target + 1e-9 * total {
            let low = low.unwrap_or(value);
            return ((f64::from(low) + f64::from(value)) / 2.0) as f32;
        }
    }
    low.or(pairs.last().map(|p| p.0)).unwrap_or(0.0)
}

/// The quantile `q` of values of equal weight, which are reordered: as [`weighted_quantile`], without
/// sorting them.
pub(super) fn quantile(values: &mut [f32], q: f64) -> f32 {
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let (target, slack) = (q * values.len() as f64, 1e-9 * values.len() as f64);
    // The values where the count reaches, and where it passes, the target.
    let reaches = ((target - slack).ceil() as usize).saturating_sub(1).min(last);
    let passes = ((target + slack).floor() as usize).min(last);
    let (below, &mut high, _) = values.select_nth_unstable_by(passes, f32::total_cmp);
    let low =
        if reaches < passes { below.iter().copied().max_by(f32::total_cmp) } else { Some(high) };
    ((f64::from(low.unwrap_or(high)) + f64::from(high)) / 2.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_equal_weight_are_found_without_sorting() {
        for n in 0..40 {
            let values: Vec<f32> = (0..n).map(|i| ((i * 7) % 13) as f32).collect();
            for q in [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99] {
                let mut pairs: Vec<_> = values.iter().map(|&v| (v, 1.0)).collect();
                let expected = weighted_quantile(&mut pairs, q);
                assert_eq!(quantile(&mut values.clone(), q), expected, "{n} {q}");
            }
        }
    }

    #[test]
    fn quantiles_follow_the_weights() {
        let mut even = [(3.0, 1.0), (1.0, 1.0), (2.0, 1.0), (4.0, 1.0)];
        assert_eq!(weighted_quantile(&mut even, 0.5), 2.5);
        assert_eq!(weighted_quantile(&mut even, 0.9), 4.0);
        let mut heavy = [(1.0, 5.0), (2.0, 1.0), (3.0, 1.0)];
        assert_eq!(weighted_quantile(&mut heavy, 0.5), 1.0);
        assert_eq!(weighted_quantile(&mut [], 0.5), 0.0);
    }
}
