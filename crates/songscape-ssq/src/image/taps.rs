//! Short filters over the samples of a row, fitted to where its wavelet has its energy.
//!
//! The inverse FFT of a row gives samples of W that are just dense enough for its band. The
//! coefficient at a time between them, and its derivative, are sums over a few samples around it:
//! the least-squares fit, over the bins of the band and weighted by ψ̂, of what the sum does to each
//! bin, to what it should do.

/// A bin of a row's band: its angle from one sample to the next, and its weight ψ̂.
pub(super) type Bin = (f64, f64);

/// Weights `t` of samples `before` places before a place, and after it, so that
/// Σ_k t_k·exp(iθ(k − before)) is nearest to exp(iθ·offset), times iθ for the derivative.
pub(super) fn fit<const N: usize>(
    band: &[Bin],
    before: usize,
    offset: f64,
    derivative: bool,
) -> [f64; N] {
    // Real and imaginary parts of the error count alike, so the normal equations are sums of
    // cosines of differences.
    let mut matrix = [[0.0; N]; N];
    let mut right = [0.0; N];
    let mut total = 0.0;
    for (theta, weight) in band {
        let square = weight * weight;
        total += square;
        let cosines: [f64; N] = std::array::from_fn(|k| square * (k as f64 * theta).cos());
        for i in 0..N {
            let angle = theta * (offset - (i as f64 - before as f64));
            right[i] +=
                if derivative { -square * theta * angle.sin() } else { square * angle.cos() };
            for j in 0..N {
                matrix[i][j] += cosines[i.abs_diff(j)];
            }
        }
    }
    // Narrow bands need fewer samples than there are: of all weights that do, small ones.
    for (i, row) in matrix.iter_mut().enumerate() {
        row[i] += 1e-13 * total;
    }
    solve(matrix, right)
}

/// Cholesky's decomposition of a symmetric positive definite matrix, and the solution.
fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> [f64; N] {
    for j in 0..N {
        for k in 0..j {
            for i in j..N {
                a[i][j] -= a[i][k] * a[j][k];
            }
        }
        let root = a[j][j].max(f64::MIN_POSITIVE).sqrt();
        for row in &mut a[j..] {
            row[j] /= root;
        }
    }
    for i in 0..N {
        for k in 0..i {
            b[i] -= a[i][k] * b[k];
        }
        b[i] /= a[i][i];
    }
    for i in (0..N).rev() {
        for k in i + 1..N {
            b[i] -= a[k][i] * b[k];
        }
        b[i] /= a[i][i];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bell of a band that fills most of what 1.6 samples for its width allow.
    fn band() -> Vec<Bin> {
        (-100..=80)
            .map(|i| {
                let theta = f64::from(i) / 100.0 * 1.9;
                (theta, (-0.5 * (f64::from(i) / 25.0).powi(2)).exp())
            })
            .collect()
    }

    #[test]
    fn values_and_derivatives_between_samples() {
        for offset in [0.25, 0.5, 0.75] {
            let value = fit::<8>(&band(), 3, offset, false);
            let slope = fit::<8>(&band(), 3, offset, true);
            let (mut error, mut error_of_slope, mut total) = (0.0, 0.0, 0.0);
            for (theta, weight) in band() {
                let sum = |taps: &[f64; 8]| {
                    taps.iter().enumerate().fold((0.0, 0.0), |(re, im), (k, t)| {
                        let angle = theta * (k as f64 - 3.0);
                        (re + t * angle.cos(), im + t * angle.sin())
                    })
                };
                let (re, im) = sum(&value);
                let (cos, sin) = ((theta * offset).cos(), (theta * offset).sin());
                error += weight * weight * ((re - cos).powi(2) + (im - sin).powi(2));
                let (re, im) = sum(&slope);
                let off = (re + theta * sin).powi(2) + (im - theta * cos).powi(2);
                error_of_slope += weight * weight * off;
                total += weight * weight;
            }
            let (error, slope) = ((error / total).sqrt(), (error_of_slope / total).sqrt());
            assert!(error < 2e-3 && slope < 5e-3, "{offset}: {error:e} {slope:e}");
        }
    }

    #[test]
    fn derivatives_at_samples_are_differences() {
        let taps = fit::<7>(&band(), 3, 0.0, true);
        for k in 0..3 {
            assert!((taps[k] + taps[6 - k]).abs() < 1e-9);
        }
        assert!(taps[3].abs() < 1e-9);
    }
}
