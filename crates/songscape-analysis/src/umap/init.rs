//! Where the layout starts.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{FuzzyGraph, Start, UmapParams};
use crate::eigen;
use crate::error::{Error, Result};
use crate::pca::Pca;

/// The side of the box that the start fills.
const SIDE: f64 = 10.0;
/// Noise that parts points of equal coordinates.
const NOISE: f64 = 1e-4;
/// Steps of Lanczos' method: enough for a start, which need not be exact.
const LANCZOS_STEPS: usize = 160;
/// Coordinates that one thread takes at a time.
const CHUNK: usize = 2048;

/// The start of the layout, `[n, dims]`, each column from 0 to 10.
pub(super) fn start(
    x: ArrayView2<f32>,
    graph: &FuzzyGraph,
    params: &UmapParams,
) -> Result<Array2<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
    let coordinates = match params.start {
        Start::Spectral => spectral_start(x, graph, params.dims, &mut rng)?,
        Start::Pca => pca_start(x, params.dims)?,
    };
    Ok(boxed(coordinates, &mut rng))
}

/// Principal components; columns beyond the directions in which the data vary are 0.
fn pca_start(x: ArrayView2<f32>, dims: usize) -> Result<Array2<f64>> {
    let mut out = Array2::zeros((x.nrows(), dims));
    if x.nrows() < 2 {
        return Ok(out);
    }
    match Pca::fit(x, dims) {
        Ok(pca) => {
            let projected = pca.project(x)?;
            out.slice_mut(s![.., ..pca.components()]).assign(&projected.mapv(f64::from));
        }
        // All rows equal: only the noise parts them.
        Err(Error::AllConstant { .. }) => {}
        Err(e) => return Err(e),
    }
    Ok(out)
}

/// The eigenvectors of a connected graph. Of a graph in pieces, each piece has its own, small
/// enough to stay clear of the others, around the principal components of the piece's mean.
fn spectral_start(
    x: ArrayView2<f32>,
    graph: &FuzzyGraph,
    dims: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Array2<f64>> {
    let pieces = graph.pieces();
    if let [whole] = &pieces[..] {
        return eigenvectors(graph, whole, dims, rng);
    }
    let mut means = Array2::<f32>::zeros((pieces.len(), x.ncols()));
    for (mut mean, piece) in means.rows_mut().into_iter().zip(&pieces) {
        for &row in piece {
            mean += &x.row(row);
        }
        mean /= piece.len() as f32;
    }
    let centres = pca_start(means.view(), dims)?;
    let mut out = Array2::zeros((x.nrows(), dims));
    for (p, piece) in pieces.iter().enumerate() {
        let inner = if piece.len() < 2 * dims.max(2) {
            pca_start(x.select(Axis(0), piece).view(), dims)?
        } else {
            eigenvectors(graph, piece, dims, rng)?
        };
        let reach = (0..pieces.len())
            .filter(|&q| q != p)
            .map(|q| distance(centres.row(p), centres.row(q)))
            .filter(|&d| d > 0.0)
            .fold(f64::INFINITY, f64::min);
        let reach = if reach.is_finite() { 0.5 * reach } else { 1.0 };
        let largest = inner.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let scale = if largest > 0.0 { reach / largest } else { 0.0 };
        for (&row, coordinates) in piece.iter().zip(inner.rows()) {
            out.row_mut(row).assign(&(&centres.row(p) + &(&coordinates * scale)));
        }
    }
    Ok(out)
}

fn distance(a: ArrayView1<f64>, b: ArrayView1<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The eigenvectors `[piece, dims]` of the normalised adjacency `D^−½ W D^−½` of a connected piece
/// that follow the first, by Lanczos' method with full reorthogonalisation. Columns beyond the
/// eigenvectors that there are hold 0.
fn eigenvectors(
    graph: &FuzzyGraph,
    piece: &[usize],
    dims: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Array2<f64>> {
    let n = piece.len();
    let mut place = vec![0_u32; graph.len()];
    for (i, &row) in piece.iter().enumerate() {
        place[row] = i as u32;
    }
    let degree: Vec<f64> =
        piece.iter().map(|&row| graph.edges(row).map(|(_, w)| f64::from(w)).sum::<f64>()).collect();
    let inverse_root: Vec<f64> = degree.iter().map(|d| 1.0 / d.sqrt()).collect();
    let mut first: Array1<f64> = degree.iter().map(|d| d.sqrt()).collect();
    first /= first.dot(&first).sqrt();
    let multiply = |v: &Array1<f64>| -> Array1<f64> {
        let at = |(other, weight): (usize, f32)| {
            let other = place[other] as usize;
            f64::from(weight) * inverse_root[other] * v[other]
        };
        (0..n)
            .into_par_iter()
            .with_min_len(CHUNK)
            .map(|i| graph.edges(piece[i]).map(at).sum::<f64>() * inverse_root[i])
            .collect::<Vec<f64>>()
            .into()
    };

    let steps = LANCZOS_STEPS.max(4 * dims).min(n - 1);
    let mut basis: Vec<Array1<f64>> = Vec::with_capacity(steps + 1);
    basis.push(first);
    let mut diagonal: Vec<f64> = Vec::with_capacity(steps);
    let mut off: Vec<f64> = Vec::with_capacity(steps);
    let mut next: Array1<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
    for step in 0..steps {
        // Most of it lies along the last two vectors.
        if let (Some(&along), [.., before, last]) = (diagonal.last(), &basis[..]) {
            next.scaled_add(-along, last);
            if let Some(&along) = off.last() {
                next.scaled_add(-along, before);
            }
        }
        let before = next.dot(&next).sqrt();
        orthogonalise(&mut next, &basis);
        let mut length = next.dot(&next).sqrt();
        // Where much is taken away, once leaves rounding errors that grow.
        if length < 0.5 * before {
            orthogonalise(&mut next, &basis);
            length = next.dot(&next).sqrt();
        }
        if length < 1e-10 {
            break;
        }
        if step > 0 {
            off.push(length);
        }
        next /= length;
        let product = multiply(&next);
        diagonal.push(product.dot(&next));
        basis.push(std::mem::replace(&mut next, product));
    }
    let basis = &basis[1..];
    let m = basis.len();
    let mut out = Array2::zeros((n, dims));
    if m == 0 {
        return Ok(out);
    }
    off.push(0.0);
    let (_, vectors) = eigen::tridiagonal(diagonal, off, Array2::eye(m))?;
    for column in 0..dims.min(m) {
        let mut target = out.column_mut(column);
        for (i, b) in basis.iter().enumerate() {
            target.scaled_add(vectors[[column, i]], b);
        }
        let largest = target.iter().fold(0.0_f64, |l, &v| if v.abs() > l.abs() { v } else { l });
        if largest < 0.0 {
            target.mapv_inplace(|v| -v);
        }
    }
    Ok(out)
}

/// Takes away what lies along the unit vectors of a basis. Every sum is made by one thread, so that
/// their number changes nothing.
fn orthogonalise(v: &mut Array1<f64>, basis: &[Array1<f64>]) {
    let along: Vec<f64> = basis.par_iter().map(|b| b.dot(v)).collect();
    v.axis_chunks_iter_mut(Axis(0), CHUNK).into_par_iter().enumerate().for_each(
        |(chunk, mut part)| {
            let start = chunk * CHUNK;
            for (b, &along) in basis.iter().zip(&along) {
                part.scaled_add(-along, &b.slice(s![start..start + part.len()]));
            }
        },
    );
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
