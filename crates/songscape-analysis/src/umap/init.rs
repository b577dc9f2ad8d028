//! Where the layout starts.

use linfa_linalg::Order;
use linfa_linalg::eigh::{EigSort, EighInto};
use ndarray::{Array1, Array2, ArrayView2, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{FuzzyGraph, Start, UmapParams};
use crate::error::{Error, Result};
use crate::pca::Pca;

/// The side of the box that the start fills.
const SIDE: f64 = 10.0;
/// Noise that parts points of equal coordinates.
const NOISE: f64 = 1e-4;
/// Steps of Lanczos' method: enough for a start, which need not be exact.
const LANCZOS_STEPS: usize = 160;

/// The start of the layout, `[n, dims]`, each column from 0 to 10.
pub(super) fn start(
    x: ArrayView2<f32>,
    graph: &FuzzyGraph,
    params: &UmapParams,
) -> Result<Array2<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
    let spectral = params.start == Start::Spectral && graph.pieces() == 1;
    let coordinates = if spectral {
        spectral_start(graph, params.dims, &mut rng)?
    } else {
        pca_start(x, params.dims)?
    };
    Ok(boxed(coordinates, &mut rng))
}

/// Principal components; columns beyond the directions in which the data vary are 0.
fn pca_start(x: ArrayView2<f32>, dims: usize) -> Result<Array2<f64>> {
    let mut out = Array2::zeros((x.nrows(), dims));
    match Pca::fit(x, dims) {
        Ok(pca) => {
            let projected = pca.project(x)?;
            out.slice_mut(s![.., ..pca.components()]).assign(&projected.mapv(f64::from));
        }
        // All rows equal: the noise alone parts them.
        Err(Error::AllConstant { .. }) => {}
        Err(e) => return Err(e),
    }
    Ok(out)
}

/// The eigenvectors of the normalised adjacency `D^−½ W D^−½` that follow the first, by Lanczos'
/// method with full reorthogonalisation.
fn spectral_start(graph: &FuzzyGraph, dims: usize, rng: &mut ChaCha8Rng) -> Result<Array2<f64>> {
    let n = graph.len();
    let degree: Vec<f64> =
        (0..n).map(|i| graph.edges(i).map(|(_, w)| f64::from(w)).sum::<f64>()).collect();
    let inverse_root: Vec<f64> = degree.iter().map(|d| 1.0 / d.sqrt()).collect();
    let mut first: Array1<f64> = degree.iter().map(|d| d.sqrt()).collect();
    first /= first.dot(&first).sqrt();

    let multiply = |v: &Array1<f64>| -> Array1<f64> {
        (0..n)
            .map(|i| {
                let sum: f64 =
                    graph.edges(i).map(|(j, w)| f64::from(w) * inverse_root[j] * v[j]).sum();
                sum * inverse_root[i]
            })
            .collect()
    };

    let steps = LANCZOS_STEPS.max(4 * dims).min(n - 1);
    let mut basis: Vec<Array1<f64>> = Vec::with_capacity(steps);
    let mut diagonal = Vec::with_capacity(steps);
    let mut off_diagonal: Vec<f64> = Vec::with_capacity(steps);
    let mut next: Array1<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
    for _ in 0..steps {
        // Twice, since once leaves rounding errors that grow.
        for _ in 0..2 {
            for b in std::iter::once(&first).chain(&basis) {
                let along = b.dot(&next);
                next.scaled_add(-along, b);
            }
        }
        let length = next.dot(&next).sqrt();
        if length < 1e-10 {
            break;
        }
        if !basis.is_empty() {
            off_diagonal.push(length);
        }
        next /= length;
        let product = multiply(&next);
        diagonal.push(product.dot(&next));
        basis.push(std::mem::replace(&mut next, product));
    }
    let m = basis.len();
    let mut small = Array2::<f64>::zeros((m, m));
    for i in 0..m {
        small[[i, i]] = diagonal[i];
        if i + 1 < m {
            small[[i, i + 1]] = off_diagonal[i];
            small[[i + 1, i]] = off_diagonal[i];
        }
    }
    let (_, vectors) = small
        .eigh_into()
        .map_err(|e| Error::Baseline {
            method: "the eigenvectors of the neighbourhood graph",
            reason: e.to_string(),
        })?
        .sort_eig(Order::Largest);
    let mut out = Array2::zeros((n, dims));
    for column in 0..dims.min(m) {
        let mut target = out.column_mut(column);
        for (i, b) in basis.iter().enumerate() {
            target.scaled_add(vectors[[i, column]], b);
        }
        let largest = target.iter().fold(0.0_f64, |l, &v| if v.abs() > l.abs() { v } else { l });
        if largest < 0.0 {
            target.mapv_inplace(|v| -v);
        }
    }
    Ok(out)
}

/// Scales to the box, with a little noise.
fn boxed(mut coordinates: Array2<f64>, rng: &mut ChaCha8Rng) -> Array2<f32> {
    let largest = coordinates.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest > 0.0 {
        coordinates *= SIDE / largest;
    }
    // The sum of 12 uniform numbers is nearly normal, with variance 1.
    coordinates
        .mapv_inplace(|v| v + NOISE * ((0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0));
    for mut column in coordinates.columns_mut() {
        let low = column.iter().copied().fold(f64::INFINITY, f64::min);
        let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scale = if high > low { SIDE / (high - low) } else { 0.0 };
        column.mapv_inplace(|v| (v - low) * scale);
    }
    coordinates.mapv(|v| v as f32)
}
