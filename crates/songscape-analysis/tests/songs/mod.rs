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

/// `n` songs of 17 groups of different sizes, shapes and densities on a curved surface of eight dimensions,
/// among `d` columns (at least 64), rows of length 1; three in a hundred are strays from all over the
/// space (style −1). The groups are the same for every `n` and `seed`.
pub fn songs_and_strays(n: usize, d: usize, seed: u64) -> Songs {
    const GROUPS: usize = 17;
    const LATENT: usize = 8;
    let mut world = Normal(ChaCha8Rng::seed_from_u64(12_345));
    let centres = world.matrix(GROUPS, LATENT, 2.2);
    let shapes: Vec<Array2<f64>> = (0..GROUPS)
        .map(|_| {
            let size = world.0.random_range(0.25..0.7);
            let turn = world.matrix(LATENT, LATENT, 1.0 / (LATENT as f64).sqrt());
            Array2::from_shape_fn((LATENT, LATENT), |(i, j)| {
                size * 0.35_f64.powf(i as f64 / 7.0) * turn[[i, j]]
            })
        })
        .collect();
    let weights: Vec<f64> = (0..GROUPS).map(|_| world.0.random_range(0.15..1.0)).collect();
    let first = world.matrix(LATENT, 64, 1.1 / (LATENT as f64).sqrt());
    let offset = world.matrix(1, 64, 0.5);
    let second = world.matrix(64, d, 0.125);
    let to_year = world.matrix(LATENT, 1, 0.35);

    let mut own = Normal(ChaCha8Rng::seed_from_u64(seed));
    let total: f64 = weights.iter().sum();
    let mut styles = Vec::with_capacity(n);
    let mut latent = Array2::zeros((n, LATENT));
    for mut row in latent.rows_mut() {
        let mut at = own.0.random::<f64>() * total;
        let group = weights.iter().position(|w| {
            at -= w;
            at < 0.0
        });
        let group = group.unwrap_or(GROUPS - 1);
        let stray = own.0.random::<f64>() < 0.03;
        if stray {
            row.mapv_inplace(|_: f64| own.0.random_range(-5.5..5.5));
        } else {
            row.assign(&(own.matrix(1, LATENT, 1.0).dot(&shapes[group]).row(0)));
            row += &centres.row(group);
        }
        styles.push(if stray { -1 } else { group as i32 });
    }
    let mut x = (latent.dot(&first) + &offset).mapv(f64::tanh).dot(&second);
    x += &own.matrix(n, d, 0.8 / (d as f64).sqrt());
    for mut row in x.rows_mut() {
        let length = row.dot(&row).sqrt();
        row /= length;
    }
    let years = latent
        .dot(&to_year)
        .iter()
        .map(|s| {
            Some((1990.0 + 30.0 * s.tanh() + 2.5 * own.next()).round().clamp(1960.0, 2020.0) as i32)
        })
        .collect();
    Songs {
        x: x.mapv(|v| v as f32),
        styles,
        years,
        artists: (0..n).map(|i| format!("artist {}", i % (n / 8).max(6))).collect(),
    }
}

/// Nearly normal numbers.
pub struct Normal(pub ChaCha8Rng);

impl Normal {
    pub fn next(&mut self) -> f64 {
        (0..12).map(|_| self.0.random::<f64>()).sum::<f64>() - 6.0
    }

    pub fn matrix(&mut self, rows: usize, columns: usize, scale: f64) -> Array2<f64> {
        Array2::from_shape_simple_fn((rows, columns), || scale * self.next())
    }
}

/// Runs with so many threads.
pub fn with_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}
