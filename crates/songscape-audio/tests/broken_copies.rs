//! A song that is there twice, once broken.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::fs;
use std::path::{Path, PathBuf};

use songscape_audio::{
    Duplicate, ImageParams, Library, LibraryParams, Limits, SameName, SongTable, Store,
};
use songscape_project::{Failure, Shard, Silent, read_rows};

const RATE: u32 = 22_050;

/// A folder of music, and one of images beside it.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::create_dir(project.music()).unwrap();
        project
    }

    fn music(&self) -> PathBuf {
        self.0.path().join("music")
    }

    fn store(&self) -> PathBuf {
        self.0.path().join("store")
    }

    /// A recording of which so many seconds of six are there.
    fn song(&self, name: &str, seconds: f64, year: u32) -> String {
        let samples = sounds::melody(RATE, seconds);
        let year = format!("DATE={year}");
        let tags = ["ARTIST=A Band", "TITLE=A Song", &year];
        let file = self.music().join(name);
        fs::write(&file, sounds::flac(RATE, &samples, 6 * u64::from(RATE), &tags)).unwrap();
        file.display().to_string()
    }

    fn list(&self, same_name: SameName) -> SongTable {
        let known_failures = Some(self.store().join("failures.csv"));
        let params = LibraryParams { same_name, known_failures, ..LibraryParams::default() };
        let library = Library::open(self.music(), &params, &Silent).unwrap();
        library.write(self.store()).unwrap();
        library.catalog
    }

    fn make(&self) {
        let (catalog, images, limits) =
            (self.list(SameName::Auto), ImageParams::default(), Limits::default());
        let made = Store::make(&catalog, self.store(), &images, &limits, 2, &Silent).unwrap();
        made.record(self.store()).unwrap();
    }

    fn make_by_shards(&self) {
        let catalog = self.list(SameName::Auto);
        for shard in ["0/2", "1/2"] {
            let (shard, images, limits) =
                (shard.parse::<Shard>().unwrap(), ImageParams::default(), Limits::default());
            Store::make_shard(shard, &catalog, self.store(), &images, &limits, 1, &Silent).unwrap();
        }
        Store::merge(&catalog, self.store()).unwrap().record(self.store()).unwrap();
    }

    /// The files and years of the catalog.
    fn songs(&self) -> Vec<(String, Option<i32>)> {
        let songs = SongTable::read(self.store().join("songs.csv")).unwrap().songs;
        songs.iter().map(|song| (song.path.display().to_string(), song.year)).collect()
    }

    fn images(&self) -> usize {
        Store::new(self.store()).pixels().unwrap().len()
    }

    fn failures(&self) -> Vec<(String, String)> {
        let failures = Failure::read_all(self.store().join("failures.csv")).unwrap();
        failures.into_iter().map(|failure| (failure.item, failure.reason)).collect()
    }

    fn left_out(&self) -> Vec<Duplicate> {
        read_rows(self.store().join("duplicates.csv")).unwrap()
    }
}

fn cut(seconds: f64) -> String {
    format!("the file is cut short: {seconds:.2} s could be decoded of 6.00 s")
}

#[test]
fn the_whole_copy_takes_the_place_of_the_broken_one() {
    for make in [Project::make, Project::make_by_shards] {
        let project = Project::new();
        let broken = project.song("1.flac", 3.0, 1975);
        let whole = project.song("2.flac", 6.0, 2009);
        let other = project.music().join("3.wav");
        sounds::wav(&other, RATE, 1, &sounds::tone(700.0, RATE, 2.0));

        make(&project);
        let reason = format!("{}; run again to use {whole} instead", cut(3.0));
        assert_eq!(project.failures(), [(broken.clone(), reason)]);
        assert_eq!(project.images(), 1);

        // From then on it stays so. The year is the song's first, whichever file has it.
        for _ in 0..3 {
            make(&project);
            let other = other.display().to_string();
            assert_eq!(project.songs(), [(whole.clone(), Some(1975)), (other, None)]);
            assert_eq!(project.images(), 2);
            let failure = (broken.clone(), format!("{}; {whole} counts", cut(3.0)));
            assert_eq!(project.failures(), [failure]);
            let left_out = &project.left_out()[0];
            assert_eq!((&left_out.file, &left_out.same_as), (&broken, &whole));
            let reason = format!("same artist and title; {}", cut(3.0));
            assert_eq!(left_out.reason, reason);
        }

        // Until the file is replaced: then nothing is broken any more.
        project.song("1.flac", 6.0, 1975);
        make(&project);
        assert_eq!(project.songs()[0], (broken.clone(), Some(1975)));
        assert_eq!(project.failures(), []);
        assert_eq!(project.images(), 2);
    }
}

#[test]
fn of_broken_copies_one_after_the_other_is_tried_and_then_the_first_stays() {
    let project = Project::new();
    let first = project.song("1.flac", 3.0, 1975);
    let second = project.song("2.flac", 4.0, 1980);
    project.make();
    assert!(project.failures()[0].1.ends_with(&format!("run again to use {second} instead")));
    project.make();
    let both =
        [(first.clone(), format!("{}; {second} counts", cut(3.0))), (second.clone(), cut(4.0))];
    assert_eq!(project.failures(), both);
    for _ in 0..3 {
        project.make();
        let both =
            [(second.clone(), format!("{}; {first} counts", cut(4.0))), (first.clone(), cut(3.0))];
        assert_eq!(project.failures(), both);
        assert_eq!(project.songs().len(), 1);
    }
}

#[test]
fn what_is_no_copy_stands_in_for_nothing() {
    let project = Project::new();
    let broken = project.song("1.flac", 3.0, 1975);
    project.song("2.flac", 6.0, 2009);
    let only_failure = (broken.clone(), cut(3.0));
    let keep = project.list(SameName::Keep);
    let (images, limits) = (ImageParams::default(), Limits::default());
    let made = Store::make(&keep, project.store(), &images, &limits, 2, &Silent).unwrap();
    made.record(project.store()).unwrap();
    assert_eq!(project.failures(), [only_failure]);
    assert_eq!(project.list(SameName::Keep).songs.len(), 2);
    // Nor does the same file under another name.
    #[cfg(unix)]
    {
        let project = Project::new();
        let broken = project.song("1.flac", 3.0, 1975);
        std::os::unix::fs::symlink(Path::new(&broken), project.music().join("2.flac")).unwrap();
        let params = LibraryParams { outside: true, ..LibraryParams::default() };
        let library = Library::open(project.music(), &params, &Silent).unwrap();
        library.write(project.store()).unwrap();
        assert_eq!(library.duplicates.len(), 1);
        let made = Store::make(&library.catalog, project.store(), &images, &limits, 2, &Silent);
        made.unwrap().record(project.store()).unwrap();
        assert_eq!(project.failures(), [(broken, cut(3.0))]);
    }
}
