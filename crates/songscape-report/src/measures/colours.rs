//! Which cluster has which colour.

use std::collections::BTreeMap;

use super::layout::Layout;
use super::map::{Centre, centres};
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
/// clusters, the largest cluster gets the first, and every next one that which differs most from those
/// near it; then clusters exchange colours for as long as that parts neighbors better. Of more clusters
/// than colours, some share one.
pub(crate) fn cluster_colours(input: &ReportInput) -> ClusterColours {
    let layout = Layout::of(input);
    let mut centres = centres(input);
    centres.iter_mut().for_each(|centre| centre.place = layout.point(centre.place));
    let sides = [0, 1].map(|axis| {
        let (low, high) = layout.range(axis);
        high - low
    });
    let board = Board::new(&centres, sides[0].max(sides[1]));
    let mut given: Vec<usize> = Vec::with_capacity(centres.len());
    for at in 0..centres.len() {
        let unused: Vec<usize> = (0..board.colours()).filter(|c| !given.contains(c)).collect();
        let free = if unused.is_empty() { (0..board.colours()).collect() } else { unused };
        let cost = |colour: usize| board.cost(&given, at, colour, at);
        // The first of equally good ones.
        let best = free.into_iter().map(|colour| (cost(colour), colour));
        let best = best.reduce(|best, next| if next.0 < best.0 { next } else { best });
        given.extend(best.map(|(_, colour)| colour));
    }
    board.exchange(&mut given);
    let colour = |(centre, &colour): (&Centre, &usize)| (centre.cluster, CLUSTERS[colour]);
    ClusterColours(centres.iter().zip(&given).map(colour).collect())
}

/// How near clusters are on the map, and how far colours are apart.
struct Board {
    /// Between 1 (opposite ends) and 100 (on top of each other).
    near: Vec<Vec<f64>>,
    apart: Vec<Vec<f64>>,
}

impl Board {
    fn new(centres: &[Centre], across: f64) -> Self {
        let near = |one: &Centre, other: &Centre| {
            let far = (one.place[0] - other.place[0]).hypot(one.place[1] - other.place[1]);
            let far = if across > 0.0 { far / across } else { 0.0 };
            1.0 / (far + 0.1).powi(2)
        };
        let colours = &CLUSTERS[..centres.len().min(CLUSTERS.len())];
        let each = |one| colours.iter().map(|&other| distance(one, other).max(0.01)).collect();
        Self {
            near: centres.iter().map(|a| centres.iter().map(|b| near(a, b)).collect()).collect(),
            apart: colours.iter().map(|&one| each(one)).collect(),
        }
    }

    fn colours(&self) -> usize {
        self.apart.len()
    }

    /// How much a colour at one cluster is mistaken for those of the others, `but` left out: nearness
    /// over the square of the distance.
    fn cost(&self, given: &[usize], at: usize, colour: usize, but: usize) -> f64 {
        let others = given.iter().enumerate().filter(|(i, _)| *i != at && *i != but);
        others.map(|(i, &other)| self.near[at][i] / self.apart[colour][other].powi(2)).sum()
    }

    /// Exchanges the colours of two clusters wherever that lowers the cost, until it does nowhere.
    fn exchange(&self, given: &mut [usize]) {
        const ROUNDS: usize = 20;
        // Those that are seen; of more, the work would grow with the cube.
        const LARGEST: usize = 60;
        for _ in 0..ROUNDS {
            let mut changed = false;
            for one in 0..given.len().min(LARGEST) {
                for other in 0..one {
                    let (a, b) = (given[one], given[other]);
                    let cost =
                        |a, b| self.cost(given, one, a, other) + self.cost(given, other, b, one);
                    // A little must be gained, or rounding could exchange for ever.
                    if a != b && cost(b, a) < cost(a, b) * (1.0 - 1e-9) {
                        given.swap(one, other);
                        changed = true;
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }
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
        assert!(chosen > 0.11, "{chosen}, by number {by_number}");
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
