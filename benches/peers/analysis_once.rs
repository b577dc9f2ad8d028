//! One part of our analysis, once: `WORK FILE [YEARS FOLDS [BINS [COLUMN_SHARE]]]` -> JSON with wall seconds, CPU
//! seconds and a score. `peers.py` starts it, a process for each measurement.

use std::path::{Path, PathBuf};
use std::time::Instant;

use cpu_time::ProcessTime;
use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;
use songscape_analysis::boosting::{Booster, BoosterParams};
use songscape_analysis::hdbscan::{self, HdbscanParams};
use songscape_analysis::metrics::{mean_absolute_error, trustworthiness_of_some};
use songscape_analysis::neighbors::{self, Metric};
use songscape_analysis::umap::{self, UmapParams};
use songscape_analysis::vectors::{read_npy, read_npy_f64, write_npy};
use songscape_project::Silent;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, file, more @ ..] = arguments.as_slice() else {
        return Err("usage: analysis_once neighbors|umap|umap10|hdbscan|boosting FILE [...]".into());
    };
    let path = Path::new(file);
    let out = |at: usize| more.get(at).map(PathBuf::from);
    let (score, wall, cpu) = match work.as_str() {
        "hdbscan" => {
            let x = read_npy_f64(path)?;
            let (found, wall, cpu) = timed(|| hdbscan::fit(x.view(), &HdbscanParams::default()))?;
            (found.count() as f64, wall, cpu)
        }
        "neighbors" => {
            let x = read_npy(path)?;
            let (found, wall, cpu) =
                timed(|| neighbors::descent(x.view(), 14, Metric::Cosine, 0, &Silent))?;
            (recall(&x, &found), wall, cpu)
        }
        "umap" | "umap10" => {
            let x = read_npy(path)?;
            let params =
                if work == "umap" { UmapParams::default() } else { UmapParams::for_clustering() };
            let (map, wall, cpu) = timed(|| umap::fit(x.view(), &params, &Silent))?;
            if let Some(path) = out(0) {
                write_npy(&path, map.view())?;
            }
            let score = trustworthiness_of_some(x.view(), map.view(), 15, Metric::Cosine, 1000)?;
            (score, wall, cpu)
        }
        "boosting" => {
            let x = read_npy(path)?;
            let (Some(years), Some(folds)) = (out(0), out(1)) else {
                return Err("boosting needs years and folds".into());
            };
            let years: Array1<f32> = ndarray_npy::read_npy(years)?;
            let folds: Array1<i32> = ndarray_npy::read_npy(folds)?;
            let (years, folds) = (years.to_vec(), folds.to_vec());
            let mut params = BoosterParams::default();
            if let Some(bins) = more.get(2) {
                params.bins = bins.parse()?;
            }
            if let Some(share) = more.get(3) {
                params.column_share = share.parse()?;
            }
            timed(|| cross_validate(&x, &years, &folds, &params))?
        }
        _ => return Err(format!("unknown work {work}").into()),
    };
    println!("{{\"wall\": {wall}, \"cpu\": {cpu}, \"score\": {score}}}");
    Ok(())
}

fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, f64, f64), E> {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let done = work()?;
    Ok((done, wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64()))
}

/// The share of the true neighbours found, over 200 rows.
fn recall(x: &Array2<f32>, found: &neighbors::Neighbors) -> f64 {
    let n = x.nrows();
    let rows: Vec<usize> = (0..200.min(n)).map(|i| i * n / 200.min(n)).collect();
    let Ok(truth) =
        neighbors::nearest_of(x.view(), x.select(Axis(0), &rows).view(), 15, Metric::Cosine)
    else {
        return f64::NAN;
    };
    let mut hits = 0;
    for (i, &row) in rows.iter().enumerate() {
        let own = found.indices.row(row);
        let others = truth.indices.row(i);
        hits +=
            others.iter().filter(|&&j| j as usize != row && own.iter().any(|o| *o == j)).count();
    }
    hits as f64 / (rows.len() * 14) as f64
}

/// Folds are fitted side by side, as far as there are threads.
fn cross_validate(
    x: &Array2<f32>,
    years: &[f32],
    folds: &[i32],
    params: &BoosterParams,
) -> songscape_analysis::Result<f64> {
    let of_fold = |fold: i32| -> songscape_analysis::Result<(Vec<usize>, Vec<f32>)> {
        let (test, train): (Vec<usize>, Vec<usize>) =
            (0..years.len()).partition(|&i| folds[i] == fold);
        let targets: Vec<f32> = train.iter().map(|&i| years[i]).collect();
        let rows = x.select(Axis(0), &train);
        let model = Booster::fit(rows.view(), &targets, None, params)?;
        let found = model.predict(x.select(Axis(0), &test).view())?;
        Ok((test, found))
    };
    let count = folds.iter().copied().max().unwrap_or(0) + 1;
    let found: Vec<_> =
        (0..count).into_par_iter().map(of_fold).collect::<songscape_analysis::Result<_>>()?;
    let mut predicted = vec![0.0; years.len()];
    for (test, values) in found {
        test.into_iter().zip(values).for_each(|(i, value)| predicted[i] = value);
    }
    mean_absolute_error(years, &predicted)
}
