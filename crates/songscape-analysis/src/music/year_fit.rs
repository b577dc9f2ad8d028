//! A model of years that was fitted on all songs, for new ones.

use std::path::Path;

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::{Progress, read_json, write_json};

use super::intervals::reach;
use super::ridge::{self, Ridge};
use super::years::{Folds, YearModel, YearParams, YearPredictions, check_vectors};
use crate::boosting::Booster;
use crate::error::{Error, Result};
use crate::pca::Pca;

/// A model of years fitted on all songs that have one. How good it is, the cross-validation of the same
/// songs says; the intervals come from there. It has serde, and can be saved as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct YearFit {
    /// The vectors' columns.
    columns: usize,
    /// Components that take the place of the columns.
    pca: Option<Pca>,
    model: Model,
    /// How far intervals reach to both sides.
    reach: Option<f32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Model {
    Boosting(Booster),
    Ridge(Ridge),
}

impl Model {
    fn predict(&self, x: ArrayView2<f32>) -> Result<Vec<f32>> {
        match self {
            Self::Boosting(booster) => booster.predict(x),
            Self::Ridge(ridge) => {
                let rows = (0..x.nrows()).into_par_iter().with_min_len(64);
                Ok(rows.map(|row| ridge.answer(x.row(row)) as f32).collect())
            }
        }
    }
}

/// A new song's year.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GuessedYear {
    /// The year predicted.
    pub predicted: f32,
    /// The lower end of the interval.
    pub low: Option<f32>,
    /// Its upper end.
    pub high: Option<f32>,
}

impl YearFit {
    /// Fits the model that was the better one in a cross-validation, `found`, to all songs of vectors
    /// `[n, d]` that have a year. Intervals reach as far as those songs needed whose year their model had
    /// never seen. `groups` and `params` are those of the cross-validation.
    ///
    /// # Errors
    /// Those of [`cross_validate`](super::years::cross_validate); [`Error::Parameter`] when `found` is of
    /// another model than boosting and ridge regression.
    pub fn fit(
        x: ArrayView2<f32>,
        years: &[Option<i32>],
        groups: &[String],
        params: &YearParams,
        found: &YearPredictions,
        progress: &dyn Progress,
    ) -> Result<Self> {
        check_vectors(x, years)?;
        let folds = Folds::new(years, groups, params.folds, params.seed)?;
        let (mut pca, model) = (None, found.model);
        let model = match model {
            YearModel::Ridge => Model::Ridge(ridge::fit(x, &folds)?),
            YearModel::Boosting => {
                let mut rows = x.select(Axis(0), &folds.rows);
                if let Some(components) = params.components {
                    let own = Pca::fit(rows.view(), components)?;
                    rows = own.whiten(rows.view())?;
                    pca = Some(own);
                }
                let years: Vec<f32> = folds.years.iter().map(|&year| year as f32).collect();
                let params = &params.booster;
                Model::Boosting(Booster::fit_interruptible(
                    rows.view(),
                    &years,
                    None,
                    params,
                    progress,
                )?)
            }
            other => {
                let expected = "boosting or ridge regression";
                return Err(Error::parameter("the model of years", other.name(), expected));
            }
        };
        let errors: Vec<f32> =
            found.rows.iter().map(|row| (row.predicted - row.year as f32).abs()).collect();
        let reach = params.interval.map(|share| reach(&errors, share));
        Ok(Self { columns: x.ncols(), pca, model, reach })
    }

    /// The model.
    pub fn model(&self) -> YearModel {
        match self.model {
            Model::Boosting(_) => YearModel::Boosting,
            Model::Ridge(_) => YearModel::Ridge,
        }
    }

    /// The booster, where that is the model.
    pub fn booster(&self) -> Option<&Booster> {
        match &self.model {
            Model::Boosting(booster) => Some(booster),
            Model::Ridge(_) => None,
        }
    }

    /// The length of the vectors.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The years of new vectors `[m, d]`.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`].
    pub fn predict(&self, new: ArrayView2<f32>) -> Result<Vec<GuessedYear>> {
        if new.ncols() != self.columns {
            return Err(Error::ColumnMismatch { found: new.ncols(), expected: self.columns });
        }
        let predicted = match &self.pca {
            Some(pca) => self.model.predict(pca.whiten(new)?.view())?,
            None => self.model.predict(new)?,
        };
        let around = |predicted: f32| GuessedYear {
            predicted,
            low: self.reach.map(|reach| predicted - reach),
            high: self.reach.map(|reach| predicted + reach),
        };
        Ok(predicted.into_iter().map(around).collect())
    }

    /// Writes the model as JSON, atomically.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(write_json(path, self)?)
    }

    /// Reads a model from JSON.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be read, or what is in it does not fit together.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(read_json(path)?)
    }
}

/// A model as it is saved, which nobody has looked at yet.
#[derive(Deserialize)]
struct Saved {
    columns: usize,
    pca: Option<Pca>,
    model: Model,
    reach: Option<f32>,
}

impl TryFrom<Saved> for YearFit {
    type Error = String;

    fn try_from(Saved { columns, pca, model, reach }: Saved) -> std::result::Result<Self, String> {
        let of_pca = pca.as_ref().map_or(columns, Pca::columns);
        let inner = pca.as_ref().map_or(columns, Pca::components);
        let of_model = match &model {
            Model::Boosting(booster) => booster.columns(),
            Model::Ridge(ridge) => ridge.weights.len(),
        };
        if of_pca != columns || of_model != inner {
            return Err(format!("a model of {of_model} columns for vectors of {columns}"));
        }
        if let Model::Ridge(ridge) = &model
            && ridge.mean.len() != ridge.weights.len()
        {
            return Err(format!("{} means, {} weights", ridge.mean.len(), ridge.weights.len()));
        }
        if let Some(bad) = reach.filter(|reach| !(*reach >= 0.0 && reach.is_finite())) {
            return Err(format!("intervals reach {bad} years"));
        }
        Ok(Self { columns, pca, model, reach })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;
    use songscape_project::Silent;

    use super::super::years::{YearModels, cross_validate};
    use super::*;

    fn year(i: usize) -> i32 {
        1950 + ((i * 37) % 60) as i32
    }

    fn vectors() -> Array2<f32> {
        Array2::from_shape_fn((120, 5), |(i, j)| match j {
            0 => year(i) as f32 / 10.0,
            _ => ((i * (j + 5)) % 13) as f32,
        })
    }

    #[test]
    fn new_songs_have_years_and_intervals_by_either_model_from_a_file_too() {
        let (x, nobody) = (vectors(), vec![String::new(); 120]);
        let years: Vec<Option<i32>> = (0..120).map(|i| (i % 9 != 8).then(|| year(i))).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("years.json");
        for (models, components) in [
            (YearModels::Boosting, None),
            (YearModels::Boosting, Some(3)),
            (YearModels::Ridge, None),
        ] {
            let params = YearParams { models, components, ..YearParams::for_songs(100, 1) };
            let found = cross_validate(x.view(), &years, &nobody, &params, &Silent).unwrap();
            let fit = YearFit::fit(x.view(), &years, &nobody, &params, &found, &Silent).unwrap();
            assert_eq!(fit.model(), found.model);
            // Songs without a year, which no model has seen.
            let new: Vec<usize> = (8..120).step_by(9).collect();
            let guessed = fit.predict(x.select(Axis(0), &new).view()).unwrap();
            let held = guessed.iter().zip(&new).filter(|(guess, row)| {
                let year = year(**row) as f32;
                guess.low.unwrap() <= year && year <= guess.high.unwrap()
            });
            assert!(held.count() >= 7, "{models:?} {guessed:?}");
            fit.save(&path).unwrap();
            let loaded = YearFit::load(&path).unwrap();
            assert_eq!(loaded, fit);
            assert_eq!(loaded.predict(x.view()).unwrap(), fit.predict(x.view()).unwrap());
            assert!(fit.predict(Array2::zeros((1, 3)).view()).is_err());
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text.replace("\"columns\": 5", "\"columns\": 4")).unwrap();
            assert!(YearFit::load(&path).unwrap_err().to_string().contains("years.json"));
        }
    }
}
