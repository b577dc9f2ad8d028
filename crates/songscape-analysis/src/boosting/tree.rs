use std::cmp::Ordering;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::MISSING;
use super::{Bins, BoosterParams};

/// A regression tree. Node 0 is the root.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Tree {
    /// The nodes; children come after their parent.
    pub nodes: Vec<Node>,
}

/// A node of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Node {
    /// Rows go on to the left when their value is at most the limit, otherwise to the right.
    Split {
        /// The column that is compared.
        column: usize,
        /// The limit.
        limit: f32,
        /// Whether missing values go to the left.
        missing_left: bool,
        /// The node on the left.
        left: usize,
        /// The node on the right.
        right: usize,
        /// How much the split gained, half the drop of the squared error.
        gain: f64,
    },
    /// The answer.
    Leaf(
        /// Its value, the learning rate included.
        f64,
    ),
}

impl Tree {
    /// The answer for a row.
    pub fn predict(&self, row: impl Fn(usize) -> f32) -> f64 {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                Node::Leaf(value) => return *value,
                Node::Split { column, limit, missing_left, left, right, .. } => {
                    let value = row(*column);
                    let to_left = if value.is_nan() { *missing_left } else { value <= *limit };
                    at = if to_left { *left } else { *right };
                }
            }
        }
    }
}

/// What a tree is grown on: bins column after column, and for each row the gradient and the weight
/// (the second derivative).
pub(super) struct Data<'a> {
    pub bins: &'a Bins,
    pub binned: &'a [u8],
    pub rows: usize,
    pub gradients: &'a [f32],
    pub weights: &'a [f32],
    pub columns: &'a [usize],
}

/// Sums over the rows of a bin or a leaf.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    gradient: f64,
    weight: f64,
    rows: u32,
}

impl Sums {
    fn minus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            weight: self.weight - other.weight,
            rows: self.rows - other.rows,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient + other.gradient,
            weight: self.weight + other.weight,
            rows: self.rows + other.rows,
        }
    }

    /// The gradient shrunk towards 0 by the L1 penalty.
    fn shrunk(self, params: &BoosterParams) -> f64 {
        self.gradient.signum() * (self.gradient.abs() - params.l1).max(0.0)
    }

    /// The drop of the loss when these rows get their best value.
    fn score(self, params: &BoosterParams) -> f64 {
        let weight = self.weight + params.l2;
        if weight > 0.0 { 0.5 * self.shrunk(params).powi(2) / weight } else { 0.0 }
    }

    pub(super) fn value(self, params: &BoosterParams) -> f64 {
        let weight = self.weight + params.l2;
        if weight > 0.0 { -self.shrunk(params) / weight } else { 0.0 }
    }
}

#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f64,
    column: usize,
    bin: u8,
    missing_left: bool,
}

struct Leaf {
    node: usize,
    depth: usize,
    start: usize,
    end: usize,
    sums: Sums,
    histograms: Vec<Sums>,
    best: Option<Split>,
}

/// Rows below which counting is not shared among threads (times columns).
const SHARED: usize = 1 << 15;

/// Grows a tree on `rows`, which it reorders, and gives it with the rows of each leaf: `(node, rows)`.
pub(super) fn grow(
    data: &Data,
    rows: &mut [u32],
    params: &BoosterParams,
) -> (Tree, Vec<(usize, std::ops::Range<usize>)>) {
    let offsets: Vec<usize> = data
        .columns
        .iter()
        .scan(0, |at, &c| {
            let start = *at;
            *at += data.bins.count(c);
            Some(start)
        })
        .collect();
    let grower = Grower { data, params, offsets };
    let sums = rows.iter().fold(Sums::default(), |sum, &row| sum.plus(grower.row(row as usize)));
    let histograms = grower.count(rows);
    let mut root =
        Leaf { node: 0, depth: 0, start: 0, end: rows.len(), sums, histograms, best: None };
    root.best = grower.best_split(&root);
    let mut tree = Tree { nodes: vec![Node::Leaf(sums.value(params))] };
    let mut leaves = vec![root];
    let mut scratch = Vec::new();
    while leaves.len() < params.leaves {
        let gain = |leaf: &Leaf| leaf.best.map_or(f64::NEG_INFINITY, |s| s.gain);
        // The first of equal gains, so that nothing depends on chance.
        let best = (0..leaves.len())
            .max_by(|&a, &b| gain(&leaves[a]).total_cmp(&gain(&leaves[b])).then(b.cmp(&a)));
        let Some((place, split)) = best.and_then(|i| leaves[i].best.map(|s| (i, s))) else { break };
        let parent = leaves.swap_remove(place);
        let middle = grower.partition(&mut rows[parent.start..parent.end], &split, &mut scratch)
            + parent.start;
        let (left, right) = grower.children(parent, middle, rows, &split, &mut tree);
        leaves.push(left);
        leaves.push(right);
    }
    leaves.sort_by_key(|leaf| leaf.start);
    let ranges = leaves.iter().map(|leaf| (leaf.node, leaf.start..leaf.end)).collect();
    (tree, ranges)
}

struct Grower<'a> {
    data: &'a Data<'a>,
    params: &'a BoosterParams,
    /// Where the histogram of each used column starts.
    offsets: Vec<usize>,
}

impl Grower<'_> {
    fn row(&self, row: usize) -> Sums {
        Sums {
            gradient: f64::from(self.data.gradients[row]),
            weight: f64::from(self.data.weights[row]),
            rows: 1,
        }
    }

    fn column(&self, column: usize) -> &[u8] {
        &self.data.binned[column * self.data.rows..(column + 1) * self.data.rows]
    }

    /// The histograms of all used columns over some rows. A histogram is counted by one thread, row
    /// after row, so that its rounding does not depend on the number of threads.
    fn count(&self, rows: &[u32]) -> Vec<Sums> {
        let total = self
            .offsets
            .last()
            .map_or(0, |&o| o + self.data.columns.last().map_or(0, |&c| self.data.bins.count(c)));
        let mut out = vec![Sums::default(); total];
        let gathered: Vec<(u32, Sums)> =
            rows.iter().map(|&row| (row, self.row(row as usize))).collect();
        let mut parts = Vec::with_capacity(self.data.columns.len());
        let mut rest = &mut out[..];
        for &column in self.data.columns {
            let (histogram, after) = rest.split_at_mut(self.data.bins.count(column));
            parts.push((column, histogram));
            rest = after;
        }
        let fill = |(column, histogram): (usize, &mut [Sums])| {
            let bins = self.column(column);
            for (row, sums) in &gathered {
                let bin = &mut histogram[bins[*row as usize] as usize];
                *bin = bin.plus(*sums);
            }
        };
        if rows.len() * self.data.columns.len() < SHARED {
            parts.into_iter().for_each(fill);
        } else {
            parts.into_par_iter().with_min_len(8).for_each(fill);
        }
        out
    }

    fn best_split(&self, leaf: &Leaf) -> Option<Split> {
        let too_deep = self.params.depth.is_some_and(|depth| leaf.depth >= depth);
        if too_deep || (leaf.sums.rows as usize) < 2 * self.params.min_child_rows {
            return None;
        }
        let columns = 0..self.data.columns.len();
        let better = |a: Option<Split>, b: Option<Split>| match (a, b) {
            (Some(a), Some(b)) => Some(match a.gain.total_cmp(&b.gain) {
                Ordering::Less => b,
                Ordering::Greater => a,
                Ordering::Equal => {
                    if a.column <= b.column {
                        a
                    } else {
                        b
                    }
                }
            }),
            (a, b) => a.or(b),
        };
        if columns.len() < 64 {
            columns.map(|c| self.best_in_column(leaf, c)).fold(None, better)
        } else {
            columns
                .into_par_iter()
                .with_min_len(32)
                .map(|c| self.best_in_column(leaf, c))
                .reduce(|| None, better)
        }
    }

    fn best_in_column(&self, leaf: &Leaf, place: usize) -> Option<Split> {
        let params = self.params;
        let column = self.data.columns[place];
        let start = self.offsets[place];
        let histogram = &leaf.histograms[start..start + self.data.bins.count(column)];
        let missing = histogram[MISSING as usize];
        let before = leaf.sums.score(params);
        let allowed = |sums: &Sums| {
            sums.rows as usize >= params.min_child_rows && sums.weight >= params.min_child_weight
        };
        let mut best: Option<Split> = None;
        for missing_left in [false, true] {
            if missing_left && missing.rows == 0 {
                continue;
            }
            let mut left = if missing_left { missing } else { Sums::default() };
            // The last bin on the left leaves missing values alone on the right.
            let end = if missing_left { histogram.len() - 1 } else { histogram.len() };
            for (bin, sums) in histogram.iter().enumerate().take(end).skip(1) {
                left = left.plus(*sums);
                if left.rows == leaf.sums.rows {
                    break;
                }
                if sums.rows == 0 {
                    continue;
                }
                let right = leaf.sums.minus(left);
                if !allowed(&left) || !allowed(&right) {
                    continue;
                }
                let gain = left.score(params) + right.score(params) - before;
                if gain > 1e-12 * before.abs() + 1e-12 && best.is_none_or(|b| gain > b.gain) {
                    best = Some(Split { gain, column, bin: bin as u8, missing_left });
                }
            }
        }
        best
    }

    /// Rows of the left child first, the order within both kept; gives their number.
    fn partition(&self, rows: &mut [u32], split: &Split, scratch: &mut Vec<u32>) -> usize {
        let bins = self.column(split.column);
        scratch.clear();
        let mut at = 0;
        for i in 0..rows.len() {
            let row = rows[i];
            let bin = bins[row as usize];
            let left = if bin == MISSING { split.missing_left } else { bin <= split.bin };
            if left {
                rows[at] = row;
                at += 1;
            } else {
                scratch.push(row);
            }
        }
        rows[at..].copy_from_slice(scratch);
        at
    }

    fn children(
        &self,
        parent: Leaf,
        middle: usize,
        rows: &[u32],
        split: &Split,
        tree: &mut Tree,
    ) -> (Leaf, Leaf) {
        let sum = |range: std::ops::Range<usize>| {
            rows[range].iter().fold(Sums::default(), |s, &row| s.plus(self.row(row as usize)))
        };
        let left_is_smaller = middle - parent.start <= parent.end - middle;
        let smaller = if left_is_smaller { parent.start..middle } else { middle..parent.end };
        let counted = self.count(&rows[smaller]);
        let mut subtracted = parent.histograms;
        for (whole, part) in subtracted.iter_mut().zip(&counted) {
            *whole = whole.minus(*part);
        }
        let (left_histograms, right_histograms) =
            if left_is_smaller { (counted, subtracted) } else { (subtracted, counted) };

        let left_node = tree.nodes.len();
        let make = |node, start: usize, end: usize, histograms| {
            let mut leaf = Leaf {
                node,
                depth: parent.depth + 1,
                start,
                end,
                sums: sum(start..end),
                histograms,
                best: None,
            };
            leaf.best = self.best_split(&leaf);
            leaf
        };
        let left = make(left_node, parent.start, middle, left_histograms);
        let right = make(left_node + 1, middle, parent.end, right_histograms);
        tree.nodes[parent.node] = Node::Split {
            column: split.column,
            limit: self.data.bins.limit(split.column, split.bin as usize),
            missing_left: split.missing_left,
            left: left_node,
            right: left_node + 1,
            gain: split.gain,
        };
        tree.nodes.push(Node::Leaf(left.sums.value(self.params)));
        tree.nodes.push(Node::Leaf(right.sums.value(self.params)));
        (left, right)
    }
}
