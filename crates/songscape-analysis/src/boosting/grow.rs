//! How one tree grows: at the leaf that gains most, split after split.

use std::cmp::Ordering;
use std::ops::Range;

use multiversion::multiversion;
use rayon::prelude::*;

use super::bins::{Binned, GROUP, MISSING};
use super::histogram::{Cell, Scale};
use super::{Bins, BoosterParams, Node, Tree};

/// Work (rows times columns, or bins) that is not worth sharing among threads.
const SHARED: usize = 1 << 17;
/// Bins of a column at most.
const MOST_BINS: usize = 256;
/// Room for so many is enough where no column has more.
const FEW_BINS: usize = 64;
/// Columns that one thread takes at a time.
const COLUMNS: usize = 16;

/// What a tree is grown on: bins, and for each row its gradient and weight.
pub(super) struct Data<'a> {
    pub bins: &'a Bins,
    pub binned: &'a Binned,
    pub gradients: &'a [f32],
    pub weights: &'a [f32],
    /// The columns that the tree may use, ascending.
    pub columns: &'a [usize],
}

/// Histograms that are not in use, kept from tree to tree, since new memory is slow.
#[derive(Default)]
pub(super) struct Pool<C>(Vec<Vec<C>>);

impl<C: Cell> Pool<C> {
    fn take(&mut self, len: usize) -> Vec<C> {
        let mut out = self.0.pop().unwrap_or_default();
        out.clear();
        out.resize(len, C::default());
        out
    }
}

/// Grows a tree on `rows`, which it reorders, and gives it with the rows of each leaf.
pub(super) fn grow<C: Cell>(
    data: &Data,
    scale: Scale,
    rows: &mut [u32],
    params: &BoosterParams,
    pool: &mut Pool<C>,
) -> (Tree, Vec<(usize, Range<usize>)>) {
    let cells: Vec<C> = data
        .gradients
        .iter()
        .zip(data.weights)
        .map(|(&gradient, &weight)| scale.cell(gradient, weight))
        .collect();
    // Groups without a column that the tree may use are not counted.
    let mut used = vec![false; data.binned.groups.len()];
    data.columns.iter().for_each(|column| used[column / GROUP] = true);
    let stride = if data.bins.most() <= FEW_BINS { FEW_BINS } else { MOST_BINS };
    let mut grower =
        Grower { data, params, scale, used, stride, cells, pool, gathered: Vec::new() };
    let mut tree = Tree::default();
    let mut leaves = vec![grower.root(rows, &mut tree)];
    let mut scratch = Vec::new();
    while leaves.len() < params.leaves {
        let gain = |leaf: &Leaf<C>| leaf.best.map_or(f64::NEG_INFINITY, |s| s.gain);
        // The first of equal gains, so that nothing depends on chance.
        let best = (0..leaves.len())
            .max_by(|&a, &b| gain(&leaves[a]).total_cmp(&gain(&leaves[b])).then(b.cmp(&a)));
        let Some((place, split)) = best.and_then(|i| leaves[i].best.map(|s| (i, s))) else { break };
        let parent = leaves.swap_remove(place);
        let middle = grower.partition(&mut rows[parent.rows.clone()], &split, &mut scratch)
            + parent.rows.start;
        // The last split needs no histograms: nothing will be split after it.
        let last = leaves.len() + 2 >= params.leaves;
        let (left, right) = grower.children(parent, middle, rows, &split, &mut tree, last);
        leaves.push(left);
        leaves.push(right);
    }
    leaves.sort_by_key(|leaf| leaf.rows.start);
    let ranges = leaves.iter().map(|leaf| (leaf.node, leaf.rows.clone())).collect();
    pool.0.extend(leaves.into_iter().map(|leaf| leaf.histograms));
    (tree, ranges)
}

#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f64,
    column: usize,
    bin: u8,
    missing_left: bool,
}

struct Leaf<C> {
    node: usize,
    depth: usize,
    rows: Range<usize>,
    total: C,
    histograms: Vec<C>,
    best: Option<Split>,
}

struct Grower<'a, C> {
    data: &'a Data<'a>,
    params: &'a BoosterParams,
    scale: Scale,
    /// Whether the tree may use a column of the group.
    used: Vec<bool>,
    /// Bins from the start of one column's histogram to that of the next.
    stride: usize,
    cells: Vec<C>,
    pool: &'a mut Pool<C>,
    gathered: Vec<(u32, C)>,
}

impl<C: Cell> Grower<'_, C> {
    fn root(&mut self, rows: &[u32], tree: &mut Tree) -> Leaf<C> {
        let histograms = self.count(rows);
        let total = self.sum(rows);
        let mut root =
            Leaf { node: 0, depth: 0, rows: 0..rows.len(), total, histograms, best: None };
        root.best = self.best_split(&root);
        tree.nodes.push(Node::Leaf(self.value(rows)));
        root
    }

    fn sum(&self, rows: &[u32]) -> C {
        rows.iter().fold(C::default(), |sum, &row| sum.plus(self.cells[row as usize]))
    }

    /// The best value of a leaf, from the gradients as they are.
    fn value(&self, rows: &[u32]) -> f64 {
        let (mut gradient, mut weight) = (0.0, 0.0);
        for &row in rows {
            gradient += f64::from(self.data.gradients[row as usize]);
            weight += f64::from(self.data.weights[row as usize]);
        }
        let weight = weight + self.params.l2;
        if weight > 0.0 { -shrunk(gradient, self.params.l1) / weight } else { 0.0 }
    }

    /// Twice the drop of the loss when these rows get their best value.
    #[inline]
    fn score(&self, cell: C) -> f64 {
        let gradient = cell.gradient() as f64 * self.scale.gradient;
        score(gradient, self.weight(cell), (self.params.l1, self.params.l2))
    }

    /// The histograms of all columns over some rows.
    fn count(&mut self, rows: &[u32]) -> Vec<C> {
        let size = GROUP * self.stride;
        let mut out = self.pool.take(size * self.used.len());
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.clear();
        gathered.extend(rows.iter().map(|&row| (row, self.cells[row as usize])));
        let fill = |(group, histograms): (usize, &mut [C])| {
            if !self.used[group] {
                return;
            }
            let bins = &self.data.binned.groups[group];
            if self.stride == FEW_BINS {
                add_rows::<C, FEW_BINS>(bins, &gathered, histograms);
            } else {
                add_rows::<C, MOST_BINS>(bins, &gathered, histograms);
            }
        };
        if rows.len() * self.data.columns.len() < SHARED {
            out.chunks_mut(size).enumerate().for_each(fill);
        } else {
            out.par_chunks_mut(size).enumerate().for_each(fill);
        }
        self.gathered = gathered;
        out
    }

    fn best_split(&self, leaf: &Leaf<C>) -> Option<Split> {
        let too_deep = self.params.depth.is_some_and(|depth| leaf.depth >= depth);
        if too_deep || (leaf.total.rows() as usize) < 2 * self.params.min_child_rows {
            return None;
        }
        let columns = self.data.columns;
        if columns.len() * self.stride < SHARED / 4 {
            columns.iter().map(|&c| self.best_in_column(leaf, c)).fold(None, better)
        } else {
            columns
                .par_iter()
                .with_min_len(COLUMNS)
                .map(|&c| self.best_in_column(leaf, c))
                .reduce(|| None, better)
        }
    }

    fn best_in_column(&self, leaf: &Leaf<C>, column: usize) -> Option<Split> {
        let start = column * self.stride;
        let histogram = &leaf.histograms[start..start + self.data.bins.count(column)];
        let missing = histogram[usize::from(MISSING)];
        let before = self.score(leaf.total);
        // A gain must be more than rounding.
        let mut most = before * (1.0 + 1e-10) + 1e-12;
        let mut best = None;
        let least = self.params.min_child_rows as u32;
        let (rows, weight) = (leaf.total.rows(), self.weight(leaf.total));
        // The sums over all bins up to each one, and the scores of the splits after it.
        let (mut gradients, mut weights) = ([0.0; MOST_BINS], [0.0; MOST_BINS]);
        let mut scores = [0.0; MOST_BINS];
        let last = histogram.len() - 1;
        for missing_left in [false, true] {
            if missing_left && missing.rows() == 0 {
                break;
            }
            let mut left = if missing_left { missing } else { C::default() };
            // Rows and weights only grow from bin to bin: splits that leave enough on both sides are
            // those of a range of bins.
            let mut allowed = last..last;
            for (bin, &cell) in histogram[1..].iter().enumerate() {
                left = left.plus(cell);
                let own = self.weight(left);
                let right = leaf.total.minus(left);
                if left.rows() < least || own < self.params.min_child_weight {
                    continue;
                }
                if rows - left.rows() < least || self.weight(right) < self.params.min_child_weight {
                    allowed.end = bin;
                    break;
                }
                allowed.start = allowed.start.min(bin);
                gradients[bin] = left.gradient() as f64 * self.scale.gradient;
                weights[bin] = own;
            }
            allowed.start = allowed.start.min(allowed.end);
            split_scores(
                &gradients[allowed.clone()],
                &weights[allowed.clone()],
                (leaf.total.gradient() as f64 * self.scale.gradient, weight),
                (self.params.l1, self.params.l2),
                &mut scores[allowed.clone()],
            );
            for bin in allowed {
                if scores[bin] > most {
                    most = scores[bin];
                    let gain = 0.5 * (most - before);
                    best = Some(Split { gain, column, bin: bin as u8 + 1, missing_left });
                }
            }
        }
        best
    }

    #[inline]
    fn weight(&self, cell: C) -> f64 {
        cell.weight() as f64 * self.scale.weight
    }

    /// Rows of the left child first, the order within both kept; gives their number.
    fn partition(&self, rows: &mut [u32], split: &Split, scratch: &mut Vec<u32>) -> usize {
        scratch.clear();
        let mut at = 0;
        for i in 0..rows.len() {
            let row = rows[i];
            let bin = self.data.binned.bin(split.column, row);
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
        &mut self,
        parent: Leaf<C>,
        middle: usize,
        rows: &[u32],
        split: &Split,
        tree: &mut Tree,
        last: bool,
    ) -> (Leaf<C>, Leaf<C>) {
        let (left_rows, right_rows) = (parent.rows.start..middle, middle..parent.rows.end);
        let mut left_histograms = parent.histograms;
        let mut right_histograms = Vec::new();
        if !last {
            let left_is_smaller = left_rows.len() <= right_rows.len();
            let smaller = if left_is_smaller { left_rows.clone() } else { right_rows.clone() };
            right_histograms = self.count(&rows[smaller]);
            for (whole, part) in left_histograms.iter_mut().zip(&right_histograms) {
                *whole = whole.minus(*part);
            }
            if left_is_smaller {
                std::mem::swap(&mut left_histograms, &mut right_histograms);
            }
        }
        let left_node = tree.nodes.len();
        tree.nodes[parent.node] = Node::Split {
            column: split.column,
            limit: self.data.bins.limit(split.column, usize::from(split.bin)),
            missing_left: split.missing_left,
            left: left_node,
            right: left_node + 1,
            gain: split.gain,
        };
        tree.nodes.push(Node::Leaf(self.value(&rows[left_rows.clone()])));
        tree.nodes.push(Node::Leaf(self.value(&rows[right_rows.clone()])));
        let make = |node, leaf_rows: Range<usize>, histograms| {
            let total = self.sum(&rows[leaf_rows.clone()]);
            let depth = parent.depth + 1;
            let mut leaf = Leaf { node, depth, rows: leaf_rows, total, histograms, best: None };
            if !last {
                leaf.best = self.best_split(&leaf);
            }
            leaf
        };
        let left = make(left_node, left_rows, left_histograms);
        let right = make(left_node + 1, right_rows, right_histograms);
        (left, right)
    }
}

/// Adds rows with their cells to the histograms of a group of columns, `BINS` (a power of two) each.
/// The remainder changes no bin; it tells the compiler that none is out of bounds.
fn add_rows<C: Cell, const BINS: usize>(
    bins: &[[u8; GROUP]],
    rows: &[(u32, C)],
    histograms: &mut [C],
) {
    let (histograms, _) = histograms.as_chunks_mut::<BINS>();
    let Ok(histograms) = <&mut [[C; BINS]; GROUP]>::try_from(histograms) else { return };
    for (row, cell) in rows {
        for (histogram, &bin) in histograms.iter_mut().zip(&bins[*row as usize]) {
            let sum = &mut histogram[usize::from(bin) % BINS];
            *sum = sum.plus(*cell);
        }
    }
}

fn shrunk(gradient: f64, l1: f64) -> f64 {
    gradient.signum() * (gradient.abs() - l1).max(0.0)
}

#[inline(always)]
fn score(gradient: f64, weight: f64, (l1, l2): (f64, f64)) -> f64 {
    let (gradient, weight) = (shrunk(gradient, l1), weight + l2);
    if weight > 0.0 { gradient * gradient / weight } else { 0.0 }
}

/// The scores of both sides together, for splits of a whole with these sums on their left.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
fn split_scores(
    gradients: &[f64],
    weights: &[f64],
    whole: (f64, f64),
    penalties: (f64, f64),
    out: &mut [f64],
) {
    for ((&gradient, &weight), out) in gradients.iter().zip(weights).zip(out) {
        *out = score(gradient, weight, penalties)
            + score(whole.0 - gradient, whole.1 - weight, penalties);
    }
}

/// The larger gain; of equal ones that of the first column.
fn better(a: Option<Split>, b: Option<Split>) -> Option<Split> {
    match (a, b) {
        (Some(a), Some(b)) => Some(match a.gain.total_cmp(&b.gain) {
            Ordering::Less => b,
            Ordering::Equal if b.column < a.column => b,
            _ => a,
        }),
        (a, b) => a.or(b),
    }
}
