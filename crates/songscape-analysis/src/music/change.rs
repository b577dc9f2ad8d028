//! How the music changes over the years.

mod steps;
mod trends;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::{ArrayView2, Axis};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::{Progress, write_csv};

pub use trends::{Trend, trends, write_trends};

use crate::error::{Error, Result};
use crate::pca::Pca;
use crate::vectors::check_finite;
use steps::{Step, Year};

/// Principal components that songs are compared on.
const COMPONENTS: usize = 16;
/// A year needs so many songs, and of more a part is drawn.
const SONGS: (usize, usize) = (5, 200);
/// A year needs songs of so many groups.
const GROUPS: usize = 2;
/// Steps that a period and the rest of the time need each.
const STEPS: usize = 3;

/// How [`yearly_change`] is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeParams {
    /// Permutations of the artists of two years (1 or more): the smallest p is 1 / (1 + permutations).
    pub permutations: usize,
    /// The years, both counted, whose change is compared with that of the others.
    pub period: (i32, i32),
    /// The seed of permutations and draws.
    pub seed: u64,
}

impl Default for ChangeParams {
    fn default() -> Self {
        Self { permutations: 999, period: (1990, 2000), seed: 0 }
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
    /// Artists that the songs of both years are of: what is permuted.
    pub groups: usize,
    /// The energy distance of both years' songs (Székely and Rizzo 2013) over the pairs of songs of
    /// different artists, without bias: about 0, and as often negative as positive, where the music is
    /// the same.
    pub distance: f64,
    /// The share of permutations of the artists between both years, the given one counted, with a
    /// distance at least as large.
    pub p: f64,
    /// The same adjusted for the number of steps by max-T (Westfall and Young 1993): the share of the
    /// permutations in which the largest distance of any step, each in its own standard deviations, is
    /// at least as large. Where nothing changes at all, one collection in twenty has a step at 0.05.
    pub p_adjusted: f64,
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
/// components of the vectors `[n, d]`. Years of fewer than five songs, or of one artist only, are passed
/// over; of years with more than 200 songs, 200 are drawn.
///
/// `groups` says which songs are not independent of each other: their artists, or their albums. A song
/// whose group has no name is a group of its own. All songs that a group has in a year are permuted as
/// one; those of a group with songs in both years change sides with each other. Songs permuted one by
/// one would take ten songs of one album for ten witnesses of a change.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::Parameter`], [`Error::Interrupted`], those of [`Pca::fit`].
pub fn yearly_change(
    x: ArrayView2<f32>,
    years: &[Option<i32>],
    groups: &[String],
    params: &ChangeParams,
    progress: &dyn Progress,
) -> Result<Change> {
    check_finite(x)?;
    for (what, found) in [("years", years.len()), ("groups", groups.len())] {
        if found != x.nrows() {
            return Err(Error::LengthMismatch { what, found, expected: x.nrows() });
        }
    }
    if params.permutations == 0 {
        return Err(Error::parameter("permutations", 0, "at least 1"));
    }
    let groups = numbered(groups);
    let by_year = compared(years, &groups, params.seed);
    if by_year.len() < 2 {
        return Ok(Change { steps: Vec::new(), test: None });
    }
    let chosen: Vec<usize> = by_year.values().flatten().copied().collect();
    let pca = Pca::fit(x.select(Axis(0), &chosen).view(), COMPONENTS)?;
    let of_year = |(&year, rows): (&i32, &Vec<usize>)| -> Result<Year> {
        let songs = pca.project(x.select(Axis(0), rows).view())?;
        Ok(Year {
            year,
            songs: songs.as_standard_layout().into_owned(),
            groups: rows.iter().map(|&row| groups[row]).collect(),
        })
    };
    let by_year: Vec<Year> = by_year.iter().map(of_year).collect::<Result<_>>()?;
    let step = |pair: &[Year]| -> Result<Step> {
        if progress.interrupted() {
            return Err(Error::Interrupted { what: "the change over the years" });
        }
        let mut rng = random(params.seed, pair[1].year);
        Ok(steps::step(&pair[0], &pair[1], params.permutations, &mut rng))
    };
    let steps = steps::adjusted(by_year.par_windows(2).map(step).collect::<Result<_>>()?);
    let test = test(&steps, params.period);
    Ok(Change { steps, test })
}

/// The number of each row's group, by name; a row without a name has a number of its own.
fn numbered(groups: &[String]) -> Vec<usize> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = Vec::with_capacity(groups.len());
    for (row, name) in groups.iter().enumerate() {
        out.push(if name.is_empty() { row } else { *numbers.entry(name).or_insert(row) });
    }
    out
}

/// The rows of each year that is compared.
fn compared(years: &[Option<i32>], groups: &[usize], seed: u64) -> BTreeMap<i32, Vec<usize>> {
    let mut by_year: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (row, year) in years.iter().enumerate().filter_map(|(row, y)| y.map(|y| (row, y))) {
        by_year.entry(year).or_default().push(row);
    }
    for (&year, rows) in by_year.iter_mut().filter(|year| year.1.len() > SONGS.1) {
        let drawn = index::sample(&mut random(seed, year), rows.len(), SONGS.1);
        *rows = drawn.into_iter().map(|i| rows[i]).collect();
        rows.sort_unstable();
    }
    by_year.retain(|_, rows| {
        let of = rows.iter().map(|&row| groups[row]).collect::<BTreeSet<_>>();
        rows.len() >= SONGS.0 && of.len() >= GROUPS
    });
    by_year
}

fn random(seed: u64, year: i32) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed ^ (u64::from(year.unsigned_abs()) << 32))
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
    let means: Vec<f64> = (0..steps.len()).map(mean_from).collect();
    let larger = steps::count_at_least(&means, within);
    Some(ChangeTest {
        first,
        last,
        within,
        elsewhere: (total - within * count as f64) / (steps.len() - count) as f64,
        p: larger as f64 / steps.len() as f64,
    })
}

/// Writes `from,to,songs_from,songs_to,groups,distance,p,p_adjusted`.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_yearly_change(path: impl AsRef<Path>, change: &Change) -> Result<()> {
    let header = ["from", "to", "songs_from", "songs_to", "groups", "distance", "p", "p_adjusted"];
    Ok(write_csv(path, &header, &change.steps)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;
    use rand::RngExt;
    use songscape_project::Silent;

    use super::*;

    fn unnamed(songs: usize) -> Vec<String> {
        vec![String::new(); songs]
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
            yearly_change(x.view(), &years, &unnamed(years.len()), &params, &Silent).unwrap()
        };
        let moved = run(songs(|year| 0.7 * (year - 1990).clamp(0, 10) as f32));
        assert_eq!(moved.steps.len(), 39);
        let (inside, outside): (Vec<&YearChange>, Vec<&YearChange>) =
            moved.steps.iter().partition(|step| step.from >= 1990 && step.to <= 2000);
        assert!(inside.iter().all(|step| step.p_adjusted < 0.01), "{inside:?}");
        assert!(outside.iter().all(|step| step.p_adjusted > 0.05), "{outside:?}");
        // One in fifty by chance.
        assert!(outside.iter().filter(|step| step.p < 0.02).count() <= 3, "{outside:?}");
        let test = moved.test.unwrap();
        assert!(test.p < 0.03 && test.within > 10.0 * test.elsewhere.abs(), "{test:?}");
        let still = run(songs(|_| 0.0));
        assert!(still.steps.iter().filter(|s| s.p < 0.05).count() < 8);
        // One collection in twenty has a step below 0.05; tests/statements.rs counts them.
        assert!(still.steps.iter().all(|s| s.p_adjusted > 0.005));
        assert!(still.test.unwrap().p > 0.03);
    }

    #[test]
    fn years_of_few_songs_or_one_artist_are_passed_over() {
        let x = Array2::from_shape_fn((12, 2), |(i, j)| ((i * 7 + j) % 5) as f32);
        let years: Vec<Option<i32>> = (0..12).map(|i| Some(2000 + i / 3)).collect();
        let run = |years: &[Option<i32>], groups: &[String]| {
            yearly_change(x.view(), years, groups, &ChangeParams::default(), &Silent)
        };
        let change = run(&years, &unnamed(12)).unwrap();
        assert!(change.steps.is_empty() && change.test.is_none());
        let two: Vec<Option<i32>> = (0..12).map(|i| Some(2000 + i / 6)).collect();
        assert_eq!(run(&two, &unnamed(12)).unwrap().steps.len(), 1);
        let one: Vec<String> = (0..12).map(|i| format!("{}", i / 6)).collect();
        assert!(run(&two, &one).unwrap().steps.is_empty());
        assert!(run(&years[1..], &unnamed(12)).is_err());
        assert!(run(&years, &unnamed(11)).is_err());
    }
}
