//! Intervals that are to hold a share of the true years.

use ndarray::{ArrayView2, Axis};
use songscape_project::Progress;

use super::years::Folds;
use crate::boosting::{Booster, BoosterParams, Loss};
use crate::error::Result;
use crate::metrics::quantile;
use crate::pca::Pca;

/// Principal components at most; quantiles need the shape of the errors, not every detail. They are
/// those of all songs, as they know nothing of the years.
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
    let known = x.select(Axis(0), &folds.rows);
    let pca = Pca::fit(known.view(), COMPONENTS.min(known.nrows() / 15).max(1))?;
    let whitened = pca.whiten(x)?;
    let ends = folds.left_out("intervals", progress, |train, targets, test| {
        let (rows, left_out) = (whitened.select(Axis(0), train), whitened.select(Axis(0), test));
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
        let (lows, highs) = rayon::join(|| model(side), || model(1.0 - side));
        Ok(lows?.into_iter().zip(highs?).collect())
    })?;
    // How far each year lies outside its interval; negative inside.
    let outside: Vec<f32> = folds
        .years
        .iter()
        .zip(&ends)
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
    let widened = ends.iter().zip(&folds.folds).map(|(&(low, high), &fold)| {
        let (more, middle) = (needed[fold], (low + high) / 2.0);
        ((low - more).min(middle), (high + more).max(middle))
    });
    Ok(widened.collect())
}
