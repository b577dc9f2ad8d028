//! Much music: many songs, a long one, and headers that promise more than there is.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use songscape_audio::{
    AudioReader, Error, ImageParams, Library, LibraryParams, Limits, Renderer, Store,
};
use songscape_project::Silent;

/// Images that take little time.
fn coarse() -> ImageParams {
    ImageParams {
        rows: 16,
        f_min: 200.0,
        f_max: 3000.0,
        sampling_rate: 8_000,
        columns_per_second: 50.0,
        ..ImageParams::default()
    }
}

#[test]
fn a_thousand_songs_with_a_tenth_broken() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    let song = sounds::melody(8_000, 12.0);
    let mut random = sounds::Random(5);
    for i in 0..1000 {
        let path = music.join(format!("{i:04}.wav"));
        sounds::wav(&path, 8_000, 1, &song[i * 80..i * 80 + 8_800]);
        if i % 10 != 7 {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let broken = match i / 10 % 5 {
            0 => Vec::new(),
            1 => bytes[..40].to_vec(),
            2 => bytes[..bytes.len() / 2].to_vec(),
            3 => random.bytes(5_000),
            _ => b"These are words.".to_vec(),
        };
        fs::write(&path, broken).unwrap();
    }
    let catalog = Library::open(&music, &LibraryParams::default(), &Silent).unwrap().catalog;
    assert_eq!(catalog.songs.len(), 1000);
    let store = folder.path().join("store");
    let make = || Store::make(&catalog, &store, &coarse(), &Limits::default(), 2, &Silent).unwrap();
    let made = make();
    assert_eq!((made.images.len(), made.failures.len(), made.duplicates.len()), (900, 100, 0));
    for (i, failure) in made.failures.iter().enumerate() {
        assert!(failure.item.ends_with(&format!("/{:04}.wav", 10 * i + 7)), "{failure:?}");
    }
    let reasons: Vec<_> = made.failures[..5].iter().map(|f| f.reason.as_str()).collect();
    assert_eq!(reasons[0], "the file is empty (0 bytes)");
    assert!(reasons[1].starts_with("no audio was recognised"), "{}", reasons[1]);
    assert!(reasons[2].ends_with("could be decoded of 1.10 s"), "{}", reasons[2]);
    assert!(reasons[4].starts_with("no audio was recognised"), "{}", reasons[4]);
    let again = make();
    assert_eq!((again.images.len(), again.failures), (900, made.failures));
    assert_eq!(again.skipped_existing, 900);
}

/// A WAV file of this many seconds of silence, but for a tone at either end.
fn hours(path: &Path, seconds: u32) {
    const RATE: u32 = 8_000;
    let bytes = seconds * RATE * 2;
    sounds::wav(path, RATE, 1, &sounds::tone(440.0, RATE, 2.0));
    let mut file = fs::File::options().write(true).open(path).unwrap();
    for (at, value) in [(4, bytes + 36), (40, bytes)] {
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&value.to_le_bytes()).unwrap();
    }
    file.set_len(u64::from(bytes) + 44).unwrap();
    file.seek(SeekFrom::End(-32_000)).unwrap();
    for sample in sounds::tone(880.0, RATE, 2.0) {
        file.write_all(&((sample * 32767.0) as i16).to_le_bytes()).unwrap();
    }
}

/// The most memory that this process has held so far, in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

#[test]
fn three_hours_are_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let (path, png) = (folder.path().join("mix.wav"), folder.path().join("mix.png"));
    hours(&path, 3 * 3600);
    let renderer = Renderer::new(&coarse(), &Limits::default()).unwrap().scratch(folder.path());
    let mut song = renderer.render(&path).unwrap();
    assert_eq!((song.columns(), song.seconds()), (540_000, 10_800.0));
    song.write_png(&png, "mix").unwrap();
    let tones = songscape_audio::ImageReader::open(&png).unwrap();
    let loudest = |columns: std::ops::Range<usize>| {
        let reader = songscape_audio::ImageReader::open(&png).unwrap();
        let pixels = reader.pixels(columns).unwrap();
        (0..16).max_by_key(|&row| pixels[row]).unwrap()
    };
    assert_eq!(tones.columns(), 540_000);
    let frequency = |columns| renderer.frequencies()[loudest(columns)];
    assert!((frequency(50..51) / 440.0 - 1.0).abs() < 0.1);
    assert!((frequency(539_950..539_951) / 880.0 - 1.0).abs() < 0.1);
    if let Some(peak) = peak_memory() {
        assert!(peak < 300 << 20, "{peak} bytes");
    }
}

#[test]
fn a_header_that_claims_a_trillion_samples_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lie.caf");
    let samples: i64 = 1 << 40;
    let mut caf = b"caff\0\x01\0\0desc".to_vec();
    caf.extend(32_i64.to_be_bytes());
    caf.extend(44_100_f64.to_be_bytes());
    caf.extend(b"lpcm");
    for value in [0_u32, 2, 1, 1, 16] {
        caf.extend(value.to_be_bytes());
    }
    caf.extend(b"data");
    caf.extend((2 * samples + 4).to_be_bytes());
    caf.extend([0; 4]);
    caf.extend([0x12; 100_000]);
    fs::write(&path, caf).unwrap();
    let read = || {
        let mut reader = AudioReader::open(&path, &Limits::default())?;
        let mut block = Vec::new();
        while reader.read(&mut block)? {}
        Ok::<_, Error>(reader.seconds())
    };
    let message = read().unwrap_err().to_string();
    assert!(
        message.ends_with("no audio was recognised (it begins as CAF, and ends too soon)"),
        "{message}"
    );
    if let Some(peak) = peak_memory() {
        assert!(peak < 300 << 20, "{peak} bytes");
    }
}

#[test]
fn a_cache_that_exceeds_the_disk_is_refused_before_it_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    sounds::wav(&music.join("a.wav"), 8_000, 1, &sounds::melody(8_000, 1.5));
    let catalog = Library::open(&music, &LibraryParams::default(), &Silent).unwrap().catalog;
    let store = folder.path().join("store");
    let make = || Store::make(&catalog, &store, &coarse(), &Limits::default(), 1, &Silent);
    make().unwrap();

    // An index that speaks of a quintillion columns.
    let index = store.join("index.csv");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace(",image,75,", ",image,1000000000000000000,")).unwrap();
    assert_ne!(fs::read_to_string(&index).unwrap(), text);
    let before = fs::read(store.join("pixels.u8")).unwrap();
    let error = make().unwrap_err();
    let Error::DiskSpace { needed, available, .. } = error else { panic!("{error}") };
    assert_eq!(needed, 16_000_000_000_000_000_000);
    assert!(available < needed);
    assert_eq!(fs::read(store.join("pixels.u8")).unwrap(), before);
}
