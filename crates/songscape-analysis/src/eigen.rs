//! Eigenvalues and eigenvectors of symmetric matrices.
//!
//! Householder's reduction to tridiagonal form, then the implicit QL method of Dubrulle, Martin and
//! Wilkinson (1968), as in Golub and Van Loan, "Matrix Computations", chapter 8. Every sum has one order,
//! so that the result has the same bits on any number of threads and on every processor.

use multiversion::multiversion;
use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, Axis};

use crate::error::{Error, Result};

/// Sweeps in which one eigenvalue must be found; two or three are usual.
const SWEEPS: usize = 60;
/// Columns that reflections and rotations are applied to at once: they stay in the cache meanwhile.
const WIDTH: usize = 32;
/// Rotations that are kept before they are applied: some megabytes.
const KEPT: usize = 1 << 17;

/// The eigenvalues, largest first, and the unit eigenvectors as rows, of a symmetric matrix.
pub(crate) fn symmetric(a: Array2<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
    let Reduced { diagonal, off, reflectors } = reduce(a);
    // The product of the reflections; by symmetry its rows are its columns transposed.
    let mut basis = Array2::eye(diagonal.len());
    in_panels(&mut basis, |panel| reflect(panel, &reflectors));
    tridiagonal(diagonal, off, basis.reversed_axes().as_standard_layout().into_owned())
}

/// A tridiagonal matrix, and the reflections that made it from another.
struct Reduced {
    diagonal: Vec<f64>,
    /// What is beside the diagonal; the last entry is not used.
    off: Vec<f64>,
    /// For each column the vector v of the reflection I − v vᵀ of what is below it, with vᵀ v = 2.
    /// Empty for columns that needed none.
    reflectors: Vec<Vec<f64>>,
}

/// Each step is A − v wᵀ − w vᵀ with w = A v − ½ (vᵀ A v) v. It is carried out together with the next
/// step's product A v, so that the matrix is read once.
fn reduce(a: Array2<f64>) -> Reduced {
    let n = a.nrows();
    let mut a = a.as_standard_layout().into_owned().into_raw_vec_and_offset().0;
    let (mut diagonal, mut off, mut reflectors) = (vec![0.0; n], vec![0.0; n], Vec::new());
    let (mut v, mut w) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        let mut stepped = (k..n).map(|i| a[i * n + k] - (v[i] * w[k] + w[i] * v[k]));
        diagonal[k] = stepped.next().expect("k is a column");
        // What is below is reflected to its first entry alone.
        let mut next: Vec<f64> = stepped.collect();
        let Some(&first) = next.first() else { break };
        let length = next.iter().map(|x| x * x).sum::<f64>().sqrt();
        let head = if first > 0.0 { -length } else { length };
        next[0] -= head;
        let square: f64 = next.iter().map(|x| x * x).sum();
        if k + 2 == n || length == 0.0 || square == 0.0 {
            off[k] = first;
            next.fill(0.0);
            reflectors.push(Vec::new());
        } else {
            off[k] = head;
            let scale = (2.0 / square).sqrt();
            next.iter_mut().for_each(|x| *x *= scale);
            reflectors.push(next.clone());
        }
        let mut product = vec![0.0; next.len()];
        for (i, x) in (k + 1..n).zip(&next) {
            let row = &mut a[i * n + k + 1..(i + 1) * n];
            step_and_add(row, (v[i], &v[k + 1..]), (w[i], &w[k + 1..]), *x, &mut product);
        }
        let half = 0.5 * next.iter().zip(&product).map(|(v, w)| v * w).sum::<f64>();
        product.iter_mut().zip(&next).for_each(|(w, v)| *w -= half * v);
        v[k + 1..].copy_from_slice(&next);
        w[k + 1..].copy_from_slice(&product);
    }
    Reduced { diagonal, off, reflectors }
}

/// A row of A − v wᵀ − w vᵀ, and `x` times it added to a sum.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
fn step_and_add(
    row: &mut [f64],
    (v, all_v): (f64, &[f64]),
    (w, all_w): (f64, &[f64]),
    x: f64,
    sum: &mut [f64],
) {
    for (((a, sum), vj), wj) in row.iter_mut().zip(sum).zip(all_v).zip(all_w) {
        *a -= v * wj + w * vj;
        *sum += *a * x;
    }
}

/// Works on [`WIDTH`] columns at a time, side by side; what is beyond the last column is lost.
fn in_panels(matrix: &mut Array2<f64>, work: impl Fn(&mut [[f64; WIDTH]]) + Sync) {
    matrix.axis_chunks_iter_mut(Axis(1), WIDTH).into_par_iter().for_each(|mut columns| {
        let mut panel = vec![[0.0; WIDTH]; columns.nrows()];
        for (panel, row) in panel.iter_mut().zip(columns.rows()) {
            panel.iter_mut().zip(row).for_each(|(panel, v)| *panel = *v);
        }
        work(&mut panel);
        for (mut row, panel) in columns.rows_mut().into_iter().zip(&panel) {
            row.iter_mut().zip(panel).for_each(|(v, panel)| *v = *panel);
        }
    });
}

/// The product of reflections with some columns.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
fn reflect(panel: &mut [[f64; WIDTH]], reflectors: &[Vec<f64>]) {
    for (k, v) in reflectors.iter().enumerate().rev().filter(|r| !r.1.is_empty()) {
        let rows = &mut panel[k + 1..];
        let mut sums = [0.0; WIDTH];
        for (row, v) in rows.iter().zip(v) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += v * x);
        }
        for (row, v) in rows.iter_mut().zip(v) {
            row.iter_mut().zip(&sums).for_each(|(x, sum)| *x -= v * sum);
        }
    }
}

/// A rotation of two neighbouring rows.
struct Rotation {
    upper: usize,
    cosine: f64,
    sine: f64,
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
fn rotate(panel: &mut [[f64; WIDTH]], rotations: &[Rotation]) {
    for &Rotation { upper, cosine: c, sine: s } in rotations {
        if let Some([upper, lower]) = panel.get_mut(upper..upper + 2) {
            for (x, y) in upper.iter_mut().zip(lower) {
                (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
            }
        }
    }
}

/// The same of a tridiagonal matrix with the given diagonal and, beside it, `off` (whose last entry
/// is not used). `rows` is multiplied by the eigenvectors: the unit matrix gives them as they are.
fn tridiagonal(
    mut diagonal: Vec<f64>,
    mut off: Vec<f64>,
    mut rows: Array2<f64>,
) -> Result<(Array1<f64>, Array2<f64>)> {
    let n = diagonal.len();
    let mut rotations: Vec<Rotation> = Vec::new();
    if let Some(last) = off.last_mut() {
        *last = 0.0;
    }
    for l in 0..n {
        for sweep in 0.. {
            let negligible = |m: &usize| {
                off[*m].abs() <= f64::EPSILON * (diagonal[*m].abs() + diagonal[*m + 1].abs())
            };
            let m = (l..n - 1).find(negligible).unwrap_or(n - 1);
            if m == l {
                break;
            }
            if sweep == SWEEPS {
                return Err(Error::Baseline {
                    method: "the search for eigenvalues",
                    reason: format!("no convergence in {SWEEPS} sweeps"),
                });
            }
            let (d, e) = (&mut diagonal, &mut off);
            let shift = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let root = shift.hypot(1.0);
            let mut g = d[m] - d[l] + e[l] / (shift + root.copysign(shift));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let (f, b) = (s * e[i], c * e[i]);
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    split = true;
                    break;
                }
                s = f / r;
                c = g / r;
                g = d[i + 1] - p;
                let r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
                rotations.push(Rotation { upper: i, cosine: c, sine: s });
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
            if rotations.len() > KEPT {
                in_panels(&mut rows, |panel| rotate(panel, &rotations));
                rotations.clear();
            }
        }
    }
    in_panels(&mut rows, |panel| rotate(panel, &rotations));
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]));
    let values = order.iter().map(|&i| diagonal[i]).collect();
    Ok((values, rows.select(Axis(0), &order)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    use super::*;

    fn check(a: Array2<f64>) {
        let n = a.nrows();
        let (values, vectors) = symmetric(a.clone()).unwrap();
        assert!(values.windows(2).into_iter().all(|w| w[0] >= w[1]));
        assert_abs_diff_eq!(vectors.dot(&vectors.t()), Array2::eye(n), epsilon = 1e-12);
        let rebuilt = vectors.t().dot(&Array2::from_diag(&values)).dot(&vectors);
        assert_abs_diff_eq!(rebuilt, a, epsilon = 1e-10);
    }

    #[test]
    fn matrices_are_rebuilt_from_their_eigenvectors() {
        for n in [1, 2, 3, 10, 57] {
            let a = Array2::from_shape_fn((n, n), |(i, j)| {
                (((i + j) * 31 + i * j * 17) % 23) as f64 - 11.0
            });
            check(a);
        }
        check(Array2::zeros((4, 4)));
        check(Array2::eye(5));
        check(Array2::ones((6, 6)));
        check(Array2::from_diag(&array![3.0, -1.0, 3.0, 0.0]));
    }

    #[test]
    fn a_known_spectrum_is_found() {
        let (values, _) = symmetric(array![[2.0, 1.0], [1.0, 2.0]]).unwrap();
        assert_abs_diff_eq!(values, array![3.0, 1.0], epsilon = 1e-14);
    }
}
