//! The library on disk: repeatable, resumable, the same bytes for any number of threads.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use songscape_project::{Progress, Silent};
use songscape_synth::{Error, Params, catalog, write_library};

fn small() -> Params {
    Params { songs: 5, seconds: 6.0, sampling_rate: 22_050, ..Params::default() }
}

fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// Counts songs and asks to stop when some are done.
#[derive(Default)]
struct StopAfter {
    limit: u64,
    done: AtomicU64,
}

impl Progress for StopAfter {
    fn advance(&self, n: u64) {
        self.done.fetch_add(n, Ordering::SeqCst);
    }

    fn interrupted(&self) -> bool {
        self.done.load(Ordering::SeqCst) >= self.limit
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_threads() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_library(one.path(), &small(), 1, &Silent).unwrap();
    write_library(two.path(), &small(), 2, &Silent).unwrap();
    assert_eq!(bytes(one.path()), bytes(two.path()));
    let other = tempfile::tempdir().unwrap();
    write_library(other.path(), &Params { seed: 2, ..small() }, 2, &Silent).unwrap();
    let sounds = |folder: &Path| -> Vec<Vec<u8>> {
        bytes(folder).into_iter().filter(|f| f.0.ends_with(".wav")).map(|f| f.1).collect()
    };
    for (a, b) in sounds(one.path()).iter().zip(sounds(other.path())) {
        assert_ne!(*a, b);
    }
}

#[test]
fn a_run_is_resumed_and_repeated_at_no_cost() {
    let folder = tempfile::tempdir().unwrap();
    let stop = StopAfter { limit: 2, ..StopAfter::default() };
    let error = write_library(folder.path(), &small(), 1, &stop).unwrap_err();
    assert!(matches!(error, Error::Interrupted { done: 2, total: 5 }), "{error}");
    assert!(!folder.path().join("manifest.csv").exists());

    let manifest = write_library(folder.path(), &small(), 2, &Silent).unwrap();
    assert_eq!(manifest, folder.path().join("manifest.csv"));
    let first = bytes(folder.path());
    assert_eq!(first.len(), 7);

    // Nothing is left to do: no song is counted.
    let count = StopAfter { limit: u64::MAX, ..StopAfter::default() };
    write_library(folder.path(), &small(), 2, &count).unwrap();
    assert_eq!(count.done.load(Ordering::SeqCst), 0);

    // Lost and cut files are made again.
    let songs: Vec<&String> = first.keys().filter(|name| name.ends_with(".wav")).collect();
    std::fs::remove_file(folder.path().join(songs[1])).unwrap();
    std::fs::write(folder.path().join(songs[3]), &first[songs[3]][..1000]).unwrap();
    std::fs::remove_file(&manifest).unwrap();
    write_library(folder.path(), &small(), 1, &Silent).unwrap();
    assert_eq!(bytes(folder.path()), first);
}

#[test]
fn other_parameters_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let params = Params { songs: 1, seconds: 4.0, sampling_rate: 8000, ..Params::default() };
    write_library(folder.path(), &params, 1, &Silent).unwrap();
    let other = Params { seed: 9, seconds: 5.0, ..params };
    let message = write_library(folder.path(), &other, 1, &Silent).unwrap_err().to_string();
    assert!(message.contains("seed is 1, asked for 9"), "{message}");
    assert!(message.contains("seconds is 4.0, asked for 5.0"), "{message}");
    let bad = Params { songs: 0, ..other };
    assert!(matches!(
        write_library(folder.path(), &bad, 1, &Silent),
        Err(Error::Parameter { field: "songs", .. })
    ));
}

#[test]
fn the_manifest_lists_the_files_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let params = Params { songs: 3, seconds: 4.0, sampling_rate: 16_000, ..Params::default() };
    let manifest = write_library(folder.path(), &params, 1, &Silent).unwrap();
    let mut rows = csv::Reader::from_path(&manifest).unwrap();
    assert_eq!(rows.headers().unwrap(), vec!["path", "title", "artist", "year", "style"]);
    let plans = catalog(&params).unwrap();
    let mut count = 0;
    for (row, plan) in rows.records().zip(&plans) {
        let row = row.unwrap();
        let info = plan.info();
        let year = info.year.to_string();
        assert_eq!(row, vec![&info.file, &info.title, &info.artist, &year, &info.style]);
        let wav = hound::WavReader::open(folder.path().join(&row[0])).unwrap();
        assert_eq!((wav.spec().channels, wav.spec().bits_per_sample), (1, 16));
        assert_eq!((wav.spec().sampling_rate, wav.duration()), (16_000, 64_000));
        count += 1;
    }
    assert_eq!(count, 3);
}
