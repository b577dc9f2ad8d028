//! Libraries as people have them.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::fs;
use std::path::Path;

use songscape_audio::{Catalog, Error};
use songscape_project::Failure;

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

fn read(manifest: &str) -> (Catalog, Vec<Failure>) {
    Catalog::open(&library(manifest).path().join("manifest.csv")).unwrap()
}

fn reasons(failures: &[Failure]) -> Vec<(&str, &str)> {
    failures.iter().map(|failure| (failure.item.as_str(), failure.reason.as_str())).collect()
}

#[test]
fn columns_come_in_any_order_and_others_are_kept() {
    let (catalog, failures) = read(
        "\u{feff}Label,artist,YEAR,path,title,note\n\
         Stax,\"Redding, Otis\",1968-01-08,one.wav,\"The \"\"Dock\"\"\nof the Bay\",x\n\
         ,,,b/one.wav,,\n\
         Motown,A,1973,./two.wav,B,<b>\n",
    );
    assert_eq!(failures, []);
    assert_eq!(catalog.columns, ["Label", "note"]);
    let [first, second, third] = &catalog.songs[..] else { panic!("{catalog:?}") };
    assert_eq!(first.title, "The \"Dock\"\nof the Bay");
    assert_eq!((first.artist.as_str(), first.year), ("Redding, Otis", Some(1968)));
    assert_eq!(first.extra, ["Stax", "x"]);
    assert_eq!((second.title.as_str(), second.year), ("one", None));
    assert_eq!(third.path, Path::new("two.wav"));
    assert_eq!(catalog.file(third), catalog.root.join("two.wav"));
    assert_ne!(first.id, second.id);
    assert!(first.id.starts_with("one-") && first.id.len() == 12, "{}", first.id);
}

#[test]
fn a_missing_column_is_named_with_those_found() {
    let folder = library("path,titel,artist,year\none.wav,A,B,1990\n");
    let path = folder.path().join("manifest.csv");
    let message = Catalog::from_manifest(&path).unwrap_err().to_string();
    let expected = "no column named title; the columns found are: path, titel, artist, year";
    assert!(message.ends_with(expected), "{message}");
    assert!(message.starts_with(&path.display().to_string()));

    fs::write(&path, "").unwrap();
    assert!(matches!(Catalog::from_manifest(&path), Err(Error::MissingColumn { .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(Catalog::open(&path), Err(Error::Io { .. })));
}

#[test]
fn a_bad_row_is_named_and_the_others_are_read() {
    let manifest = b"path,title,artist,year\n\
        one.wav,A,B,87\n\
        gone.wav,A,B,1990\n\
        ../outside.wav,A,B,1990\n\
        /etc/passwd,A,B,1990\n\
        b/../one.wav,A,B,1990\n\
        ,A,B,1990\n\
        b/one.wav,A\n\
        two.wav,\"A\n\n\",B,1991\n\
        one.wav,A,B,1990\n\
        b/one.wav,\xff,B,1990\n\
        b/one.wav,A,B,nineteen\n";
    let folder = library("");
    let path = folder.path().join("manifest.csv");
    fs::write(&path, manifest).unwrap();
    let (catalog, failures) = Catalog::from_manifest(&path).unwrap();
    let years: Vec<_> = catalog.songs.iter().map(|song| song.year).collect();
    assert_eq!(years, [None, Some(1991), None]);
    let expected = "expected a year (1987), a date (1987-05-02), or nothing";
    assert_eq!(
        reasons(&failures),
        [
            ("manifest.csv:2", format!("year \"87\": {expected}").as_str()),
            ("manifest.csv:3", "path gone.wav: the file is missing"),
            ("manifest.csv:4", "path \"../outside.wav\": leads out of the manifest's folder"),
            ("manifest.csv:5", "path \"/etc/passwd\": leads out of the manifest's folder"),
            ("manifest.csv:6", "path \"b/../one.wav\": leads out of the manifest's folder"),
            ("manifest.csv:7", "path: empty, expected a file relative to the manifest's folder"),
            ("manifest.csv:8", "2 fields, expected 4"),
            ("manifest.csv:12", "path one.wav: the same file as on line 2"),
            ("manifest.csv:13", "column 2: not UTF-8"),
            ("manifest.csv:14", format!("year \"nineteen\": {expected}").as_str()),
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
        "path,title,artist,year\nlink.wav,A,B,\nlinked/secret.wav,A,B,\nsame.wav,A,B,\none.wav,A,B,\n",
    );
    let link = |to: &Path, from: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(from)).unwrap();
    };
    link(&outside.path().join("secret.wav"), "link.wav");
    link(outside.path(), "linked");
    link(Path::new("one.wav"), "same.wav");

    let (catalog, failures) = Catalog::open(&folder.path().join("manifest.csv")).unwrap();
    assert_eq!(catalog.songs.len(), 1);
    assert_eq!(
        reasons(&failures),
        [
            ("manifest.csv:2", "path link.wav: a link leads out of the library's folder"),
            ("manifest.csv:3", "path linked/secret.wav: a link leads out of the library's folder"),
            ("manifest.csv:5", "path one.wav: the same file as on line 4"),
        ]
    );

    let (catalog, failures) = Catalog::open(folder.path()).unwrap();
    assert_eq!(catalog.songs.len(), 3);
    assert_eq!(
        reasons(&failures),
        [
            ("link.wav", "a link, which is not followed"),
            ("same.wav", "a link, which is not followed")
        ]
    );
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

    let (catalog, failures) = Catalog::open(folder.path()).unwrap();
    assert_eq!(failures, []);
    assert_eq!(catalog.columns, ["album", "genre"]);
    let [plain, original, tagged] = &catalog.songs[..] else { panic!("{catalog:?}") };
    assert_eq!((plain.title.as_str(), plain.artist.as_str(), plain.year), ("a song", "", None));
    assert_eq!((original.title.as_str(), original.year), ("B", Some(1969)));
    assert_eq!((tagged.title.as_str(), tagged.artist.as_str()), ("Ring of Fire", "Johnny Cash"));
    assert_eq!(tagged.year, Some(1963));
    assert_eq!(tagged.extra, ["Ring, \"the\" Best", "Country"]);
    assert_eq!(tagged.path, Path::new("deep/er/ring.FLAC"));
}

#[test]
fn a_catalog_is_read_as_it_was_written() {
    let folder = library(
        "path,title,artist,year,note\none.wav,\"=1+1,\"\"\",\"a\r\nb\",1959,\u{1F3B5}\nb/one.wav,T,A,,\n",
    );
    let (catalog, _) = Catalog::open(&folder.path().join("manifest.csv")).unwrap();
    let table = folder.path().join("out/songs.csv");
    catalog.write_csv(&table).unwrap();
    let read = Catalog::read_csv(&table).unwrap();
    assert_eq!(read.columns, catalog.columns);
    for (a, b) in catalog.songs.iter().zip(&read.songs) {
        assert_eq!((&a.id, &a.title, &a.artist, a.year), (&b.id, &b.title, &b.artist, b.year));
        assert_eq!(a.extra, b.extra);
        assert_eq!(catalog.file(a).canonicalize().unwrap(), read.file(b).canonicalize().unwrap());
    }
    // Written again, it is the same.
    let again = folder.path().join("songs.csv");
    read.write_csv(&again).unwrap();
    assert_eq!(fs::read(&table).unwrap(), fs::read(&again).unwrap());

    fs::write(&again, "id,path,title,artist\n").unwrap();
    assert!(Catalog::read_csv(&again).unwrap_err().to_string().contains("no column named year"));
    fs::write(&again, "id,path,title,artist,year\na,b,c,d,soon\n").unwrap();
    assert!(Catalog::read_csv(&again).unwrap_err().to_string().contains("line 2: year \"soon\""));
    fs::write(&again, "id,path,title,artist,year\na,b\n").unwrap();
    assert!(matches!(Catalog::read_csv(&again), Err(Error::Table { line: 2, .. })));
}
