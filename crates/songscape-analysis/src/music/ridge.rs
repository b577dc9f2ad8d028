//! The year by ridge regression: the linear model beside the trees.

use linfa_linalg::cholesky::SolveC;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;
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
    let count = folds.folds.iter().max().map_or(0, |fold| fold + 1);
    let mut fold_of = vec![0; x.nrows()];
    folds.rows.iter().zip(&folds.folds).for_each(|(&row, &fold)| fold_of[row] = fold);
    let members = |fold: usize| -> Vec<usize> {
        (0..folds.rows.len()).filter(|&i| folds.folds[i] == fold).collect()
    };
    let members: Vec<Vec<usize>> = (0..count).map(members).collect();
    // Sums are taken around values in the middle of the data, so that no digits are lost.
    let centre = x.select(Axis(0), &folds.rows).mapv(f64::from);
    let centre = centre.mean_axis(Axis(0)).expect("there are songs with a year");
    let sums: Vec<Sums> =
        members.par_iter().map(|members| Sums::of(x, &centre, folds, members)).collect();

    folds.cross_validate(YearModel::Ridge, progress, |_, _, test| {
        let fold = fold_of[test[0]];
        let judge = (fold + 1) % count;
        let without = |left_out: &[usize]| {
            let others = (0..count).filter(|other| !left_out.contains(other));
            others.fold(Sums::zeros(x.ncols()), |sum, other| sum.add(&sums[other]))
        };
        let penalty = if count > 2 {
            let tried = without(&[fold, judge]);
            let error = |penalty: f64| -> Result<f64> {
                let model = tried.fit(penalty)?;
                let error = |&i: &usize| {
                    let year = f64::from(folds.years[i]);
                    (model.predict(x, &centre, folds.rows[i]) - year).abs()
                };
                Ok(members[judge].iter().map(error).sum())
            };
            let errors = PENALTIES.map(error).into_iter().collect::<Result<Vec<f64>>>()?;
            let best = (0..errors.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b]));
            best.map_or(USUAL, |best| PENALTIES[best])
        } else {
            USUAL
        };
        let model = without(&[fold]).fit(penalty)?;
        Ok(test.iter().map(|&row| model.predict(x, &centre, row) as f32).collect())
    })
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

    /// The regression with a penalty as a share of the songs.
    fn fit(&self, penalty: f64) -> Result<Model> {
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
        Ok(Model { weights: solved.remove_axis(Axis(1)) / &deviation, mean, year })
    }
}

struct Model {
    /// Years per unit of each column.
    weights: Array1<f64>,
    /// The columns' means, relative to the centre of the data.
    mean: Array1<f64>,
    year: f64,
}

impl Model {
    fn predict(&self, x: ArrayView2<f32>, centre: &Array1<f64>, row: usize) -> f64 {
        let columns = x.row(row).into_iter().zip(centre).zip(self.mean.iter().zip(&self.weights));
        let terms = columns.map(|((x, centre), (mean, w))| (f64::from(*x) - centre - mean) * w);
        self.year + terms.sum::<f64>()
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
        let model = Sums::of(x.view(), &centre, &folds, &all).fit(0.3).unwrap();
        // The gradient of Σ (y − ŷ)² + 0.3·n·Σ (σ_j β_j)² is zero.
        let error = |i: usize| 1960.0 + ((i * 7) % 40) as f64 - model.predict(x.view(), &centre, i);
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
