//! The study of vectors and a table of songs, as a library user calls it.
#![allow(clippy::unwrap_used)]

use ndarray::Array2;
use songscape_analysis::Error;
use songscape_analysis::music::tables::read_clusters;
use songscape_analysis::study::{Scores, StudyInput, StudyParams, StudyPart, VectorSet, study};
use songscape_project::{Silent, Song, SongTable};

const SONGS: usize = 60;

fn vectors(shift: usize) -> Array2<f32> {
    Array2::from_shape_fn((SONGS, 6), |(i, j)| {
        let group = if i % 3 == j % 3 { 4.0 } else { 0.0 };
        group + ((i * (7 + j) + shift) % 31) as f32 / 31.0
    })
}

fn songs(year: impl Fn(usize) -> Option<i32>) -> SongTable {
    let song = |i: usize| Song {
        id: format!("s{i}"),
        artist: format!("artist {}", i / 2),
        year: year(i),
        extra: vec![format!("piece {}", i / 2)],
        ..Song::default()
    };
    let songs = (0..SONGS).map(song).collect();
    SongTable { columns: vec!["song".into()], songs, ..SongTable::default() }
}

fn dated(i: usize) -> Option<i32> {
    Some(1990 + (i % 3 * 4 + i % 2) as i32)
}

#[test]
fn baselines_are_scored_beside_the_vectors_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let halves = Some([vectors(1), vectors(2)]);
    let own = VectorSet { halves, ..VectorSet::new("trained encoder", vectors(0)) };
    let baselines = [VectorSet::new("row statistics", vectors(3))];
    let input = StudyInput { vectors: &own, songs: &songs(dated), baselines: &baselines };
    let scores = study(&input, &StudyParams::default(), folder.path(), &Silent).unwrap();
    assert_eq!(Scores::read(folder.path()).unwrap(), scores);
    let models = &scores.years.as_ref().unwrap().models;
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["trained encoder", "row statistics", "constant"]);
    // Halves are known of one set only, renditions (the column `song`) of both.
    assert_eq!(scores.halves.len(), 1);
    assert!(scores.halves[0].recall_1 > 0.5, "{:?}", scores.halves);
    assert_eq!(scores.renditions.len(), 2);
    let text = scores.to_string();
    assert!(text.contains("year (out of fold)") && text.contains("other rendition"), "{text}");
}

#[test]
fn songs_without_years_are_studied_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let own = VectorSet::new("x", vectors(0));
    for (years, why) in [
        (songs(|_| None), "0 songs have a year"),
        (songs(|_| Some(1999)), "are from 1999"),
        (songs(|i| (i < 3).then_some(1990 + i as i32)), "3 songs have a year"),
    ] {
        let input = StudyInput { vectors: &own, songs: &years, baselines: &[] };
        let scores = study(&input, &StudyParams::default(), folder.path(), &Silent).unwrap();
        assert!(scores.years_left_out.as_deref().unwrap().contains(why), "{scores:?}");
        assert!(scores.years.is_none() && !folder.path().join("years.csv").exists());
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let own = VectorSet::new("x", vectors(0));
    let few = VectorSet::new("few", vectors(0).slice_move(ndarray::s![..50, ..]));
    let songs = songs(dated);
    let run = |input: StudyInput, params: StudyParams| {
        study(&input, &params, folder.path(), &Silent).unwrap_err()
    };
    let input = StudyInput { vectors: &own, songs: &SongTable::unknown(7), baselines: &[] };
    let refused = run(input, StudyParams::default()).to_string();
    assert_eq!(refused, "the catalog has 7 entries, expected 60 (one for each row)");
    let input = StudyInput { vectors: &own, songs: &songs, baselines: std::slice::from_ref(&few) };
    assert!(matches!(run(input, StudyParams::default()), Error::LengthMismatch { found: 50, .. }));
    let input = StudyInput { vectors: &own, songs: &songs, baselines: &[] };
    let refused = run(input, StudyParams { folds: 1, ..StudyParams::default() });
    assert!(matches!(refused, Error::Parameter { field: "folds", .. }), "{refused}");
    assert!(!folder.path().join("scores.json").exists());
}

#[test]
fn one_part_makes_its_own_files_only() {
    let folder = tempfile::tempdir().unwrap();
    let own = VectorSet::new("x", vectors(0));
    let input = StudyInput { vectors: &own, songs: &songs(dated), baselines: &[] };
    let params = StudyParams { only: Some(StudyPart::Years), ..StudyParams::default() };
    let scores = study(&input, &params, folder.path(), &Silent).unwrap();
    assert!(scores.map.is_none() && scores.clusters.is_none() && scores.renditions.is_empty());
    let mut files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["scores.json", "yearly_change.csv", "years.csv"]);
}

#[test]
fn clusters_are_named_and_songs_in_none_have_a_nearest_one() {
    const GENRES: [&str; 3] = ["fado", "rock", "jazz"];
    let folder = tempfile::tempdir().unwrap();
    let own = VectorSet::new("x", vectors(0));
    let mut table = songs(dated);
    table.columns.push("Genre".into());
    for (i, song) in table.songs.iter_mut().enumerate() {
        song.extra.push(GENRES[i % 3].into());
    }
    let input = StudyInput { vectors: &own, songs: &table, baselines: &[] };
    let params = StudyParams { min_cluster_size: Some(12), ..StudyParams::default() };
    let scores = study(&input, &params, folder.path(), &Silent).unwrap();
    let clusters = scores.clusters.unwrap();
    let rows = read_clusters(folder.path().join("clusters.csv")).unwrap();
    assert_eq!((clusters.count, rows.len()), (3, SONGS));
    for row in &rows {
        assert!((0..3).contains(&row.nearest) && (0.0..=1.0).contains(&row.membership), "{row:?}");
        assert!(row.label < 0 || (row.nearest == row.label && row.group >= 0), "{row:?}");
        if row.label >= 0 {
            assert_eq!(clusters.names[row.label as usize], GENRES[row.row % 3]);
        }
    }
    let names = std::fs::read_to_string(folder.path().join("cluster_names.csv")).unwrap();
    assert!(
        names.starts_with("label,rank,column,value,count,share,elsewhere,z,p_adjusted\n0,1,genre,")
    );
    // A study of songs of which nothing is known names nothing, and leaves no table of an earlier one.
    let unknown = SongTable::unknown(SONGS);
    let input = StudyInput { vectors: &own, songs: &unknown, baselines: &[] };
    let scores = study(&input, &params, folder.path(), &Silent).unwrap();
    assert_eq!(scores.clusters.unwrap().names, ["", "", ""]);
    assert!(!folder.path().join("cluster_names.csv").exists());
}
