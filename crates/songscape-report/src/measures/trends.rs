//! Which clusters rise and fall.

use std::collections::BTreeMap;

use super::chance::wilson;
use super::dated;
use super::shares::{ENOUGH, Shares};
use crate::input::ReportInput;

/// A cluster's share of the songs in the first and in the last third of the years.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trend {
    pub cluster: i32,
    /// Share of the early songs, with its 95% interval.
    pub early: (f64, (f64, f64)),
    /// Share of the late songs, with its 95% interval.
    pub late: (f64, (f64, f64)),
}

/// The trends of all clusters, and the years that they compare.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trends {
    /// First and last year of the early third, both counted.
    pub early: (i32, i32),
    /// Of the late third.
    pub late: (i32, i32),
    /// −1 is not among them; by number.
    pub clusters: Vec<Trend>,
}

impl Trend {
    /// Whether the shares differ by more than chance: their 95% intervals do not overlap. That is
    /// stricter than a test of the difference, as many clusters are compared at once.
    pub fn is_certain(&self) -> bool {
        let ((_, early), (_, late)) = (self.early, self.late);
        early.1 < late.0 || late.1 < early.0
    }

    /// By how much the share rises, in parts of all songs.
    pub fn rise(&self) -> f64 {
        self.late.0 - self.early.0
    }
}

/// `None` where a third has fewer than [`ENOUGH`] songs, or the years are fewer than three.
pub(crate) fn trends(input: &ReportInput) -> Option<Trends> {
    let dated = dated(input);
    let first = dated.iter().map(|song| song.1).min()?;
    let last = dated.iter().map(|song| song.1).max()?;
    let third = (i64::from(last) - i64::from(first) + 1) / 3;
    if third < 1 {
        return None;
    }
    let third = i32::try_from(third).ok()?;
    let (early, late) = ((first, first + third - 1), (last - third + 1, last));
    let mut counts: BTreeMap<i32, [usize; 2]> = BTreeMap::new();
    let mut totals = [0; 2];
    for (row, year) in dated {
        let cluster = counts.entry(input.songs[row].cluster).or_default();
        for (i, ends) in [early, late].into_iter().enumerate() {
            if (ends.0..=ends.1).contains(&year) {
                cluster[i] += 1;
                totals[i] += 1;
            }
        }
    }
    if totals.iter().any(|&total| total < ENOUGH) {
        return None;
    }
    let share = |count: usize, total: usize| {
        let share = count as f64 / total as f64;
        (share, wilson(share, total))
    };
    let clusters = counts.into_iter().filter(|(cluster, _)| *cluster >= 0);
    let clusters = clusters.map(|(cluster, [one, two])| Trend {
        cluster,
        early: share(one, totals[0]),
        late: share(two, totals[1]),
    });
    Some(Trends { early, late, clusters: clusters.collect() })
}

/// A cluster's share over time, `(middle of the group of years, share)`; 0 where it has no song.
pub(crate) fn course(shares: &Shares, cluster: i32) -> Vec<(f64, f64)> {
    let groups = shares.years.groups.iter().zip(&shares.counts);
    let share = |songs: Option<&usize>, all: usize| songs.map_or(0.0, |&n| n as f64 / all as f64);
    groups
        .map(|(group, counts)| (group.middle(), share(counts.get(&cluster), group.rows.len())))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    #[test]
    fn a_rise_is_certain_when_intervals_part() {
        // Cluster 1 takes over from cluster 0; cluster 2 is rare all the time.
        let song = |i: i32| SongRow {
            year: Some(1960 + i % 60),
            cluster: if i % 50 == 7 { 2 } else { i32::from(i % 60 >= 30) },
            ..SongRow::default()
        };
        let input = ReportInput { songs: (0..600).map(song).collect(), ..ReportInput::default() };
        let found = trends(&input).unwrap();
        assert_eq!((found.early, found.late), ((1960, 1979), (2000, 2019)));
        let certain: Vec<(i32, bool)> =
            found.clusters.iter().map(|t| (t.cluster, t.is_certain())).collect();
        assert_eq!(certain, [(0, true), (1, true), (2, false)]);
        assert!(found.clusters[1].rise() > 0.9);
        let few = ReportInput { songs: (0..9).map(song).collect(), ..ReportInput::default() };
        assert_eq!(trends(&few), None);
    }
}
