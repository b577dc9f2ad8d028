//! Songs like others: by one seed or several, the way from one song to another, and playlists.

use std::collections::BTreeSet;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::neighbors::{Metric, nearest_of};
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
/// ```
/// use songscape_analysis::music::similar::similar;
/// use songscape_analysis::ndarray::arr2;
/// use songscape_analysis::neighbors::Metric;
///
/// let x = arr2(&[[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.7, 0.7]]);
/// let near = similar(x.view(), &[0], 2, Metric::Cosine)?;
/// assert_eq!((near[0].row, near[1].row), (1, 3));
/// // Between two songs.
/// assert_eq!(similar(x.view(), &[0, 2], 1, Metric::Cosine)?[0].row, 3);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
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
    check_seeds(seeds, x.nrows())?;
    if count == 0 {
        return Err(Error::parameter("count", 0, "at least 1"));
    }
    let seeds: BTreeSet<usize> = seeds.iter().copied().collect();
    let rows: Vec<usize> = seeds.iter().copied().collect();
    let chosen = located(x.select(Axis(0), &rows).view(), metric);
    let all: Vec<usize> = (0..rows.len()).collect();
    let sought = middle(chosen.view(), &all).insert_axis(Axis(0));
    let asked = (count + rows.len()).min(x.nrows());
    let near = nearest_of(x, sought.view(), asked, metric)?;
    Ok(near
        .indices
        .iter()
        .zip(&near.distances)
        .map(|(&row, &distance)| Similar { row: row as usize, distance })
        .filter(|song| !seeds.contains(&song.row))
        .take(count)
        .collect())
}

/// A playlist of up to `length` songs that starts from one seed or several, which are not in it: each
/// time the song nearest to what is sought, no song twice, no artist twice in a row as long as others
/// are left. What is sought is the mean of the seeds (as for [`similar`]), moved towards the song
/// found last: by `wander` 0 never, by 1 all the way, so that each song is near to the one before it.
/// The distances are those to what was sought. `artists` may be empty; an empty name is an artist of
/// its own.
///
/// # Errors
/// [`Error::Parameter`] for no seeds, a seed that is no row, a length of 0 or a `wander` outside 0 to
/// 1; [`Error::LengthMismatch`]; those of [`check_finite`].
pub fn playlist(
    x: ArrayView2<f32>,
    artists: &[String],
    seeds: &[usize],
    length: usize,
    wander: f32,
    metric: Metric,
) -> Result<Vec<Similar>> {
    check_finite(x)?;
    check_seeds(seeds, x.nrows())?;
    if length == 0 {
        return Err(Error::parameter("length", 0, "at least 1"));
    }
    if !(0.0..=1.0).contains(&wander) {
        return Err(Error::parameter("wander", wander, "0 to 1"));
    }
    if !artists.is_empty() && artists.len() != x.nrows() {
        let found = artists.len();
        return Err(Error::LengthMismatch { what: "artists", found, expected: x.nrows() });
    }
    let same_artist = |a: usize, b: usize| match (artists.get(a), artists.get(b)) {
        (Some(a), Some(b)) => !a.is_empty() && a == b,
        _ => false,
    };
    let x = located(x, metric);
    let home = middle(x.view(), seeds);
    let mut used = vec![false; x.nrows()];
    seeds.iter().for_each(|&seed| used[seed] = true);
    let mut latest = seeds[seeds.len() - 1];
    let mut sought = home.clone();
    let mut list = Vec::new();
    while list.len() < length {
        let avoid = |row| same_artist(latest, row);
        let Some(song) = nearest_unused(x.view(), sought.view(), &used, avoid, metric) else {
            break;
        };
        used[song.row] = true;
        latest = song.row;
        sought = &home * (1.0 - wander) + &x.row(song.row) * wander;
        list.push(song);
    }
    Ok(list)
}

/// The way from one song to another in `count` songs, both counted: those nearest to even steps
/// between the two, no song twice. The distances are those to the steps. Fewer songs when there are
/// no more.
///
/// # Errors
/// [`Error::Parameter`] when an end is no row or `count` is below 2; those of [`check_finite`].
pub fn path(
    x: ArrayView2<f32>,
    from: usize,
    to: usize,
    count: usize,
    metric: Metric,
) -> Result<Vec<Similar>> {
    check_finite(x)?;
    check_row("from", from, x.nrows())?;
    check_row("to", to, x.nrows())?;
    if count < 2 {
        return Err(Error::parameter("count", count, "at least 2"));
    }
    let x = located(x, metric);
    let mut used = vec![false; x.nrows()];
    (used[from], used[to]) = (true, true);
    let mut way = vec![Similar { row: from, distance: 0.0 }];
    for step in 1..count - 1 {
        let share = step as f32 / (count - 1) as f32;
        let sought = &x.row(from) * (1.0 - share) + &x.row(to) * share;
        let Some(song) = nearest_unused(x.view(), sought.view(), &used, |_| false, metric) else {
            break;
        };
        used[song.row] = true;
        way.push(song);
    }
    if to != from {
        way.push(Similar { row: to, distance: 0.0 });
    }
    Ok(way)
}

/// Rows between which one can go straight: directions for the cosine.
fn located(x: ArrayView2<f32>, metric: Metric) -> Array2<f32> {
    if metric == Metric::Cosine { unit_rows(x) } else { x.as_standard_layout().into_owned() }
}

fn middle(x: ArrayView2<f32>, rows: &[usize]) -> Array1<f32> {
    let mut middle = Array1::zeros(x.ncols());
    for &row in rows {
        middle.scaled_add(1.0 / rows.len() as f32, &x.row(row));
    }
    middle
}

/// The unused row nearest to what is sought, of those that are not avoided if there are any; the first
/// of those that are level.
fn nearest_unused(
    x: ArrayView2<f32>,
    sought: ArrayView1<f32>,
    used: &[bool],
    avoid: impl Fn(usize) -> bool,
    metric: Metric,
) -> Option<Similar> {
    let sought = sought.to_vec();
    let free = x.rows().into_iter().enumerate().filter(|(row, _)| !used[*row]);
    let candidates = free.map(|(row, own)| {
        let distance = match own.to_slice() {
            Some(own) => metric.distance(&sought, own),
            None => metric.distance(&sought, &own.to_vec()),
        };
        (avoid(row), Similar { row, distance: distance as f32 })
    });
    let order = |a: &(bool, Similar), b: &(bool, Similar)| {
        a.0.cmp(&b.0).then(a.1.distance.total_cmp(&b.1.distance))
    };
    candidates.min_by(order).map(|(_, song)| song)
}

fn check_seeds(seeds: &[usize], rows: usize) -> Result<()> {
    if seeds.is_empty() {
        return Err(Error::parameter("seeds", "empty", "at least one row"));
    }
    seeds.iter().try_for_each(|&seed| check_row("seed", seed, rows))
}

fn check_row(name: &'static str, row: usize, rows: usize) -> Result<()> {
    if row < rows { Ok(()) } else { Err(Error::parameter(name, row, "a row of the vectors")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
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

    fn rows(found: &[Similar]) -> Vec<usize> {
        found.iter().map(|song| song.row).collect()
    }

    #[test]
    fn a_way_has_both_ends_and_even_steps() {
        let way = |from, to, count| path(line(9).view(), from, to, count, Metric::Euclidean);
        assert_eq!(rows(&way(0, 8, 5).unwrap()), [0, 2, 4, 6, 8]);
        assert_eq!(rows(&way(8, 0, 2).unwrap()), [8, 0]);
        assert_eq!(rows(&way(3, 3, 2).unwrap()), [3]);
        assert_eq!(way(0, 8, 50).unwrap().len(), 9);
        assert!(way(0, 9, 3).is_err() && way(0, 8, 1).is_err());
    }

    #[test]
    fn a_wanderer_goes_far_and_repeats_nothing() {
        let from = |seed: usize, length, wander| {
            rows(
                &playlist(line(9).view(), &[], &[seed], length, wander, Metric::Euclidean).unwrap(),
            )
        };
        // From the middle, what is near lies on both sides; a wanderer stays on the side it took.
        assert_eq!(from(4, 4, 0.0), [3, 5, 2, 6]);
        assert_eq!(from(4, 4, 1.0), [3, 2, 1, 0]);
        let mut all = from(4, 20, 1.0);
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 5, 6, 7, 8], "all others, once");
    }

    #[test]
    fn without_wandering_a_playlist_is_what_is_similar() {
        let x = Array2::from_shape_fn((40, 5), |(i, j)| ((i * 7 + j * 13) % 23) as f32 - 11.0);
        for metric in [Metric::Cosine, Metric::Euclidean, Metric::Manhattan] {
            let list = playlist(x.view(), &[], &[3, 17], 6, 0.0, metric).unwrap();
            let alike = similar(x.view(), &[3, 17], 6, metric).unwrap();
            let far = |songs: &[Similar]| songs.iter().map(|s| s.distance).collect::<Vec<_>>();
            for (a, b) in far(&list).iter().zip(far(&alike)) {
                assert!((a - b).abs() < 1e-4 * b.max(1.0), "{metric:?}: {a} against {b}");
            }
        }
    }

    #[test]
    fn a_playlist_repeats_no_artist_in_a_row() {
        let artists: Vec<String> = (0..12).map(|i| format!("artist {}", i / 4)).collect();
        let of = |artists: &[String], wander| {
            playlist(line(12).view(), artists, &[5], 11, wander, Metric::Euclidean)
        };
        let list = rows(&of(&artists, 1.0).unwrap());
        assert_eq!(list.len(), 11);
        assert!(list[0] / 4 != 1 && list[..6].windows(2).all(|w| w[0] / 4 != w[1] / 4), "{list:?}");
        assert!(of(&artists[1..], 1.0).is_err() && of(&[], 1.5).is_err());
    }
}
