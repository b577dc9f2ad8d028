//! Songs that are like no others, found among the vectors themselves.
//!
//! The score is the distance to the 10th nearest other vector (Ramaswamy, Rastogi and Shim, "Efficient
//! Algorithms for Mining Outliers from Large Data Sets", 2000), divided by that of the median row: 1 is
//! as usual, 10 is ten times as far from similar rows. Local scores that compare a row with its neighbours'
//! own distances (LOF; Breunig, Kriegel, Ng and Sander 2000) fail where strays are each other's
//! neighbours, and so does whatever is read off a UMAP, which pulls strays into the clusters.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::metrics::median;
use crate::neighbors::Neighbors;

/// The neighbour whose distance is the score.
pub const NEIGHBOR: usize = 10;

/// How far each row is from similar rows, by the nearest neighbours of all rows: `[n]`, 0 or more. 1 is
/// the median row; rows from some 5 to 10 on are worth listening to. The tenth neighbour counts, or the
/// last where fewer are known.
///
/// Where more than half of the rows have so many equals that their distance is 0, the mean of the other
/// distances takes the median's place. All scores are 0 where all rows are equal.
///
/// # Errors
/// [`Error::Parameter`] for no neighbours.
///
/// ```
/// use ndarray::Array2;
/// use songscape_analysis::neighbors::{Metric, exact};
/// use songscape_analysis::outliers;
/// use songscape_project::Silent;
///
/// // Thirty rows close together, and one far off.
/// let x = Array2::from_shape_fn((31, 2), |(i, j)| {
///     if i == 30 { 50.0 } else { ((i * (7 + j)) % 30) as f32 / 10.0 }
/// });
/// let near = exact(x.view(), 10, Metric::Euclidean, &Silent)?;
/// let scores = outliers::scores(&near)?;
/// assert!(scores[30] > 10.0 && scores[..30].iter().all(|score| *score < 3.0));
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
pub fn scores(near: &Neighbors) -> Result<Vec<f64>> {
    Ok(Usual::of(near)?.scores(near))
}

/// What is usual among some rows, so that others can be compared with them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// The neighbour whose distance counts: the tenth, or the last where fewer were known.
    pub neighbor: usize,
    /// Its distance for the median row.
    pub distance: f64,
}

impl Usual {
    /// What is usual among the rows whose nearest neighbours are given.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no neighbours.
    pub fn of(near: &Neighbors) -> Result<Self> {
        let known = near.distances.ncols();
        if known == 0 {
            return Err(Error::parameter("neighbors", 0, "at least 1"));
        }
        let neighbor = NEIGHBOR.min(known);
        let distances: Vec<f32> = near.distances.column(neighbor - 1).to_vec();
        Ok(Self { neighbor, distance: usual(&distances) })
    }

    /// The score of each row whose nearest neighbours among the usual ones are given, itself left out.
    /// The last neighbour counts where fewer are given than should be; without any the score is 0.
    pub fn scores(&self, near: &Neighbors) -> Vec<f64> {
        let counting = self.neighbor.min(near.distances.ncols());
        let score = |distances: ArrayView1<f32>| match counting.checked_sub(1) {
            Some(last) if self.distance > 0.0 => f64::from(distances[last]) / self.distance,
            _ => 0.0,
        };
        near.distances.rows().into_iter().map(score).collect()
    }
}

/// The median distance, or the mean of those that are more than 0.
fn usual(distances: &[f32]) -> f64 {
    let median = median(distances).map_or(0.0, f64::from);
    if median > 0.0 {
        return median;
    }
    let (sum, count) = distances
        .iter()
        .filter(|&&distance| distance > 0.0)
        .fold((0.0, 0.0), |(sum, count), &distance| (sum + f64::from(distance), count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn near(distances: Array2<f32>) -> Neighbors {
        Neighbors { indices: Array2::zeros(distances.dim()), distances }
    }

    #[test]
    fn the_last_known_distance_counts_beside_the_median() {
        let found = scores(&near(array![[1.0, 2.0], [1.0, 4.0], [3.0, 40.0]])).unwrap();
        assert_eq!(found, [0.5, 1.0, 10.0]);
        assert!(scores(&near(Array2::zeros((3, 0)))).is_err());
        let tenth = Array2::from_shape_fn((3, 12), |(i, j)| ((i + 1) * (j + 1)) as f32);
        assert_eq!(scores(&near(tenth)).unwrap(), [0.5, 1.0, 1.5]);
    }

    #[test]
    fn equal_rows_are_no_outliers() {
        assert_eq!(scores(&near(Array2::zeros((3, 2)))).unwrap(), [0.0; 3]);
        let found = scores(&near(array![[0.0], [0.0], [0.0], [2.0], [6.0]])).unwrap();
        assert_eq!(found, [0.0, 0.0, 0.0, 0.5, 1.5]);
    }
}
