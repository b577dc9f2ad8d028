//! What people have as a list: playlists, tables of other programs, and what a music folder holds.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::fs;
use std::path::{Path, PathBuf};

use songscape_audio::catalog::Decision;
use songscape_audio::{Library, LibraryParams, SongTable};
use songscape_project::{ErrorKind, Silent};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tables").join(name)
}

fn flac(path: &Path, seconds: f64, tags: &[&str]) {
    let samples = sounds::tone(440.0, 8_000, seconds);
    fs::write(path, sounds::flac(8_000, &samples, samples.len() as u64, tags)).unwrap();
}

/// A folder with the files that the tables name, and one of the tables.
fn beside(table: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.flac", "b.ogg", "c.aiff"] {
        flac(&folder.path().join(name), 0.5, &[]);
    }
    let path = folder.path().join(table);
    fs::copy(data(table), &path).unwrap();
    (folder, path)
}

fn open(path: &Path) -> Library {
    Library::open(path, &LibraryParams::default(), &Silent).unwrap()
}

/// Titles and years of a table, and its failures.
type Read = (Vec<(String, Option<i32>)>, Vec<(String, String)>);

fn read(table: &str) -> Read {
    let (_folder, path) = beside(table);
    let library = open(&path);
    let songs = library.catalog.songs.iter().map(|song| (song.title.clone(), song.year));
    let root = path.parent().unwrap();
    let failures = library.failures.iter().chain(&library.remarks);
    let failures = failures.map(|f| (relative(&f.item, root), f.reason.clone()));
    (songs.collect(), failures.collect())
}

/// A file's name in a table, which is absolute, from its folder on.
fn relative(item: &str, root: &Path) -> String {
    Path::new(item).strip_prefix(root).unwrap_or(Path::new(item)).display().to_string()
}

fn row(title: &str, year: i32) -> (String, Option<i32>) {
    (title.into(), (year > 0).then_some(year))
}

#[test]
fn tables_of_other_programs_are_read() {
    for table in ["semi.csv", "tab.tsv", "utf16.csv", "file.csv"] {
        assert_eq!(read(table), (vec![row("a", 1975)], vec![]), "{table}");
    }
    let (songs, failures) = read("pandas.csv");
    assert_eq!(songs, [row("a", 1975), row("b", 0), row("c", 0)]);
    assert_eq!(failures, []);

    let (songs, failures) = read("win.csv");
    assert_eq!(songs, [row("a", 1975), row("b", 1980)]);
    let reasons: Vec<_> = failures.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(reasons[0].contains("a path of another system"), "{reasons:?}");
    assert!(reasons[1].contains("leads out of the list's folder"), "{reasons:?}");
    assert!(reasons[2].contains("an address (http)"), "{reasons:?}");
    assert_eq!(reasons.len(), 3);

    let (songs, failures) = read("latin1.csv");
    assert_eq!(songs, [row("b", 1980), row("c", 1985)]);
    assert!(failures[0].1.contains("is not UTF-8"), "{failures:?}");
    let (songs, failures) = read("ragged.csv");
    assert_eq!(songs, []);
    assert_eq!(failures.len(), 3, "{failures:?}");
    assert_eq!(failures[0], ("ragged.csv:2".into(), "5 fields, expected 4".into()));
    assert_eq!(read("header.csv"), (vec![], vec![]));
}

#[test]
fn absolute_paths_inside_the_folder_are_taken() {
    let (folder, path) = beside("beets_abs.csv");
    let text = fs::read_to_string(&path).unwrap();
    let music = folder.path().canonicalize().unwrap();
    fs::write(&path, text.replace("/music", music.to_str().unwrap())).unwrap();
    let library = open(&path);
    assert_eq!(library.failures, []);
    let song = &library.catalog.songs[0];
    assert_eq!(song.path, Path::new("a.flac"));
    // The year of the original, not of the release.
    assert_eq!((song.year, song.extra[1].as_str()), (Some(1975), "table"));
    assert_eq!(library.catalog.columns[2..], ["original_year"]);
}

#[test]
fn lists_without_files_are_named() {
    for (table, word) in
        [("l.xspf", "XSPF"), ("itunes.xml", "iTunes"), ("exportify.csv", "Spotify")]
    {
        let (_folder, path) = beside(table);
        let error = Library::open(&path, &LibraryParams::default(), &Silent).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(word) && !message.contains('\n'), "{message}");
        assert_eq!(error.kind(), ErrorKind::Input);
    }
    let (_folder, path) = beside("empty.csv");
    let error = Library::open(&path, &LibraryParams::default(), &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
}

#[test]
fn a_manifest_may_know_no_years() {
    let (_folder, path) = beside("noyear.csv");
    let library = open(&path);
    assert_eq!(library.failures, []);
    let song = &library.catalog.songs[0];
    assert_eq!((song.artist.as_str(), song.year, song.extra[1].as_str()), ("x", None, ""));
    let summary = library.summary().to_string();
    assert!(summary.contains("columns    path, title, artist\n"), "{summary}");
    assert!(summary.contains("years      1 unknown\n"), "{summary}");
}

#[test]
fn playlists_give_the_files_and_their_tags() {
    for table in ["l.m3u", "l.m3u8"] {
        let (folder, path) = beside(table);
        flac(&folder.path().join("b.ogg"), 0.5, &["TITLE=Bee", "ARTIST=Y", "DATE=1999"]);
        let library = open(&path);
        assert_eq!(library.failures, []);
        let songs: Vec<_> = library.catalog.songs.iter().collect();
        // The first has no tags: the list names it.
        assert_eq!((songs[0].title.as_str(), songs[0].artist.as_str()), ("a", "x"));
        assert_eq!((songs[1].title.as_str(), songs[1].year), ("Bee", Some(1999)));
        assert_eq!(songs[0].extra[5], "title artist");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("é d")).unwrap();
    flac(&folder.path().join("é d/ü.flac"), 0.5, &[]);
    let list = folder.path().join("l.m3u");
    fs::write(&list, b"\xE9 d/\xFC.flac\r\n\r\n# a remark\r\nfile:none.flac\r\nhttp://x/a.mp3\r\n")
        .unwrap();
    let library = open(&list);
    assert_eq!(library.catalog.songs.len(), 1);
    let reasons: Vec<_> = library.failures.iter().map(|f| f.reason.as_str()).collect();
    assert_eq!(reasons[0], "line 4: the file is missing");
    assert!(reasons[1].starts_with("line 5: an address"), "{reasons:?}");
}

#[test]
fn playlists_of_other_systems_and_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::create_dir(root.join("é d")).unwrap();
    for name in ["é d/ü 1.flac", "100%25.flac", "100%.flac", "x.flac"] {
        flac(&root.join(name), 0.5, &[]);
    }
    let list = root.join("l.m3u8");
    let read = |bytes: &[u8]| {
        fs::write(&list, bytes).unwrap();
        let library = open(&list);
        assert_eq!(library.failures, []);
        let paths = library.catalog.songs.iter().map(|song| song.path.display().to_string());
        paths.collect::<Vec<_>>()
    };
    // As coded in an address; what stands there as it is comes first.
    let coded = "%C3%A9%20d/%C3%BC%201.flac\n100%25.flac\n100%.flac\n.\\x.flac\n";
    assert_eq!(read(coded.as_bytes()), ["é d/ü 1.flac", "100%25.flac", "100%.flac", "x.flac"]);
    assert_eq!(read(b"%c3%a9%20d\\%c3%bc%201.flac\n"), ["é d/ü 1.flac"]);
    let address = root.display().to_string().replace(' ', "%20");
    for start in ["file://", "FILE://localhost", "file:"] {
        let line = format!("{start}{address}/%C3%A9%20d/%C3%BC%201.flac\n");
        assert_eq!(read(line.as_bytes()), ["é d/ü 1.flac"], "{line}");
    }
    let text = "#EXTM3U\r\n#EXTINF:1,Ann – One\r\né d/ü 1.flac\r\nx.flac\r\n";
    let units = || text.encode_utf16();
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    for bytes in
        [marked(&[0xFF, 0xFE], &little), marked(&[0xFE, 0xFF], &big), little.clone(), big.clone()]
    {
        assert_eq!(read(&bytes), ["é d/ü 1.flac", "x.flac"]);
        assert_eq!(open(&list).catalog.songs[0].artist, "Ann");
        // By its first line, whatever the name.
        let other = root.join("list.txt");
        fs::write(&other, &bytes).unwrap();
        assert_eq!(open(&other).catalog.songs.len(), 2);
    }
    fs::write(&list, "%2e%2e/x.flac\nfile:///etc/passwd\nfile:///C:/x.flac\n").unwrap();
    let library = open(&list);
    assert_eq!((library.catalog.songs.len(), library.failures.len()), (0, 3), "{library:?}");
}

#[test]
fn a_column_that_is_there_twice_is_named() {
    let (folder, path) = beside("file.csv");
    fs::write(&path, "path,title,Title,artist,year\na.flac,A,B,X,1990\n").unwrap();
    let library = open(&path);
    assert_eq!(library.catalog.songs[0].title, "A");
    assert_eq!(library.failures, []);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(library.remarks[0].item, format!("{name}:1"));
    let reason = "column title appears more than once; the first is used";
    assert_eq!(library.remarks[0].reason, reason);
    assert!(library.summary().to_string().contains("remarks    1\n"));
    drop(folder);
}

#[test]
fn names_of_files_and_folders_fill_what_tags_leave_open() {
    let folder = tempfile::tempdir().unwrap();
    let album = folder.path().join("Artist/1999 - Album");
    fs::create_dir_all(&album).unwrap();
    flac(&album.join("01 - Title.flac"), 0.5, &[]);
    flac(&album.join("02 - Other.flac"), 0.5, &["TITLE=Named", "DATE=1980"]);
    flac(&folder.path().join("Someone - Something.flac"), 0.5, &[]);
    let library = open(folder.path());
    let [first, second, third] = &library.catalog.songs[..] else { panic!("{library:?}") };
    assert_eq!((first.title.as_str(), first.artist.as_str()), ("Title", "Artist"));
    assert_eq!((first.year, first.extra[1].as_str()), (Some(1999), "folder"));
    assert_eq!(
        (first.extra[2].as_str(), first.extra[5].as_str()),
        ("Album", "title artist album year")
    );
    assert_eq!((second.title.as_str(), second.year), ("Named", Some(1980)));
    assert_eq!((second.extra[1].as_str(), second.extra[5].as_str()), ("release", "artist album"));
    assert_eq!((third.title.as_str(), third.artist.as_str()), ("Something", "Someone"));

    let off = LibraryParams { path_names: false, ..LibraryParams::default() };
    let library = Library::open(folder.path(), &off, &Silent).unwrap();
    let first = &library.catalog.songs[0];
    assert_eq!((first.title.as_str(), first.artist.as_str(), first.year), ("01 - Title", "", None));

    // All of it is in the table, with the artist's key.
    let table = folder.path().join("songs.csv");
    open(folder.path()).catalog.write(&table).unwrap();
    let text = fs::read_to_string(&table).unwrap();
    assert!(
        text.starts_with("id,path,title,artist,year,artist_key,year_from,album,genre,"),
        "{text}"
    );
    assert!(text.contains(",Artist,1999,artist,folder,Album,"), "{text}");
}

#[test]
fn songs_of_one_name_are_one_only_if_their_lengths_agree() {
    let folder = tempfile::tempdir().unwrap();
    let tags = ["TITLE=Living Caves", "ARTIST=The Band", "DATE=1999"];
    for i in 0..11 {
        flac(&folder.path().join(format!("{i:02}.flac")), 1.0 + 5.0 * f64::from(i), &tags);
    }
    let again = ["TITLE=Living caves!", "ARTIST=Band", "DATE=1998"];
    flac(&folder.path().join("again.flac"), 2.5, &again);
    let library = open(folder.path());
    assert_eq!(library.catalog.songs.len(), 11);
    let left_out: Vec<_> = library.duplicates.iter().filter(|d| d.is_left_out()).collect();
    assert_eq!(left_out.len(), 1);
    assert_eq!(
        [&left_out[0].file, &left_out[0].same_as].map(|file| relative(file, folder.path())),
        ["00.flac", "again.flac"]
    );
    let apart = library.duplicates.iter().filter(|d| d.decision == Decision::KeptApart);
    assert_eq!(apart.count(), 10);
}

#[test]
fn songs_whose_files_declare_no_length_are_told_apart_by_their_sound() {
    let folder = tempfile::tempdir().unwrap();
    for (name, seconds) in [("a.flac", 3.0), ("b.flac", 9.0), ("c.flac", 3.5)] {
        let samples = sounds::tone(440.0, 8_000, seconds);
        let bytes = sounds::flac(8_000, &samples, 0, &["TITLE=One", "ARTIST=X"]);
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let library = open(folder.path());
    let kept: Vec<_> = library.catalog.songs.iter().map(|song| song.path.as_path()).collect();
    assert_eq!(kept, [Path::new("a.flac"), Path::new("b.flac")]);
    // An unknown length is not written as zero seconds.
    assert!(library.catalog.songs.iter().all(|song| song.extra[4].is_empty()));
}

#[test]
fn a_manifest_of_other_things_than_music_names_them() {
    let (folder, path) = beside("file.csv");
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("x.wma"), b"\x30\x26\xB2\x75\x8E\x66\xCF\x11").unwrap();
    let rows = "id,path,title,artist,year\n7,a.flac,A,X,1990\n8,sub,B,X,1991\n9,x.wma,C,X,1992\n\
                10,sub/../b.ogg,\"D,X,1993\n11,c.aiff,E,X,1994\n";
    fs::write(&path, rows).unwrap();
    let library = open(&path);
    let reasons: Vec<_> = library.failures.iter().map(|f| f.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "line 3: a folder, expected a music file",
            "line 4: WMA (ASF) is not decoded",
            "3 fields, expected 5; one of them holds 3 lines: a quote may not be closed",
        ]
    );
    assert_eq!(library.undecoded.get("WMA (ASF)"), Some(&1));
    let used = library.catalog.used.to_string();
    assert_eq!(used, "path, title, artist, year", "ids are those of the catalog");
}

#[test]
fn what_is_not_decoded_is_named_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("a.wma", b"\x30\x26\xB2\x75\x8E\x66\xCF\x11 and more");
    write("b.wma", b"\x30\x26\xB2\x75\x8E\x66\xCF\x11 and more");
    // The first bytes decide, not the ending.
    write("c.mp3", b"wvpk and more");
    write("d.wv", &[7; 20]);
    write("e.xm", b"Extended Module: a song\x1A\0");
    write("f.tta", &[1, 2, 3, 0, 0]);
    write("go.mod", b"module example\n\ngo 1.20\n");
    write("cover.jpg", b"\xFF\xD8\xFF\xE0");
    flac(&folder.path().join("g.wma"), 0.5, &["TITLE=A FLAC all the same"]);
    let library = open(folder.path());
    let failures: Vec<_> = library
        .failures
        .iter()
        .map(|f| (relative(&f.item, folder.path()), f.reason.as_str()))
        .collect();
    let failures: Vec<_> = failures.iter().map(|(item, reason)| (&item[..], *reason)).collect();
    assert_eq!(
        failures,
        [
            ("a.wma", "WMA (ASF) is not decoded"),
            ("b.wma", "WMA (ASF) is not decoded"),
            ("c.mp3", "WavPack is not decoded"),
            ("d.wv", "WavPack is not decoded"),
            ("e.xm", "tracker module (XM) is not decoded"),
            ("f.tta", "True Audio (TTA) is not decoded"),
        ]
    );
    let titles: Vec<_> = library.catalog.songs.iter().map(|song| song.title.as_str()).collect();
    assert_eq!(titles, ["A FLAC all the same"]);
    let summary = library.summary();
    assert_eq!((summary.songs, summary.failures, summary.undecoded["WMA (ASF)"]), (1, 0, 2));
    assert!(
        summary.to_string().contains("6 files of other formats: 1 True Audio (TTA), 2 W"),
        "{summary}"
    );
}

#[test]
fn a_library_of_reissues_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let tags: [&[&str]; 3] = [&["DATE=2009"], &["DATE=2010"], &["DATE=2011", "ORIGINALDATE=1975"]];
    for (i, tags) in tags.iter().enumerate() {
        flac(&folder.path().join(format!("{i}.flac")), 0.5, tags);
    }
    let summary = open(folder.path()).summary();
    assert_eq!((summary.original_years, summary.release_years), (1, 2));
    assert!(summary.measures_reissues());
    assert!(summary.to_string().contains("1 of the original, 2 of a release"), "{summary}");
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_are_files_all_the_same() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xE9.flac");
    flac(&folder.path().join(name), 0.5, &["TITLE=A"]);
    let library = open(folder.path());
    assert_eq!(library.failures, []);
    let song = &library.catalog.songs[0];
    assert_eq!(song.path.as_os_str(), name);
    assert!(library.catalog.file(song).is_file());
    let table = folder.path().join("songs.csv");
    library.catalog.write(&table).unwrap();
    assert!(SongTable::read(&table).unwrap().songs[0].path.is_file());
}
