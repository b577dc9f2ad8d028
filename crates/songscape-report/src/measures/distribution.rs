//! What is said of a set of values: Tukey's five numbers and a density.

/// Fewer values than this are shown one by one: a density or a box would claim to know more.
pub(crate) const LEAST: usize = 10;

/// Tukey's summary (*Exploratory Data Analysis*, 1977): quartiles (linear interpolation), whiskers to
/// the outermost values within 1.5 interquartile ranges of the box, and the values beyond.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tukey {
    pub low: f64,
    pub first: f64,
    pub median: f64,
    pub third: f64,
    pub high: f64,
    pub outliers: Vec<f64>,
}

impl Tukey {
    /// `None` without values. Values must be finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values);
        let (&least, &most) = (sorted.first()?, sorted.last()?);
        let (first, third) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75));
        let reach = 1.5 * (third - first);
        let inside = |v: &f64| *v >= first - reach && *v <= third + reach;
        Some(Self {
            low: sorted.iter().copied().find(inside).unwrap_or(least).min(first),
            first,
            median: quantile(&sorted, 0.5),
            third,
            high: sorted.iter().rev().copied().find(inside).unwrap_or(most).max(third),
            outliers: sorted.iter().copied().filter(|v| !inside(v)).collect(),
        })
    }
}

/// Values as a violin shows them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Distribution {
    /// Fewer than [`LEAST`]: each value.
    Values(Vec<f64>),
    /// A box, and the density around it: `(value, density)` from the least to the greatest value; no
    /// density where all values are the same.
    Summary { values: usize, tukey: Tukey, density: Vec<(f64, f64)> },
}

impl Distribution {
    /// Values must be finite.
    pub fn of(values: Vec<f64>) -> Self {
        const POINTS: usize = 96;
        match Tukey::of(&values).filter(|_| values.len() >= LEAST) {
            Some(tukey) => {
                let density = density(&values, POINTS);
                Self::Summary { values: values.len(), tukey, density }
            }
            None => Self::Values(values),
        }
    }

    /// The number of values.
    pub fn count(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Summary { values, .. } => *values,
        }
    }

    /// The five numbers, where there are values enough.
    pub fn tukey(&self) -> Option<&Tukey> {
        match self {
            Self::Values(_) => None,
            Self::Summary { tukey, .. } => Some(tukey),
        }
    }

    /// The least and the greatest value; infinities the wrong way round without values.
    pub fn range(&self) -> (f64, f64) {
        match self {
            Self::Values(values) => range(values),
            Self::Summary { tukey, .. } => {
                let (low, high) = range(&tukey.outliers);
                (low.min(tukey.low), high.max(tukey.high))
            }
        }
    }
}

/// Silverman's rule for the bandwidth of a Gaussian kernel (*Density Estimation*, 1986, eq. 3.31):
/// `0.9 min(s, IQR/1.34) n^(-1/5)`, with `s` alone where the interquartile range is 0. Returns 0 when
/// all values are the same.
fn silverman(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let sorted = sorted(values);
    let spread = (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / 1.34;
    let deviation = deviation(values);
    let width = if spread > 0.0 { spread.min(deviation) } else { deviation };
    0.9 * width * n.powf(-0.2)
}

/// Gaussian kernel density at `points` even places over the range of the values: `(value, density)`.
/// Empty when the bandwidth is 0.
fn density(values: &[f64], points: usize) -> Vec<(f64, f64)> {
    let bandwidth = silverman(values);
    let (low, high) = range(values);
    if bandwidth <= 0.0 || high <= low || points < 2 {
        return Vec::new();
    }
    let scale = 1.0 / (values.len() as f64 * bandwidth * std::f64::consts::TAU.sqrt());
    (0..points)
        .map(|i| {
            let at = low + (high - low) * i as f64 / (points - 1) as f64;
            let sum: f64 =
                values.iter().map(|v| (-0.5 * ((at - v) / bandwidth).powi(2)).exp()).sum();
            (at, sum * scale)
        })
        .collect()
}

/// The standard deviation of a sample; 0 for fewer than two values.
pub(crate) fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// Smallest and largest value; infinities the wrong way round without values.
pub(crate) fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)))
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Quantile of sorted values by linear interpolation (Hyndman and Fan's type 7).
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tukey_finds_quartiles_whiskers_and_outliers() {
        let tukey = Tukey::of(&[5.0, 1.0, 2.0, 3.0, 4.0, 100.0, 6.0, 7.0, 8.0]).unwrap();
        assert_eq!((tukey.first, tukey.median, tukey.third), (3.0, 5.0, 7.0));
        assert_eq!((tukey.low, tukey.high), (1.0, 8.0));
        assert_eq!(tukey.outliers, [100.0]);
        assert_eq!(Tukey::of(&[]), None);
        assert_eq!(Tukey::of(&[2.0]).unwrap().median, 2.0);
    }

    #[test]
    fn a_density_has_area_one_and_silverman_width() {
        // A hundred values whose deviation and interquartile range follow from their spacing.
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let deviation = (100.0 * 101.0 / 12.0_f64).sqrt();
        let expected = 0.9 * deviation.min(49.5 / 1.34) * 100f64.powf(-0.2);
        assert!((silverman(&values) - expected).abs() < 1e-9);
        let curve = density(&values, 400);
        let step = 99.0 / 399.0;
        let inside: f64 = curve.iter().map(|p| p.1 * step).sum();
        // The tails beyond the data's range hold the rest: 2 × h φ(0)/n-fold, about 6 %.
        assert!((0.90..0.97).contains(&inside), "{inside}");
        assert!(density(&[3.0; 9], 50).is_empty());
    }

    #[test]
    fn nine_values_are_shown_one_by_one_and_ten_summed_up() {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        assert_eq!(Distribution::of(values[..9].to_vec()).tukey(), None);
        let ten = Distribution::of(values);
        assert_eq!((ten.count(), ten.range()), (10, (0.0, 9.0)));
        assert_eq!(ten.tukey().unwrap().median, 4.5);
    }
}
