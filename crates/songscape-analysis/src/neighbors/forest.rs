use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::prepared::Prepared;

/// Rows of which one thread measures the sides at a time.
const CHUNK: usize = 1024;

/// The leaves of a random-projection tree: rows that are likely to be near each other, at most
/// `largest` of them in each.
///
/// A node's rows are parted in two halves along the difference of two of them drawn at random
/// (Dasgupta and Freund 2008).
pub(super) fn leaves(x: &Prepared, largest: usize, seed: u64) -> Vec<Vec<u32>> {
    let mut rows: Vec<u32> = (0..x.len() as u32).collect();
    let mut out = Vec::new();
    split(x, &mut rows, largest, seed, &mut out);
    out
}

fn split(x: &Prepared, rows: &mut [u32], largest: usize, seed: u64, out: &mut Vec<Vec<u32>>) {
    if rows.len() <= largest {
        out.push(rows.to_vec());
        return;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let first = rng.random_range(0..rows.len());
    let second = (first + rng.random_range(1..rows.len())) % rows.len();
    let mut ends = Vec::new();
    x.gather(&[rows[first], rows[second]], &mut ends);
    let (a, b) = ends.split_at(x.dims());
    let direction: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let mut sides: Vec<(f32, u32)> = rows
        .par_chunks(CHUNK)
        .flat_map_iter(|rows| rows.iter().map(|&row| (x.along(row as usize, &direction), row)))
        .collect();
    let middle = rows.len() / 2;
    sides.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    rows.iter_mut().zip(&sides).for_each(|(row, side)| *row = side.1);
    drop(sides);
    let (left, right) = rows.split_at_mut(middle);
    let seeds = (rng.random(), rng.random());
    let mut others = Vec::new();
    rayon::join(
        || split(x, left, largest, seeds.0, out),
        || split(x, right, largest, seeds.1, &mut others),
    );
    out.append(&mut others);
}
