//! How far a mean could lie from what it was measured as: bootstrap over groups of values.
//!
//! Values of one group (the songs of an artist, the two halves of a song) are not independent, so
//! whole groups are drawn (the cluster bootstrap: Davison and Hinkley, *Bootstrap Methods and
//! Their Application*, 1997, section 3.8).

use std::collections::BTreeMap;
use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// An interval that holds the true mean in 95 of 100 samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Whether zero lies outside: a difference of this interval is told apart from none.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// A difference of two means over the same values, and how far it could lie from what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

impl Difference {
    /// The mean difference of pairs of values, whose groups are drawn as by [`mean_interval`]; `None`
    /// for fewer than two groups.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when there are not as many values of both kinds, and groups.
    pub fn of_pairs(a: &[f64], b: &[f64], groups: &[usize]) -> Result<Option<Self>> {
        if a.len() != b.len() {
            let (found, expected) = (b.len(), a.len());
            return Err(Error::LengthMismatch { what: "the second values", found, expected });
        }
        let pairs: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let value = pairs.iter().sum::<f64>() / pairs.len() as f64;
        Ok(mean_interval(&pairs, groups)?.map(|interval| Self { value, interval }))
    }

    /// Whether the two means are told apart: zero lies outside the interval.
    pub fn is_told_apart(&self) -> bool {
        self.interval.excludes_zero()
    }
}

/// `0.81–0.92`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "{:.digits$}–{:.digits$}", self.low, self.high)
    }
}

/// Samples that are drawn.
const SAMPLES: u64 = 2000;
/// From this many groups on, the mean is as good as normal: no samples are drawn.
const MANY: usize = 10_000;

/// The 95 % interval of the mean of `values`: percentiles of the means of 2,000 samples of whole
/// groups, drawn with replacement; from 10,000 groups on, the mean ± 1.96 standard errors between
/// groups. `None` for fewer than two groups. The same values give the same interval.
///
/// ```
/// use songscape_analysis::bootstrap::mean_interval;
///
/// let found = [1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0];
/// let songs = [0, 1, 2, 3, 4, 5, 6, 7];
/// let interval = mean_interval(&found, &songs)?.expect("there are eight songs");
/// assert!(interval.low < 0.75 && 0.75 < interval.high);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// [`Error::LengthMismatch`] when there are not as many groups as values.
pub fn mean_interval(values: &[f64], groups: &[usize]) -> Result<Option<Interval>> {
    if values.len() != groups.len() {
        let (found, expected) = (groups.len(), values.len());
        return Err(Error::LengthMismatch { what: "groups", found, expected });
    }
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (value, group) in values.iter().zip(groups) {
        let (sum, count) = sums.entry(*group).or_default();
        *sum += value;
        *count += 1.0;
    }
    let sums: Vec<(f64, f64)> = sums.into_values().collect();
    Ok(match sums.len() {
        0 | 1 => None,
        MANY.. => Some(normal(&sums)),
        _ => Some(percentile(&sums)),
    })
}

fn percentile(groups: &[(f64, f64)]) -> Interval {
    let one = |sample: u64| {
        let mut random = ChaCha8Rng::seed_from_u64(sample);
        let (mut sum, mut count) = (0.0, 0.0);
        for _ in 0..groups.len() {
            let (s, n) = groups[random.random_range(0..groups.len())];
            sum += s;
            count += n;
        }
        sum / count
    };
    let mut means: Vec<f64> = (0..SAMPLES).into_par_iter().map(one).collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| means[(share * (means.len() - 1) as f64).round() as usize];
    Interval { low: at(0.025), high: at(0.975) }
}

/// The ratio of two sums over groups, linearised.
fn normal(groups: &[(f64, f64)]) -> Interval {
    let count: f64 = groups.iter().map(|(_, count)| count).sum();
    let mean = groups.iter().map(|(sum, _)| sum).sum::<f64>() / count;
    let squares: f64 = groups.iter().map(|(sum, count)| (sum - mean * count).powi(2)).sum();
    let n = groups.len() as f64;
    let error = 1.96 * (squares * n / (n - 1.0)).sqrt() / count;
    Interval { low: mean - error, high: mean + error }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Noise of deviation 1 around zero, the values of a group alike in part.
    fn noise(seed: u64, groups: usize, each: usize, shared: f64) -> (Vec<f64>, Vec<usize>) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let mut values = Vec::new();
        for _ in 0..groups {
            let own = normal();
            values
                .extend((0..each).map(|_| shared.sqrt() * own + (1.0 - shared).sqrt() * normal()));
        }
        (values, (0..groups * each).map(|i| i / each).collect())
    }

    #[test]
    fn intervals_hold_the_mean_as_often_as_they_say() {
        let holds = |by_group: bool| {
            let one = |seed: u64| {
                let (values, groups) = noise(seed, 40, 8, 0.8);
                let alone: Vec<usize> = (0..values.len()).collect();
                let groups = if by_group { groups } else { alone };
                !mean_interval(&values, &groups).unwrap().unwrap().excludes_zero()
            };
            (0..300).filter(|&seed| one(1000 + seed)).count() as f64 / 300.0
        };
        let share = holds(true);
        assert!((0.91..=0.98).contains(&share), "{share}");
        // Values drawn one by one promise more than they hold.
        assert!(holds(false) < 0.7);
    }

    #[test]
    fn many_groups_have_the_interval_of_samples() {
        let (values, groups) = noise(7, MANY, 3, 0.5);
        let sums: Vec<(f64, f64)> =
            values.chunks(3).map(|values| (values.iter().sum(), 3.0)).collect();
        let (drawn, normal) = (percentile(&sums), normal(&sums));
        assert!((drawn.low - normal.low).abs() < 0.002, "{drawn:?} {normal:?}");
        assert!((drawn.high - normal.high).abs() < 0.002, "{drawn:?} {normal:?}");
        assert_eq!(mean_interval(&values, &groups).unwrap().unwrap(), normal);
        assert_eq!(mean_interval(&[1.0, 2.0], &[4, 4]).unwrap(), None);
        assert!(mean_interval(&[1.0], &[]).is_err());
        assert_eq!(format!("{:.1}", Interval { low: 0.1, high: 0.25 }), "0.1–0.2");
    }
}
