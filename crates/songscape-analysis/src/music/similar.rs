//! Songs like others: by one seed or several, the way from one song to another, and playlists.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap};

use ndarray::{Array2, ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::neighbors::{Metric, Neighbors, nearest_of};
use crate::vectors::{check_finite, unit_rows};

/// A song beside its distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similar {
    /// The song's row.
    pub row: usize,
    /// Its distance from the seeds: from their mean, where there are several.
    pub distance: f32,
}

/// The `count` songs most similar to one seed or to several together, the nearest first, the seeds left
/// out. Several seeds are met in their mean; for the cosine in the mean of their directions.
///
/// # Errors
/// [`Error::Parameter`] for no seeds, a seed that is no row, or a count of 0; those of
/// [`check_finite`].
pub fn similar(
    x: ArrayView2<f32>,
    seeds: &[usize],
    count: usize,
    metric: Metric,
) -> Result<Vec<Similar>> {
    check_finite(x)?;
    if seeds.is_empty() {
        return Err(Error::parameter("seeds", "empty", "at least one row"));
    }
    seeds.iter().try_for_each(|&seed| check_row("seed", seed, x.nrows()))?;
    if count == 0 {
        return Err(Error::parameter("count", 0, "at least 1"));
    }
    let seeds: BTreeSet<usize> = seeds.iter().copied().collect();
    let rows: Vec<usize> = seeds.iter().copied().collect();
    let chosen = x.select(Axis(0), &rows);
    let chosen = if metric == Metric::Cosine { unit_rows(chosen.view()) } else { chosen };
    let mut middle = Array2::<f32>::zeros((1, x.ncols()));
    for row in chosen.rows() {
        middle.row_mut(0).scaled_add(1.0 / rows.len() as f32, &row);
    }
    let asked = (count + rows.len()).min(x.nrows());
    let near = nearest_of(x, middle.view(), asked, metric)?;
    Ok(near
        .indices
        .iter()
        .zip(&near.distances)
        .map(|(&row, &distance)| Similar { row: row as usize, distance })
        .filter(|song| !seeds.contains(&song.row))
        .take(count)
        .collect())
}

/// The way from one song to another over neighbours: the rows from the first to the last, both
/// counted. Of all ways the one whose squared distances sum to the least, so that many small steps
/// are better than a leap. Neighbours are taken in both directions. `None` where there is no way.
///
/// # Errors
/// [`Error::Parameter`] when an end is no row.
pub fn path(neighbors: &Neighbors, from: usize, to: usize) -> Result<Option<Vec<usize>>> {
    let n = neighbors.indices.nrows();
    check_row("from", from, n)?;
    check_row("to", to, n)?;
    let mut edges: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n];
    for ((row, _), (&other, &distance)) in
        neighbors.indices.indexed_iter().map(|(at, i)| (at, (i, &neighbors.distances[at])))
    {
        let cost = f64::from(distance).powi(2);
        edges[row].push((other as usize, cost));
        edges[other as usize].push((row, cost));
    }
    // Dijkstra's method.
    let mut cost = vec![f64::INFINITY; n];
    let mut before = vec![usize::MAX; n];
    let mut open = BinaryHeap::from([Reverse(Reached { cost: 0.0, row: from })]);
    cost[from] = 0.0;
    while let Some(Reverse(Reached { cost: own, row })) = open.pop() {
        if row == to {
            break;
        }
        if own > cost[row] {
            continue;
        }
        for &(other, step) in &edges[row] {
            if own + step < cost[other] {
                cost[other] = own + step;
                before[other] = row;
                open.push(Reverse(Reached { cost: own + step, row: other }));
            }
        }
    }
    if cost[to].is_infinite() {
        return Ok(None);
    }
    let mut way = vec![to];
    while way[way.len() - 1] != from {
        way.push(before[way[way.len() - 1]]);
    }
    way.reverse();
    Ok(Some(way))
}

#[derive(PartialEq)]
struct Reached {
    cost: f64,
    row: usize,
}

impl Eq for Reached {}

impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Reached {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cost.total_cmp(&other.cost).then(self.row.cmp(&other.row))
    }
}

/// A playlist of up to `length` songs that starts with one song and goes on to a near one each time:
/// no song twice, no artist twice in a row as long as others are left. `artists` may be empty; an
/// empty name is an artist of its own.
///
/// # Errors
/// [`Error::Parameter`] when the start is no row or the length 0, [`Error::LengthMismatch`], those of
/// [`check_finite`].
pub fn playlist(
    x: ArrayView2<f32>,
    artists: &[String],
    start: usize,
    length: usize,
    metric: Metric,
) -> Result<Vec<usize>> {
    check_finite(x)?;
    let n = x.nrows();
    check_row("start", start, n)?;
    if length == 0 {
        return Err(Error::parameter("length", 0, "at least 1"));
    }
    if !artists.is_empty() && artists.len() != n {
        let found = artists.len();
        return Err(Error::LengthMismatch { what: "artists", found, expected: n });
    }
    let same_artist = |a: usize, b: usize| match (artists.get(a), artists.get(b)) {
        (Some(a), Some(b)) => !a.is_empty() && a == b,
        _ => false,
    };
    let mut left: Vec<usize> = (0..n).filter(|&row| row != start).collect();
    let mut list = vec![start];
    while list.len() < length && !left.is_empty() {
        let latest = list[list.len() - 1];
        let own = x.row(latest).to_vec();
        let distance = |row: usize| metric.distance(&own, &x.row(row).to_vec());
        let keys: Vec<(bool, f64)> =
            left.iter().map(|&row| (same_artist(latest, row), distance(row))).collect();
        let order = |a: &usize, b: &usize| {
            let (a, b) = (keys[*a], keys[*b]);
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        };
        let Some(next) = (0..left.len()).min_by(order) else { break };
        list.push(left.remove(next));
    }
    Ok(list)
}

fn check_row(name: &'static str, row: usize, rows: usize) -> Result<()> {
    if row < rows { Ok(()) } else { Err(Error::parameter(name, row, "a row of the vectors")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::neighbors::exact;

    /// Songs on a line, one step apart.
    fn line(n: usize) -> Array2<f32> {
        Array2::from_shape_fn((n, 2), |(i, j)| if j == 0 { i as f32 } else { 1.0 })
    }

    #[test]
    fn seeds_are_met_in_the_middle() {
        let x = line(20);
        let rows = |seeds: &[usize], count| -> Vec<usize> {
            let found = similar(x.view(), seeds, count, Metric::Euclidean).unwrap();
            found.iter().map(|s| s.row).collect()
        };
        assert_eq!(rows(&[0], 2), [1, 2]);
        assert_eq!(rows(&[4, 8], 3), [6, 5, 7]);
        assert_eq!(rows(&[3, 3], 30).len(), 19);
        assert!(similar(x.view(), &[], 3, Metric::Cosine).is_err());
        assert!(similar(x.view(), &[20], 3, Metric::Cosine).is_err());
    }

    #[test]
    fn a_way_goes_step_by_step_or_not_at_all() {
        let near = exact(line(10).view(), 2, Metric::Euclidean).unwrap();
        assert_eq!(path(&near, 2, 6).unwrap().unwrap(), [2, 3, 4, 5, 6]);
        assert_eq!(path(&near, 3, 3).unwrap().unwrap(), [3]);
        let mut parted = line(10);
        parted.slice_mut(ndarray::s![5.., 0]).mapv_inplace(|v| v + 1000.0);
        let near = exact(parted.view(), 2, Metric::Euclidean).unwrap();
        assert_eq!(path(&near, 2, 6).unwrap(), None);
        assert!(path(&near, 0, 10).is_err());
    }

    #[test]
    fn a_playlist_repeats_no_song_and_no_artist_in_a_row() {
        let x = line(12);
        let artists: Vec<String> = (0..12).map(|i| format!("artist {}", i / 4)).collect();
        let list = playlist(x.view(), &artists, 5, 12, Metric::Euclidean).unwrap();
        let once: BTreeSet<usize> = list.iter().copied().collect();
        assert_eq!((list.len(), once.len(), list[0]), (12, 12, 5));
        assert!(list[..6].windows(2).all(|w| w[0] / 4 != w[1] / 4), "{list:?}");
        let plain = playlist(x.view(), &[], 5, 3, Metric::Euclidean).unwrap();
        assert_eq!(plain, [5, 4, 3]);
        assert_eq!(playlist(x.view(), &[], 0, 50, Metric::Cosine).unwrap().len(), 12);
        assert!(playlist(x.view(), &artists[1..], 0, 3, Metric::Cosine).is_err());
    }
}
