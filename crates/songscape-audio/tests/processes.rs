//! Runs that are killed, and two runs at once: with real processes.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use songscape_audio::{Error, ImageParams, Library, LibraryParams, Limits, Made, Store};
use songscape_project::{Progress, Silent};

/// Names the folder in which the second process works.
const FOLDER: &str = "SONGSCAPE_TEST_FOLDER";
/// Set when the second process is to wait once it holds the store.
const WAIT: &str = "SONGSCAPE_TEST_WAIT";

/// Ten short songs, one of them broken, another one twice.
fn library(folder: &Path) {
    let music = folder.join("music");
    fs::create_dir(&music).unwrap();
    let song = sounds::melody(22_050, 6.0);
    for i in 0..9 {
        let part = &song[i * 8_000..i * 8_000 + 44_100];
        sounds::wav(&music.join(format!("{i}.wav")), 22_050, 1, part);
    }
    fs::copy(music.join("3.wav"), music.join("copy.wav")).unwrap();
    fs::write(music.join("words.mp3"), "These are words.").unwrap();
}

fn make(folder: &Path, store: &str, progress: &dyn Progress) -> Result<Made, Error> {
    let params = LibraryParams::default();
    let catalog = Library::open(folder.join("music"), &params, &Silent)?.catalog;
    let (params, limits) = (ImageParams::default(), Limits::default());
    Store::make(&catalog, folder.join(store), &params, &limits, 2, progress)
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect()
}

/// Waits for a file at the first song, so that the store is held as long as the test wants.
struct Held<'a>(&'a Path);

impl Progress for Held<'_> {
    fn begin(&self, _stage: &str, _total: u64, _unit: &str) {
        fs::write(self.0.join("held"), "").unwrap();
        let start = Instant::now();
        while !self.0.join("go on").exists() && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Not a test of its own: what the second process runs.
#[test]
fn second_process() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    if std::env::var_os(WAIT).is_some() {
        make(&folder, "store", &Held(&folder)).unwrap();
    } else {
        make(&folder, "store", &Silent).unwrap();
    }
}

fn start(folder: &Path, wait: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "second_process"]).env(FOLDER, folder);
    if wait {
        command.env(WAIT, "1");
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn killed_at_any_time_a_run_is_continued_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    library(folder.path());
    let start_of_whole = Instant::now();
    make(folder.path(), "whole", &Silent).unwrap();
    let mut longest = start_of_whole.elapsed();
    let whole = contents(&folder.path().join("whole"));
    assert!(whole.len() > 12, "{:?}", whole.keys());

    let store = folder.path().join("store");
    let mut random = sounds::Random(11);
    let (mut killed, mut round) = (0, 0);
    while killed < 6 {
        round += 1;
        assert!(round <= 100, "only {killed} of 100 runs were killed before their end");
        if store.join("pixels.csv").exists() {
            fs::remove_dir_all(&store).unwrap();
        }
        let mut child = start(folder.path(), false);
        std::thread::sleep(longest.mul_f64((50 + random.below(900)) as f64 / 1000.0));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            // The machine is quicker now than it was: strike earlier.
            longest = longest.mul_f64(0.8);
        } else {
            killed += 1;
        }
        if round % 2 == 1 {
            // What a writer leaves that is killed at the worst moment.
            fs::create_dir_all(&store).unwrap();
            fs::write(store.join(".pixels.u8.Ab3xYz"), "half").unwrap();
            make(folder.path(), "store", &Silent).unwrap();
            let found = contents(&store);
            assert_eq!(found.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
            assert!(found == whole, "round {round}: the same files with other content");
        }
    }
    make(folder.path(), "store", &Silent).unwrap();
    assert!(contents(&store) == whole);
}

#[test]
fn a_second_process_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    library(folder.path());
    let mut first = start(folder.path(), true);
    let start = Instant::now();
    while !folder.path().join("held").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "the first process does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let error = make(folder.path(), "store", &Silent).unwrap_err().to_string();
    assert!(error.contains("another process is working on this folder"), "{error}");
    fs::write(folder.path().join("go on"), "").unwrap();
    assert!(first.wait().unwrap().success());
    let made = make(folder.path(), "store", &Silent).unwrap();
    assert_eq!((made.images.len(), made.skipped_existing, made.duplicates.len()), (9, 9, 1));
}
