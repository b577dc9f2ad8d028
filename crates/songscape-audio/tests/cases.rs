//! Files that went wrong once, each for a kind of fault, with the right answer.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::fs;
use std::path::{Path, PathBuf};

use songscape_audio::{AudioReader, Error, Library, LibraryParams, Limits, Problem, SameName};
use songscape_project::{Failure, Silent};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn open(path: &Path) -> Library {
    Library::open(path, &LibraryParams::default(), &Silent).unwrap()
}

#[test]
fn every_file_has_the_right_title_artist_and_year() {
    let library = open(&data("tags"));
    assert_eq!(library.duplicates, []);
    let symphony = "Symphony No. 5 in C minor, Op. 67";
    let berlin = "Berliner Philharmoniker";
    let (original, release) = ("original", "release");
    let expected = [
        ("ape_orig.mp3", "ape title2", "ape artist", Some((1975, original))),
        ("date_00.mp3", "date_00", "", Some((1975, release))),
        ("date_01.mp3", "date_01", "", Some((1975, release))),
        ("date_03.mp3", "date_03", "", Some((1975, release))),
        ("date_05.mp3", "date_05", "", Some((1975, release))),
        ("date_08.mp3", "date_08", "", None),
        ("lame1.mp3", &*format!("{symphony}: I. Allegro con brio"), berlin, Some((1962, release))),
        ("lame2.mp3", &*format!("{symphony}: II. Andante con moto"), berlin, Some((1962, release))),
        ("m4_oy.m4a", "d4", "x", Some((1975, original))),
        ("multi_artist.mp3", "m", "One / Two", None),
        ("txxx_originalyear.mp3", "g", "x", Some((1975, original))),
        ("tyer_fulldate.mp3", "tyer_fulldate", "", Some((1975, release))),
        ("v1_cjk1.mp3", "夜に駆ける", "ヨアソビ", None),
        ("v1_cjk2.mp3", "群青の空へ", "ヨアソビ", None),
        ("v23_tdat_0101.mp3", "a", "x", Some((1975, release))),
        ("wav_info_ffmpeg.wav", "wav info", "x", Some((1975, release))),
        ("ytdlp_like.mp3", "ytdlp", "x", Some((2021, release))),
    ];
    let found = library.catalog.songs.iter().map(|song| {
        let path = song.path.to_str().unwrap();
        (
            path,
            song.title.as_str(),
            song.artist.as_str(),
            song.year.map(|year| (year, song.extra[1].as_str())),
        )
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
    // The one that has no year is named, with what stands there.
    assert_eq!((library.failures.len(), library.remarks.len()), (0, 1), "{:?}", library.remarks);
    let Failure { item, reason, .. } = &library.remarks[0];
    assert_eq!(Path::new(item), data("tags").join("date_08.mp3"));
    assert_eq!(reason, "tag \"April 18, 1975\": no date whose year is clear");
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
    let file = |name: &str| seconds(&data("decode").join(name));
    for (name, expected) in [
        ("flac_trailing_id3v1.flac", 8.0),
        ("aac_mdat0.m4a", 8.0),
        ("mp3_trailing_junk.mp3", 8.03),
        ("ogg_noeos.ogg", 7.87),
        ("adts_cut.aac", 8.0),
        ("mp3_mono_then_stereo.mp3", 16.08),
    ] {
        let (found, notes) = file(name).unwrap();
        println!("{name}: {found:.3} s, {notes:?}");
        assert!((found - expected).abs() < 0.1, "{name}: {found} s");
    }
    assert!((file("flac_trailing_id3v1.flac").unwrap().0 - 8.0).abs() < 1e-4);
    for (name, reason) in [
        ("noise.ape", "Monkey's Audio is not decoded"),
        ("heaac.m4a", "HE-AAC (SBR) is not decoded"),
    ] {
        assert_eq!(file(name).unwrap_err().to_string(), reason);
    }
}

/// A WAV file of 2 s, in pieces: its bytes up to the data, and the data.
fn wave() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path =
        sounds::wav(&folder.path().join("a.wav"), 8_000, 1, &sounds::tone(440.0, 8_000, 2.0));
    let bytes = fs::read(path).unwrap();
    let (header, samples) = bytes.split_at(44);
    (header.to_vec(), samples.to_vec())
}

fn seconds_of(name: &str, bytes: &[u8]) -> Result<(f64, Vec<String>), Problem> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    seconds(&path)
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = [&name[..], &(body.len() as u32).to_le_bytes(), body].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

#[test]
fn wav_files_whose_sizes_lie_are_read() {
    let (header, samples) = wave();
    for size in [0, 0x7FFF_FFFF, 0x7FFF_F000, 0x7FFF_FFDB, 0xFFFF_FFFF, 0xFFFF_FFDB_u32] {
        let mut header = header.clone();
        header[40..44].copy_from_slice(&size.to_le_bytes());
        let (found, notes) = seconds_of("a.wav", &[&header[..], &samples].concat()).unwrap();
        assert!((found - 2.0).abs() < 1e-3, "{size:#x}: {found}");
        assert!(notes[0].contains("declares no length"), "{notes:?}");
    }
    // The size of the whole is too small, or that of another file.
    for size in [0, 36, 1_000_000_u32] {
        let mut header = header.clone();
        header[4..8].copy_from_slice(&size.to_le_bytes());
        let (found, notes) = seconds_of("a.wav", &[&header[..], &samples].concat()).unwrap();
        assert_eq!((found, notes.len()), (2.0, 0));
    }
    // A size that is simply wrong is that of a file that was cut short.
    let mut cut = header.clone();
    cut[40..44].copy_from_slice(&320_000_u32.to_le_bytes());
    let found = seconds_of("a.wav", &[&cut[..], &samples].concat());
    assert!(matches!(found, Err(Problem::Truncated { .. })), "{found:?}");
}

#[test]
fn wav_files_of_64_bits_are_read() {
    let (header, samples) = wave();
    let format = &header[20..36];
    let sizes = [&36_u64.to_le_bytes()[..], &32_000_u64.to_le_bytes(), &[0; 12]].concat();
    let data = [b"data", &u32::MAX.to_le_bytes()[..], &samples].concat();
    let rf64 =
        [b"RF64\xFF\xFF\xFF\xFFWAVE", &chunk(b"ds64", &sizes)[..], &chunk(b"fmt ", format), &data];
    assert_eq!(seconds_of("a.wav", &rf64.concat()).unwrap(), (2.0, vec![]));

    const REST: [u8; 12] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A];
    let long = |name: &[u8; 4], body: &[u8]| {
        let size = (body.len() as u64 + 24).to_le_bytes();
        let mut chunk = [&name[..], &REST, &size, body].concat();
        chunk.resize(chunk.len().next_multiple_of(8), 0);
        chunk
    };
    let riff = [0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00];
    let w64 = [
        &b"riff"[..],
        &riff,
        &[0; 8],
        b"wave",
        &REST,
        &long(b"fmt ", format),
        &long(b"data", &samples),
    ];
    assert_eq!(seconds_of("a.w64", &w64.concat()).unwrap(), (2.0, vec![]));
}

/// An ID3v2.4 tag with these frames.
fn id3v2(frames: &[(&str, &[u8])]) -> Vec<u8> {
    let frames = frames.iter().flat_map(|(name, text)| {
        [name.as_bytes(), &(text.len() as u32).to_be_bytes(), &[0, 0], text].concat()
    });
    let frames: Vec<u8> = frames.collect();
    [b"ID3\x04\0\0\0\0\0", &[frames.len() as u8][..], &frames].concat()
}

#[test]
fn tags_in_chunks_before_and_behind_the_sound() {
    let (header, samples) = wave();
    let tag = id3v2(&[("TIT2", b"\x03Title"), ("TDRC", b"\x031975")]);
    let info = [
        b"INFO",
        &chunk(b"INAM", b"Name\0")[..],
        &chunk(b"ICRD", b"1980\0"),
        &chunk(b"IART", b"Ann\0"),
    ]
    .concat();
    let data = chunk(b"data", &samples);
    let folder = tempfile::tempdir().unwrap();
    let body = |parts: &[&[u8]]| [b"RIFF\0\0\0\0WAVE", &header[12..36], &parts.concat()].concat();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("0.wav", &body(&[&chunk(b"id3 ", &tag), &data]));
    write("1.wav", &body(&[&data, &chunk(b"ID3 ", &tag)]));
    write("2.wav", &body(&[&chunk(b"LIST", &info), &data]));
    write("3.wav", &body(&[&data, &chunk(b"LIST", &info)]));
    write("4.wav", &body(&[&data, &chunk(b"LIST", &info), &chunk(b"id3 ", &tag)]));
    let big = |name: &[u8; 4], body: &[u8]| {
        [&name[..], &(body.len() as u32).to_be_bytes(), body].concat()
    };
    let aiff = sounds::aiff(8_000, 1, &sounds::tone(440.0, 8_000, 2.0));
    write("5.aiff", &[&aiff[..], &big(b"NAME", b"Name"), &big(b"AUTH", b"Ann!")].concat());
    write("6.aiff", &[&aiff[..], &big(b"ID3 ", &tag)].concat());
    let library = Library::open(
        folder.path(),
        &LibraryParams { same_name: SameName::Keep, path_names: false, ..Default::default() },
        &Silent,
    );
    let songs = library.unwrap().catalog.songs;
    let found: Vec<_> =
        songs.iter().map(|song| (song.title.as_str(), song.artist.as_str(), song.year)).collect();
    assert_eq!(
        found,
        [
            ("Title", "", Some(1975)),
            ("Title", "", Some(1975)),
            ("Name", "Ann", Some(1980)),
            ("Name", "Ann", Some(1980)),
            ("Title", "Ann", Some(1975)),
            ("Name", "Ann!", None),
            ("Title", "", Some(1975)),
        ]
    );
}

#[test]
fn an_odd_cue_sheet_does_not_matter() {
    let samples = sounds::tone(440.0, 8_000, 2.0);
    let flac = sounds::flac(8_000, &samples, 16_000, &["TITLE=A"]);
    // Behind the 42 bytes of the stream's parameters: a cue sheet of nonsense, and a picture.
    let blocks = [&[5, 0, 0, 10][..], &[0xFF; 10], &[6, 0, 0, 3, 1, 2, 3]].concat();
    let odd = [&flac[..42], &blocks, &flac[42..]].concat();
    assert_eq!(seconds_of("a.flac", &odd).unwrap(), (2.0, vec![]));
    // Tags of other formats in front and behind.
    let tag = id3v2(&[("TIT2", b"\x03B")]);
    let ape = [&b"APETAGEX"[..], &2000_u32.to_le_bytes(), &32_u32.to_le_bytes(), &[0; 16]].concat();
    let old = [&b"TAG"[..], &[0; 125]].concat();
    let wrapped = [&tag, &flac, &ape, &old].map(|part| &part[..]).concat();
    assert_eq!(seconds_of("a.flac", &wrapped).unwrap(), (2.0, vec![]));
}

#[test]
fn joined_files_give_both_halves() {
    let one = data("tags").join("lame1.mp3");
    let bytes = fs::read(&one).unwrap();
    let (alone, _) = seconds(&one).unwrap();
    let (both, notes) = seconds_of("a.mp3", &[&bytes[..], &bytes].concat()).unwrap();
    assert!((both - 2.0 * alone).abs() < 0.1, "{both} s, {alone} s");
    assert!(notes.iter().any(|note| note.contains("several files in one")), "{notes:?}");

    let tones = [330.0, 550.0].map(|frequency| sounds::tone(frequency, 8_000, 2.0));
    let [first, second] = tones.map(|tone| sounds::flac(8_000, &tone, 16_000, &["TITLE=A"]));
    let tag = id3v2(&[("TIT2", b"\x03B")]);
    for between in [&b""[..], &tag] {
        let joined = [&first[..], between, &second, &first].concat();
        let (both, notes) = seconds_of("a.flac", &joined).unwrap();
        assert_eq!(both, 6.0);
        assert!(notes[0].contains("another begins at 2.00 s"), "{notes:?}");
    }
    // One that declares no length, and one that is cut short.
    let open = sounds::flac(8_000, &sounds::tone(440.0, 8_000, 2.0), 0, &[]);
    assert_eq!(seconds_of("a.flac", &[&open[..], &second].concat()).unwrap().0, 4.0);
    let cut = [&first[..first.len() / 2], &second].concat();
    assert!(matches!(seconds_of("a.flac", &cut), Err(Problem::Truncated { .. })));

    let aiff = sounds::aiff(8_000, 1, &sounds::tone(440.0, 8_000, 2.0));
    let (both, notes) = seconds_of("a.aiff", &[&aiff[..], &aiff].concat()).unwrap();
    assert_eq!((both, notes.len()), (4.0, 1));

    let (header, samples) = wave();
    let data = chunk(b"data", &samples);
    let (both, notes) = seconds_of("a.wav", &[&header[..], &samples, &data].concat()).unwrap();
    assert_eq!((both, notes.len()), (4.0, 1), "two chunks of sound");
    let whole = [&header[..], &samples].concat();
    let (both, notes) = seconds_of("a.wav", &[&whole[..], &whole].concat()).unwrap();
    assert_eq!((both, notes.len()), (4.0, 1), "two files");
    // Another rate, and sound that is not decoded.
    let mut other = whole.clone();
    other[24..28].copy_from_slice(&16_000_u32.to_le_bytes());
    let (both, _) = seconds_of("a.wav", &[&whole[..], &other].concat()).unwrap();
    assert!((both - 3.0).abs() < 0.01, "{both} s");
    other[20] = 0x31;
    let joined = [&whole[..], &other, &whole].concat();
    let (both, notes) = seconds_of("a.wav", &joined).unwrap();
    assert_eq!(both, 4.0);
    assert!(notes[0].contains("left out: GSM 06.10 in WAV is not decoded"), "{notes:?}");
}

#[test]
fn streams_that_the_decoder_refuses_are_named() {
    for (header, name) in [
        ([0xFF, 0xFD, 0xE4, 0xC0], "MP2 with 384 kbit/s for one channel"),
        ([0xFF, 0xFD, 0xB4, 0xC0], "MP2 with 224 kbit/s for one channel"),
        ([0xFF, 0xFD, 0x14, 0x00], "MP2 with 32 kbit/s for two channels"),
        ([0xFF, 0xF5, 0x70, 0x40], "MP2 with 56 kbit/s for two channels"),
        ([0xFF, 0xFB, 0x04, 0x00], "MPEG audio (layer 3) of a free bit rate"),
    ] {
        let mut frame = header.to_vec();
        frame.resize(1000, 0);
        let found = seconds_of("a.mp2", &frame.repeat(3)).unwrap_err().to_string();
        assert_eq!(found, format!("{name} is not decoded"));
    }
}

#[test]
fn lengths_of_streams_without_a_header_are_counted() {
    // Half of it with 128, half with 320 kbit/s: a guess from the first frames would be wrong.
    let mut large = vec![0xFF, 0xFB, 0xE0, 0x00];
    large.resize(1044, 0);
    let bytes = [sounds::silent_mp3(100), large.repeat(100)].concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp3");
    fs::write(&path, bytes).unwrap();
    let library = open(folder.path());
    let duration: f64 = library.catalog.songs[0].extra[4].parse().unwrap();
    assert!((duration - 200.0 * 1152.0 / 44_100.0).abs() < 0.01, "{duration}");
    assert!((seconds(&path).unwrap().0 - duration).abs() < 0.06);
}

#[test]
fn an_ogg_file_whose_end_is_damaged_gets_a_note() {
    let open = fs::read(data("decode").join("ogg_noeos.ogg")).unwrap();
    let (length, notes) = seconds_of("a.ogg", &open).unwrap();
    assert!(notes[0].contains("last page is damaged or missing"), "{notes:?}");
    // With the flag that its last page should have.
    let starts: Vec<usize> =
        (0..open.len()).filter(|&at| open[at..].starts_with(b"OggS\0")).collect();
    let &[.., third, before, last] = &starts[..] else { panic!("{starts:?}") };
    let mut whole = open.clone();
    whole[last + 5] |= 4;
    whole[last + 22..last + 26].fill(0);
    let sum = sounds::ogg::sum(&whole[last..]);
    whole[last + 22..last + 26].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(seconds_of("a.ogg", &whole).unwrap(), (length, vec![]));

    let damaged = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        seconds_of("a.ogg", &bytes)
    };
    let (shorter, notes) = damaged(last + 60).unwrap();
    assert!(shorter < length && notes[0].contains("last page is damaged"), "{shorter} {notes:?}");
    for at in [third + 60, third + 2, before + 60] {
        let (shorter, notes) = damaged(at).unwrap();
        let note = format!("damaged and left out: 1 of {} pages", starts.len());
        assert!(shorter < length && notes[0] == note, "{shorter} {notes:?}");
    }
    let mut many = whole.clone();
    for i in [3, 5, 7, 9] {
        many[starts[i] + 40] ^= 1;
    }
    let found = seconds_of("a.ogg", &many);
    assert!(matches!(found, Err(Problem::Gaps { .. } | Problem::Damaged { .. })), "{found:?}");
    let cut = seconds_of("a.ogg", &whole[..before]).unwrap();
    assert!(cut.1[0].contains("last page is damaged or missing"), "{cut:?}");
}
