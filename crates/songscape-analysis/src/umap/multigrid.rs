//! A graph and its ever coarser copies, on which equations with its Laplacian are solved roughly and
//! quickly: aggregation multigrid.
//!
//! Nodes with a strong edge are merged, four at a time on average; the weights between two groups add up.
//! A cycle smooths by Jacobi's method, takes what is left to the coarser graph, and comes back (Braess,
//! "Towards algebraic multigrid for elliptic problems of second order", 1995, with his over-correction).

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use crate::eigen;
use crate::error::Result;

/// Graphs of so many nodes are solved densely.
const DENSE: usize = 256;
/// The damping of Jacobi's method.
const DAMPING: f64 = 0.6;
/// Corrections that are constant within a group are too small by about so much.
const OVER: f64 = 1.6;
/// Nodes that one thread takes at a time.
const CHUNK: usize = 2048;

/// A connected, symmetric graph with positive weights.
pub(super) struct Level {
    starts: Vec<usize>,
    others: Vec<u32>,
    weights: Vec<f64>,
    /// The sum of the weights to other nodes.
    outer: Vec<f64>,
    /// That, and the weights that were merged into the node.
    degree: Vec<f64>,
    /// The node of the coarser graph; empty on the coarsest.
    group: Vec<u32>,
}

/// The finest graph first.
pub(super) struct Hierarchy {
    pub levels: Vec<Level>,
    /// The eigenvalues of the coarsest normalised Laplacian, smallest first, and its eigenvectors as rows.
    values: Array1<f64>,
    vectors: Array2<f64>,
}

impl Level {
    /// Edges of each node as lists of `(other, weight)`.
    pub fn new<I: Iterator<Item = (usize, f64)>>(nodes: usize, edges: impl Fn(usize) -> I) -> Self {
        let mut level = Self::empty(nodes);
        for node in 0..nodes {
            for (other, weight) in edges(node) {
                level.others.push(other as u32);
                level.weights.push(weight);
            }
            level.starts.push(level.others.len());
        }
        level.outer = (0..nodes).map(|node| level.edges(node).map(|e| e.1).sum()).collect();
        level.degree = level.outer.clone();
        level
    }

    fn empty(nodes: usize) -> Self {
        let mut starts = Vec::with_capacity(nodes + 1);
        starts.push(0);
        let (others, weights) = (Vec::new(), Vec::new());
        Self { starts, others, weights, outer: Vec::new(), degree: Vec::new(), group: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.outer.len()
    }

    pub fn degree(&self) -> &[f64] {
        &self.degree
    }

    fn edges(&self, node: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[node]..self.starts[node + 1];
        self.others[range.clone()].iter().zip(&self.weights[range]).map(|(&o, &w)| (o as usize, w))
    }

    /// The Laplacian times a vector, `at` each node made of the node and its entry.
    fn each(&self, x: &[f64], at: impl Fn(usize, f64) -> f64 + Sync) -> Vec<f64> {
        (0..self.len())
            .into_par_iter()
            .with_min_len(CHUNK)
            .map(|i| {
                let across: f64 = self.edges(i).map(|(j, weight)| weight * x[j]).sum();
                at(i, self.outer[i] * x[i] - across)
            })
            .collect()
    }

    /// The normalised Laplacian `D^−½ (D − W) D^−½` times a vector.
    pub fn normalised(&self, u: &Array1<f64>) -> Array1<f64> {
        let v: Vec<f64> = u.iter().zip(&self.degree).map(|(u, d)| u / d.sqrt()).collect();
        self.each(&v, |i, product| product / self.degree[i].sqrt()).into()
    }

    /// Each node joined to the one that it has the heaviest free edge to, or to that one's group. Gives
    /// each node's group and the number of groups.
    fn pairs(&self) -> (Vec<u32>, usize) {
        let mut group = vec![u32::MAX; self.len()];
        let mut groups = 0;
        // Relative to the ends' own degrees, so that hubs do not take all.
        let heaviest = |node: usize, free: &dyn Fn(usize) -> bool| {
            self.edges(node)
                .filter(|e| free(e.0))
                .map(|(other, weight)| (weight / self.degree[other].sqrt(), other))
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
        };
        for node in 0..self.len() {
            if group[node] == u32::MAX
                && let Some((_, other)) = heaviest(node, &|o| o != node && group[o] == u32::MAX)
            {
                (group[node], group[other]) = (groups, groups);
                groups += 1;
            }
        }
        for node in 0..self.len() {
            if group[node] == u32::MAX {
                group[node] = match heaviest(node, &|other| other != node) {
                    Some((_, other)) if group[other] != u32::MAX => group[other],
                    _ => {
                        groups += 1;
                        groups - 1
                    }
                };
            }
        }
        (group, groups as usize)
    }

    /// The graph of the groups.
    fn merged(&self, group: &[u32], groups: usize) -> Self {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); groups];
        for (node, &group) in group.iter().enumerate() {
            members[group as usize].push(node as u32);
        }
        let mut coarse = Self::empty(groups);
        let mut found: Vec<(u32, f64)> = Vec::new();
        for (own, members) in members.iter().enumerate() {
            found.clear();
            for &node in members {
                found.extend(self.edges(node as usize).map(|(other, w)| (group[other], w)));
            }
            found.retain(|edge| edge.0 as usize != own);
            found.sort_by_key(|edge| edge.0);
            for same in found.chunk_by(|a, b| a.0 == b.0) {
                coarse.others.push(same[0].0);
                coarse.weights.push(same.iter().map(|edge| edge.1).sum());
            }
            coarse.starts.push(coarse.others.len());
            coarse.outer.push(found.iter().map(|edge| edge.1).sum());
            coarse.degree.push(members.iter().map(|&node| self.degree[node as usize]).sum());
        }
        coarse
    }

    /// Four nodes or so to one.
    fn coarser(&mut self) -> Self {
        let (first, groups) = self.pairs();
        let half = self.merged(&first, groups);
        let (second, groups) = half.pairs();
        self.group = first.into_iter().map(|group| second[group as usize]).collect();
        half.merged(&second, groups)
    }
}

impl Hierarchy {
    pub fn new(finest: Level) -> Result<Self> {
        let mut levels = vec![finest];
        while let Some(last) = levels.last_mut()
            && last.len() > DENSE
        {
            let coarser = last.coarser();
            levels.push(coarser);
        }
        let coarsest = &levels[levels.len() - 1];
        let n = coarsest.len();
        let mut dense = Array2::<f64>::zeros((n, n));
        for i in 0..n {
            dense[[i, i]] = coarsest.outer[i] / coarsest.degree[i];
            for (j, weight) in coarsest.edges(i) {
                dense[[i, j]] -= weight / (coarsest.degree[i] * coarsest.degree[j]).sqrt();
            }
        }
        let (values, vectors) = eigen::symmetric(dense)?;
        let order: Vec<usize> = (0..n).rev().collect();
        let values = order.iter().map(|&i| values[i]).collect();
        Ok(Self { levels, values, vectors: vectors.select(ndarray::Axis(0), &order) })
    }

    /// The `count` eigenvectors of the coarsest normalised Laplacian that follow the first.
    pub fn coarsest_vectors(&self, count: usize) -> Vec<Array1<f64>> {
        self.vectors.rows().into_iter().skip(1).take(count).map(|row| row.to_owned()).collect()
    }

    /// A vector of a coarser level's normalised problem on the next finer level.
    pub fn finer(&self, level: usize, coarse: &Array1<f64>) -> Array1<f64> {
        let (fine, coarser) = (&self.levels[level], &self.levels[level + 1]);
        let value = |(&group, degree): (&u32, &f64)| {
            let group = group as usize;
            coarse[group] * (degree / coarser.degree[group]).sqrt()
        };
        fine.group.iter().zip(&fine.degree).map(value).collect()
    }

    /// About the solution `u` of `L u = r` with a level's normalised Laplacian.
    pub fn solve(&self, level: usize, r: &Array1<f64>) -> Array1<f64> {
        let degree = &self.levels[level].degree;
        let r: Vec<f64> = r.iter().zip(degree).map(|(r, d)| r * d.sqrt()).collect();
        self.cycle(level, &r).iter().zip(degree).map(|(x, d)| x * d.sqrt()).collect()
    }

    /// One cycle for `(D − W) x = r`.
    fn cycle(&self, level: usize, r: &[f64]) -> Vec<f64> {
        let own = &self.levels[level];
        if level + 1 == self.levels.len() {
            return self.solve_coarsest(own, r);
        }
        let mut x: Vec<f64> = r.iter().zip(&own.outer).map(|(r, d)| DAMPING * r / d).collect();
        let left = own.each(&x, |i, product| r[i] - product);
        let mut coarse = vec![0.0; self.levels[level + 1].len()];
        for (&group, left) in own.group.iter().zip(left) {
            coarse[group as usize] += left;
        }
        let coarse = self.cycle(level + 1, &coarse);
        for (x, &group) in x.iter_mut().zip(&own.group) {
            *x += OVER * coarse[group as usize];
        }
        own.each(&x, |i, product| x[i] + DAMPING * (r[i] - product) / own.outer[i])
    }

    fn solve_coarsest(&self, own: &Level, r: &[f64]) -> Vec<f64> {
        let normalised: Array1<f64> =
            r.iter().zip(&own.degree).map(|(r, d)| r / d.sqrt()).collect();
        let mut along = self.vectors.dot(&normalised);
        for (along, &value) in along.iter_mut().zip(&self.values) {
            *along = if value > 1e-12 { *along / value } else { 0.0 };
        }
        let x = self.vectors.t().dot(&along);
        x.iter().zip(&own.degree).map(|(x, d)| x / d.sqrt()).collect()
    }
}
