//! The rise and fall of clusters over the years.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::write_csv;

use crate::error::Result;
use crate::music::tables::shares_per_year;

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
/// [`Error::LengthMismatch`](crate::Error::LengthMismatch).
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

/// Writes `label,songs,early,late,slope_per_decade,peak`.
///
/// # Errors
/// [`Error::Project`](crate::Error::Project) when the file cannot be written.
pub fn write_trends(path: impl AsRef<Path>, trends: &[Trend]) -> Result<()> {
    let header = ["label", "songs", "early", "late", "slope_per_decade", "peak"];
    Ok(write_csv(path, &header, trends)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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
}
