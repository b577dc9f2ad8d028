//! Real music: twelve of the Lieder that lie beside the workspace, where they do.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use songscape_audio::catalog::Decision;
use songscape_audio::{
    AudioReader, Error, ImageParams, Library, LibraryParams, Limits, Problem, Store,
};
use songscape_project::Silent;

fn lieder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lieder");
    let manifest = folder.join("manifest.csv");
    if manifest.exists() {
        return Some(manifest);
    }
    println!("skipped: no Lieder beside the workspace ({})", folder.display());
    None
}

#[test]
fn lieder_become_images() {
    let Some(manifest) = lieder() else { return };
    let library = Library::open(&manifest, &LibraryParams::default(), &Silent).unwrap();
    let Library { mut catalog, failures, duplicates, .. } = library;
    // Two renditions of each song: the same artist and title, told apart by the manifest.
    assert_eq!((catalog.songs.len(), failures.len(), duplicates.len()), (200, 0, 100));
    assert!(duplicates.iter().all(|duplicate| duplicate.decision == Decision::KeptApart));
    assert_eq!(catalog.columns[2..], ["song", "rendition"]);
    catalog.songs.truncate(12);

    let folder = tempfile::tempdir().unwrap();
    let (params, limits) = (ImageParams::default(), Limits::default());
    let start = Instant::now();
    let made = Store::make(&catalog, folder.path(), &params, &limits, 2, &Silent).unwrap();
    println!("12 songs in {:.2} s", start.elapsed().as_secs_f64());
    assert_eq!(made.failures, []);
    let pixels = Store::new(folder.path()).pixels().unwrap();
    for (i, image) in made.images.iter().enumerate() {
        assert_eq!((image.columns, image.rate, image.channels), (6000, 44_100, 1));
        let song = pixels.song(i);
        let share = |range: std::ops::RangeInclusive<u8>| {
            let count = song.iter().filter(|grey| range.contains(grey)).count();
            count as f64 / song.len() as f64
        };
        // A dark background, the music in between, and hardly anything white.
        let (black, dark, white) = (share(0..=0), share(0..=85), share(255..=255));
        println!("{}: black {black:.2}, dark {dark:.2}, white {white:.4}", image.id);
        assert!(dark > 0.3 && black < 0.8 && white < 0.002, "{}", image.id);
    }
}

#[test]
fn a_cut_ogg_is_taken_as_far_as_it_goes_and_noted() {
    let Some(manifest) = lieder() else { return };
    let catalog = Library::open(&manifest, &LibraryParams::default(), &Silent).unwrap().catalog;
    let bytes = std::fs::read(catalog.file(&catalog.songs[0])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.ogg");
    let read = |length: usize| {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let mut reader = AudioReader::open(&path, &Limits::default())?;
        let mut block = Vec::new();
        while reader.read(&mut block)? {}
        Ok::<_, Error>((reader.seconds(), reader.notes().join("; ")))
    };
    let (whole, note) = read(bytes.len()).unwrap();
    assert_eq!(note, "");
    let mut before = 0.0;
    for length in (1..bytes.len()).step_by(9973) {
        match read(length) {
            Ok((seconds, note)) => {
                assert!(before <= seconds && seconds <= whole, "{length} bytes: {seconds} s");
                assert!(!note.is_empty(), "{length} bytes: {seconds} s without a note");
                before = seconds;
            }
            Err(Error::Audio {
                problem: Problem::Truncated { .. } | Problem::NotAudio(_), ..
            }) => {
                assert_eq!(before, 0.0, "{length} bytes");
            }
            Err(error) => panic!("{length} bytes: {error}"),
        }
    }
    assert!(before > 0.9 * whole, "{before} of {whole} s");
}
