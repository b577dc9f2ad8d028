//! Where the layout starts.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::multigrid::Level;
use super::spectral;
use super::{FuzzyGraph, Start, UmapParams};
use crate::error::Result;
use crate::pca;

/// The side of the box that the start fills.
const SIDE: f64 = 10.0;
/// Noise that parts points of equal coordinates.
const NOISE: f64 = 1e-4;

/// The start of the layout, `[n, dims]`, within a box of side 10.
pub(super) fn start(
    x: ArrayView2<f32>,
    graph: &FuzzyGraph,
    params: &UmapParams,
) -> Result<Array2<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
    let coordinates = match params.start {
        Start::Spectral => spectral_start(x, graph, params.dims)?,
        Start::Pca => pca_start(x, params.dims),
    };
    Ok(boxed(coordinates, params.start == Start::Pca, &mut rng))
}

/// Principal components, nearly; columns beyond the directions in which the data vary are 0.
fn pca_start(x: ArrayView2<f32>, dims: usize) -> Array2<f64> {
    let mut out = Array2::zeros((x.nrows(), dims));
    if x.nrows() >= 2 {
        let found = pca::leading(x, dims);
        out.slice_mut(s![.., ..found.ncols()]).assign(&found);
    }
    out
}

/// The eigenvectors of a connected graph. Of a graph in pieces, each piece has its own, small
/// enough to stay clear of the others, around the principal components of the piece's mean.
fn spectral_start(x: ArrayView2<f32>, graph: &FuzzyGraph, dims: usize) -> Result<Array2<f64>> {
    let pieces = graph.pieces();
    if let [whole] = &pieces[..] {
        return eigenvectors(graph, whole, dims);
    }
    let mut means = Array2::<f32>::zeros((pieces.len(), x.ncols()));
    for (mut mean, piece) in means.rows_mut().into_iter().zip(&pieces) {
        for &row in piece {
            mean += &x.row(row);
        }
        mean /= piece.len() as f32;
    }
    let centres = pca_start(means.view(), dims);
    let mut out = Array2::zeros((x.nrows(), dims));
    for (p, piece) in pieces.iter().enumerate() {
        let inner = if piece.len() < 2 * dims.max(2) {
            pca_start(x.select(Axis(0), piece).view(), dims)
        } else {
            eigenvectors(graph, piece, dims)?
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

/// The eigenvectors `[piece, dims]` of the normalised adjacency of a connected piece that follow the
/// first. Columns beyond the eigenvectors that there are hold 0.
fn eigenvectors(graph: &FuzzyGraph, piece: &[usize], dims: usize) -> Result<Array2<f64>> {
    let mut place = vec![0_u32; graph.len()];
    for (i, &row) in piece.iter().enumerate() {
        place[row] = i as u32;
    }
    let level = Level::new(piece.len(), |i| {
        graph.edges(piece[i]).map(|(other, weight)| (place[other] as usize, f64::from(weight)))
    });
    let mut out = Array2::zeros((piece.len(), dims));
    for (mut column, (value, vector)) in
        out.columns_mut().into_iter().zip(spectral::eigenvectors(level, dims)?)
    {
        let largest = vector.iter().fold(0.0_f64, |l, &v| if v.abs() > l.abs() { v } else { l });
        // A line's second eigenvector folds it: what varies slowly along the graph counts more.
        let root = value.max(1e-12).sqrt();
        let weight = 1.0 / (root * root.sqrt());
        column.assign(&(vector * if largest < 0.0 { -weight } else { weight }));
    }
    Ok(out)
}

/// Scales to the box, each column by itself or all alike, with a little noise.
fn boxed(mut coordinates: Array2<f64>, own_scales: bool, rng: &mut ChaCha8Rng) -> Array2<f32> {
    let largest = coordinates.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest > 0.0 {
        coordinates *= SIDE / largest;
    }
    // The sum of 12 uniform numbers is nearly normal, with variance 1.
    coordinates
        .mapv_inplace(|v| v + NOISE * ((0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0));
    let range = |column: ArrayView1<f64>| {
        let low = column.iter().copied().fold(f64::INFINITY, f64::min);
        (low, column.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low)
    };
    let widest = coordinates.columns().into_iter().map(|c| range(c).1).fold(0.0, f64::max);
    for mut column in coordinates.columns_mut() {
        let (low, own) = range(column.view());
        let range = if own_scales { own } else { widest };
        let scale = if range > 0.0 { SIDE / range } else { 0.0 };
        column.mapv_inplace(|v| (v - low) * scale);
    }
    coordinates.mapv(|v| v as f32)
}
