//! Intervals that are to hold a share of the true years.

use ndarray::{ArrayView2, Axis};
use songscape_project::Progress;

use super::years::Folds;
use crate::boosting::{Booster, BoosterParams, Loss};
use crate::error::Result;
use crate::metrics::quantile;
use crate::pca::Pca;

/// Principal components at most; quantiles need the shape of the errors, not every detail.
const COMPONENTS: usize = 32;

/// The ends of the interval of each song with a year.
pub(super) fn intervals(
    x: ArrayView2<f32>,
    folds: &Folds,
    share: f64,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<(f32, f32)>> {
    let side = (1.0 - share) / 2.0;
    let mut lows = Vec::with_capacity(folds.rows.len());
    let mut highs = vec![0.0; folds.rows.len()];
    let mut high_of_row = vec![0.0_f32; x.nrows()];
    lows.extend(folds.left_out("intervals", progress, |train, targets, test| {
        let rows = x.select(Axis(0), train);
        let pca = Pca::fit(rows.view(), COMPONENTS.min(train.len() / 15).max(1))?;
        let rows = pca.whiten(rows.view())?;
        let left_out = pca.whiten(x.select(Axis(0), test).view())?;
        let model = |level: f64| {
            let params = BoosterParams {
                trees: 100,
                leaves: 8,
                depth: Some(3),
                min_child_rows: (train.len() / 40).clamp(1, 100),
                l2: 1.0,
                loss: Loss::Quantile(level),
                seed,
                ..BoosterParams::default()
            };
            Booster::fit_interruptible(rows.view(), targets, None, &params, progress)?
                .predict(left_out.view())
        };
        for (&row, high) in test.iter().zip(model(1.0 - side)?) {
            high_of_row[row] = high;
        }
        model(side)
    })?);
    for (high, &row) in highs.iter_mut().zip(&folds.rows) {
        *high = high_of_row[row];
    }
    // How far each year lies outside its interval; negative inside.
    let outside: Vec<f32> = folds
        .years
        .iter()
        .zip(lows.iter().zip(&highs))
        .map(|(&year, (low, high))| (low - year as f32).max(year as f32 - high))
        .collect();
    let count = folds.folds.iter().max().map_or(0, |f| f + 1);
    let needed: Vec<f32> = (0..count)
        .map(|fold| {
            let others: Vec<f32> =
                outside.iter().zip(&folds.folds).filter(|e| *e.1 != fold).map(|e| *e.0).collect();
            quantile(&others, share).unwrap_or(0.0)
        })
        .collect();
    Ok((0..lows.len())
        .map(|i| {
            let more = needed[folds.folds[i]];
            let middle = (lows[i] + highs[i]) / 2.0;
            ((lows[i] - more).min(middle), (highs[i] + more).max(middle))
        })
        .collect())
}
