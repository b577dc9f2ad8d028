//! The predicted years of songs whose year is known.

use super::dated;
use super::distribution::{Distribution, LEAST};
use super::year_groups::{YearGroup, YearGroups};
use crate::input::ReportInput;

/// The predictions for each group of actual years.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Predictions {
    /// The groups of actual years.
    pub years: YearGroups,
    /// For each group what was predicted.
    pub predicted: Vec<Distribution>,
    /// Mean absolute error in years; none without songs.
    pub mean_absolute_error: Option<f64>,
}

impl Predictions {
    /// Each group with its predictions.
    pub fn groups(&self) -> impl Iterator<Item = (&YearGroup, &Distribution)> {
        self.years.groups.iter().zip(&self.predicted)
    }
}

/// The predictions of the songs that have a year and a prediction.
pub(crate) fn predictions(input: &ReportInput) -> Predictions {
    let both: Vec<(usize, i32)> =
        dated(input).into_iter().filter(|&(row, _)| input.songs[row].predicted.is_some()).collect();
    let years = YearGroups::new(&both, LEAST);
    let values = |group: &YearGroup| {
        group.rows.iter().filter_map(|&row| input.songs[row].predicted).collect()
    };
    let predicted = years.groups.iter().map(|group| Distribution::of(values(group))).collect();
    let errors: Vec<f64> = both
        .iter()
        .filter_map(|&(row, year)| Some((input.songs[row].predicted? - f64::from(year)).abs()))
        .collect();
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    Predictions { years, predicted, mean_absolute_error: (!errors.is_empty()).then_some(mean) }
}
