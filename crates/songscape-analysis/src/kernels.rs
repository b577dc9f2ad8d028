//! Sums over two rows, in vector instructions chosen at run time.
//!
//! Every sum is kept in a fixed number of parts that are added in a fixed order, so that it has the
//! same bits on every machine and wherever its rows stand.

use multiversion::multiversion;

/// Parts of a sum: as many as fill two of the widest registers.
const PARTS: usize = 16;

/// The sum of `term(a, b)` over two slices of equal length.
#[inline(always)]
fn sum<T: Copy>(a: &[T], b: &[T], term: impl Fn(T, T) -> f64) -> f64 {
    let mut parts = [0.0; PARTS];
    let (whole_a, rest_a) = a.as_chunks::<PARTS>();
    let (whole_b, rest_b) = b.as_chunks::<PARTS>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for (part, (&a, &b)) in parts.iter_mut().zip(a.iter().zip(b)) {
            *part += term(a, b);
        }
    }
    for (part, (&a, &b)) in parts.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *part += term(a, b);
    }
    total(parts)
}

#[inline(always)]
fn total(parts: [f64; PARTS]) -> f64 {
    let fours: [f64; 4] =
        std::array::from_fn(|i| (parts[i] + parts[i + 4]) + (parts[i + 8] + parts[i + 12]));
    (fours[0] + fours[1]) + (fours[2] + fours[3])
}

/// The sum of the squared differences.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
pub(crate) fn squared_differences<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    sum(a, b, |a, b| (a.into() - b.into()) * (a.into() - b.into()))
}

/// The sum of the absolute differences.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
pub(crate) fn absolute_differences<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    sum(a, b, |a, b| (a.into() - b.into()).abs())
}

/// The sum of the products.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
pub(crate) fn products<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    sum(a, b, |a, b| a.into() * b.into())
}

/// The scalar product in float32.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    wide_sum(a, b, |a, b| a * b)
}

/// The sum of the squared differences, each multiplied by `scale` first, in float32.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
pub(crate) fn scaled_squares(a: &[f32], b: &[f32], scale: f32) -> f32 {
    wide_sum(a, b, |a, b| {
        let difference = a * scale - b * scale;
        difference * difference
    })
}

/// The sum of the absolute differences, each multiplied by `scale` first, in float32.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
pub(crate) fn scaled_absolutes(a: &[f32], b: &[f32], scale: f32) -> f32 {
    wide_sum(a, b, |a, b| (a * scale - b * scale).abs())
}

/// The sums of the absolute differences between one row and each row of a block `[m, d]`, in
/// float32: candidates, to be measured again.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2", "x86_64+avx2"))]
pub(crate) fn absolute_differences_to(row: &[f32], block: &[f32], out: &mut [f32]) {
    for (out, other) in out.iter_mut().zip(block.chunks_exact(row.len())) {
        *out = wide_sum(row, other, |a, b| (a - b).abs());
    }
}

/// As [`sum`], in float32.
#[inline(always)]
fn wide_sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    const WIDE: usize = 64;
    let mut parts = [0.0_f32; WIDE];
    let (whole_a, rest_a) = a.as_chunks::<WIDE>();
    let (whole_b, rest_b) = b.as_chunks::<WIDE>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for (part, (&a, &b)) in parts.iter_mut().zip(a.iter().zip(b)) {
            *part += term(a, b);
        }
    }
    for (part, (&a, &b)) in parts.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *part += term(a, b);
    }
    ordered_sum(parts)
}

/// The sum in one order on every machine: a power of two of numbers by halves, others from the first
/// to the last.
#[inline(always)]
pub(crate) fn ordered_sum<const N: usize>(mut parts: [f32; N]) -> f32 {
    if !N.is_power_of_two() {
        return parts.iter().sum();
    }
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            parts[i] += parts[i + half];
        }
        half /= 2;
    }
    parts[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_plain_loop() {
        for n in [0, 1, 2, 15, 16, 17, 63, 64, 65, 512] {
            let a: Vec<f64> = (0..n).map(|i| ((i * 37) % 101) as f64).collect();
            let b: Vec<f64> = (0..n).map(|i| ((i * 53) % 97) as f64).collect();
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
            assert_eq!(squared_differences(&a, &b), plain);
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum();
            assert_eq!(absolute_differences(&a, &b), plain);
            if n > 0 {
                let (a, b): (Vec<f32>, Vec<f32>) =
                    a.iter().zip(&b).map(|(&a, &b)| (a as f32, b as f32)).unzip();
                let mut out = [0.0; 2];
                absolute_differences_to(&a, &[&a[..], &b[..]].concat(), &mut out);
                assert_eq!(out, [0.0, plain as f32]);
                assert_eq!(scaled_absolutes(&a, &b, 0.5), 0.5 * plain as f32);
                let squares = squared_differences(&a, &b) as f32;
                assert_eq!(scaled_squares(&a, &b, 0.5), 0.25 * squares);
            }
        }
    }
}
