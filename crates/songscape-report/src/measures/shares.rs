//! The share of each cluster in each group of years.

use std::collections::BTreeMap;

use super::year_groups::YearGroups;
use super::{dated, largest};
use crate::input::ReportInput;

/// Shares of fewer songs than this are mostly chance: one song more or less is 8%.
pub(crate) const ENOUGH: usize = 12;
/// Clusters that are too many to be told apart, put together.
pub(crate) const OTHERS: i32 = i32::MAX;

/// Songs by group of years and cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shares {
    /// Groups of [`ENOUGH`] songs or more.
    pub years: YearGroups,
    /// For each group the number of songs of each cluster that has any.
    pub counts: Vec<BTreeMap<i32, usize>>,
}

/// The shares among songs with a year.
pub(crate) fn shares(input: &ReportInput) -> Shares {
    let years = YearGroups::new(&dated(input), ENOUGH).merged(ENOUGH);
    let count = |rows: &Vec<usize>| {
        let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
        for &row in rows {
            *counts.entry(input.songs[row].cluster).or_default() += 1;
        }
        counts
    };
    let counts = years.groups.iter().map(|group| count(&group.rows)).collect();
    Shares { years, counts }
}

impl Shares {
    /// The clusters that have songs, −1 first.
    pub fn clusters(&self) -> Vec<i32> {
        let mut all: Vec<i32> = self.counts.iter().flat_map(|row| row.keys().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The same with small clusters put together as [`OTHERS`] where there are too many to be told
    /// apart.
    pub fn side_by_side(&self) -> Self {
        let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
        for (&cluster, songs) in self.counts.iter().flatten() {
            *sizes.entry(cluster).or_default() += songs;
        }
        let kept = largest(sizes.into_iter());
        let shown = |&cluster: &i32| {
            if cluster < 0 || kept.contains(&cluster) { cluster } else { OTHERS }
        };
        let put_together = |row: &BTreeMap<i32, usize>| {
            let mut out: BTreeMap<i32, usize> = BTreeMap::new();
            for (cluster, songs) in row {
                *out.entry(shown(cluster)).or_default() += songs;
            }
            out
        };
        Self { years: self.years.clone(), counts: self.counts.iter().map(put_together).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    #[test]
    fn no_share_is_of_fewer_songs_than_enough() {
        let song = |year, cluster| SongRow { year: Some(year), cluster, ..SongRow::default() };
        let mut songs: Vec<SongRow> =
            (1960..2020).flat_map(|year| (0..20).map(move |i| song(year, i % 2))).collect();
        songs.extend([song(2020, 0), song(2020, 1)]);
        let found = shares(&ReportInput { songs, ..ReportInput::default() });
        let last = found.years.groups.last();
        assert_eq!(last.map(|group| (group.first, group.last)), Some((2019, 2020)));
        assert_eq!(found.counts.last(), Some(&BTreeMap::from([(0, 11), (1, 11)])));
        assert_eq!(found.clusters(), [0, 1]);
    }

    #[test]
    fn small_clusters_are_put_together() {
        let song = |cluster| SongRow { year: Some(2000), cluster, ..SongRow::default() };
        let songs = (-1..100).flat_map(|cluster| [song(cluster), song(cluster.min(59))]).collect();
        let found = shares(&ReportInput { songs, ..ReportInput::default() }).side_by_side();
        assert_eq!(found.clusters().len(), 62);
        assert_eq!(found.counts[0][&OTHERS], 40);
    }
}
