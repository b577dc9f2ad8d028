use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::prepared::Prepared;

/// Rows of which one thread measures the sides at a time.
const CHUNK: usize = 1024;

/// A random-projection tree: rows that are likely to be near each other are in one leaf.
///
/// A node's rows are parted in two halves along the difference of two of them drawn at random
/// (Dasgupta and Freund 2008). All leaves are on one level, and the children of node `i` are `2 i + 1` and
/// `2 i + 2`, so that the number of rows says which rows a node has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    /// The rows, leaf after leaf.
    pub rows: Vec<u32>,
    /// How the nodes that are not leaves are parted.
    pub splits: Vec<Split>,
}

/// How a node is parted: rows that lie less far along the direction from `second` to `first` than `limit`
/// are on the left, those that lie farther on the right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    pub first: u32,
    pub second: u32,
    pub limit: f32,
}

impl Tree {
    /// A tree whose leaves have at most `largest` rows.
    pub fn new(x: &Prepared, largest: usize, seed: u64) -> Self {
        let n = x.len();
        let levels = levels(n, largest);
        let mut rows: Vec<u32> = (0..n as u32).collect();
        let mut splits = Vec::with_capacity((1 << levels) - 1);
        let mut parts = vec![(&mut rows[..], seed)];
        for _ in 0..levels {
            let halves: Vec<_> =
                parts.into_par_iter().map(|(rows, seed)| split(x, rows, seed)).collect();
            parts = Vec::with_capacity(2 * halves.len());
            for (split, left, right) in halves {
                splits.push(split);
                parts.extend([left, right]);
            }
        }
        Self { rows, splits }
    }

    /// The rows of each leaf.
    pub fn leaves(&self) -> Vec<&[u32]> {
        let mut parts = vec![&self.rows[..]];
        while parts.len() <= self.splits.len() {
            parts = parts
                .iter()
                .flat_map(|rows| <[_; 2]>::from(rows.split_at(rows.len() / 2)))
                .collect();
        }
        parts
    }

    /// The leaf that something belongs to of which `along` says how far it lies along a node's direction.
    pub fn leaf(&self, along: impl Fn(&Split) -> f32) -> &[u32] {
        let mut rows = &self.rows[..];
        let mut node = 0;
        while let Some(split) = self.splits.get(node) {
            let (left, right) = rows.split_at(rows.len() / 2);
            let is_left = along(split) < split.limit;
            (rows, node) = if is_left { (left, 2 * node + 1) } else { (right, 2 * node + 2) };
        }
        rows
    }
}

/// The levels above leaves of at most so many of `n` rows.
pub(super) fn levels(n: usize, largest: usize) -> usize {
    let mut levels = 0;
    while n.div_ceil(1 << levels) > largest.max(2) {
        levels += 1;
    }
    levels
}

/// Half of a node's rows, with the seed of what is done to them.
type Half<'a> = (&'a mut [u32], u64);

fn split<'a>(x: &Prepared, rows: &'a mut [u32], seed: u64) -> (Split, Half<'a>, Half<'a>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let first = rng.random_range(0..rows.len());
    let second = (first + rng.random_range(1..rows.len())) % rows.len();
    let (first, second) = (rows[first], rows[second]);
    let mut ends = Vec::new();
    x.gather(&[first, second], &mut ends);
    let (a, b) = ends.split_at(x.dims());
    let direction: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let mut sides: Vec<(f32, u32)> = rows
        .par_chunks(CHUNK)
        .flat_map_iter(|rows| rows.iter().map(|&row| (x.along(row as usize, &direction), row)))
        .collect();
    let middle = rows.len() / 2;
    sides.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let limit = sides[middle].0;
    rows.iter_mut().zip(&sides).for_each(|(row, side)| *row = side.1);
    let (left, right) = rows.split_at_mut(middle);
    (Split { first, second, limit }, (left, rng.random()), (right, rng.random()))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::Metric;
    use super::*;

    #[test]
    fn every_row_is_in_one_leaf_and_finds_it_again() {
        let x = Array2::from_shape_fn((1000, 5), |(i, j)| ((i * (7 + 2 * j)) % 997) as f32);
        let prepared = Prepared::new(x.view(), Metric::Euclidean);
        let tree = Tree::new(&prepared, 30, 3);
        let leaves = tree.leaves();
        assert_eq!((leaves.len(), tree.splits.len()), (64, 63));
        assert!(leaves.iter().all(|leaf| (15..=16).contains(&leaf.len())));
        let mut all = leaves.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<u32>>());
        let along = |row: u32, split: &Split| {
            let mut ends = Vec::new();
            prepared.gather(&[split.first, split.second], &mut ends);
            let direction: Vec<f32> = (0..5).map(|j| ends[j] - ends[5 + j]).collect();
            prepared.along(row as usize, &direction)
        };
        let at_home = (0..1000).filter(|&row| tree.leaf(|split| along(row, split)).contains(&row));
        // Rows that lie exactly as far as the limit may be on either side.
        assert!(at_home.count() > 950);
        assert_eq!(Tree::new(&prepared, 1000, 3).leaves().len(), 1);
        assert_eq!(tree, Tree::new(&prepared, 30, 3));
    }
}
