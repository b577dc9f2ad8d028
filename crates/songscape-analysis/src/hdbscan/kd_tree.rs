//! A balanced k-d tree over points of few dimensions.

use multiversion::multiversion;
use rayon::prelude::*;

use crate::neighbors::Metric;

/// Points of a leaf at most.
pub(super) const LEAF: usize = 16;
/// Points from which on both halves of a node are built at once.
const SHARED: usize = 4096;

/// A balanced tree: the children of node `i` are `2 i + 1` and `2 i + 2`, all leaves are on one
/// level, and points are numbered in the order of the leaves.
///
/// Distances are compared by a *key* that grows with them: their square, or for the manhattan metric
/// the distance itself. A key is the sum over the coordinates in their order, so that two points have
/// the same key wherever they stand.
pub(super) struct KdTree {
    dims: usize,
    manhattan: bool,
    /// The row of each point.
    pub rows: Vec<u32>,
    /// The coordinates of each point, in the order of the tree.
    values: Vec<f64>,
    /// The same leaf by leaf, `[dims, LEAF]` each.
    blocks: Vec<f64>,
    /// For each node its first point, and one past its last.
    pub ranges: Vec<(u32, u32)>,
    /// For each node the lower and the upper corner of the box around its points.
    boxes: Vec<f64>,
    first_leaf: usize,
}

impl KdTree {
    /// `values` are the coordinates of all rows, one row after the other; there is at least one row.
    pub fn new(values: &[f64], dims: usize, metric: Metric) -> Self {
        let n = values.len() / dims;
        let mut levels = 0;
        while n.div_ceil(1 << levels) > LEAF {
            levels += 1;
        }
        let mut rows: Vec<u32> = (0..n as u32).collect();
        arrange(values, dims, &mut rows, levels);
        let first_leaf = (1 << levels) - 1;
        let mut ranges = vec![(0, n as u32)];
        for node in 0..first_leaf {
            let (start, end) = ranges[node];
            let middle = start + (end - start) / 2;
            ranges.push((start, middle));
            ranges.push((middle, end));
        }
        let own: Vec<f64> = rows
            .iter()
            .flat_map(|&row| &values[row as usize * dims..(row as usize + 1) * dims])
            .copied()
            .collect();
        let mut blocks = vec![f64::INFINITY; (first_leaf + 1) * dims * LEAF];
        let mut boxes = vec![0.0_f64; ranges.len() * 2 * dims];
        for (node, &(start, end)) in ranges.iter().enumerate().rev() {
            let (low, high) = (node * 2 * dims, (node * 2 + 1) * dims);
            for c in 0..dims {
                if node < first_leaf {
                    let child = (2 * node + 1) * 2 * dims + c;
                    boxes[low + c] = boxes[child].min(boxes[child + 2 * dims]);
                    boxes[high + c] = boxes[child + dims].max(boxes[child + 3 * dims]);
                    continue;
                }
                let of_leaf = (start..end).map(|p| own[p as usize * dims + c]);
                boxes[low + c] = of_leaf.clone().fold(f64::INFINITY, f64::min);
                boxes[high + c] = of_leaf.clone().fold(f64::NEG_INFINITY, f64::max);
                let block = ((node - first_leaf) * dims + c) * LEAF;
                for (i, value) in of_leaf.enumerate() {
                    blocks[block + i] = value;
                }
            }
        }
        let manhattan = metric == Metric::Manhattan;
        Self { dims, manhattan, rows, values: own, blocks, ranges, boxes, first_leaf }
    }

    /// The number of points.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The leaves, as nodes.
    pub fn leaves(&self) -> std::ops::Range<usize> {
        self.first_leaf..self.ranges.len()
    }

    /// Whether a node has no children.
    #[inline]
    pub fn is_leaf(&self, node: usize) -> bool {
        node >= self.first_leaf
    }

    #[inline]
    pub fn point(&self, p: usize) -> &[f64] {
        &self.values[p * self.dims..(p + 1) * self.dims]
    }

    /// The smallest key of a place and any place in the box of a node.
    #[inline]
    pub fn key_to_box(&self, place: &[f64], node: usize) -> f64 {
        let corners = &self.boxes[node * 2 * self.dims..(node + 1) * 2 * self.dims];
        let (low, high) = corners.split_at(self.dims);
        let gaps = place.iter().zip(low.iter().zip(high));
        let gaps = gaps.map(|(v, (low, high))| (low - v).max(v - high).max(0.0));
        if self.manhattan { gaps.sum() } else { gaps.map(|g| g * g).sum() }
    }

    /// The keys of a place and the points of a leaf; infinite beyond its points.
    #[inline]
    pub fn keys_to_leaf(&self, place: &[f64], leaf: usize) -> [f64; LEAF] {
        let size = self.dims * LEAF;
        let block = &self.blocks[(leaf - self.first_leaf) * size..][..size];
        if self.manhattan { absolute(place, block) } else { squared(place, block) }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
fn squared(place: &[f64], block: &[f64]) -> [f64; LEAF] {
    let mut keys = [0.0; LEAF];
    for (v, others) in place.iter().zip(block.as_chunks::<LEAF>().0) {
        for (key, other) in keys.iter_mut().zip(others) {
            *key += (v - other) * (v - other);
        }
    }
    keys
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
fn absolute(place: &[f64], block: &[f64]) -> [f64; LEAF] {
    let mut keys = [0.0; LEAF];
    for (v, others) in place.iter().zip(block.as_chunks::<LEAF>().0) {
        for (key, other) in keys.iter_mut().zip(others) {
            *key += (v - other).abs();
        }
    }
    keys
}

/// Puts the rows into the order of the leaves: halves along the widest side of their box, level
/// after level.
fn arrange(values: &[f64], dims: usize, rows: &mut [u32], levels: usize) {
    if levels == 0 {
        return;
    }
    let mut low = vec![f64::INFINITY; dims];
    let mut high = vec![f64::NEG_INFINITY; dims];
    for &row in rows.iter() {
        let own = &values[row as usize * dims..(row as usize + 1) * dims];
        for ((low, high), &v) in low.iter_mut().zip(&mut high).zip(own) {
            *low = low.min(v);
            *high = high.max(v);
        }
    }
    let width = |c: &usize| high[*c] - low[*c];
    let widest = (0..dims).max_by(|a, b| width(a).total_cmp(&width(b)));
    let widest = widest.expect("points have at least one dimension");
    let at = |row: u32| values[row as usize * dims + widest];
    let middle = rows.len() / 2;
    rows.select_nth_unstable_by(middle, |&a, &b| at(a).total_cmp(&at(b)));
    let (left, right) = rows.split_at_mut(middle);
    if left.len() < SHARED {
        arrange(values, dims, left, levels - 1);
        arrange(values, dims, right, levels - 1);
    } else {
        rayon::join(
            || arrange(values, dims, left, levels - 1),
            || arrange(values, dims, right, levels - 1),
        );
    }
}

/// The nearest other points of one point: `(key, point)`, the smallest key first.
pub(super) type Near = Vec<(f64, u32)>;

impl KdTree {
    /// The `k` nearest other points of every point, in the order of the points.
    pub fn nearest(&self, k: usize) -> Vec<Near> {
        let per_leaf: Vec<Vec<Near>> = self
            .leaves()
            .into_par_iter()
            .map_init(Vec::new, |pending, leaf| {
                let (start, end) = self.ranges[leaf];
                (start..end)
                    .map(|p| self.nearest_to(self.point(p as usize), Some(p), k, pending))
                    .collect()
            })
            .collect();
        per_leaf.into_iter().flatten().collect()
    }

    /// The `k` points nearest to a place, but for one of them.
    pub fn nearest_to(
        &self,
        place: &[f64],
        but: Option<u32>,
        k: usize,
        pending: &mut Vec<(f64, u32)>,
    ) -> Near {
        let mut near: Near = Vec::with_capacity(k + 1);
        let mut worst = f64::INFINITY;
        pending.clear();
        pending.push((0.0, 0));
        while let Some((key, node)) = pending.pop() {
            let node = node as usize;
            if key >= worst {
                continue;
            }
            if !self.is_leaf(node) {
                self.push_children(place, node, worst, pending);
                continue;
            }
            let (start, end) = self.ranges[node];
            let keys = self.keys_to_leaf(place, node);
            for (q, &key) in (start..end).zip(&keys) {
                if key < worst && Some(q) != but {
                    let at = near.partition_point(|e| e.0 <= key);
                    near.insert(at, (key, q));
                    near.truncate(k);
                    if near.len() == k {
                        worst = near[k - 1].0;
                    }
                }
            }
        }
        near
    }

    /// Puts the children that may hold something nearer on the stack, the nearer one on top.
    #[inline]
    pub fn push_children(
        &self,
        place: &[f64],
        node: usize,
        worst: f64,
        pending: &mut Vec<(f64, u32)>,
    ) {
        let (left, right) = (2 * node + 1, 2 * node + 2);
        let (a, b) = (self.key_to_box(place, left), self.key_to_box(place, right));
        let mut both = [(a, left as u32), (b, right as u32)];
        if a < b {
            both.swap(0, 1);
        }
        pending.extend(both.into_iter().filter(|e| e.0 < worst));
    }
}
