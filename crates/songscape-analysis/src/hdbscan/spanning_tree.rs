//! The minimum spanning tree of the mutual reachability distance.

use songscape_project::Progress;

use super::kd_tree::KdTree;
use super::points::Points;
use super::{boruvka, dense};
use crate::error::{Error, Result};

/// An edge of the spanning tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// One end.
    pub from: usize,
    /// The other end.
    pub to: usize,
    /// The mutual reachability distance: the largest of both core distances and the distance.
    pub length: f64,
}

/// An edge on its way, with the key of its length: what orders lengths without a root.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyEdge {
    pub key: f64,
    pub from: u32,
    pub to: u32,
}

/// Up to so many dimensions the k-d tree is faster than products of all pairs.
pub(super) const TREE_DIMS: usize = 16;

/// For each point `[n]` its core distance, the distance to its `min_samples`-th nearest other point
/// (or to the farthest where there are fewer), and the minimum spanning tree `[n − 1]` of the mutual
/// reachability distance, the shortest edge first. There must be at least two points.
///
/// In few dimensions by Borůvka's method on a k-d tree, otherwise by matrix products; both on all
/// threads and exact. Where edges tie, there are several such trees, all with the same lengths.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn minimum(
    points: &Points,
    min_samples: usize,
    progress: &dyn Progress,
) -> Result<(Vec<f64>, Vec<Edge>)> {
    let interrupted = || progress.interrupted();
    let n = points.len();
    let (mut core, mut edges) = if points.dims() <= TREE_DIMS {
        let tree = KdTree::new(points.values(), points.dims(), points.metric());
        let near = tree.nearest(min_samples.min(n - 1));
        let keys: Vec<f64> =
            near.iter().map(|near| near.last().map_or(0.0, |farthest| farthest.0)).collect();
        let edges: Vec<Edge> = boruvka::spanning_tree(&tree, &keys, &near)
            .iter()
            .map(|e| Edge {
                from: tree.rows[e.from as usize] as usize,
                to: tree.rows[e.to as usize] as usize,
                length: e.key,
            })
            .collect();
        let mut core = vec![0.0; n];
        for (&row, key) in tree.rows.iter().zip(keys) {
            core[row as usize] = key;
        }
        (core, edges)
    } else {
        let (core, edges) = dense::spanning_tree(points, min_samples, &interrupted);
        let edge = |e: KeyEdge| Edge { from: e.from as usize, to: e.to as usize, length: e.key };
        (core, edges.into_iter().map(edge).collect())
    };
    if interrupted() {
        return Err(Error::Interrupted { what: "the search for clusters" });
    }
    core.iter_mut().for_each(|key| *key = points.length(*key));
    edges.iter_mut().for_each(|edge| edge.length = points.length(edge.length));
    edges.sort_by(|a, b| a.length.total_cmp(&b.length));
    Ok((core, edges))
}

/// The sum of the lengths, in ascending order.
pub fn total_weight(edges: &[Edge]) -> f64 {
    edges.iter().map(|e| e.length).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use songscape_project::Silent;

    use super::*;
    use crate::neighbors::Metric;

    /// Core distances by sorting, and Prim's method.
    fn plain(points: &Points, min_samples: usize) -> (Vec<f64>, Vec<f64>) {
        let n = points.len();
        let core: Vec<f64> = (0..n)
            .map(|i| {
                let mut all: Vec<f64> =
                    (0..n).filter(|&j| j != i).map(|j| points.distance(i, j)).collect();
                all.sort_by(f64::total_cmp);
                all[min_samples.min(n - 1) - 1]
            })
            .collect();
        let mut outside: Vec<(f64, usize)> = (1..n).map(|i| (f64::INFINITY, i)).collect();
        let (mut lengths, mut latest) = (Vec::new(), 0);
        while !outside.is_empty() {
            for (length, i) in &mut outside {
                let reach = points.distance(latest, *i).max(core[latest]).max(core[*i]);
                *length = length.min(reach);
            }
            outside.sort_by(|a, b| b.partial_cmp(a).unwrap_or(std::cmp::Ordering::Equal));
            if let Some((length, i)) = outside.pop() {
                lengths.push(length);
                latest = i;
            }
        }
        lengths.sort_by(f64::total_cmp);
        (core, lengths)
    }

    fn check(x: &Array2<f64>, metric: Metric, min_samples: usize) {
        let points = Points::new(x.view(), metric);
        let (core, lengths) = plain(&points, min_samples);
        let (found_core, edges) = minimum(&points, min_samples, &Silent).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
        assert!(core.iter().zip(&found_core).all(|(&a, &b)| close(a, b)));
        assert_eq!(edges.len(), lengths.len());
        for (edge, length) in edges.iter().zip(lengths) {
            assert!(close(edge.length, length), "{edge:?} {length}");
            let (a, b) = (edge.from, edge.to);
            assert!(close(edge.length, points.distance(a, b).max(core[a]).max(core[b])));
        }
    }

    #[test]
    fn both_methods_find_what_the_plain_one_finds() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for (n, d, groups) in [(2, 2, 1), (17, 1, 1), (400, 2, 5), (300, 10, 3), (300, 40, 4)] {
            let x = Array2::from_shape_fn((n, d), |(i, _)| {
                (i % groups) as f64 * 3.0 + rng.random::<f64>()
            });
            for metric in [Metric::Euclidean, Metric::Manhattan, Metric::Cosine] {
                for min_samples in [1, 5, 500] {
                    check(&x, metric, min_samples);
                }
            }
        }
    }

    #[test]
    fn ties_equal_rows_and_large_offsets_change_nothing() {
        for d in [2, 30] {
            let grid = Array2::from_shape_fn((256, d), |(i, j)| {
                f64::from((if j % 2 == 0 { i % 16 } else { i / 16 }) as u32)
            });
            let halves = grid.mapv(|v| (v / 4.0).floor());
            let far = halves.mapv(|v| v * 1e-3 + 1e6);
            let mut outlier = grid.clone();
            outlier.row_mut(7).fill(1e30);
            let (huge, tiny) = (grid.mapv(|v| v * 1e280), grid.mapv(|v| v * 1e-280));
            for x in [&huge, &tiny] {
                check(x, Metric::Euclidean, 4);
                let points = Points::new(x.view(), Metric::Euclidean);
                let (_, edges) = minimum(&points, 4, &Silent).unwrap();
                assert!(edges.iter().all(|e| e.length > 0.0 && e.length.is_finite()));
            }
            for x in [grid, halves, far, outlier, Array2::ones((90, d))] {
                check(&x, Metric::Euclidean, 4);
                check(&x, Metric::Manhattan, 1);
            }
        }
    }
}
