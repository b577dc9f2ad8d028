//! The release year, predicted for every song by models that never saw its artist.

use std::collections::BTreeMap;

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::year::decade;
use songscape_project::{Job, Progress};

use super::{intervals, ridge};
use crate::boosting::{BinnedRows, Booster, BoosterParams};
use crate::error::{Error, Result};
use crate::folds::group_folds;
use crate::metrics::{mean_absolute_error, median, r_squared};
use crate::pca::Pca;
use crate::vectors::check_finite;

pub use super::year_fit::{GuessedYear, YearFit};

/// By which models years are predicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum YearModels {
    /// By gradient boosting.
    Boosting,
    /// By ridge regression.
    Ridge,
    /// By both; the one with the smaller mean absolute error counts.
    #[default]
    Better,
}

/// A model that years were predicted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum YearModel {
    /// Gradient boosting of regression trees.
    Boosting,
    /// Ridge regression on standardised columns.
    Ridge,
    /// The mean of the nearest neighbours.
    Nearest,
    /// The same year for every song.
    Constant,
}

impl YearModel {
    /// As in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boosting => "boosting",
            Self::Ridge => "ridge",
            Self::Nearest => "nearest",
            Self::Constant => "constant",
        }
    }
}

/// How years are predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct YearParams {
    /// By which models; scores of earlier versions, which do not say it, are of boosting.
    #[serde(default = "boosting_only")]
    pub models: YearModels,
    /// The number of folds.
    pub folds: usize,
    /// The seed of the folds: the same for all vectors that are to be compared.
    pub seed: u64,
    /// Principal components, whitened, that take the place of the columns; fitted on the training
    /// rows of each fold. Without a value the columns are used as they are.
    pub components: Option<usize>,
    /// The booster.
    pub booster: BoosterParams,
    /// The share of the songs whose year the interval from `low` to `high` is to hold (more than 0,
    /// less than 1); without a value there are no intervals.
    pub interval: Option<f64>,
}

fn boosting_only() -> YearModels {
    YearModels::Boosting
}

impl YearParams {
    /// Parameters for `songs` songs with a year: the better of two models, five folds, the columns as
    /// they are, and [`BoosterParams::for_rows`].
    pub fn for_songs(songs: usize, seed: u64) -> Self {
        Self {
            models: YearModels::Better,
            folds: 5,
            seed,
            components: None,
            booster: BoosterParams { seed, ..BoosterParams::for_rows(songs) },
            interval: Some(0.8),
        }
    }
}

/// Predicted years of the songs whose year is known, each by the model of a fold that its artist is
/// not in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct YearPredictions {
    /// One for each song with a year, in the order of the songs.
    pub rows: Vec<YearPrediction>,
    /// The mean absolute error in years.
    pub mae: f64,
    /// R².
    pub r2: f64,
    /// The model.
    pub model: YearModel,
    /// For each year the mean of predicted − true year, in years.
    pub bias: BTreeMap<i32, f64>,
    /// The share of the songs whose year lies in its interval; none without intervals.
    pub coverage: Option<f64>,
    /// The mean width of the intervals, in years.
    pub width: Option<f64>,
    /// Each decade that has songs, earliest first.
    pub decades: Vec<DecadeScore>,
}

/// How the songs of a decade are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DecadeScore {
    /// Its first year.
    pub decade: i32,
    /// Its songs.
    pub songs: usize,
    /// The mean of predicted − true year, in years: towards the middle of all years at both ends.
    pub bias: f64,
    /// The mean absolute error in years.
    pub mae: f64,
    /// The share of the songs whose year lies in its interval; none without intervals.
    pub coverage: Option<f64>,
}

impl DecadeScore {
    fn new(decade: i32, rows: &[&YearPrediction]) -> Self {
        let mean = |of: &dyn Fn(&YearPrediction) -> f64| {
            rows.iter().map(|row| of(row)).sum::<f64>() / rows.len() as f64
        };
        let error = |row: &YearPrediction| f64::from(row.predicted) - f64::from(row.year);
        let held = |row: &YearPrediction| {
            let (low, high) = (row.low?, row.high?);
            Some(f64::from(u8::from((low..=high).contains(&(row.year as f32)))))
        };
        let intervals = rows.iter().all(|row| held(row).is_some());
        Self {
            decade,
            songs: rows.len(),
            bias: mean(&error),
            mae: mean(&|row| error(row).abs()),
            coverage: intervals.then(|| mean(&|row| held(row).unwrap_or(0.0))),
        }
    }
}

/// One song's predicted year.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct YearPrediction {
    /// The song's row.
    pub row: usize,
    /// The fold that it was left out in.
    pub fold: usize,
    /// Its year.
    pub year: i32,
    /// The year predicted.
    pub predicted: f32,
    /// The lower end of the interval.
    pub low: Option<f32>,
    /// Its upper end.
    pub high: Option<f32>,
}

impl YearPredictions {
    /// Scores predictions.
    ///
    /// # Errors
    /// [`Error::TooFewRows`] for no rows.
    pub fn new(rows: Vec<YearPrediction>, model: YearModel) -> Result<Self> {
        let years: Vec<f32> = rows.iter().map(|r| r.year as f32).collect();
        let predicted: Vec<f32> = rows.iter().map(|r| r.predicted).collect();
        let mut sums: BTreeMap<i32, (f64, usize)> = BTreeMap::new();
        for r in &rows {
            let sum = sums.entry(r.year).or_default();
            sum.0 += f64::from(r.predicted) - f64::from(r.year);
            sum.1 += 1;
        }
        let bias = sums.into_iter().map(|(year, (sum, n))| (year, sum / n as f64)).collect();
        let mae = mean_absolute_error(&years, &predicted)?;
        let r2 = r_squared(&years, &predicted)?;
        let ends: Vec<(f32, f32, f32)> =
            rows.iter().filter_map(|r| Some((r.low?, r.year as f32, r.high?))).collect();
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            (!ends.is_empty()).then(|| values.sum::<f64>() / ends.len() as f64)
        };
        let inside = |&(low, year, high): &(f32, f32, f32)| low <= year && year <= high;
        let coverage = mean(&mut ends.iter().map(|e| f64::from(u8::from(inside(e)))));
        let width = mean(&mut ends.iter().map(|e| f64::from(e.2 - e.0)));
        let mut by_decade: BTreeMap<i32, Vec<&YearPrediction>> = BTreeMap::new();
        for row in &rows {
            by_decade.entry(decade(row.year)).or_default().push(row);
        }
        let decades =
            by_decade.iter().map(|(&decade, rows)| DecadeScore::new(decade, rows)).collect();
        Ok(Self { rows, mae, r2, model, bias, coverage, width, decades })
    }

    /// The absolute errors in years, one for each row.
    pub fn errors(&self) -> Vec<f64> {
        let error = |row: &YearPrediction| (f64::from(row.predicted) - f64::from(row.year)).abs();
        self.rows.iter().map(error).collect()
    }
}

/// The songs with a year, and their folds.
pub(super) struct Folds {
    pub rows: Vec<usize>,
    pub years: Vec<i32>,
    pub folds: Vec<usize>,
}

impl Folds {
    /// Folds that keep groups (artists) together. A song without a group name is a group of its own.
    pub fn new(years: &[Option<i32>], groups: &[String], folds: usize, seed: u64) -> Result<Self> {
        if groups.len() != years.len() {
            let found = groups.len();
            return Err(Error::LengthMismatch { what: "groups", found, expected: years.len() });
        }
        let known: Vec<(usize, i32)> =
            years.iter().enumerate().filter_map(|(row, year)| year.map(|y| (row, y))).collect();
        if known.len() < folds.max(2) {
            return Err(Error::TooFewYears { known: known.len(), needed: folds.max(2) });
        }
        let first = known[0].1;
        if known.iter().all(|k| k.1 == first) {
            return Err(Error::OneYear { known: known.len(), year: first });
        }
        let keys: Vec<(&str, Option<usize>)> = known
            .iter()
            .map(|&(row, _)| (groups[row].as_str(), groups[row].is_empty().then_some(row)))
            .collect();
        Ok(Self {
            folds: group_folds(&keys, folds, seed)?,
            rows: known.iter().map(|k| k.0).collect(),
            years: known.iter().map(|k| k.1).collect(),
        })
    }

    /// For each fold, predicts the left-out songs with `model`, which gets the rows and years to
    /// learn from and the rows to predict.
    pub fn cross_validate(
        &self,
        by: YearModel,
        progress: &dyn Progress,
        model: impl Fn(&[usize], &[f32], &[usize]) -> Result<Vec<f32>> + Sync,
    ) -> Result<YearPredictions> {
        let predicted = self.left_out("years", progress, model)?;
        let rows = (0..self.rows.len())
            .map(|i| YearPrediction {
                row: self.rows[i],
                fold: self.folds[i],
                year: self.years[i],
                predicted: predicted[i],
                low: None,
                high: None,
            })
            .collect();
        YearPredictions::new(rows, by)
    }

    /// The same without scores: an answer for each song with a year, by the model of its fold. Folds
    /// are fitted side by side.
    pub fn left_out<T: Copy + Default + Send>(
        &self,
        what: &str,
        progress: &dyn Progress,
        model: impl Fn(&[usize], &[f32], &[usize]) -> Result<Vec<T>> + Sync,
    ) -> Result<Vec<T>> {
        let count = self.folds.iter().max().map_or(0, |f| f + 1);
        let job = Job::begin(progress, what, count as u64, "folds");
        let of_fold = |fold: usize| -> Result<(Vec<usize>, Vec<T>)> {
            if job.interrupted() {
                return Err(Error::Interrupted { what: "the prediction of years" });
            }
            let (test, train): (Vec<usize>, Vec<usize>) =
                (0..self.rows.len()).partition(|&i| self.folds[i] == fold);
            let rows =
                |places: &[usize]| -> Vec<usize> { places.iter().map(|&i| self.rows[i]).collect() };
            let years: Vec<f32> = train.iter().map(|&i| self.years[i] as f32).collect();
            let found = model(&rows(&train), &years, &rows(&test))?;
            job.advance(1);
            Ok((test, found))
        };
        let found: Vec<_> = (0..count).into_par_iter().map(of_fold).collect::<Result<_>>()?;
        drop(job);
        let mut predicted = vec![T::default(); self.rows.len()];
        for (test, answers) in found {
            for (i, answer) in test.into_iter().zip(answers) {
                predicted[i] = answer;
            }
        }
        Ok(predicted)
    }
}

/// Predicts the year of every song that has one from its vector, by the models of `params`.
///
/// The folds keep each artist's songs together; they depend on the years, the groups, the number of
/// folds and the seed only, so that predictions from different vectors can be compared. A song
/// with an empty group name is a group of its own. Predictions are not clipped to the range of
/// years.
///
/// With [`YearModels::Better`] the predictions are those of the model with the smaller mean absolute
/// error; [`YearPredictions::model`] says which. Compare vectors this way: some suit a linear model,
/// others trees, and neither kind should lose by the choice of the model.
///
/// Intervals reach as far to both sides of a prediction as the songs of the other folds need for theirs to
/// hold the share that is asked for. They hold it over all songs, not in every decade, since predictions lean towards
/// the middle years: `decades` says how often they do in each.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::TooFewYears`] for fewer songs with a year than folds;
/// [`Error::OneYear`]; [`Error::TooFewGroups`]; [`Error::AllConstant`]; [`Error::Parameter`];
/// [`Error::Baseline`] when the ridge regression fails; [`Error::Interrupted`]; those of
/// [`check_finite`].
pub fn cross_validate(
    x: ArrayView2<f32>,
    years: &[Option<i32>],
    groups: &[String],
    params: &YearParams,
    progress: &dyn Progress,
) -> Result<YearPredictions> {
    check_vectors(x, years)?;
    if let Some(bad) = params.interval.filter(|share| !(*share > 0.0 && *share < 1.0)) {
        return Err(Error::parameter("interval", bad, "more than 0, less than 1"));
    }
    let folds = Folds::new(years, groups, params.folds, params.seed)?;
    let by_trees = || boosted(x, &folds, params, progress);
    let by_ridge = || ridge::cross_validate(x, &folds, progress);
    let mut found = match params.models {
        YearModels::Boosting => by_trees()?,
        YearModels::Ridge => by_ridge()?,
        YearModels::Better => {
            let (trees, ridge) = (by_trees()?, by_ridge()?);
            if ridge.mae < trees.mae { ridge } else { trees }
        }
    };
    if let Some(share) = params.interval {
        let predicted: Vec<f32> = found.rows.iter().map(|row| row.predicted).collect();
        let ends = intervals::intervals(&folds, &predicted, share);
        for (row, (low, high)) in found.rows.iter_mut().zip(ends) {
            (row.low, row.high) = (Some(low), Some(high));
        }
        found = YearPredictions::new(found.rows, found.model)?;
    }
    Ok(found)
}

fn boosted(
    x: ArrayView2<f32>,
    folds: &Folds,
    params: &YearParams,
    progress: &dyn Progress,
) -> Result<YearPredictions> {
    let Some(components) = params.components else {
        // Bins know nothing of the years, so that the folds can share them.
        let binned = BinnedRows::new(x, params.booster.bins)?;
        return folds.cross_validate(YearModel::Boosting, progress, |train, targets, test| {
            Booster::fit_rows(&binned, train, targets, &params.booster, progress)?
                .predict(x.select(Axis(0), test).view())
        });
    };
    folds.cross_validate(YearModel::Boosting, progress, |train, targets, test| {
        let (train, test) = (x.select(Axis(0), train), x.select(Axis(0), test));
        let pca = Pca::fit(train.view(), components)?;
        let (train, test) = (pca.whiten(train.view())?, pca.whiten(test.view())?);
        Booster::fit_interruptible(train.view(), targets, None, &params.booster, progress)?
            .predict(test.view())
    })
}

/// The same with no vectors: every song gets the median year of the songs of the other folds.
///
/// # Errors
/// As [`cross_validate`].
pub fn constant(
    years: &[Option<i32>],
    groups: &[String],
    folds: usize,
    seed: u64,
) -> Result<YearPredictions> {
    let folds = Folds::new(years, groups, folds, seed)?;
    folds.cross_validate(YearModel::Constant, &songscape_project::Silent, |_, targets, test| {
        Ok(vec![median(targets).unwrap_or_default(); test.len()])
    })
}

pub(super) fn check_vectors(x: ArrayView2<f32>, years: &[Option<i32>]) -> Result<()> {
    check_finite(x)?;
    if x.nrows() != years.len() {
        let found = years.len();
        return Err(Error::LengthMismatch { what: "years", found, expected: x.nrows() });
    }
    let varies = x.columns().into_iter().any(|c| c.iter().any(|v| *v != c[0]));
    if varies { Ok(()) } else { Err(Error::AllConstant { columns: x.ncols() }) }
}
