//! Tables as people and programs write them (`data/`), with what each must give.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use songscape_project::{BadRow, Field, SongTable};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read(name: &str) -> SongTable {
    SongTable::read(file(name)).unwrap()
}

fn refused(name: &str) -> String {
    SongTable::read(file(name)).unwrap_err().to_string()
}

#[test]
fn columns_are_found_whatever_their_case_and_name() {
    let table = read("Artist_case.csv");
    assert_eq!(table.used.columns(Field::Artist), ["Artist"]);
    assert_eq!(table.songs[4].artist, "Artist 1");
    let table = read("file.csv");
    assert_eq!(table.songs[0].path, Path::new("a.flac"));
    assert_eq!(table.used.to_string(), "path from file, title, artist, year");
    let table = read("beets_abs.csv");
    assert_eq!(table.songs[0].year, Some(1975), "the original year, not that of the reissue");
    assert_eq!(table.file(&table.songs[0]), Path::new("/music/a.flac"));
}

#[test]
fn other_separators_and_encodings_give_the_same_song() {
    for name in ["semi.csv", "tab.tsv", "utf16.csv"] {
        let table = read(name);
        let song = &table.songs[0];
        let found = (song.path.to_str().unwrap(), &*song.title, &*song.artist, song.year);
        assert_eq!(found, ("a.flac", "a", "x", Some(1975)), "{name}");
    }
}

#[test]
fn years_that_tools_write_are_read() {
    let table = read("floatyear.csv");
    assert_eq!(table.songs[0].year, Some(1960));
    assert!(table.songs.iter().all(|song| song.year.is_some()));
    assert_eq!(read("pandas.csv").years(), [Some(1975), None, None]);
    let table = read("year0.csv");
    assert_eq!((table.songs[0].year, table.songs[1].year), (None, Some(1981)));
}

#[test]
fn years_that_are_none_are_named_with_line_and_value() {
    let odd = refused("odd_years.csv");
    assert!(odd.contains("odd_years.csv: line 2: year \"87-x-y\", expected a year"), "{odd}");
    let compact = refused("year_compact.csv");
    assert!(compact.contains("line 9: year \"19800502\", expected a year"), "{compact}");
}

#[test]
fn bad_rows_are_listed_and_the_rest_is_kept() {
    let (table, bad) = SongTable::read_tolerant(file("latin1.csv")).unwrap();
    assert_eq!(table.songs.len(), 2);
    assert!(matches!(&bad[..], [BadRow { line: 2, kept: false, .. }]), "{bad:?}");
    let (table, bad) = SongTable::read_tolerant(file("ragged.csv")).unwrap();
    assert!(table.songs.is_empty());
    let said: Vec<String> = bad.iter().map(ToString::to_string).collect();
    let expected = ["line 2: 5 fields, expected 4", "line 3: 2 fields, expected 4"];
    assert_eq!(said[..2], expected);
    assert_eq!(said.len(), 3, "{said:?}");
}
