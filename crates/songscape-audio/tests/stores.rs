//! A folder of images, made once, however often it is begun.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use songscape_audio::{
    Error, ImageParams, Library as Music, LibraryParams, Limits, Made, SongTable, Store,
};
use songscape_project::{Progress, Project, Silent};

/// Six songs, two of them broken, and a folder for the images.
struct Library {
    folder: tempfile::TempDir,
}

impl Library {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let music = folder.path().join("music");
        fs::create_dir(&music).unwrap();
        for (i, seconds) in [1.5, 2.0, 1.2, 3.0].into_iter().enumerate() {
            let samples = &sounds::melody(44_100, 4.0)[i * 11_000..];
            let samples = &samples[..(seconds * 44_100.0) as usize];
            sounds::wav(&music.join(format!("song {i}.wav")), 44_100, 1, samples);
        }
        fs::write(music.join("song 1b.mp3"), "These are words.").unwrap();
        sounds::wav(&music.join("song 2b.wav"), 44_100, 1, &[0.0; 50_000]);
        Self { folder }
    }

    fn music(&self, name: &str) -> PathBuf {
        self.folder.path().join("music").join(name)
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("spectrograms")
    }

    fn catalog(&self) -> SongTable {
        let folder = self.folder.path().join("music");
        Music::open(&folder, &LibraryParams::default(), &Silent).unwrap().catalog
    }

    fn make_in(
        &self,
        store: &Path,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Made, Error> {
        let (params, limits) = (ImageParams::default(), Limits::default());
        Store::make(&self.catalog(), store, &params, &limits, threads, progress)
    }

    fn make(&self) -> Made {
        self.make_in(&self.store(), 2, &Silent).unwrap()
    }

    fn image(&self, song: usize) -> PathBuf {
        let id = &self.make().images[song].id;
        Store::new(self.store()).image(id)
    }
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files
        .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
        .collect()
}

/// Counts songs, and interrupts after some of them.
struct Counter {
    songs: AtomicUsize,
    last: usize,
}

impl Counter {
    fn new(last: usize) -> Self {
        Self { songs: AtomicUsize::new(0), last }
    }
}

impl Progress for Counter {
    fn advance(&self, n: u64) {
        self.songs.fetch_add(n as usize, Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.songs.load(Ordering::Relaxed) >= self.last
    }
}

#[test]
fn a_library_becomes_images_and_failures() {
    let library = Library::new();
    let made = library.make();
    assert_eq!(made.skipped_existing, 0);
    let columns: Vec<_> = made.images.iter().map(|image| image.columns).collect();
    assert_eq!(columns, [300, 400, 240, 600]);
    let failures: Vec<_> = made
        .failures
        .iter()
        .map(|f| (Path::new(&f.item).file_name().unwrap().to_str().unwrap(), &f.reason))
        .collect();
    assert_eq!((failures[0].0, failures[1].0), ("song 1b.mp3", "song 2b.wav"));
    assert!(failures[0].1.starts_with("no audio was recognised"), "{}", failures[0].1);
    assert!(failures[1].1.starts_with("silent"), "{}", failures[1].1);

    assert_eq!(Store::new(library.store()).parameters().unwrap(), ImageParams::default());
    assert!(Store::new(library.music("")).parameters().is_err());
    let pixels = Store::new(library.store()).pixels().unwrap();
    assert_eq!((pixels.len(), pixels.rows(), pixels.is_empty()), (4, 256, false));
    for (i, image) in made.images.iter().enumerate() {
        assert_eq!(pixels.ids()[i], image.id);
        assert_eq!(pixels.columns(i) as u64, image.columns);
        let path = Store::new(library.store()).image(&image.id);
        let png = songscape_audio::ImageReader::open(&path).unwrap();
        let columns = png.columns();
        assert_eq!(pixels.song(i), png.pixels(0..columns).unwrap());
    }
    // The mapped bytes are those of the file.
    let flat = fs::read(library.store().join("pixels.u8")).unwrap();
    let songs: Vec<u8> = (0..4).flat_map(|i| pixels.song(i).to_vec()).collect();
    assert_eq!(flat, songs);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let library = Library::new();
    let other = library.folder.path().join("other");
    let one = library.make_in(&library.store(), 1, &Silent).unwrap();
    let three = library.make_in(&other, 3, &Silent).unwrap();
    assert_eq!(one, three);
    assert_eq!(contents(&library.store()), contents(&other));
}

#[test]
fn a_second_run_looks_only_at_stamps() {
    let library = Library::new();
    let first = library.make();
    let before = contents(&library.store());
    // Were the files opened, their new content would show.
    for name in ["song 0.wav", "song 1b.mp3"] {
        let path = library.music(name);
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let bytes = vec![b'x'; fs::metadata(&path).unwrap().len() as usize];
        fs::write(&path, bytes).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    }
    let counter = Counter::new(usize::MAX);
    let second = library.make_in(&library.store(), 2, &counter).unwrap();
    assert_eq!(second, Made { skipped_existing: 4, ..first });
    assert_eq!(counter.songs.into_inner(), 6);
    assert_eq!(contents(&library.store()), before);
}

#[test]
fn only_the_missing_image_is_made_again() {
    let library = Library::new();
    library.make();
    let before = contents(&library.store());
    let (missing, kept) = (library.image(2), library.image(0));
    let time = fs::metadata(&kept).unwrap().modified().unwrap();
    fs::remove_file(&missing).unwrap();
    let made = library.make();
    assert_eq!((made.images.len(), made.skipped_existing), (4, 3));
    assert_eq!(contents(&library.store()), before);
    assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), time);
}

#[test]
fn an_interrupted_run_is_continued() {
    let library = Library::new();
    let whole = library.folder.path().join("whole");
    library.make_in(&whole, 2, &Silent).unwrap();
    for last in 1..6 {
        let store = library.folder.path().join(format!("after {last}"));
        let error = library.make_in(&store, 1, &Counter::new(last)).unwrap_err();
        let message = error.to_string();
        assert_eq!(message, format!("interrupted after {last} of 6 songs; run again to continue"));
        let counter = Counter::new(usize::MAX);
        let made = library.make_in(&store, 2, &counter).unwrap();
        assert!(made.skipped_existing + 2 >= last, "{last}: {}", made.skipped_existing);
        assert_eq!(contents(&store), contents(&whole));
    }
}

#[test]
fn what_a_dead_run_left_behind_is_no_matter() {
    let library = Library::new();
    library.make();
    let before = contents(&library.store());
    let pixels = library.store().join("pixels.u8");

    // It died before the index was written: the images are made again.
    fs::remove_file(library.store().join("index.csv")).unwrap();
    fs::remove_file(library.store().join("pixels.csv")).unwrap();
    assert_eq!(library.make().skipped_existing, 0);
    assert_eq!(contents(&library.store()), before);

    // It died between the two files of the cache.
    fs::remove_file(library.store().join("pixels.csv")).unwrap();
    fs::write(&pixels, "half").unwrap();
    assert!(Store::new(library.store()).pixels().is_err());
    assert_eq!(library.make().skipped_existing, 4);
    assert_eq!(contents(&library.store()), before);

    // Somebody cut the cache.
    fs::write(&pixels, "half").unwrap();
    let error = Store::new(library.store()).pixels().unwrap_err();
    assert!(error.to_string().contains("4 bytes, expected"), "{error}");
    library.make();
    assert_eq!(contents(&library.store()), before);
}

#[test]
fn an_image_that_was_damaged_is_found_and_made_again() {
    let library = Library::new();
    library.make();
    let before = contents(&library.store());
    let image = library.image(1);
    let bytes = fs::read(&image).unwrap();
    fs::write(&image, &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_file(library.store().join("pixels.csv")).unwrap();
    let error = library.make_in(&library.store(), 2, &Silent).unwrap_err().to_string();
    assert!(error.ends_with("removed, run again to make it anew"), "{error}");
    assert_eq!(library.make().skipped_existing, 3);
    assert_eq!(contents(&library.store()), before);
}

#[test]
fn a_library_may_change() {
    let library = Library::new();
    library.make();
    // Songs come, go, change, break, and are mended.
    sounds::wav(&library.music("song 00.wav"), 44_100, 1, &sounds::melody(44_100, 1.0));
    fs::remove_file(library.music("song 3.wav")).unwrap();
    sounds::wav(&library.music("song 1.wav"), 44_100, 1, &sounds::melody(44_100, 2.5));
    fs::write(library.music("song 2.wav"), "broken").unwrap();
    sounds::wav(&library.music("song 2b.wav"), 44_100, 1, &sounds::melody(44_100, 1.1));
    let made = library.make();
    let columns: Vec<_> = made.images.iter().map(|image| image.columns).collect();
    assert_eq!(columns, [300, 200, 500, 220]);
    assert_eq!((made.failures.len(), made.skipped_existing), (2, 1));
    let pixels = Store::new(library.store()).pixels().unwrap();
    assert_eq!((0..4).map(|i| pixels.columns(i)).collect::<Vec<_>>(), [300, 200, 500, 220]);
    assert!(!contents(&library.store()).keys().any(|name| name.starts_with("song-2-")));

    // A file that vanishes is a failure as long as it is gone.
    let catalog = library.catalog();
    let away = library.folder.path().join("away.wav");
    fs::rename(library.music("song 1.wav"), &away).unwrap();
    let make = || {
        let (params, limits) = (ImageParams::default(), Limits::default());
        Store::make(&catalog, library.store(), &params, &limits, 1, &Silent).unwrap()
    };
    let made = make();
    assert_eq!(made.images.len(), 3);
    assert!(made.failures.iter().any(|failure| failure.reason == "the file is missing"));
    fs::rename(&away, library.music("song 1.wav")).unwrap();
    assert_eq!(make().images.len(), 4);
}

#[test]
fn other_limits_are_applied_to_what_is_there() {
    let library = Library::new();
    let before = library.make();
    let make = |limits: &Limits| {
        let (catalog, params) = (library.catalog(), ImageParams::default());
        Store::make(&catalog, library.store(), &params, limits, 2, &Silent).unwrap()
    };
    let short = make(&Limits { max_seconds: 1.8, ..Limits::default() });
    assert_eq!((short.images.len(), short.failures.len()), (2, 4));
    let quiet = make(&Limits { silence_db: f64::NEG_INFINITY, ..Limits::default() });
    assert_eq!((quiet.images.len(), quiet.failures.len()), (4, 2));
    let reason = "only 0.00 s of sound in 1.13 s, at least 1 s are needed";
    assert_eq!(quiet.failures[1].reason, reason);
    let again = make(&Limits::default());
    assert_eq!((again.images, again.failures), (before.images, before.failures));
}

#[test]
fn other_parameters_and_a_second_writer_are_refused() {
    let library = Library::new();
    library.make();
    let before = contents(&library.store());
    let make = |params: &ImageParams| {
        let (catalog, limits) = (library.catalog(), Limits::default());
        Store::make(&catalog, library.store(), params, &limits, 2, &Silent)
    };
    let message =
        make(&ImageParams { rows: 128, range_db: 70.0, ..ImageParams::default() }).unwrap_err();
    let message = message.to_string();
    assert!(message.contains("range_db is 60.0, asked for 70.0"), "{message}");
    assert!(message.contains("rows is 256, asked for 128"), "{message}");
    assert_eq!(contents(&library.store()), before);

    let _writer = Project::open(library.store()).unwrap();
    let message = make(&ImageParams::default()).unwrap_err().to_string();
    assert!(message.contains("another process is working on this folder"), "{message}");
}

#[test]
fn a_library_without_songs_is_an_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    let (params, limits) = (ImageParams::default(), Limits::default());
    let made =
        Store::make(&SongTable::default(), folder.path(), &params, &limits, 2, &Silent).unwrap();
    assert_eq!(
        made,
        Made { images: vec![], failures: vec![], duplicates: vec![], skipped_existing: 0 }
    );
    assert!(Store::new(folder.path()).pixels().unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_a_clear_error() {
    use std::os::unix::fs::PermissionsExt;
    let library = Library::new();
    library.make();
    fs::remove_file(library.image(0)).unwrap();
    fs::set_permissions(library.store(), fs::Permissions::from_mode(0o500)).unwrap();
    // The superuser may write anyway.
    if fs::write(library.store().join("probe"), "").is_ok() {
        println!("skipped: this user may write into a read-only folder");
    } else {
        let error = library.make_in(&library.store(), 1, &Silent).unwrap_err().to_string();
        assert!(error.contains("ermission denied"), "{error}");
    }
    fs::set_permissions(library.store(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn songs_that_sound_the_same_count_once() {
    let library = Library::new();
    let samples = &sounds::melody(44_100, 4.0)[..66_150];
    // The first song again, as FLAC, and the second one under another name.
    let flac = sounds::flac(44_100, samples, 66_150, &["TITLE=Early", "DATE=1961"]);
    fs::write(library.music("song 9.flac"), flac).unwrap();
    fs::copy(library.music("song 1.wav"), library.music("another name.wav")).unwrap();
    let made = library.make();
    // What is dated stays; else what comes first.
    let decisions: Vec<_> = made
        .duplicates
        .iter()
        .map(|d| (d.file.clone(), d.same_as.clone(), d.reason.as_str()))
        .collect();
    let file = |name| library.music(name).display().to_string();
    assert_eq!(
        decisions,
        [
            (file("song 0.wav"), file("song 9.flac"), "same audio"),
            (file("song 1.wav"), file("another name.wav"), "same audio"),
        ]
    );
    let columns: Vec<_> = made.images.iter().map(|image| image.columns).collect();
    assert_eq!(columns, [400, 240, 600, 300]);
    assert_eq!(Store::new(library.store()).pixels().unwrap().len(), 4);
    let pngs = || {
        let files = fs::read_dir(library.store()).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|ending| ending == "png")).count()
    };
    assert_eq!(pngs(), 4, "those left out have no image");
    // A second run knows without hearing them, and takes the other one when the first is gone.
    let again = library.make();
    assert_eq!((again.skipped_existing, again.duplicates), (4, made.duplicates));
    fs::remove_file(library.music("song 9.flac")).unwrap();
    let without = library.make();
    assert_eq!((without.images.len(), without.duplicates.len()), (4, 1));
    assert_eq!((without.skipped_existing, pngs()), (3, 5), "the old image stays");
    let image = without.images.iter().find(|image| image.id.starts_with("song-0-")).unwrap();
    assert!(Store::new(library.store()).image(&image.id).is_file());
}

#[test]
fn the_fingerprint_is_of_the_images_and_of_how_they_were_made() {
    let library = Library::new();
    let fingerprint = |store: &Path| Store::new(store).fingerprint().unwrap();
    let make = |store: &Path, params: &ImageParams| {
        Store::make(&library.catalog(), store, params, &Limits::default(), 2, &Silent).unwrap();
        fingerprint(store)
    };
    let params = ImageParams::default();
    let first = make(&library.store(), &params);
    assert_eq!(fingerprint(&library.store()), first);
    // Another folder, other times: the same.
    assert_eq!(make(&library.folder.path().join("again"), &params), first);
    // The sound and the columns are the same, the pixels are not.
    let wide = ImageParams { range_db: 80.0, trim: false, ..params.clone() };
    let narrow = ImageParams { trim: false, ..params.clone() };
    let made = |name: &str, params| make(&library.folder.path().join(name), params);
    assert_ne!(made("wide", &wide), made("narrow", &narrow));
    // Another song.
    sounds::wav(&library.music("song 9.wav"), 44_100, 1, &sounds::melody(44_100, 1.7));
    assert_ne!(make(&library.store(), &params), first);
}
