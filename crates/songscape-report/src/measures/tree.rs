//! The condensed tree as it is drawn: how many songs each cluster has left at each distance.

use songscape_analysis::music::tables::ClusterTree;

/// More steps along an edge cannot be seen.
const STEPS: usize = 120;

/// A cluster of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    /// Its middle, in songs from the left.
    pub middle: f64,
    /// `(distance, songs left)` from its birth to its end.
    pub edge: Vec<(f64, f64)>,
    /// The chosen cluster that it is or is part of.
    pub label: Option<i32>,
    /// Whether it is the chosen cluster itself.
    pub chosen: bool,
    pub parent: Option<usize>,
}

impl Branch {
    /// The distance at which it ends or splits.
    pub fn end(&self) -> f64 {
        self.edge.last().map_or(f64::INFINITY, |step| step.0)
    }
}

/// How many songs leave each cluster of the tree before it ends or splits.
pub(crate) fn leaving(tree: &ClusterTree) -> Vec<usize> {
    let mut leaving = vec![0; tree.tree.clusters.len()];
    tree.tree.leaves_from.iter().for_each(|&cluster| leaving[cluster] += 1);
    leaving
}

/// All clusters of the tree, side by side. `None` where no song leaves at a finite density above 0.
pub(crate) fn branches(tree: &ClusterTree) -> Option<Vec<Branch>> {
    let ClusterTree { tree, labels } = tree;
    let lambdas = tree.leaves_at.iter().copied().chain(tree.clusters.iter().map(|c| c.birth));
    let finite = lambdas.filter(|&l| l > 0.0 && l.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    if high == 0.0 {
        return None;
    }
    // Infinite densities end a little below the nearest finite distance.
    let distance = |lambda: f64| 1.0 / lambda.clamp(low / 1.05, high * 1.1);
    let mut leaving: Vec<Vec<f64>> = vec![Vec::new(); tree.clusters.len()];
    for (&cluster, &lambda) in tree.leaves_from.iter().zip(&tree.leaves_at) {
        leaving[cluster].push(lambda);
    }
    let mut middles = vec![tree.clusters[0].size as f64 / 2.0; tree.clusters.len()];
    let mut branches: Vec<Branch> = Vec::with_capacity(tree.clusters.len());
    for (i, cluster) in tree.clusters.iter().enumerate() {
        let mut left = cluster.size as f64;
        let mut edge = vec![(distance(cluster.birth), left)];
        leaving[i].sort_by(f64::total_cmp);
        for part in leaving[i].chunks(leaving[i].len().div_ceil(STEPS).max(1)) {
            // What leaves together, leaves when the last of it does.
            let at = distance(part[part.len() - 1]);
            edge.push((at, left));
            left -= part.len() as f64;
            edge.push((at, left));
        }
        let staying: usize = cluster.children.iter().map(|&c| tree.clusters[c].size).sum();
        let mut at = middles[i] - staying as f64 / 2.0;
        for &child in &cluster.children {
            let size = tree.clusters[child].size as f64;
            middles[child] = at + size / 2.0;
            at += size;
        }
        if let Some(&first) = cluster.children.first() {
            edge.push((distance(tree.clusters[first].birth), left.max(staying as f64)));
        }
        let inherited = cluster.parent.and_then(|parent| branches[parent].label);
        branches.push(Branch {
            middle: middles[i],
            edge,
            label: labels[i].or(inherited),
            chosen: labels[i].is_some(),
            parent: cluster.parent,
        });
    }
    Some(branches)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_analysis::music::tables::TreeRow;

    use super::*;

    fn row(parent: usize, child: usize, lambda: f64, size: usize, label: Option<i32>) -> TreeRow {
        TreeRow { parent, child, lambda, size, label }
    }

    #[test]
    fn children_lie_within_their_parent() {
        let mut rows = vec![row(10, 11, 1.0, 4, Some(1)), row(10, 12, 1.0, 5, Some(0))];
        rows.push(row(10, 0, 0.5, 1, None));
        rows.extend((1..5).map(|song| row(11, song, 2.0, 1, None)));
        rows.extend((5..10).map(|song| row(12, song, f64::INFINITY, 1, None)));
        let tree = ClusterTree::from_rows(&rows, 10).unwrap();
        let found = branches(&tree).unwrap();
        // One of ten songs left before the split: nine stay, in the middle.
        assert_eq!((found[1].middle, found[2].middle), (2.5, 7.0));
        assert_eq!(found[0].edge.last(), Some(&(1.0, 9.0)));
        assert_eq!(found[1].edge.first(), Some(&(1.0, 4.0)));
        assert_eq!(found[1].edge.last(), Some(&(0.5, 0.0)));
        assert!(found[2].end() < 0.5, "infinite densities lie below");
        assert_eq!((found[0].label, found[1].label), (None, Some(1)));
        assert_eq!(leaving(&tree), [1, 4, 5]);
    }

    #[test]
    fn equal_songs_have_no_levels() {
        let rows = [0, 1].map(|song| row(2, song, f64::INFINITY, 1, None));
        assert!(branches(&ClusterTree::from_rows(&rows, 2).unwrap()).is_none());
    }
}
