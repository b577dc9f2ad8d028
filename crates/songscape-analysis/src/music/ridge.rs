//! The year by ridge regression: the linear model beside the trees.

use linfa_linalg::cholesky::SolveC;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::Progress;

use super::years::{Folds, YearModel, YearPredictions};
use crate::error::{Error, Result};

/// Penalties that are tried, as shares of the rows; columns have deviation 1.
const PENALTIES: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
/// The penalty where there are too few folds to try any.
const USUAL: f64 = 1.0;
/// Rows that are converted to `f64` at a time.
const BLOCK: usize = 1024;

/// Predicts the left-out songs of each fold by ridge regression (Hoerl and Kennard 1970) on
/// standardised columns. The penalty is the one with the smallest mean absolute error on one fold
/// of the training songs, by a model of the others: the left-out songs have no part in it.
pub(super) fn cross_validate(
    x: ArrayView2<f32>,
    folds: &Folds,
    progress: &dyn Progress,
) -> Result<YearPredictions> {
    let parts = Parts::new(x, folds);
    let mut fold_of = vec![0; x.nrows()];
    folds.rows.iter().zip(&folds.folds).for_each(|(&row, &fold)| fold_of[row] = fold);
    folds.cross_validate(YearModel::Ridge, progress, |_, _, test| {
        let model = parts.fit(fold_of[test[0]].into())?;
        Ok(test.iter().map(|&row| model.answer(x.row(row)) as f32).collect())
    })
}

/// The same model of all songs with a year, its penalty chosen on one fold by a model of the others.
pub(super) fn fit(x: ArrayView2<f32>, folds: &Folds) -> Result<Ridge> {
    Parts::new(x, folds).fit(None)
}

/// What a regression needs to know of each fold.
struct Parts<'x, 'f> {
    x: ArrayView2<'x, f32>,
    folds: &'f Folds,
    /// The places of each fold's songs.
    members: Vec<Vec<usize>>,
    /// Sums are taken around values in the middle of the data, so that no digits are lost.
    centre: Array1<f64>,
    sums: Vec<Sums>,
}

impl<'x, 'f> Parts<'x, 'f> {
    fn new(x: ArrayView2<'x, f32>, folds: &'f Folds) -> Self {
        let count = folds.folds.iter().max().map_or(0, |fold| fold + 1);
        let members = |fold: usize| -> Vec<usize> {
            (0..folds.rows.len()).filter(|&i| folds.folds[i] == fold).collect()
        };
        let members: Vec<Vec<usize>> = (0..count).map(members).collect();
        let mut centre = Array1::<f64>::zeros(x.ncols());
        for &row in &folds.rows {
            centre.zip_mut_with(&x.row(row), |sum, &value| *sum += f64::from(value));
        }
        centre /= folds.rows.len() as f64;
        let sums = members.par_iter().map(|members| Sums::of(x, &centre, folds, members)).collect();
        Self { x, folds, members, centre, sums }
    }

    /// The sums of all folds but some.
    fn without(&self, left_out: &[usize]) -> Sums {
        let others = (0..self.sums.len()).filter(|fold| !left_out.contains(fold));
        others.fold(Sums::zeros(self.x.ncols()), |sum, fold| sum.add(&self.sums[fold]))
    }

    /// The model of all folds but one, or of all.
    fn fit(&self, left_out: Option<usize>) -> Result<Ridge> {
        let judge = left_out.map_or(0, |fold| (fold + 1) % self.sums.len());
        let left_out: Vec<usize> = left_out.into_iter().collect();
        let penalty = if self.sums.len() > 2 {
            let tried = self.without(&[&left_out[..], &[judge]].concat());
            let error = |penalty: f64| -> Result<f64> {
                let model = tried.fit(penalty, &self.centre)?;
                let error = |&i: &usize| {
                    let year = f64::from(self.folds.years[i]);
                    (model.answer(self.x.row(self.folds.rows[i])) - year).abs()
                };
                Ok(self.members[judge].iter().map(error).sum())
            };
            let errors = PENALTIES.map(error).into_iter().collect::<Result<Vec<f64>>>()?;
            let best = (0..errors.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b]));
            best.map_or(USUAL, |best| PENALTIES[best])
        } else {
            USUAL
        };
        self.without(&left_out).fit(penalty, &self.centre)
    }
}

/// What a regression needs to know of some songs. Sums of disjoint parts add up.
struct Sums {
    songs: f64,
    x: Array1<f64>,
    xx: Array2<f64>,
    y: f64,
    xy: Array1<f64>,
}

impl Sums {
    fn zeros(columns: usize) -> Self {
        Self {
            songs: 0.0,
            x: Array1::zeros(columns),
            xx: Array2::zeros((columns, columns)),
            y: 0.0,
            xy: Array1::zeros(columns),
        }
    }

    fn of(x: ArrayView2<f32>, centre: &Array1<f64>, folds: &Folds, members: &[usize]) -> Self {
        let mut sums = Self::zeros(x.ncols());
        for block in members.chunks(BLOCK) {
            let rows: Vec<usize> = block.iter().map(|&i| folds.rows[i]).collect();
            let rows = x.select(Axis(0), &rows).mapv(f64::from) - centre;
            let years: Array1<f64> = block.iter().map(|&i| f64::from(folds.years[i])).collect();
            sums.songs += block.len() as f64;
            sums.x += &rows.sum_axis(Axis(0));
            sums.xx += &rows.t().dot(&rows);
            sums.y += years.sum();
            sums.xy += &rows.t().dot(&years);
        }
        sums
    }

    fn add(self, other: &Self) -> Self {
        Self {
            songs: self.songs + other.songs,
            x: self.x + &other.x,
            xx: self.xx + &other.xx,
            y: self.y + other.y,
            xy: self.xy + &other.xy,
        }
    }

    /// The regression with a penalty as a share of the songs; the sums were taken around a centre.
    fn fit(&self, penalty: f64, centre: &Array1<f64>) -> Result<Ridge> {
        let mean = &self.x / self.songs;
        let year = self.y / self.songs;
        let deviation: Array1<f64> = (0..mean.len())
            .map(|i| self.xx[[i, i]] / self.songs - mean[i] * mean[i])
            .map(|variance| if variance > 1e-12 { variance.sqrt() } else { 1.0 })
            .collect();
        let mut system = Array2::from_shape_fn(self.xx.raw_dim(), |(i, j)| {
            (self.xx[[i, j]] / self.songs - mean[i] * mean[j]) / (deviation[i] * deviation[j])
        });
        system.diag_mut().map_inplace(|value| *value += penalty);
        let right = (&self.xy / self.songs - &mean * year) / &deviation;
        let solved = system.solvec(&right.insert_axis(Axis(1)));
        let solved = solved.map_err(|error| Error::Baseline {
            method: "ridge regression",
            reason: error.to_string(),
        })?;
        let weights = solved.remove_axis(Axis(1)) / &deviation;
        Ok(Ridge { weights: weights.to_vec(), mean: (mean + centre).to_vec(), year })
    }
}

/// A linear model of the year. It has serde.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ridge {
    /// Years per unit of each column.
    pub weights: Vec<f64>,
    /// The columns' means.
    pub mean: Vec<f64>,
    /// The mean year.
    pub year: f64,
}

impl Ridge {
    /// The year of a row.
    pub fn answer(&self, row: ArrayView1<f32>) -> f64 {
        let columns = row.into_iter().zip(self.mean.iter().zip(&self.weights));
        self.year + columns.map(|(&x, (mean, weight))| (f64::from(x) - mean) * weight).sum::<f64>()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use approx::assert_relative_eq;
    use songscape_project::Silent;

    use super::*;

    #[test]
    fn a_fit_solves_the_penalised_equations() {
        // Far from zero, and of different scales.
        let x = Array2::from_shape_fn((40, 3), |(i, j)| {
            1000.0 + ((i * (3 + 2 * j)) % 11) as f32 * 10f32.powi(j as i32)
        });
        let years: Vec<Option<i32>> = (0..40).map(|i| Some(1960 + (i * 7) % 40)).collect();
        let folds = Folds::new(&years, &vec![String::new(); 40], 4, 0).unwrap();
        let centre = Array1::from_elem(3, 1000.0);
        let all: Vec<usize> = (0..40).collect();
        let model = Sums::of(x.view(), &centre, &folds, &all).fit(0.3, &centre).unwrap();
        // The gradient of Σ (y − ŷ)² + 0.3·n·Σ (σ_j β_j)² is zero.
        let error = |i: usize| 1960.0 + ((i * 7) % 40) as f64 - model.answer(x.row(i));
        for j in 0..3 {
            let column = x.column(j).mapv(f64::from);
            let (mean, deviation) = (column.mean().unwrap(), column.std(0.0));
            let slope: f64 = (0..40).map(|i| error(i) * (column[i] - mean)).sum();
            let expected = 0.3 * 40.0 * deviation * deviation * model.weights[j];
            assert_relative_eq!(slope, expected, max_relative = 1e-8);
        }
    }

    #[test]
    fn a_line_is_found_and_a_constant_column_does_no_harm() {
        let year = |i: usize| 1950 + ((i * 37) % 60) as i32;
        let x = Array2::from_shape_fn((120, 4), |(i, j)| match j {
            0 => year(i) as f32,
            1 => 7.0,
            _ => ((i * (j + 5)) % 13) as f32,
        });
        let years: Vec<Option<i32>> = (0..120).map(|i| Some(year(i))).collect();
        for count in [2, 5] {
            let folds = Folds::new(&years, &vec![String::new(); 120], count, 1).unwrap();
            let found = cross_validate(x.view(), &folds, &Silent).unwrap();
            // The penalty alone draws predictions to the middle.
            let most = if count == 2 { 8.0 } else { 2.0 };
            assert!(found.mae < most, "{count}: {}", found.mae);
            assert_eq!(found.model, YearModel::Ridge);
        }
    }
}
