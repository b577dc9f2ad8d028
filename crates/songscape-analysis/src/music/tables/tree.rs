//! The condensed tree as a table.

use serde::{Deserialize, Serialize};

use crate::hdbscan::condense::TreeCluster;
use crate::hdbscan::{Clusters, CondensedTree};

/// A row of `condensed_tree.csv`, in the form that the Python package hdbscan made common: songs are
/// `0..n`, clusters of the condensed tree from `n` on, the root first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TreeRow {
    /// The cluster that the child belongs to.
    pub parent: usize,
    /// A song or a cluster.
    pub child: usize,
    /// The λ at which the song leaves or the cluster appears; may be infinite.
    pub lambda: f64,
    /// The number of the child's songs.
    pub size: usize,
    /// The number of the cluster, where it was chosen.
    pub label: Option<i32>,
}

/// The condensed tree with the numbers of the clusters that were chosen from it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterTree {
    /// The tree.
    pub tree: CondensedTree,
    /// One for each of its clusters: the number of those that were chosen.
    pub labels: Vec<Option<i32>>,
}

impl From<&Clusters> for ClusterTree {
    fn from(clusters: &Clusters) -> Self {
        let mut labels = vec![None; clusters.tree().clusters.len()];
        for (label, &node) in clusters.selected().iter().enumerate() {
            labels[node] = Some(label as i32);
        }
        Self { tree: clusters.tree().clone(), labels }
    }
}

impl ClusterTree {
    /// The tree as a table: clusters but for the root, then songs.
    pub fn rows(&self) -> Vec<TreeRow> {
        let (tree, songs) = (&self.tree, self.tree.leaves_from.len());
        let below = tree.clusters.iter().enumerate().filter_map(|(node, cluster)| {
            let (parent, child) = (songs + cluster.parent?, songs + node);
            let (lambda, size, label) = (cluster.birth, cluster.size, self.labels[node]);
            Some(TreeRow { parent, child, lambda, size, label })
        });
        let leaves = tree.leaves_from.iter().zip(&tree.leaves_at).enumerate();
        let leaves = leaves.map(|(song, (node, &lambda))| TreeRow {
            parent: songs + node,
            child: song,
            lambda,
            size: 1,
            label: None,
        });
        below.chain(leaves).collect()
    }

    /// The tree of `songs` songs from its table.
    ///
    /// # Errors
    /// What is wrong, when the rows are no tree: a song or a cluster is missing or stands twice, a
    /// parent does not come before its children, a λ is negative or no number.
    pub fn from_rows(rows: &[TreeRow], songs: usize) -> std::result::Result<Self, String> {
        let count = 1 + rows.iter().filter(|row| row.child >= songs).count();
        let mut clusters: Vec<Option<TreeCluster>> = vec![None; count];
        clusters[0] = Some(node_at(None, 0.0, songs));
        let (mut labels, mut leaves) = (vec![None; count], vec![None; songs]);
        for row in rows {
            let &TreeRow { parent, child, lambda, size, label } = row;
            let wrong = |what: &str| format!("{what}: parent {parent}, child {child}");
            if !(lambda >= 0.0) {
                return Err(format!("lambda of {child} is {lambda}, expected 0 or more"));
            }
            let parent = parent.checked_sub(songs).ok_or_else(|| wrong("a song is a parent"))?;
            if parent >= count {
                return Err(wrong("the parent is missing"));
            }
            let Some(node) = child.checked_sub(songs) else {
                if leaves[child].replace((parent, lambda)).is_some() {
                    return Err(wrong("the song stands twice"));
                }
                continue;
            };
            if node <= parent {
                return Err(wrong("a parent comes before its children"));
            }
            let slot = clusters.get_mut(node).ok_or_else(|| wrong("a cluster is missing"))?;
            if slot.replace(node_at(Some(parent), lambda, size)).is_some() {
                return Err(wrong("the cluster stands twice"));
            }
            labels[node] = label;
        }
        let clusters: Option<Vec<_>> = clusters.into_iter().collect();
        let leaves: Option<Vec<_>> = leaves.into_iter().collect();
        let mut clusters = clusters.ok_or("a cluster is missing")?;
        let (leaves_from, leaves_at): (Vec<usize>, Vec<f64>) =
            leaves.ok_or("a song is missing")?.into_iter().unzip();
        for node in 1..count {
            let TreeCluster { parent, birth, size, .. } = clusters[node];
            let Some(parent) = parent.map(|parent| &mut clusters[parent]) else { continue };
            parent.children.push(node);
            lose(parent, size, birth);
        }
        leaves_from
            .iter()
            .zip(&leaves_at)
            .for_each(|(&node, &at)| lose(&mut clusters[node], 1, at));
        Ok(Self { tree: CondensedTree { clusters, leaves_from, leaves_at }, labels })
    }
}

fn node_at(parent: Option<usize>, birth: f64, size: usize) -> TreeCluster {
    TreeCluster { parent, children: Vec::new(), birth, death: 0.0, size, stability: 0.0 }
}

/// Notes that songs leave a cluster of the tree at a λ.
fn lose(cluster: &mut TreeCluster, songs: usize, lambda: f64) {
    cluster.death = cluster.death.max(lambda);
    // Two infinities have no difference.
    if lambda > cluster.birth {
        cluster.stability += (lambda - cluster.birth) * songs as f64;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_no_tree_are_refused() {
        let row = |parent, child| TreeRow { parent, child, lambda: 1.0, size: 1, label: None };
        let fault = |rows: &[TreeRow]| ClusterTree::from_rows(rows, 1).unwrap_err();
        assert!(fault(&[row(1, 3), row(1, 0)]).contains("a cluster is missing"));
        assert!(fault(&[row(1, 1)]).contains("a parent comes before its children"));
        assert!(fault(&[row(0, 0)]).contains("a song is a parent"));
        assert!(fault(&[row(1, 2)]).contains("a song is missing"));
        assert!(fault(&[row(1, 0), row(1, 0)]).contains("twice"));
        assert!(fault(&[TreeRow { lambda: f64::NAN, ..row(1, 0) }]).contains("NaN"));
    }
}
