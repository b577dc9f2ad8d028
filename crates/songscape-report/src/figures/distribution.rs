//! Violins and boxes.

use super::panel::{INK, Panel, WHITE};
use crate::palette::{Rgb, mix};

/// Fewer values than this are drawn as points: a density or a box would pretend to know more.
pub(crate) const LEAST: usize = 5;

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

/// Silverman's rule for the bandwidth of a Gaussian kernel (*Density Estimation*, 1986, eq. 3.31):
/// `0.9 min(s, IQR/1.34) n^(-1/5)`, with `s` alone where the interquartile range is 0. Returns 0 when
/// all values are the same.
pub(crate) fn silverman(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let sorted = sorted(values);
    let spread = (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / 1.34;
    let width = if spread > 0.0 { spread.min(deviation) } else { deviation };
    0.9 * width * n.powf(-0.2)
}

/// Gaussian kernel density at `points` even places over the range of the values: `(value, density)`.
/// Empty when the bandwidth is 0.
pub(crate) fn density(values: &[f64], points: usize) -> Vec<(f64, f64)> {
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

/// A violin with a box on it at the page's `x`, reaching `half` to both sides; values are on the y
/// axis. Few values are drawn as points.
pub(super) fn violin(panel: &mut Panel, x: f64, half: f64, values: &[f64], fill: Rgb) {
    let ring = (half * 0.32).clamp(1.4, 3.2);
    let dark = mix(fill, [0; 3], 0.35);
    if values.len() < LEAST {
        for value in values {
            let at = (x, panel.py(*value));
            panel.ring(at, ring, Some(fill), dark, 1.0);
        }
        return;
    }
    let curve = density(values, 96);
    let widest = curve.iter().map(|point| point.1).fold(0.0, f64::max);
    if widest > 0.0 {
        let side = |sign: f64| {
            let panel = &*panel;
            curve.iter().map(move |(at, d)| (x + sign * half * d / widest, panel.py(*at)))
        };
        let outline: Vec<_> = side(-1.0).chain(side(1.0).rev()).collect();
        panel.shape(&outline, fill, dark, 0.8);
    } else if let Some(value) = values.first() {
        // All the same: a bar in the colour shows whose they are.
        let y = panel.py(*value);
        panel.rectangle((x - half * 0.6, y - 4.0), (x + half * 0.6, y + 4.0), fill);
    }
    let Some(tukey) = Tukey::of(values) else { return };
    let edge = (half * 0.28).clamp(1.2, 9.0);
    let stroke = if half < 8.0 { 1.0 } else { 1.4 };
    let [low, first, median, third, high] =
        [tukey.low, tukey.first, tukey.median, tukey.third, tukey.high].map(|v| panel.py(v));
    let whisker = if is_dark(fill) { mix(fill, WHITE, 0.6) } else { INK };
    panel.line(&[(x, low), (x, first)], whisker, stroke);
    panel.line(&[(x, third), (x, high)], whisker, stroke);
    let corners = [(x - edge, third), (x + edge, third), (x + edge, first), (x - edge, first)];
    panel.shape(&corners, WHITE, INK, stroke);
    // A box of no height does not set its median off from a dark colour.
    let ink = if third < first { INK } else { whisker };
    panel.line(&[(x - edge, median), (x + edge, median)], ink, stroke * 2.0);
    for outlier in &tukey.outliers {
        let at = (x, panel.py(*outlier));
        panel.ring(at, ring, None, INK, 1.0);
    }
}

/// Whether a line in ink would be lost on a colour.
fn is_dark([r, g, b]: Rgb) -> bool {
    0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b) < 75.0
}

/// Smallest and largest value; infinities the wrong way round without values.
pub(super) fn range(values: &[f64]) -> (f64, f64) {
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
}
