//! A library that lives: songs come and go, and what is there stays as it is.
#![cfg(feature = "pipeline")]
#![allow(clippy::unwrap_used)]

mod small;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use songscape::pipeline::{Error, Input, Parameters, Pipeline, Step};
use songscape::project::{Silent, SongTable, Source, write_json};
use songscape::resnet::ModelSource;
use songscape::vectors::read_ids;
use tch::Device;

/// A tiny network and a few steps of training.
fn small() -> Parameters {
    small::parameters(20, 5, 4, 6)
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
        let songs = SongTable::read(out.join("analysis/songs.csv")).unwrap();
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
    // Corrected years make another study, in which nothing moves, either.
    let years = || SongTable::read(out.join("analysis/songs.csv")).unwrap().years();
    let was = years();
    let corrected: Vec<_> = first.iter().map(|row| row.replacen(",19", ",18", 1)).collect();
    write(&corrected);
    run(&out, &manifest, &small()).unwrap();
    assert_ne!(years(), was);
    assert_ne!(table("studied/study.safetensors"), study);
    assert_eq!(map(), places);
    write(&first);
    run(&out, &manifest, &small()).unwrap();
    assert_eq!((years(), map()), (was, places));
    // Also of songs that were placed in the old one before.
    write(&changed);
    assert_eq!(run(&out, &manifest, &small()).unwrap()[4], said[4]);
    let refit = Parameters { refit: true, ..small() };
    run(&out, &manifest, &refit).unwrap();
    assert_ne!(map(), now);
    assert_ne!(table("studied/study.safetensors"), study);
    assert!(!out.join("analysis/added.csv").exists());

    // Trained again when asked, once, from the weights that are there.
    let again = Parameters { retrain: true, ..small() };
    let said = run(&out, &manifest, &again).unwrap();
    assert!(said[2].contains("made again for its images"), "{said:?}");
    assert!(said[2].starts_with("1 step on") && said[2].ends_with("from the weights of before"));
    assert_ne!(fs::read(out.join("model/model.safetensors")).unwrap(), model);
    assert!(!out.join("model/before.safetensors").exists());
    assert_eq!(run(&out, &manifest, &again).unwrap()[2], "done before");
    assert_eq!(run(&out, &manifest, &small()).unwrap()[2], "done before");
}

#[test]
fn an_encoder_from_elsewhere_is_used_and_refused_for_other_images() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, _) = library(folder.path());
    let (trained, taken) = (folder.path().join("trained"), folder.path().join("taken"));
    run(&trained, &manifest, &small()).unwrap();
    let model = trained.join("model/model.safetensors");
    let given = Parameters { model: Some(ModelSource::File(model.clone())), ..small() };
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
    let given = Parameters { model: Some(ModelSource::File(none)), ..small() };
    let refused = run(&folder.path().join("out"), &manifest, &given).unwrap_err().to_string();
    assert!(refused.contains("none"), "{refused}");
}

#[test]
fn a_map_without_training_takes_new_songs_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, rows) = library(folder.path());
    let out = folder.path().join("out");
    let untrained = Parameters { no_training: true, ..small() };
    fs::write(&manifest, rows[..17].join("\n") + "\n").unwrap();
    let said = run(&out, &manifest, &untrained).unwrap();
    assert_eq!(said[2], "none");
    assert_eq!(said[3], "16 songs, 536 numbers each");
    assert!(!out.join("model/model.safetensors").exists());
    let standard = fs::read(out.join("model/standard.npy")).unwrap();

    // Whether it is asked for again or not.
    fs::write(&manifest, rows.join("\n") + "\n").unwrap();
    let said = run(&out, &manifest, &small()).unwrap();
    assert_eq!(said[2], "none, as before");
    assert!(said[4].ends_with("since the study 4 songs came and 0 went"), "{said:?}");
    assert_eq!(fs::read(out.join("model/standard.npy")).unwrap(), standard);
    let songs = songscape::similar::Collection::of_project(&out).unwrap();
    assert_eq!(songs.songs().songs.len(), 20);
    assert_eq!(Source::of_project(&out).unwrap(), Source::RowStatisticsAndChroma);
    let limits = songscape::audio::Limits::default();
    let listener = songscape::similar::Listener::of_project(&out, limits, Device::Cpu).unwrap();
    let file = songs.songs().file(&songs.songs().songs[7]);
    let heard = listener.vectors(&[file], &Silent).unwrap();
    let near = songs.like(&[], Some(heard.view()), 1, 0.0).unwrap();
    assert_eq!((near[0].row, near[0].distance), (7, 0.0));
    let (sets, _) = songscape::evaluation::of_project(&out).unwrap();
    assert_eq!((sets.len(), sets[0].name.as_str()), (8, "row statistics and chroma"));

    // There is no encoder to make a map of.
    let encoder = Parameters { vectors: Some(Source::TrainedEncoder), ..small() };
    let refused = run(&out, &manifest, &encoder).unwrap_err().to_string();
    assert!(refused.contains("trained encoder") && refused.contains("has none"), "{refused}");

    // The two ways do not mix.
    let trained = folder.path().join("trained");
    run(&trained, &manifest, &small()).unwrap();
    let refused = run(&trained, &manifest, &untrained).unwrap_err().to_string();
    assert!(refused.contains("holds an encoder"), "{refused}");
    let model = Some(ModelSource::File(trained.join("model/model.safetensors")));
    assert!(run(&out, &manifest, &Parameters { model, ..small() }).is_err());
}

/// All files of a folder by their content, but for those that tell when or how fast they were made.
fn contents(out: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    const TIMES: [&str; 4] = ["index.html", "methods.json", ".lock", "history.csv"];
    fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>, out: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if name != "checkpoints" {
                    walk(&path, found, out);
                }
            } else if !TIMES.contains(&name.as_str()) && !name.contains("tfevents") {
                found.insert(path.strip_prefix(out).unwrap().into(), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(out, &mut found, out);
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

const CHILD: &str = "SONGSCAPE_LIVING_CHILD";

#[test]
#[ignore = "a process of its own, for the test of kills"]
fn the_run_that_is_killed() {
    let Some(places) = std::env::var_os(CHILD) else { return };
    let places = places.into_string().unwrap();
    let [out, manifest, how] = places.split('|').collect::<Vec<_>>().try_into().unwrap();
    let parameters = match how {
        "refit" => Parameters { refit: true, ..small() },
        "retrain" => Parameters { retrain: true, ..small() },
        _ => small(),
    };
    run(Path::new(out), Path::new(manifest), &parameters).unwrap();
}

/// A library grows, and the process is killed again and again: in the end everything is as if it had not been.
fn killed(how: &str, times: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, rows) = library(folder.path());
    let first = folder.path().join("first");
    fs::write(&manifest, rows[..15].join("\n") + "\n").unwrap();
    run(&first, &manifest, &small()).unwrap();
    fs::write(&manifest, [&rows[..2], &rows[4..]].concat().join("\n") + "\n").unwrap();
    let child = |out: &Path| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_run_that_is_killed", "--ignored"]);
        let places = format!("{}|{}|{how}", out.display(), manifest.display());
        command.env(CHILD, places).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let whole = folder.path().join("whole");
    copy(&first, &whole);
    let begun = Instant::now();
    assert!(child(&whole).wait().unwrap().success());
    let takes = begun.elapsed();

    let mut whole = contents(&whole);
    let cut = folder.path().join("cut");
    let mut compare = |kills: usize| {
        let mut cut = contents(&cut);
        if how == "retrain" {
            // The record of the report knows the history with its seconds.
            for files in [&mut cut, &mut whole] {
                files.remove(Path::new("report/parameters.json"));
            }
        }
        assert_eq!(cut.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
        for (name, content) in &cut {
            assert!(*content == whole[name], "{} differs after {kills} kills", name.display());
        }
    };
    copy(&first, &cut);
    let (mut state, mut kills) = (17_u64, 0);
    for _ in 0..times {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = (state >> 40) as f64 / (1 << 24) as f64;
        let mut running = child(&cut);
        std::thread::sleep(Duration::from_secs_f64(takes.as_secs_f64() * share));
        if let Some(ended) = running.try_wait().unwrap() {
            // Nothing was left to be killed: the next run begins where the first one began.
            assert!(ended.success());
            compare(kills);
            fs::remove_dir_all(&cut).unwrap();
            copy(&first, &cut);
        } else {
            running.kill().unwrap();
            running.wait().unwrap();
            kills += 1;
        }
    }
    assert!(3 * kills >= times, "only {kills} of {times} runs were killed before they ended");
    assert!(child(&cut).wait().unwrap().success());
    compare(kills);
}

#[test]
fn killed_at_ten_random_times_while_songs_are_added_the_bytes_are_the_same() {
    killed("add", 10);
}

#[test]
fn killed_at_random_times_while_the_map_is_made_anew_the_bytes_are_the_same() {
    killed("refit", 4);
}

#[test]
fn killed_at_random_times_while_the_network_learns_on_the_bytes_are_the_same() {
    killed("retrain", 4);
}
