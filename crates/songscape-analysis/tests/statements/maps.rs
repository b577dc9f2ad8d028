//! What maps keep of the large distances.

use std::collections::BTreeMap;
use std::time::Instant;

use ndarray::{Array2, ArrayView1, ArrayView2};
use songscape_analysis::metrics::{trustworthiness, trustworthiness_of_some};
use songscape_analysis::neighbors::{self, Metric};
use songscape_analysis::umap::{self, Start, UmapParams};
use songscape_analysis::vectors::read_npy;
use songscape_project::Silent;

use crate::songs::songs_and_strays;

/// The correlation of two lists of numbers.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let (a, b) = pairs.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0 / n, sum.1 + p.1 / n));
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let both = sum(&|p| (p.0 - a) * (p.1 - b));
    both / (sum(&|p| (p.0 - a).powi(2)) * sum(&|p| (p.1 - b).powi(2))).sqrt()
}

fn distance(a: ArrayView1<f32>, b: ArrayView1<f32>) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}

/// The correlation of distances on the map and along the line, over some pairs of points.
fn kept(n: usize, start: Start, metric: Metric) -> f64 {
    // A line in the plane of two columns that does not lead through the origin.
    let x = Array2::from_shape_fn((n, 2), |(i, j)| if j == 0 { i as f32 / n as f32 } else { 1.0 });
    let params = UmapParams { start, metric, ..UmapParams::default() };
    let map = umap::fit(x.view(), &params, &Silent).unwrap();
    let step = n / 200;
    let pairs: Vec<(f64, f64)> = (0..n)
        .step_by(step)
        .flat_map(|i| (0..i).step_by(step).map(move |j| (i, j)))
        .map(|(i, j)| ((i - j) as f64, distance(map.row(i), map.row(j))))
        .collect();
    correlation(&pairs)
}

#[test]
fn a_line_stays_long_from_either_start() {
    for (n, start) in [2_000, 10_000].iter().flat_map(|n| [(*n, Start::Spectral), (*n, Start::Pca)])
    {
        let found = kept(n, start, Metric::Euclidean);
        println!("{n} points, {start:?}: {found:.3}");
        assert!(found >= 0.75, "{n} points, {start:?}: {found}");
    }
}

#[test]
fn the_default_start_keeps_groups_apart_as_the_vectors_do() {
    let songs = songs_and_strays(1_000, 64, 7);
    let groups = |start| {
        let params = UmapParams { start, ..UmapParams::default() };
        let map = umap::fit(songs.x.view(), &params, &Silent).unwrap();
        between_groups(songs.x.view(), map.view(), &songs.styles)
    };
    let (default, spectral) = (groups(Start::default()), groups(Start::Spectral));
    assert!(default > 0.3 && default > spectral, "{default} {spectral}");
}

/// The correlation of the distances between the centres of groups, among the vectors and on the map.
fn between_groups(x: ArrayView2<f32>, map: ArrayView2<f32>, styles: &[i32]) -> f64 {
    let mut rows: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (row, &style) in styles.iter().enumerate().filter(|style| *style.1 >= 0) {
        rows.entry(style).or_default().push(row);
    }
    let centres = |points: ArrayView2<f32>| -> Vec<_> {
        let centre = |rows: &Vec<usize>| {
            let sum =
                rows.iter().fold(ndarray::Array1::<f32>::zeros(points.ncols()), |sum, &row| {
                    sum + points.row(row)
                });
            sum / rows.len() as f32
        };
        rows.values().map(centre).collect()
    };
    let (own, mapped) = (centres(x), centres(map));
    let pairs: Vec<(f64, f64)> = (0..own.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| {
            (distance(own[i].view(), own[j].view()), distance(mapped[i].view(), mapped[j].view()))
        })
        .collect();
    correlation(&pairs)
}

/// `SONGLIKE=FOLDER` takes `FOLDER/N/x.npy` and `label.npy` in place of our own songs.
#[test]
#[ignore = "a measurement"]
fn measure_starts() {
    for n in [2_000, 10_000] {
        for start in [Start::Spectral, Start::Pca] {
            println!("{n} along a line, {start:?}: {:.3}", kept(n, start, Metric::Euclidean));
        }
    }
    for n in [1_000, 5_737, 50_000] {
        let (x, styles) = match std::env::var("SONGLIKE") {
            Err(_) => {
                let songs = songs_and_strays(n, 512, 7);
                (songs.x, songs.styles)
            }
            Ok(folder) => {
                let file = |name: &str| format!("{folder}/{n}/{name}.npy");
                let styles: ndarray::Array1<i32> = ndarray_npy::read_npy(file("label")).unwrap();
                (read_npy(file("x")).unwrap(), styles.to_vec())
            }
        };
        for seed in 0..2 {
            let near = neighbors::nearest(x.view(), 14, Metric::Cosine, seed, &Silent).unwrap();
            for start in [Start::Spectral, Start::Pca] {
                let params = UmapParams { start, seed, ..UmapParams::default() };
                let clock = Instant::now();
                let map = umap::fit_neighbors(x.view(), &near, &params, &Silent).unwrap();
                let took = clock.elapsed().as_secs_f64();
                let trust = match n {
                    50_000 => {
                        trustworthiness_of_some(x.view(), map.view(), 15, Metric::Cosine, 1000)
                    }
                    _ => trustworthiness(x.view(), map.view(), 15, Metric::Cosine),
                };
                let groups = between_groups(x.view(), map.view(), &styles);
                let trust = trust.unwrap();
                println!(
                    "{n} songs, seed {seed}, {start:?}: groups {groups:.3}, trust {trust:.4}, {took:.2} s"
                );
            }
        }
    }
}
