//! A made-up analysis that looks like a real one: styles as bent clouds that overlap, each with its
//! time, some songs unclustered, predictions that shrink to the middle.

#![allow(dead_code)]

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use songscape_analysis::hdbscan::HdbscanParams;
use songscape_analysis::music::clusters::ClusterOn;
use songscape_analysis::music::stability::Stability;
use songscape_analysis::music::tables::{ClusterTree, TreeRow};
use songscape_analysis::music::years::{DecadeScore, YearParams};
use songscape_analysis::study::{
    ClusterScores, MapScores, RetrievalScore, Scores, YearScore, YearScores,
};
use songscape_analysis::umap::UmapParams;
use songscape_report::{
    HistoryStep, MeanSpectrum, MethodStage, Methods, ReportInput, SongFlow, SongRow, Spectrogram,
};

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
                group: if cluster < 0 { -1 } else { cluster % 4 },
                probability: if cluster < 0 { 0.0 } else { rng.random_range(0.4..1.0) },
                outlier: Some(rng.random_range(0.3..4.0)),
                predicted: Some(sounds),
                interval: Some((sounds - 12.0, sounds + 12.0)),
                extra: vec![["waltz", "march", "swing", "rock"][style % 4].into()],
            }
        })
        .collect();
    let labels: Vec<i32> = rows.iter().map(|song| song.cluster).collect();
    let levels = (0..songs).map(|i| {
        let style = f64::from(labels[i].max(0));
        let bump = |row: f64| 14.0 * (-((row - 40.0 - 9.0 * (style % 17.0)) / 30.0).powi(2)).exp();
        (0..256).map(|row| -48.0 + 0.08 * f64::from(row) + bump(f64::from(row))).collect()
    });
    let spectra = MeanSpectrum::of_clusters(&labels, levels).unwrap();
    let tree = tree(&labels, &mut rng);
    ReportInput {
        title: "A made-up library".into(),
        columns: vec!["genre".into()],
        representatives: (0..clusters)
            .map(|c| (c, (0..songs).filter(|&i| rows[i].cluster == c).take(10).collect()))
            .collect(),
        neighbors: (0..songs)
            .map(|i| (1..=10).map(|k| ((i + k * 7) % songs) as u32).collect())
            .collect(),
        songs: rows,
        scores: Some(scores(songs)),
        history: (0..1500)
            .map(|i| HistoryStep {
                step: i * 10,
                loss: 1.2 + 3.0 * (-(i as f64) / 300.0).exp() + 0.12 * gauss(&mut rng),
                accuracy: Some(0.9 - 0.8 * (-(i as f64) / 400.0).exp()),
                learning_rate: Some(5e-4 * (i as f64 / 1500.0 * 1.57).cos()),
            })
            .collect(),
        frequencies: Some((30.0, 12_000.0)),
        columns_per_second: Some(200.0),
        spectrogram: (songs > 0).then(|| Spectrogram {
            song: 0,
            pixels: glissando(6000, 256),
            rows: 256,
            range_db: 60.0,
        }),
        spectra,
        tree: Some(tree),
        methods: methods(songs),
    }
}

/// The scores of an encoder that beats its baselines.
pub fn scores(songs: usize) -> Scores {
    let decade =
        |decade| DecadeScore { decade, songs: 40, bias: 0.5, mae: 6.0, coverage: Some(0.8) };
    let year =
        |name: &str, mae| YearScore { name: name.into(), mae, r2: 0.5, ..YearScore::default() };
    let found = |name: &str, recall_1, recall_10| RetrievalScore {
        name: name.into(),
        recall_1,
        recall_10,
        ..RetrievalScore::default()
    };
    Scores {
        songs,
        map: Some(MapScores {
            params: UmapParams::default(),
            trustworthiness: Some(0.934),
            trustworthiness_rows: songs.min(5000),
            global_structure: Some(0.61),
        }),
        clusters: Some(ClusterScores {
            on: ClusterOn::Umap,
            params: HdbscanParams::default(),
            count: 2,
            unclustered: songs / 4,
            sizes: vec![songs / 2, songs / 4],
            persistence: vec![0.5, 0.1],
            validity: Some(-0.02),
            spanning_tree_weight: 1.0,
            stability: Some(Stability { runs: 5, kept: 0.8, ari: 0.71, jaccard: vec![0.9, 0.32] }),
            comparison: None,
            names: Vec::new(),
        }),
        years: Some(YearScores {
            params: YearParams::for_songs(songs, 7),
            songs,
            coverage: Some(0.8),
            interval_width: Some(24.0),
            bias: [].into(),
            decades: (196..=202).map(|tens| decade(10 * tens)).collect(),
            models: vec![
                year("trained encoder", 6.2),
                year("constant", 15.2),
                year("row statistics", 7.9),
                year("untrained encoder", 8.4),
            ],
        }),
        halves: vec![
            found("trained encoder", 0.912, 0.981),
            found("row statistics", 0.704, 0.883),
            found("untrained encoder", 0.655, 0.86),
        ],
        renditions: vec![
            found("trained encoder", 0.512, 0.781),
            found("row statistics", 0.204, 0.483),
        ],
        ..Scores::default()
    }
}

fn methods(songs: usize) -> Methods {
    let stage = |name: &str, parameters| MethodStage {
        name: name.into(),
        version: Some(1),
        software: "0.1.0".into(),
        parameters,
        inputs: [("songs".to_owned(), "c0ffee".repeat(8))].into(),
        finished: Some("2026-11-29T12:00:00Z".into()),
        ..MethodStage::default()
    };
    Methods {
        version: "0.1.0".into(),
        data_date: Some("2026-11-28".into()),
        device: Some("CPU".into()),
        songs: Some(SongFlow { found: songs + 3, shown: songs, left_out: vec![] }),
        stages: vec![
            stage("spectrograms", json!({ "rows": 256, "range_db": 60.0 })),
            stage("analysis", json!({ "seed": 7, "umap": { "neighbors": 15, "seed": 7 } })),
        ],
    }
}

/// A tone with overtones that rises and falls, `[columns, rows]`.
fn glissando(columns: usize, rows: usize) -> Vec<u8> {
    let mut pixels = vec![0; columns * rows];
    for column in 0..columns {
        let middle = 170.0 - 25.0 * (column as f64 / 600.0).sin();
        for overtone in 1..8 {
            let row = middle - f64::from(overtone).log2() * 256.0 / 400f64.log2();
            if row >= 0.0 {
                pixels[column * rows + row as usize] = 255 - 25 * overtone as u8;
            }
        }
    }
    pixels
}

/// A tree that parts the clusters in halves again and again; unclustered songs leave on the way.
fn tree(labels: &[i32], rng: &mut impl Rng) -> ClusterTree {
    let songs = labels.len();
    let mut leaves = vec![(0, 0.0); songs];
    let (mut nodes, mut rows) = (0, Vec::new());
    let mut numbers: Vec<i32> = labels.iter().copied().filter(|&l| l >= 0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut pending = vec![(None, 0.0, numbers)];
    while !pending.is_empty() {
        let (parent, birth, numbers) = pending.remove(0);
        let node = nodes;
        nodes += 1;
        let end = birth + 0.2 + rng.random::<f64>();
        let mut size = 0;
        for (song, label) in labels.iter().enumerate() {
            let stays = numbers.contains(label);
            if stays || parent.is_none() {
                size += 1;
                let last = if stays { end + 3.0 * rng.random::<f64>() } else { end };
                leaves[song] =
                    (node, birth.max(0.1) + (last - birth.max(0.1)) * rng.random::<f64>());
            }
        }
        let label = (numbers.len() == 1 && parent.is_some()).then(|| numbers[0]);
        if let Some(parent) = parent {
            let (parent, child) = (songs + parent, songs + node);
            rows.push(TreeRow { parent, child, lambda: birth, size, label });
        }
        if numbers.len() > 1 {
            let (one, two) = numbers.split_at(numbers.len() / 2);
            pending.push((Some(node), end, one.to_vec()));
            pending.push((Some(node), end, two.to_vec()));
        }
    }
    rows.extend(leaves.iter().enumerate().map(|(song, &(node, lambda))| TreeRow {
        parent: songs + node,
        child: song,
        lambda,
        size: 1,
        label: None,
    }));
    ClusterTree::from_rows(&rows, songs).expect("a tree")
}
