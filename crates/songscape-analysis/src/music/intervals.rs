//! Intervals that are to hold a share of the true years.

use super::years::{Folds, YearPrediction};
use crate::metrics::quantile;

/// Gives each prediction an interval: as far on either side as the share of the errors of the songs of
/// the other folds asks for (cross-conformal prediction: Vovk 2015). A song's own error has no part
/// in its interval.
pub(super) fn around(rows: &mut [YearPrediction], folds: &Folds, share: f64) {
    let error = |row: &YearPrediction| (row.predicted - row.year as f32).abs();
    let errors: Vec<f32> = rows.iter().map(error).collect();
    let count = folds.folds.iter().max().map_or(0, |fold| fold + 1);
    for fold in 0..count {
        let others = errors.iter().zip(&folds.folds).filter(|(_, own)| **own != fold);
        let others: Vec<f32> = others.map(|(error, _)| *error).collect();
        let Some(reach) = quantile(&others, share) else { continue };
        for row in rows.iter_mut().filter(|row| row.fold == fold) {
            row.low = Some(row.predicted - reach);
            row.high = Some(row.predicted + reach);
        }
    }
}
