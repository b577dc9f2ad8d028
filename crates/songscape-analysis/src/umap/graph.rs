//! The fuzzy graph: how strongly rows belong to each other's neighbourhoods.

use rayon::prelude::*;

use crate::neighbors::Neighbors;

const ITERATIONS: usize = 64;
const TOLERANCE: f64 = 1e-5;
/// The bandwidth is at least this share of the mean distance.
const SMALLEST_BANDWIDTH: f32 = 1e-3;

/// A symmetric weighted graph in compressed rows: the weight of an edge, in (0, 1], is the strength
/// of the fuzzy union of both ends' neighbourhoods.
#[derive(Debug, Clone, PartialEq)]
pub struct FuzzyGraph {
    /// `[n + 1]`: the edges of row `i` are `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<usize>,
    /// The other end of each edge, ascending within a row.
    pub columns: Vec<u32>,
    /// The weight of each edge.
    pub weights: Vec<f32>,
}

/// The scale of one neighbourhood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighborhood {
    /// The distance to the nearest neighbour that is not at distance 0.
    pub nearest: f32,
    /// The bandwidth σ: with it the strengths of all neighbours sum to `log2(k + 1)`.
    pub bandwidth: f32,
}

impl Neighborhood {
    /// How strongly a point at a distance belongs to it, 0 to 1.
    pub fn strength(&self, distance: f32) -> f32 {
        let beyond = distance - self.nearest;
        if beyond <= 0.0 || self.bandwidth == 0.0 {
            1.0
        } else {
            (-f64::from(beyond / self.bandwidth)).exp() as f32
        }
    }
}

impl FuzzyGraph {
    /// The graph of a set of neighbourhoods (UMAP paper, algorithms 2 and 3): strengths
    /// `exp(−(d − nearest) / bandwidth)`, joined as `a + b − a b`.
    pub fn new(neighbors: &Neighbors) -> Self {
        let (n, k) = neighbors.indices.dim();
        let scales = neighborhoods(neighbors);
        // Directed strengths, each row sorted by column.
        let directed: Vec<Vec<(u32, f32)>> = (0..n)
            .into_par_iter()
            .map(|i| {
                let mut row: Vec<(u32, f32)> = (0..k)
                    .map(|j| {
                        let strength = scales[i].strength(neighbors.distances[[i, j]]);
                        (neighbors.indices[[i, j]], strength)
                    })
                    .filter(|e| e.1 > 0.0)
                    .collect();
                row.sort_unstable_by_key(|e| e.0);
                row
            })
            .collect();
        let mut reversed: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n];
        for (i, row) in directed.iter().enumerate() {
            for &(j, strength) in row {
                reversed[j as usize].push((i as u32, strength));
            }
        }
        let rows: Vec<Vec<(u32, f32)>> = directed
            .par_iter()
            .zip(&reversed)
            .map(|(forward, backward)| union(forward, backward))
            .collect();
        Self::from_rows(&rows)
    }

    fn from_rows(rows: &[Vec<(u32, f32)>]) -> Self {
        let edges = rows.iter().map(Vec::len).sum();
        let mut graph = Self {
            offsets: vec![0],
            columns: Vec::with_capacity(edges),
            weights: Vec::with_capacity(edges),
        };
        for row in rows {
            graph.columns.extend(row.iter().map(|e| e.0));
            graph.weights.extend(row.iter().map(|e| e.1));
            graph.offsets.push(graph.columns.len());
        }
        graph
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The edges of row `i`: the other end and the weight.
    pub fn edges(&self, i: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let range = self.offsets[i]..self.offsets[i + 1];
        self.columns[range.clone()]
            .iter()
            .map(|&j| j as usize)
            .zip(self.weights[range].iter().copied())
    }

    /// The largest weight, 0 without edges.
    pub fn largest_weight(&self) -> f32 {
        self.weights.iter().copied().fold(0.0, f32::max)
    }

    /// The graph without the edges that are too weak to be drawn once in so many epochs. With 10
    /// epochs or fewer the limit is that of 500.
    pub fn pruned(&self, epochs: usize) -> Self {
        let epochs = if epochs > 10 { epochs } else { 500 };
        let least = self.largest_weight() / epochs as f32;
        let rows: Vec<Vec<(u32, f32)>> = (0..self.len())
            .map(|i| self.edges(i).filter(|e| e.1 >= least).map(|(j, w)| (j as u32, w)).collect())
            .collect();
        Self::from_rows(&rows)
    }

    /// The graph with its rows in another order: new row `i` is row `order[i]`.
    pub(super) fn reordered(&self, order: &[u32]) -> Self {
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old as usize] = new as u32;
        }
        let rows: Vec<Vec<(u32, f32)>> = order
            .par_iter()
            .map(|&old| {
                let mut row: Vec<_> =
                    self.edges(old as usize).map(|(j, w)| (place[j], w)).collect();
                row.sort_unstable_by_key(|e| e.0);
                row
            })
            .collect();
        Self::from_rows(&rows)
    }

    /// The connected pieces, each with its rows in ascending order.
    pub fn pieces(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.len()];
        let mut pieces = Vec::new();
        for start in 0..self.len() {
            if std::mem::replace(&mut seen[start], true) {
                continue;
            }
            let mut piece = vec![start];
            let mut next = 0;
            while let Some(&i) = piece.get(next) {
                next += 1;
                for (j, _) in self.edges(i) {
                    if !std::mem::replace(&mut seen[j], true) {
                        piece.push(j);
                    }
                }
            }
            piece.sort_unstable();
            pieces.push(piece);
        }
        pieces
    }
}

/// The scale of every neighbourhood. The bandwidth is found by bisection.
pub fn neighborhoods(neighbors: &Neighbors) -> Vec<Neighborhood> {
    let (n, k) = neighbors.distances.dim();
    // Means count the row's distance to itself, 0.
    let mean = |sum: f64, rows: usize| (sum / (rows * (k + 1)) as f64) as f32;
    let whole = mean(neighbors.distances.iter().map(|&d| f64::from(d)).sum(), n.max(1));
    (0..n)
        .into_par_iter()
        .map(|i| {
            let distances = neighbors.distances.row(i);
            let nearest = distances.iter().copied().find(|&d| d > 0.0).unwrap_or(0.0);
            let own = mean(distances.iter().map(|&d| f64::from(d)).sum(), 1);
            let least = SMALLEST_BANDWIDTH * if nearest > 0.0 { own } else { whole };
            let beyond: Vec<f64> = distances.iter().map(|&d| f64::from(d - nearest)).collect();
            Neighborhood { nearest, bandwidth: (bandwidth(&beyond) as f32).max(least) }
        })
        .collect()
}

fn bandwidth(beyond: &[f64]) -> f64 {
    let target = ((beyond.len() + 1) as f64).log2();
    let (mut low, mut high, mut middle) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..ITERATIONS {
        let sum: f64 =
            beyond.iter().map(|&d| if d > 0.0 { (-d / middle).exp() } else { 1.0 }).sum();
        if (sum - target).abs() < TOLERANCE {
            break;
        }
        if sum > target {
            high = middle;
        } else {
            low = middle;
        }
        middle = if high.is_finite() { (low + high) / 2.0 } else { middle * 2.0 };
    }
    middle
}

/// `a + b − a b` over the union of two lists sorted by column.
fn union(a: &[(u32, f32)], b: &[(u32, f32)]) -> Vec<(u32, f32)> {
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::with_capacity(a.len() + b.len());
    while i < a.len() || j < b.len() {
        if j == b.len() || (i < a.len() && a[i].0 < b[j].0) {
            out.push(a[i]);
            i += 1;
        } else if i == a.len() || b[j].0 < a[i].0 {
            out.push(b[j]);
            j += 1;
        } else {
            out.push((a[i].0, a[i].1 + b[j].1 - a[i].1 * b[j].1));
            i += 1;
            j += 1;
        }
    }
    out
}
