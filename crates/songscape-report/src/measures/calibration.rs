//! Whether a predicted year can be taken at its word: the actual years of songs that are predicted
//! alike.

use super::dated;
use super::distribution::{Tukey, deviation};
use crate::input::ReportInput;

/// Fewer songs than this in a group say little about its mean.
const ENOUGH: usize = 10;
const GROUPS: usize = 15;

/// Songs that are predicted alike.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub songs: usize,
    /// Mean prediction.
    pub predicted: f64,
    /// Mean actual year.
    pub actual: f64,
    /// Half the 95% interval of the mean actual year (normal approximation).
    pub error: f64,
    pub first_quartile: f64,
    pub third_quartile: f64,
}

/// What is predicted and what is true.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Calibration {
    /// Songs with both a year and a prediction.
    pub songs: usize,
    /// In the order of the predictions.
    pub groups: Vec<Group>,
    /// Slope of the least-squares line of the actual over the predicted year; none where all
    /// predictions are the same.
    pub slope: Option<f64>,
}

/// The calibration, or why there is none.
pub(crate) fn calibration(input: &ReportInput) -> Result<Calibration, &'static str> {
    let mut pairs = pairs(input);
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = groups(&pairs);
    if groups.is_empty() {
        return Err("fewer than 20 songs have both a year and a prediction");
    }
    if pairs.iter().all(|pair| pair.1 == pairs[0].1) {
        return Err("all songs with a prediction are of one year");
    }
    Ok(Calibration { songs: pairs.len(), groups, slope: slope(&pairs) })
}

/// Groups of equal size in the order of the predictions, songs that are predicted the same together;
/// none where two groups of [`ENOUGH`] cannot be made.
fn groups(pairs: &[(f64, f64)]) -> Vec<Group> {
    let number = (pairs.len() / ENOUGH).min(GROUPS);
    if number < 2 {
        return Vec::new();
    }
    let mut groups: Vec<Vec<(f64, f64)>> = Vec::new();
    for (i, &pair) in pairs.iter().enumerate() {
        let next = i * number / pairs.len() > i.saturating_sub(1) * number / pairs.len();
        let same = i > 0 && pairs[i - 1].0 == pair.0;
        match groups.last_mut() {
            Some(group) if !next || same => group.push(pair),
            _ => groups.push(vec![pair]),
        }
    }
    groups.iter().filter_map(|group| Group::of(group)).collect()
}

impl Group {
    fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let n = pairs.len() as f64;
        let actual: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
        let Tukey { first, third, .. } = Tukey::of(&actual)?;
        Some(Self {
            songs: pairs.len(),
            predicted: pairs.iter().map(|pair| pair.0).sum::<f64>() / n,
            actual: actual.iter().sum::<f64>() / n,
            error: 1.96 * deviation(&actual) / n.sqrt(),
            first_quartile: first,
            third_quartile: third,
        })
    }
}

/// `(predicted, actual)` of the songs that have both.
fn pairs(input: &ReportInput) -> Vec<(f64, f64)> {
    let rows = dated(input).into_iter();
    rows.filter_map(|(row, year)| Some((input.songs[row].predicted?, f64::from(year)))).collect()
}

fn slope(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let (x, y) =
        pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0 / n, sum.1 + pair.1 / n));
    let square: f64 = pairs.iter().map(|pair| (pair.0 - x).powi(2)).sum();
    let product: f64 = pairs.iter().map(|pair| (pair.0 - x) * (pair.1 - y)).sum();
    (square > 0.0).then(|| product / square)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    #[test]
    fn shrunken_predictions_have_a_slope_above_one() {
        // Twice the distance from 1990 in fact as predicted, in groups of ten.
        let songs = (0..40).map(|i| SongRow {
            year: Some(1970 + i),
            predicted: Some(1990.0 + f64::from(i - 20) / 2.0),
            ..SongRow::default()
        });
        let input = ReportInput { songs: songs.collect(), ..ReportInput::default() };
        let found = calibration(&input).unwrap();
        assert!((found.slope.unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(found.groups.iter().map(|g| g.songs).collect::<Vec<_>>(), [10; 4]);
        let first = &found.groups[0];
        assert_eq!((first.predicted, first.actual), (1982.25, 1974.5));
        assert_eq!((first.first_quartile, first.third_quartile), (1972.25, 1976.75));
        // Deviation of ten successive years: sqrt(110 / 12).
        assert!((first.error - 1.96 * (110.0_f64 / 12.0 / 10.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn equal_predictions_stay_together() {
        let song = |i: i32| SongRow {
            year: Some(1970 + i),
            predicted: Some(1990.0),
            ..SongRow::default()
        };
        let input = ReportInput { songs: (0..40).map(song).collect(), ..ReportInput::default() };
        let found = calibration(&input).unwrap();
        assert_eq!((found.groups.len(), found.slope), (1, None));
    }
}
