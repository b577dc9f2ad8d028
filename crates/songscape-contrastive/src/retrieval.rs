//! The parts of a song that are to find each other, as an encoder sees them. How well they do is measured
//! by [`songscape_analysis::retrieval`], which works on vectors of any kind.

use ndarray::{Array1, ArrayView2, s};
use songscape_resnet::{EncoderConfig, Pooling};

/// The first and the second half of a song's vectors `[vectors, channels]`, each pooled to one, with at
/// least `gap` vectors between them left out. With a gap of [`gap`] the halves share no audio.
///
/// `None` when the song is too short for one vector on each side.
pub fn halves(
    features: ArrayView2<f32>,
    gap: usize,
    pooling: Pooling,
) -> Option<(Array1<f32>, Array1<f32>)> {
    let vectors = features.nrows();
    let side = vectors.checked_sub(gap)? / 2;
    let (first, second) =
        (features.slice(s![..side, ..]), features.slice(s![vectors - side.., ..]));
    (side > 0).then(|| (pooling.apply(first), pooling.apply(second)))
}

/// Vectors to leave out between two parts of a song so that no column is seen by both.
pub fn gap(encoder: &EncoderConfig) -> usize {
    // Vectors i and j see distinct columns when their distance in columns is a receptive field.
    encoder.receptive_field().div_ceil(encoder.columns_per_vector()) - 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn halves_leave_the_gap_out() {
        let features = Array2::from_shape_fn((10, 1), |(i, _)| i as f32);
        let halves = |gap| halves(features.view(), gap, Pooling::Mean);
        let (first, second) = halves(3).unwrap();
        assert_eq!((first[0], second[0]), (1.0, 8.0));
        assert!(halves(9).is_none() && halves(11).is_none());
        assert_eq!(gap(&EncoderConfig::published()), 5);
    }
}
