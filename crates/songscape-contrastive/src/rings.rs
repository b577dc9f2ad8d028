//! Vectors whose columns are rings of the twelve pitch classes: a transposition of the music turns every
//! ring, so that the vector of one recording gives those of all its transpositions.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use songscape_analysis::retrieval::Places;
use songscape_analysis::vectors::unit_rows;

use crate::error::{Error, Result};
use crate::retrieval::place;

/// Pitch classes, C first.
pub const CLASSES: usize = 12;

/// The vectors `[n, d]` of the same recordings so many semitones higher.
///
/// ```
/// use ndarray::Array2;
/// use songscape_contrastive::rings::transposed;
///
/// let c_and_e = Array2::from_shape_fn((1, 12), |(_, class)| f32::from(u8::from(class == 0 || class == 4)));
/// let higher = transposed(c_and_e.view(), 10)?;
/// assert_eq!((higher[[0, 10]], higher[[0, 2]]), (1.0, 1.0)); // B flat and D
/// # Ok::<(), songscape_contrastive::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rings`] when the columns are no multiple of twelve.
pub fn transposed(vectors: ArrayView2<f32>, semitones: usize) -> Result<Array2<f32>> {
    check(vectors)?;
    let mut out = Array2::zeros(vectors.dim());
    for (place, column) in vectors.columns().into_iter().enumerate() {
        let (ring, class) = (place - place % CLASSES, place % CLASSES);
        out.column_mut(ring + (class + semitones) % CLASSES).assign(&column);
    }
    Ok(out)
}

/// Each row looks among all other rows for one with its own label, as
/// [`same_label`](songscape_analysis::retrieval::same_label) does, but by the largest of the cosines of
/// its twelve transpositions: recordings that differ in their key find each other. Rows whose label no
/// other row has take no part.
///
/// # Errors
/// [`Error::Rings`] when the columns are no multiple of twelve, [`Error::Vectors`] when there are not as
/// many labels as rows.
pub fn same_label_in_any_key(vectors: ArrayView2<f32>, labels: &[usize]) -> Result<Places> {
    /// Rows whose cosines are in memory at a time.
    const BLOCK: usize = 512;
    if labels.len() != vectors.nrows() {
        let (found, expected) = (vec![labels.len()], vectors.shape().to_vec());
        return Err(Error::Vectors { found, expected });
    }
    let targets = unit_rows(vectors);
    let (mut places, mut songs) = (Vec::new(), Vec::new());
    for (block, queries) in targets.axis_chunks_iter(Axis(0), BLOCK).enumerate() {
        let mut best = Array2::from_elem((queries.nrows(), targets.nrows()), f32::NEG_INFINITY);
        for semitones in 0..CLASSES {
            let cosines = transposed(queries, semitones)?.dot(&targets.t());
            best.zip_mut_with(&cosines, |best, cosine| *best = best.max(*cosine));
        }
        let mut look = |(i, row): (usize, ArrayView1<f32>)| {
            let own = block * BLOCK + i;
            if let Some(place) = place(own, row, labels) {
                places.push(place);
                songs.push(labels[own]);
            }
        };
        best.rows().into_iter().enumerate().for_each(&mut look);
    }
    Ok(Places { places, songs })
}

/// Refuses columns that are no rings.
pub(crate) fn check(vectors: ArrayView2<f32>) -> Result<()> {
    match vectors.ncols() % CLASSES {
        0 => Ok(()),
        _ => Err(Error::Rings { found: vectors.ncols() }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_analysis::retrieval::same_label;

    use super::*;

    #[test]
    fn renditions_in_other_keys_find_each_other() {
        // Ten songs of two rings, each again in another key.
        let song = |i: usize, j: usize| ((i * 37 + j * j * 11) as f32).sin();
        let mut vectors = Array2::from_shape_fn((20, 24), |(i, j)| song(i / 2, j));
        for i in (1..20).step_by(2) {
            let higher = transposed(vectors.slice(ndarray::s![i..=i, ..]), 1 + i / 2).unwrap();
            vectors.row_mut(i).assign(&higher.row(0));
        }
        let labels: Vec<usize> = (0..20).map(|i| i / 2).collect();
        let found = same_label_in_any_key(vectors.view(), &labels).unwrap();
        assert_eq!(found.retrieval().recall_1, 1.0);
        assert_eq!(found.songs, labels);
        assert!(same_label(vectors.view(), &labels).unwrap().retrieval().recall_1 < 0.5);
        // A recording that is alone takes no part, and one of no rings is refused.
        let found = same_label_in_any_key(vectors.view(), &(0..20).collect::<Vec<_>>()).unwrap();
        assert!(found.places.is_empty());
        let message = same_label_in_any_key(vectors.slice(ndarray::s![.., ..23]), &labels);
        assert_eq!(
            message.unwrap_err().to_string(),
            "vectors of 23 columns do not consist of rings of twelve pitch classes"
        );
        assert!(same_label_in_any_key(vectors.view(), &labels[1..]).is_err());
    }

    #[test]
    fn twelve_semitones_are_none() {
        let vectors = Array2::from_shape_fn((3, 36), |(i, j)| (i * 36 + j) as f32);
        assert_eq!(transposed(vectors.view(), 12).unwrap(), vectors);
        let twice = transposed(transposed(vectors.view(), 5).unwrap().view(), 9).unwrap();
        assert_eq!(twice, transposed(vectors.view(), 2).unwrap());
    }
}
