//! What a user sees of a file that cannot be used.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::path::Path;

use songscape_audio::{AudioReader, Error, ImageParams, Limits, Problem, Renderer};

/// Reads a whole file; its length in seconds, or what is wrong with it.
fn read(path: &Path) -> Result<f64, Problem> {
    let run = || {
        let mut reader = AudioReader::open(path, &Limits::default())?;
        let mut block = Vec::new();
        while reader.read(&mut block)? {}
        Ok(reader.seconds())
    };
    run().map_err(|e| match e {
        Error::Audio { problem, path: named } => {
            assert_eq!(named, path);
            problem
        }
        e => panic!("{e}"),
    })
}

fn read_bytes(name: &str, bytes: &[u8]) -> Result<f64, Problem> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

fn rendered(path: &Path) -> String {
    let renderer = Renderer::new(&ImageParams::default(), &Limits::default()).unwrap();
    match renderer.render(path) {
        Ok(_) => panic!("an image was made"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn what_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(read(&folder.path().join("none.wav")), Err(Problem::Missing)));
    assert!(matches!(read(folder.path()), Err(Problem::NotAFile)));
    assert!(matches!(read_bytes("zero.mp3", b""), Err(Problem::Empty)));
    #[cfg(target_os = "linux")]
    assert!(matches!(read(Path::new("/dev/zero")), Err(Problem::NotAFile)));
}

#[test]
fn what_is_no_audio() {
    let text = "Is this the real life? Is this just fantasy?\n".repeat(400);
    let mut random = sounds::Random(7);
    for extension in ["mp3", "ogg", "wav", "flac", "m4a", "aiff", "caf", "mkv", "aac"] {
        let name = format!("words.{extension}");
        let found = read_bytes(&name, text.as_bytes());
        assert!(matches!(found, Err(Problem::NotAudio(_))), "{name}: {found:?}");
        for length in [1, 4, 12, 100, 5_000, 100_000] {
            let found = read_bytes(&name, &random.bytes(length));
            assert!(found.is_err(), "{name}, {length} random bytes: {found:?}");
        }
    }
}

#[test]
fn what_a_file_is_instead_is_said_in_plain_words() {
    let mut random = sounds::Random(8);
    let flac = sounds::flac(22_050, &[0.0; 4096], 4096, &[]);
    for (bytes, nature) in [
        (b"These are words.".to_vec(), "a text, expected MP3, FLAC, WAV or the like"),
        (vec![0; 5000], "it begins with zeros, expected MP3, FLAC, WAV or the like"),
        (flac[..20].to_vec(), "it begins as FLAC, and ends too soon"),
        (b"caff\0\x01\0\0nonsense".to_vec(), "it begins as CAF, and ends too soon"),
        ([b"ID3\x03\0\0\0\0\0\x20".as_slice(), &[0; 32]].concat(), "nothing but tags"),
        (
            b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom".to_vec(),
            "it begins as MP4, but cannot be read: isomp4: missing moov atom",
        ),
        (
            "\u{FEFF}These are words".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "it begins as MP3, but no sound follows",
        ),
        ([b"\x01".as_slice(), &random.bytes(30)].concat(), "its first bytes are those of no known"),
    ] {
        let problem = read_bytes("a.mp3", &bytes).unwrap_err().to_string();
        let expected = format!("no audio was recognised ({nature}");
        assert!(problem.starts_with(&expected), "{problem}, expected {expected}");
    }
}

#[test]
fn cut_anywhere_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let samples = sounds::melody(22_050, 3.0);
    let wav =
        std::fs::read(sounds::wav(&folder.path().join("a.wav"), 22_050, 1, &samples)).unwrap();
    let flac = sounds::flac(22_050, &samples, samples.len() as u64, &["TITLE=A"]);
    let aiff = sounds::aiff(22_050, 1, &samples);
    for (name, bytes) in [("a.wav", wav), ("a.flac", flac), ("a.aiff", aiff)] {
        assert!((read_bytes(name, &bytes).unwrap() - 3.0).abs() < 0.01, "{name}");
        // What is missing at the very end is within the tolerance: a tenth of a second.
        for length in (0..bytes.len() - 6_000).step_by(997) {
            let found = read_bytes(name, &bytes[..length]);
            let clear = match &found {
                Err(Problem::Empty) => length == 0,
                // The reader of AIFF looks for all its chunks first.
                Err(Problem::NotAudio(_)) => length < 1_000 || name == "a.aiff",
                Err(Problem::Truncated { decoded, .. }) => *decoded < 3.0,
                _ => false,
            };
            assert!(clear, "{name} cut to {length} bytes: {found:?}");
        }
    }
    let half = sounds::wav(&folder.path().join("half.wav"), 22_050, 1, &samples);
    let bytes = std::fs::read(&half).unwrap();
    std::fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    let message = rendered(&half);
    assert!(message.contains("half.wav: the file is cut short: 1."), "{message}");
    assert!(message.ends_with(" s could be decoded of 3.00 s"), "{message}");
}

#[test]
fn flipped_bits_never_panic() {
    let samples = sounds::melody(22_050, 1.5);
    let flac = sounds::flac(22_050, &samples, samples.len() as u64, &["ARTIST=B"]);
    let aiff = sounds::aiff(22_050, 1, &samples);
    let mp3 = sounds::silent_mp3(50);
    let mut random = sounds::Random(3);
    for (name, bytes) in [("a.flac", flac), ("a.aiff", aiff), ("a.mp3", mp3)] {
        for round in 0..150 {
            let mut broken = bytes.clone();
            // Headers first, then anywhere.
            let reach = if round < 100 { 120 } else { bytes.len() };
            for _ in 0..3 {
                broken[random.below(reach)] ^= 1 << random.below(8);
            }
            if let Ok(seconds) = read_bytes(name, &broken) {
                assert!(seconds.is_finite());
            }
        }
    }
}

#[test]
fn a_damaged_packet_is_forgiven_many_are_not() {
    let samples = sounds::melody(22_050, 30.0);
    let flac = sounds::flac(22_050, &samples, samples.len() as u64, &[]);
    let frame = flac.len() * 4096 / samples.len();
    let mut scratched = flac.clone();
    scratched[20 * frame] ^= 0x55;
    let seconds = read_bytes("a.flac", &scratched).unwrap();
    assert!(seconds > 29.5, "{seconds}");

    let mut ruined = flac;
    (1..ruined.len() / frame).for_each(|i| ruined[i * frame] ^= 0x55);
    let found = read_bytes("a.flac", &ruined);
    assert!(matches!(found, Err(Problem::Damaged { .. } | Problem::Truncated { .. })), "{found:?}");
}

#[test]
fn silence_shortness_and_strange_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    sounds::wav(&path, 44_100, 1, &[0.0; 88_200]);
    assert!(rendered(&path).contains("silent: the peak of the mono mix is -inf dBFS"));
    let faint: Vec<f32> = sounds::tone(440.0, 44_100, 2.0).iter().map(|s| s / 1000.0).collect();
    sounds::wav(&path, 44_100, 1, &faint);
    assert!(rendered(&path).contains("silent: the peak of the mono mix is -6"));
    sounds::wav(&path, 44_100, 1, &[0.5]);
    assert!(rendered(&path).ends_with("only 0.00 s long, at least 1 s are needed"));
    sounds::wav(&path, 44_100, 1, &[]);
    assert!(rendered(&path).ends_with("only 0.00 s long, at least 1 s are needed"));
    std::fs::write(&path, sounds::silent_mp3(100)).unwrap();
    assert!(rendered(&path).contains("silent"), "{}", rendered(&path));

    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30] {
        let mut samples = sounds::tone(440.0, 44_100, 2.0);
        samples[66_150] = wrong;
        sounds::float_wav(&path, 44_100, 1, &samples);
        assert!(rendered(&path).contains("a sample at 1.4"), "{wrong}: {}", rendered(&path));
    }
}

#[test]
fn lying_headers_cost_nothing() {
    let samples = sounds::tone(440.0, 44_100, 1.0);
    // 2^36 - 1 samples are the most that FLAC can declare: 18 days.
    let flac = sounds::flac(44_100, &samples, (1 << 36) - 1, &[]);
    let found = read_bytes("long.flac", &flac).unwrap_err().to_string();
    assert_eq!(found, "the declared length is 1558264.8 s, the limit is 21600 s");

    // A WAV header with 4 GiB of eight-bit samples, and 2^16 - 1 channels, and no rate.
    let folder = tempfile::tempdir().unwrap();
    let good =
        std::fs::read(sounds::wav(&folder.path().join("a.wav"), 8_000, 1, &samples)).unwrap();
    let patched = |at: usize, bytes: &[u8]| {
        let mut wav = good.clone();
        wav[4..8].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
        wav[at..at + bytes.len()].copy_from_slice(bytes);
        read_bytes("a.wav", &wav)
    };
    let found = patched(40, &0xFFFF_FF00_u32.to_le_bytes()).unwrap_err().to_string();
    assert_eq!(found, "the declared length is 268435.4 s, the limit is 21600 s");
    assert!(patched(22, &u16::MAX.to_le_bytes()).is_err());
    assert!(patched(24, &0_u32.to_le_bytes()).is_err());
    let found = patched(24, &7_999_u32.to_le_bytes()).unwrap_err().to_string();
    assert_eq!(found, "the sample rate is 7999 Hz, the limit is 8000 to 192000 Hz");

    // A file written into a pipe cannot know its length, and says so.
    let unknown = u32::MAX.to_le_bytes();
    let mut piped = good.clone();
    piped[4..8].copy_from_slice(&unknown);
    piped[40..44].copy_from_slice(&unknown);
    let seconds = read_bytes("a.wav", &piped).unwrap();
    assert!((seconds - 5.5125).abs() < 0.2, "{seconds}");
}

#[test]
fn limits_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let sixth = sounds::tone(440.0, 44_100, 2.0);
    sounds::wav(&path, 44_100, 6, &sixth);
    let limited = |limits: Limits| match AudioReader::open(&path, &limits) {
        Ok(_) => panic!("opened"),
        Err(e) => e.to_string(),
    };
    let five = Limits { max_channels: 5, ..Limits::default() };
    assert!(limited(five).ends_with("the number of channels is 6, the limit is 1 to 5"));
    let short = Limits { max_seconds: 0.2, ..Limits::default() };
    assert!(limited(short).ends_with("the declared length is 0.3 s, the limit is 0.2 s"));
}
