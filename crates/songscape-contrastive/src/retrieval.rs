//! The parts of a song that are to find each other, as an encoder sees them. How well they do is measured
//! by [`songscape_analysis::retrieval`], which works on vectors of any kind, and here for similarities that are
//! not cosines of vectors.

use ndarray::{Array1, ArrayView1, ArrayView2, s};
use songscape_analysis::retrieval::Places;
use songscape_resnet::{EncoderConfig, Pooling};

use crate::error::{Error, Result};

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

/// Each recording looks among all others for one with its own label, by similarities `[n, n]`, such as those of
/// [whole sequences](crate::baseline::sequences). Recordings whose label no other has take no part; a tie
/// counts against the target.
///
/// # Errors
/// [`Error::Vectors`] when the similarities are not those of as many recordings as labels.
pub fn same_label_by(similarities: ArrayView2<f32>, labels: &[usize]) -> Result<Places> {
    let n = labels.len();
    if similarities.dim() != (n, n) {
        let (found, expected) = (similarities.shape().to_vec(), vec![n, n]);
        return Err(Error::Vectors { found, expected });
    }
    let rows = similarities.rows().into_iter().enumerate();
    let found = rows.filter_map(|(own, row)| Some((place(own, row, labels)?, labels[own])));
    let (places, songs) = found.unzip();
    Ok(Places { places, songs })
}

/// The place, from 1, of the first recording with the label of `own`, by the similarities of all with it; `None`
/// where no other has it.
pub(crate) fn place(own: usize, similarities: ArrayView1<f32>, labels: &[usize]) -> Option<usize> {
    let others = || (0..labels.len()).filter(|&j| j != own);
    let siblings = others().filter(|&j| labels[j] == labels[own]);
    let best = siblings.map(|j| similarities[j]).reduce(f32::max)?;
    // What cannot be compared (NaN) counts against the target, too.
    let before = others().filter(|&j| labels[j] != labels[own]);
    let not_below = |value: f32| value >= best || value.is_nan() || best.is_nan();
    let before = before.filter(|&j| not_below(similarities[j]));
    Some(1 + before.count())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn similarities_find_labels() {
        // The second and third recording are of one song, the first is alone.
        let found = array![[1.0, 0.2, 0.1], [0.6, 1.0, 0.5], [0.5, 0.5, 1.0]];
        let places = same_label_by(found.view(), &[4, 7, 7]).unwrap();
        assert_eq!((places.places, places.songs), (vec![2, 2], vec![7, 7]));
        let unknown = array![[1.0, f32::NAN, 0.1], [0.1, 1.0, f32::NAN], [0.5, 0.6, 1.0]];
        assert_eq!(same_label_by(unknown.view(), &[4, 7, 7]).unwrap().places, [2, 1]);
        assert!(same_label_by(found.view(), &[1, 1]).is_err());
    }

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
