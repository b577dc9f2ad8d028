//! Libraries as people have them.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::fs;
use std::path::Path;

use songscape_audio::catalog::Decision;
use songscape_audio::{Duplicate, Error, Library, LibraryParams, SameName, SongTable};
use songscape_project::{ErrorKind, Failure, Silent, year};

/// A folder with a manifest and a few files, which need not be music for a catalog.
fn library(manifest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    for name in ["one.wav", "two.wav", "b/one.wav"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    fs::write(folder.path().join("manifest.csv"), manifest).unwrap();
    folder
}

fn open(path: &Path) -> Library {
    Library::open(path, &LibraryParams::default(), &Silent).unwrap()
}

fn refused(path: &Path) -> Error {
    Library::open(path, &LibraryParams::default(), &Silent).unwrap_err()
}

fn read(manifest: &str) -> Library {
    open(&library(manifest).path().join("manifest.csv"))
}

fn reasons(failures: &[Failure]) -> Vec<(&str, &str)> {
    failures.iter().map(|failure| (relative(&failure.item), failure.reason.as_str())).collect()
}

/// A file's name in a table, which is absolute, from the library's folder on.
fn relative(item: &str) -> &str {
    let Ok(below) = Path::new(item).strip_prefix(std::env::temp_dir()) else { return item };
    let mut parts = below.components();
    parts.next();
    parts.as_path().to_str().unwrap()
}

#[test]
fn columns_come_in_any_order_and_others_are_kept() {
    let Library { catalog, failures, .. } = read(
        "\u{feff}Label,artist,YEAR,path,title,note\n\
         Stax,\"Redding, Otis\",1968-01-08,one.wav,\"The \"\"Dock\"\"\nof the Bay\",x\n\
         ,,,b/one.wav,,\n\
         Motown,A,1973,./two.wav,B,<b>\n",
    );
    assert_eq!(failures, []);
    assert_eq!(catalog.columns, ["artist_key", "year_from", "Label", "note"]);
    let [first, second, third] = &catalog.songs[..] else { panic!("{catalog:?}") };
    assert_eq!(first.title, "The \"Dock\"\nof the Bay");
    assert_eq!((first.artist.as_str(), first.year), ("Redding, Otis", Some(1968)));
    assert_eq!(first.extra[2..], ["Stax", "x"]);
    assert_eq!((second.title.as_str(), second.year), ("one", None));
    assert_eq!(third.path, Path::new("two.wav"));
    assert_eq!(catalog.file(third), catalog.folder.join("two.wav"));
    assert_ne!(first.id, second.id);
    assert!(first.id.starts_with("one-") && first.id.len() == 12, "{}", first.id);
}

#[test]
fn columns_of_a_manifest_that_the_catalog_has_itself_are_renamed() {
    let folder = library(
        "ID,path,title,artist,year,year_from,Artist_Key,mood\n\
         r7,one.wav,A,The Band,1968,liner notes,band,calm\n\
         r8,two.wav,B,,,,,\n",
    );
    let catalog = open(&folder.path().join("manifest.csv")).catalog;
    // The same key is no news.
    let columns = ["artist_key", "year_from", "manifest_id", "manifest_year_from", "mood"];
    assert_eq!(catalog.columns, columns);
    assert_eq!(catalog.songs[0].extra, ["band", "table", "r7", "liner notes", "calm"]);
    assert_eq!(catalog.songs[1].extra, ["", "", "r8", "", ""]);

    // As the manifest of another catalog the table keeps what it has.
    catalog.write(folder.path().join("songs.csv")).unwrap();
    let again = open(&folder.path().join("songs.csv")).catalog;
    assert_eq!((again.columns, again.songs.len()), (catalog.columns, 2));
    assert_eq!(again.songs[0].extra, catalog.songs[0].extra);
}

#[test]
fn a_missing_column_is_named_with_those_found() {
    let folder = library("path,titel,artist,year\none.wav,A,B,1990\n");
    let path = folder.path().join("manifest.csv");
    let message = refused(&path).to_string();
    let expected = "no column named title; the columns found are: path, artist, year, titel";
    assert!(message.ends_with(expected), "{message}");
    assert!(message.starts_with(&path.display().to_string()));

    fs::write(&path, "").unwrap();
    assert!(matches!(refused(&path), Error::Project(_)));
    fs::write(&path, b"OggS\0\x02\0\0").unwrap();
    assert!(refused(&path).to_string().ends_with("expected a CSV table"));
    assert_eq!(refused(&path).kind(), ErrorKind::Input);
    fs::remove_file(&path).unwrap();
    assert!(matches!(refused(&path), Error::Io { .. }));
}

#[test]
fn a_bad_row_is_named_and_the_others_are_read() {
    let manifest = b"path,title,artist,year\n\
        one.wav,A,B,87\n\
        gone.wav,A,B,1990\n\
        ../outside.wav,A,B,1990\n\
        /etc/passwd,A,B,1990\n\
        b/../../one.wav,A,B,1990\n\
        ,A,B,1990\n\
        b/one.wav,A\n\
        two.wav,\"D\n\n\",B,1991\n\
        b/one.wav,\xff,B,1990\n\
        b/one.wav,C,B,nineteen\n";
    let folder = library("");
    let path = folder.path().join("manifest.csv");
    fs::write(&path, manifest).unwrap();
    let Library { catalog, failures, remarks, .. } = open(&path);
    // Line ends of other systems are line ends, too.
    let lines = manifest.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
    fs::write(&path, lines).unwrap();
    assert_eq!(reasons(&open(&path).failures), reasons(&failures));
    let years: Vec<_> = catalog.songs.iter().map(|song| song.year).collect();
    assert_eq!(years, [None, Some(1991), None]);
    let expected = format!("expected {}", year::expected());
    let outside =
        "the path leads out of the list's folder: set `outside` (`--outside`) to allow that";
    assert_eq!(
        reasons(&failures),
        [
            ("gone.wav", "line 3: the file is missing"),
            ("../outside.wav", format!("line 4: {outside}").as_str()),
            ("/etc/passwd", &format!("line 5: {outside}")),
            ("b/../../one.wav", &format!("line 6: {outside}")),
            ("manifest.csv:7", "the path is empty, expected a file relative to the list's folder"),
            ("manifest.csv:8", "2 fields, expected 4"),
            ("manifest.csv:12", "column title: \"\u{FFFD}\" is not UTF-8"),
        ]
    );
    assert_eq!(
        reasons(&remarks),
        [
            ("one.wav", format!("line 2: year \"87\", {expected}").as_str()),
            ("b/one.wav", &format!("line 13: year \"nineteen\", {expected}")),
        ]
    );
    assert!(failures.iter().all(|failure| failure.stage == "catalog"));
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.wav"), "x").unwrap();
    let folder = library(
        "path,title,artist,year\nlink.wav,A,B,\nlinked/secret.wav,C,B,\nsame.wav,D,B,\none.wav,E,B,\n",
    );
    let link = |to: &Path, from: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(from)).unwrap();
    };
    link(&outside.path().join("secret.wav"), "link.wav");
    link(outside.path(), "linked");
    link(Path::new("one.wav"), "same.wav");

    let manifest = folder.path().join("manifest.csv");
    let Library { catalog, failures, duplicates, .. } = open(&manifest);
    assert_eq!((catalog.songs.len(), duplicates.len()), (1, 1));
    assert_eq!(duplicates[0].reason, "same file as on line 4");
    let leads_out =
        "a link leads out of the list's folder: set `outside` (`--outside`) to allow that";
    assert_eq!(
        reasons(&failures),
        [
            ("link.wav", format!("line 2: {leads_out}").as_str()),
            ("linked/secret.wav", &format!("line 3: {leads_out}")),
        ]
    );

    let Library { catalog, failures, .. } = open(folder.path());
    assert_eq!(catalog.songs.len(), 3);
    let not_followed = "which is not followed: set `outside` (`--outside`) to follow links";
    assert_eq!(
        reasons(&failures),
        [
            ("link.wav", format!("a link, {not_followed}").as_str()),
            ("linked", &format!("a link to a folder, {not_followed}")),
            ("same.wav", &format!("a link, {not_followed}"))
        ]
    );

    // Allowed, links are followed, and two ways to one file are one song.
    let allowed = LibraryParams { outside: true, ..LibraryParams::default() };
    let library = Library::open(&manifest, &allowed, &Silent).unwrap();
    assert_eq!((library.catalog.songs.len(), library.failures.len()), (2, 0));
    let reasons: Vec<_> = library.duplicates.iter().map(|d| d.reason.as_str()).collect();
    assert_eq!(reasons, ["same file as on line 2", "same file as on line 4"]);
    let library = Library::open(folder.path(), &allowed, &Silent).unwrap();
    assert_eq!((library.catalog.songs.len(), library.failures.len()), (4, 0));
    assert_eq!(library.duplicates.len(), 2);
    let absolute = outside.path().join("secret.wav");
    let rows =
        format!("path,title,artist,year\n{},A,B,\n../nothing.wav,C,D,\n", absolute.display());
    fs::write(&manifest, rows).unwrap();
    let library = Library::open(&manifest, &allowed, &Silent).unwrap();
    assert_eq!(library.catalog.file(&library.catalog.songs[0]), absolute);
    assert_eq!(library.failures[0].reason, "line 3: the file is missing");
}

#[test]
fn a_folder_gives_its_tags() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["deep", "deep/er", ".hidden"] {
        fs::create_dir(path(name)).unwrap();
    }
    let tags = [
        "TITLE= Ring of Fire ",
        "ARTIST=Johnny Cash",
        "ALBUM=Ring, \"the\" Best",
        "GENRE=Country",
        "DATE=1963-04-19",
    ];
    let flac = sounds::flac(44_100, &sounds::tone(440.0, 44_100, 0.2), 8820, &tags);
    fs::write(path("deep/er/ring.FLAC"), &flac).unwrap();
    let original = ["TITLE=B", "DATE=2009", "ORIGINALDATE=1969"];
    let flac = sounds::flac(44_100, &sounds::tone(440.0, 44_100, 0.2), 8820, &original);
    fs::write(path("deep/b.flac"), &flac).unwrap();
    fs::write(path("a song.mp3"), "no music").unwrap();
    fs::write(path("cover.jpg"), "no music").unwrap();
    fs::write(path(".hidden/c.mp3"), "hidden").unwrap();
    fs::write(path("._a song.mp3"), "hidden").unwrap();

    let Library { catalog, failures, .. } = open(folder.path());
    assert_eq!(failures, []);
    assert_eq!(catalog.columns[2..], ["album", "genre", "duration", "from_name"]);
    let [plain, original, tagged] = &catalog.songs[..] else { panic!("{catalog:?}") };
    assert_eq!((plain.title.as_str(), plain.artist.as_str(), plain.year), ("a song", "", None));
    assert_eq!((original.title.as_str(), original.year), ("B", Some(1969)));
    assert_eq!((tagged.title.as_str(), tagged.artist.as_str()), ("Ring of Fire", "Johnny Cash"));
    assert_eq!(tagged.year, Some(1963));
    assert_eq!(tagged.extra[2..], ["Ring, \"the\" Best", "Country", "0.20", ""]);
    assert_eq!(tagged.path, Path::new("deep/er/ring.FLAC"));
}

#[test]
fn a_catalog_is_read_as_it_was_written() {
    let folder = library(
        "path,title,artist,year,note\none.wav,\"=1+1,\"\"\",\"a\r\nb\",1959,\u{1F3B5}\nb/one.wav,T,A,,\n",
    );
    let catalog = open(&folder.path().join("manifest.csv")).catalog;
    let table = folder.path().join("out/songs.csv");
    catalog.write(&table).unwrap();
    let read = SongTable::read(&table).unwrap();
    assert_eq!(read.columns, catalog.columns);
    for (a, b) in catalog.songs.iter().zip(&read.songs) {
        assert_eq!((&a.id, &a.title, &a.artist, a.year), (&b.id, &b.title, &b.artist, b.year));
        assert_eq!(a.extra, b.extra);
        assert_eq!(catalog.file(a).canonicalize().unwrap(), read.file(b).canonicalize().unwrap());
    }
    // Written again, it is the same.
    let again = folder.path().join("songs.csv");
    read.write(&again).unwrap();
    assert_eq!(fs::read(&table).unwrap(), fs::read(&again).unwrap());

    fs::write(&again, "id,path,title,artist,year\na,b,c,d,soon\n").unwrap();
    assert!(SongTable::read(&again).unwrap_err().to_string().contains("line 2: year \"soon\""));
    fs::write(&again, "id,path,title,artist,year\na,b\n").unwrap();
    assert!(SongTable::read(&again).unwrap_err().to_string().contains("line 2: 2 fields"));
}

/// A chart manifest; the files need not be music for a catalog.
fn chart(rows: &str, header: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.mp3", "b.mp3", "c.mp3", "d.mp3", "e.mp3"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let manifest = folder.path().join("chart.csv");
    fs::write(&manifest, format!("{header}\n{rows}")).unwrap();
    (folder, manifest)
}

const CHART: &str = "a.mp3,Umbrella (feat. Jay-Z),Rihanna,2008\n\
    b.mp3,Hurt,Johnny Cash,2003\n\
    c.mp3,UMBRELLA,RIHANNA,2007-05-26\n\
    b.mp3,Hurt,Johnny Cash,2002\n\
    d.mp3,Hurt,Nine Inch Nails,1995\n\
    e.mp3,Umbrella - Remastered 2017,Rihanna ft. Jay-Z,\n";

#[test]
fn a_song_that_comes_back_is_kept_once_with_the_first_year() {
    let (folder, manifest) = chart(CHART, "path,title,artist,year");
    let library = open(&manifest);
    assert_eq!(library.failures, []);
    let songs: Vec<_> =
        library.catalog.songs.iter().map(|s| (s.path.to_str().unwrap(), s.year)).collect();
    assert_eq!(songs, [("c.mp3", Some(2007)), ("b.mp3", Some(2002)), ("d.mp3", Some(1995))]);
    let decisions: Vec<_> = library
        .duplicates
        .iter()
        .map(|d| (relative(&d.file), relative(&d.same_as), d.year, d.reason.as_str()))
        .collect();
    assert_eq!(
        decisions,
        [
            ("a.mp3", "c.mp3", Some(2008), "same artist and title as on line 4"),
            ("b.mp3", "b.mp3", Some(2003), "same file as on line 5"),
            ("e.mp3", "c.mp3", None, "same artist and title as on line 4"),
        ]
    );
    // The id is that of the file, whichever row stands for it.
    let alone = "b.mp3,Hurt,Johnny Cash,2003\n";
    fs::write(&manifest, format!("path,title,artist,year\n{alone}")).unwrap();
    assert_eq!(open(&manifest).catalog.songs[0].id, library.catalog.songs[1].id);

    // The list of decisions is shared with later stages.
    let list = folder.path().join("out/duplicates.csv");
    Duplicate::record(&list, "spectrograms", &library.duplicates[1..2]).unwrap();
    Duplicate::record(&list, "catalog", &library.duplicates).unwrap();
    Duplicate::record(&list, "spectrograms", &[]).unwrap();
    let text = fs::read_to_string(&list).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "stage,decision,file,same_as,artist,title,year,reason");
    let file = |name| folder.path().join(name).display().to_string();
    let first = format!(
        "catalog,left-out,{},{},Rihanna,Umbrella (feat. Jay-Z),2008,\
         same artist and title as on line 4",
        file("a.mp3"),
        file("c.mp3")
    );
    assert_eq!((lines[1], lines.len()), (&*first, 4));
}

#[test]
fn recordings_that_a_manifest_tells_apart_stay_apart() {
    let rows: String = CHART.lines().map(|row| format!("{row},x\n")).collect();
    let (_folder, manifest) = chart(&rows, "path,title,artist,year,Rendition");
    let library = open(&manifest);
    let paths: Vec<_> = library.catalog.songs.iter().map(|s| s.path.to_str().unwrap()).collect();
    // The same file is still the same song.
    assert_eq!(paths, ["a.mp3", "c.mp3", "b.mp3", "d.mp3", "e.mp3"]);
    let apart: Vec<_> =
        library.duplicates.iter().filter(|d| d.decision == Decision::KeptApart).collect();
    assert_eq!(apart.len(), 2);
    assert!(apart[0].reason.ends_with("; told apart by the column Rendition"), "{apart:?}");

    let count = |same_name| {
        let params = LibraryParams { same_name, ..LibraryParams::default() };
        Library::open(&manifest, &params, &Silent).unwrap().catalog.songs.len()
    };
    assert_eq!((count(SameName::Merge), count(SameName::Auto), count(SameName::Keep)), (3, 5, 5));
    let (_folder, manifest) = chart(CHART, "path,title,artist,year");
    let params = LibraryParams { same_name: SameName::Keep, ..LibraryParams::default() };
    assert_eq!(Library::open(&manifest, &params, &Silent).unwrap().catalog.songs.len(), 5);
}

#[test]
fn files_of_a_known_stamp_are_not_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    let write = |name: &str, title: &str| {
        let tags = [format!("TITLE={title}"), "ARTIST=A".into(), "DATE=1999".into()];
        let tags: Vec<_> = tags.iter().map(String::as_str).collect();
        let flac = sounds::flac(44_100, &sounds::tone(440.0, 44_100, 0.1), 4410, &tags);
        fs::write(music.join(name), flac).unwrap();
    };
    write("one.flac", "First");
    write("two.flac", "Other");
    fs::write(music.join("three.mp3"), "no music").unwrap();
    let known = folder.path().join("project/tags.csv");
    let params = LibraryParams { known_tags: Some(known.clone()), ..LibraryParams::default() };
    let read = || Library::open(&music, &params, &Silent).unwrap().catalog;
    let first = read();
    assert_eq!(first, open(&music).catalog);

    // Were the file opened, its new title would show.
    let stamp = fs::metadata(music.join("one.flac")).unwrap().modified().unwrap();
    write("one.flac", "Fresh");
    let touch = |time| {
        let file = fs::File::options().write(true).open(music.join("one.flac")).unwrap();
        file.set_modified(time).unwrap();
    };
    touch(stamp);
    let written = fs::metadata(&known).unwrap().modified().unwrap();
    assert_eq!(read(), first);
    assert_eq!(fs::metadata(&known).unwrap().modified().unwrap(), written);
    touch(stamp + std::time::Duration::from_secs(1));
    assert_eq!(read().songs[0].title, "Fresh");

    // What is not a list of tags is made anew, and a file that is gone is forgotten.
    fs::write(&known, "path,bytes\nx").unwrap();
    assert_eq!(read().songs[0].title, "Fresh");
    fs::remove_file(music.join("two.flac")).unwrap();
    assert_eq!(read().songs.len(), 2);
    assert!(!fs::read_to_string(&known).unwrap().contains("two.flac"));
}

#[test]
fn reading_tags_can_be_interrupted_and_continued() {
    struct After(std::sync::atomic::AtomicUsize);
    impl songscape_project::Progress for After {
        fn interrupted(&self) -> bool {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 2
        }
    }
    let folder = library("");
    let known = folder.path().join("tags.csv");
    let params = LibraryParams { known_tags: Some(known.clone()), ..LibraryParams::default() };
    let error = Library::open(folder.path(), &params, &After(0.into())).unwrap_err().to_string();
    assert_eq!(error, "interrupted after 2 of 3 songs; run again to continue");
    assert_eq!(fs::read_to_string(&known).unwrap().lines().count(), 3);
    assert_eq!(Library::open(folder.path(), &params, &Silent).unwrap().catalog.songs.len(), 3);
}
