//! The minimum spanning tree of points of few dimensions, by Borůvka's method on a k-d tree.
//!
//! In every round each component finds its shortest edge to another one, and all of these are added
//! (W. March, P. Ram and A. Gray, "Fast Euclidean Minimum Spanning Tree" (2010), without their second
//! tree). A point remembers its nearest point outside its component, or how far it has looked in
//! vain, so that most points need no search in most rounds.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::disjoint_sets::DisjointSets;
use super::kd_tree::{KdTree, Near};
use super::spanning_tree::KeyEdge;

/// A node whose points are not all in one component.
const MIXED: u32 = u32::MAX;
/// No point.
const NONE: u32 = u32::MAX;

/// What a point knows of the points outside its component.
#[derive(Clone, Copy)]
struct Outside {
    /// No point outside is nearer.
    key: f64,
    /// The nearest point, when it is known.
    point: u32,
}

struct Round<'a> {
    tree: &'a KdTree,
    core: &'a [f64],
    /// The smallest core distance in each node.
    node_core: &'a [f64],
    component: &'a [u32],
    node_component: &'a [u32],
    /// For each component the shortest edge so far, as bits: those of numbers of at least 0 are
    /// ordered as the numbers are.
    shortest: &'a [AtomicU64],
}

/// The minimum spanning tree of the mutual reachability distance, given the keys of the core
/// distances and some of the nearest points of every point: `(core, near)` in the order of the tree.
pub(super) fn spanning_tree(tree: &KdTree, core: &[f64], near: &[Near]) -> Vec<KeyEdge> {
    let n = tree.len();
    let node_core = over_nodes(tree, core, f64::min);
    let mut sets = DisjointSets::new(n);
    let mut component: Vec<u32> = (0..n as u32).collect();
    let mut outside: Vec<Outside> = near
        .iter()
        .enumerate()
        .map(|(p, near)| {
            let reach = |&(key, q): &(f64, u32)| key.max(core[q as usize]).max(core[p]);
            // A point that is as near as any can be needs no search.
            let found = near.iter().find(|e| reach(e) == core[p]);
            Outside { key: core[p], point: found.map_or(NONE, |e| e.1) }
        })
        .collect();
    let shortest: Vec<AtomicU64> =
        (0..n).map(|_| AtomicU64::new(f64::INFINITY.to_bits())).collect();
    for (p, near) in near.iter().enumerate() {
        let reach = near.iter().map(|&(key, q)| key.max(core[q as usize]).max(core[p]));
        // Just above the shortest that is known, so that the search still finds it.
        let bound = reach.fold(f64::INFINITY, f64::min).next_up();
        shortest[p].store(bound.to_bits(), Ordering::Relaxed);
    }
    let mut edges: Vec<KeyEdge> = Vec::with_capacity(n - 1);
    while edges.len() + 1 < n {
        let node_component = over_nodes(tree, &component, |a, b| if a == b { a } else { MIXED });
        for (p, outside) in outside.iter().enumerate() {
            if outside.point != NONE {
                let bits = outside.key.to_bits();
                shortest[component[p] as usize].fetch_min(bits, Ordering::Relaxed);
            }
        }
        let round = Round {
            tree,
            core,
            node_core: &node_core,
            component: &component,
            node_component: &node_component,
            shortest: &shortest,
        };
        outside.par_chunks_mut(256).enumerate().for_each_init(Vec::new, |pending, (chunk, all)| {
            for (i, outside) in all.iter_mut().enumerate() {
                if outside.point == NONE {
                    round.look(chunk * 256 + i, outside, pending);
                }
            }
        });
        // The shortest edge of each component.
        let mut best: Vec<u32> = vec![NONE; n];
        for (p, own) in outside.iter().enumerate().filter(|e| e.1.point != NONE) {
            let best = &mut best[component[p] as usize];
            if *best == NONE || own.key < outside[*best as usize].key {
                *best = p as u32;
            }
        }
        for p in best.into_iter().filter(|&p| p != NONE) {
            let Outside { key, point } = outside[p as usize];
            if sets.join(p as usize, point as usize) {
                edges.push(KeyEdge { from: p, to: point, key });
            }
        }
        for (p, component) in component.iter_mut().enumerate() {
            *component = sets.find(p) as u32;
        }
        for (p, outside) in outside.iter_mut().enumerate() {
            let joined = outside.point != NONE && component[outside.point as usize] == component[p];
            if joined {
                outside.point = NONE;
            }
            shortest[p].store(f64::INFINITY.to_bits(), Ordering::Relaxed);
        }
    }
    edges
}

/// A value for each node from those of its points.
pub(super) fn over_nodes<T: Copy>(
    tree: &KdTree,
    of_points: &[T],
    join: impl Fn(T, T) -> T,
) -> Vec<T> {
    let mut out = vec![of_points[0]; tree.ranges.len()];
    for node in (0..tree.ranges.len()).rev() {
        out[node] = if tree.is_leaf(node) {
            let (start, end) = tree.ranges[node];
            let points = &of_points[start as usize..end as usize];
            points[1..].iter().fold(points[0], |a, &b| join(a, b))
        } else {
            join(out[2 * node + 1], out[2 * node + 2])
        };
    }
    out
}

impl Round<'_> {
    /// Looks for the nearest point outside the component of `p` unless the component has a shorter
    /// edge.
    fn look(&self, p: usize, outside: &mut Outside, pending: &mut Vec<(f64, u32)>) {
        let own = self.component[p];
        let shortest = &self.shortest[own as usize];
        let mut limit = f64::from_bits(shortest.load(Ordering::Relaxed));
        if outside.key >= limit {
            return;
        }
        let place = self.tree.point(p);
        let core = self.core[p];
        let mut found = NONE;
        pending.clear();
        pending.push((0.0, 0));
        while let Some((key, node)) = pending.pop() {
            let node = node as usize;
            if key.max(self.node_core[node]) >= limit || self.node_component[node] == own {
                continue;
            }
            if !self.tree.is_leaf(node) {
                self.tree.push_children(place, node, limit, pending);
                continue;
            }
            let (start, end) = self.tree.ranges[node];
            let keys = self.tree.keys_to_leaf(place, node);
            for (q, &key) in (start as usize..end as usize).zip(&keys) {
                let key = key.max(self.core[q]).max(core);
                if key < limit && self.component[q] != own {
                    limit = key;
                    found = q as u32;
                }
            }
            if limit <= core {
                break;
            }
        }
        *outside = Outside { key: limit, point: found };
        if found != NONE {
            shortest.fetch_min(limit.to_bits(), Ordering::Relaxed);
        }
    }
}
