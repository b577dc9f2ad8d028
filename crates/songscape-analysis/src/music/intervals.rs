//! Intervals that are to contain a share of the true years.

use super::years::Folds;
use crate::metrics::quantile;

/// How far an interval must reach to hold the share of songs whose predictions were off by so much.
pub(super) fn reach(errors: &[f32], share: f64) -> f32 {
    // One song more than there are, so that the share holds for few songs, too.
    let level = (share * (errors.len() + 1) as f64 / errors.len().max(1) as f64).min(1.0);
    quantile(errors, level).unwrap_or(0.0)
}

/// The ends of the interval of each song with a year: as far around its prediction as the share of the
/// songs of the other folds need, whose errors this fold's songs know nothing of (the plain conformal
/// interval; Vovk, Gammerman and Shafer 2005, and Papadopoulos 2008).
pub(super) fn intervals(folds: &Folds, predicted: &[f32], share: f64) -> Vec<(f32, f32)> {
    let errors: Vec<f32> = folds
        .years
        .iter()
        .zip(predicted)
        .map(|(&year, predicted)| (predicted - year as f32).abs())
        .collect();
    let count = folds.folds.iter().max().map_or(0, |f| f + 1);
    let reach: Vec<f32> = (0..count)
        .map(|fold| {
            let others = errors.iter().zip(&folds.folds).filter(|e| *e.1 != fold);
            reach(&others.map(|e| *e.0).collect::<Vec<f32>>(), share)
        })
        .collect();
    let around =
        |(&predicted, &fold): (&f32, &usize)| (predicted - reach[fold], predicted + reach[fold]);
    predicted.iter().zip(&folds.folds).map(around).collect()
}
