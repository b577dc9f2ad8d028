//! A made-up analysis that looks like a real one: styles as bent clouds that overlap, each with its
//! time, some songs in no cluster, predictions that shrink to the middle.

#![allow(dead_code)]

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use songscape_report::{ReportInput, RetrievalScore, Scores, SongRow, YearScore};

fn gauss(rng: &mut impl Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random_range(f64::EPSILON..1.0), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// `songs` songs of `clusters` clusters with years from `first` to `last`.
pub fn sample(songs: usize, clusters: i32, (first, last): (i32, i32)) -> ReportInput {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let span = f64::from(last - first).max(1.0);
    let middle = f64::from(first + last) / 2.0;
    let styles: Vec<[f64; 5]> = (0..clusters.max(1))
        .map(|_| {
            let angle = rng.random_range(0.0..std::f64::consts::TAU);
            let far = rng.random_range(1.0f64..9.0);
            let time = f64::from(first) + span * rng.random::<f64>();
            let spread = rng.random_range(0.35..1.1);
            [far * angle.cos(), far * angle.sin() * 0.8, time, spread, rng.random_range(0.0..3.0)]
        })
        .collect();
    let rows: Vec<SongRow> = (0..songs)
        .map(|i| {
            let style = rng.random_range(0..styles.len());
            let [x, y, time, spread, turn] = styles[style];
            let bend = gauss(&mut rng);
            let place = [
                x + spread * bend,
                y + spread * (0.5 * gauss(&mut rng) + 0.4 * bend * bend * turn.cos()),
            ];
            let year =
                (time + span * 0.16 * gauss(&mut rng)).round().clamp(first.into(), last.into());
            let sounds = middle + 0.72 * (year - middle) + span * 0.09 * gauss(&mut rng);
            let cluster =
                if rng.random::<f64>() < 0.25 || clusters == 0 { -1 } else { style as i32 };
            SongRow {
                id: format!("song-{i:05}"),
                title: format!("Number {i}"),
                artist: format!("Artist {}", style * 5 + i % 5),
                year: Some(year as i32),
                audio: Some(format!("../audio/{i:05}.wav")),
                image: Some(format!("../spectrograms/song-{i:05}.png")),
                map: place.map(|v| v as f32),
                cluster,
                probability: if cluster < 0 { 0.0 } else { rng.random_range(0.4..1.0) },
                predicted: Some(sounds),
                extra: vec![["waltz", "march", "swing", "rock"][style % 4].into()],
            }
        })
        .collect();
    let year = |name: &str, mae| YearScore { name: name.into(), mae };
    let found = |name: &str, one, ten| RetrievalScore {
        name: name.into(),
        recall_at_1: one,
        recall_at_10: ten,
    };
    ReportInput {
        title: "A made-up library".into(),
        columns: vec!["genre".into()],
        representatives: (0..clusters)
            .map(|c| (c, (0..songs).filter(|&i| rows[i].cluster == c).take(10).collect()))
            .collect(),
        neighbours: (0..songs)
            .map(|i| (1..=10).map(|k| ((i + k * 7) % songs) as u32).collect())
            .collect(),
        songs: rows,
        scores: Scores {
            year_mae: vec![
                year(Scores::TRAINED, 6.2),
                year("constant", 15.2),
                year("row statistics", 7.9),
                year("untrained encoder", 8.4),
            ],
            retrieval: vec![
                found(Scores::TRAINED, 0.912, 0.981),
                found("row statistics", 0.704, 0.883),
                found("untrained encoder", 0.655, 0.86),
            ],
        },
        history: (0..1500)
            .map(|i| (i * 10, 1.2 + 3.0 * (-(i as f64) / 300.0).exp() + 0.12 * gauss(&mut rng)))
            .collect(),
        frequencies: Some((30.0, 12_000.0)),
    }
}
