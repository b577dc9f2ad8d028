//! Large groups, and the clusters that are their parts.

use super::Clusters;

impl Clusters {
    /// Puts the clusters into at most `most` groups, by their tree: clusters that are one component
    /// longest, as the density rises, are in one group. `[n]`: the group of each point, −1 for points that left the
    /// tree before the groups parted; points between the clusters of a group belong to it too. Groups are
    /// numbered by their smallest cluster's number, so that the largest cluster is in group 0.
    ///
    /// All clusters are one group where `most` is 1, and each is its own where there are no more than `most`.
    pub fn groups(&self, most: usize) -> Vec<i32> {
        let tree = &self.tree;
        // Which nodes of the tree hold a cluster, or are one.
        let mut holds = vec![false; tree.clusters.len()];
        for &cluster in &self.selected {
            let mut at = Some(cluster);
            while let Some(own) = at {
                holds[own] = true;
                at = tree.clusters[own].parent;
            }
        }
        let mut is_cluster = vec![false; tree.clusters.len()];
        self.selected.iter().for_each(|&cluster| is_cluster[cluster] = true);
        let mut parts: Vec<usize> = if holds[0] { vec![0] } else { Vec::new() };
        // The group that splits first, by density, is parted next.
        let inner = |&node: &usize| !is_cluster[node];
        let order = |&a: &usize, &b: &usize| {
            tree.clusters[a].death.total_cmp(&tree.clusters[b].death).then(a.cmp(&b))
        };
        while let Some(next) = parts.iter().copied().filter(inner).min_by(order) {
            let children: Vec<usize> =
                tree.clusters[next].children.iter().copied().filter(|&c| holds[c]).collect();
            if parts.len() - 1 + children.len() > most.max(1) {
                break;
            }
            parts.retain(|&part| part != next);
            parts.extend(children);
        }
        self.numbered(&parts)
    }

    /// The part of the tree that each point is in, numbered by the smallest number of a cluster in it.
    fn numbered(&self, parts: &[usize]) -> Vec<i32> {
        let tree = &self.tree;
        let mut part_of: Vec<Option<usize>> = vec![None; tree.clusters.len()];
        for (part, &node) in parts.iter().enumerate() {
            part_of[node] = Some(part);
        }
        for (node, cluster) in tree.clusters.iter().enumerate() {
            part_of[node] = part_of[node].or(cluster.parent.and_then(|parent| part_of[parent]));
        }
        let mut numbers: Vec<Option<i32>> = vec![None; parts.len()];
        let mut next = 0;
        for part in self.selected.iter().filter_map(|&cluster| part_of[cluster]) {
            if numbers[part].is_none() {
                numbers[part] = Some(next);
                next += 1;
            }
        }
        let group = |&node: &usize| part_of[node].and_then(|part| numbers[part]).unwrap_or(-1);
        tree.leaves_from.iter().map(group).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use ndarray::Array2;

    use super::super::{HdbscanParams, fit};

    /// Nine discs in three rows of three: the discs of a row are nearer to each other than the rows.
    fn discs() -> Array2<f64> {
        Array2::from_shape_fn((900, 2), |(i, j)| {
            let (turn, radius) = (i as f64 * 2.4, ((i / 9) as f64 / 100.0).sqrt());
            let disc = i % 9;
            // The gaps differ a little, so that none ties.
            let (row, column) = (disc / 3, disc % 3);
            match j {
                0 => 5.0 * column as f64 + 0.1 * disc as f64 + radius * turn.cos(),
                _ => 40.0 * row as f64 + row as f64 + radius * turn.sin(),
            }
        })
    }

    #[test]
    fn near_clusters_are_one_group() {
        let x = discs();
        let params = HdbscanParams { min_cluster_size: 20, min_samples: 5, ..Default::default() };
        let clusters = fit(x.view(), &params).unwrap();
        assert_eq!(clusters.count(), 9);
        let groups = clusters.groups(3);
        let mut rows: BTreeMap<i32, usize> = BTreeMap::new();
        for (i, &group) in groups.iter().enumerate().filter(|e| *e.1 >= 0) {
            assert_eq!(*rows.entry(group).or_insert(i % 9 / 3), i % 9 / 3);
        }
        assert_eq!(rows.len(), 3);
        let all_in = |most: usize| {
            let groups = clusters.groups(most);
            let labels = clusters.labels();
            assert!(labels.iter().zip(&groups).all(|(label, group)| *label < 0 || *group >= 0));
            groups.iter().max().unwrap() + 1
        };
        assert_eq!([1, 3, 9, 100].map(all_in), [1, 3, 9, 9]);
        assert!((1..12).all(|most| all_in(most) <= most as i32));
        let noise = fit(Array2::ones((30, 2)).view(), &HdbscanParams::default()).unwrap();
        assert!(noise.groups(5).iter().all(|group| *group == -1));
    }
}
