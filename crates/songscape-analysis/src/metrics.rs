//! How good a prediction, a clustering or a map is.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;
use songscape_project::Silent;

use crate::error::{Error, Result};
use crate::neighbors::{self, Metric, Prepared};

fn same_length(what: &'static str, found: usize, expected: usize) -> Result<()> {
    if found != expected {
        return Err(Error::LengthMismatch { what, found, expected });
    }
    if expected == 0 {
        return Err(Error::TooFewRows { what: "a score".into(), rows: 0, needed: 1 });
    }
    Ok(())
}

/// The mean absolute error.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::TooFewRows`] for empty input.
pub fn mean_absolute_error(truth: &[f32], predicted: &[f32]) -> Result<f64> {
    same_length("predictions", predicted.len(), truth.len())?;
    let sum: f64 =
        truth.iter().zip(predicted).map(|(&t, &p)| (f64::from(t) - f64::from(p)).abs()).sum();
    Ok(sum / truth.len() as f64)
}

/// The coefficient of determination R²: 1 for perfect predictions, 0 for those no better than the
/// mean. NaN when all true values are equal.
///
/// # Errors
/// As [`mean_absolute_error`].
pub fn r_squared(truth: &[f32], predicted: &[f32]) -> Result<f64> {
    same_length("predictions", predicted.len(), truth.len())?;
    let mean = truth.iter().map(|&t| f64::from(t)).sum::<f64>() / truth.len() as f64;
    let residual: f64 =
        truth.iter().zip(predicted).map(|(&t, &p)| (f64::from(t) - f64::from(p)).powi(2)).sum();
    let total: f64 = truth.iter().map(|&t| (f64::from(t) - mean).powi(2)).sum();
    Ok(if total > 0.0 { 1.0 - residual / total } else { f64::NAN })
}

/// The median; the mean of the middle two for an even number. `None` for no values.
pub fn median(values: &[f32]) -> Option<f32> {
    quantile(values, 0.5)
}

/// The quantile `q` from 0 to 1, linear between the nearest values. `None` for no values.
pub fn quantile(values: &[f32], q: f64) -> Option<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let place = q.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (low, share) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    Some((f64::from(sorted[low]) * (1.0 - share) + f64::from(sorted[high]) * share) as f32)
}

/// The sizes of all pairs of labels, and of the labels of each side.
struct Contingency {
    pairs: BTreeMap<(i32, i32), usize>,
    left: BTreeMap<i32, usize>,
    right: BTreeMap<i32, usize>,
    n: usize,
}

impl Contingency {
    fn new(left: &[i32], right: &[i32]) -> Result<Self> {
        same_length("labels", right.len(), left.len())?;
        let mut table = Self {
            pairs: BTreeMap::new(),
            left: BTreeMap::new(),
            right: BTreeMap::new(),
            n: left.len(),
        };
        for (&a, &b) in left.iter().zip(right) {
            *table.pairs.entry((a, b)).or_default() += 1;
            *table.left.entry(a).or_default() += 1;
            *table.right.entry(b).or_default() += 1;
        }
        Ok(table)
    }
}

/// The adjusted Rand index (Hubert and Arabie 1985) of two labelings: 1 for equal partitions, about
/// 0 for unrelated ones. −1 is a label as any other.
///
/// ```
/// use songscape_analysis::metrics::adjusted_rand_index;
///
/// // The same groups under other numbers.
/// assert_eq!(adjusted_rand_index(&[0, 0, 1, 1], &[7, 7, -1, -1])?, 1.0);
/// assert!(adjusted_rand_index(&[0, 0, 1, 1], &[0, 1, 0, 1])? <= 0.0);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`mean_absolute_error`].
pub fn adjusted_rand_index(left: &[i32], right: &[i32]) -> Result<f64> {
    let table = Contingency::new(left, right)?;
    let pairs = |n: usize| n as f64 * (n as f64 - 1.0) / 2.0;
    let both: f64 = table.pairs.values().map(|&n| pairs(n)).sum();
    let in_left: f64 = table.left.values().map(|&n| pairs(n)).sum();
    let in_right: f64 = table.right.values().map(|&n| pairs(n)).sum();
    let all = pairs(table.n).max(1.0);
    let expected = in_left * in_right / all;
    let largest = (in_left + in_right) / 2.0;
    Ok(if largest == expected { 1.0 } else { (both - expected) / (largest - expected) })
}

/// The adjusted mutual information (Vinh, Epps and Bailey 2010), normalised by the mean of both
/// entropies: 1 for equal partitions, about 0 for unrelated ones.
///
/// # Errors
/// As [`mean_absolute_error`].
pub fn adjusted_mutual_information(left: &[i32], right: &[i32]) -> Result<f64> {
    let table = Contingency::new(left, right)?;
    let n = table.n as f64;
    let entropy = |sizes: &BTreeMap<i32, usize>| -> f64 {
        sizes.values().map(|&s| s as f64 / n).map(|p| -p * p.ln()).sum()
    };
    let (h_left, h_right) = (entropy(&table.left), entropy(&table.right));
    if (table.left.len() == 1 && table.right.len() == 1)
        || (table.left.len() == table.n && table.right.len() == table.n)
    {
        return Ok(1.0);
    }
    let mutual: f64 = table
        .pairs
        .iter()
        .map(|(&(a, b), &count)| {
            let count = count as f64;
            count / n * (n * count / (table.left[&a] as f64 * table.right[&b] as f64)).ln()
        })
        .sum();
    // ln k! for the hypergeometric weights.
    let mut ln_factorial = vec![0.0; table.n + 1];
    for k in 2..=table.n {
        ln_factorial[k] = ln_factorial[k - 1] + (k as f64).ln();
    }
    let f = |k: usize| ln_factorial[k];
    let mut expected = 0.0;
    for &a in table.left.values() {
        for &b in table.right.values() {
            for count in (a + b).saturating_sub(table.n).max(1)..=a.min(b) {
                let share = count as f64 / n * (n * count as f64 / (a as f64 * b as f64)).ln();
                let ln_weight = f(a) + f(b) + f(table.n - a) + f(table.n - b)
                    - f(table.n)
                    - f(count)
                    - f(a - count)
                    - f(b - count)
                    - f(table.n + count - a - b);
                expected += share * ln_weight.exp();
            }
        }
    }
    let mean = (h_left + h_right) / 2.0;
    let room = mean - expected;
    Ok((mutual - expected) / if room.abs() < 1e-15 { 1e-15_f64.copysign(room) } else { room })
}

/// How far the `k` nearest neighbours on the map `[n, m]` are neighbours among the vectors `[n, d]`
/// (Venna and Kaski 2001): 1 when all are, about 0.5 for a random map.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::Parameter`] unless `2 k < n`, where the score is defined;
/// those of [`neighbors::exact`].
pub fn trustworthiness(
    x: ArrayView2<f32>,
    map: ArrayView2<f32>,
    k: usize,
    metric: Metric,
) -> Result<f64> {
    let n = x.nrows();
    same_length("map", map.nrows(), n)?;
    if 2 * k >= n {
        return Err(Error::parameter("k", k, "less than half the number of rows"));
    }
    let on_map = neighbors::exact(map, k, Metric::Euclidean, &Silent)?;
    let ranks = ranks(x, &on_map.indices, metric)?;
    let penalty: f64 = ranks.iter().map(|&rank| rank.saturating_sub(k) as f64).sum();
    let (n, k) = (n as f64, k as f64);
    Ok(1.0 - penalty * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)))
}

/// The same over some rows, evenly spaced, each compared with all others, by distances in float32: for
/// maps of tens of thousands of rows, of which the whole score would take longer than the map.
///
/// # Errors
/// As [`trustworthiness`]; [`Error::Parameter`] when `sample` is 0.
pub fn trustworthiness_of_some(
    x: ArrayView2<f32>,
    map: ArrayView2<f32>,
    k: usize,
    metric: Metric,
    sample: usize,
) -> Result<f64> {
    const BLOCK: usize = 32;
    let n = x.nrows();
    same_length("map", map.nrows(), n)?;
    if 2 * k >= n || k == 0 {
        return Err(Error::parameter("k", k, "at least 1, less than half the number of rows"));
    }
    if sample == 0 {
        return Err(Error::parameter("sample", 0, "at least 1"));
    }
    crate::vectors::check_finite(x)?;
    crate::vectors::check_finite(map)?;
    let sample = sample.min(n);
    let rows: Vec<u32> = (0..sample).map(|i| (i * n / sample) as u32).collect();
    let all: Vec<u32> = (0..n as u32).collect();
    let (x, map) = (x.as_standard_layout(), map.as_standard_layout());
    let among = Prepared::new(x.view(), metric);
    let on_map = Prepared::new(map.view(), Metric::Euclidean);
    let scores = |space: &Prepared, rows: &[u32]| {
        let (mut own, mut values, mut tile) = (Vec::new(), Vec::new(), Vec::new());
        let mut out = vec![Vec::with_capacity(n); rows.len()];
        space.gather(rows, &mut own);
        for others in all.chunks(1024) {
            space.gather(others, &mut values);
            space.scores((rows, &own), (others, &values), &mut tile);
            for (out, tile) in out.iter_mut().zip(tile.chunks_exact(others.len())) {
                out.extend_from_slice(tile);
            }
        }
        out
    };
    let penalty: usize = rows
        .par_chunks(BLOCK)
        .map(|rows| {
            let (far, near) = (scores(&among, rows), scores(&on_map, rows));
            let mut penalty = 0;
            for ((&row, far), near) in rows.iter().zip(&far).zip(&near) {
                let mut others: Vec<u32> = all.iter().copied().filter(|&j| j != row).collect();
                let order = |a: &u32, b: &u32| {
                    near[*a as usize].total_cmp(&near[*b as usize]).then(a.cmp(b))
                };
                others.select_nth_unstable_by(k - 1, order);
                for &j in &others[..k] {
                    let own = far[j as usize];
                    let before = far.iter().filter(|&&score| score < own).count();
                    let itself = usize::from(far[row as usize] < own);
                    penalty += (before - itself + 1).saturating_sub(k);
                }
            }
            penalty
        })
        .sum();
    let (n, k, sample) = (n as f64, k as f64, sample as f64);
    Ok(1.0 - penalty as f64 * 2.0 / (sample * k * (2.0 * n - 3.0 * k - 1.0)))
}

/// For each row and each of the rows in `others` `[n, k]`: its rank, 1 for the nearest, among all
/// rows by distance.
fn ranks(x: ArrayView2<f32>, others: &Array2<u32>, metric: Metric) -> Result<Array2<usize>> {
    crate::vectors::check_finite(x)?;
    let n = x.nrows();
    let points = crate::hdbscan::points::Points::new(x.mapv(f64::from).view(), metric);
    let rows: Vec<Vec<usize>> = (0..n)
        .into_par_iter()
        .map(|i| {
            let all: Vec<f64> = (0..n).map(|j| points.distance(i, j)).collect();
            others
                .row(i)
                .iter()
                .map(|&j| {
                    let j = j as usize;
                    let before = |&(m, d): &(usize, &f64)| {
                        m != i && (*d < all[j] || (*d == all[j] && m < j))
                    };
                    all.iter().enumerate().filter(before).count() + 1
                })
                .collect()
        })
        .collect();
    let mut out = Array2::zeros(others.dim());
    for (i, row) in rows.iter().enumerate() {
        out.slice_mut(s![i, ..]).iter_mut().zip(row).for_each(|(o, &r)| *o = r);
    }
    Ok(out)
}

/// How far the large structure of the vectors `[n, d]` is kept on the map `[n, m]`: the correlation
/// (Pearson) between the distances of the groups' centres among the vectors and on the map. 1 when
/// they are proportional. Rows of label −1 belong to no group. `None` for fewer than three groups, or
/// where all distances are equal.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::TooFewRows`] for no rows.
pub fn global_structure(
    x: ArrayView2<f32>,
    map: ArrayView2<f32>,
    labels: &[i32],
    metric: Metric,
) -> Result<Option<f64>> {
    same_length("map", map.nrows(), x.nrows())?;
    same_length("labels", labels.len(), x.nrows())?;
    let mut groups: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate().filter(|l| *l.1 >= 0) {
        groups.entry(label).or_default().push(row);
    }
    let centres = |values: ArrayView2<f32>| -> Vec<Vec<f64>> {
        let mean = |rows: &Vec<usize>| {
            let mut sum = vec![0.0; values.ncols()];
            for &row in rows {
                let row = values.row(row);
                sum.iter_mut().zip(row).for_each(|(s, &v)| *s += f64::from(v) / rows.len() as f64);
            }
            sum
        };
        groups.values().map(mean).collect()
    };
    let distances = |centres: &[Vec<f64>], metric: Metric| -> Vec<f64> {
        let pairs = (0..centres.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        pairs.map(|(i, j)| metric.distance(&centres[i], &centres[j])).collect()
    };
    if groups.len() < 3 {
        return Ok(None);
    }
    let among = distances(&centres(x), metric);
    let on_map = distances(&centres(map), Metric::Euclidean);
    let centred = |values: &[f64]| -> Vec<f64> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| v - mean).collect()
    };
    let (a, b) = (centred(&among), centred(&on_map));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    Ok((scale > 0.0).then(|| product(&a, &b) / scale))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    use super::*;

    #[test]
    fn errors_of_predictions() {
        let truth = [1.0, 2.0, 3.0];
        assert_eq!(mean_absolute_error(&truth, &[1.0, 2.0, 6.0]).unwrap(), 1.0);
        assert_eq!(r_squared(&truth, &truth).unwrap(), 1.0);
        assert_eq!(r_squared(&truth, &[2.0; 3]).unwrap(), 0.0);
        assert!(r_squared(&[1.0; 3], &truth).unwrap().is_nan());
        assert!(mean_absolute_error(&truth, &[1.0]).is_err());
        assert!(mean_absolute_error(&[], &[]).is_err());
        assert_eq!(median(&[3.0, 1.0, 2.0, 10.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    // The expected values are scikit-learn's.
    #[test]
    fn agreement_of_labelings() {
        let a = [0, 0, 0, 1, 1, 1, 2, 2, 2, -1];
        let b = [1, 1, 0, 0, 0, 0, 2, 2, 2, 2];
        assert_eq!(adjusted_rand_index(&a, &a).unwrap(), 1.0);
        assert_abs_diff_eq!(adjusted_rand_index(&a, &b).unwrap(), ARI, epsilon = 1e-12);
        assert_abs_diff_eq!(adjusted_mutual_information(&a, &b).unwrap(), AMI, epsilon = 1e-12);
        assert_abs_diff_eq!(adjusted_mutual_information(&a, &a).unwrap(), 1.0, epsilon = 1e-12);
        assert_eq!(adjusted_rand_index(&[0, 0], &[1, 1]).unwrap(), 1.0);
    }
    const ARI: f64 = 0.5238095238095238;
    const AMI: f64 = 0.5865834896999365;

    #[test]
    fn a_scaled_copy_keeps_its_large_structure() {
        let x = Array2::from_shape_fn((40, 3), |(i, j)| ((i % 4 * (7 + j * 5)) % 11) as f32);
        let labels: Vec<i32> = (0..40).map(|i| i % 4).collect();
        let of = |map: ArrayView2<f32>| {
            global_structure(x.view(), map, &labels, Metric::Euclidean).unwrap()
        };
        assert_abs_diff_eq!(of((&x * 3.0).view()).unwrap(), 1.0, epsilon = 1e-9);
        let line = Array2::from_shape_fn((40, 1), |(i, _)| (i % 4) as f32);
        assert!(of(line.view()).unwrap() < 0.99);
        assert_eq!(of(Array2::ones((40, 2)).view()), None);
        let two: Vec<i32> = (0..40).map(|i| i % 2).collect();
        let few = global_structure(x.view(), x.view(), &two, Metric::Cosine).unwrap();
        assert_eq!(few, None);
    }

    #[test]
    fn a_copy_is_trusted_and_a_shuffled_map_less() {
        let x = Array2::from_shape_fn((60, 3), |(i, j)| ((i * 31 + j * 17) % 61) as f32);
        let same = trustworthiness(x.view(), x.view(), 5, Metric::Euclidean).unwrap();
        assert_eq!(same, 1.0);
        let map = Array2::from_shape_fn((60, 2), |(i, j)| ((i * 13 + j * 29 + 7) % 59) as f32);
        let shuffled = trustworthiness(x.view(), map.view(), 5, Metric::Euclidean).unwrap();
        assert!(shuffled < 0.9);
        let some = trustworthiness_of_some(x.view(), map.view(), 5, Metric::Euclidean, 60).unwrap();
        // Equal distances are ranked by row in the one and together in the other.
        assert_abs_diff_eq!(some, shuffled, epsilon = 0.02);
        assert!(trustworthiness_of_some(x.view(), map.view(), 5, Metric::Cosine, 0).is_err());
        let tiny = array![[1.0_f32], [2.0]];
        assert!(trustworthiness(tiny.view(), tiny.view(), 1, Metric::Euclidean).is_err());
    }
}
