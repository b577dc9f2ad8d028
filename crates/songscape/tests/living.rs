//! A library that lives: songs come and go, and what is there stays as it is.
#![cfg(feature = "pipeline")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use songscape::pipeline::{Error, Input, Parameters, Pipeline, Step};
use songscape::project::{Silent, Source, write_json};
use songscape::resnet::EncoderConfig;
use songscape::vectors::read_ids;
use tch::Device;

/// A tiny network and a few steps of training.
fn small() -> Parameters {
    let mut parameters = Parameters::demo(7);
    parameters.demo_music.songs = 20;
    parameters.demo_music.artists = 5;
    parameters.demo_music.seconds = 8.0;
    parameters.encoder = EncoderConfig::narrow(4);
    parameters.training.steps = 4;
    parameters.training.pairs = 6;
    parameters.training.crop_columns = 128;
    parameters
}

/// A library whose manifest can be cut: its path and its rows.
fn library(folder: &Path) -> (PathBuf, Vec<String>) {
    let music = folder.join("music");
    let manifest = songscape::synth::write_library(&music, &small().demo_music, 2, &Silent);
    let manifest = manifest.unwrap();
    let rows = fs::read_to_string(&manifest).unwrap().lines().map(str::to_owned).collect();
    (manifest, rows)
}

fn run(out: &Path, manifest: &Path, parameters: &Parameters) -> Result<Vec<String>, Error> {
    let input = Input::Library(manifest.into());
    let pipeline = Pipeline::new(out, input, parameters.clone(), Device::Cpu, 2)?;
    Step::ALL.into_iter().map(|step| Ok(pipeline.run(step, &Silent)?.to_string())).collect()
}

/// The vectors of the trained encoder by the ids of their songs.
fn vectors(out: &Path) -> std::collections::BTreeMap<String, Vec<u32>> {
    let folder = out.join("vectors");
    let vectors = songscape::analysis::vectors::read_npy(Source::TrainedEncoder.file(&folder));
    let vectors = vectors.unwrap();
    let bits = vectors.rows().into_iter().map(|row| row.iter().map(|x| x.to_bits()).collect());
    read_ids(&folder).unwrap().into_iter().zip(bits).collect()
}

#[test]
fn songs_come_and_go_and_the_encoder_and_the_other_vectors_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, rows) = library(folder.path());
    let out = folder.path().join("out");
    let write = |rows: &[String]| fs::write(&manifest, rows.join("\n") + "\n").unwrap();
    let (first, changed) = (rows[..17].to_vec(), [&rows[..1], &rows[3..]].concat());
    write(&first);
    run(&out, &manifest, &small()).unwrap();
    let model = fs::read(out.join("model/model.safetensors")).unwrap();
    let before = vectors(&out);
    assert_eq!(before.len(), 16);

    let table = |name: &str| fs::read(out.join("analysis").join(name)).unwrap();
    let map = || -> std::collections::BTreeMap<String, Vec<u32>> {
        let map = songscape::analysis::vectors::read_npy(out.join("analysis/umap.npy")).unwrap();
        let songs = songscape::project::SongTable::read(out.join("analysis/songs.csv")).unwrap();
        let places = map.rows().into_iter().map(|row| row.iter().map(|x| x.to_bits()).collect());
        songs.songs.into_iter().map(|song| song.id).zip(places).collect()
    };
    let places = map();
    let study = table("studied/study.safetensors");

    // Four come, two go.
    write(&changed);
    let said = run(&out, &manifest, &small()).unwrap();
    assert_eq!(said[2], "kept, although the songs have changed");
    assert_eq!(fs::read(out.join("model/model.safetensors")).unwrap(), model);
    let after = vectors(&out);
    assert_eq!(after.len(), 18);
    let same = after.iter().filter(|(id, vector)| before.get(*id) == Some(vector)).count();
    assert_eq!(same, 14, "the songs that were there have the vectors that they had");
    let now = map();
    let same = now.iter().filter(|(id, place)| places.get(*id) == Some(place)).count();
    assert_eq!((now.len(), same), (18, 14), "nothing moves");
    assert!(said[4].ends_with("since the study 4 songs came and 2 went"), "{said:?}");
    assert_eq!(table("studied/study.safetensors"), study);
    let rows = |name: &str| String::from_utf8(table(name)).unwrap().lines().count() - 1;
    assert_eq!((rows("clusters.csv"), rows("outliers.csv"), rows("added.csv")), (18, 18, 4));
    let page = fs::read_to_string(out.join("report/index.html")).unwrap();
    assert!(page.contains("with the study") && page.contains("later"));
    let features = fs::read_dir(out.join("vectors/features")).unwrap().count();
    assert_eq!(features, 18, "and the matrices of the songs that went are gone");
    assert_eq!(run(&out, &manifest, &small()).unwrap()[3], "18 songs, done before");

    // Back to the songs that were studied: all is as it was. Then a new map when it is asked for.
    write(&first);
    run(&out, &manifest, &small()).unwrap();
    assert_eq!(map(), places);
    assert!(!out.join("analysis/added.csv").exists());
    write(&changed);
    let refit = Parameters { refit: true, ..small() };
    run(&out, &manifest, &refit).unwrap();
    assert_ne!(map(), now);
    assert_ne!(table("studied/study.safetensors"), study);
    assert!(!out.join("analysis/added.csv").exists());

    // Trained again when asked, once.
    let again = Parameters { retrain: true, ..small() };
    let said = run(&out, &manifest, &again).unwrap();
    assert!(said[2].contains("made again for its images"), "{said:?}");
    assert_ne!(fs::read(out.join("model/model.safetensors")).unwrap(), model);
    assert_eq!(run(&out, &manifest, &again).unwrap()[2], "done before");
}

#[test]
fn an_encoder_from_elsewhere_is_used_and_refused_for_other_images() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, _) = library(folder.path());
    let (trained, taken) = (folder.path().join("trained"), folder.path().join("taken"));
    run(&trained, &manifest, &small()).unwrap();
    let model = trained.join("model/model.safetensors");
    let given = Parameters { model: Some(model.clone()), ..small() };
    let said = run(&taken, &manifest, &given).unwrap();
    assert!(said[2].starts_with("taken from"), "{said:?}");
    assert_eq!(vectors(&taken), vectors(&trained));
    assert!(said[5].contains("without training"), "{said:?}");

    // It stays, whether it is named again or not.
    assert_eq!(run(&taken, &manifest, &given).unwrap()[2], "done before");
    assert_eq!(run(&taken, &manifest, &small()).unwrap()[2], "given before");
    let retrain = Parameters { retrain: true, ..small() };
    let refused = run(&taken, &manifest, &retrain).unwrap_err().to_string();
    assert!(refused.contains("a given model"), "{refused}");
    let refused = run(&trained, &manifest, &given).unwrap_err().to_string();
    assert!(refused.contains("a model that was trained here"), "{refused}");

    // Before hours of images.
    let mut other = given.clone();
    other.images.range_db = 80.0;
    let none = folder.path().join("none");
    let refused = run(&none, &manifest, &other).unwrap_err().to_string();
    assert!(refused.contains("range_db is 60.0 in the model, 80.0"), "{refused}");
    assert!(!none.exists());
    write_json(&none, &"no model").unwrap();
    let given = Parameters { model: Some(none), ..small() };
    let refused = run(&folder.path().join("out"), &manifest, &given).unwrap_err().to_string();
    assert!(refused.contains("none"), "{refused}");
}
