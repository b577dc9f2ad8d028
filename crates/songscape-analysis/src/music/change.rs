//! How the music changes over the years.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, ArrayView2, Axis};
use rand::SeedableRng;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::{Progress, write_csv};

use super::tables::shares_per_year;
use crate::error::{Error, Result};
use crate::kernels;
use crate::pca::Pca;
use crate::vectors::check_finite;

/// Principal components that songs are compared on.
const COMPONENTS: usize = 16;
/// A year needs so many songs, and of more a part is drawn.
const SONGS: (usize, usize) = (5, 200);
/// Steps that a period and the rest of the time need each.
const STEPS: usize = 3;

/// The rise or fall of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// The cluster, −1 for none.
    pub label: i32,
    /// The number of its songs that have a year.
    pub songs: usize,
    /// Its share of the songs in the first third of the years.
    pub early: f64,
    /// Its share in the last third.
    pub late: f64,
    /// By how much its share of a year rises in ten years: the least-squares line, each year weighted
    /// by its songs. 0 where all songs are of one year.
    pub slope_per_decade: f64,
    /// The year in which its share is largest; the first of several.
    pub peak: i32,
}

/// The rise and fall of every cluster that has songs with a year, by cluster.
///
/// # Errors
/// [`Error::LengthMismatch`].
pub fn trends(labels: &[i32], years: &[Option<i32>]) -> Result<Vec<Trend>> {
    let shares = shares_per_year(labels, years)?;
    let (Some(first), Some(last)) =
        (shares.iter().map(|s| s.year).min(), shares.iter().map(|s| s.year).max())
    else {
        return Ok(Vec::new());
    };
    let third = f64::from(last - first) / 3.0;
    let mut totals: BTreeMap<i32, usize> = BTreeMap::new();
    let mut clusters: BTreeMap<i32, Vec<(i32, usize)>> = BTreeMap::new();
    for share in &shares {
        *totals.entry(share.year).or_default() += share.songs;
        clusters.entry(share.label).or_default().push((share.year, share.songs));
    }
    let all: usize = totals.values().sum();
    let centre = totals.iter().map(|(&y, &n)| f64::from(y) * n as f64).sum::<f64>() / all as f64;
    let spread: f64 =
        totals.iter().map(|(&y, &n)| n as f64 * (f64::from(y) - centre).powi(2)).sum();
    let trend = |(label, counts): (i32, Vec<(i32, usize)>)| {
        let share_of = |within: &dyn Fn(i32) -> bool| {
            let of = |(own, total): (usize, usize), &(year, songs): &(i32, usize)| {
                if within(year) { (own + songs, total + totals[&year]) } else { (own, total) }
            };
            let (own, total) = counts.iter().fold((0, 0), of);
            if total > 0 { own as f64 / total as f64 } else { 0.0 }
        };
        // The weight of a year times its share is its number of songs.
        let rise: f64 = counts.iter().map(|&(y, n)| n as f64 * (f64::from(y) - centre)).sum();
        let share = |&(year, songs): &(i32, usize)| songs as f64 / totals[&year] as f64;
        let peak = counts.iter().rev().max_by(|a, b| share(a).total_cmp(&share(b)));
        Trend {
            label,
            songs: counts.iter().map(|c| c.1).sum(),
            early: share_of(&|year| f64::from(year - first) <= third),
            late: share_of(&|year| f64::from(last - year) <= third),
            slope_per_decade: if spread > 0.0 { 10.0 * rise / spread } else { 0.0 },
            peak: peak.map_or(first, |p| p.0),
        }
    };
    Ok(clusters.into_iter().map(trend).collect())
}

/// How [`yearly_change`] is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeParams {
    /// Permutations of the songs of two years (1 or more).
    pub permutations: usize,
    /// The years, both counted, whose change is compared with that of the others.
    pub period: (i32, i32),
    /// The seed of permutations and draws.
    pub seed: u64,
}

impl Default for ChangeParams {
    fn default() -> Self {
        Self { permutations: 200, period: (1990, 2000), seed: 0 }
    }
}

/// The change of the music from one year to the next that has songs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct YearChange {
    /// The earlier year.
    pub from: i32,
    /// The later year.
    pub to: i32,
    /// The songs of the earlier year that were compared.
    pub songs_from: usize,
    /// Those of the later year.
    pub songs_to: usize,
    /// The energy distance of both years' songs (Székely and Rizzo 2013), without bias: about 0, and
    /// as often negative as positive, where the music is the same.
    pub distance: f64,
    /// The share of permutations of the songs between both years, the given one counted, with a
    /// distance at least as large.
    pub p: f64,
}

/// Whether the music changes more in a period than at other times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChangeTest {
    /// The first year of the period.
    pub first: i32,
    /// Its last year.
    pub last: i32,
    /// The mean distance of the steps within the period.
    pub within: f64,
    /// The mean distance of the other steps.
    pub elsewhere: f64,
    /// The share of the periods of as many steps, shifted around the whole time, the given one
    /// counted, with a mean at least as large.
    pub p: f64,
}

/// The change of the music over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The steps, by year.
    pub steps: Vec<YearChange>,
    /// The period beside the rest; none unless both have at least three steps.
    pub test: Option<ChangeTest>,
}

/// Measures by how much the songs of each year differ from those of the next, on at most 16 principal
/// components of the vectors `[n, d]`. Years of fewer than five songs are passed over; of years with
/// more than 200, 200 are drawn.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::Parameter`], [`Error::Interrupted`], those of [`Pca::fit`].
pub fn yearly_change(
    x: ArrayView2<f32>,
    years: &[Option<i32>],
    params: &ChangeParams,
    progress: &dyn Progress,
) -> Result<Change> {
    check_finite(x)?;
    if years.len() != x.nrows() {
        let (found, expected) = (years.len(), x.nrows());
        return Err(Error::LengthMismatch { what: "years", found, expected });
    }
    if params.permutations == 0 {
        return Err(Error::parameter("permutations", 0, "at least 1"));
    }
    let mut by_year: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (row, year) in years.iter().enumerate().filter_map(|(row, y)| y.map(|y| (row, y))) {
        by_year.entry(year).or_default().push(row);
    }
    by_year.retain(|_, rows| rows.len() >= SONGS.0);
    for (&year, rows) in &mut by_year {
        if rows.len() > SONGS.1 {
            let mut drawn = index::sample(&mut random(params.seed, year), rows.len(), SONGS.1)
                .into_iter()
                .map(|i| rows[i])
                .collect::<Vec<_>>();
            drawn.sort_unstable();
            *rows = drawn;
        }
    }
    if by_year.len() < 2 {
        return Ok(Change { steps: Vec::new(), test: None });
    }
    let chosen: Vec<usize> = by_year.values().flatten().copied().collect();
    let pca = Pca::fit(x.select(Axis(0), &chosen).view(), COMPONENTS)?;
    let groups: Vec<(i32, Array2<f32>)> = by_year
        .iter()
        .map(|(&year, rows)| Ok((year, pca.project(x.select(Axis(0), rows).view())?)))
        .collect::<Result<_>>()?;
    let steps: Vec<YearChange> =
        groups.par_windows(2).map(|pair| step(&pair[0], &pair[1], params)).collect();
    if progress.interrupted() {
        return Err(Error::Interrupted { what: "the change over the years" });
    }
    let test = test(&steps, params.period);
    Ok(Change { steps, test })
}

fn random(seed: u64, year: i32) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed ^ (u64::from(year.unsigned_abs()) << 32))
}

fn step(a: &(i32, Array2<f32>), b: &(i32, Array2<f32>), params: &ChangeParams) -> YearChange {
    let (first, second) = (a.1.nrows(), b.1.nrows());
    let songs: Vec<Vec<f32>> =
        a.1.rows().into_iter().chain(b.1.rows()).map(|row| row.to_vec()).collect();
    let n = songs.len();
    let distances = Array2::from_shape_fn((n, n), |(i, j)| {
        kernels::squared_differences(&songs[i], &songs[j]).sqrt()
    });
    // Of the distances between the parts only the sums change.
    let energy = |part: &[bool]| {
        let (mut within, mut across) = ([0.0; 2], 0.0);
        for (i, row) in distances.rows().into_iter().enumerate() {
            for (j, &distance) in row.iter().enumerate().take(i) {
                if part[i] == part[j] {
                    within[usize::from(part[i])] += distance;
                } else {
                    across += distance;
                }
            }
        }
        let pairs = |n: usize| (n * (n - 1) / 2) as f64;
        2.0 * across / (first * second) as f64
            - within[0] / pairs(first)
            - within[1] / pairs(second)
    };
    let mut part: Vec<bool> = (0..n).map(|i| i >= first).collect();
    let distance = energy(&part);
    let mut rng = random(params.seed, b.0);
    let larger = (0..params.permutations)
        .filter(|_| {
            part.shuffle(&mut rng);
            energy(&part) >= distance
        })
        .count();
    YearChange {
        from: a.0,
        to: b.0,
        songs_from: first,
        songs_to: second,
        distance,
        p: (larger + 1) as f64 / (params.permutations + 1) as f64,
    }
}

fn test(steps: &[YearChange], (first, last): (i32, i32)) -> Option<ChangeTest> {
    let inside = |s: &&YearChange| s.from >= first && s.to <= last;
    let count = steps.iter().filter(inside).count();
    let start = steps.iter().position(|s| inside(&s))?;
    if count < STEPS || steps.len() - count < STEPS {
        return None;
    }
    let total: f64 = steps.iter().map(|s| s.distance).sum();
    let mean_from = |start: usize| {
        (0..count).map(|i| steps[(start + i) % steps.len()].distance).sum::<f64>() / count as f64
    };
    let within = mean_from(start);
    // A little less, since sums in another order differ in their last bits.
    let limit = within - 1e-12 * within.abs();
    let larger = (0..steps.len()).filter(|&other| mean_from(other) >= limit).count();
    Some(ChangeTest {
        first,
        last,
        within,
        elsewhere: (total - within * count as f64) / (steps.len() - count) as f64,
        p: larger as f64 / steps.len() as f64,
    })
}

/// Writes `label,songs,early,late,slope_per_decade,peak`.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_trends(path: impl AsRef<Path>, trends: &[Trend]) -> Result<()> {
    let header = ["label", "songs", "early", "late", "slope_per_decade", "peak"];
    Ok(write_csv(path, &header, trends)?)
}

/// Writes `from,to,songs_from,songs_to,distance,p`.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_yearly_change(path: impl AsRef<Path>, change: &Change) -> Result<()> {
    Ok(write_csv(path, &["from", "to", "songs_from", "songs_to", "distance", "p"], &change.steps)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::RngExt;
    use songscape_project::Silent;

    use super::*;

    #[test]
    fn a_cluster_that_replaces_another_rises_as_the_other_falls() {
        // Of ten songs a year, year i has i of cluster 1.
        let labels: Vec<i32> = (0..100).map(|i| i32::from(i % 10 < i / 10)).collect();
        let years: Vec<Option<i32>> = (0..100).map(|i| Some(1990 + i / 10)).collect();
        let trends = trends(&labels, &years).unwrap();
        let (fall, rise) = (trends[0], trends[1]);
        assert!((rise.slope_per_decade - 1.0).abs() < 1e-9, "{rise:?}");
        assert!((fall.slope_per_decade + 1.0).abs() < 1e-9);
        assert_eq!((rise.peak, fall.peak), (1999, 1990));
        assert!((rise.early - 0.15).abs() < 1e-9 && (rise.late - 0.75).abs() < 1e-9);
        assert!(super::trends(&labels, &years[1..]).is_err());
    }

    #[test]
    fn a_jump_in_the_period_is_found_and_standstill_is_not() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut songs = |speed: fn(i32) -> f32| -> (Array2<f32>, Vec<Option<i32>>) {
            let years: Vec<i32> = (0..40 * 30).map(|i| 1970 + i / 30).collect();
            let x = Array2::from_shape_fn((years.len(), 4), |(i, j)| {
                let place = if j == 0 { speed(years[i]) } else { 0.0 };
                place + rng.random::<f32>()
            });
            (x, years.into_iter().map(Some).collect())
        };
        let params = ChangeParams::default();
        let run = |(x, years): (Array2<f32>, Vec<Option<i32>>)| {
            yearly_change(x.view(), &years, &params, &Silent).unwrap()
        };
        let moved = run(songs(|year| 0.7 * (year - 1990).clamp(0, 10) as f32));
        assert_eq!(moved.steps.len(), 39);
        let (inside, outside): (Vec<&YearChange>, Vec<&YearChange>) =
            moved.steps.iter().partition(|step| step.from >= 1990 && step.to <= 2000);
        assert!(inside.iter().all(|step| step.p < 0.01), "{inside:?}");
        // One in fifty by chance.
        assert!(outside.iter().filter(|step| step.p < 0.02).count() <= 3, "{outside:?}");
        let test = moved.test.unwrap();
        assert!(test.p < 0.03 && test.within > 10.0 * test.elsewhere.abs(), "{test:?}");
        let still = run(songs(|_| 0.0));
        assert!(still.steps.iter().filter(|s| s.p < 0.05).count() < 8);
        assert!(still.test.unwrap().p > 0.03);
    }

    #[test]
    fn years_of_few_songs_are_passed_over() {
        let x = Array2::from_shape_fn((12, 2), |(i, j)| ((i * 7 + j) % 5) as f32);
        let years: Vec<Option<i32>> = (0..12).map(|i| Some(2000 + i / 3)).collect();
        let change = yearly_change(x.view(), &years, &ChangeParams::default(), &Silent).unwrap();
        assert!(change.steps.is_empty() && change.test.is_none());
        assert!(yearly_change(x.view(), &years[1..], &ChangeParams::default(), &Silent).is_err());
    }
}
