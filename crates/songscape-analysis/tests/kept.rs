//! Studies that were saved, and what they say of new songs.
#![allow(clippy::unwrap_used)]

mod songs;

use std::path::Path;
use std::process::Command;

use ndarray::{Array2, s};
use songscape_analysis::Error;
use songscape_analysis::hdbscan::Clusters;
use songscape_analysis::metrics::{adjusted_rand_index, mean_absolute_error, trustworthiness};
use songscape_analysis::music::clusters::ClusterOn;
use songscape_analysis::neighbors::Metric;
use songscape_analysis::study::{
    Applied, Before, Study, StudyInput, StudyParams, StudyPart, VectorSet, study_after,
    study_and_keep,
};
use songscape_analysis::umap::{Umap, UmapParams};
use songscape_analysis::vectors::{read_npy, write_npy};
use songscape_project::{Silent, Song, SongTable};

/// Songs of a study, and songs that come later.
struct Library {
    vectors: VectorSet,
    table: SongTable,
    new: Array2<f32>,
    new_styles: Vec<i32>,
    new_years: Vec<Option<i32>>,
    styles: Vec<i32>,
}

impl Library {
    fn new(old: usize, new: usize) -> Self {
        let all = songs::songs(old + new, 24, 6, 5);
        let song = |i: usize| Song {
            title: format!("song {i}"),
            artist: all.artists[i].clone(),
            year: all.years[i],
            ..Song::default()
        };
        Self {
            vectors: VectorSet::new("x", all.x.slice(s![..old, ..]).to_owned()),
            table: SongTable { songs: (0..old).map(song).collect(), ..SongTable::default() },
            new: all.x.slice(s![old.., ..]).to_owned(),
            new_styles: all.styles[old..].to_vec(),
            new_years: all.years[old..].to_vec(),
            styles: all.styles[..old].to_vec(),
        }
    }

    fn input(&self) -> StudyInput<'_> {
        StudyInput { vectors: &self.vectors, songs: &self.table, baselines: &[] }
    }

    fn fit(&self, params: &StudyParams) -> Study {
        Study::fit(&self.input(), params, &Silent).unwrap()
    }
}

fn apply(study: &Study, library: &Library) -> Applied {
    study.apply(library.new.view(), &Silent).unwrap()
}

/// The bytes of a file.
fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

const CHILD: &str = "SONGSCAPE_KEPT_STUDY";
const TABLES: [&str; 3] = ["umap.npy", "new_songs.csv", "neighbors.csv"];

#[test]
fn a_kept_study_places_new_songs_and_says_the_same_in_another_process() {
    // The other process: the same test, with a folder to work in.
    if let Some(folder) = std::env::var_os(CHILD) {
        let folder = Path::new(&folder);
        let study = Study::load(folder).unwrap();
        let new = read_npy(folder.join("new.npy")).unwrap();
        study.apply(new.view(), &Silent).unwrap().write(&study, folder.join("child")).unwrap();
        return;
    }
    // Enough songs for the graph of the index.
    let library = Library::new(4_400, 200);
    let study = library.fit(&StudyParams::default());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    study.save(folder).unwrap();
    write_npy(folder.join("new.npy"), library.new.view()).unwrap();
    let applied = apply(&study, &library);
    applied.write(&study, folder.join("own")).unwrap();
    let name = "a_kept_study_places_new_songs_and_says_the_same_in_another_process";
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(CHILD, folder)
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    for table in TABLES {
        assert_eq!(
            bytes(&folder.join("own"), table),
            bytes(&folder.join("child"), table),
            "{table}"
        );
    }
    let loaded = Study::load(folder).unwrap();
    assert_eq!(loaded, study);
    loaded.save(folder.join("again")).unwrap();
    assert_eq!(bytes(folder, Study::FILE), bytes(&folder.join("again"), Study::FILE));

    // What it says is true: the styles of the new songs are found, and their years, and their neighbours.
    let known: Vec<usize> = (0..200).filter(|&i| applied.labels[i] >= 0).collect();
    assert!(known.len() > 150, "{}", known.len());
    let labels: Vec<i32> = known.iter().map(|&i| applied.labels[i]).collect();
    let styles: Vec<i32> = known.iter().map(|&i| library.new_styles[i]).collect();
    let agreement = adjusted_rand_index(&labels, &styles).unwrap();
    let own = adjusted_rand_index(study.clusters().labels(), &library.styles).unwrap();
    assert!(agreement > own - 0.1 && agreement > 0.6, "{agreement} {own}");
    let guesses = applied.years.as_ref().unwrap();
    let dated =
        || guesses.iter().zip(&library.new_years).filter_map(|(g, y)| Some((g, (*y)? as f32)));
    let (guessed, years): (Vec<f32>, Vec<f32>) = dated().map(|(g, y)| (g.predicted, y)).unzip();
    let middle = years.iter().sum::<f32>() / years.len() as f32;
    let constant = mean_absolute_error(&years, &vec![middle; years.len()]).unwrap();
    let error = mean_absolute_error(&years, &guessed).unwrap();
    assert!(error < 0.6 * constant, "{error} {constant}");
    let held = dated().filter(|(g, y)| g.low.unwrap() <= *y && *y <= g.high.unwrap()).count();
    let held = held as f64 / years.len() as f64;
    assert!((0.7..0.9).contains(&held), "{held}");
    let x = ndarray::concatenate![ndarray::Axis(0), library.vectors.whole, library.new];
    let map = ndarray::concatenate![ndarray::Axis(0), study.map().map(), applied.map];
    let trust = trustworthiness(x.view(), map.view(), 15, Metric::Cosine).unwrap();
    assert!(trust > 0.95, "{trust}");
}

#[test]
fn the_songs_of_a_study_keep_their_places_wherever_clusters_were_sought() {
    let library = Library::new(300, 40);
    let folder = tempfile::tempdir().unwrap();
    for cluster_on in [ClusterOn::Umap, ClusterOn::Map, ClusterOn::Vectors] {
        let params =
            StudyParams { cluster_on, outliers_above: Some(1.5), ..StudyParams::default() };
        let out = folder.path().join("tables");
        let (scores, study) = study_and_keep(&library.input(), &params, &out, &Silent).unwrap();
        assert_eq!(scores.clusters.unwrap().count, study.clusters().count());
        study.save(folder.path()).unwrap();
        let study = Study::load(folder.path()).unwrap();
        let own = study.apply(library.vectors.whole.view(), &Silent).unwrap();
        assert_eq!(own.map, read_npy(out.join("umap.npy")).unwrap());
        assert_eq!(own.labels, study.clusters().labels());
        assert_eq!(own.probabilities, study.clusters().probabilities());
        let outliers = std::fs::read_to_string(out.join("outliers.csv")).unwrap();
        for (line, score) in outliers.lines().skip(1).zip(&own.outliers) {
            assert_eq!(line.split_once(',').unwrap().1.parse::<f64>().unwrap(), *score);
        }
        assert!(
            own.outliers.iter().zip(&own.labels).all(|(score, label)| *score <= 1.5 || *label < 0)
        );
        for row in 0..300 {
            assert_eq!(
                (own.nearest.indices[[row, 0]], own.nearest.distances[[row, 0]]),
                (row as u32, 0.0)
            );
        }
        // A hair away from a song is near its place, in its cluster.
        let moved = library.vectors.whole.mapv(|v| v * 1.0001 + 1e-5);
        let near = study.apply(moved.view(), &Silent).unwrap();
        let far = (&near.map - &own.map).mapv(|v| v * v).sum_axis(ndarray::Axis(1));
        assert!(far.iter().filter(|d2| **d2 < 1.0).count() > 270, "{cluster_on:?}");
        let same = near.labels.iter().zip(&own.labels).filter(|(a, b)| a == b).count();
        assert!(same > 250, "{cluster_on:?}: {same}");
        // A stray is told.
        let stray = Array2::from_shape_fn((1, 24), |(_, j)| if j % 2 == 0 { 9.0 } else { -9.0 });
        let stray = study.apply(stray.view(), &Silent).unwrap();
        assert!(stray.outliers[0] > 2.0 && stray.labels == [-1], "{:?}", stray.outliers);
    }
}

#[test]
fn songs_have_the_same_answer_beside_any_others_and_none_is_fine() {
    let library = Library::new(300, 40);
    let study = library.fit(&StudyParams::default());
    let all = apply(&study, &library);
    let alone = study.apply(library.new.slice(s![17..18, ..]), &Silent).unwrap();
    assert_eq!(alone.map.row(0), all.map.row(17));
    assert_eq!((alone.labels[0], alone.outliers[0]), (all.labels[17], all.outliers[17]));
    assert_eq!(alone.years.unwrap()[0], all.years.unwrap()[17]);
    assert!(study.apply(library.new.slice(s![..0, ..]), &Silent).unwrap().labels.is_empty());
    assert!(matches!(
        study.apply(library.new.slice(s![.., ..7]), &Silent),
        Err(Error::ColumnMismatch { found: 7, expected: 24 })
    ));
    let mut bad = library.new.clone();
    bad[[3, 4]] = f32::NAN;
    assert!(matches!(
        study.apply(bad.view(), &Silent),
        Err(Error::NotFinite { row: 3, column: 4, .. })
    ));
}

#[test]
fn few_songs_and_songs_that_are_all_alike_can_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    for x in [Array2::ones((30, 3)), Array2::from_shape_fn((5, 3), |(i, j)| (i * j + i) as f32)] {
        let (n, vectors) = (x.nrows(), VectorSet::new("x", x));
        let table = SongTable::unknown(n);
        let input = StudyInput { vectors: &vectors, songs: &table, baselines: &[] };
        let study = Study::fit(&input, &StudyParams::default(), &Silent).unwrap();
        study.save(folder.path()).unwrap();
        let study = Study::load(folder.path()).unwrap();
        let new = ndarray::array![[1.0_f32, 1.0, 1.0], [5.0, -3.0, 0.0]];
        let applied = study.apply(new.view(), &Silent).unwrap();
        assert!(applied.labels.len() == 2 && applied.years.is_none());
        assert!(applied.map.iter().all(|v| v.is_finite()));
        applied.write(&study, folder.path().join("out")).unwrap();
    }
    let library = Library::new(60, 1);
    let params = StudyParams { only: Some(StudyPart::Umap), ..StudyParams::default() };
    let refused = Study::fit(&library.input(), &params, &Silent).unwrap_err();
    assert!(matches!(refused, Error::Parameter { field: "only", .. }), "{refused}");
}

#[test]
fn a_file_that_is_cut_changed_or_another_is_refused_and_nothing_panics() {
    let library = Library::new(80, 5);
    let study = library.fit(&StudyParams::default());
    let folder = tempfile::tempdir().unwrap();
    study.save(folder.path()).unwrap();
    let path = folder.path().join(Study::FILE);
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(97) {
        std::fs::write(&path, &whole[..length]).unwrap();
        match Study::load(folder.path()) {
            Err(Error::File { path: named, .. }) => assert_eq!(named, path),
            other => panic!("{length}: {other:?}"),
        }
    }
    // Any bit may be wrong: the study is refused or answers, whatever it says.
    let mut refused = 0;
    let mut state = 7_u64;
    for turn in 0..1500 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut bytes = whole.clone();
        let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
        let among = if turn % 2 == 0 { header } else { whole.len() };
        bytes[(state >> 33) as usize % among] ^= 1 << (state >> 30 & 7);
        std::fs::write(&path, bytes).unwrap();
        match Study::load(folder.path()) {
            Err(error) => {
                assert!(error.to_string().contains(Study::FILE), "{error}");
                refused += 1;
            }
            Ok(study) => drop(study.apply(library.new.view(), &Silent)),
        }
    }
    assert!(refused > 400, "{refused}");
    std::fs::remove_file(&path).unwrap();
    assert!(Study::load(folder.path()).is_err());
}

#[test]
fn maps_come_back_from_their_own_file() {
    let library = Library::new(200, 20);
    let umap = Umap::fit(library.vectors.whole.view(), &UmapParams::default(), &Silent).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.safetensors");
    umap.save(&path).unwrap();
    let loaded = Umap::load(&path).unwrap();
    assert_eq!(loaded, umap);
    let new = library.new.view();
    assert_eq!(loaded.transform(new).unwrap(), umap.transform(new).unwrap());
    assert!(Clusters::load(&path).unwrap_err().to_string().contains("it holds a map"));
}

#[test]
fn a_study_made_anew_stays_near_the_one_before() {
    let library = Library::new(600, 60);
    let folder = tempfile::tempdir().unwrap();
    let params = StudyParams::default();
    let earlier = library.fit(&params);
    // Thirty songs have gone, sixty have come, and all stand in another order.
    let rows: Vec<Option<usize>> =
        (600..660).map(|_| None).chain((30..600).rev().map(Some)).collect();
    let old = library.vectors.whole.select(ndarray::Axis(0), &(30..600).rev().collect::<Vec<_>>());
    let x = ndarray::concatenate(ndarray::Axis(0), &[library.new.view(), old.view()]).unwrap();
    let vectors = VectorSet::new("x", x);
    let table = SongTable::unknown(rows.len());
    let input = StudyInput { vectors: &vectors, songs: &table, baselines: &[] };
    let before = Before { study: &earlier, rows: &rows };
    let (_, after) = study_after(&input, &params, Some(&before), folder.path(), &Silent).unwrap();
    let alone = Study::fit(&input, &params, &Silent).unwrap();

    // Of the same songs the map is the same, whatever is known of them.
    let whole: Vec<Option<usize>> = (0..rows.len()).map(Some).collect();
    let known = SongTable::unknown(rows.len());
    let again = StudyInput { songs: &known, ..input.clone() };
    let before = Before { study: &after, rows: &whole };
    let (_, again) = study_after(&again, &params, Some(&before), folder.path(), &Silent).unwrap();
    assert_eq!(again.map(), after.map());
    assert_eq!(again.clusters(), after.clusters());

    // How far the songs that were there have moved, in widths of the map.
    let places = earlier.map().map();
    let width = |column: usize| {
        let values = places.column(column);
        values.fold(f32::MIN, |m, v| m.max(*v)) - values.fold(f32::MAX, |m, v| m.min(*v))
    };
    let width = width(0).max(width(1));
    let moved = |study: &Study| {
        let map = study.map().map();
        let mut far: Vec<f32> = rows
            .iter()
            .enumerate()
            .filter_map(|(now, then)| {
                let step = &map.row(now) - &places.row((*then)?);
                Some(step.dot(&step).sqrt() / width)
            })
            .collect();
        far.sort_by(f32::total_cmp);
        far[far.len() / 2]
    };
    let (kept, lost) = (moved(&after), moved(&alone));
    assert!(kept < 0.05 && kept < lost / 3.0, "moved by {kept}, from scratch by {lost}");
    let same = |study: &Study| {
        let both = rows.iter().zip(study.clusters().labels());
        let both: Vec<_> = both.filter_map(|(then, now)| Some(((*then)?, *now))).collect();
        let same = both.iter().filter(|(then, now)| earlier.clusters().labels()[*then] == *now);
        same.count() as f64 / both.len() as f64
    };
    assert!(same(&after) > 0.9, "{} of the numbers are the same", same(&after));
    // And it is as good a map.
    let score = |study: &Study| {
        trustworthiness(vectors.whole.view(), study.map().map(), 15, Metric::Cosine).unwrap()
    };
    assert!(score(&after) > score(&alone) - 0.005, "{} for {}", score(&after), score(&alone));
    println!(
        "moved {kept:.4} for {lost:.4}, numbers {:.3}, trust {:.4} for {:.4}",
        same(&after),
        score(&after),
        score(&alone)
    );

    let wrong = Before { study: &earlier, rows: &rows[1..] };
    assert!(study_after(&input, &params, Some(&wrong), folder.path(), &Silent).is_err());
}
