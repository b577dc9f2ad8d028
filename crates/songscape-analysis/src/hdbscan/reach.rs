//! Which of the clustered points a new point reaches first.

use super::boruvka::over_nodes;
use super::kd_tree::KdTree;
use super::points::Points;
use super::spanning_tree::TREE_DIMS;

/// What a new point meets among those that were clustered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Met {
    /// A point in the same place: of several the first.
    Equal(usize),
    /// The point that it reaches first, at this mutual reachability distance; of those that tie the
    /// nearest, then the first.
    Reached(usize, f64),
}

/// The clustered points, ready to be met: in few dimensions in a k-d tree, otherwise one after the other.
pub(super) struct Reach<'a> {
    points: &'a Points,
    /// The core distance of each point.
    core: &'a [f64],
    min_samples: usize,
    tree: Option<Tree>,
}

struct Tree {
    tree: KdTree,
    /// For each node the smallest core distance of its points.
    least: Vec<f64>,
}

/// The best so far: mutual reachability, distance, row.
type Best = (f64, f64, usize);

fn before(a: Best, b: Best) -> bool {
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)).is_lt()
}

const NOTHING: Best = (f64::INFINITY, f64::INFINITY, usize::MAX);

impl<'a> Reach<'a> {
    pub fn new(points: &'a Points, core: &'a [f64], min_samples: usize) -> Self {
        let tree = (points.dims() <= TREE_DIMS && !points.is_empty()).then(|| {
            let tree = KdTree::new(points.values(), points.dims(), points.metric());
            let core: Vec<f64> = tree.rows.iter().map(|&row| core[row as usize]).collect();
            let least = over_nodes(&tree, &core, f64::min);
            Tree { tree, least }
        });
        Self { points, core, min_samples: min_samples.min(points.len()), tree }
    }

    /// What a place, prepared as the points are, meets; nothing where there are no points.
    pub fn meet(&self, place: &[f64], pending: &mut Vec<(f64, u32)>) -> Option<Met> {
        let found = match &self.tree {
            Some(tree) => self.meet_in(tree, place, pending),
            None => self.meet_any(place),
        };
        Some(found).filter(|found| *found != Met::Reached(usize::MAX, f64::INFINITY))
    }

    fn meet_in(
        &self,
        Tree { tree, least }: &Tree,
        place: &[f64],
        pending: &mut Vec<(f64, u32)>,
    ) -> Met {
        let near = tree.nearest_to(place, None, self.min_samples, pending);
        if near.first().is_some_and(|nearest| nearest.0 == 0.0)
            && let Some(own) = self.equal_in(tree, place, pending)
        {
            return Met::Equal(own);
        }
        let core = near.last().map_or(0.0, |farthest| self.points.length(farthest.0));
        let mut best = NOTHING;
        pending.clear();
        pending.push((0.0, 0));
        while let Some((key, node)) = pending.pop() {
            let node = node as usize;
            let distance = self.points.length(key);
            // A tie may still be won by a smaller row.
            if before((best.0, best.1, 0), (distance.max(core).max(least[node]), distance, 0)) {
                continue;
            }
            if !tree.is_leaf(node) {
                tree.push_children(place, node, f64::INFINITY, pending);
                continue;
            }
            let (start, end) = tree.ranges[node];
            for (q, &key) in (start..end).zip(&tree.keys_to_leaf(place, node)) {
                let row = tree.rows[q as usize] as usize;
                let distance = self.points.length(key);
                let found = (distance.max(core).max(self.core[row]), distance, row);
                if before(found, best) {
                    best = found;
                }
            }
        }
        Met::Reached(best.2, best.0)
    }

    /// The first row in the same place.
    fn equal_in(
        &self,
        tree: &KdTree,
        place: &[f64],
        pending: &mut Vec<(f64, u32)>,
    ) -> Option<usize> {
        let mut first: Option<usize> = None;
        pending.clear();
        pending.push((0.0, 0));
        while let Some((_, node)) = pending.pop() {
            let node = node as usize;
            if !tree.is_leaf(node) {
                tree.push_children(place, node, f64::MIN_POSITIVE, pending);
                continue;
            }
            let (start, end) = tree.ranges[node];
            let rows = tree.rows[start as usize..end as usize].iter().map(|&row| row as usize);
            first = rows.filter(|&row| self.points.row(row) == place).chain(first).min();
        }
        first
    }

    /// The same among points of many dimensions.
    fn meet_any(&self, place: &[f64]) -> Met {
        let mut distances: Vec<f64> =
            (0..self.points.len()).map(|j| self.points.distance_to(place, j)).collect();
        let mut at_place = (0..distances.len()).filter(|&j| distances[j] == 0.0);
        if let Some(own) = at_place.find(|&j| self.points.row(j) == place) {
            return Met::Equal(own);
        }
        let mut sorted = distances.clone();
        let Some(rank) = self.min_samples.checked_sub(1) else {
            return Met::Reached(NOTHING.2, NOTHING.0);
        };
        let core = *sorted.select_nth_unstable_by(rank, f64::total_cmp).1;
        let best = distances
            .drain(..)
            .enumerate()
            .map(|(row, distance)| (distance.max(core).max(self.core[row]), distance, row))
            .fold(NOTHING, |best, found| if before(found, best) { found } else { best });
        Met::Reached(best.2, best.0)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::{HdbscanParams, fit};
    use super::*;
    use crate::neighbors::Metric;

    #[test]
    fn the_tree_meets_what_measuring_all_points_meets() -> crate::Result<()> {
        // A grid with equal points and many ties, and one without.
        for (step, d) in [(7, 2), (101, 3), (13, 1)] {
            let x = Array2::from_shape_fn((400, d), |(i, j)| ((i * (3 + 4 * j)) % step) as f64);
            let new = Array2::from_shape_fn((200, d), |(i, j)| ((i * (5 + j)) % 223) as f64 / 2.0);
            for metric in [Metric::Euclidean, Metric::Manhattan] {
                let params = HdbscanParams { metric, ..HdbscanParams::default() };
                let clusters = fit(x.view(), &params)?;
                let points = Points::new(x.view(), metric);
                let own = points.beside(new.view());
                let searched = Reach::new(&points, &clusters.core, params.min_samples);
                let all = Reach { tree: None, ..Reach::new(&points, &clusters.core, 10) };
                let mut equal = 0;
                for i in 0..own.len() {
                    let found = searched.meet(own.row(i), &mut Vec::new());
                    assert_eq!(found, all.meet(own.row(i), &mut Vec::new()), "{metric:?} {i}");
                    equal += usize::from(matches!(found, Some(Met::Equal(_))));
                }
                assert!(equal > 0);
            }
        }
        Ok(())
    }
}
