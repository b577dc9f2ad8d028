use std::collections::BTreeMap;

use ndarray::{ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::neighbors::Metric;
use crate::vectors::check_finite;

/// The songs that stand for a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representatives {
    /// The cluster.
    pub label: i32,
    /// The songs' rows, the most typical first.
    pub rows: Vec<usize>,
}

/// Chooses up to `per_cluster` songs of each cluster: firm members, spread out, by as many artists
/// as possible.
///
/// The candidates of a cluster are the firmer half of its songs (at least `3 per_cluster` of them,
/// if there are). First comes the candidate nearest to the cluster's mean among those of the highest
/// probability; then always, among the candidates of the artists that have been taken least often,
/// the one farthest from all chosen ones. `artists` may be empty; an empty name is an artist of its
/// own. Noise (−1) has no representatives.
///
/// ```
/// use songscape_analysis::music::representatives::representatives;
/// use songscape_analysis::ndarray::arr2;
///
/// let x = arr2(&[[0.0], [1.0], [2.0], [9.0]]);
/// let chosen = representatives(x.view(), &[0, 0, 0, -1], &[1.0, 1.0, 1.0, 0.0], &[], 1)?;
/// assert_eq!((chosen[0].label, chosen[0].rows[0]), (0, 1)); // the middle of the cluster
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::Parameter`] when `per_cluster` is 0, those of
/// [`check_finite`].
pub fn representatives(
    vectors: ArrayView2<f32>,
    labels: &[i32],
    probabilities: &[f64],
    artists: &[String],
    per_cluster: usize,
) -> Result<Vec<Representatives>> {
    check_finite(vectors)?;
    let n = vectors.nrows();
    let lengths = [("labels", labels.len()), ("probabilities", probabilities.len())];
    for (what, found) in lengths.into_iter().chain([("artists", artists.len())]) {
        if found != n && !(what == "artists" && found == 0) {
            return Err(Error::LengthMismatch { what, found, expected: n });
        }
    }
    if per_cluster == 0 {
        return Err(Error::parameter("representatives", 0, "at least 1"));
    }
    let mut members: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate().filter(|l| *l.1 >= 0) {
        members.entry(label).or_default().push(row);
    }
    let artist = |row: usize| match artists.get(row) {
        Some(name) if !name.is_empty() => (name.as_str(), None),
        _ => ("", Some(row)),
    };
    Ok(members
        .into_iter()
        .map(|(label, mut rows)| {
            rows.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]).then(a.cmp(&b)));
            let mean =
                vectors.select(Axis(0), &rows).mean_axis(Axis(0)).expect("a cluster has rows");
            let mean = mean.to_vec();
            let candidates = (rows.len() / 2).max(3 * per_cluster).min(rows.len());
            let highest = probabilities[rows[0]];
            rows.truncate(candidates);
            let chosen = spread(vectors, &rows, per_cluster, artist, |row| {
                (
                    probabilities[row] < highest,
                    Metric::Cosine.distance(&vectors.row(row).to_vec(), &mean),
                )
            });
            Representatives { label, rows: chosen }
        })
        .collect())
}

/// Farthest-point choice with the least used artists first, from the candidate of the least `start`.
fn spread<A: Ord>(
    vectors: ArrayView2<f32>,
    candidates: &[usize],
    count: usize,
    artist: impl Fn(usize) -> A,
    start: impl Fn(usize) -> (bool, f64),
) -> Vec<usize> {
    let mut taken: BTreeMap<A, usize> = BTreeMap::new();
    let mut left: Vec<(usize, f64)> = candidates.iter().map(|&r| (r, f64::INFINITY)).collect();
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count && !left.is_empty() {
        let key = |&(row, distance): &(usize, f64)| {
            let (later, value) = if chosen.is_empty() { start(row) } else { (false, -distance) };
            (taken.get(&artist(row)).copied().unwrap_or(0), later, value, row)
        };
        let best = (0..left.len()).min_by(|&a, &b| {
            let (a, b) = (key(&left[a]), key(&left[b]));
            (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)).then(a.3.cmp(&b.3))
        });
        let Some(place) = best else { break };
        let (row, _) = left.swap_remove(place);
        *taken.entry(artist(row)).or_default() += 1;
        chosen.push(row);
        let vector = vectors.row(row).to_vec();
        for (other, distance) in &mut left {
            let new = Metric::Cosine.distance(&vector, &vectors.row(*other).to_vec());
            *distance = distance.min(new);
        }
    }
    chosen
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn songs() -> (Array2<f32>, Vec<i32>, Vec<f64>, Vec<String>) {
        let x = Array2::from_shape_fn((40, 3), |(i, j)| ((i * (7 + j * 3)) % 11) as f32 + 1.0);
        let labels = (0..40).map(|i| i % 4 - 1).collect();
        let probabilities = (0..40).map(|i| f64::from(i % 10) / 10.0).collect();
        let artists = (0..40).map(|i| format!("artist {}", i % 5)).collect();
        (x, labels, probabilities, artists)
    }

    #[test]
    fn each_cluster_has_its_own_songs_by_different_artists() {
        let (x, labels, probabilities, artists) = songs();
        let found = representatives(x.view(), &labels, &probabilities, &artists, 4).unwrap();
        assert_eq!(found.iter().map(|r| r.label).collect::<Vec<_>>(), [0, 1, 2]);
        for cluster in found {
            assert_eq!(cluster.rows.len(), 4);
            assert!(cluster.rows.iter().all(|&r| labels[r] == cluster.label));
            let mut names: Vec<&str> = cluster.rows.iter().map(|&r| artists[r].as_str()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), 4);
        }
    }

    #[test]
    fn a_small_cluster_gives_all_that_it_has() {
        let (x, labels, probabilities, _) = songs();
        let found = representatives(x.view(), &labels, &probabilities, &[], 100).unwrap();
        assert!(found.iter().all(|r| r.rows.len() == 10));
        assert!(representatives(x.view(), &labels[1..], &probabilities, &[], 3).is_err());
        assert!(representatives(x.view(), &labels, &probabilities, &[], 0).is_err());
    }
}
