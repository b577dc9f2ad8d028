//! The year by ridge regression: the linear model beside the trees.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::Progress;

use super::years::{Folds, YearModel, YearPredictions};
use crate::cholesky;
use crate::error::{Error, Result};
use crate::kernels;

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
    /// The sums of each fold; none where songs are fewer than columns, since each problem then has the rows
    /// themselves.
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
        let mut sums = Vec::new();
        if folds.rows.len() > x.ncols() {
            let of = |members: &Vec<usize>| Sums::of(x, &centre, folds, members);
            sums = members.par_iter().map(of).collect();
        }
        Self { x, folds, members, centre, sums }
    }

    /// The problem of all folds but some.
    fn without(&self, left_out: &[usize]) -> Problem {
        let others = (0..self.members.len()).filter(|fold| !left_out.contains(fold));
        if self.sums.is_empty() {
            let songs: Vec<usize> = others.flat_map(|fold| &self.members[fold]).copied().collect();
            let rows: Vec<usize> = songs.iter().map(|&i| self.folds.rows[i]).collect();
            let rows = self.x.select(Axis(0), &rows).mapv(f64::from) - &self.centre;
            let years = songs.iter().map(|&i| f64::from(self.folds.years[i])).collect();
            Problem::of_rows(rows, years, &self.centre)
        } else {
            let zeros = Sums::zeros(self.x.ncols());
            others.fold(zeros, |sum, fold| sum.add(&self.sums[fold])).problem(&self.centre)
        }
    }

    /// The model of all folds but one, or of all.
    fn fit(&self, left_out: Option<usize>) -> Result<Ridge> {
        let judge = left_out.map_or(0, |fold| (fold + 1) % self.members.len());
        let left_out: Vec<usize> = left_out.into_iter().collect();
        let penalty = if self.members.len() > 2 {
            let tried = self.without(&[&left_out[..], &[judge]].concat());
            let error = |penalty: f64| -> Result<f64> {
                let model = tried.solve(penalty)?;
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
        self.without(&left_out).solve(penalty)
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

    /// The equations for the weights; the sums were taken around a centre.
    fn problem(&self, centre: &Array1<f64>) -> Problem {
        let mean = &self.x / self.songs;
        let year = self.y / self.songs;
        let squares = self.xx.diag().mapv(|square| square / self.songs);
        let deviation = (squares - &mean * &mean).mapv(deviation);
        let system = Array2::from_shape_fn(self.xx.raw_dim(), |(i, j)| {
            (self.xx[[i, j]] / self.songs - mean[i] * mean[j]) / (deviation[i] * deviation[j])
        });
        let right = (&self.xy / self.songs - &mean * year) / &deviation;
        Problem { system, right, rows: None, mean: mean + centre, deviation, year }
    }
}

/// A column's deviation from its variance; 1 for a constant column.
fn deviation(variance: f64) -> f64 {
    if variance > 1e-12 { variance.sqrt() } else { 1.0 }
}

/// The equations of a regression, before the penalty. With standardised columns Z of n songs and years y, the
/// weights β solve (ZᵀZ/n + penalty) β = Zᵀy/n; where songs are fewer than columns, β = Zᵀα/n and
/// (ZZᵀ/n + penalty) α = y (Saunders, Gammerman and Vovk 1998).
struct Problem {
    system: Array2<f64>,
    right: Array1<f64>,
    /// Z/n, where the equations are those of the songs.
    rows: Option<Array2<f64>>,
    mean: Array1<f64>,
    deviation: Array1<f64>,
    year: f64,
}

impl Problem {
    /// The equations for the songs; the rows were taken around a centre.
    fn of_rows(mut rows: Array2<f64>, years: Array1<f64>, centre: &Array1<f64>) -> Self {
        let songs = rows.nrows() as f64;
        let mean = rows.sum_axis(Axis(0)) / songs;
        rows -= &mean;
        let deviation = rows.map_axis(Axis(0), |x| deviation(x.dot(&x) / songs));
        rows /= &deviation;
        let values: Vec<f64> = rows.iter().copied().collect();
        let values = |i: usize| &values[i * rows.ncols()..][..rows.ncols()];
        let mut system = Array2::zeros((rows.nrows(), rows.nrows()));
        system.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(i, mut row)| {
            // The lower half counts.
            for (j, value) in row.iter_mut().take(i + 1).enumerate() {
                *value = kernels::products(values(i), values(j)) / songs;
            }
        });
        let year = years.sum() / songs;
        let rows = Some(rows / songs);
        Self { system, right: years - year, rows, mean: mean + centre, deviation, year }
    }

    /// The regression with a penalty as a share of the songs.
    fn solve(&self, penalty: f64) -> Result<Ridge> {
        let mut system = self.system.clone();
        system.diag_mut().map_inplace(|value| *value += penalty);
        let solved = cholesky::solve(system, self.right.to_vec()).ok_or(Error::Baseline {
            method: "ridge regression",
            reason: "its matrix is not positive definite".into(),
        })?;
        let solved = Array1::from(solved);
        let weights = self.rows.as_ref().map_or(solved.clone(), |rows| rows.t().dot(&solved));
        let weights = weights / &self.deviation;
        Ok(Ridge { weights: weights.to_vec(), mean: self.mean.to_vec(), year: self.year })
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
        let by_columns = Sums::of(x.view(), &centre, &folds, &all).problem(&centre);
        let rows = x.mapv(f64::from) - &centre;
        let years: Array1<f64> = folds.years.iter().map(|&year| f64::from(year)).collect();
        let by_songs = Problem::of_rows(rows, years, &centre);
        for model in [by_columns, by_songs].map(|problem| problem.solve(0.3).unwrap()) {
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
    }

    #[test]
    fn songs_fewer_than_columns_are_learned_from_by_the_songs_equations() {
        let x = Array2::from_shape_fn((30, 40), |(i, j)| ((i * i * (j + 3)) % 101) as f32);
        let years: Vec<Option<i32>> = (0..30).map(|i| Some(1960 + (i * 7) % 31)).collect();
        let folds = Folds::new(&years, &vec![String::new(); 30], 3, 0).unwrap();
        let by_songs = Parts::new(x.view(), &folds);
        assert!(by_songs.sums.is_empty());
        let sums = |members: &Vec<usize>| Sums::of(x.view(), &by_songs.centre, &folds, members);
        let sums = by_songs.members.iter().map(sums).collect();
        let by_columns = Parts { sums, ..Parts::new(x.view(), &folds) };
        for left_out in [None, Some(0), Some(2)] {
            let (a, b) = (by_songs.fit(left_out).unwrap(), by_columns.fit(left_out).unwrap());
            for row in x.rows() {
                assert_relative_eq!(a.answer(row), b.answer(row), max_relative = 1e-10);
            }
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
