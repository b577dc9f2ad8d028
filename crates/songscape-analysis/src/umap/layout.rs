//! The layout: points are pulled to their neighbours on the graph and pushed from others.
//!
//! Stochastic gradient descent on the cross entropy of UMAP, arranged so that it is parallel and
//! still gives the same bytes for any number of threads. An epoch goes through the points in a
//! number of batches. Within a batch every point is moved by itself alone, edge after edge, while
//! all others stay where they were before the batch; then the whole batch is moved at once. A
//! point's random numbers depend on the seed, the epoch and the point, not on who computes them.
//!
//! Where the usual algorithm moves both ends of an edge, here each point makes its own moves for
//! both: as the head of the edge and as its tail.

use ndarray::Array2;
use rayon::prelude::*;
use songscape_project::Progress;

use super::{Curve, FuzzyGraph};
use crate::error::{Error, Result};

/// The largest number of dimensions of a map.
pub const MAX_DIMS: usize = 64;
/// Batches of an epoch. More would follow the sequential algorithm closer, fewer leave more to do
/// at once.
const BATCHES: usize = 16;
/// A batch smaller than this is not worth sharing among threads.
const SHARED: usize = 256;
/// No move along one coordinate is longer than this, times the learning rate.
const LONGEST: f32 = 4.0;

/// Moves the points of `map` `[n, dims]` through all epochs; the learning rate falls from 1 to 0.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn optimize(
    map: &mut Array2<f32>,
    graph: &FuzzyGraph,
    curve: &Curve,
    epochs: usize,
    negatives: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<()> {
    let (n, dims) = map.dim();
    let mut points = map.as_standard_layout().into_owned().into_raw_vec_and_offset().0;
    let layout = Layout { graph, curve, epochs, negatives, seed, dims };
    // With the number of dimensions known to the compiler the inner loops unroll.
    let run = |points: &mut [f32]| match dims {
        2 => layout.run(points, 2, progress),
        3 => layout.run(points, 3, progress),
        10 => layout.run(points, 10, progress),
        _ => layout.run(points, dims, progress),
    };
    run(&mut points)?;
    for (value, point) in map.iter_mut().zip(points) {
        *value = point;
    }
    debug_assert_eq!(map.nrows(), n);
    Ok(())
}

struct Layout<'a> {
    graph: &'a FuzzyGraph,
    curve: &'a Curve,
    epochs: usize,
    negatives: usize,
    seed: u64,
    dims: usize,
}

impl Layout<'_> {
    #[inline(always)]
    fn run(&self, points: &mut [f32], dims: usize, progress: &dyn Progress) -> Result<()> {
        debug_assert_eq!(dims, self.dims);
        let n = self.graph.len();
        let order = shuffled(n, self.seed);
        let size = n.div_ceil(BATCHES).max(1);
        let rates: Vec<f32> = {
            let largest = self.graph.largest_weight();
            self.graph.weights.iter().map(|w| w / largest).collect()
        };
        let mut moved = vec![0.0_f32; size * dims];
        progress.begin("map", self.epochs as u64, "epochs");
        for epoch in 0..self.epochs {
            if progress.interrupted() {
                return Err(Error::Interrupted { what: "the layout of the map" });
            }
            let rate = 1.0 - epoch as f32 / self.epochs as f32;
            for batch in order.chunks(size) {
                let moved = &mut moved[..batch.len() * dims];
                let step = |(&point, moved): (&u32, &mut [f32])| {
                    self.step(points, &rates, dims, point as usize, epoch, rate, moved);
                };
                if batch.len() < SHARED {
                    batch.iter().zip(moved.chunks_exact_mut(dims)).for_each(step);
                } else {
                    batch
                        .par_iter()
                        .zip(moved.par_chunks_exact_mut(dims))
                        .with_min_len(64)
                        .for_each(step);
                }
                for (&point, moved) in batch.iter().zip(moved.chunks_exact(dims)) {
                    let at = point as usize * dims;
                    points[at..at + dims].copy_from_slice(moved);
                }
            }
            progress.advance(1);
        }
        progress.end();
        Ok(())
    }

    /// Where the point goes in this epoch.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn step(
        &self,
        points: &[f32],
        rates: &[f32],
        dims: usize,
        point: usize,
        epoch: usize,
        rate: f32,
        moved: &mut [f32],
    ) {
        let n = self.graph.len();
        let (a, b) = (self.curve.a as f32, self.curve.b as f32);
        let mut random = Random::new(self.seed, epoch, point);
        moved.copy_from_slice(&points[point * dims..(point + 1) * dims]);
        let edges = self.graph.offsets[point]..self.graph.offsets[point + 1];
        for (&other, &share) in self.graph.columns[edges.clone()].iter().zip(&rates[edges]) {
            // An edge of relative weight r is drawn in a share r of the epochs, evenly spread.
            let r = f64::from(share);
            if (r * (epoch + 1) as f64).floor() <= (r * epoch as f64).floor() {
                continue;
            }
            let other = &points[other as usize * dims..(other as usize + 1) * dims];
            pull(moved, other, a, b, rate);
            for _ in 0..self.negatives {
                let far = random.below(n);
                if far != point {
                    push(moved, &points[far * dims..(far + 1) * dims], a, b, rate);
                }
            }
            pull(moved, other, a, b, rate);
        }
    }
}

#[inline(always)]
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// A step of `point` down the gradient of `−log closeness`.
#[inline(always)]
fn pull(point: &mut [f32], other: &[f32], a: f32, b: f32, rate: f32) {
    let d2 = squared_distance(point, other);
    if d2 > 0.0 {
        let power = d2.powf(b);
        let factor = -2.0 * a * b * power / (d2 * (1.0 + a * power));
        for (p, &o) in point.iter_mut().zip(other) {
            *p += rate * (factor * (*p - o)).clamp(-LONGEST, LONGEST);
        }
    }
}

/// A step of `point` down the gradient of `−log(1 − closeness)`, kept finite near 0.
#[inline(always)]
fn push(point: &mut [f32], other: &[f32], a: f32, b: f32, rate: f32) {
    let d2 = squared_distance(point, other);
    if d2 > 0.0 {
        let factor = 2.0 * b / ((0.001 + d2) * (1.0 + a * d2.powf(b)));
        for (p, &o) in point.iter_mut().zip(other) {
            *p += rate * (factor * (*p - o)).clamp(-LONGEST, LONGEST);
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014), started from the seed, the epoch and the point.
struct Random(u64);

impl Random {
    #[inline]
    fn new(seed: u64, epoch: usize, point: usize) -> Self {
        let mut start = Self(seed ^ ((epoch as u64) << 32 | point as u64));
        Self(start.next())
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is less than 2³².
    #[inline]
    fn below(&mut self, n: usize) -> usize {
        (((self.next() >> 32) * n as u64) >> 32) as usize
    }
}

/// The numbers below `n` in random order.
fn shuffled(n: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    let mut random = Random::new(seed, usize::MAX >> 32, n);
    for i in (1..n).rev() {
        order.swap(i, random.below(i + 1));
    }
    order
}
