//! A map for each decade, tied to that of the decade before.
//!
//! Maps made independently have arbitrary orientations, so they cannot show what moved. No song is in two
//! decades, but each has most similar songs in the decade before. It starts at their mean place, and the
//! finished map is turned (orthogonal Procrustes) to match those places. Aligned UMAP ties equal rows of all
//! maps at once; here neighbours tie one map after the other, so that an earlier map never depends on a later
//! decade.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use songscape_project::year::decade;
use songscape_project::{Progress, write_csv};

use crate::error::{Error, Result};
use crate::neighbors::Index;
use crate::umap::{self, Beginning, UmapParams};
use crate::vectors::check_finite;

/// Noise that parts points that begin in one place, in the unit of the map.
const NOISE: f32 = 1e-2;

/// How maps of decades are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecadeParams {
    /// Songs that a decade needs for a map of its own; decades of fewer are left out. At least 5.
    pub least: usize,
    /// Songs of the decade before that each song is tied to, at least 1; as many as it has where it has fewer.
    pub ties: usize,
    /// Each map; the neighbourhood is reduced for decades of few songs.
    pub map: UmapParams,
}

impl Default for DecadeParams {
    fn default() -> Self {
        Self { least: 50, ties: 5, map: UmapParams::default() }
    }
}

/// The map of a decade.
#[derive(Debug, Clone, PartialEq)]
pub struct DecadeMap {
    /// Its first year.
    pub decade: i32,
    /// The rows of its songs.
    pub rows: Vec<usize>,
    /// Their places `[songs, dims]`.
    pub places: Array2<f32>,
    /// Of the variance of the places, the share that the places of the songs most alike in the decade before explain:
    /// 1 where nothing has moved, 0 or less where they say nothing. `None` for the first map.
    pub tied: Option<f64>,
}

/// Maps of the decades of songs `[n, d]`, the earliest first. Songs without a year are on none of them.
///
/// ```
/// use songscape_analysis::music::decades::{DecadeParams, maps};
/// use songscape_analysis::ndarray::Array2;
/// use songscape_analysis::project::Silent;
///
/// let x = Array2::from_shape_fn((200, 4), |(i, j)| ((i * (7 + j)) % 31) as f32);
/// let years: Vec<Option<i32>> = (0..200).map(|i| Some(1970 + i % 20)).collect();
/// let maps = maps(x.view(), &years, &DecadeParams::default(), &Silent)?;
/// assert_eq!(maps.iter().map(|map| map.decade).collect::<Vec<_>>(), [1970, 1980]);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::Parameter`]; [`Error::Interrupted`]; those of [`check_finite`].
pub fn maps(
    x: ArrayView2<f32>,
    years: &[Option<i32>],
    params: &DecadeParams,
    progress: &dyn Progress,
) -> Result<Vec<DecadeMap>> {
    check_finite(x)?;
    if years.len() != x.nrows() {
        let (found, expected) = (years.len(), x.nrows());
        return Err(Error::LengthMismatch { what: "years", found, expected });
    }
    if params.least < 5 {
        return Err(Error::parameter("least", params.least, "at least 5"));
    }
    if params.ties == 0 {
        return Err(Error::parameter("ties", 0, "at least 1"));
    }
    let mut decades: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (row, year) in years.iter().enumerate().filter_map(|(row, year)| Some((row, (*year)?))) {
        decades.entry(decade(year)).or_default().push(row);
    }
    decades.retain(|_, rows| rows.len() >= params.least);
    let mut made: Vec<DecadeMap> = Vec::new();
    for (decade, rows) in decades {
        let own = x.select(Axis(0), &rows);
        let anchors = match made.last() {
            Some(before) => Some(anchors(x, before, own.view(), params)?),
            None => None,
        };
        let map = params.map.clone().reduced_for(rows.len());
        let near = umap::nearest(own.view(), &map, progress)?;
        let start = anchors.as_ref().map(|anchors| parted(anchors, map.seed));
        let start = start.as_ref().map(|s| Beginning { places: s.view(), settled: 0.0 });
        let mut places = umap::fit_from(own.view(), &near, start, &map, progress)?;
        let mut tied = None;
        if let Some(anchors) = &anchors {
            let target: Vec<(usize, Array1<f32>)> =
                anchors.rows().into_iter().map(|place| place.to_owned()).enumerate().collect();
            places = umap::aligned(places.view(), &target)?;
            tied = Some(explained(places.view(), anchors.view()));
        }
        made.push(DecadeMap { decade, rows, places, tied });
    }
    Ok(made)
}

/// For each song the mean place of those of an earlier map that it is most like.
fn anchors(
    x: ArrayView2<f32>,
    before: &DecadeMap,
    own: ArrayView2<f32>,
    params: &DecadeParams,
) -> Result<Array2<f32>> {
    let index = Index::of_all(x.select(Axis(0), &before.rows), params.map.metric)?;
    let near = index.nearest(own, params.ties.min(before.rows.len()))?;
    let mut anchors = Array2::zeros((own.nrows(), before.places.ncols()));
    for (mut anchor, near) in anchors.rows_mut().into_iter().zip(near.indices.rows()) {
        for &row in near {
            anchor += &before.places.row(row as usize);
        }
        anchor /= near.len() as f32;
    }
    Ok(anchors)
}

fn parted(places: &Array2<f32>, seed: u64) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    places.mapv(|v| v + NOISE * (rng.random::<f32>() - 0.5))
}

/// The share of the variance of places that others explain.
fn explained(places: ArrayView2<f32>, others: ArrayView2<f32>) -> f64 {
    let square = |a: f32, b: f32| f64::from(a - b) * f64::from(a - b);
    let middle = places.mean_axis(Axis(0)).expect("a map has songs");
    let middle = middle.broadcast(places.dim()).expect("as many dimensions");
    let spread: f64 = places.iter().zip(middle).map(|(a, b)| square(*a, *b)).sum();
    let left: f64 = places.iter().zip(others).map(|(a, b)| square(*a, *b)).sum();
    1.0 - left / spread
}

/// Writes `decade,row,x,y` (`decade,row,x,y,z` and so on for more dimensions).
///
/// # Errors
/// [`Error::Project`] when the file cannot be written; [`Error::Parameter`] for maps of more than three
/// dimensions.
pub fn write_maps(path: impl AsRef<Path>, maps: &[DecadeMap]) -> Result<()> {
    let dims = maps.first().map_or(2, |map| map.places.ncols());
    let header = ["decade", "row", "x", "y", "z"];
    if dims > 3 {
        return Err(Error::parameter("dims", dims, "at most 3 for a table of maps"));
    }
    let rows = maps.iter().flat_map(|map| {
        let songs = map.rows.iter().zip(map.places.rows());
        songs.map(move |(row, place)| (map.decade, row, place.to_vec()))
    });
    Ok(write_csv(path, &header[..2 + dims], rows)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_project::Silent;

    use super::*;

    /// Four groups in each of three decades. `shared` says whether they are the same in all.
    fn songs(shared: bool) -> (Array2<f32>, Vec<Option<i32>>, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let years: Vec<Option<i32>> = (0..720).map(|i| Some(1960 + i / 24)).collect();
        let groups: Vec<usize> = (0..720).map(|i| i % 4).collect();
        let centres: Vec<Vec<f32>> =
            (0..12).map(|_| (0..16).map(|_| 6.0 * rng.random::<f32>()).collect()).collect();
        let x = Array2::from_shape_fn((720, 16), |(i, j)| {
            let decade = if shared { 0 } else { i / 240 };
            centres[4 * decade + groups[i]][j] + rng.random::<f32>()
        });
        (x, years, groups)
    }

    fn centres(map: &DecadeMap, groups: &[usize]) -> Vec<Array1<f32>> {
        let of_group = |group| {
            let own: Vec<usize> =
                (0..map.rows.len()).filter(|&i| groups[map.rows[i]] == group).collect();
            map.places.select(Axis(0), &own).mean_axis(Axis(0)).unwrap()
        };
        (0..4).map(of_group).collect()
    }

    #[test]
    fn what_stays_alike_stays_where_it_was() {
        let (x, years, groups) = songs(true);
        let made = maps(x.view(), &years, &DecadeParams::default(), &Silent).unwrap();
        assert_eq!(made.iter().map(|m| m.decade).collect::<Vec<_>>(), [1960, 1970, 1980]);
        assert!(made[0].tied.is_none());
        for pair in made.windows(2) {
            let (before, after) = (centres(&pair[0], &groups), centres(&pair[1], &groups));
            for (group, place) in after.iter().enumerate() {
                let far = |other: &Array1<f32>| (place - other).mapv(|v| v * v).sum();
                let nearest =
                    (0..4).min_by(|&a, &b| far(&before[a]).total_cmp(&far(&before[b]))).unwrap();
                assert_eq!(nearest, group);
            }
            assert!(pair[1].tied.unwrap() > 0.7, "{:?}", pair[1].tied);
        }
        let again = maps(x.view(), &years, &DecadeParams::default(), &Silent).unwrap();
        assert_eq!(again, made);
        // Made one by one, they lie in any way.
        let alone = |decade: usize, seed| {
            let own = x.select(Axis(0), &made[decade].rows);
            let params = UmapParams { seed, ..UmapParams::default() };
            umap::fit(own.view(), &params, &Silent).unwrap()
        };
        let (first, second) = (alone(0, 1), alone(1, 2));
        assert!(explained(second.view(), first.view()) < made[1].tied.unwrap());
    }

    #[test]
    fn another_music_is_tied_less() {
        let tied = |shared| {
            let (x, years, _) = songs(shared);
            let made = maps(x.view(), &years, &DecadeParams::default(), &Silent).unwrap();
            made[1].tied.unwrap()
        };
        let (same, other) = (tied(true), tied(false));
        assert!(other < same, "{other} {same}");
    }

    #[test]
    fn small_decades_are_left_out_and_wrong_numbers_named() {
        let (x, mut years, _) = songs(true);
        years[..230].fill(None);
        let made = maps(x.view(), &years, &DecadeParams::default(), &Silent).unwrap();
        assert_eq!(made.len(), 2);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decade_maps.csv");
        write_maps(&path, &made).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with("decade,row,x,y\n1970,240,"), "{}", &text[..40]);
        assert_eq!(text.lines().count(), 481);
        let few = DecadeParams { least: 4, ..DecadeParams::default() };
        assert!(maps(x.view(), &years, &few, &Silent).is_err());
        assert!(maps(x.view(), &years[1..], &DecadeParams::default(), &Silent).is_err());
    }
}
