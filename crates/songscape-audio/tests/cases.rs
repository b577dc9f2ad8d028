//! Files that went wrong once, each for a kind of fault, with the right answer.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::fs;
use std::path::{Path, PathBuf};

use songscape_audio::{AudioReader, Error, Library, LibraryParams, Limits, Problem, YearFrom};
use songscape_project::Silent;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn open(path: &Path) -> Library {
    Library::open(path, &LibraryParams::default(), &Silent).unwrap()
}

/// A folder with one file of the cases; its catalog.
fn alone(name: &str) -> Library {
    let folder = tempfile::tempdir().unwrap();
    let from = data(name);
    fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    open(folder.path())
}

#[test]
fn every_file_has_the_right_title_artist_and_year() {
    let library = open(&data("tags"));
    assert_eq!(library.duplicates, []);
    let symphony = "Symphony No. 5 in C minor, Op. 67";
    let berlin = "Berliner Philharmoniker";
    let (original, release) = (YearFrom::Original, YearFrom::Release);
    let expected: &[(&str, &str, &str, Option<(i32, YearFrom)>)] = &[
        ("ape_orig.mp3", "", "", Some((1975, original))),
        ("date_00.mp3", "", "", Some((1975, release))),
        ("date_01.mp3", "", "", Some((1975, release))),
        ("date_03.mp3", "", "", Some((1975, release))),
        ("date_05.mp3", "", "", Some((1975, release))),
        ("date_08.mp3", "", "", None),
        ("lame1.mp3", &format!("{symphony}: I. Allegro con brio"), berlin, Some((1962, release))),
        ("lame2.mp3", &format!("{symphony}: II. Andante con moto"), berlin, Some((1962, release))),
        ("m4_oy.m4a", "", "", Some((1975, original))),
        ("multi_artist.mp3", "", "One / Two", None),
        ("txxx_originalyear.mp3", "", "", Some((1975, original))),
        ("tyer_fulldate.mp3", "", "", Some((1975, release))),
        ("v1_cjk1.mp3", "夜に駆ける", "ヨアソビ", None),
        ("v1_cjk2.mp3", "群青の空へ", "ヨアソビ", None),
        ("v23_tdat_0101.mp3", "", "", Some((1975, release))),
        ("wav_info_ffmpeg.wav", "", "", None),
        ("ytdlp_like.mp3", "", "", Some((2021, release))),
    ];
    let found: Vec<_> =
        library.catalog.songs.iter().map(|song| song.path.to_str().unwrap()).collect();
    assert_eq!(found, expected.iter().map(|case| case.0).collect::<Vec<_>>());
    for (song, (name, title, artist, year)) in library.catalog.songs.iter().zip(expected) {
        println!("{song:?}");
        if !title.is_empty() {
            assert_eq!(song.title, *title, "{name}");
        }
        if !artist.is_empty() {
            assert_eq!(song.artist, *artist, "{name}");
        }
        if let Some((year, from)) = year {
            assert_eq!((song.year, song.year_from), (Some(*year), Some(*from)), "{name}");
        }
    }
    println!("{:?}", library.failures);
}

fn seconds(path: &Path) -> Result<(f64, Vec<String>), Problem> {
    let read = || {
        let mut reader = AudioReader::open(path, &Limits::default())?;
        let mut block = Vec::new();
        while reader.read(&mut block)? {}
        Ok((reader.seconds(), reader.notes().to_vec()))
    };
    read().map_err(|e| match e {
        Error::Audio { problem, .. } => problem,
        e => panic!("{e}"),
    })
}

#[test]
fn every_file_gives_its_sound() {
    for name in fs::read_dir(data("decode")).unwrap() {
        let path = name.unwrap().path();
        println!("{}: {:?}", path.display(), seconds(&path));
    }
}
