//! The leading eigenvectors of a graph, to a residual.
//!
//! Davidson's method: the space grows by the residuals of the vectors wanted, each first led through a
//! multigrid cycle, and starts from the eigenvectors of a coarser graph. Lanczos' method without such help
//! needs thousands of steps for a long, thin graph.

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use super::multigrid::{Hierarchy, Level};
use crate::eigen;
use crate::error::Result;

/// Vectors are found when their residual is so small beside their eigenvalue.
const RESIDUAL: f64 = 0.05;
/// No residual needs to be smaller than this.
const LEAST: f64 = 1e-9;
/// Rounds on each graph at most.
const ROUNDS: usize = 60;
/// Vectors that are sought beside those wanted, so that the last ones come as fast as the first.
const SPARE: usize = 2;
/// The space is made smaller when it has so many times the vectors sought, to so many times of them.
const SPACE: (usize, usize) = (5, 2);
/// Coordinates that one thread takes at a time.
const CHUNK: usize = 2048;

/// The `count` eigenvectors of the normalised adjacency `D^−½ W D^−½` of a connected graph that follow
/// the first, largest eigenvalue first, of length 1; fewer where there are fewer.
pub(super) fn eigenvectors(graph: Level, count: usize) -> Result<Vec<(f64, Array1<f64>)>> {
    let sought = count + SPARE;
    let hierarchy = Hierarchy::new(graph)?;
    let mut found = hierarchy.coarsest_vectors(sought);
    for level in (0..hierarchy.levels.len() - 1).rev() {
        let start: Vec<Array1<f64>> =
            found.par_iter().map(|vector| hierarchy.finer(level, vector)).collect();
        found = refined(&hierarchy, level, start, count)?;
    }
    found.truncate(count);
    let finest = &hierarchy.levels[0];
    Ok(found.into_iter().map(|vector| (vector.dot(&finest.normalised(&vector)), vector)).collect())
}

/// An orthonormal basis with its products with the Laplacian.
struct Space<'a> {
    level: &'a Level,
    /// The first eigenvector, which all others are orthogonal to.
    first: Array1<f64>,
    basis: Vec<Array1<f64>>,
    products: Vec<Array1<f64>>,
    /// Scalar products of basis and products.
    inner: Vec<Vec<f64>>,
}

impl<'a> Space<'a> {
    fn new(level: &'a Level) -> Self {
        let mut first: Array1<f64> = level.degree().iter().map(|d| d.sqrt()).collect();
        first /= first.dot(&first).sqrt();
        Self { level, first, basis: Vec::new(), products: Vec::new(), inner: Vec::new() }
    }

    /// Adds a vector's direction, unless it lies in the space.
    fn add(&mut self, mut vector: Array1<f64>) {
        let length = |v: &Array1<f64>| v.dot(v).sqrt();
        let before = length(&vector);
        // Twice, since once leaves rounding errors.
        for _ in 0..2 {
            let along = self.first.dot(&vector);
            vector.scaled_add(-along, &self.first);
            take_away(&mut vector, &self.basis);
        }
        let after = length(&vector);
        if after.is_nan() || after <= 1e-10 * before {
            return;
        }
        vector /= after;
        let product = self.level.normalised(&vector);
        self.basis.push(vector);
        self.inner.push(self.basis.par_iter().map(|b| b.dot(&product)).collect());
        self.products.push(product);
    }

    /// The eigenvalues within the space, smallest first, and the coefficients of the vectors as rows.
    fn ritz(&self) -> Result<(Vec<f64>, Array2<f64>)> {
        let n = self.basis.len();
        let inner = Array2::from_shape_fn((n, n), |(i, j)| self.inner[i.max(j)][i.min(j)]);
        let (values, vectors) = eigen::symmetric(inner)?;
        let order: Vec<usize> = (0..n).rev().collect();
        Ok((order.iter().map(|&i| values[i]).collect(), vectors.select(Axis(0), &order)))
    }

    /// Leaves only some vectors of the space, given by their coefficients.
    fn shrink(&mut self, values: &[f64], coefficients: &Array2<f64>) {
        self.basis = combined(&self.basis, coefficients);
        self.products = combined(&self.products, coefficients);
        let row = |i: usize| (0..=i).map(|j| if i == j { values[i] } else { 0.0 }).collect();
        self.inner = (0..self.basis.len()).map(row).collect();
    }
}

/// Better and better vectors on one graph, until the first `count` are found.
fn refined(
    hierarchy: &Hierarchy,
    level: usize,
    start: Vec<Array1<f64>>,
    count: usize,
) -> Result<Vec<Array1<f64>>> {
    let sought = start.len();
    let mut space = Space::new(&hierarchy.levels[level]);
    start.into_iter().for_each(|vector| space.add(vector));
    for round in 0.. {
        let (values, coefficients) = space.ritz()?;
        let kept = sought.min(values.len());
        let mut residuals =
            combined(&space.products, &coefficients.slice(s![..kept, ..]).to_owned());
        let vectors = combined(&space.basis, &coefficients.slice(s![..kept, ..]).to_owned());
        for ((residual, vector), &value) in residuals.iter_mut().zip(&vectors).zip(&values) {
            residual.scaled_add(-value, vector);
        }
        let open: Vec<Array1<f64>> = residuals
            .into_iter()
            .take(count)
            .zip(&values)
            .filter(|(r, value)| r.dot(r).sqrt() > (RESIDUAL * **value).max(LEAST))
            .map(|(r, _)| r)
            .collect();
        if open.is_empty() || round == ROUNDS {
            return Ok(vectors);
        }
        if space.basis.len() + open.len() > SPACE.0 * sought {
            let kept = (SPACE.1 * sought).min(values.len());
            space.shrink(&values, &coefficients.slice(s![..kept, ..]).to_owned());
        }
        let better: Vec<Array1<f64>> =
            open.par_iter().map(|residual| hierarchy.solve(level, residual)).collect();
        let before = space.basis.len();
        better.into_iter().for_each(|vector| space.add(vector));
        if space.basis.len() == before {
            return Ok(vectors);
        }
    }
    Ok(Vec::new())
}

/// Sums of vectors with the coefficients of each row.
fn combined(vectors: &[Array1<f64>], coefficients: &Array2<f64>) -> Vec<Array1<f64>> {
    let length = vectors.first().map_or(0, Array1::len);
    let of_row = |row: usize| {
        let mut sum = Array1::zeros(length);
        for (vector, &coefficient) in vectors.iter().zip(coefficients.row(row)) {
            sum.scaled_add(coefficient, vector);
        }
        sum
    };
    (0..coefficients.nrows()).into_par_iter().map(of_row).collect()
}

/// Takes away what lies along the unit vectors of a basis. Every sum is made by one thread, so that
/// their number changes nothing.
fn take_away(v: &mut Array1<f64>, basis: &[Array1<f64>]) {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A path whose nodes also see those two and three steps away.
    fn path(n: usize) -> Level {
        Level::new(n, |i| {
            (i.saturating_sub(3)..(i + 4).min(n))
                .filter(move |&j| j != i)
                .map(move |j| (j, 1.0 / i.abs_diff(j) as f64))
        })
    }

    #[test]
    fn vectors_of_a_small_graph_are_those_of_the_dense_problem() {
        let level = path(700);
        let mut dense = Array2::zeros((700, 700));
        for (j, mut column) in dense.columns_mut().into_iter().enumerate() {
            let mut unit = Array1::zeros(700);
            unit[j] = 1.0;
            column.assign(&level.normalised(&unit));
        }
        let (values, vectors) = eigen::symmetric(dense).unwrap();
        let found = eigenvectors(path(700), 4).unwrap();
        for (k, (_, vector)) in found.iter().enumerate() {
            let place = 700 - 2 - k;
            let angle = vectors.row(place).dot(vector).abs();
            assert!(angle > 0.999, "{k}: {angle} {}", values[place]);
            assert!((vector.dot(vector) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_first_vector_of_a_long_path_runs_along_it() {
        let n = 20_000;
        let found = eigenvectors(path(n), 2).unwrap();
        let cosine = |k: f64| -> Array1<f64> {
            (0..n).map(|i| (k * std::f64::consts::PI * (i as f64 + 0.5) / n as f64).cos()).collect()
        };
        for ((_, vector), k) in found.iter().zip([1.0, 2.0]) {
            let expected = cosine(k);
            let angle = vector.dot(&expected).abs() / expected.dot(&expected).sqrt();
            assert!(angle > 0.995, "{k}: {angle}");
        }
    }

    #[test]
    fn a_graph_of_few_nodes_has_few_vectors() {
        let pair = Level::new(2, |i| std::iter::once((1 - i, 0.5)));
        let found = eigenvectors(pair, 3).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].1[0] + found[0].1[1]).abs() < 1e-12);
    }
}
