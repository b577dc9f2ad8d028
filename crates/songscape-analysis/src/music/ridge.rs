//! The year by ridge regression: the linear model beside the trees.

use ndarray::{ArrayView2, Axis};
use smartcore::linear::ridge_regression::{RidgeRegression, RidgeRegressionParameters};
use songscape_project::Progress;

use super::comparisons::{dense, failed};
use super::years::{Folds, YearModel, YearPredictions};
use crate::error::Result;
use crate::pca::Pca;

/// Principal components at most.
const COMPONENTS: usize = 128;
/// The penalty as a share of the rows. Components are whitened, so that each gets the same.
const PENALTY: f64 = 0.1;

/// Predicts the left-out songs of each fold by ridge regression (smartcore) on whitened principal
/// components of the training songs, at most 128 and at most a third of the rows.
pub(super) fn cross_validate(
    x: ArrayView2<f32>,
    folds: &Folds,
    progress: &dyn Progress,
) -> Result<YearPredictions> {
    const METHOD: &str = "ridge regression";
    folds.cross_validate(YearModel::Ridge, progress, |train, targets, test| {
        let rows = x.select(Axis(0), train);
        let pca = Pca::fit(rows.view(), COMPONENTS.min(train.len() / 3).max(1))?;
        let train = dense(METHOD, &pca.whiten(rows.view())?)?;
        let test = dense(METHOD, &pca.whiten(x.select(Axis(0), test).view())?)?;
        let mean = targets.iter().map(|&t| f64::from(t)).sum::<f64>() / targets.len() as f64;
        let centred: Vec<f64> = targets.iter().map(|&t| f64::from(t) - mean).collect();
        let params = RidgeRegressionParameters::default()
            .with_alpha(PENALTY * targets.len() as f64)
            .with_normalize(false);
        let predicted: Vec<f64> = RidgeRegression::fit(&train, &centred, params)
            .and_then(|model| model.predict(&test))
            .map_err(failed(METHOD))?;
        Ok(predicted.into_iter().map(|p| (p + mean) as f32).collect())
    })
}
