//! Clusters in noise are flagged, groups are not.

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use songscape_analysis::music::clusters::{ClusterParams, cluster};
use songscape_analysis::music::stability::{Stability, StabilityParams, stability};
use songscape_project::Silent;

use crate::songs::{Normal, songs, songs_and_strays};

/// Clusters of vectors, made again.
fn again(x: &Array2<f32>, seed: u64) -> (usize, Stability) {
    let params = ClusterParams::for_songs(x.nrows(), seed);
    let found = cluster(x.view(), None, &params, &Silent).unwrap();
    let again = StabilityParams { seed, ..StabilityParams::default() };
    let again = stability(x.view(), &found, &params, &again, &Silent).unwrap();
    (found.clusters.count(), again)
}

/// One cloud without groups.
fn noise(kind: &str, n: usize, d: usize, seed: u64) -> Array2<f32> {
    let mut normal = Normal(ChaCha8Rng::seed_from_u64(seed));
    let x = match kind {
        "gaussian" => normal.matrix(n, d, 1.0),
        "uniform" => Array2::from_shape_simple_fn((n, d), || normal.0.random_range(-1.0..1.0)),
        // As the components of real vectors: each varies less than the one before.
        "fading" => Array2::from_shape_fn((n, d), |(_, j)| normal.next() * 0.9_f64.powi(j as i32)),
        // A curved surface of five dimensions, evenly filled.
        _ => {
            let latent = normal.matrix(n, 5, 1.0);
            let first = normal.matrix(5, 24, 0.5);
            let second = normal.matrix(24, d, 0.2);
            latent.dot(&first).mapv(f64::tanh).dot(&second) + normal.matrix(n, d, 0.05)
        }
    };
    x.mapv(|v| v as f32)
}

#[test]
fn clusters_of_noise_are_flagged_and_groups_are_not() {
    let (count, found) = again(&noise("gaussian", 1000, 32, 1), 1);
    assert!(count == 0 || found.may_be_accidents(), "{count} {found:?}");
    let (count, found) = again(&songs_and_strays(1000, 64, 1).x, 1);
    assert!(count > 5 && !found.may_be_accidents(), "{count} {found:?}");
}

#[test]
#[ignore = "a measurement"]
fn measure_stability() {
    let sets: u64 = std::env::var("SETS").map_or(10, |sets| sets.parse().unwrap());
    let sizes =
        std::env::var("SONGS").map_or(vec![240, 1000, 3000], |songs| vec![songs.parse().unwrap()]);
    let report = |name: &str, of: &dyn Fn(usize, u64) -> Array2<f32>| {
        for &n in &sizes {
            let mut found = Vec::new();
            for seed in 0..sets {
                let (count, again) = again(&of(n, seed), seed);
                let mean = again.jaccard.iter().sum::<f64>() / count.max(1) as f64;
                found.push((count, again.ari, mean));
            }
            let flagged = found.iter().filter(|f| f.0 == 0 || f.1 < Stability::BOUND).count();
            let text: Vec<String> =
                found.iter().map(|f| format!("{}:{:.2}/{:.2}", f.0, f.1, f.2)).collect();
            println!("{name} {n}: {flagged} of {sets} flagged; {}", text.join(" "));
        }
    };
    for kind in ["gaussian", "uniform", "fading", "surface"] {
        report(&format!("noise, {kind}"), &|n, seed| noise(kind, n, 64, seed));
    }
    report("songs of 4 styles", &|n, seed| songs(n, 64, 4, seed).x);
    report("songs of 8 styles", &|n, seed| songs(n, 64, 8, seed).x);
    report("songs of 17 groups", &|n, seed| songs_and_strays(n, 64, seed).x);
}
