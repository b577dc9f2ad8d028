use std::cmp::Ordering;

use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use super::forest::{Split, Tree, levels};
use super::search::{Place, Search};
use super::{Neighbors, Prepared};
use crate::archive::{Archive, Writer};
use crate::error::Result;
use crate::random::SplitMix;

/// Trees that a search starts from, and rows of their leaves at most.
const TREES: usize = 3;
const LEAF: usize = 32;
/// Ways from a row at most.
const WAYS: usize = 32;

/// The ways that a search takes from row to row, and the trees that say where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Graph {
    /// For each row the number of ways from it.
    pub counts: Vec<u32>,
    /// Where they lead, one row's after the other's.
    pub rows: Vec<u32>,
    /// For each row where its ways begin, and one past the last.
    starts: Vec<usize>,
    pub trees: Vec<Tree>,
}

impl Graph {
    pub fn new(search: &Search, near: &Neighbors, seed: u64) -> Self {
        let ways = ways(search, near);
        let prepared = Prepared::new(search.x, search.metric);
        let mut random = SplitMix(seed);
        let trees: Vec<Tree> =
            (0..TREES).map(|_| Tree::new(&prepared, LEAF, random.next())).collect();
        let counts = ways.iter().map(|ways| ways.len() as u32).collect();
        Self::from_parts(counts, ways.concat(), trees)
    }

    fn from_parts(counts: Vec<u32>, rows: Vec<u32>, trees: Vec<Tree>) -> Self {
        let sum = |sum: &mut usize, &count: &u32| {
            *sum += count as usize;
            Some(*sum)
        };
        let starts = std::iter::once(0).chain(counts.iter().scan(0, sum)).collect();
        Self { counts, rows, starts, trees }
    }

    /// The rows that a way leads to from a row.
    #[inline]
    pub fn from(&self, row: u32) -> &[u32] {
        &self.rows[self.starts[row as usize]..self.starts[row as usize + 1]]
    }

    /// Puts the graph into a file: of the trees `trees.rows` `[trees, n]`, leaf after leaf, `trees.ends`
    /// `[trees, 2 · splits]`, the rows that the direction of each split leads to and comes from, and
    /// `trees.limits` `[trees, splits]`.
    pub fn put<'a>(&'a self, prefix: &str, writer: &mut Writer<'a>) {
        writer.list(format!("{prefix}graph.counts"), &self.counts[..]);
        writer.list(format!("{prefix}graph.rows"), &self.rows[..]);
        let trees = self.trees.len();
        let rows: Vec<u32> = self.trees.iter().flat_map(|tree| &tree.rows).copied().collect();
        let splits = || self.trees.iter().flat_map(|tree| &tree.splits);
        let ends: Vec<u32> = splits().flat_map(|split| [split.first, split.second]).collect();
        let limits: Vec<f32> = splits().map(|split| split.limit).collect();
        let shape = |all: usize| (trees, all / trees.max(1));
        writer.rows(format!("{prefix}trees.rows"), shape(rows.len()), rows);
        writer.rows(format!("{prefix}trees.ends"), shape(ends.len()), ends);
        writer.rows(format!("{prefix}trees.limits"), shape(limits.len()), limits);
    }

    /// Takes the graph of `n` rows out of a file.
    pub fn take(prefix: &str, n: usize, archive: &Archive) -> Result<Self> {
        let counts: Vec<u32> = archive.list(&format!("{prefix}graph.counts"), Some(n))?;
        let rows: Vec<u32> = archive.list(&format!("{prefix}graph.rows"), None)?;
        let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        archive.expect(total == rows.len() as u64, "its graph has other ways than it counts")?;
        let splits = (1 << levels(n, LEAF)) - 1;
        let tree_rows: Array2<u32> =
            archive.matrix(&format!("{prefix}trees.rows"), (None, Some(n)))?;
        let count = Some(tree_rows.nrows());
        let tree_ends: Array2<u32> =
            archive.matrix(&format!("{prefix}trees.ends"), (count, Some(2 * splits)))?;
        let tree_limits: Array2<f32> =
            archive.matrix(&format!("{prefix}trees.limits"), (count, Some(splits)))?;
        archive.expect(tree_rows.nrows() > 0, "its index has no trees")?;
        let all = rows.iter().chain(&tree_rows).chain(&tree_ends);
        archive
            .expect(all.into_iter().all(|&row| (row as usize) < n), "its graph leads nowhere")?;
        let finite = tree_limits.iter().all(|limit| limit.is_finite());
        archive.expect(finite, "a limit of its trees is not finite")?;
        let tree = |t: usize| {
            let split = |s: usize| Split {
                first: tree_ends[[t, 2 * s]],
                second: tree_ends[[t, 2 * s + 1]],
                limit: tree_limits[[t, s]],
            };
            Tree { rows: tree_rows.row(t).to_vec(), splits: (0..splits).map(split).collect() }
        };
        let trees = (0..tree_rows.nrows()).map(tree).collect();
        Ok(Self::from_parts(counts, rows, trees))
    }
}

/// The ways from each row, the shortest first: to its nearest neighbours, and to rows that it is a near
/// neighbour of, without detours.
fn ways(search: &Search, near: &Neighbors) -> Vec<Vec<u32>> {
    let n = search.x.nrows();
    let direct: Vec<Vec<(f32, u32)>> = (0..n)
        .into_par_iter()
        .map(|row| without_detours(search, row as u32, near.indices.row(row)))
        .collect();
    let mut both = direct.clone();
    for (row, ways) in direct.iter().enumerate() {
        for &(score, other) in ways {
            both[other as usize].push((score, row as u32));
        }
    }
    drop(direct);
    both.into_par_iter()
        .map(|mut ways| {
            ways.sort_unstable_by(by_score);
            ways.dedup_by_key(|way| way.1);
            ways.into_iter().map(|way| way.1).take(WAYS).collect()
        })
        .collect()
}

/// Of other rows, the nearest first, those that no nearer one is between: a row is left out when one that
/// was kept is nearer to it than the row that the ways begin at.
fn without_detours(search: &Search, row: u32, others: ArrayView1<u32>) -> Vec<(f32, u32)> {
    let from = Place::at(search, row);
    let others = others.iter().filter(|&&other| other != row);
    let mut others: Vec<(f32, u32)> =
        others.map(|&other| (search.score(&from, other), other)).collect();
    others.sort_unstable_by(by_score);
    let mut kept: Vec<(f32, u32)> = Vec::new();
    for (score, other) in others {
        let from = Place::at(search, other);
        if kept.iter().all(|&(_, nearer)| search.score(&from, nearer) >= score) {
            kept.push((score, other));
        }
    }
    kept
}

fn by_score(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}
