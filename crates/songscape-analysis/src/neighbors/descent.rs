use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use songscape_project::{Job, Progress};

use super::exact::check;
use super::forest::Tree;
use super::lists::{Lists, Offer, Offers};
use super::prepared::Prepared;
use super::{INTERRUPTED, Measured, Metric, Neighbors};
use crate::error::Result;
use crate::random::SplitMix;

/// Trees that the search starts from, and rows of a leaf at most.
const TREES: usize = 3;
const LEAF: usize = 256;
/// Entries of a list beyond `k`.
const SPARE: usize = 4;
/// Rows of a neighbourhood that are compared with each other in one round.
const SAMPLE: usize = 20;
/// Rounds at most; the search ends when the next round is expected to change less than a share of the
/// entries.
const ROUNDS: usize = 12;
const LEAST_CHANGE: f64 = 0.01;

/// Rows whose neighbourhoods are compared before any list changes.
const BLOCK: usize = 8192;

/// The `k` nearest neighbours of every row of `x` `[n, d]`, the row itself left out, nearly all of
/// them found: the choice for tens of thousands of rows and more, where [`exact`](super::exact())
/// takes long.
///
/// NN-descent (Dong, Charikar and Li 2011): the neighbours of a row's neighbours, taken in both
/// directions, are likely to be its own. It starts from the leaves of random-projection trees;
/// rows are compared in blocks, by matrix products. The neighbours are measured again in float64 as
/// in the exact search. The result depends on the seed, not on the number of threads.
///
/// # Errors
/// As [`exact`](super::exact()).
pub fn descent(
    x: ArrayView2<f32>,
    k: usize,
    metric: Metric,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Neighbors> {
    check(x, k)?;
    let n = x.nrows();
    let x = x.as_standard_layout();
    let prepared = Prepared::new(x.view(), metric);
    let kept = (k + SPARE).min(n - 1);
    let mut lists = Lists::new(n, kept);
    let mut random = SplitMix(seed);
    let mut order = Vec::new();
    let job = Job::begin(progress, "neighbors", (TREES + ROUNDS) as u64, "passes");
    let done = |what: &str| {
        job.advance(1);
        job.message(what);
        if job.interrupted() { Err(INTERRUPTED) } else { Ok(()) }
    };
    for _ in 0..TREES {
        let tree = Tree::new(&prepared, LEAF.max(2 * kept), random.next());
        compare_leaves(&prepared, &tree.leaves(), &mut lists);
        order = tree.rows;
        done("")?;
    }
    let entries = (n * kept) as f64;
    let mut before = 0.0;
    for _ in 0..ROUNDS {
        let changed = round(&prepared, &order, &mut lists, random.next()) as f64 / entries;
        done(&format!("{:.1}% changed", 100.0 * changed))?;
        // The number of changes falls from round to round in about the same proportion.
        if changed * (changed / before).min(1.0) < LEAST_CHANGE {
            break;
        }
        before = changed;
    }
    Ok(finish(x.view(), &lists, k, metric))
}

/// Offers the rows of each leaf to each other.
fn compare_leaves(x: &Prepared, leaves: &[&[u32]], lists: &mut Lists) {
    let per_shard = lists.per_shard();
    let rows = leaves.iter().map(|leaf| leaf.len()).max().unwrap_or(1);
    for group in leaves.chunks(BLOCK.div_ceil(rows)) {
        let offers: Vec<Offers> = group
            .par_iter()
            .map_init(
                || (Vec::new(), Vec::new()),
                |(values, scores), leaf| {
                    x.gather(leaf, values);
                    x.scores((leaf, values), (leaf, values), scores);
                    let mut offers = Offers::new();
                    for (i, &to) in leaf.iter().enumerate() {
                        let worst = lists.worst(to as usize);
                        let scores = &scores[i * leaf.len()..(i + 1) * leaf.len()];
                        for (&row, &score) in leaf.iter().zip(scores) {
                            if score < worst && row != to {
                                offers.push(Offer { to, row, score }, per_shard);
                            }
                        }
                    }
                    offers
                },
            )
            .collect();
        lists.take(&offers);
    }
}

/// Compares the neighbours of every row with each other, and gives how many entries changed.
fn round(x: &Prepared, order: &[u32], lists: &mut Lists, seed: u64) -> usize {
    let n = x.len();
    let (fresh, used) = samples(lists, n, seed);
    lists.mark(|row, other| fresh.of(row).contains(&other));
    let per_shard = lists.per_shard();
    let mut changed = 0;
    for block in order.chunks(BLOCK) {
        let offers: Vec<Offers> = block
            .par_chunks(256)
            .map_init(
                || (Vec::new(), Vec::new(), Vec::new()),
                |(rows, values, scores), middles| {
                    let mut offers = Offers::new();
                    for &middle in middles {
                        let new = fresh.of(middle as usize);
                        rows.clear();
                        rows.extend_from_slice(new);
                        rows.extend(
                            used.of(middle as usize).iter().filter(|row| !new.contains(row)),
                        );
                        if new.is_empty() || rows.len() < 2 {
                            continue;
                        }
                        x.gather(rows, values);
                        let own = &values[..new.len() * x.dims()];
                        x.scores((new, own), (rows, values), scores);
                        for (i, &a) in new.iter().enumerate() {
                            let worst = lists.worst(a as usize);
                            let scores = &scores[i * rows.len()..(i + 1) * rows.len()];
                            for (&b, &score) in rows.iter().zip(scores).skip(i + 1) {
                                if score < worst {
                                    offers.push(Offer { to: a, row: b, score }, per_shard);
                                }
                                if score < lists.worst(b as usize) {
                                    offers.push(Offer { to: b, row: a, score }, per_shard);
                                }
                            }
                        }
                    }
                    offers
                },
            )
            .collect();
        changed += lists.take(&offers);
    }
    changed
}

/// Rows of some neighbourhoods, one after the other.
struct Samples {
    rows: Vec<u32>,
    offsets: Vec<usize>,
}

impl Samples {
    #[inline]
    fn of(&self, row: usize) -> &[u32] {
        &self.rows[self.offsets[row]..self.offsets[row + 1]]
    }
}

/// For every row a sample of the rows that are its neighbours or that it is a neighbour of: those
/// of entries that are new, and of the others.
fn samples(lists: &Lists, n: usize, seed: u64) -> (Samples, Samples) {
    let make = |new: bool| {
        let mut counts = vec![0_usize; n + 1];
        for row in 0..n {
            for (other, _) in lists.entries(row).filter(|e| e.1 == new) {
                counts[row + 1] += 1;
                counts[other as usize + 1] += 1;
            }
        }
        for row in 0..n {
            counts[row + 1] += counts[row];
        }
        let mut places = counts.clone();
        let mut all = vec![0; counts[n]];
        for row in 0..n {
            for (other, _) in lists.entries(row).filter(|e| e.1 == new) {
                for (from, to) in [(row, other), (other as usize, row as u32)] {
                    all[places[from]] = to;
                    places[from] += 1;
                }
            }
        }
        let chosen: Vec<Vec<u32>> = (0..n)
            .into_par_iter()
            .map(|row| {
                let mut own = all[counts[row]..counts[row + 1]].to_vec();
                own.sort_unstable();
                own.dedup();
                if own.len() > SAMPLE {
                    let start = SplitMix(seed ^ row as u64).next();
                    let key = |&other: &u32| (SplitMix(start ^ u64::from(other)).next(), other);
                    own.select_nth_unstable_by_key(SAMPLE, key);
                    own.truncate(SAMPLE);
                    own.sort_unstable();
                }
                own
            })
            .collect();
        let mut offsets = vec![0];
        offsets.extend(chosen.iter().scan(0, |sum, rows| {
            *sum += rows.len();
            Some(*sum)
        }));
        Samples { rows: chosen.concat(), offsets }
    };
    (make(true), make(false))
}

/// Measures the entries again and keeps the nearest.
fn finish(x: ArrayView2<f32>, lists: &Lists, k: usize, metric: Metric) -> Neighbors {
    let n = x.nrows();
    let measured = Measured::new(x, metric);
    let mut indices = Array2::<u32>::zeros((n, k));
    let mut distances = Array2::<f32>::zeros((n, k));
    let rows = indices.axis_iter_mut(Axis(0)).into_par_iter();
    rows.zip(distances.axis_iter_mut(Axis(0))).enumerate().with_min_len(64).for_each(
        |(row, (indices, distances))| {
            let entries = lists.entries(row).map(|e| e.0);
            measured.write_nearest(&measured, row, entries, indices, distances);
        },
    );
    Neighbors { indices, distances }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use songscape_project::Silent;

    use super::super::exact;
    use super::*;

    /// Rows on a curved surface of four dimensions among 24.
    fn surface(n: usize) -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut uniform =
            |rows, columns| Array2::from_shape_simple_fn((rows, columns), || rng.random::<f32>());
        let mut x = uniform(n, 4).dot(&(uniform(4, 24) * 4.0 - 2.0)).mapv(f32::sin);
        x += &(uniform(n, 24) * 0.1);
        x
    }

    #[test]
    fn nearly_all_neighbours_are_found_on_any_number_of_threads() {
        let x = surface(3000);
        for metric in [Metric::Cosine, Metric::Euclidean, Metric::Manhattan] {
            let with = |threads| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap()
                    .install(|| descent(x.view(), 14, metric, 1, &Silent).unwrap())
            };
            let found = with(1);
            assert_eq!(found, with(3));
            assert_ne!(found.recall(&descent(x.view(), 14, metric, 2, &Silent).unwrap()), 0.0);
            let recall = found.recall(&exact(x.view(), 14, metric, &Silent).unwrap());
            assert!(recall > 0.99, "{metric:?}: {recall}");
        }
    }

    #[test]
    fn equal_and_few_rows_have_neighbours_too() {
        let found = descent(Array2::ones((700, 3)).view(), 5, Metric::Cosine, 0, &Silent).unwrap();
        assert!(found.distances.iter().all(|&d| d == 0.0));
        for (i, row) in found.indices.rows().into_iter().enumerate() {
            let mut others = row.to_vec();
            others.sort_unstable();
            others.dedup();
            assert!(others.len() == 5 && !others.contains(&(i as u32)));
        }
        let few = surface(6);
        let exact = exact(few.view(), 5, Metric::Euclidean, &Silent).unwrap();
        assert_eq!(descent(few.view(), 5, Metric::Euclidean, 0, &Silent).unwrap(), exact);
    }
}
