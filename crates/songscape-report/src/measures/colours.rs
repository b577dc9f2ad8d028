//! Which cluster has which colour.

use std::collections::BTreeMap;

use super::map::{Centre, centres, range};
use crate::input::ReportInput;
use crate::palette::{self, CLUSTERS, Rgb};
use crate::vision::distance;

/// The colours of a report's clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterColours(BTreeMap<i32, Rgb>);

impl ClusterColours {
    /// Of a cluster; clusters that are not on the map have that of their number.
    pub fn of(&self, cluster: i32) -> Rgb {
        self.0.get(&cluster).copied().unwrap_or_else(|| palette::cluster(cluster))
    }

    /// Those on the map.
    pub fn all(&self) -> &BTreeMap<i32, Rgb> {
        &self.0
    }
}

/// Colours such that clusters side by side on the map differ most: of as many colours as there are
/// clusters, the largest cluster gets the first, and every next one that which is farthest from the
/// colours of the clusters near it. Of more clusters than colours, some share one.
pub(crate) fn cluster_colours(input: &ReportInput) -> ClusterColours {
    let centres = centres(input);
    let side = [0, 1].map(|axis| {
        let (low, high) = range(input, axis);
        high - low
    });
    let across = side[0].max(side[1]);
    let colours = &CLUSTERS[..centres.len().min(CLUSTERS.len())];
    let mut given: Vec<(Centre, usize)> = Vec::new();
    for centre in centres {
        let unused = |colour: &usize| given.iter().all(|(_, other)| other != colour);
        let free: Vec<usize> = match (0..colours.len()).filter(unused).collect::<Vec<_>>() {
            none if none.is_empty() => (0..colours.len()).collect(),
            free => free,
        };
        // Clusters on top of each other count ten times as much as those at opposite ends.
        let apart = |colour: usize| {
            let from = |(other, its): &(Centre, usize)| {
                let far =
                    (other.place[0] - centre.place[0]).hypot(other.place[1] - centre.place[1]);
                let far = if across > 0.0 { far / across } else { 0.0 };
                distance(colours[colour], colours[*its]) * (far + 0.1)
            };
            given.iter().map(from).fold(f64::INFINITY, f64::min)
        };
        let best = free.into_iter().map(|colour| (apart(colour), colour));
        // The first of equally good ones.
        let best = best.reduce(|best, next| if next.0 > best.0 { next } else { best });
        if let Some((_, colour)) = best {
            given.push((centre, colour));
        }
    }
    ClusterColours(given.into_iter().map(|(c, colour)| (c.cluster, colours[colour])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    fn on_a_grid(clusters: i32) -> ReportInput {
        let song = |cluster: i32| SongRow {
            cluster,
            map: [(cluster % 6) as f32, (cluster / 6) as f32],
            ..SongRow::default()
        };
        ReportInput { songs: (0..clusters).map(song).collect(), ..ReportInput::default() }
    }

    /// The smallest distance between the colours of clusters next to each other.
    fn least(input: &ReportInput, of: impl Fn(i32) -> Rgb) -> f64 {
        let mut least = f64::INFINITY;
        for one in &input.songs {
            for other in &input.songs[..one.cluster as usize] {
                let far = (one.map[0] - other.map[0]).hypot(one.map[1] - other.map[1]);
                if far <= 1.0 {
                    least = least.min(distance(of(one.cluster), of(other.cluster)));
                }
            }
        }
        least
    }

    #[test]
    fn clusters_side_by_side_differ_more_than_any_two_colours() {
        let input = on_a_grid(30);
        let colours = cluster_colours(&input);
        let (chosen, by_number) =
            (least(&input, |c| colours.of(c)), least(&input, palette::cluster));
        assert!(chosen > 0.1, "{chosen}, by number {by_number}");
        let mut all: Vec<Rgb> = colours.all().values().copied().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 30, "each has its own");
    }

    #[test]
    fn any_number_of_clusters_has_colours() {
        let colours = cluster_colours(&on_a_grid(36));
        assert_eq!(colours.all().len(), 36);
        assert_eq!(colours.of(-1), palette::NO_CLUSTER);
        assert_eq!(cluster_colours(&on_a_grid(1)).of(0), CLUSTERS[0]);
        assert!(cluster_colours(&ReportInput::default()).all().is_empty());
    }
}
