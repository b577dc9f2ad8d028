//! The tables behind the figures, and their CSV files.

mod read;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use songscape_project::write_csv;

pub use read::{
    NeighborRow, read_clusters, read_condensed_tree, read_neighbors, read_outliers,
    read_representatives, read_years,
};
pub use tree::{ClusterTree, TreeRow};

use super::Representatives;
use super::years::YearPredictions;
use crate::error::{Error, Result};
use crate::hdbscan::Clusters;
use crate::metrics::quantile;

/// How many of a year's songs are in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct YearShare {
    /// The year.
    pub year: i32,
    /// The cluster, −1 for none.
    pub label: i32,
    /// The number of songs.
    pub songs: usize,
    /// Their share among the year's songs, 0 to 1.
    pub share: f64,
}

/// The release years of a cluster's songs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClusterYears {
    /// The cluster, −1 for none.
    pub label: i32,
    /// The number of its songs that have a year.
    pub songs: usize,
    /// The first year.
    pub first: i32,
    /// The year that a quarter of the songs are not after.
    pub lower_quartile: f32,
    /// The median year.
    pub median: f32,
    /// The year that three quarters of the songs are not after.
    pub upper_quartile: f32,
    /// The last year.
    pub last: i32,
}

/// The share of every cluster in every year that has songs: one entry for each year and cluster,
/// zeros included, by year, then by cluster. Songs without a year are left out.
///
/// ```
/// use songscape_analysis::music::tables::shares_per_year;
///
/// let shares = shares_per_year(&[0, 0, 1, -1], &[Some(1990), Some(1991), Some(1991), None])?;
/// let last = shares[3];
/// assert_eq!((last.year, last.label, last.share), (1991, 1, 0.5));
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// [`Error::LengthMismatch`].
pub fn shares_per_year(labels: &[i32], years: &[Option<i32>]) -> Result<Vec<YearShare>> {
    let songs = with_year(labels, years)?;
    let mut clusters: Vec<i32> = songs.iter().map(|s| s.0).collect();
    clusters.sort_unstable();
    clusters.dedup();
    let mut counts: BTreeMap<i32, BTreeMap<i32, usize>> = BTreeMap::new();
    for (label, year) in songs {
        *counts.entry(year).or_default().entry(label).or_default() += 1;
    }
    let mut out = Vec::with_capacity(counts.len() * clusters.len());
    for (year, in_year) in counts {
        let total: usize = in_year.values().sum();
        for &label in &clusters {
            let songs = in_year.get(&label).copied().unwrap_or(0);
            out.push(YearShare { year, label, songs, share: songs as f64 / total as f64 });
        }
    }
    Ok(out)
}

/// The years of every cluster that has songs with a year, by cluster.
///
/// # Errors
/// [`Error::LengthMismatch`].
pub fn years_per_cluster(labels: &[i32], years: &[Option<i32>]) -> Result<Vec<ClusterYears>> {
    let mut found: BTreeMap<i32, Vec<f32>> = BTreeMap::new();
    for (label, year) in with_year(labels, years)? {
        found.entry(label).or_default().push(year as f32);
    }
    let summary = |(label, years): (i32, Vec<f32>)| {
        let at = |q| quantile(&years, q).expect("a cluster is listed for its years");
        ClusterYears {
            label,
            songs: years.len(),
            first: at(0.0) as i32,
            lower_quartile: at(0.25),
            median: at(0.5),
            upper_quartile: at(0.75),
            last: at(1.0) as i32,
        }
    };
    Ok(found.into_iter().map(summary).collect())
}

fn with_year(labels: &[i32], years: &[Option<i32>]) -> Result<Vec<(i32, i32)>> {
    if labels.len() != years.len() {
        let (found, expected) = (years.len(), labels.len());
        return Err(Error::LengthMismatch { what: "years", found, expected });
    }
    Ok(labels.iter().zip(years).filter_map(|(&l, y)| y.map(|y| (l, y))).collect())
}

/// Groups that `clusters.csv` puts clusters into at most.
pub const GROUPS: usize = 7;

/// Writes `row,label,probability,glosh,nearest,membership,group` ([`ClusterRow`]); `points` `[n, m]` are what
/// was clustered.
///
/// # Errors
/// Those of [`Clusters::memberships`]; [`Error::Project`] when the file cannot be written.
pub fn write_clusters(
    path: impl AsRef<Path>,
    clusters: &Clusters,
    points: ArrayView2<f64>,
) -> Result<()> {
    let memberships = clusters.memberships(points)?;
    let groups = clusters.groups(GROUPS);
    let rows = (0..clusters.labels().len()).map(|row| {
        let label = clusters.labels()[row];
        let soft = memberships.row(row);
        // The first of those that are level; a clustered point is nearest to its own.
        let best = (0..soft.len())
            .reduce(|best, other| if soft[other] > soft[best] { other } else { best });
        let nearest = usize::try_from(label).ok().or(best);
        ClusterRow {
            row,
            label,
            probability: clusters.probabilities()[row],
            glosh: clusters.glosh()[row],
            nearest: nearest.map_or(-1, |nearest| nearest as i32),
            membership: nearest.map_or(0.0, |nearest| soft[nearest]),
            group: groups[row],
        }
    });
    Ok(write_csv(path, &ClusterRow::HEADER, rows)?)
}

impl ClusterRow {
    pub(crate) const HEADER: [&str; 7] =
        ["row", "label", "probability", "glosh", "nearest", "membership", "group"];
}

/// A row of `clusters.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClusterRow {
    /// The song's row.
    pub row: usize,
    /// Its cluster, −1 for none.
    pub label: i32,
    /// How firmly it belongs to it, 0 to 1.
    pub probability: f64,
    /// Its GLOSH score among the points that were clustered ([`Clusters::glosh`]), 0 to 1; 0 where a
    /// table has none.
    #[serde(default)]
    pub glosh: f64,
    /// The cluster that it is in; for an unclustered song the one that it belongs to most by soft membership; −1
    /// where there are no clusters, or a table does not say.
    #[serde(default = "none")]
    pub nearest: i32,
    /// How far it belongs to that cluster ([`Clusters::memberships`]), 0 to 1.
    #[serde(default)]
    pub membership: f64,
    /// The group of clusters that it is in, of at most [`GROUPS`] ([`Clusters::groups`]), −1 for none.
    #[serde(default = "none")]
    pub group: i32,
}

fn none() -> i32 {
    -1
}

/// Writes `row,outlier`, the scores of [`outliers`](crate::outliers).
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_outliers(path: impl AsRef<Path>, scores: &[f64]) -> Result<()> {
    let rows = scores.iter().enumerate().map(|(row, &outlier)| OutlierRow { row, outlier });
    Ok(write_csv(path, &["row", "outlier"], rows)?)
}

/// A row of `outliers.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OutlierRow {
    /// The song's row.
    pub row: usize,
    /// The outlier score: how far the song is from similar songs; 1 for the median song.
    pub outlier: f64,
}

/// Writes `parent,child,lambda,size,label` (see [`TreeRow`]).
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_condensed_tree(path: impl AsRef<Path>, clusters: &Clusters) -> Result<()> {
    let header = ["parent", "child", "lambda", "size", "label"];
    Ok(write_csv(path, &header, ClusterTree::from(clusters).rows())?)
}

/// Writes `row,fold,year,predicted,low,high`; the last two are empty without intervals.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_years(path: impl AsRef<Path>, predictions: &YearPredictions) -> Result<()> {
    Ok(write_csv(path, &["row", "fold", "year", "predicted", "low", "high"], &predictions.rows)?)
}

/// Writes `label,rank,row`, rank 1 for the most typical song.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_representatives(
    path: impl AsRef<Path>,
    representatives: &[Representatives],
) -> Result<()> {
    let rows = representatives
        .iter()
        .flat_map(|r| r.rows.iter().enumerate().map(|(i, &row)| (r.label, i + 1, row)));
    Ok(write_csv(path, &["label", "rank", "row"], rows)?)
}

/// Writes `year,label,songs,share`.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_shares_per_year(path: impl AsRef<Path>, shares: &[YearShare]) -> Result<()> {
    Ok(write_csv(path, &["year", "label", "songs", "share"], shares)?)
}

/// Writes `label,songs,first,lower_quartile,median,upper_quartile,last`.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_years_per_cluster(path: impl AsRef<Path>, clusters: &[ClusterYears]) -> Result<()> {
    let header = ["label", "songs", "first", "lower_quartile", "median", "upper_quartile", "last"];
    Ok(write_csv(path, &header, clusters)?)
}

/// Writes `row,rank,neighbor,distance`, rank 1 for the nearest.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_neighbors(
    path: impl AsRef<Path>,
    neighbors: &crate::neighbors::Neighbors,
) -> Result<()> {
    let rows = neighbors
        .indices
        .indexed_iter()
        .map(|((row, j), &other)| (row, j + 1, other, neighbors.distances[[row, j]]));
    Ok(write_csv(path, &["row", "rank", "neighbor", "distance"], rows)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::hdbscan::{self, HdbscanParams};

    const LABELS: [i32; 5] = [0, 0, 1, -1, 1];
    const YEARS: [Option<i32>; 5] = [Some(1960), Some(1962), Some(1960), Some(1962), None];

    #[test]
    fn shares_of_a_year_sum_to_one() {
        let shares = shares_per_year(&LABELS, &YEARS).unwrap();
        assert_eq!(shares.len(), 6);
        assert_eq!(shares[1], YearShare { year: 1960, label: 0, songs: 1, share: 0.5 });
        for year in [1960, 1962] {
            let sum: f64 = shares.iter().filter(|s| s.year == year).map(|s| s.share).sum();
            assert_eq!(sum, 1.0);
        }
        assert!(shares_per_year(&LABELS, &YEARS[1..]).is_err());
    }

    #[test]
    fn years_of_a_cluster_are_summed_up() {
        let clusters = years_per_cluster(&LABELS, &YEARS).unwrap();
        assert_eq!(clusters.iter().map(|c| c.label).collect::<Vec<_>>(), [-1, 0, 1]);
        assert_eq!((clusters[1].first, clusters[1].median, clusters[1].last), (1960, 1961.0, 1962));
        assert_eq!(clusters[2].songs, 1);
    }

    #[test]
    fn the_condensed_tree_names_what_was_chosen() {
        let x = ndarray::array![[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]];
        let params = HdbscanParams { min_cluster_size: 3, min_samples: 1, ..Default::default() };
        let clusters = hdbscan::fit(x.view(), &params).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tree.csv");
        write_condensed_tree(&path, &clusters).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines.len()), ("parent,child,lambda,size,label", 1 + 2 + 6));
        let chosen = |line: &str, child, label| {
            line.starts_with(&format!("6,{child},0.20")) && line.ends_with(&format!(",3,{label}"))
        };
        assert_eq!(read_condensed_tree(&path, 6).unwrap(), Some(ClusterTree::from(&clusters)));
        let (first, second) = (clusters.labels()[0], clusters.labels()[3]);
        assert_eq!((first.min(second), first.max(second)), (0, 1));
        assert!(chosen(lines[1], 7, first) && chosen(lines[2], 8, second), "{text}");
    }

    #[test]
    fn tables_are_written_with_their_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shares.csv");
        write_shares_per_year(&path, &shares_per_year(&LABELS, &YEARS).unwrap()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("year,label,songs,share\n1960,-1,0,0.0\n1960,0,1,0.5\n"),
            "{text}"
        );
        let typical = [Representatives { label: 3, rows: vec![7, 5] }];
        write_representatives(&path, &typical).unwrap();
        assert_eq!(read_representatives(&path).unwrap(), typical);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "label,rank,row\n3,1,7\n3,2,5\n");
        write_years_per_cluster(&path, &[]).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("label,songs,first,"));
    }
}
