//! A store that several machines make: the parts together are what one run makes.
#![allow(clippy::unwrap_used)]

mod sounds;
mod stored;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use songscape_audio::{Error, ImageParams, Library, LibraryParams, Limits, Made, SongTable, Store};
use songscape_project::{ErrorKind, Progress, Shard, Silent};

/// Names the folder in which a process of the tests makes a shard, to be killed.
const FOLDER: &str = "SONGSCAPE_TEST_FOLDER";

/// Twelve short songs, of which two are broken, one is missing, and three are one recording; and the table of them.
fn library(folder: &Path) -> SongTable {
    let music = folder.join("music");
    fs::create_dir(&music).unwrap();
    let song = sounds::melody(22_050, 6.0);
    for i in 0..7 {
        let part = &song[i * 8_000..i * 8_000 + 44_100];
        sounds::wav(&music.join(format!("{i}.wav")), 22_050, 1, part);
    }
    for copy in ["0 again.wav", "z.wav"] {
        fs::copy(music.join("3.wav"), music.join(copy)).unwrap();
    }
    fs::write(music.join("words.mp3"), "These are words.").unwrap();
    fs::write(music.join("1 none.mp3"), "").unwrap();
    fs::copy(music.join("5.wav"), music.join("4 gone.wav")).unwrap();
    let read = Library::open(&music, &LibraryParams::default(), &Silent).unwrap();
    fs::remove_file(music.join("4 gone.wav")).unwrap();
    read.write(folder).unwrap();
    table(folder)
}

fn table(folder: &Path) -> SongTable {
    SongTable::read(folder.join("songs.csv")).unwrap()
}

fn shard(
    catalog: &SongTable,
    store: &Path,
    shard: Shard,
    progress: &dyn Progress,
) -> Result<Made, Error> {
    let (params, limits) = (ImageParams::default(), Limits::default());
    Store::make_shard(shard, catalog, store, &params, &limits, 2, progress)
}

fn all(catalog: &SongTable, store: &Path, count: u32) {
    for index in 0..count {
        shard(catalog, store, Shard::new(index, count).unwrap(), &Silent).unwrap();
    }
}

/// The [contents](stored::contents) of a store, and the images of its songs.
fn contents(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, store) = (stored::contents(store), Store::new(store));
    for id in store.pixels().unwrap().ids() {
        found.insert(format!("{id}.png"), fs::read(store.image(id)).unwrap());
    }
    found
}

/// What one run makes.
fn whole(catalog: &SongTable, folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (params, limits) = (ImageParams::default(), Limits::default());
    let made = Store::make(catalog, folder, &params, &limits, 2, &Silent).unwrap();
    made.record(folder).unwrap();
    contents(folder)
}

/// Says that a song is done, and does not go on.
struct Stuck<'a>(&'a Path);

impl Progress for Stuck<'_> {
    fn advance(&self, songs: u64) {
        if songs == 0 {
            return;
        }
        fs::write(self.0.join("a song is done"), "").unwrap();
        std::thread::sleep(Duration::from_secs(120));
    }
}

/// Not a test of its own: what the process runs that is killed.
#[test]
fn process_to_be_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let part = Shard::new(1, 3).unwrap();
    shard(&table(&folder), &folder.join("store-3"), part, &Stuck(&folder)).unwrap();
}

#[test]
fn any_number_of_shards_is_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = library(folder.path());
    assert_eq!(catalog.songs.len(), 12);
    let expected = whole(&catalog, &folder.path().join("whole"));
    for count in [1, 3, 7, 20] {
        let store = folder.path().join(format!("store-{count}"));
        if count == 3 {
            let mut killed = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "process_to_be_killed"])
                .env(FOLDER, folder.path())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let (done, begin) = (folder.path().join("a song is done"), Instant::now());
            while !done.exists() {
                assert!(begin.elapsed() < Duration::from_secs(60));
                std::thread::sleep(Duration::from_millis(5));
            }
            // While it works, nobody else does.
            let part = Shard::new(1, 3).unwrap();
            let held = shard(&catalog, &store, part, &Silent).unwrap_err();
            assert_eq!(held.kind(), ErrorKind::Environment, "{held}");
            killed.kill().unwrap();
            killed.wait().unwrap();
        }
        all(&catalog, &store, count);
        let made = Store::merge(&catalog, &store).unwrap();
        made.record(&store).unwrap();
        assert_eq!((made.images.len(), made.failures.len(), made.duplicates.len()), (7, 3, 2));
        let found = contents(&store);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, bytes) in &expected {
            assert!(found[name] == *bytes, "{name} of {count} shards");
        }
        assert!(!store.join("pixels.u8").exists(), "the pixels stay where they are");
        // All of it again changes nothing.
        all(&catalog, &store, count);
        Store::merge(&catalog, &store).unwrap();
        assert!(contents(&store) == expected, "{count} shards, again");
    }
}

#[test]
fn shards_that_do_not_belong_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = library(folder.path());
    let store = folder.path().join("store");
    let merge = |catalog: &SongTable| Store::merge(catalog, &store).unwrap_err();
    assert!(merge(&catalog).to_string().ends_with("there are no shards"));
    for index in [0, 2] {
        shard(&catalog, &store, Shard::new(index, 4).unwrap(), &Silent).unwrap();
    }
    let error = merge(&catalog);
    assert!(error.to_string().ends_with("missing: 1/4, 3/4"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Input);

    // Of another catalog, and with other parameters.
    let mut other = catalog.clone();
    other.songs.swap(3, 4);
    shard(&other, &store, Shard::new(1, 4).unwrap(), &Silent).unwrap();
    let params = ImageParams { range_db: 80.0, ..ImageParams::default() };
    let last = Shard::new(3, 4).unwrap();
    Store::make_shard(last, &catalog, &store, &params, &Limits::default(), 1, &Silent).unwrap();
    let message = merge(&catalog).to_string();
    assert!(message.contains("1/4 is made otherwise: inputs.songs is "), "{message}");
    assert!(
        message.contains("3/4 is made otherwise: range_db is 80.0, asked for 60.0"),
        "{message}"
    );
    let refused = shard(&catalog, &store, last, &Silent).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Configuration, "{refused}");

    fs::remove_dir_all(last.folder(&store)).unwrap();
    all(&catalog, &store, 4);
    Store::merge(&catalog, &store).unwrap();

    // A damaged part, and a folder of one run.
    fs::write(Shard::new(0, 4).unwrap().folder(&store).join("pixels.u8"), "cut").unwrap();
    let error = Store::new(&store).pixels().unwrap_err();
    assert!(matches!(error, Error::Cache { .. }), "{error}");
    let (params, limits) = (ImageParams::default(), Limits::default());
    let make = |folder: &Path| Store::make(&catalog, folder, &params, &limits, 2, &Silent);
    assert!(matches!(make(&store).unwrap_err(), Error::Sharded { .. }));
    let one = folder.path().join("one");
    make(&one).unwrap();
    assert!(matches!(shard(&catalog, &one, last, &Silent), Err(Error::Sharded { .. })));
    assert!(matches!(Store::merge(&catalog, &one), Err(Error::Sharded { .. })));
}
