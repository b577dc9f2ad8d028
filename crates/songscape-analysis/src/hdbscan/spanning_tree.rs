//! The minimum spanning tree of the mutual reachability distance.

use rayon::prelude::*;

use super::core_distance::Points;

/// An edge of the spanning tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// One end.
    pub from: usize,
    /// The other end.
    pub to: usize,
    /// The mutual reachability distance: the largest of both core distances and the distance.
    pub length: f64,
}

/// Points of one piece of work.
const CHUNK: usize = 512;

/// The minimum spanning tree `[n − 1]`, shortest edge first, by Prim's method: n² distances, none of
/// them kept.
pub fn prim(points: &Points, core: &[f64]) -> Vec<Edge> {
    let n = points.len();
    let mut edges = Vec::with_capacity(n.saturating_sub(1));
    // Points outside the tree, with the tree's nearest point.
    let mut outside: Vec<Candidate> =
        (1..n).map(|point| Candidate { point, nearest: 0, length: f64::INFINITY }).collect();
    let mut latest = 0;
    while !outside.is_empty() {
        let update = |offset: usize, chunk: &mut [Candidate]| {
            let mut best = (f64::INFINITY, usize::MAX, usize::MAX);
            for (i, candidate) in chunk.iter_mut().enumerate() {
                let floor = core[latest].max(core[candidate.point]);
                if floor < candidate.length {
                    let length = points.distance(latest, candidate.point).max(floor);
                    if length < candidate.length {
                        candidate.length = length;
                        candidate.nearest = latest;
                    }
                }
                best = smaller(best, (candidate.length, candidate.point, offset + i));
            }
            best
        };
        // Sharing one step among threads costs about as much as this many products.
        let (_, _, place) = if outside.len() * points.dims() < 16_384 {
            update(0, &mut outside)
        } else {
            outside
                .par_chunks_mut(CHUNK)
                .enumerate()
                .map(|(c, chunk)| update(c * CHUNK, chunk))
                .reduce(|| (f64::INFINITY, usize::MAX, usize::MAX), smaller)
        };
        let next = outside.swap_remove(place.min(outside.len() - 1));
        edges.push(Edge { from: next.nearest, to: next.point, length: next.length });
        latest = next.point;
    }
    edges.sort_by(|a, b| a.length.total_cmp(&b.length));
    edges
}

struct Candidate {
    point: usize,
    nearest: usize,
    length: f64,
}

/// The shorter; of equal lengths that of the lower point, so that threads change nothing.
fn smaller(a: (f64, usize, usize), b: (f64, usize, usize)) -> (f64, usize, usize) {
    if b.0 < a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a }
}

/// The sum of the lengths, in ascending order.
pub fn total_weight(edges: &[Edge]) -> f64 {
    edges.iter().map(|e| e.length).sum()
}
