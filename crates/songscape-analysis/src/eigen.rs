//! Eigenvalues and eigenvectors of symmetric matrices.
//!
//! Householder's reduction to tridiagonal form, then the implicit QL method of Dubrulle, Martin and
//! Wilkinson (1968), as in Golub and Van Loan, "Matrix Computations", chapter 8. Serial, so that the
//! result is the same on any number of threads.

use ndarray::{Array1, Array2};

use crate::error::{Error, Result};

/// Sweeps in which one eigenvalue must be found; two or three are usual.
const SWEEPS: usize = 60;

/// The eigenvalues, largest first, and the unit eigenvectors as rows, of a symmetric matrix.
pub(crate) fn symmetric(mut a: Array2<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
    let n = a.nrows();
    let mut off = vec![0.0; n];
    let mut reflectors: Vec<Vec<f64>> = Vec::with_capacity(n);
    for k in 0..n.saturating_sub(2) {
        // A reflection that leaves of column k, below the diagonal, only the first entry.
        let mut v: Vec<f64> = (k + 1..n).map(|i| a[[i, k]]).collect();
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let head = if v[0] > 0.0 { -length } else { length };
        off[k] = head;
        v[0] -= head;
        let square: f64 = v.iter().map(|x| x * x).sum();
        if length == 0.0 || square == 0.0 {
            off[k] = a[[k + 1, k]];
            reflectors.push(Vec::new());
            continue;
        }
        let scale = (2.0 / square).sqrt();
        v.iter_mut().for_each(|x| *x *= scale);
        // A − v wᵀ − w vᵀ with w = A v − ½ (vᵀ A v) v, since vᵀ v = 2.
        let mut w = vec![0.0; v.len()];
        for (i, w) in w.iter_mut().enumerate() {
            let row = a.row(k + 1 + i);
            *w = (k + 1..n).zip(&v).map(|(j, x)| row[j] * x).sum();
        }
        let half = 0.5 * v.iter().zip(&w).map(|(v, w)| v * w).sum::<f64>();
        w.iter_mut().zip(&v).for_each(|(w, v)| *w -= half * v);
        for i in 0..v.len() {
            let mut row = a.row_mut(k + 1 + i);
            for (j, (vj, wj)) in v.iter().zip(&w).enumerate() {
                row[k + 1 + j] -= v[i] * wj + w[i] * vj;
            }
        }
        reflectors.push(v);
    }
    if n >= 2 {
        off[n - 2] = a[[n - 1, n - 2]];
    }
    let diagonal: Vec<f64> = a.diag().to_vec();

    // The product of the reflections; by symmetry its rows are its columns transposed.
    let mut basis = Array2::<f64>::eye(n);
    for (k, v) in reflectors.iter().enumerate().rev().filter(|r| !r.1.is_empty()) {
        let mut sums = vec![0.0; n - k - 1];
        for (i, v) in v.iter().enumerate() {
            let row = basis.row(k + 1 + i);
            sums.iter_mut().enumerate().for_each(|(j, s)| *s += v * row[k + 1 + j]);
        }
        for (i, v) in v.iter().enumerate() {
            let mut row = basis.row_mut(k + 1 + i);
            sums.iter().enumerate().for_each(|(j, s)| row[k + 1 + j] -= v * s);
        }
    }
    tridiagonal(diagonal, off, basis.reversed_axes().as_standard_layout().into_owned())
}

/// The same of a tridiagonal matrix with the given diagonal and, beside it, `off` (whose last entry
/// is not used). `rows` is multiplied by the eigenvectors: the unit matrix gives them as they are.
fn tridiagonal(
    mut diagonal: Vec<f64>,
    mut off: Vec<f64>,
    mut rows: Array2<f64>,
) -> Result<(Array1<f64>, Array2<f64>)> {
    let n = diagonal.len();
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
                let (mut upper, mut lower) =
                    rows.multi_slice_mut((ndarray::s![i, ..], ndarray::s![i + 1, ..]));
                for (x, y) in upper.iter_mut().zip(lower.iter_mut()) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]));
    let values = order.iter().map(|&i| diagonal[i]).collect();
    Ok((values, rows.select(ndarray::Axis(0), &order)))
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
