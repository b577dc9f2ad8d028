//! Songs like others: by one seed or several, the path from one song to another, and playlists.
//!
//! All take an [`Index`] of the songs' vectors: [`Index::of_all`] for a query or two,
//! [`Index::new`] for many, or that of a [`Study`](crate::study::Study) that was saved.

use std::collections::BTreeSet;

use ndarray::{Array1, ArrayView2, Axis, s};

use crate::error::{Error, Result};
use crate::neighbors::{Index, Metric, Neighbors};
use crate::vectors::{check_finite, unit_rows};

/// A song beside its distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similar {
    /// The song's row.
    pub row: usize,
    /// Its distance from the seeds: from their mean, where there are several.
    pub distance: f32,
}

/// What a list starts from.
#[derive(Debug, Clone, Copy)]
pub struct Seeds<'a> {
    /// Songs of the index, by their rows.
    pub rows: &'a [usize],
    /// The vectors `[m, d]` of songs that are not in it.
    pub others: Option<ArrayView2<'a, f32>>,
}

impl<'a> Seeds<'a> {
    /// Songs of the index.
    pub fn rows(rows: &'a [usize]) -> Self {
        Self { rows, others: None }
    }

    fn check(&self, index: &Index) -> Result<()> {
        let others = self.others.map_or(0, |others| others.nrows());
        if self.rows.is_empty() && others == 0 {
            return Err(Error::parameter("seeds", "empty", "at least one song"));
        }
        if let Some(others) = self.others {
            check_finite(others)?;
            let (found, expected) = (others.ncols(), index.vectors().ncols());
            if found != expected {
                return Err(Error::ColumnMismatch { found, expected });
            }
        }
        self.rows.iter().try_for_each(|&seed| check_row("seed", seed, index.len()))
    }

    /// The mean of all seeds.
    fn middle(&self, index: &Index) -> Array1<f32> {
        let rows = self.rows.iter().map(|&row| located(index, row));
        let others = self.others.iter().flat_map(|others| others.rows());
        let others = others.map(|row| direction(index, row.insert_axis(Axis(0))));
        let mut all = Array1::zeros(index.vectors().ncols());
        let mut count = 0.0_f32;
        for seed in rows.chain(others) {
            all += &seed;
            count += 1.0;
        }
        all / count
    }
}

/// The `count` songs most similar to one seed or to several together, the nearest first, the seeds left
/// out. Several seeds are met in their mean; for the cosine in the mean of their directions.
///
/// ```
/// use songscape_analysis::music::similar::similar;
/// use songscape_analysis::ndarray::arr2;
/// use songscape_analysis::neighbors::{Index, Metric};
///
/// let x = arr2(&[[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.7, 0.7]]);
/// let songs = Index::of_all(x, Metric::Cosine)?;
/// let near = similar(&songs, &[0], 2)?;
/// assert_eq!((near[0].row, near[1].row), (1, 3));
/// // Between two songs.
/// assert_eq!(similar(&songs, &[0, 2], 1)?[0].row, 3);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// [`Error::Parameter`] for no seeds, a seed that is no row, or a count of 0.
pub fn similar(index: &Index, seeds: &[usize], count: usize) -> Result<Vec<Similar>> {
    let seeds: BTreeSet<usize> = seeds.iter().copied().collect();
    let once: Vec<usize> = seeds.iter().copied().collect();
    Seeds::rows(&once).check(index)?;
    if count == 0 {
        return Err(Error::parameter("count", 0, "at least 1"));
    }
    nearest_others(index, &Seeds::rows(&once).middle(index), &seeds, count)
}

/// The `count` songs nearest to what is sought, those of `used` left out.
fn nearest_others(
    index: &Index,
    sought: &Array1<f32>,
    used: &BTreeSet<usize>,
    count: usize,
) -> Result<Vec<Similar>> {
    let asked = count.saturating_add(used.len()).min(index.len());
    let near = index.nearest(sought.view().insert_axis(Axis(0)), asked)?;
    Ok(songs(&near).filter(|song| !used.contains(&song.row)).take(count).collect())
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
/// 1; [`Error::LengthMismatch`].
pub fn playlist(
    index: &Index,
    artists: &[String],
    seeds: &[usize],
    length: usize,
    wander: f32,
) -> Result<Vec<Similar>> {
    playlist_from(index, artists, &Seeds::rows(seeds), length, wander)
}

/// As [`playlist`], also from songs that are not in the index.
///
/// ```
/// use songscape_analysis::music::similar::{Seeds, playlist_from};
/// use songscape_analysis::ndarray::arr2;
/// use songscape_analysis::neighbors::{Index, Metric};
///
/// let songs = Index::of_all(arr2(&[[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]), Metric::Cosine)?;
/// let new = arr2(&[[0.1, 0.9]]);
/// let seeds = Seeds { rows: &[], others: Some(new.view()) };
/// assert_eq!(playlist_from(&songs, &[], &seeds, 1, 0.0)?[0].row, 2);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`playlist`]; [`Error::ColumnMismatch`] for vectors of another width; those of
/// [`check_finite`].
pub fn playlist_from(
    index: &Index,
    artists: &[String],
    seeds: &Seeds,
    length: usize,
    wander: f32,
) -> Result<Vec<Similar>> {
    seeds.check(index)?;
    if length == 0 {
        return Err(Error::parameter("length", 0, "at least 1"));
    }
    if !(0.0..=1.0).contains(&wander) {
        return Err(Error::parameter("wander", wander, "0 to 1"));
    }
    if !artists.is_empty() && artists.len() != index.len() {
        let found = artists.len();
        return Err(Error::LengthMismatch { what: "artists", found, expected: index.len() });
    }
    let same_artist = |a: usize, b: usize| match (artists.get(a), artists.get(b)) {
        (Some(a), Some(b)) => !a.is_empty() && a == b,
        _ => false,
    };
    let home = seeds.middle(index);
    let mut used: BTreeSet<usize> = seeds.rows.iter().copied().collect();
    if wander == 0.0 && artists.is_empty() {
        // All are sought from the same place.
        return nearest_others(index, &home, &used, length);
    }
    let mut latest = seeds.rows.last().copied();
    let mut sought = home.clone();
    let mut list = Vec::new();
    while list.len() < length {
        let avoid = |row| latest.is_some_and(|latest| same_artist(latest, row));
        let Some(song) = nearest_unused(index, &sought, &used, avoid)? else { break };
        used.insert(song.row);
        latest = Some(song.row);
        sought = &home * (1.0 - wander) + located(index, song.row) * wander;
        list.push(song);
    }
    Ok(list)
}

/// The way from one song to another in `count` songs, both counted: those nearest to even steps
/// between the two, no song twice. The distances are those to the steps. Fewer songs when there are
/// no more.
///
/// # Errors
/// [`Error::Parameter`] when an end is no row or `count` is below 2.
pub fn path(index: &Index, from: usize, to: usize, count: usize) -> Result<Vec<Similar>> {
    check_row("from", from, index.len())?;
    check_row("to", to, index.len())?;
    if count < 2 {
        return Err(Error::parameter("count", count, "at least 2"));
    }
    let ends = [located(index, from), located(index, to)];
    let mut used = BTreeSet::from([from, to]);
    let mut way = vec![Similar { row: from, distance: 0.0 }];
    for step in 1..count - 1 {
        let share = step as f32 / (count - 1) as f32;
        let sought = &ends[0] * (1.0 - share) + &ends[1] * share;
        let Some(song) = nearest_unused(index, &sought, &used, |_| false)? else { break };
        used.insert(song.row);
        way.push(song);
    }
    if to != from {
        way.push(Similar { row: to, distance: 0.0 });
    }
    Ok(way)
}

/// A row as a place between which and others one can go straight.
fn located(index: &Index, row: usize) -> Array1<f32> {
    direction(index, index.vectors().slice_move(s![row..=row, ..]))
}

/// The one vector of `[1, d]`; a direction for the cosine.
fn direction(index: &Index, row: ArrayView2<f32>) -> Array1<f32> {
    if index.metric() == Metric::Cosine {
        unit_rows(row).remove_axis(Axis(0))
    } else {
        row.row(0).to_owned()
    }
}

/// The songs nearest to the one place that was asked for.
fn songs(near: &Neighbors) -> impl Iterator<Item = Similar> {
    let both = near.indices.iter().zip(&near.distances);
    both.map(|(&row, &distance)| Similar { row: row as usize, distance })
}

/// The unused row nearest to what is sought, of those that are not avoided if there are any; the first
/// of those that are level.
fn nearest_unused(
    index: &Index,
    sought: &Array1<f32>,
    used: &BTreeSet<usize>,
    avoid: impl Fn(usize) -> bool,
) -> Result<Option<Similar>> {
    let sought = sought.view().insert_axis(Axis(0));
    let mut asked = used.len() + 8;
    loop {
        let near = index.nearest(sought, asked.min(index.len()))?;
        let mut free = songs(&near).filter(|song| !used.contains(&song.row)).peekable();
        let nearest = free.peek().copied();
        if let Some(song) = free.find(|song| !avoid(song.row)) {
            return Ok(Some(song));
        }
        if asked >= index.len() {
            return Ok(nearest);
        }
        asked *= 4;
    }
}

fn check_row(name: &'static str, row: usize, rows: usize) -> Result<()> {
    if row < rows { Ok(()) } else { Err(Error::parameter(name, row, "a row of the vectors")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// Songs on a line, one step apart.
    fn line(n: usize) -> Index {
        let x = Array2::from_shape_fn((n, 2), |(i, j)| if j == 0 { i as f32 } else { 1.0 });
        Index::of_all(x, Metric::Euclidean).unwrap()
    }

    #[test]
    fn seeds_are_met_in_the_middle() {
        let x = line(20);
        let rows = |seeds: &[usize], count| -> Vec<usize> {
            let found = similar(&x, seeds, count).unwrap();
            found.iter().map(|s| s.row).collect()
        };
        assert_eq!(rows(&[0], 2), [1, 2]);
        assert_eq!(rows(&[4, 8], 3), [6, 5, 7]);
        assert_eq!(rows(&[3, 3], 30).len(), 19);
        assert!(similar(&x, &[], 3).is_err());
        assert!(similar(&x, &[20], 3).is_err());
    }

    fn rows(found: &[Similar]) -> Vec<usize> {
        found.iter().map(|song| song.row).collect()
    }

    #[test]
    fn a_way_has_both_ends_and_even_steps() {
        let way = |from, to, count| path(&line(9), from, to, count);
        assert_eq!(rows(&way(0, 8, 5).unwrap()), [0, 2, 4, 6, 8]);
        assert_eq!(rows(&way(8, 0, 2).unwrap()), [8, 0]);
        assert_eq!(rows(&way(3, 3, 2).unwrap()), [3]);
        assert_eq!(way(0, 8, 50).unwrap().len(), 9);
        assert!(way(0, 9, 3).is_err() && way(0, 8, 1).is_err());
    }

    #[test]
    fn a_wanderer_goes_far_and_repeats_nothing() {
        let from = |seed: usize, length, wander| {
            rows(&playlist(&line(9), &[], &[seed], length, wander).unwrap())
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
            let index = Index::of_all(x.clone(), metric).unwrap();
            let list = playlist(&index, &[], &[3, 17], 6, 0.0).unwrap();
            let alike = similar(&index, &[3, 17], 6).unwrap();
            let far = |songs: &[Similar]| songs.iter().map(|s| s.distance).collect::<Vec<_>>();
            for (a, b) in far(&list).iter().zip(far(&alike)) {
                assert!((a - b).abs() < 1e-4 * b.max(1.0), "{metric:?}: {a} against {b}");
            }
        }
    }

    #[test]
    fn a_song_that_is_not_there_is_a_seed_like_any_other() {
        let x = line(9);
        let of = |rows: &[usize], others: ndarray::Array2<f32>, wander| {
            let seeds = Seeds { rows, others: Some(others.view()) };
            playlist_from(&x, &[], &seeds, 3, wander)
        };
        let new = || ndarray::arr2(&[[4.2_f32, 1.0]]);
        assert_eq!(rows(&of(&[], new(), 0.0).unwrap()), [4, 5, 3]);
        assert_eq!(rows(&of(&[8], new(), 0.0).unwrap()), [6, 7, 5]);
        assert_eq!(rows(&of(&[], new(), 1.0).unwrap()), [4, 3, 2]);
        assert!(of(&[], ndarray::arr2(&[[1.0]]), 0.0).is_err());
        assert!(of(&[], ndarray::arr2(&[[f32::NAN, 1.0]]), 0.0).is_err());
        assert!(of(&[], ndarray::Array2::zeros((0, 2)), 0.0).is_err());
    }

    #[test]
    fn a_playlist_repeats_no_artist_in_a_row() {
        let artists: Vec<String> = (0..12).map(|i| format!("artist {}", i / 4)).collect();
        let of = |artists: &[String], wander| playlist(&line(12), artists, &[5], 11, wander);
        let list = rows(&of(&artists, 1.0).unwrap());
        assert_eq!(list.len(), 11);
        assert!(list[0] / 4 != 1 && list[..6].windows(2).all(|w| w[0] / 4 != w[1] / 4), "{list:?}");
        assert!(of(&artists[1..], 1.0).is_err() && of(&[], 1.5).is_err());
    }
}
