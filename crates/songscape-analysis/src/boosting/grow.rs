//! How one tree grows: at the leaf that gains most, split after split.

use std::ops::Range;

use rayon::prelude::*;

use super::bins::{Binned, GROUP, MISSING};
use super::histogram::{Cell, Scale};
use super::splits::{Rules, Split, best_of_group, shrunk};
use super::{Bins, BoosterParams, Node, Tree};

/// Additions and bins that are not worth sharing among threads.
const SHARED: usize = 1 << 17;
/// Bins of a column at most.
const MOST_BINS: usize = 256;
/// Room for so many is enough where no column has more.
const FEW_BINS: usize = 64;

/// What a tree is grown on: bins, and for each row its gradient and weight.
pub(super) struct Data<'a> {
    pub bins: &'a Bins,
    /// The bins of the columns that the tree may use.
    pub binned: &'a Binned,
    pub gradients: &'a [f32],
    pub weights: &'a [f32],
    /// Which columns these are, ascending.
    pub columns: &'a [usize],
}

/// The histograms of a leaf: for each group of columns, bin after bin the sums of all of its columns.
type Histograms<C> = Vec<[C; GROUP]>;

/// Histograms that are not in use, kept from tree to tree, since new memory is slow.
#[derive(Default)]
pub(super) struct Pool<C>(Vec<Histograms<C>>);

impl<C: Cell> Pool<C> {
    /// Histograms with anything in them.
    fn take(&mut self, len: usize) -> Histograms<C> {
        let mut out = self.0.pop().unwrap_or_default();
        out.resize(len, [C::default(); GROUP]);
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
    let mut grower = Grower {
        data,
        params,
        rules: Rules::new(params, scale),
        stride: if data.bins.most() <= FEW_BINS { FEW_BINS } else { MOST_BINS },
        cells,
        pool,
        gathered: Vec::new(),
    };
    let mut tree = Tree { nodes: vec![Node::Leaf(0.0)] };
    let mut leaves = vec![grower.root(rows)];
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
        let left = tree.nodes.len();
        tree.nodes[parent.node] = Node::Split {
            column: data.columns[split.column],
            limit: data.bins.limit(data.columns[split.column], usize::from(split.bin)),
            missing_left: split.missing_left,
            left,
            right: left + 1,
            gain: split.gain,
        };
        tree.nodes.extend([Node::Leaf(0.0), Node::Leaf(0.0)]);
        // After the last split nothing will be split.
        let last = leaves.len() + 2 >= params.leaves;
        leaves.extend(grower.children(parent, middle, rows, left, last));
    }
    leaves.sort_by_key(|leaf| leaf.rows.start);
    for leaf in &leaves {
        tree.nodes[leaf.node] = Node::Leaf(grower.value(&rows[leaf.rows.clone()]));
    }
    let ranges = leaves.iter().map(|leaf| (leaf.node, leaf.rows.clone())).collect();
    pool.0.extend(leaves.into_iter().map(|leaf| leaf.histograms).filter(|h| !h.is_empty()));
    (tree, ranges)
}

struct Leaf<C> {
    node: usize,
    depth: usize,
    rows: Range<usize>,
    total: C,
    /// None where the leaf cannot be split.
    histograms: Histograms<C>,
    best: Option<Split>,
}

struct Grower<'a, C> {
    data: &'a Data<'a>,
    params: &'a BoosterParams,
    rules: Rules,
    /// Bins from the start of one group's histograms to that of the next.
    stride: usize,
    cells: Vec<C>,
    pool: &'a mut Pool<C>,
    gathered: Vec<(u32, C)>,
}

impl<C: Cell> Grower<'_, C> {
    fn root(&mut self, rows: &[u32]) -> Leaf<C> {
        let mut root = Leaf {
            node: 0,
            depth: 0,
            rows: 0..rows.len(),
            total: self.sum(rows),
            histograms: Vec::new(),
            best: None,
        };
        if self.may_split(&root) {
            root.histograms = self.pool.take(self.stride * self.data.binned.groups.len());
            self.gather(rows);
            let groups = self.data.binned.groups.par_iter();
            let found = groups.zip(root.histograms.par_chunks_mut(self.stride)).enumerate().map(
                |(group, (bins, histograms))| {
                    self.count(bins, histograms);
                    self.best_of(group, histograms, root.total)
                },
            );
            root.best = found.reduce(|| None, Split::better);
        }
        root
    }

    /// Whether a split would leave enough rows on both sides, no deeper than allowed.
    fn may_split(&self, leaf: &Leaf<C>) -> bool {
        self.params.depth.is_none_or(|depth| leaf.depth < depth)
            && leaf.rows.len() >= 2 * self.params.min_child_rows
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

    fn gather(&mut self, rows: &[u32]) {
        self.gathered.clear();
        self.gathered.extend(rows.iter().map(|&row| (row, self.cells[row as usize])));
    }

    /// The histograms of a group of columns over the gathered rows.
    fn count(&self, bins: &[[u8; GROUP]], histograms: &mut [[C; GROUP]]) {
        histograms.fill([C::default(); GROUP]);
        if self.stride == FEW_BINS {
            add_rows::<C, FEW_BINS>(bins, &self.gathered, histograms);
        } else {
            add_rows::<C, MOST_BINS>(bins, &self.gathered, histograms);
        }
    }

    fn best_of(&self, group: usize, histograms: &[[C; GROUP]], total: C) -> Option<Split> {
        let best = best_of_group(&histograms[..self.data.bins.most()], total, &self.rules)?;
        Some(Split { column: group * GROUP + best.column, ..best })
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

    /// The children of a leaf, `node` the left one's; with their best splits unless they are the last.
    fn children(
        &mut self,
        parent: Leaf<C>,
        middle: usize,
        rows: &[u32],
        node: usize,
        last: bool,
    ) -> [Leaf<C>; 2] {
        let (left, right) = (parent.rows.start..middle, middle..parent.rows.end);
        let left_is_smaller = left.len() <= right.len();
        let leaf = |node, rows, total| {
            let depth = parent.depth + 1;
            Leaf { node, depth, rows, total, histograms: Vec::new(), best: None }
        };
        let (mut small, mut large) = if left_is_smaller {
            let total = self.sum(&rows[left.clone()]);
            (leaf(node, left, total), leaf(node + 1, right, parent.total.minus(total)))
        } else {
            let total = self.sum(&rows[right.clone()]);
            (leaf(node + 1, right, total), leaf(node, left, parent.total.minus(total)))
        };
        let totals = [small.total, large.total];
        let open = [&small, &large].map(|leaf| !last && self.may_split(leaf));
        large.histograms = parent.histograms;
        if open[0] || open[1] {
            small.histograms = self.pool.take(large.histograms.len());
            self.gather(&rows[small.rows.clone()]);
            // A group's histograms stay in the first cache from the count to the search.
            let work =
                |(group, ((bins, counted), rest)): (usize, ((&Vec<_>, &mut [_]), &mut [_]))| {
                    self.count(bins, counted);
                    subtract(rest, counted);
                    let best = |leaf: usize, histograms: &[_]| {
                        if open[leaf] {
                            self.best_of(group, histograms, totals[leaf])
                        } else {
                            None
                        }
                    };
                    [best(0, counted), best(1, rest)]
                };
            let better =
                |[a, b]: [_; 2], [c, d]: [_; 2]| [Split::better(a, c), Split::better(b, d)];
            let groups = &self.data.binned.groups;
            let (counted, rest) = (&mut small.histograms, &mut large.histograms);
            let additions = groups.len() * GROUP * (small.rows.len() + 2 * self.stride);
            [small.best, large.best] = if additions < SHARED {
                let counted = counted.chunks_mut(self.stride);
                let each = groups.iter().zip(counted).zip(rest.chunks_mut(self.stride));
                each.enumerate().map(work).fold([None; 2], better)
            } else {
                let counted = counted.par_chunks_mut(self.stride);
                let each = groups.par_iter().zip(counted).zip(rest.par_chunks_mut(self.stride));
                each.enumerate().map(work).reduce(|| [None; 2], better)
            };
        }
        if left_is_smaller { [small, large] } else { [large, small] }
    }
}

/// Adds rows with their cells to the histograms of a group of columns, `BINS` (a power of two) each.
/// The remainder changes no bin; it tells the compiler that none is out of bounds.
fn add_rows<C: Cell, const BINS: usize>(
    bins: &[[u8; GROUP]],
    rows: &[(u32, C)],
    histograms: &mut [[C; GROUP]],
) {
    let Ok(histograms) = <&mut [[C; GROUP]; BINS]>::try_from(histograms) else { return };
    for (row, cell) in rows {
        for (column, &bin) in bins[*row as usize].iter().enumerate() {
            let sum = &mut histograms[usize::from(bin) % BINS][column];
            *sum = sum.plus(*cell);
        }
    }
}

/// Takes the sums of a part from those of the whole.
fn subtract<C: Cell>(whole: &mut [[C; GROUP]], part: &[[C; GROUP]]) {
    for (whole, part) in whole.iter_mut().zip(part) {
        for (whole, part) in whole.iter_mut().zip(part) {
            *whole = whole.minus(*part);
        }
    }
}
