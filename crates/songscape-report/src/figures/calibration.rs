//! Whether a predicted year can be taken at its word: the actual years of songs that are predicted
//! alike.

use super::distribution::{Tukey, range};
use super::panel::{INK, Margins, Panel};
use super::text::{Axis, counted, ticks};
use super::{Drawn, Figure, dated};
use crate::input::ReportInput;
use crate::palette::Rgb;

const IDENTITY: Rgb = [0xd6, 0x28, 0x28];
const MEAN: Rgb = [0x00, 0x4f, 0x86];
const MIDDLE: Rgb = [0xb9, 0xd2, 0xe6];
/// Fewer songs than this in a group say little about its mean.
const ENOUGH: usize = 10;
const GROUPS: usize = 15;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let groups = groups(input);
    if groups.is_empty() {
        return Err("fewer than 20 songs have both a year and a prediction");
    }
    let pairs = pairs(input);
    if pairs.iter().all(|pair| pair.1 == pairs[0].1) {
        return Err("all songs with a prediction are of one year");
    }
    let count: usize = groups.iter().map(|group| group.songs).sum();
    let title = "Calibration of the predicted year";
    let mut notes = vec![format!(
        "{} in {} groups of like predictions; dots: mean actual year with its 95% interval; light: \
         the middle half of the songs; red dashes: prediction and year agree",
        counted(count, "song", "songs"),
        groups.len()
    )];
    if let Some(slope) = slope(input) {
        let slope = format!("{slope:.2}").replace('-', "−");
        notes.push(format!(
            "A year of difference in the prediction is {slope} years of difference in fact \
             (1: well calibrated; more: predictions shrink to the middle; \
             less: they go too far)"
        ));
    }
    let xs: Vec<f64> = groups.iter().map(|group| group.predicted).collect();
    let ys: Vec<f64> = groups
        .iter()
        .flat_map(|g| [g.actual - g.error, g.actual + g.error, g.first_quartile, g.third_quartile])
        .collect();
    let room = |(low, high): (f64, f64)| {
        let room = ((high - low) * 0.06).max(1.0);
        (low - room, high + room)
    };
    let (x, y) = (room(range(&xs)), room(range(&ys)));
    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 };
    let mut panel = Panel::new((820.0, 680.0), margins, title, &notes, x, y);
    panel.y_ticks(&ticks(y, 9, Axis::Years));
    panel.x_ticks(&ticks(x, 10, Axis::Years), true);
    for group in &groups {
        let at = panel.px(group.predicted);
        let (low, high) = (panel.py(group.first_quartile), panel.py(group.third_quartile));
        panel.rectangle((at - 7.0, low), (at + 7.0, high), MIDDLE);
    }
    let (from, to) = (x.0.max(y.0), x.1.min(y.1));
    if to > from {
        let ends = [(panel.px(from), panel.py(from)), (panel.px(to), panel.py(to))];
        panel.dashed(ends[0], ends[1], IDENTITY, 2.0);
    }
    let means: Vec<_> =
        groups.iter().map(|g| (panel.px(g.predicted), panel.py(g.actual))).collect();
    panel.line(&means, MEAN, 1.4);
    for (group, &at) in groups.iter().zip(&means) {
        let ends = [group.actual - group.error, group.actual + group.error];
        let ends = ends.map(|year| (at.0, panel.py(year)));
        panel.line(&ends, INK, 1.4);
        panel.ring(at, 4.5, Some(MEAN), INK, 1.0);
    }
    panel.frame();
    panel.labels("Predicted year", "Actual year");
    Ok(Figure::new(panel, format!("{title}. {}.", notes.join(". "))))
}

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

/// Groups of equal size in the order of the predictions, songs that are predicted the same together;
/// none where two groups of [`ENOUGH`] cannot be made.
pub(crate) fn groups(input: &ReportInput) -> Vec<Group> {
    let mut pairs = pairs(input);
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
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
        let mean = actual.iter().sum::<f64>() / n;
        let variance = actual.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let Tukey { first, third, .. } = Tukey::of(&actual)?;
        Some(Self {
            songs: pairs.len(),
            predicted: pairs.iter().map(|pair| pair.0).sum::<f64>() / n,
            actual: mean,
            error: 1.96 * (variance / n).sqrt(),
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

/// Slope of the least-squares line of the actual over the predicted year; none where all predictions
/// are the same.
fn slope(input: &ReportInput) -> Option<f64> {
    let pairs = pairs(input);
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
        assert!((slope(&input).unwrap() - 2.0).abs() < 1e-12);
        let found = groups(&input);
        assert_eq!(found.iter().map(|g| g.songs).collect::<Vec<_>>(), [10; 4]);
        assert_eq!((found[0].predicted, found[0].actual), (1982.25, 1974.5));
        assert_eq!((found[0].first_quartile, found[0].third_quartile), (1972.25, 1976.75));
        // Deviation of ten successive years: sqrt(110 / 12).
        assert!((found[0].error - 1.96 * (110.0_f64 / 12.0 / 10.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn equal_predictions_stay_together() {
        let song = |i: i32| SongRow {
            year: Some(1970 + i),
            predicted: Some(1990.0),
            ..SongRow::default()
        };
        let input = ReportInput { songs: (0..40).map(song).collect(), ..ReportInput::default() };
        assert_eq!(groups(&input).len(), 1);
        assert_eq!(slope(&input), None);
    }
}
