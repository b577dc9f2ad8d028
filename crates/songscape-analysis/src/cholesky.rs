//! Cholesky's method, in sums of one order, so that the result is the same on every processor.

use ndarray::Array2;

use crate::kernels;

/// The solution of a symmetric system of equations, of whose matrix only the lower half counts; `None` where it
/// is not positive definite. Row after row, as in Golub and Van Loan, "Matrix Computations", section 4.2.
pub(crate) fn solve(matrix: Array2<f64>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    let matrix = matrix.as_standard_layout().into_owned();
    let mut lower = matrix.into_raw_vec_and_offset().0;
    if lower.len() != n * n {
        return None;
    }
    for j in 0..n {
        let (above, row) = lower.split_at_mut(j * n);
        for (k, other) in above.chunks_exact(n.max(1)).enumerate() {
            row[k] = (row[k] - kernels::products(&row[..k], &other[..k])) / other[k];
        }
        let square = row[j] - kernels::products(&row[..j], &row[..j]);
        if square.is_nan() || square <= 0.0 {
            return None;
        }
        row[j] = square.sqrt();
        right[j] = (right[j] - kernels::products(&row[..j], &right[..j])) / row[j];
    }
    for (j, row) in lower.chunks_exact(n.max(1)).enumerate().rev() {
        let (before, own) = right.split_at_mut(j);
        own[0] /= row[j];
        before.iter_mut().zip(row).for_each(|(value, factor)| *value -= factor * own[0]);
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};

    use super::*;

    #[test]
    fn a_system_is_solved_and_an_indefinite_one_is_not() {
        for n in [0, 1, 2, 17, 60] {
            let a = Array2::from_shape_fn((n, n), |(i, j)| ((i * 7 + j * 5 + i * j) % 11) as f64);
            let matrix = a.dot(&a.t()) + Array2::<f64>::eye(n);
            let expected: Array1<f64> = (0..n).map(|i| (i % 5) as f64 - 2.0).collect();
            let found = solve(matrix.clone(), matrix.dot(&expected).to_vec());
            let found = found.map(Array1::from);
            assert!(found.is_some_and(|found| (found - &expected).iter().all(|d| d.abs() < 1e-7)));
        }
        assert_eq!(solve(array![[1.0, 2.0], [2.0, 1.0]], vec![1.0, 1.0]), None);
        assert_eq!(solve(array![[f64::NAN]], vec![1.0]), None);
    }
}
