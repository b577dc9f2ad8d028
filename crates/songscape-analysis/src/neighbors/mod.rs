//! Nearest neighbours, the base of the map and of "similar songs".

mod exact;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

pub use exact::exact;

/// A distance between vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// `1 − cos`, from 0 to 2. Two rows of zeros are at distance 0, a row of zeros and another row
    /// at distance 1.
    #[default]
    Cosine,
    /// The length of the difference.
    Euclidean,
    /// The sum of the absolute differences.
    Manhattan,
}

/// The nearest neighbours of every row, nearest first; the row itself is left out.
///
/// Neighbours at equal distance come in the order of their rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// `[n, k]` row numbers.
    pub indices: Array2<u32>,
    /// `[n, k]` distances, ascending in every row.
    pub distances: Array2<f32>,
}

impl Neighbors {
    /// The share of these neighbours that `truth` has too, over rows of equal `k`: 1 when all agree.
    pub fn recall(&self, truth: &Neighbors) -> f64 {
        let mut found = 0;
        for (ours, theirs) in self.indices.rows().into_iter().zip(truth.indices.rows()) {
            found += ours.iter().filter(|&i| theirs.iter().any(|j| i == j)).count();
        }
        found as f64 / truth.indices.len().max(1) as f64
    }
}

impl Metric {
    /// The distance between two vectors of equal length, in float64. It is exactly symmetric, and
    /// exactly 0 between equal vectors.
    pub fn distance<T: crate::vectors::Real>(self, a: &[T], b: &[T]) -> f64 {
        let pairs = a.iter().zip(b).map(|(&a, &b)| (a.into(), b.into()));
        match self {
            Self::Euclidean => {
                pairs.map(|(a, b): (f64, f64)| (a - b) * (a - b)).sum::<f64>().sqrt()
            }
            Self::Manhattan => pairs.map(|(a, b): (f64, f64)| (a - b).abs()).sum(),
            Self::Cosine => {
                let (mut dot, mut aa, mut bb) = (0.0, 0.0, 0.0);
                for (a, b) in pairs {
                    dot += a * b;
                    aa += a * a;
                    bb += b * b;
                }
                if aa == 0.0 && bb == 0.0 {
                    0.0
                } else if aa == 0.0 || bb == 0.0 {
                    1.0
                } else {
                    // Rounding leaves parallel vectors some 1e-16 apart; they are at no distance.
                    let distance = 1.0 - dot / (aa * bb).sqrt();
                    if distance < 1e-14 { 0.0 } else { distance }
                }
            }
        }
    }
}
