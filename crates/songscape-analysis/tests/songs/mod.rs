//! Song-like vectors for tests: groups on a curved manifold, with a year and an artist.
#![allow(dead_code)]

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub struct Songs {
    pub x: Array2<f32>,
    pub styles: Vec<i32>,
    pub years: Vec<Option<i32>>,
    pub artists: Vec<String>,
}

/// `n` songs of `styles` styles with `d` columns.
pub fn songs(n: usize, d: usize, styles: usize, seed: u64) -> Songs {
    const LATENT: usize = 5;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = move || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let mut matrix = |rows, columns, scale: f64| {
        Array2::from_shape_simple_fn((rows, columns), || scale * normal())
    };
    let centres = matrix(styles, LATENT, 2.0);
    let first = matrix(LATENT, 24, 0.5);
    let second = matrix(24, d, 0.2);
    let mut latent = matrix(n, LATENT, 0.4);
    let noise = matrix(n, d, 0.05);
    let year_noise = matrix(n, 1, 2.0);
    let style = |i: usize| (i * 7 + i / styles) % styles;
    for (i, mut row) in latent.rows_mut().into_iter().enumerate() {
        row += &centres.row(style(i));
    }
    let years = (0..n)
        .map(|i| {
            let year = 1990.0 + 8.0 * latent[[i, 0]] + 4.0 * latent[[i, 1]] + year_noise[[i, 0]];
            (i % 50 != 49).then_some(year.round().clamp(1960.0, 2020.0) as i32)
        })
        .collect();
    Songs {
        x: (latent.dot(&first).mapv(f64::tanh).dot(&second) + noise).mapv(|v| v as f32),
        styles: (0..n).map(|i| style(i) as i32).collect(),
        years,
        artists: (0..n).map(|i| format!("artist {}", i % (n / 4).max(6))).collect(),
    }
}

/// Runs with so many threads.
pub fn with_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}
