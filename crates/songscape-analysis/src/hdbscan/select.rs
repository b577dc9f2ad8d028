//! Which clusters of the condensed tree are *the* clusters.

use std::cmp::Ordering;

use ndarray::ArrayView2;

use super::{CondensedTree, HdbscanParams, Method};

/// The chosen clusters of the tree, in ascending order; none contains another.
pub fn select(tree: &CondensedTree, params: &HdbscanParams) -> Vec<usize> {
    let mut chosen = match params.method {
        Method::Eom => excess_of_mass(tree, params),
        Method::Leaf => leaves(tree, params.allow_single_cluster),
    };
    if params.epsilon > 0.0 {
        chosen = merge_below(tree, &chosen, params.epsilon, params.allow_single_cluster);
    }
    (0..tree.clusters.len()).filter(|&c| chosen[c]).collect()
}

/// A cluster is chosen unless the clusters inside it are more stable together.
fn excess_of_mass(tree: &CondensedTree, params: &HdbscanParams) -> Vec<bool> {
    let most = params.max_cluster_size.unwrap_or(usize::MAX);
    let count = tree.clusters.len();
    let mut best: Vec<f64> = vec![0.0; count];
    let mut own = vec![false; count];
    for c in (0..count).rev() {
        let cluster = &tree.clusters[c];
        // Added in order of size, so that the order of the rows does not change the rounding.
        let mut inner: Vec<f64> = cluster.children.iter().map(|&child| best[child]).collect();
        inner.sort_by(f64::total_cmp);
        let inner: f64 = inner.iter().sum();
        let allowed = (c > 0 || params.allow_single_cluster) && cluster.size <= most;
        own[c] = allowed && inner <= cluster.stability;
        best[c] = if own[c] { cluster.stability } else { inner };
    }
    topmost(tree, &own)
}

/// The clusters without clusters inside.
fn leaves(tree: &CondensedTree, allow_root: bool) -> Vec<bool> {
    let leaf = |c: usize| tree.clusters[c].children.is_empty() && (c > 0 || allow_root);
    (0..tree.clusters.len()).map(leaf).collect()
}

/// Replaces clusters born at a distance below `epsilon` by their nearest ancestor born at or above
/// (Malzer and Baum 2020).
fn merge_below(tree: &CondensedTree, chosen: &[bool], epsilon: f64, allow_root: bool) -> Vec<bool> {
    let distance = |c: usize| 1.0 / tree.clusters[c].birth;
    let mut out = vec![false; chosen.len()];
    for start in (0..chosen.len()).filter(|&c| chosen[c]) {
        let mut c = start;
        while distance(c) < epsilon {
            match tree.clusters[c].parent {
                Some(parent) if parent > 0 || allow_root => c = parent,
                _ => break,
            }
        }
        out[c] = true;
    }
    topmost(tree, &out)
}

/// Of the marked clusters those that are in no other marked one.
fn topmost(tree: &CondensedTree, marked: &[bool]) -> Vec<bool> {
    let mut covered = vec![false; marked.len()];
    let mut out = vec![false; marked.len()];
    for (c, cluster) in tree.clusters.iter().enumerate() {
        let above = cluster.parent.is_some_and(|p| covered[p]);
        out[c] = marked[c] && !above;
        covered[c] = marked[c] || above;
    }
    out
}

/// The chosen clusters in the order of their numbers: by size, then by stability, both largest
/// first, then by the lexicographically smallest row.
pub fn numbered(tree: &CondensedTree, selected: &[usize], x: ArrayView2<f64>) -> Vec<usize> {
    let owners = owners(tree, selected);
    let mut first: Vec<Option<usize>> = vec![None; tree.clusters.len()];
    for (point, &cluster) in tree.leaves_from.iter().enumerate() {
        if let Some(owner) = owners[cluster] {
            let smallest =
                first[owner].is_none_or(|other| lexicographic(x, point, other) == Ordering::Less);
            if smallest {
                first[owner] = Some(point);
            }
        }
    }
    let mut out = selected.to_vec();
    out.sort_by(|&a, &b| {
        let (left, right) = (&tree.clusters[a], &tree.clusters[b]);
        right.size.cmp(&left.size).then(right.stability.total_cmp(&left.stability)).then_with(
            || match (first[a], first[b]) {
                (Some(a), Some(b)) => lexicographic(x, a, b),
                (a, b) => a.cmp(&b),
            },
        )
    });
    out
}

fn lexicographic(x: ArrayView2<f64>, a: usize, b: usize) -> Ordering {
    x.row(a)
        .iter()
        .zip(x.row(b))
        .map(|(a, b)| a.total_cmp(b))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// For each cluster of the tree the chosen one that it is or lies in.
pub(super) fn owners(tree: &CondensedTree, selected: &[usize]) -> Vec<Option<usize>> {
    let mut owner: Vec<Option<usize>> = vec![None; tree.clusters.len()];
    for &c in selected {
        owner[c] = Some(c);
    }
    for (c, cluster) in tree.clusters.iter().enumerate() {
        owner[c] = owner[c].or(cluster.parent.and_then(|p| owner[p]));
    }
    owner
}
