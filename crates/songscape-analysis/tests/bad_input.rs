//! Bad input gives a typed error or a documented result; nothing hangs or panics.
#![allow(clippy::unwrap_used)]

use ndarray::{Array2, array};
use songscape_analysis::Error;
use songscape_analysis::boosting::{Booster, BoosterParams, Loss};
use songscape_analysis::hdbscan::{self, HdbscanParams};
use songscape_analysis::neighbors::{self, Metric};
use songscape_analysis::umap::{self, UmapParams};
use songscape_project::{Progress, Silent};

fn ramp(n: usize, d: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, d), |(i, j)| ((i * (13 + j)) % 101) as f32 + j as f32)
}

#[test]
fn values_that_are_not_finite_are_named() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut x = ramp(40, 4);
        x[[7, 2]] = bad;
        let at_place = |e: Error| matches!(e, Error::NotFinite { row: 7, column: 2, .. });
        assert!(at_place(neighbors::exact(x.view(), 3, Metric::Cosine, &Silent).unwrap_err()));
        assert!(at_place(umap::fit(x.view(), &UmapParams::default(), &Silent).unwrap_err()));
        let x = x.mapv(f64::from);
        assert!(at_place(hdbscan::fit(x.view(), &HdbscanParams::default()).unwrap_err()));
    }
    let mut x = ramp(40, 4);
    let y = vec![1.0; 40];
    x[[7, 2]] = f32::INFINITY;
    let error = Booster::fit(x.view(), &y, None, &BoosterParams::default()).unwrap_err();
    assert!(matches!(error, Error::NotFinite { row: 7, column: 2, .. }));
}

#[test]
fn too_few_rows_are_refused_or_reduced() {
    let x = ramp(8, 4);
    let error = umap::fit(x.view(), &UmapParams::default(), &Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a map of 2 dims with 15 neighbors needs at least 15 rows, got 8"
    );
    let reduced = UmapParams::default().reduced_for(8);
    assert_eq!(umap::fit(x.view(), &reduced, &Silent).unwrap().dim(), (8, 2));
    let few = umap::fit(ramp(3, 4).view(), &UmapParams::default().reduced_for(3), &Silent);
    assert_eq!(few.unwrap().dim(), (3, 1));
    let one = array![[1.0, 2.0]];
    assert!(hdbscan::fit(one.view(), &HdbscanParams::default()).is_err());
    let none = Array2::<f64>::zeros((0, 3));
    assert!(hdbscan::fit(none.view(), &HdbscanParams::default()).is_err());
    assert!(hdbscan::fit(Array2::zeros((5, 0)).view(), &HdbscanParams::default()).is_err());
    // Fewer rows than a cluster needs are noise.
    let clusters =
        hdbscan::fit(ramp(8, 4).mapv(f64::from).view(), &HdbscanParams::default()).unwrap();
    assert_eq!((clusters.count(), clusters.noise()), (0, 8));
}

#[test]
fn equal_rows_have_a_map_and_no_clusters() {
    let x = Array2::<f32>::ones((50, 6));
    let map = umap::fit(x.view(), &UmapParams::default(), &Silent).unwrap();
    assert!(map.iter().all(|v| v.is_finite()));
    let params = HdbscanParams { min_cluster_size: 5, ..HdbscanParams::default() };
    let clusters = hdbscan::fit(x.mapv(f64::from).view(), &params).unwrap();
    assert_eq!((clusters.count(), clusters.noise()), (0, 50));
    assert!(clusters.glosh().iter().all(|s| *s == 0.0));
    let single = HdbscanParams { allow_single_cluster: true, ..params };
    let clusters = hdbscan::fit(x.mapv(f64::from).view(), &single).unwrap();
    assert_eq!((clusters.count(), clusters.noise()), (1, 0));
}

#[test]
fn groups_of_equal_rows_are_clusters() {
    let x = Array2::<f64>::from_shape_fn((60, 2), |(i, j)| (i / 20 * 10 + j) as f64);
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let params = HdbscanParams {
            min_cluster_size: 5,
            min_samples: 3,
            metric,
            ..HdbscanParams::default()
        };
        let clusters = hdbscan::fit(x.view(), &params).unwrap();
        assert_eq!((clusters.count(), clusters.noise()), (3, 0));
        assert!(clusters.probabilities().iter().all(|p| *p == 1.0));
        assert!(clusters.persistence().iter().all(|p| p.is_finite()));
    }
}

#[test]
fn rows_of_zeros_and_huge_values_are_mapped() {
    let mut x = ramp(40, 4);
    x.row_mut(3).fill(0.0);
    x.row_mut(4).fill(0.0);
    x.row_mut(5).mapv_inplace(|v| v * 1e30);
    for metric in [Metric::Cosine, Metric::Euclidean, Metric::Manhattan] {
        let params = UmapParams { metric, ..UmapParams::default() };
        let map = umap::fit(x.view(), &params, &Silent).unwrap();
        assert!(map.iter().all(|v| v.is_finite()), "{metric:?}");
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let x = ramp(40, 4);
    for (name, params) in [
        ("neighbors", UmapParams { neighbors: 1, ..UmapParams::default() }),
        ("dims", UmapParams { dims: 0, ..UmapParams::default() }),
        ("dims", UmapParams { dims: 65, ..UmapParams::default() }),
        ("min_dist", UmapParams { min_dist: -0.1, ..UmapParams::default() }),
        ("min_dist", UmapParams { min_dist: f64::NAN, ..UmapParams::default() }),
        ("spread", UmapParams { spread: 0.0, ..UmapParams::default() }),
        ("epochs", UmapParams { epochs: Some(0), ..UmapParams::default() }),
    ] {
        let error = umap::fit(x.view(), &params, &Silent).unwrap_err();
        assert!(matches!(&error, Error::Parameter { field, .. } if *field == name), "{error}");
    }
    let wide = x.mapv(f64::from);
    for (name, params) in [
        ("min_cluster_size", HdbscanParams { min_cluster_size: 1, ..HdbscanParams::default() }),
        ("min_samples", HdbscanParams { min_samples: 0, ..HdbscanParams::default() }),
        ("epsilon", HdbscanParams { epsilon: f64::NAN, ..HdbscanParams::default() }),
    ] {
        let error = hdbscan::fit(wide.view(), &params).unwrap_err();
        assert!(matches!(&error, Error::Parameter { field, .. } if *field == name), "{error}");
    }
    let y = vec![1.0; 40];
    for (name, params) in [
        ("trees", BoosterParams { trees: 0, ..BoosterParams::default() }),
        ("learning_rate", BoosterParams { learning_rate: 0.0, ..BoosterParams::default() }),
        ("leaves", BoosterParams { leaves: 1, ..BoosterParams::default() }),
        ("depth", BoosterParams { depth: Some(0), ..BoosterParams::default() }),
        ("min_child_rows", BoosterParams { min_child_rows: 0, ..BoosterParams::default() }),
        ("min_child_weight", BoosterParams { min_child_weight: -1.0, ..BoosterParams::default() }),
        ("l1", BoosterParams { l1: f64::NAN, ..BoosterParams::default() }),
        ("l2", BoosterParams { l2: -1.0, ..BoosterParams::default() }),
        ("row_share", BoosterParams { row_share: 1.1, ..BoosterParams::default() }),
        ("column_share", BoosterParams { column_share: 0.0, ..BoosterParams::default() }),
        ("bins", BoosterParams { bins: 257, ..BoosterParams::default() }),
        ("quantile", BoosterParams { loss: Loss::Quantile(1.0), ..BoosterParams::default() }),
    ] {
        let error = Booster::fit(x.view(), &y, None, &params).unwrap_err();
        assert!(matches!(&error, Error::Parameter { field, .. } if *field == name), "{error}");
    }
}

struct Impatient;
impl Progress for Impatient {
    fn interrupted(&self) -> bool {
        true
    }
}

#[test]
fn an_interruption_ends_every_long_search() {
    let interrupted = |e: Error| matches!(e, Error::Interrupted { .. });
    let x = ramp(400, 40);
    let (wide, years) = (x.mapv(f64::from), vec![1.0; 400]);
    assert!(interrupted(umap::fit(x.view(), &UmapParams::default(), &Impatient).unwrap_err()));
    let metric = Metric::Cosine;
    assert!(interrupted(neighbors::exact(x.view(), 3, metric, &Impatient).unwrap_err()));
    assert!(interrupted(neighbors::descent(x.view(), 3, metric, 0, &Impatient).unwrap_err()));
    let params = HdbscanParams::default();
    for points in [wide.view(), wide.slice(ndarray::s![.., ..2])] {
        let error = hdbscan::fit_interruptible(points, &params, &Impatient).unwrap_err();
        assert!(interrupted(error));
    }
    let params = BoosterParams::default();
    let fit = Booster::fit_interruptible(x.view(), &years, None, &params, &Impatient);
    assert!(interrupted(fit.unwrap_err()));
}
