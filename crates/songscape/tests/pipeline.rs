//! The whole way on a small library: results, failures, second runs, refusals, interruption.
#![cfg(feature = "pipeline")]
#![allow(clippy::unwrap_used)]

mod small;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use songscape::analysis::study::{StudyInput, VectorSet, study};
use songscape::audio::Limits;
use songscape::pipeline::{Error, Input, Parameters, Pipeline, Step};
use songscape::project::{Failure, Progress, Silent, SongTable, Source};
use songscape::report_input;
use songscape::resnet::Model;
use songscape::similar::{Collection, Listener};
use songscape::vectors::Choice;
use tch::Device;

/// 24 songs of 8 s by 8 artists, a tiny network, and a few steps of training.
fn small() -> Parameters {
    small::parameters(24, 8, 6, 8)
}

fn run_all(out: &Path, input: &Input, parameters: &Parameters) -> Result<Vec<String>, Error> {
    let pipeline = Pipeline::new(out, input.clone(), parameters.clone(), Device::Cpu, 2)?;
    Step::ALL.into_iter().map(|step| Ok(pipeline.run(step, &Silent)?.to_string())).collect()
}

/// The time of modification of every file below a folder, but for the catalog and the lists beside
/// it, which are written at each run.
fn stamps(folder: &Path) -> BTreeMap<String, SystemTime> {
    let mut out = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if ![
                "songs.csv",
                "failures.csv",
                "remarks.csv",
                "duplicates.csv",
                ".lock",
                "index.csv",
            ]
            .contains(&entry.file_name().to_str().unwrap())
            {
                out.insert(
                    path.display().to_string(),
                    entry.metadata().unwrap().modified().unwrap(),
                );
            }
        }
    }
    out
}

#[test]
fn from_nothing_to_the_report_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    run_all(out, &Input::Demo, &small()).unwrap();

    let page = fs::read_to_string(out.join("report/index.html")).unwrap();
    assert!(page.contains("trained encoder"));
    for file in ["analysis/umap.npy", "analysis/clusters.csv", "analysis/years.csv"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    assert_eq!(fs::read_dir(out.join("vectors/features")).unwrap().count(), 24);
    let pipeline = Pipeline::new(out, Input::Demo, small(), Device::Cpu, 2).unwrap();
    let scores = pipeline.scores().unwrap();
    assert_eq!(scores.songs, 24);
    let models = &scores.years.as_ref().unwrap().models;
    let names: Vec<_> = models.iter().map(|row| row.name.as_str()).collect();
    // What the map is of comes first; the others keep their order.
    let choice = Choice::read(out.join("analysis/studied")).unwrap().unwrap();
    assert_eq!((choice.songs, choice.trials.len()), (24, 6));
    assert_eq!(Source::of_project(out).unwrap(), choice.chosen);
    assert_eq!(names[0], choice.chosen.name());
    let mut expected = vec![
        "trained encoder",
        "row statistics",
        "chroma",
        "sharpened chroma",
        "chroma patches",
        "chroma changes",
        "chroma changes any key",
        "encoder with chroma changes",
        "rows with chroma changes",
        "untrained encoder",
        "constant",
    ];
    let place = expected.iter().position(|name| *name == choice.chosen.name()).unwrap();
    expected[..=place].rotate_right(1);
    assert_eq!(names, expected);
    assert_eq!(pipeline.failures().unwrap(), 0);
    drop(pipeline);

    // The same study by the other door, and the same report.
    let (again, vectors) = (out.join("again"), out.join("vectors"));
    let read = |source: Source| VectorSet::read(source.file(&vectors)).unwrap();
    let others = Source::ALL.into_iter().filter(|source| *source != choice.chosen);
    let (own, baselines) = (read(choice.chosen), others.map(read).collect::<Vec<_>>());
    let songs = SongTable::read(out.join("analysis/songs.csv")).unwrap();
    let input = StudyInput { vectors: &own, songs: &songs, baselines: &baselines };
    study(&input, &small().analysis, &again, &Silent).unwrap();
    for entry in fs::read_dir(&again).unwrap() {
        let name = entry.unwrap().file_name();
        let read = |folder: &Path| fs::read(folder.join(&name)).unwrap();
        assert_eq!(read(&again), read(&out.join("analysis")), "{name:?}");
    }
    fs::remove_dir_all(again).unwrap();
    let report = report_input::of_project(out, out.join("report")).unwrap();
    assert_eq!(report.songs.len(), 24);
    assert!(report.methods.stages.len() >= 4, "{:?}", report.methods);

    // The second run touches nothing.
    let before = stamps(out);
    let said = run_all(out, &Input::Demo, &small()).unwrap();
    assert_eq!(stamps(out), before);
    assert!(said[4].contains(&format!("of the vectors \"{}\"", choice.chosen.name())), "{said:?}");

    // Other parameters are refused, with the field named, and nothing is lost.
    let mut other = small();
    other.training.steps = 7;
    let message = run_all(out, &Input::Demo, &other).unwrap_err().to_string();
    assert!(message.contains("training.steps is 6, asked for 7"), "{message}");
    assert_eq!(stamps(out), before);
}

#[test]
fn the_vectors_of_the_map_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    run_all(out, &Input::Demo, &small()).unwrap();
    let wanted = Parameters { vectors: Some(Source::ChromaChanges), ..small() };
    let said = run_all(out, &Input::Demo, &wanted).unwrap();
    assert!(said[4].contains("of the vectors \"chroma changes\""), "{said:?}");
    assert_eq!(Source::of_project(out).unwrap(), Source::ChromaChanges);
    let pipeline = Pipeline::new(out, Input::Demo, wanted, Device::Cpu, 2).unwrap();
    let years = pipeline.scores().unwrap().years.unwrap();
    assert_eq!(years.models[0].name, "chroma changes");
    assert_eq!(years.models.len(), 11);
    let page = fs::read_to_string(out.join("report/index.html")).unwrap();
    assert!(page.contains("choice of vectors"));

    // Songs like songs and like files follow.
    let songs = Collection::of_project(out).unwrap();
    let listener = Listener::of_project(out, Limits::default(), Device::Cpu).unwrap();
    let file = songs.songs().file(&songs.songs().songs[3]);
    let heard = listener.vectors(&[file], &Silent).unwrap();
    assert_eq!(heard.row(0), songs.index().vectors().row(3));
    assert_eq!(songs.like(&[], Some(heard.view()), 1, 0.0).unwrap()[0].row, 3);

    // A choice that nothing there can make is refused, with what to do.
    let choice = out.join("analysis/studied").join(Source::CHOICE);
    fs::write(choice, r#"{ "chosen": "row-statistics-and-chroma" }"#).unwrap();
    let refused = Listener::of_project(out, Limits::default(), Device::Cpu).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("row statistics and chroma"), "{refused}");
    assert!(refused.contains("run song_map"), "{refused}");
}

#[test]
fn broken_inputs_are_listed_and_the_rest_is_analysed() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    let parameters = small();
    let manifest =
        songscape::synth::write_library(&music, &parameters.demo_music, 2, &Silent).unwrap();
    let mut rows = fs::read_to_string(&manifest).unwrap();
    fs::write(music.join("text.mp3"), "these are words").unwrap();
    fs::write(music.join("empty.wav"), "").unwrap();
    rows.push_str("text.mp3,A text,Nobody,1990,none\n");
    rows.push_str("empty.wav,Nothing,Nobody,1991,none\n");
    rows.push_str("missing.ogg,Not there,Nobody,1992,none\n");
    rows.push_str("text.mp3,Twice,Nobody,1993,none\n");
    let song = rows.lines().nth(1).and_then(|row| row.split(',').next()).unwrap().to_owned();
    fs::copy(music.join(song), music.join("copy.wav")).unwrap();
    rows.push_str("copy.wav,A copy with a broken year,Nobody,19x7,none\n");
    fs::write(&manifest, rows).unwrap();

    let out = folder.path().join("out");
    run_all(&out, &Input::Library(manifest), &parameters).unwrap();
    let failures = Failure::read_all(out.join("failures.csv")).unwrap();
    let named =
        |word: &str| failures.iter().any(|f| f.item.contains(word) || f.reason.contains(word));
    for word in ["text.mp3", "empty.wav", "missing.ogg"] {
        assert!(named(word), "{word} in {failures:?}");
    }
    let remarks = fs::read_to_string(out.join("remarks.csv")).unwrap();
    assert!(remarks.contains("19x7") && !named("19x7"), "{remarks}, {failures:?}");
    let duplicates = fs::read_to_string(out.join("duplicates.csv")).unwrap();
    let text = music.canonicalize().unwrap().join("text.mp3").display().to_string();
    for line in [&format!("catalog,left-out,{text},{text}"), "spectrograms,left-out,"] {
        assert!(duplicates.contains(line), "{line} in {duplicates}");
    }
    assert!(duplicates.contains("same file as on line 26"), "{duplicates}");
    assert!(duplicates.contains("copy.wav") && duplicates.contains("same audio"), "{duplicates}");
    let scores = fs::read_to_string(out.join("analysis/scores.json")).unwrap();
    assert!(scores.contains("\"songs\": 24"), "{scores}");
}

#[test]
fn nothing_to_work_on_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (music, out) = (folder.path().join("music"), folder.path().join("out"));
    fs::create_dir(&music).unwrap();
    let refused = run_all(&out, &Input::Library(music.clone()), &small()).unwrap_err();
    assert!(refused.to_string().ends_with("music: no music in it"), "{refused}");

    let manifest = music.join("songs.csv");
    fs::write(&manifest, "path,title,artist,year\ngone.wav,A,B,1990\n").unwrap();
    let refused = run_all(&out, &Input::Library(manifest), &small()).unwrap_err();
    assert!(refused.to_string().contains("all 1 failed, see"), "{refused}");
}

/// Asks to stop after some calls.
struct StopAfter(AtomicU64);

impl Progress for StopAfter {
    fn interrupted(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err()
    }
}

#[test]
fn an_interrupted_run_ends_as_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    run_all(&straight, &Input::Demo, &small()).unwrap();

    let broken = folder.path().join("broken");
    let mut interruptions = 0;
    loop {
        let pipeline = Pipeline::new(&broken, Input::Demo, small(), Device::Cpu, 2).unwrap();
        // Ever more patience, so that a stage that starts again ends some time.
        let stop = StopAfter(AtomicU64::new(9 << interruptions));
        match Step::ALL.into_iter().try_for_each(|step| pipeline.run(step, &stop).map(drop)) {
            Ok(()) => break,
            Err(error) if error.is_interrupted() && interruptions < 40 => interruptions += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(interruptions > 3, "{interruptions}");
    for file in ["vectors/trained-encoder.npy", "analysis/umap.npy", "analysis/clusters.csv"] {
        assert_eq!(
            fs::read(straight.join(file)).unwrap(),
            fs::read(broken.join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn images_made_again_otherwise_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    run_all(out, &Input::Demo, &small()).unwrap();
    fs::remove_dir_all(out.join("spectrograms")).unwrap();
    let mut other = small();
    other.images.range_db = 80.0;
    let said = run_all(out, &Input::Demo, &other).unwrap();
    assert!(said[2].contains("made again for its images"), "{said:?}");
    assert!(said[3].contains("made again for its images, model"), "{said:?}");

    // A model of other images refuses them by the name of the field.
    let model = Model::load(out.join("model/model.safetensors"), Device::Cpu).unwrap();
    let refused = model.check_images(&small().images).unwrap_err().to_string();
    assert!(refused.contains("range_db is 80.0 in the model, 60.0"), "{refused}");
}

#[test]
fn a_project_of_an_earlier_program_is_read_with_its_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    run_all(out, &Input::Demo, &small()).unwrap();
    let record = out.join("model/parameters.json");
    let mut stored: serde_json::Value = songscape::project::read_json(&record).unwrap();
    let training = stored["parameters"]["training"].as_object_mut().unwrap();
    for field in ["held_out", "validate_every", "chunk_pairs", "augment"] {
        assert!(training.remove(field).is_some(), "{field}");
    }
    stored.as_object_mut().unwrap().remove("version");
    songscape::project::write_json(&record, &stored).unwrap();
    let said = run_all(out, &Input::Demo, &small()).unwrap();
    assert_eq!(said[2], "done before");
}
