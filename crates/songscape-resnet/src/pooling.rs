use std::fmt;
use std::str::FromStr;

use ndarray::{Array1, ArrayView2, Axis, concatenate};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How the vectors of a song `[vectors, channels]` become one.
///
/// The mean says what a song sounds like, and is what the published system takes. Mean and deviation
/// together are twice as long and say how much it changes, too: the better choice for finding songs again
/// (`docs/learning.md` has the measurements).
///
/// ```
/// use ndarray::array;
/// use songscape_resnet::Pooling;
///
/// let features = array![[1.0, 5.0], [3.0, 5.0]];
/// assert_eq!(Pooling::Mean.apply(features.view()), array![2.0, 5.0]);
/// assert_eq!(Pooling::MeanDeviation.apply(features.view()), array![2.0, 5.0, 1.0, 0.0]);
/// assert_eq!("mean-deviation".parse::<Pooling>()?.width(512), 1024);
/// # Ok::<(), songscape_resnet::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Pooling {
    /// Their mean, as published: `[channels]`.
    #[default]
    Mean,
    /// Their mean, then their standard deviation, which says how much a song changes:
    /// `[2 channels]`.
    MeanDeviation,
}

impl Pooling {
    /// The vector of a song; zeros where it has no vectors.
    pub fn apply(self, features: ArrayView2<f32>) -> Array1<f32> {
        match self {
            Self::Mean => mean(features),
            Self::MeanDeviation => {
                let means = mean(features);
                // Around the mean, in f64: the difference of large squares would lose all digits.
                let squares = features.rows().into_iter().fold(
                    Array1::<f64>::zeros(features.ncols()),
                    |mut sum, row| {
                        let differences = row.iter().zip(&means).map(|(x, m)| f64::from(x - m));
                        sum.iter_mut().zip(differences).for_each(|(sum, d)| *sum += d * d);
                        sum
                    },
                );
                let count = features.nrows().max(1) as f64;
                let deviations = squares.map(|square| (square / count).sqrt() as f32);
                let both = [means.view(), deviations.view()];
                concatenate(Axis(0), &both).unwrap_or_default()
            }
        }
    }

    /// The length of a song's vector for an encoder with that many channels.
    pub fn width(self, channels: usize) -> usize {
        match self {
            Self::Mean => channels,
            Self::MeanDeviation => 2 * channels,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::MeanDeviation => "mean-deviation",
        }
    }
}

impl FromStr for Pooling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Error::named("pooling", text, &[Self::Mean, Self::MeanDeviation])
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The mean of a song's vectors, `[channels]`.
pub fn mean(features: ArrayView2<f32>) -> Array1<f32> {
    // In f64: a song has thousands of vectors.
    let sum = features.map(|&x| f64::from(x)).sum_axis(Axis(0));
    sum.map(|&x| (x / features.nrows().max(1) as f64) as f32)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn deviations_far_from_zero_keep_their_digits() {
        let features =
            Array2::from_shape_fn((1000, 2), |(i, j)| 1e4 + (i % 2) as f32 * 0.5 * (j + 1) as f32);
        let pooled = Pooling::MeanDeviation.apply(features.view());
        assert!((pooled[2] - 0.25).abs() < 1e-3 && (pooled[3] - 0.5).abs() < 1e-3, "{pooled}");
    }

    #[test]
    fn names_are_read_and_written_and_no_vectors_are_zeros() {
        for pooling in [Pooling::Mean, Pooling::MeanDeviation] {
            assert_eq!(pooling.to_string().parse::<Pooling>().unwrap(), pooling);
            let none = pooling.apply(Array2::zeros((0, 3)).view());
            assert_eq!(none, Array1::<f32>::zeros(pooling.width(3)));
        }
        let message = "max".parse::<Pooling>().unwrap_err().to_string();
        assert_eq!(message, "pooling is \"max\", expected mean or mean-deviation");
    }
}
