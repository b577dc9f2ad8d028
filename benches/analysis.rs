//! Neighbours, the map, clusters and boosting on song-like vectors: points on a curved surface of
//! eight dimensions among 128, in 17 groups.

#![allow(missing_docs)] // of what the macros of criterion make

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use songscape_analysis::boosting::{Booster, BoosterParams};
use songscape_analysis::hdbscan::{self, HdbscanParams};
use songscape_analysis::neighbors::{self, Metric};
use songscape_analysis::umap::{self, UmapParams};
use songscape_project::Silent;

const LATENT: usize = 8;

/// Numbers around 0, nearly normal.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        let mut uniform = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
        };
        (0..6).map(|_| uniform()).sum::<f64>() - 3.0
    }

    fn matrix(&mut self, rows: usize, columns: usize, scale: f64) -> Array2<f64> {
        Array2::from_shape_simple_fn((rows, columns), || scale * self.next())
    }
}

fn latent(n: usize) -> Array2<f64> {
    let mut noise = Noise(12_345);
    let centres = noise.matrix(17, LATENT, 3.0);
    let mut points = noise.matrix(n, LATENT, 0.6);
    for (i, mut row) in points.rows_mut().into_iter().enumerate() {
        row += &centres.row(i % 17);
    }
    points
}

fn songs(n: usize, columns: usize) -> Array2<f32> {
    let mut noise = Noise(99);
    let first = noise.matrix(LATENT, 64, 0.5);
    let second = noise.matrix(64, columns, 0.18);
    let bent = latent(n).dot(&first).mapv(f64::tanh).dot(&second);
    (bent + noise.matrix(n, columns, 0.05)).mapv(|v| v as f32)
}

fn settle(group: &mut criterion::BenchmarkGroup<criterion::measurement::WallTime>) {
    group.sample_size(10).warm_up_time(Duration::from_millis(100));
    group.measurement_time(Duration::from_secs(5));
}

fn nearest(c: &mut Criterion) {
    let mut group = c.benchmark_group("neighbors");
    settle(&mut group);
    for n in [5_000, 20_000] {
        let x = songs(n, 128);
        group.bench_function(BenchmarkId::new("exact", n), |b| {
            b.iter(|| {
                neighbors::exact(x.view(), 14, Metric::Cosine, &Silent).expect("finite rows")
            });
        });
        group.bench_function(BenchmarkId::new("descent", n), |b| {
            b.iter(|| {
                neighbors::descent(x.view(), 14, Metric::Cosine, 0, &Silent).expect("finite rows")
            });
        });
    }
    group.finish();
}

fn map(c: &mut Criterion) {
    let mut group = c.benchmark_group("umap");
    settle(&mut group);
    let x = songs(5_000, 128);
    let near = neighbors::exact(x.view(), 14, Metric::Cosine, &Silent).expect("finite rows");
    for (name, params) in
        [("2 dims", UmapParams::default()), ("10 dims", UmapParams::for_clustering())]
    {
        group.bench_function(BenchmarkId::new(name, 5_000), |b| {
            let map = || umap::fit_neighbors(x.view(), &near, &params, &Silent);
            b.iter(|| map().expect("neighbours of the rows"));
        });
    }
    group.finish();
}

fn clusters(c: &mut Criterion) {
    let mut group = c.benchmark_group("hdbscan");
    settle(&mut group);
    let wide = songs(5_000, 512).mapv(f64::from);
    let points = latent(50_000);
    let flat = points.slice(ndarray::s![.., ..2]);
    for (name, x) in
        [("50000 x 2", flat), ("50000 x 8", points.view()), ("5000 x 512", wide.view())]
    {
        group.bench_function(name, |b| {
            b.iter(|| hdbscan::fit(x, &HdbscanParams::default()).expect("finite rows"));
        });
    }
    group.finish();
}

fn boosting(c: &mut Criterion) {
    let mut group = c.benchmark_group("boosting");
    settle(&mut group);
    let x = songs(5_000, 512);
    let years: Vec<f32> = latent(5_000).rows().into_iter().map(|row| row[0] as f32).collect();
    let params = BoosterParams { trees: 50, ..BoosterParams::default() };
    group.bench_function("5000 x 512, 50 trees", |b| {
        b.iter(|| Booster::fit(x.view(), &years, None, &params).expect("finite rows"));
    });
    group.finish();
}

criterion_group!(benches, nearest, map, clusters, boosting);
criterion_main!(benches);
