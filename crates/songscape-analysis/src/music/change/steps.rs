//! The step from one year to the next: an energy distance, and what it is when nothing changes.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayView1};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::YearChange;
use crate::kernels;

/// The sum of all distances is scaled to this, and each sum of a pair of groups rounded to an integer:
/// so sums are exact in float64, and an arrangement has the same distance in whatever order it is added.
const TOTAL: f64 = (1_u64 << 50) as f64;

/// The songs of a year that are compared.
pub(super) struct Year {
    pub year: i32,
    /// `[songs, components]`.
    pub songs: Array2<f32>,
    /// For each song the number of its group.
    pub groups: Vec<usize>,
}

/// A step with its distance in standard deviations of those of the permutations, and theirs.
pub(super) struct Step {
    pub change: YearChange,
    pub score: f64,
    pub permuted: Vec<f64>,
}

/// The songs that a group has in one year: they stay together.
struct Block {
    group: usize,
    songs: Vec<usize>,
    earlier: bool,
}

/// The blocks of two years, and the sums of the distances between them, none within a group.
struct Blocks {
    all: Vec<Block>,
    /// Blocks of groups that are in one of the years only.
    single: Vec<usize>,
    /// Blocks of groups that are in both.
    both: Vec<(usize, usize)>,
    sums: Array2<f64>,
    /// What `sums` are multiplied by.
    scale: f64,
}

impl Blocks {
    fn new(a: &Year, b: &Year) -> Self {
        let songs: Vec<ArrayView1<f32>> =
            a.songs.rows().into_iter().chain(b.songs.rows()).collect();
        let mut found: BTreeMap<(usize, bool), Vec<usize>> = BTreeMap::new();
        for (song, &group) in a.groups.iter().chain(&b.groups).enumerate() {
            found.entry((group, song < a.groups.len())).or_default().push(song);
        }
        let all: Vec<Block> = found
            .into_iter()
            .map(|((group, earlier), songs)| Block { group, songs, earlier })
            .collect();
        let mut sums = Array2::<f64>::zeros((all.len(), all.len()));
        for (i, block) in all.iter().enumerate() {
            for (j, other) in all[..i].iter().enumerate().filter(|o| o.1.group != block.group) {
                let mut sum = 0.0;
                for &own in &block.songs {
                    let own = songs[own].to_slice().unwrap_or_default();
                    for &other in &other.songs {
                        let other = songs[other].to_slice().unwrap_or_default();
                        sum += kernels::squared_differences(own, other).sqrt();
                    }
                }
                (sums[[i, j]], sums[[j, i]]) = (sum, sum);
            }
        }
        let total = sums.sum();
        let scale = if total > 0.0 { TOTAL / total } else { 1.0 };
        sums.mapv_inplace(|sum| (sum * scale).round());
        let (mut single, mut both) = (Vec::new(), Vec::new());
        let mut block = 0;
        while block < all.len() {
            if all.get(block + 1).is_some_and(|next| next.group == all[block].group) {
                both.push((block, block + 1));
                block += 2;
            } else {
                single.push(block);
                block += 1;
            }
        }
        Self { all, single, both, sums, scale }
    }

    /// For each block whether it is on the earlier side: 1 or 0.
    fn given(&self) -> Array1<f64> {
        self.all.iter().map(|block| f64::from(u8::from(block.earlier))).collect()
    }

    /// Another arrangement: groups of one year change places with each other, those of both years are
    /// turned round or not.
    fn permute(&self, side: &mut Array1<f64>, rng: &mut impl Rng) {
        let mut sides: Vec<f64> = self.single.iter().map(|&block| side[block]).collect();
        sides.shuffle(rng);
        for (&block, new) in self.single.iter().zip(sides) {
            side[block] = new;
        }
        for &(one, other) in &self.both {
            if rng.random::<bool>() {
                side.swap(one, other);
            }
        }
    }

    /// The energy distance of each arrangement, a row of `sides` each.
    fn distances(&self, sides: &Array2<f64>) -> Vec<f64> {
        let products = sides.dot(&self.sums);
        let total = self.sums.sum();
        let sizes: Vec<f64> = self.all.iter().map(|block| block.songs.len() as f64).collect();
        let distance = |(side, product): (ArrayView1<f64>, ArrayView1<f64>)| {
            let inside = side.dot(&product);
            let across = product.sum() - inside;
            let inside_other = total - 2.0 * across - inside;
            // Songs of a side, and what to take from its square for pairs within a group.
            let (mut count, mut own) = ([0.0; 2], [0.0; 2]);
            for (&side, &size) in side.iter().zip(&sizes) {
                count[usize::from(side > 0.5)] += size;
                own[usize::from(side > 0.5)] += size * size;
            }
            let shared: f64 = self.both.iter().map(|&(i, j)| sizes[i] * sizes[j]).sum();
            let within = [inside_other, inside].map(|sum| sum / self.scale);
            let pairs = [0, 1].map(|side| count[side] * count[side] - own[side]);
            let between = across / self.scale / (count[0] * count[1] - shared);
            2.0 * between - (within[0] / pairs[0] + within[1] / pairs[1])
        };
        sides.rows().into_iter().zip(products.rows()).map(distance).collect()
    }
}

/// Compares two years of two groups or more each.
pub(super) fn step(a: &Year, b: &Year, permutations: usize, rng: &mut impl Rng) -> Step {
    let blocks = Blocks::new(a, b);
    let mut side = blocks.given();
    let mut sides = Array2::zeros((permutations + 1, side.len()));
    for (turn, mut row) in sides.rows_mut().into_iter().enumerate() {
        if turn > 0 {
            blocks.permute(&mut side, rng);
        }
        row.assign(&side);
    }
    let mut found = blocks.distances(&sides);
    let distance = found[0];
    let larger = count_at_least(&found, distance);
    let count = found.len() as f64;
    let mean = found.iter().sum::<f64>() / count;
    let deviation = (found.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / count).sqrt();
    // Arrangements that are all the same say nothing.
    let scale = if deviation > 1e-9 * mean.abs() { 1.0 / deviation } else { 0.0 };
    found.iter_mut().for_each(|d| *d = (*d - mean) * scale);
    let permuted = found.split_off(1);
    let change = YearChange {
        from: a.year,
        to: b.year,
        songs_from: a.groups.len(),
        songs_to: b.groups.len(),
        groups: blocks.single.len() + blocks.both.len(),
        distance,
        p: larger as f64 / count,
        p_adjusted: 1.0,
    };
    Step { change, score: found[0], permuted }
}

/// Adjusts for the number of steps: each step's score is compared with the largest score of any step in
/// every permutation (max-T; Westfall and Young 1993).
pub(super) fn adjusted(steps: Vec<Step>) -> Vec<YearChange> {
    let permutations = steps.first().map_or(0, |step| step.permuted.len());
    let largest: Vec<f64> = (0..permutations)
        .map(|turn| steps.iter().map(|s| s.permuted[turn]).fold(f64::NEG_INFINITY, f64::max))
        .collect();
    let adjust = |step: Step| {
        let larger = 1 + count_at_least(&largest, step.score);
        let p_adjusted = (larger as f64 / (permutations + 1) as f64).max(step.change.p);
        YearChange { p_adjusted, ..step.change }
    };
    steps.into_iter().map(adjust).collect()
}

/// How many are at least so large, or by rounding less.
pub(super) fn count_at_least(values: &[f64], value: f64) -> usize {
    let limit = value - 1e-12 * value.abs();
    values.iter().filter(|v| **v >= limit).count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn years() -> (Year, Year) {
        let songs = |n: usize, at: usize| {
            Array2::from_shape_fn((n, 3), |(i, j)| ((i * 7 + j * 5 + at) % 11) as f32)
        };
        let (a, b) = (songs(6, 0), songs(5, 4));
        let a = Year { year: 1990, songs: a, groups: vec![0, 0, 1, 2, 2, 3] };
        (a, Year { year: 1991, songs: b, groups: vec![4, 4, 3, 0, 5] })
    }

    #[test]
    fn distances_are_those_of_the_definition_without_pairs_of_a_group() {
        let (a, b) = years();
        let mean = |a: &Year, b: &Year| {
            let (mut sum, mut pairs) = (0.0, 0.0);
            for (x, g) in a.songs.rows().into_iter().zip(&a.groups) {
                for (y, _) in b.songs.rows().into_iter().zip(&b.groups).filter(|e| e.1 != g) {
                    let square: f32 = x.iter().zip(&y).map(|(x, y)| (x - y).powi(2)).sum();
                    sum += f64::from(square).sqrt();
                    pairs += 1.0;
                }
            }
            sum / pairs
        };
        let expected = 2.0 * mean(&a, &b) - mean(&a, &a) - mean(&b, &b);
        let found = step(&a, &b, 20, &mut ChaCha8Rng::seed_from_u64(1)).change;
        assert!((found.distance - expected).abs() < 1e-9, "{found:?} {expected}");
        assert_eq!((found.songs_from, found.songs_to, found.groups), (6, 5, 6));
    }

    #[test]
    fn an_arrangement_and_its_mirror_image_are_equally_far() {
        let (a, b) = years();
        let blocks = Blocks::new(&a, &b);
        let given = blocks.given();
        let mut sides = Array2::zeros((2, given.len()));
        sides.row_mut(0).assign(&given);
        sides.row_mut(1).assign(&given.mapv(|side| 1.0 - side));
        let found = blocks.distances(&sides);
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn years_whose_arrangements_are_all_alike_do_not_differ() {
        let songs = Array2::ones((4, 2));
        let year = |year, groups| Year { year, songs: songs.clone(), groups };
        let (a, b) = (year(1990, vec![0, 0, 1, 1]), year(1991, vec![2, 2, 3, 3]));
        let found = step(&a, &b, 99, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!((found.change.p, found.score), (1.0, 0.0));
        assert_eq!(adjusted(vec![found])[0].p_adjusted, 1.0);
    }
}
