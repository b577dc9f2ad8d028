//! Planted strays are found by their vectors.

use songscape_analysis::music::clusters::{ClusterParams, cluster_near};
use songscape_analysis::neighbors::{self, Metric};
use songscape_analysis::outliers;
use songscape_project::Silent;

use crate::songs::{Songs, songs_and_strays};

/// The share of pairs of a stray and another song in which the stray has the higher score.
fn auc(scores: &[f64], songs: &Songs) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut lower, mut pairs) = (0.0, 0.0);
    // Equal scores count half.
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let strays = tied.iter().filter(|&&row| songs.styles[row] < 0).count() as f64;
        let others = tied.len() as f64 - strays;
        pairs += strays * (lower + others / 2.0);
        lower += others;
    }
    pairs / lower / (scores.len() as f64 - lower)
}

#[test]
fn planted_strays_have_the_highest_scores() {
    let songs = songs_and_strays(3000, 64, 5);
    let near = neighbors::nearest(songs.x.view(), 14, Metric::Cosine, 1, &Silent).unwrap();
    let found = outliers::scores(&near).unwrap();
    let auc = auc(&found, &songs);
    assert!(auc >= 0.99, "{auc}");
    // The threshold that the documentation names.
    let above = |stray: bool| {
        let of = (0..3000).filter(|&row| (songs.styles[row] < 0) == stray);
        let of: Vec<f64> = of.map(|row| f64::from(u8::from(found[row] > 8.0))).collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    assert!(above(true) > 0.9 && above(false) < 0.02, "{} {}", above(true), above(false));
}

#[test]
#[ignore = "a measurement"]
fn measure_strays_among_50000() {
    let songs = songs_and_strays(50_000, 512, 7);
    let near = neighbors::nearest(songs.x.view(), 14, Metric::Cosine, 1, &Silent).unwrap();
    let params = ClusterParams::for_songs(50_000, 1);
    let found = cluster_near(songs.x.view(), Some(&near), None, &params, &Silent).unwrap();
    let unlikely: Vec<f64> = found.clusters.probabilities().iter().map(|p| 1.0 - p).collect();
    println!("{} strays", songs.styles.iter().filter(|style| **style < 0).count());
    for (name, scores) in [
        ("outliers::scores", outliers::scores(&near).unwrap()),
        ("GLOSH on the UMAP", found.clusters.glosh().to_vec()),
        ("1 − probability", unlikely),
    ] {
        println!("{name}: AUC {:.4}", auc(&scores, &songs));
    }
}
