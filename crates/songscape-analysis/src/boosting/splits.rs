//! The best split of a leaf, sought in several columns side by side.

use std::cmp::Ordering;

use multiversion::multiversion;

use super::BoosterParams;
use super::bins::{GROUP, MISSING};
use super::histogram::{Cell, Scale};

/// Columns that are searched side by side: as many float64 numbers as fill the widest register.
const LANES: usize = 8;
/// Added to the bin of a split that sends missing values to the left.
const MISSING_LEFT: i64 = 256;

/// Rows up to a bin go to the left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    pub gain: f64,
    /// The place of the column among those that were binned.
    pub column: usize,
    pub bin: u8,
    pub missing_left: bool,
}

impl Split {
    /// The larger gain; of equal ones that of the first column.
    pub fn better(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(match a.gain.total_cmp(&b.gain) {
                Ordering::Less => b,
                Ordering::Equal if b.column < a.column => b,
                _ => a,
            }),
            (a, b) => a.or(b),
        }
    }
}

/// What a split must leave on both sides, and what a side is worth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    scale: Scale,
    least_rows: i64,
    least_weight: f64,
    l1: f64,
    l2: f64,
}

impl Rules {
    pub fn new(params: &BoosterParams, scale: Scale) -> Self {
        Self {
            scale,
            least_rows: params.min_child_rows as i64,
            least_weight: params.min_child_weight,
            l1: params.l1,
            l2: params.l2,
        }
    }

    /// Twice the drop of the loss when rows of these sums get their best value.
    #[inline(always)]
    fn score(&self, gradient: f64, weight: f64) -> f64 {
        let gradient = shrunk(gradient, self.l1);
        let weight = weight + self.l2;
        if weight > 0.0 { gradient * gradient / weight } else { 0.0 }
    }

    #[inline(always)]
    fn gradient<C: Cell>(&self, cell: C) -> f64 {
        cell.gradient() as f64 * self.scale.gradient
    }

    #[inline(always)]
    fn weight<C: Cell>(&self, cell: C) -> f64 {
        cell.weight() as f64 * self.scale.weight
    }
}

/// A sum of gradients, brought nearer to 0 by the L1 penalty.
#[inline(always)]
pub(super) fn shrunk(gradient: f64, l1: f64) -> f64 {
    (gradient.abs() - l1).max(0.0).copysign(gradient)
}

/// The best split on any column of a group. `bins` holds, bin after bin, the sums of the leaf's rows
/// for all columns of the group; `total` is the sum of all of the leaf's rows.
///
/// Columns that leave no choice, those that fill the group up among them, have no split.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
pub(super) fn best_of_group<C: Cell>(
    bins: &[[C; GROUP]],
    total: C,
    rules: &Rules,
) -> Option<Split> {
    let before = rules.score(rules.gradient(total), rules.weight(total));
    // A gain must be more than rounding.
    let least = before * (1.0 + 1e-10) + 1e-12;
    let mut best = None;
    for first in (0..GROUP).step_by(LANES) {
        let (scores, places) = best_of_lanes(bins, first, total, least, rules);
        for (lane, (score, place)) in scores.into_iter().zip(places).enumerate() {
            let found = (score > least).then(|| Split {
                gain: 0.5 * (score - before),
                column: first + lane,
                bin: (place % MISSING_LEFT) as u8,
                missing_left: place >= MISSING_LEFT,
            });
            best = Split::better(best, found);
        }
    }
    best
}

/// The highest score of each of the columns from `first` on, and its place.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // Four arrays go along, one lane each.
fn best_of_lanes<C: Cell>(
    bins: &[[C; GROUP]],
    first: usize,
    total: C,
    least: f64,
    rules: &Rules,
) -> ([f64; LANES], [i64; LANES]) {
    let (mut scores, mut places) = ([least; LANES], [0; LANES]);
    let lanes = |bin: usize| -> [C; LANES] { std::array::from_fn(|lane| bins[bin][first + lane]) };
    let missing = lanes(usize::from(MISSING));
    let (rows, weight, gradient) =
        (i64::from(total.rows()), rules.weight(total), rules.gradient(total));
    for missing_left in [false, true] {
        let mut left = [C::default(); LANES];
        if missing_left {
            if missing.iter().all(|cell| cell.rows() == 0) {
                break;
            }
            left = missing;
        }
        let side = if missing_left { MISSING_LEFT } else { 0 };
        for bin in 1..bins.len() {
            let cells = lanes(bin);
            let place = bin as i64 + side;
            for lane in 0..LANES {
                left[lane] = left[lane].plus(cells[lane]);
                let own_rows = i64::from(left[lane].rows());
                let (own, sum) = (rules.weight(left[lane]), rules.gradient(left[lane]));
                let allowed = (own_rows >= rules.least_rows)
                    & (rows - own_rows >= rules.least_rows)
                    & (own >= rules.least_weight)
                    & (weight - own >= rules.least_weight);
                let score = rules.score(sum, own) + rules.score(gradient - sum, weight - own);
                let better = allowed & (score > scores[lane]);
                scores[lane] = if better { score } else { scores[lane] };
                places[lane] = if better { place } else { places[lane] };
            }
        }
    }
    (scores, places)
}

#[cfg(test)]
mod tests {
    use super::super::histogram::Counted;
    use super::*;

    /// Each split of each column tried by itself, on sums in float64.
    fn one_by_one(
        rows: &[([u8; GROUP], f32)],
        bins: u8,
        least: usize,
    ) -> Option<(usize, u8, bool)> {
        let (mut best, mut most) = (None, 1e-9);
        let score = |sum: f64, n: usize| if n > 0 { sum * sum / n as f64 } else { 0.0 };
        let sum = |some: &[f32]| score(some.iter().map(|&g| f64::from(g)).sum(), some.len());
        for column in 0..GROUP {
            for missing_left in [false, true] {
                for bin in 1..bins {
                    let is_left = |b: u8| if b == MISSING { missing_left } else { b <= bin };
                    let (left, right): (Vec<_>, Vec<_>) =
                        rows.iter().partition(|row| is_left(row.0[column]));
                    let gradients = |part: Vec<&([u8; GROUP], f32)>| {
                        part.iter().map(|r| r.1).collect::<Vec<_>>()
                    };
                    let (left, right) = (gradients(left), gradients(right));
                    let whole = [&left[..], &right[..]].concat();
                    let gain = 0.5 * (sum(&left) + sum(&right) - sum(&whole));
                    if left.len() >= least && right.len() >= least && gain > most * (1.0 + 1e-9) {
                        (best, most) = (Some((column, bin, missing_left)), gain);
                    }
                }
            }
        }
        best
    }

    #[test]
    fn columns_side_by_side_give_the_split_of_each_by_itself() {
        let mut state = 1_u64;
        let mut random = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % n
        };
        for case in 0..40 {
            let bins = 2 + (case % 7) as u8;
            let n = 10 + random(60) as usize;
            // Every other case without missing values, some columns constant.
            let mut bin = |column: usize| match (column % 5, case % 2) {
                (0, _) => 1,
                (_, 0) => 1 + random(u64::from(bins) - 1) as u8,
                _ => random(u64::from(bins)) as u8,
            };
            let rows: Vec<([u8; GROUP], f32)> = (0..n)
                .map(|i| (std::array::from_fn(&mut bin), ((i * 37) % 19) as f32 - 9.0))
                .collect();
            let gradients: Vec<f32> = rows.iter().map(|row| row.1).collect();
            let scale = Scale::new(&gradients, None);
            let mut sums = vec![[Counted::default(); GROUP]; usize::from(bins)];
            let mut total = Counted::default();
            for (places, gradient) in &rows {
                let cell = scale.cell(*gradient, 1.0);
                total = total.plus(cell);
                for (column, &place) in places.iter().enumerate() {
                    let sum = &mut sums[usize::from(place)][column];
                    *sum = sum.plus(cell);
                }
            }
            let params = BoosterParams { min_child_rows: 4, ..BoosterParams::default() };
            let found = best_of_group(&sums, total, &Rules::new(&params, scale));
            let found = found.map(|s| (s.column, s.bin, s.missing_left));
            assert_eq!(found, one_by_one(&rows, bins, 4), "case {case}");
        }
    }
}
