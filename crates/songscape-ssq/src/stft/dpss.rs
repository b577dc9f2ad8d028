//! The first discrete prolate spheroidal sequence (Slepian 1978).

use super::window::{Sampled, sinc};

/// The sequence of `length` + 1 samples (of which the last is left out, as in all periodic
/// windows) with the most energy within ± `half_bandwidth` / (`length` + 1), its largest value 1.
///
/// It is the eigenvector of the largest eigenvalue of a symmetric tridiagonal matrix that commutes
/// with the kernel of the band, found by bisection and inverse iteration. The slopes are those of
/// its band-limited continuation: an eigenvector of the kernel is its own smooth interpolation.
pub(super) fn sample(length: usize, half_bandwidth: f64) -> Sampled {
    let n = length + 1;
    let bandwidth = (half_bandwidth / n as f64).min(0.499);
    let cosine = (std::f64::consts::TAU * bandwidth).cos();
    let diagonal: Vec<f64> =
        (0..n).map(|i| (0.5 * (n as f64 - 1.0) - i as f64).powi(2) * cosine).collect();
    // Element i couples i and i + 1.
    let beside: Vec<f64> = (1..n).map(|i| 0.5 * i as f64 * (n - i) as f64).collect();
    let values = inverse_iteration(&diagonal, &beside, largest_eigenvalue(&diagonal, &beside));
    // The kernel applied to the sequence is a multiple of it: λ from the middle, where it is large.
    let kernel: Vec<(f64, f64)> = (0..n).map(|d| sinc(bandwidth, d as f64)).collect();
    let apply = |i: usize| {
        values.iter().enumerate().fold((0.0, 0.0), |(value, slope), (j, v)| {
            let (k, dk) = kernel[i.abs_diff(j)];
            (value + k * v, slope + if i < j { -dk * v } else { dk * v })
        })
    };
    let middle = length / 2;
    let lambda = apply(middle).0 / values[middle];
    let largest = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    Sampled {
        values: values[..length].iter().map(|v| v / largest).collect(),
        slopes: (0..length).map(|i| apply(i).1 / (lambda * largest)).collect(),
    }
}

/// Bisection on the number of eigenvalues above a value (Sturm's sequence).
fn largest_eigenvalue(diagonal: &[f64], beside: &[f64]) -> f64 {
    let any_above = |x: f64| {
        let mut pivot = 1.0;
        diagonal.iter().enumerate().any(|(i, d)| {
            let coupling = if i == 0 { 0.0 } else { beside[i - 1].powi(2) / pivot };
            pivot = d - x - coupling;
            if pivot == 0.0 {
                pivot = -f64::MIN_POSITIVE;
            }
            pivot > 0.0
        })
    };
    // Gershgorin's circles.
    let reach = |i: usize| {
        let before = if i == 0 { 0.0 } else { beside[i - 1] };
        diagonal[i] + before + beside.get(i).copied().unwrap_or(0.0)
    };
    let mut high = (0..diagonal.len()).map(reach).fold(f64::NEG_INFINITY, f64::max);
    let mut low = diagonal.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    while high - low > 1e-15 * high.abs().max(low.abs()) {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if any_above(middle) { low = middle } else { high = middle }
    }
    high
}

/// The eigenvector of an eigenvalue, all of whose entries have one sign, by a few solutions of the
/// shifted system.
fn inverse_iteration(diagonal: &[f64], beside: &[f64], eigenvalue: f64) -> Vec<f64> {
    let n = diagonal.len();
    // Just above, so that the shifted matrix is definite and needs no pivoting.
    let shift = eigenvalue + 1e-13 * eigenvalue.abs().max(1.0);
    let mut vector = vec![1.0; n];
    let mut upper = vec![0.0; n];
    for _ in 0..6 {
        let mut previous = 0.0;
        for i in 0..n {
            let (coupling, factor) =
                if i == 0 { (0.0, 0.0) } else { (beside[i - 1], upper[i - 1]) };
            let pivot = shift - diagonal[i] - coupling * factor;
            upper[i] = beside.get(i).copied().unwrap_or(0.0) / pivot;
            vector[i] = (vector[i] + coupling * previous) / pivot;
            previous = vector[i];
        }
        for i in (0..n.saturating_sub(1)).rev() {
            vector[i] += upper[i] * vector[i + 1];
        }
        let largest = vector.iter().fold(f64::MIN_POSITIVE, |a: f64, b| a.max(b.abs()));
        vector.iter_mut().for_each(|v| *v = v.abs() / largest);
    }
    vector
}
