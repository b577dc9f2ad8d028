//! Regions of the map: clusters that are one branch of the condensed tree, with words for all of them.

use std::collections::BTreeMap;

use songscape_analysis::music::tables::ClusterTree;

use super::map::{Centre, centres_of};
use super::names::names_of;
use crate::input::ReportInput;

/// Fewer clusters need no level above them.
const FEWEST: usize = 12;
/// Regions that the tree is cut into: the root of the number of clusters, within these.
const REGIONS: (usize, usize) = (3, 8);

/// Clusters that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Region {
    pub clusters: Vec<i32>,
    /// What its songs have more of than the others.
    pub words: String,
    pub place: [f64; 2],
}

/// The regions that have words, the largest first.
pub(crate) fn regions(input: &ReportInput) -> Vec<Region> {
    let Some(tree) = &input.tree else { return Vec::new() };
    let branches = branches(tree);
    let of: BTreeMap<i32, i32> = (0..)
        .zip(&branches)
        .flat_map(|(branch, clusters)| clusters.iter().map(move |&cluster| (cluster, branch)))
        .collect();
    let groups: Vec<i32> =
        input.songs.iter().map(|song| of.get(&song.cluster).copied().unwrap_or(-1)).collect();
    let mut words = names_of(input, &groups);
    let region = |Centre { cluster: branch, place, .. }: Centre| {
        let words = words.remove(&branch)?;
        Some(Region { clusters: branches[branch as usize].clone(), words, place })
    };
    centres_of(input, groups.iter().copied()).into_iter().filter_map(region).collect()
}

/// The chosen clusters in branches of at least two: the branch with most of them is split again and again.
fn branches(tree: &ClusterTree) -> Vec<Vec<i32>> {
    let nodes = &tree.tree.clusters;
    let mut below: Vec<Vec<i32>> =
        tree.labels.iter().map(|l| l.iter().copied().collect()).collect();
    // Parents come before their children.
    for node in (1..nodes.len()).rev() {
        let own = below[node].clone();
        if let Some(parent) = nodes[node].parent {
            below[parent].extend(own);
        }
    }
    let all = below.first().map_or(0, Vec::len);
    if all < FEWEST {
        return Vec::new();
    }
    let wanted = ((all as f64).sqrt().round() as usize).clamp(REGIONS.0, REGIONS.1);
    let mut cut = vec![0];
    while cut.len() < wanted {
        let largest = (0..cut.len()).max_by_key(|&i| below[cut[i]].len());
        let Some(at) = largest.filter(|&i| below[cut[i]].len() > 1) else { break };
        let node = cut.swap_remove(at);
        let children = nodes[node].children.iter().copied();
        cut.extend(children.filter(|&child| !below[child].is_empty()));
    }
    let mut found: Vec<Vec<i32>> =
        cut.into_iter().map(|node| below[node].clone()).filter(|c| c.len() > 1).collect();
    found.iter_mut().for_each(|clusters| clusters.sort_unstable());
    found.sort();
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_analysis::music::tables::TreeRow;

    use super::*;
    use crate::input::SongRow;

    /// Four branches of `clusters / 4` clusters of ten songs each; every branch has its genre.
    fn library(clusters: usize) -> ReportInput {
        let songs = clusters * 10;
        let song = |i: usize| SongRow {
            cluster: (i / 10) as i32,
            map: [(i / 10) as f32, (i % 10) as f32],
            extra: vec![["waltz", "march", "swing", "rock"][i * 4 / songs].into()],
            ..SongRow::default()
        };
        let row = |parent, child, size, label| TreeRow { parent, child, lambda: 1.0, size, label };
        let mut rows = Vec::new();
        for branch in 0..4 {
            rows.push(row(songs, songs + 1 + branch, songs / 4, None));
        }
        for cluster in 0..clusters {
            let parent = songs + 1 + cluster * 4 / clusters;
            rows.push(row(parent, songs + 5 + cluster, 10, Some(cluster as i32)));
        }
        rows.extend((0..songs).map(|i| row(songs + 5 + i / 10, i, 1, None)));
        ReportInput {
            columns: vec!["genre".into()],
            tree: Some(ClusterTree::from_rows(&rows, songs).unwrap()),
            songs: (0..songs).map(song).collect(),
            ..ReportInput::default()
        }
    }

    #[test]
    fn branches_have_words_and_places() {
        let found = regions(&library(16));
        let words: Vec<&str> = found.iter().map(|region| region.words.as_str()).collect();
        assert_eq!(words, ["waltz", "march", "swing", "rock"]);
        assert_eq!(found[1].clusters, [4, 5, 6, 7]);
        assert_eq!(found[1].place[0], 6.0);
    }

    #[test]
    fn few_clusters_have_no_regions() {
        assert!(regions(&library(8)).is_empty());
        assert!(regions(&ReportInput::default()).is_empty());
    }
}
