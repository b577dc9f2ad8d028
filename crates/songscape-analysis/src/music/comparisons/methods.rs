//! The methods of linfa and smartcore.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::{GaussianMixtureModel, KMeans};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::neighbors::knn_regressor::{KNNRegressor, KNNRegressorParameters};
use songscape_project::Progress;

use super::{Agreement, ClusterComparison};
use crate::error::{Error, Result};
use crate::metrics::{adjusted_mutual_information, adjusted_rand_index};
use crate::music::years::{Folds, YearModel, YearPredictions, check_vectors};
use crate::vectors::{check_finite, unit_rows};

/// Compares labels of points `[n, m]` with k-means and a Gaussian mixture on the same points.
/// Both are deterministic.
///
/// # Errors
/// [`Error::LengthMismatch`], those of [`check_finite`].
pub fn clusters(points: ArrayView2<f64>, labels: &[i32]) -> Result<ClusterComparison> {
    check_finite(points)?;
    if labels.len() != points.nrows() {
        let (found, expected) = (labels.len(), points.nrows());
        return Err(Error::LengthMismatch { what: "labels", found, expected });
    }
    let mut distinct: Vec<i32> = labels.iter().copied().filter(|&l| l >= 0).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let count = distinct.len();
    let mut comparison =
        ClusterComparison { clusters: count, k_means: None, gaussian_mixture: None };
    if count < 2 {
        return Ok(comparison);
    }
    let assigned: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] >= 0).collect();
    let agreement = |found: &Array1<usize>| -> Result<Agreement> {
        let ours: Vec<i32> = assigned.iter().map(|&i| labels[i]).collect();
        let theirs: Vec<i32> = assigned.iter().map(|&i| found[i] as i32).collect();
        Ok(Agreement {
            ari: adjusted_rand_index(&ours, &theirs)?,
            ami: adjusted_mutual_information(&ours, &theirs)?,
        })
    };
    let data = DatasetBase::from(points.to_owned());
    if let Ok(model) = KMeans::params(count).n_runs(5).fit(&data) {
        comparison.k_means = Some(agreement(&model.predict(data.records()))?);
    }
    if let Ok(model) = GaussianMixtureModel::params(count).fit(&data) {
        comparison.gaussian_mixture = Some(agreement(&model.predict(data.records()))?);
    }
    Ok(comparison)
}

/// Neighbours of the k-nearest-neighbour regression.
const NEIGHBORS: usize = 15;

/// Predicts years by the mean of the 15 nearest neighbours by cosine (smartcore), on the same folds as
/// [`years::cross_validate`](crate::music::years::cross_validate) with the same seed.
///
/// # Errors
/// Those of [`years::cross_validate`](crate::music::years::cross_validate); [`Error::Baseline`] when the
/// method fails.
pub fn years(
    x: ArrayView2<f32>,
    years: &[Option<i32>],
    groups: &[String],
    folds: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<YearPredictions> {
    check_vectors(x, years)?;
    let folds = Folds::new(years, groups, folds, seed)?;
    // Among rows of length 1 the euclidean order is that of the cosine.
    let unit = unit_rows(x);
    folds.cross_validate(YearModel::Nearest, progress, |train, targets, test| {
        let method = "k-nearest-neighbour regression";
        let train = dense(method, &unit.select(Axis(0), train))?;
        let test = dense(method, &unit.select(Axis(0), test))?;
        let targets: Vec<f64> = targets.iter().map(|&t| f64::from(t)).collect();
        let params = KNNRegressorParameters::default()
            .with_k(NEIGHBORS.min(targets.len()))
            .with_algorithm(smartcore::algorithm::neighbour::KNNAlgorithmName::LinearSearch);
        let predicted: Vec<f64> = KNNRegressor::fit(&train, &targets, params)
            .and_then(|model| model.predict(&test))
            .map_err(failed(method))?;
        Ok(predicted.into_iter().map(|p| p as f32).collect())
    })
}

fn dense(method: &'static str, x: &Array2<f32>) -> Result<DenseMatrix<f64>> {
    let rows: Vec<Vec<f64>> =
        x.rows().into_iter().map(|row| row.iter().map(|&v| f64::from(v)).collect()).collect();
    DenseMatrix::from_2d_vec(&rows).map_err(failed(method))
}

fn failed(method: &'static str) -> impl Fn(smartcore::error::Failed) -> Error {
    move |e| Error::Baseline { method, reason: e.to_string() }
}
