//! Similar songs of a project whose songs have come and gone.
#![cfg(feature = "similar")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use ndarray::{Array2, s};
use songscape::analysis::study::{StudyInput, StudyParams, VectorSet, study_and_keep};
use songscape::analysis::vectors::write_npy;
use songscape::project::{PlaylistPaths, Silent, SongTable, Source};
use songscape::similar::Collection;

/// Around 40 places, as the songs of clusters are.
fn vectors(songs: usize) -> Array2<f32> {
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let places = Array2::from_shape_simple_fn((40, 24), &mut random);
    Array2::from_shape_fn((songs, 24), |(i, j)| places[[i % 40, j]] + 0.7 * random())
}

fn table(ids: &[usize]) -> String {
    let row = |id: &usize| format!("s{id},/music/{id}.mp3,Tïtle {id},Artist,\n");
    format!("id,path,title,artist,year\n{}", ids.iter().map(row).collect::<String>())
}

/// A project whose study is of some songs, and whose songs are others.
fn project(folder: &Path, x: &Array2<f32>, studied: &[usize], now: &[usize]) -> Collection {
    let analysis = folder.join("analysis");
    let studied_in = analysis.join("studied");
    fs::create_dir_all(&studied_in).unwrap();
    let of = |ids: &[usize]| x.select(ndarray::Axis(0), ids);
    fs::write(studied_in.join("songs.csv"), table(studied)).unwrap();
    fs::write(analysis.join("songs.csv"), table(now)).unwrap();
    write_npy(Source::TrainedEncoder.file(folder.join("vectors")), of(now).view()).unwrap();
    let set = VectorSet::new("x", of(studied));
    let songs = SongTable::read(studied_in.join("songs.csv")).unwrap();
    let input = StudyInput { vectors: &set, songs: &songs, baselines: &[] };
    let params = StudyParams::default();
    let (_, study) = study_and_keep(&input, &params, &studied_in, &Silent).unwrap();
    study.save(&studied_in).unwrap();
    Collection::of_project(folder).unwrap()
}

#[test]
fn the_index_of_the_study_answers_for_the_songs_as_they_are_now() {
    // More songs than an index measures all of.
    let x = vectors(4_700);
    let folder = tempfile::tempdir().unwrap();
    let studied: Vec<usize> = (0..4_500).collect();
    let now: Vec<usize> = (100..4_700).rev().collect();
    let songs = project(folder.path(), &x, &studied, &now);
    let exact = Collection::of_vectors(
        Source::TrainedEncoder.file(folder.path().join("vectors")),
        folder.path().join("analysis/songs.csv"),
    )
    .unwrap();
    let (mut found, mut all) = (0, 0);
    // New songs and old ones.
    for id in (100..4_700).step_by(97) {
        let row = songs.row(&format!("s{id}")).unwrap();
        assert_eq!(songs.songs().songs[row].id, format!("s{id}"));
        let rows = |collection: &Collection| -> Vec<usize> {
            let list = collection.like(&[row], None, 10, 0.0).unwrap();
            list.iter().map(|song| song.row).collect()
        };
        let (near, truth) = (rows(&songs), rows(&exact));
        assert!(!near.contains(&row));
        found += near.iter().filter(|row| truth.contains(row)).count();
        all += truth.len();
    }
    assert!(found as f64 > 0.98 * all as f64, "{found} of {all}");
    assert!(songs.row("s5").is_none(), "it is gone");
    let refused = songs.find("no such song").unwrap_err().to_string();
    assert!(refused.contains("songs.csv"), "{refused}");
}

#[test]
fn a_list_is_written_for_people_programs_and_players() {
    let x = vectors(60);
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<usize> = (0..60).collect();
    let songs = project(folder.path(), &x, &ids, &ids);
    fs::create_dir_all(folder.path().join("spectrograms")).unwrap();
    let list = songs.like(&[songs.find("title 7").unwrap()], None, 4, 0.3).unwrap();
    let out = |name: &str| folder.path().join(name);
    let paths = PlaylistPaths::Below("/data".into());
    for name in ["list.csv", "list.json", "list.m3u8"] {
        songs.write(out(name), &list, &paths).unwrap();
    }
    let text = |name: &str| fs::read_to_string(out(name)).unwrap();
    let first = songs.listed(&list)[0].id.trim_start_matches('s').to_owned();
    assert_eq!(text("list.csv").lines().count(), 5);
    assert!(text("list.csv").starts_with("rank,cosine,id,title,artist,year,seconds,path\n1,"));
    let json: serde_json::Value = serde_json::from_str(&text("list.json")).unwrap();
    assert_eq!(json[0]["title"], format!("Tïtle {first}"));
    let playlist = text("list.m3u8");
    assert!(
        playlist.contains(&format!("\n#EXTINF:-1,Artist - Tïtle {first}\n/data/{first}.mp3\n"))
    );

    // From a vector that is not there, and between two songs.
    let new = x.slice(s![9..10, ..]).mapv(|v| v * 1.01);
    let near = songs.like(&[], Some(new.view()), 1, 0.0).unwrap();
    assert_eq!(near[0].row, 9);
    let way = songs.between(3, 40, 6).unwrap();
    assert_eq!((way.len(), way[0].row, way[5].row), (6, 3, 40));
    assert!(songs.between(3, 3, 6).is_err() && songs.between(3, 4, 1).is_err());

    // What is no project says what is missing.
    let none = Collection::of_project(folder.path().join("none")).unwrap_err().to_string();
    assert!(none.contains("analysis/songs.csv"), "{none}");
}
