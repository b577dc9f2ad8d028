//! The map against the golden values of umap-learn (`tests/data/umap.npz`).
#![allow(clippy::unwrap_used)]

use std::fs::File;

use ndarray::{Array1, Array2, s};
use ndarray_npy::NpzReader;
use songscape_analysis::metrics::trustworthiness;
use songscape_analysis::neighbors::{self, Metric, Neighbors};
use songscape_analysis::umap::graph::neighborhoods;
use songscape_analysis::umap::{self, Curve, FuzzyGraph, Start, Umap, UmapParams};
use songscape_project::Silent;

fn golden() -> NpzReader<File> {
    NpzReader::new(File::open("tests/data/umap.npz").unwrap()).unwrap()
}

fn metrics() -> [(&'static str, Metric); 2] {
    [("euclidean", Metric::Euclidean), ("cosine", Metric::Cosine)]
}

#[test]
fn neighbours_are_those_of_the_reference() {
    let mut npz = golden();
    let x: Array2<f32> = npz.by_name("x").unwrap();
    for (name, metric) in metrics() {
        let knn: Array2<i32> = npz.by_name(&format!("{name}.knn")).unwrap();
        let dist: Array2<f32> = npz.by_name(&format!("{name}.dist")).unwrap();
        let found = neighbors::exact(x.view(), 14, metric, &Silent).unwrap();
        assert_eq!(found.indices.mapv(|i| i as i32), knn.slice(s![.., 1..]), "{name}");
        for (ours, theirs) in found.distances.iter().zip(dist.slice(s![.., 1..])) {
            // The reference's distances are rounded to float32 on the way.
            assert!((ours - theirs).abs() <= 1e-6 * theirs + 4e-7, "{name}: {ours} {theirs}");
        }
    }
}

#[test]
fn the_graph_is_that_of_the_reference() {
    let mut npz = golden();
    for (name, _) in metrics() {
        let knn: Array2<i32> = npz.by_name(&format!("{name}.knn")).unwrap();
        let dist: Array2<f32> = npz.by_name(&format!("{name}.dist")).unwrap();
        let neighbors = Neighbors {
            indices: knn.slice(s![.., 1..]).mapv(|i| i as u32),
            distances: dist.slice(s![.., 1..]).to_owned(),
        };
        let sigma: Array1<f32> = npz.by_name(&format!("{name}.sigma")).unwrap();
        let rho: Array1<f32> = npz.by_name(&format!("{name}.rho")).unwrap();
        for (i, scale) in neighborhoods(&neighbors).iter().enumerate() {
            assert_eq!(scale.nearest, rho[i], "{name} row {i}");
            assert!((scale.bandwidth / sigma[i] - 1.0).abs() < 1e-5, "{name} row {i}");
        }
        compare(&FuzzyGraph::new(&neighbors), &mut npz, name, 1e-5);
    }
}

#[test]
fn the_graph_of_our_own_neighbours_is_that_of_the_reference() {
    let mut npz = golden();
    let x: Array2<f32> = npz.by_name("x").unwrap();
    for (name, metric) in metrics() {
        let neighbors = neighbors::exact(x.view(), 14, metric, &Silent).unwrap();
        // Its cosine distances are some 1e-7 off, against bandwidths of 0.015.
        let tolerance = if metric == Metric::Cosine { 5e-5 } else { 1e-5 };
        compare(&FuzzyGraph::new(&neighbors), &mut npz, name, tolerance);
    }
}

fn compare(graph: &FuzzyGraph, npz: &mut NpzReader<File>, name: &str, tolerance: f32) {
    let row: Array1<i32> = npz.by_name(&format!("{name}.row")).unwrap();
    let col: Array1<i32> = npz.by_name(&format!("{name}.col")).unwrap();
    let weight: Array1<f32> = npz.by_name(&format!("{name}.weight")).unwrap();
    let ours: Vec<(i32, i32, f32)> = (0..graph.len())
        .flat_map(|i| graph.edges(i).map(move |(j, w)| (i as i32, j as i32, w)))
        .collect();
    assert_eq!(ours.len(), weight.len(), "{name}");
    let mut worst = 0.0_f32;
    for (k, &(i, j, w)) in ours.iter().enumerate() {
        assert_eq!((i, j), (row[k], col[k]), "{name}");
        worst = worst.max((w - weight[k]).abs());
    }
    assert!(worst <= tolerance, "{name}: the weights differ by up to {worst}");
}

#[test]
fn the_curve_is_that_of_the_reference() {
    let mut npz = golden();
    for (key, min_dist, spread) in
        [("ab.0.1.1.0", 0.1, 1.0), ("ab.0.0.1.0", 0.0, 1.0), ("ab.0.5.1.5", 0.5, 1.5)]
    {
        let ab: Array1<f64> = npz.by_name(key).unwrap();
        let curve = Curve::fit(min_dist, spread);
        assert!((curve.a - ab[0]).abs() < 1e-5, "{key}: {curve:?} {ab}");
        assert!((curve.b - ab[1]).abs() < 1e-5, "{key}: {curve:?} {ab}");
    }
}

// umap-learn 0.5.12 reaches 0.9766 to 0.9772 (seeds 0 to 2) on the same vectors.
#[test]
fn the_map_is_as_trustworthy_as_the_reference() {
    let x: Array2<f32> = golden().by_name("x").unwrap();
    for start in [Start::Spectral, Start::Pca] {
        let params = UmapParams { start, ..UmapParams::default() };
        let map = umap::fit(x.view(), &params, &Silent).unwrap();
        let trust = trustworthiness(x.view(), map.view(), 15, Metric::Cosine).unwrap();
        assert!(trust > 0.9755, "{start:?}: {trust}");
    }
}

#[test]
fn a_ring_stays_a_ring_by_its_eigenvectors() {
    // A connected graph whose two leading eigenvectors are the coordinates of the ring.
    let n = 200;
    let angle = |i: usize| i as f32 / n as f32 * std::f32::consts::TAU;
    let x = Array2::from_shape_fn(
        (n, 2),
        |(i, j)| if j == 0 { angle(i).cos() } else { angle(i).sin() },
    );
    let params = UmapParams { metric: Metric::Euclidean, ..UmapParams::default() };
    let map = umap::fit(x.view(), &params, &Silent).unwrap();
    let centre = map.mean_axis(ndarray::Axis(0)).unwrap();
    let turns: f32 = (0..n)
        .map(|i| {
            let (a, b) = (&map.row(i) - &centre, &map.row((i + 1) % n) - &centre);
            (a[0] * b[1] - a[1] * b[0]).atan2(a.dot(&b))
        })
        .sum();
    assert!((turns.abs() - std::f32::consts::TAU).abs() < 0.01, "{turns}");
}

#[test]
fn any_number_of_dimensions_is_laid_out() {
    let x: Array2<f32> = golden().by_name("x").unwrap();
    let mut worst: f64 = 1.0;
    for dims in [1, 3, 5, 10, 17] {
        let params = UmapParams { dims, epochs: Some(100), ..UmapParams::default() };
        let map = umap::fit(x.view(), &params, &Silent).unwrap();
        assert_eq!(map.dim(), (400, dims));
        let trust = trustworthiness(x.view(), map.view(), 15, Metric::Cosine).unwrap();
        worst = worst.min(trust);
        assert!(dims < 3 || trust > 0.975, "{dims}: {trust}");
    }
    assert!(worst > 0.9, "{worst}");
}

#[test]
fn new_rows_find_their_place_among_their_neighbours() {
    let x: Array2<f32> = golden().by_name("x").unwrap();
    let (old, new) = (x.slice(s![..300, ..]), x.slice(s![300.., ..]));
    let umap = Umap::fit(old, &UmapParams::default(), &Silent).unwrap();
    let placed = umap.transform(new).unwrap();
    assert_eq!(placed.dim(), (100, 2));
    assert_eq!(placed, umap.transform(new).unwrap());
    // A row's place does not depend on the others.
    assert_eq!(placed.slice(s![40.., ..]), umap.transform(new.slice(s![40.., ..])).unwrap());
    let whole = ndarray::concatenate![ndarray::Axis(0), umap.map(), placed];
    let trust = trustworthiness(x.view(), whole.view(), 15, Metric::Cosine).unwrap();
    println!("trustworthiness with a quarter of new rows: {trust}");
    assert!(trust > 0.96, "{trust}");
    // Old rows stay where they are, those that differ by a hair about there.
    assert_eq!(umap.transform(old).unwrap(), umap.map());
    let again = umap.transform(old.mapv(|v| v * 1.0001).view()).unwrap();
    let moved = (&again - &umap.map()).mapv(|v| v * v).sum_axis(ndarray::Axis(1));
    let near = moved.iter().filter(|&&d2| d2 < 1.0).count();
    assert!(near > 270, "{near}");
    assert!(umap.transform(Array2::zeros((1, 3)).view()).is_err());
}
