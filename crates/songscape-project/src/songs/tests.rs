use std::path::Path;

use super::*;

fn parse(text: &str) -> (SongTable, Vec<BadRow>) {
    SongTable::parse(text.as_bytes()).unwrap()
}

#[test]
fn columns_are_found_by_name_in_any_case_and_others_kept() {
    let (table, bad) = parse("Year,FILE,Artist,Key\n1999,a.ogg,Ann,C\n,b.ogg,,D\n");
    assert!(bad.is_empty());
    assert_eq!(table.columns, ["Key"]);
    assert_eq!(table.used.to_string(), "path from FILE, artist from Artist, year from Year");
    assert_eq!(table.songs[0].path, Path::new("a.ogg"));
    assert_eq!(table.songs[1].line, Some(3));
    assert_eq!(table.artists(), ["Ann", ""]);
    assert_eq!(table.years(), [Some(1999), None]);
    assert_eq!(table.column("key"), Some(vec!["C", "D"]));
    assert!(!table.used.has(Field::Title) && table.column("title").is_none());
}

#[test]
fn an_original_year_comes_before_that_of_a_reissue() {
    let (table, _) = parse("path,year,original_year\na,2009,1975\nb,1980,\nc,1990,0\n");
    assert_eq!(table.years(), [Some(1975), Some(1980), Some(1990)]);
    assert_eq!(table.used.columns(Field::Year), ["original_year", "year"]);
    assert_eq!(table.columns, ["original_year"]);
}

#[test]
fn semicolons_tabs_and_marks_are_read() {
    for text in ["path;title;year\na;b, c;1975\n", "path\ttitle\tyear\na\tb, c\t1975\n"] {
        let (table, bad) = parse(text);
        assert_eq!((table.songs[0].title.as_str(), table.songs[0].year), ("b, c", Some(1975)));
        assert!(bad.is_empty());
    }
}

#[test]
fn bad_rows_are_named_by_line_column_and_value() {
    let (table, bad) = parse("id,year\r\na,1987-soon\r\n\r\nb,1987,x\r\nc\r\nd,1987\r\n");
    let ids: Vec<&str> = table.songs.iter().map(|song| song.id.as_str()).collect();
    assert_eq!(ids, ["a", "d"]);
    assert_eq!(table.years(), [None, Some(1987)]);
    let said: Vec<String> = bad.iter().map(ToString::to_string).collect();
    assert!(
        said[0].starts_with("line 2: year \"1987-soon\", expected a year from 1000 to"),
        "{said:?}"
    );
    assert_eq!(said[1..], ["line 4: 3 fields, expected 2", "line 5: 1 field, expected 2"]);
    assert_eq!(bad.iter().map(|row| row.kept).collect::<Vec<_>>(), [true, false, false]);

    let latin = SongTable::parse(b"path,title\na.flac,Caf\xE9\n").unwrap();
    assert_eq!(latin.1[0].reason, "column title: \"Caf\u{FFFD}\" is not UTF-8");
}

#[test]
fn what_is_no_table_is_refused() {
    for (bytes, why) in
        [(&b""[..], "no header"), (b"\n\n", "no header"), (b"RIFF\0\0\0\0WAVE", "not a text file")]
    {
        let (line, reason) = SongTable::parse(bytes).unwrap_err();
        assert!(line == 1 && reason.contains(why), "{reason}");
    }
}

#[test]
fn a_table_that_was_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (read, written) = (folder.path().join("in.csv"), folder.path().join("deep/out.csv"));
    std::fs::write(
        &read,
        "path,title,artist,year,Key\n\"a \"\"b\"\".ogg\",T\nU,\"Ann, Ben\",1987,C\n",
    )
    .unwrap();
    assert!(SongTable::read(&read).is_err());
    std::fs::write(
        &read,
        "path,title,artist,year,Key\n\"a \"\"b\"\".ogg\",\"T\nU\",\"Ann, Ben\",1987,C\n",
    )
    .unwrap();
    let table = SongTable::read(&read).unwrap();
    table.write(&written).unwrap();
    let again = SongTable::read(&written).unwrap();
    assert_eq!(again.columns, table.columns);
    assert_eq!(again.songs[0].path, folder.path().join("a \"b\".ogg"));
    assert_eq!(again.songs[0].title, "T\nU");
    assert_eq!(again.file(&again.songs[0]), table.file(&table.songs[0]));

    let torn = SongTable { columns: vec![], ..table };
    assert!(matches!(torn.write(&written), Err(Error::Table { .. })));
}

#[cfg(unix)]
#[test]
fn paths_of_any_bytes_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("songs.csv");
    std::fs::write(&file, b"path,title\n/m/caf\xE9.ogg,T\n").unwrap();
    let table = SongTable::read(&file).unwrap();
    assert_eq!(table.songs[0].path.as_os_str().as_encoded_bytes(), b"/m/caf\xE9.ogg");
    table.write(&file).unwrap();
    assert_eq!(SongTable::read(&file).unwrap().songs[0].path, table.songs[0].path);
}

#[test]
fn a_song_is_named_by_what_is_known() {
    let song =
        Song { artist: "Ann".into(), title: "T".into(), year: Some(1987), ..Song::default() };
    assert_eq!(song.to_string(), "Ann - T (1987)");
    assert_eq!(Song { path: "a.ogg".into(), ..Song::default() }.to_string(), "a.ogg");
}

#[test]
fn addresses_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (mut table, _) = parse("id,path,title\n1,s3://b/k/ä b.mp3,A\n2,c.mp3,C\n");
    table.folder = "/music".into();
    let written = folder.path().join("songs.csv");
    table.write(&written).unwrap();
    let read = SongTable::read(&written).unwrap();
    assert_eq!(read.songs[0].path, Path::new("s3://b/k/ä b.mp3"));
    assert_eq!(read.file(&read.songs[0]), Path::new("s3://b/k/ä b.mp3"));
    assert_eq!(read.file(&read.songs[1]), table.absolute(Path::new("c.mp3")));
    // No folder is theirs, and players are told them as they are.
    assert_eq!(table.shared_folder().unwrap(), table.absolute(Path::new("")));
    let list = folder.path().join("list.m3u8");
    for paths in [PlaylistPaths::Relative, PlaylistPaths::Below("/data".into())] {
        table.write_playlist(&list, [(0, None)], &paths).unwrap();
        let text = std::fs::read_to_string(&list).unwrap();
        assert_eq!(text, "#EXTM3U\n#EXTINF:-1,A\ns3://b/k/ä b.mp3\n");
    }
}
