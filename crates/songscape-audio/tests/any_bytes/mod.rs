//! Any bytes as a manifest, as a music file and as an image: what the fuzz targets and their plain
//! test run. Nothing may panic, hang, or take memory without bounds.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use songscape_audio::{
    AudioReader, Catalog, Error, ImageParams, ImageReader, Library, LibraryParams, Limits,
    Renderer, SameName,
};
use songscape_project::Silent;

/// Files that a manifest can name.
const FILES: [&str; 4] = ["a", "b.mp3", "c d.wav", "é.ogg"];

/// Endings that make a decoder guess; files are recognised by their content all the same.
const ENDINGS: [&str; 12] =
    ["wav", "aiff", "caf", "flac", "ogg", "mp3", "mp2", "aac", "m4a", "mka", "webm", "bin"];

fn in_folder(run: impl FnOnce(&Path)) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
    }
    FOLDER.with(|folder| run(folder.path()));
}

/// A manifest: every song has an id of its own that is safe as a file's name, lies inside the
/// library, and survives being written and read.
pub fn manifest(data: &[u8]) {
    in_folder(|folder| {
        let library = folder.join("library");
        if !library.exists() {
            fs::create_dir(&library).unwrap();
            FILES.iter().for_each(|name| fs::write(library.join(name), name).unwrap());
        }
        let library = library.canonicalize().unwrap();
        let path = library.join("manifest.csv");
        fs::write(&path, data).unwrap();
        for same_name in [SameName::Auto, SameName::Keep] {
            let params = LibraryParams { same_name, ..LibraryParams::default() };
            let Ok(Library { catalog, failures, duplicates }) =
                Library::open(&path, &params, &Silent)
            else {
                continue;
            };
            let ids: HashSet<_> = catalog.songs.iter().map(|song| &song.id).collect();
            assert_eq!(ids.len(), catalog.songs.len());
            for song in &catalog.songs {
                let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                assert!(song.id.chars().all(safe) && song.id.len() < 128, "{}", song.id);
                assert!(catalog.file(song).canonicalize().unwrap().starts_with(&library));
                assert_eq!(song.extra.len(), catalog.columns.len());
            }
            assert!(failures.iter().all(|failure| !failure.reason.is_empty()));
            assert!(duplicates.iter().all(|duplicate| !duplicate.reason.is_empty()));
            let table = folder.join("songs.csv");
            catalog.write_csv(&table).unwrap();
            let read = Catalog::read_csv(&table).unwrap();
            for (a, b) in catalog.songs.iter().zip(&read.songs) {
                assert_eq!(
                    (&a.id, &a.title, &a.artist, a.year),
                    (&b.id, &b.title, &b.artist, b.year)
                );
                assert_eq!(a.extra, b.extra);
            }
            assert_eq!((read.songs.len(), read.columns), (catalog.songs.len(), catalog.columns));
        }
    });
}

/// A music file, whose ending the first byte chooses: its tags, its samples, its image.
pub fn music(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    in_folder(|folder| {
        let music = folder.join("music");
        fs::create_dir_all(&music).unwrap();
        let path = music.join("a").with_extension(ENDINGS[usize::from(*first) % ENDINGS.len()]);
        fs::write(&path, data).unwrap();
        let library = Library::open(&music, &LibraryParams::default(), &Silent).unwrap();
        assert!(library.catalog.songs.len() <= 1);

        let limits = Limits { max_seconds: 20.0, min_seconds: 0.1, ..Limits::default() };
        let read = || {
            let mut reader = AudioReader::open(&path, &limits)?;
            let (mut block, mut samples) = (Vec::new(), 0);
            while reader.read(&mut block)? {
                assert!(block.iter().all(|sample| sample.is_finite()));
                samples += block.len() as u64;
            }
            assert_eq!(samples, reader.frames());
            Ok::<_, Error>(samples)
        };
        let samples = read();
        let params = ImageParams {
            rows: 16,
            f_min: 200.0,
            f_max: 3000.0,
            sample_rate: 8_000,
            ..ImageParams::default()
        };
        let image = Renderer::new(&params, &limits).unwrap().render(&path);
        fs::remove_file(&path).unwrap();
        if let Ok(mut image) = image {
            assert!(samples.unwrap() > 0);
            assert_eq!(image.pixels().unwrap().len() as u64, 16 * image.columns());
        }
    });
}

/// An image: what it says about itself, and its pixels.
pub fn image(data: &[u8]) {
    in_folder(|folder| {
        let path = folder.join("a.png");
        fs::write(&path, data).unwrap();
        if let Ok(reader) = ImageReader::open(&path) {
            let (columns, rows) = (reader.columns().min(4096), reader.info().params.rows);
            if let Ok(pixels) = reader.pixels(0..columns) {
                assert_eq!(pixels.len(), columns * rows);
            }
        }
    });
}
