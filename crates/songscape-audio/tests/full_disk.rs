//! A disk that is full at the N-th write, for every N.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use songscape_audio::{Error, ImageParams, Library, LibraryParams, Limits, Made, Store};
use songscape_project::{Silent, faults};

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect()
}

/// Alone in its binary: the count of writes is the process's.
#[test]
fn a_full_disk_is_named_and_a_second_run_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    let song = sounds::melody(8_000, 3.0);
    for i in 0..3 {
        sounds::wav(&music.join(format!("{i}.wav")), 8_000, 1, &song[i * 4_000..][..9_600]);
    }
    fs::copy(music.join("1.wav"), music.join("copy.wav")).unwrap();
    fs::write(music.join("words.mp3"), "These are words.").unwrap();
    let catalog = Library::open(&music, &LibraryParams::default(), &Silent).unwrap().catalog;
    // Few rows, so that a run takes little time.
    let params = ImageParams { rows: 16, f_min: 200.0, f_max: 3000.0, ..ImageParams::default() };
    let make = |store: &Path| -> Result<Made, Error> {
        Store::make(&catalog, store, &params, &Limits::default(), 1, &Silent)
    };
    let whole = folder.path().join("whole");
    let made = make(&whole).unwrap();
    assert_eq!((made.images.len(), made.duplicates.len(), made.failures.len()), (3, 1, 1));
    let whole = contents(&whole);

    let mut n = 0;
    loop {
        let store = folder.path().join(format!("full after {n}"));
        faults::fail_after(n);
        let result = make(&store);
        let failed = faults::failed();
        faults::fail_after(u64::MAX);
        match result {
            Err(error) => {
                // The file is named, and what happened.
                let message = error.to_string();
                assert!(message.contains(&store.display().to_string()), "{n}: {message}");
                assert!(message.contains("no storage space"), "{n}: {message}");
            }
            // Nothing was left to write.
            Ok(_) => {
                assert!(n > 25, "only {n} writes");
                println!("{n} writes; full at each of them");
                break;
            }
        }
        assert!(failed);
        // A cache that counts is whole.
        if store.join("pixels.csv").exists() {
            assert!(fs::read(store.join("pixels.u8")).unwrap() == whole[Path::new("pixels.u8")]);
        }
        make(&store).unwrap();
        assert!(contents(&store) == whole, "full after {n} writes: other bytes");
        n += 1;
    }
}
