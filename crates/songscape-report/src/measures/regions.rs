//! Regions of the map: the analysis' groups of clusters, with words for all songs of one.

use std::collections::{BTreeMap, BTreeSet};

use super::map::{Centre, centres_of};
use super::names::names_of;
use crate::input::ReportInput;

/// Fewer clusters need no level above them.
const FEWEST: usize = 12;

/// Clusters that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Region {
    pub clusters: Vec<i32>,
    /// What its songs have more of than the others.
    pub words: String,
    pub place: [f64; 2],
}

/// The regions that have words and hold at least two clusters, the largest first.
pub(crate) fn regions(input: &ReportInput) -> Vec<Region> {
    let mut clusters: BTreeMap<i32, BTreeSet<i32>> = BTreeMap::new();
    for song in input.songs.iter().filter(|song| song.cluster >= 0 && song.group >= 0) {
        clusters.entry(song.group).or_default().insert(song.cluster);
    }
    if clusters.values().map(BTreeSet::len).sum::<usize>() < FEWEST {
        return Vec::new();
    }
    clusters.retain(|_, clusters| clusters.len() > 1);
    let groups = || input.songs.iter().map(|song| song.group);
    let mut words = names_of(input, groups());
    let region = |Centre { cluster: group, place, .. }: Centre| {
        let clusters = clusters.remove(&group)?.into_iter().collect();
        Some(Region { clusters, words: words.remove(&group)?, place })
    };
    centres_of(input, groups()).into_iter().filter_map(region).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    /// Four groups of `clusters / 4` clusters of ten songs each; every group has its genre.
    fn library(clusters: usize) -> ReportInput {
        let songs = clusters * 10;
        let song = |i: usize| SongRow {
            cluster: (i / 10) as i32,
            group: (i * 4 / songs) as i32,
            map: [(i / 10) as f32, (i % 10) as f32],
            extra: vec![["waltz", "march", "swing", "rock"][i * 4 / songs].into()],
            ..SongRow::default()
        };
        ReportInput {
            columns: vec!["genre".into()],
            songs: (0..songs).map(song).collect(),
            ..ReportInput::default()
        }
    }

    #[test]
    fn groups_have_words_and_places() {
        let found = regions(&library(16));
        let words: Vec<&str> = found.iter().map(|region| region.words.as_str()).collect();
        assert_eq!(words, ["waltz", "march", "swing", "rock"]);
        assert_eq!(found[1].clusters, [4, 5, 6, 7]);
        assert_eq!(found[1].place[0], 6.0);
    }

    #[test]
    fn few_clusters_and_groups_of_one_have_no_regions() {
        assert!(regions(&library(8)).is_empty());
        assert!(regions(&ReportInput::default()).is_empty());
        let mut input = library(16);
        input.songs.iter_mut().for_each(|song| song.group = song.cluster);
        assert!(regions(&input).is_empty());
    }
}
