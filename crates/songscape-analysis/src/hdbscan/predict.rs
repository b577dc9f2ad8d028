//! What the tree says beyond the labels: exemplars, soft membership, and new points.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::points::Points;
use super::reach::{Met, Reach};
use super::select::owners;
use super::{Clusters, CondensedTree};
use crate::error::{Error, Result};
use crate::neighbors::Neighbors;
use crate::vectors::check_finite;

/// The clusters of new points.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// `[m]`: the cluster of each, −1 for none.
    pub labels: Vec<i32>,
    /// `[m]`: how firmly it belongs to it, 0 to 1.
    pub probabilities: Vec<f64>,
}

impl Clusters {
    /// For each cluster its exemplars: of every leaf of the tree inside it, the points that stay
    /// longest. They are the heart of a cluster of any shape.
    pub fn exemplars(&self) -> Vec<Vec<usize>> {
        let tree = &self.tree;
        let owners = owners(tree, &self.selected);
        let mut out = vec![Vec::new(); self.selected.len()];
        for (point, &leaf) in tree.leaves_from.iter().enumerate() {
            let cluster = &tree.clusters[leaf];
            if cluster.children.is_empty()
                && tree.leaves_at[point] == cluster.death
                && let Some(label) = owners[leaf].and_then(|owner| self.number(owner))
            {
                out[label].push(point);
            }
        }
        out
    }

    fn number(&self, cluster: usize) -> Option<usize> {
        self.selected.iter().position(|&c| c == cluster)
    }

    /// `[n, clusters]`: how far each point belongs to each cluster; a row sums to the degree to which
    /// the point belongs to any, at most 1. `x` are the rows that the clusters were made of.
    ///
    /// Two things count equally: how near the cluster's nearest exemplar is, and at how high a
    /// density the point and the cluster are still in one component.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] for another number of rows, those of [`check_finite`].
    pub fn memberships(&self, x: ArrayView2<f64>) -> Result<Array2<f64>> {
        self.check_rows(x)?;
        let points = Points::new(x, self.params.metric);
        let exemplars = self.exemplars();
        let deepest = deepest(&self.tree);
        let count = self.count();
        let rows: Vec<Vec<f64>> = (0..x.nrows())
            .into_par_iter()
            .map(|p| {
                let distance = |exemplars: &Vec<usize>| {
                    exemplars.iter().map(|&e| points.distance(p, e)).fold(f64::INFINITY, f64::min)
                };
                let near = shares(&exemplars.iter().map(distance).collect::<Vec<_>>());
                let together: Vec<f64> = self
                    .selected
                    .iter()
                    .map(|&c| ratio(self.together(p, c, &deepest), deepest[c]))
                    .collect();
                let product: Vec<f64> = near.iter().zip(&together).map(|(a, b)| a * b).collect();
                let (sum, any) =
                    (product.iter().sum::<f64>(), together.iter().copied().fold(0.0, f64::max));
                let scale = if sum > 0.0 { any / sum } else { 0.0 };
                product.into_iter().map(|v| v * scale).collect()
            })
            .collect();
        Ok(Array2::from_shape_fn((x.nrows(), count), |(i, j)| rows[i][j]))
    }

    /// The largest λ at which a point and a cluster (or a part of it) are in one component.
    fn together(&self, point: usize, cluster: usize, deepest: &[f64]) -> f64 {
        let tree = &self.tree;
        let own = tree.leaves_from[point];
        let path = |mut c: usize| {
            let mut path = vec![c];
            while let Some(parent) = tree.clusters[c].parent {
                path.push(parent);
                c = parent;
            }
            path.reverse();
            path
        };
        let (to_point, to_cluster) = (path(own), path(cluster));
        let shared = to_point.iter().zip(&to_cluster).take_while(|(a, b)| a == b).count();
        let leaves = tree.leaves_at[point];
        if shared == to_cluster.len() {
            return leaves.min(deepest[cluster]);
        }
        // The point leaves before the cluster is born, or they part when either is.
        leaves.min(tree.clusters[to_cluster[shared]].birth)
    }

    /// The clusters of new points `[m, d]`: a new point goes with the point of `x` that it reaches
    /// first, as far as it reaches it at the density of that point's cluster; a point that is equal to
    /// one of `x` has that one's label and probability. `x` are the rows that the clusters were made of; the
    /// clusters themselves do not change.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] for another number of rows, [`Error::ColumnMismatch`] for another
    /// width, those of [`check_finite`].
    pub fn predict(&self, x: ArrayView2<f64>, new: ArrayView2<f64>) -> Result<Predicted> {
        self.check_rows(x)?;
        if new.ncols() != x.ncols() {
            return Err(Error::ColumnMismatch { found: new.ncols(), expected: x.ncols() });
        }
        check_finite(new)?;
        let points = Points::new(x, self.params.metric);
        let new = points.beside(new);
        let reach = Reach::new(&points, &self.core, self.params.min_samples);
        let owners = owners(&self.tree, &self.selected);
        let found: Vec<(i32, f64)> = (0..new.len())
            .into_par_iter()
            .map_init(Vec::new, |pending, i| match reach.meet(new.row(i), pending) {
                // A row that the clusters were made of keeps its place: it is no neighbour of its own.
                Some(Met::Equal(own)) => (self.labels[own], self.probabilities[own]),
                Some(Met::Reached(nearest, reach)) => self.place(nearest, reach, &owners),
                None => (-1, 0.0),
            })
            .collect();
        let (labels, probabilities) = found.into_iter().unzip();
        Ok(Predicted { labels, probabilities })
    }

    /// The clusters of new points whose nearest clustered points are known by the metric of the clusters,
    /// `min_samples` of them or more: as [`predict`](Self::predict), but that a new point goes with the one
    /// of these that it reaches first.
    ///
    /// In hundreds of dimensions this is what can be had in a short time, with
    /// [`Index::nearest`](crate::neighbors::Index::nearest); the Python package does the same.
    ///
    /// # Errors
    /// [`Error::Parameter`] when a neighbour is not a clustered point, or there are no neighbours.
    pub fn predict_near(&self, near: &Neighbors) -> Result<Predicted> {
        let known = near.indices.ncols();
        if known == 0 {
            return Err(Error::parameter("neighbors", 0, "at least 1"));
        }
        let points = self.labels.len();
        if let Some(bad) = near.indices.iter().find(|&&row| row as usize >= points) {
            return Err(Error::parameter("a neighbor", bad, "a clustered point"));
        }
        let owners = owners(&self.tree, &self.selected);
        let place = |i: usize| {
            let (rows, distances) = (near.indices.row(i), near.distances.row(i));
            let core = f64::from(distances[self.params.min_samples.min(known) - 1]);
            let reach =
                |j: usize| f64::from(distances[j]).max(core).max(self.core[rows[j] as usize]);
            // The nearest ones come first, so that they win ties.
            let first = (0..known).min_by(|&a, &b| reach(a).total_cmp(&reach(b))).unwrap_or(0);
            self.place(rows[first] as usize, reach(first), &owners)
        };
        let (labels, probabilities) = (0..near.indices.nrows()).map(place).unzip();
        Ok(Predicted { labels, probabilities })
    }

    /// The label and the probability of a point that joins another at a mutual reachability distance.
    fn place(&self, nearest: usize, reach: f64, owners: &[Option<usize>]) -> (i32, f64) {
        let lambda = if reach > 0.0 { 1.0 / reach } else { f64::INFINITY };
        let tree = &self.tree;
        let mut cluster = tree.leaves_from[nearest];
        while tree.clusters[cluster].birth > lambda {
            match tree.clusters[cluster].parent {
                Some(parent) => cluster = parent,
                None => break,
            }
        }
        let Some(owner) = owners[cluster] else { return (-1, 0.0) };
        if owner == 0 && lambda < super::membership::root_threshold(tree, &self.params) {
            return (-1, 0.0);
        }
        match self.number(owner) {
            Some(number) => (number as i32, ratio(lambda, tree.clusters[owner].death)),
            None => (-1, 0.0),
        }
    }

    fn check_rows(&self, x: ArrayView2<f64>) -> Result<()> {
        check_finite(x)?;
        if x.nrows() != self.labels.len() {
            let (found, expected) = (x.nrows(), self.labels.len());
            return Err(Error::LengthMismatch { what: "the clustered rows", found, expected });
        }
        Ok(())
    }
}

/// For each cluster of the tree the largest λ in it and in those inside it.
pub(super) fn deepest(tree: &CondensedTree) -> Vec<f64> {
    let mut out: Vec<f64> = tree.clusters.iter().map(|c| c.death).collect();
    for c in (1..out.len()).rev() {
        if let Some(parent) = tree.clusters[c].parent {
            out[parent] = out[parent].max(out[c]);
        }
    }
    out
}

/// `λ / largest`, at most 1; an infinite λ is as dense as can be.
fn ratio(lambda: f64, largest: f64) -> f64 {
    if largest == 0.0 || !lambda.is_finite() { 1.0 } else { lambda.min(largest) / largest }
}

/// The inverses of distances, scaled to the sum of 1.
fn shares(distances: &[f64]) -> Vec<f64> {
    let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
    let weight = |&d: &f64| match (least, d) {
        (0.0, 0.0) => 1.0,
        (0.0, _) => 0.0,
        (least, d) if d.is_finite() => least / d,
        _ => 0.0,
    };
    let sum: f64 = distances.iter().map(weight).sum();
    distances.iter().map(|d| if sum > 0.0 { weight(d) / sum } else { 0.0 }).collect()
}
