//! Evaluation by retrieval: does a part of a song find the other part of the same song?
//!
//! All functions work on plain vectors `[n, d]`, whatever they were made by, so that an encoder is
//! judged beside its [`baseline`](crate::baseline)s.

use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};
use serde::{Deserialize, Serialize};
use songscape_resnet::Pooling;

use crate::error::{Error, Result};

/// How well queries find their targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retrieval {
    /// The part of queries with a target in the first place.
    pub recall_1: f64,
    /// The part of queries with a target in the first five places.
    pub recall_5: f64,
    /// The part of queries with a target in the first ten places.
    pub recall_10: f64,
    /// The mean of one over the place of the first target (0 for a query without one).
    pub reciprocal_rank: f64,
}

impl Retrieval {
    fn new(places: &[Option<usize>]) -> Self {
        let part = |k| {
            let found = places.iter().flatten().filter(|&&place| place <= k).count();
            found as f64 / places.len().max(1) as f64
        };
        let inverse: f64 = places.iter().flatten().map(|&place| 1.0 / place as f64).sum();
        Self {
            recall_1: part(1),
            recall_5: part(5),
            recall_10: part(10),
            reciprocal_rank: inverse / places.len().max(1) as f64,
        }
    }
}

/// Rows of `a` look for their own row of `b` by cosine, and the reverse; both directions averaged.
/// A tie counts against the target, so that equal vectors score nothing.
///
/// ```
/// use ndarray::array;
/// use songscape_contrastive::retrieval::same_row;
///
/// let a = array![[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]];
/// let b = array![[0.9, 0.1], [0.1, 0.9], [0.1, 1.0]];
/// let found = same_row(&a, &b)?;
/// assert_eq!(found.recall_1, 3.0 / 6.0);
/// assert_eq!(found.recall_5, 1.0);
/// # Ok::<(), songscape_contrastive::Error>(())
/// ```
///
/// # Errors
/// [`Error::Vectors`] when the shapes differ.
pub fn same_row(a: &Array2<f32>, b: &Array2<f32>) -> Result<Retrieval> {
    if a.dim() != b.dim() {
        return Err(Error::Vectors { found: b.shape().to_vec(), expected: a.shape().to_vec() });
    }
    let cosines = normalized(a).dot(&normalized(b).t());
    let place = |own: usize, line: ArrayView1<f32>| {
        Some(1 + (0..line.len()).filter(|&i| i != own && not_below(line[i], line[own])).count())
    };
    let places: Vec<_> = (0..a.nrows())
        .flat_map(|i| [place(i, cosines.row(i)), place(i, cosines.column(i))])
        .collect();
    Ok(Retrieval::new(&places))
}

/// The part of rows that find their own row in the first `k` places; see [`same_row`].
///
/// # Errors
/// [`Error::Vectors`] when the shapes differ.
pub fn recall_at(a: &Array2<f32>, b: &Array2<f32>, k: usize) -> Result<f64> {
    let found = same_row(a, b)?;
    match k {
        1 => Ok(found.recall_1),
        5 => Ok(found.recall_5),
        10 => Ok(found.recall_10),
        _ => {
            let message = "1, 5 or 10".to_owned();
            Err(Error::Parameter { field: "k", found: k.to_string(), expected: message })
        }
    }
}

/// Each row looks among all other rows, by cosine, for one with its own label. Rows whose label no
/// other row has take no part.
///
/// # Errors
/// [`Error::Vectors`] when there are not as many labels as rows.
pub fn same_label(vectors: &Array2<f32>, labels: &[usize]) -> Result<Retrieval> {
    if vectors.nrows() != labels.len() {
        let (found, expected) = (vec![labels.len()], vectors.shape().to_vec());
        return Err(Error::Vectors { found, expected });
    }
    let rows = normalized(vectors);
    let cosines = rows.dot(&rows.t());
    let places: Vec<_> = (0..labels.len())
        .filter_map(|i| {
            let others = (0..labels.len()).filter(|&j| j != i);
            let (own, foreign): (Vec<_>, Vec<_>) = others.partition(|&j| labels[j] == labels[i]);
            let best = own.into_iter().map(|j| cosines[[i, j]]).reduce(f32::max)?;
            Some(Some(1 + foreign.iter().filter(|&&j| not_below(cosines[[i, j]], best)).count()))
        })
        .collect();
    Ok(Retrieval::new(&places))
}

/// The first and the second half of a song's vectors `[vectors, channels]`, each pooled to one, with at
/// least `gap` vectors between them left out. With a gap of [`gap`] the halves share no audio.
///
/// `None` when the song is too short for one vector on each side.
pub fn halves(
    features: &Array2<f32>,
    gap: usize,
    pooling: Pooling,
) -> Option<(Array1<f32>, Array1<f32>)> {
    let vectors = features.nrows();
    let side = vectors.checked_sub(gap)? / 2;
    let first = features.slice(s![..side, ..]).to_owned();
    let second = features.slice(s![vectors - side.., ..]).to_owned();
    (side > 0).then(|| (pooling.apply(&first), pooling.apply(&second)))
}

/// Vectors to leave out between two parts of a song so that no column is seen by both.
pub fn gap(encoder: &songscape_resnet::EncoderConfig) -> usize {
    // Vectors i and j see distinct columns when their distance in columns is a receptive field.
    encoder.receptive_field().div_ceil(encoder.columns_per_vector()) - 1
}

/// Columns of both sets shifted and scaled to mean 0 and deviation 1 over all rows of both. Without
/// it the cosines of raw statistics are all near 1, which would make a weak baseline.
///
/// # Errors
/// [`Error::Vectors`] when the sets have different numbers of columns.
pub fn standardized(a: &Array2<f32>, b: &Array2<f32>) -> Result<(Array2<f32>, Array2<f32>)> {
    let both = concatenate(Axis(0), &[a.view(), b.view()])
        .map_err(|_| Error::Vectors { found: b.shape().to_vec(), expected: a.shape().to_vec() })?;
    if both.nrows() == 0 {
        return Ok((a.clone(), b.clone()));
    }
    let both = both.mapv(f64::from);
    let deviation = both.std_axis(Axis(0), 0.0).mapv(|x| if x > 1e-12 { x } else { 1.0 });
    let centred = &both - &both.mean_axis(Axis(0)).unwrap_or_default();
    let scaled = (centred / deviation).mapv(|x| x as f32);
    Ok((scaled.slice(s![..a.nrows(), ..]).to_owned(), scaled.slice(s![a.nrows().., ..]).to_owned()))
}

pub(crate) fn normalized(vectors: &Array2<f32>) -> Array2<f32> {
    let mut rows = vectors.clone();
    for mut row in rows.rows_mut() {
        let norm = row.dot(&row).sqrt();
        if norm > 0.0 {
            row /= norm;
        }
    }
    rows
}

/// Not below, where what cannot be compared (NaN) counts against the target too.
fn not_below(other: f32, target: f32) -> bool {
    other >= target || other.is_nan() || target.is_nan()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn equal_and_undefined_vectors_find_nothing() {
        for value in [1.0, 0.0, f32::NAN] {
            let same = Array2::from_elem((20, 4), value);
            let found = same_row(&same, &same).unwrap();
            assert_eq!((found.recall_1, found.recall_10), (0.0, 0.0));
        }
    }

    #[test]
    fn labels_are_looked_for_among_all_others() {
        let vectors = array![[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.8, 0.3], [0.5, 0.5]];
        // Row 4 is alone. Row 0 finds row 1 first, row 1 finds row 0; 2 and 3 find each other
        // behind others: of row 2 first row 4, then row 3; of row 3 rows 1, 0, 4 before row 2.
        let found = same_label(&vectors, &[7, 7, 8, 8, 9]).unwrap();
        assert_eq!(found.recall_1, 0.5);
        assert_eq!(found.reciprocal_rank, (1.0 + 1.0 + 0.5 + 0.25) / 4.0);
        assert!(same_label(&vectors, &[1]).is_err());
    }

    #[test]
    fn halves_leave_the_gap_out() {
        let features = Array2::from_shape_fn((10, 1), |(i, _)| i as f32);
        let halves = |gap| halves(&features, gap, Pooling::Mean);
        let (first, second) = halves(3).unwrap();
        assert_eq!((first[0], second[0]), (1.0, 8.0));
        assert!(halves(9).is_none() && halves(11).is_none());
        assert_eq!(gap(&songscape_resnet::EncoderConfig::seed()), 5);
    }

    #[test]
    fn standardized_columns_have_deviation_one_over_both_sets() {
        let (a, b) = standardized(&array![[1.0, 5.0]], &array![[3.0, 5.0]]).unwrap();
        assert_eq!((a, b), (array![[-1.0, 0.0]], array![[1.0, 0.0]]));
    }
}
