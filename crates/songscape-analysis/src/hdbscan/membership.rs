//! What each point has to do with the chosen clusters.

use super::predict::deepest;
use super::select::owners;
use super::{CondensedTree, HdbscanParams};

/// `[n]`: the number of each point's cluster, −1 for none. `selected` lists the clusters of the tree
/// in the order of their numbers.
///
/// When the root is the only cluster, its points are those that are left at its largest λ (or, with
/// an epsilon, at 1 / epsilon); the others are noise.
pub fn labels(tree: &CondensedTree, selected: &[usize], params: &HdbscanParams) -> Vec<i32> {
    let mut number = vec![-1; tree.clusters.len()];
    for (label, &c) in selected.iter().enumerate() {
        number[c] = label as i32;
    }
    let owners = owners(tree, selected);
    let root_threshold = root_threshold(tree, params);
    tree.leaves_from
        .iter()
        .zip(&tree.leaves_at)
        .map(|(&cluster, &lambda)| match owners[cluster] {
            Some(0) if lambda < root_threshold => -1,
            Some(owner) => number[owner],
            None => -1,
        })
        .collect()
}

/// Points that leave the root below this λ are noise when the root is the only cluster.
pub(super) fn root_threshold(tree: &CondensedTree, params: &HdbscanParams) -> f64 {
    if params.epsilon > 0.0 { 1.0 / params.epsilon } else { tree.clusters[0].death }
}

/// `[n]`: λ at which the point leaves, divided by the largest λ of its cluster.
pub fn probabilities(tree: &CondensedTree, selected: &[usize], labels: &[i32]) -> Vec<f64> {
    let lambdas = &tree.leaves_at;
    labels
        .iter()
        .zip(lambdas)
        .map(|(&label, &lambda)| {
            let Some(&cluster) = usize::try_from(label).ok().and_then(|l| selected.get(l)) else {
                return 0.0;
            };
            let largest = tree.clusters[cluster].death;
            if largest == 0.0 || !lambda.is_finite() { 1.0 } else { lambda.min(largest) / largest }
        })
        .collect()
}

/// `[n]`: GLOSH scores, 1 − λ of the point / largest λ in its last cluster and those inside it.
pub fn glosh(tree: &CondensedTree) -> Vec<f64> {
    let deepest = deepest(tree);
    tree.leaves_from
        .iter()
        .zip(&tree.leaves_at)
        .map(|(&cluster, &lambda)| {
            let largest = deepest[cluster];
            if largest == 0.0 || !lambda.is_finite() {
                0.0
            } else if largest.is_infinite() {
                1.0
            } else {
                (largest - lambda) / largest
            }
        })
        .collect()
}

/// One for each cluster: its stability divided by its number of points and the largest λ of the
/// tree; 1 where that is infinite.
pub fn persistence(tree: &CondensedTree, selected: &[usize], labels: &[i32]) -> Vec<f64> {
    let mut sizes = vec![0_usize; selected.len()];
    for label in labels.iter().filter_map(|&l| usize::try_from(l).ok()) {
        sizes[label] += 1;
    }
    let largest = tree.largest_lambda();
    selected
        .iter()
        .zip(sizes)
        .map(|(&c, size)| {
            if largest.is_infinite() || largest == 0.0 || size == 0 {
                1.0
            } else {
                tree.clusters[c].stability / (size as f64 * largest)
            }
        })
        .collect()
}
