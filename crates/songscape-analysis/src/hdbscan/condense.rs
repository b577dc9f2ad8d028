//! The tree of components at every density, and the condensed tree of those that are clusters.

use serde::{Deserialize, Serialize};

use super::disjoint_sets::DisjointSets;
use super::spanning_tree::Edge;

/// The condensed tree: clusters that appear, lose points, and split as the density λ = 1 / distance
/// rises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CondensedTree {
    /// The clusters; the first is the root, and a parent comes before its children.
    pub clusters: Vec<TreeCluster>,
    /// `[n]`: the last cluster that each point belongs to.
    pub leaves_from: Vec<usize>,
    /// `[n]`: the λ at which it leaves it.
    pub leaves_at: Vec<f64>,
}

/// A cluster of the condensed tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TreeCluster {
    /// The cluster that it split from; none for the root.
    pub parent: Option<usize>,
    /// The clusters that it splits into, two or more, or none.
    pub children: Vec<usize>,
    /// The λ at which it appears (0 for the root).
    pub birth: f64,
    /// The largest λ at which points leave it or it splits.
    pub death: f64,
    /// The number of points at its birth.
    pub size: usize,
    /// The excess of mass: the sum over its points of (λ at which they leave it − birth).
    pub stability: f64,
}

/// The tree of components: nodes `0..n` are points, the others components that appear when edges of
/// one length are added.
struct Hierarchy {
    points: usize,
    /// For the components: `(length, first child, one past the last child, size)`.
    nodes: Vec<Node>,
    children: Vec<u32>,
}

struct Node {
    length: f64,
    children: std::ops::Range<usize>,
    size: usize,
}

impl CondensedTree {
    /// Condenses the tree of components of `points` points joined by `edges`, which are sorted by
    /// length. Components of fewer than `min_cluster_size` points are points that leave.
    pub fn new(points: usize, edges: &[Edge], min_cluster_size: usize) -> Self {
        let hierarchy = Hierarchy::new(points, edges);
        let mut tree = Self {
            clusters: vec![TreeCluster::new(None, 0.0, points)],
            leaves_from: vec![0; points],
            leaves_at: vec![0.0; points],
        };
        if let Some(root) = hierarchy.nodes.len().checked_sub(1) {
            let mut pending = vec![(0, points + root)];
            let mut next = 0;
            // Breadth first, so that parents come before their children.
            while let Some(&(cluster, node)) = pending.get(next) {
                next += 1;
                tree.follow(cluster, node, &hierarchy, min_cluster_size, &mut pending);
            }
        }
        tree
    }

    /// Follows one cluster from its birth until it splits or is gone.
    fn follow(
        &mut self,
        cluster: usize,
        mut node: usize,
        hierarchy: &Hierarchy,
        min_cluster_size: usize,
        pending: &mut Vec<(usize, usize)>,
    ) {
        let birth = self.clusters[cluster].birth;
        let mut stack = Vec::new();
        loop {
            let Node { length, children, size } = &hierarchy.nodes[node - hierarchy.points];
            let lambda = if *length > 0.0 { 1.0 / length } else { f64::INFINITY };
            let children = hierarchy.children[children.clone()].iter().map(|&c| c as usize);
            let (large, small): (Vec<_>, Vec<_>) =
                children.partition(|&c| hierarchy.size(c) >= min_cluster_size);
            let staying = if large.len() == 1 { hierarchy.size(large[0]) } else { 0 };
            self.clusters[cluster].stability += (lambda - birth) * (size - staying) as f64;
            if large.len() != 1 || !small.is_empty() {
                self.clusters[cluster].death = lambda;
            }
            stack.extend(small);
            while let Some(gone) = stack.pop() {
                if gone < hierarchy.points {
                    self.leaves_from[gone] = cluster;
                    self.leaves_at[gone] = lambda;
                } else {
                    let inner = hierarchy.nodes[gone - hierarchy.points].children.clone();
                    stack.extend(hierarchy.children[inner].iter().map(|&c| c as usize));
                }
            }
            if let [only] = large[..] {
                node = only;
                continue;
            }
            for child in large {
                let new = self.clusters.len();
                self.clusters.push(TreeCluster::new(Some(cluster), lambda, hierarchy.size(child)));
                self.clusters[cluster].children.push(new);
                pending.push((new, child));
            }
            return;
        }
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.leaves_at.len()
    }

    /// The largest λ at which anything happens.
    pub fn largest_lambda(&self) -> f64 {
        self.clusters.iter().map(|c| c.death).fold(0.0, f64::max)
    }
}

impl TreeCluster {
    fn new(parent: Option<usize>, birth: f64, size: usize) -> Self {
        Self { parent, children: Vec::new(), birth, death: 0.0, size, stability: 0.0 }
    }
}

impl Hierarchy {
    fn new(points: usize, edges: &[Edge]) -> Self {
        let mut hierarchy = Self { points, nodes: Vec::new(), children: Vec::new() };
        let mut sets = DisjointSets::new(points);
        // The node of the component whose set has this root.
        let mut node_of: Vec<usize> = (0..points).collect();
        let mut group_of = vec![usize::MAX; points];
        let mut start = 0;
        while start < edges.len() {
            let length = edges[start].length;
            let end = start + edges[start..].partition_point(|e| e.length <= length);
            let group = &edges[start..end];
            start = end;

            let mut roots = Vec::with_capacity(2 * group.len());
            for edge in group {
                roots.push(sets.find(edge.from));
                roots.push(sets.find(edge.to));
            }
            roots.sort_unstable();
            roots.dedup();
            for edge in group {
                sets.join(edge.from, edge.to);
            }
            let mut members: Vec<Vec<u32>> = Vec::new();
            for &root in &roots {
                let joined = sets.find(root);
                if group_of[joined] == usize::MAX {
                    group_of[joined] = members.len();
                    members.push(Vec::new());
                }
                members[group_of[joined]].push(node_of[root] as u32);
            }
            for &root in &roots {
                let joined = sets.find(root);
                let group = std::mem::replace(&mut group_of[joined], usize::MAX);
                if group != usize::MAX {
                    node_of[joined] = hierarchy.add(length, &members[group]);
                }
            }
        }
        hierarchy
    }

    fn add(&mut self, length: f64, members: &[u32]) -> usize {
        let first = self.children.len();
        self.children.extend_from_slice(members);
        let size = members.iter().map(|&m| self.size(m as usize)).sum();
        self.nodes.push(Node { length, children: first..self.children.len(), size });
        self.points + self.nodes.len() - 1
    }

    fn size(&self, node: usize) -> usize {
        if node < self.points { 1 } else { self.nodes[node - self.points].size }
    }
}
