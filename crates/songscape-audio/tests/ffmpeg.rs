//! The same files decoded by ffmpeg, where it is installed: the same samples at the same places.
#![allow(clippy::unwrap_used)]

mod sounds;

use std::path::Path;
use std::process::{Command, Stdio};

use songscape_audio::{AudioReader, Library, LibraryParams, Limits};
use songscape_project::Silent;

/// Name of the file, ffmpeg's options to make it, and the largest difference in dB.
type Case = (&'static str, &'static [&'static str], f64);

const LOSSLESS: f64 = -80.0;
const LOSSY: f64 = -60.0;

const CASES: &[Case] = &[
    ("u8.wav", &["-c:a", "pcm_u8"], LOSSLESS),
    ("s16.wav", &["-c:a", "pcm_s16le"], LOSSLESS),
    ("s24.wav", &["-c:a", "pcm_s24le"], LOSSLESS),
    ("s32.wav", &["-c:a", "pcm_s32le"], LOSSLESS),
    ("f32.wav", &["-c:a", "pcm_f32le"], LOSSLESS),
    ("f64.wav", &["-c:a", "pcm_f64le"], LOSSLESS),
    ("a-law.wav", &["-c:a", "pcm_alaw"], LOSSLESS),
    ("surround.wav", &["-c:a", "pcm_s16le", "-ac", "6"], LOSSLESS),
    ("8k.wav", &["-c:a", "pcm_s16le", "-ar", "8000"], LOSSLESS),
    ("192k.wav", &["-c:a", "pcm_s24le", "-ar", "192000"], LOSSLESS),
    ("s16.aiff", &["-c:a", "pcm_s16be"], LOSSLESS),
    ("s24.aiff", &["-c:a", "pcm_s24be"], LOSSLESS),
    ("s16.caf", &["-c:a", "pcm_s16be"], LOSSLESS),
    ("alac.caf", &["-c:a", "alac"], LOSSLESS),
    ("s16.flac", &["-c:a", "flac"], LOSSLESS),
    ("s24.flac", &["-c:a", "flac", "-sample_fmt", "s32", "-bits_per_raw_sample", "24"], LOSSLESS),
    ("flac.ogg", &["-c:a", "flac"], LOSSLESS),
    ("flac.mka", &["-c:a", "flac"], LOSSLESS),
    ("alac.m4a", &["-c:a", "alac"], LOSSLESS),
    ("constant.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"], LOSSY),
    ("variable.mp3", &["-c:a", "libmp3lame", "-q:a", "3"], LOSSY),
    ("mono22k.mp3", &["-c:a", "libmp3lame", "-ac", "1", "-ar", "22050"], LOSSY),
    ("plain.mp3", &["-c:a", "libmp3lame", "-write_xing", "0"], LOSSY),
    ("layer2.mp2", &["-c:a", "mp2"], LOSSY),
    ("vorbis.ogg", &["-c:a", "libvorbis", "-q:a", "5"], LOSSY),
    ("vorbis.webm", &["-c:a", "libvorbis", "-q:a", "5"], LOSSY),
    ("aac.m4a", &["-c:a", "aac", "-b:a", "160k"], LOSSY),
    ("aac.mp4", &["-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart"], LOSSY),
    ("stream.aac", &["-c:a", "aac", "-b:a", "160k"], LOSSY),
    ("rf64.wav", &["-c:a", "pcm_s16le", "-rf64", "always"], LOSSLESS),
    ("s16.w64", &["-c:a", "pcm_s16le"], LOSSLESS),
    ("stereo.opus", &["-c:a", "libopus", "-b:a", "96k"], LOSSY),
    // Below some 40 kbit/s ffmpeg's own decoder differs from libopus, by -27 dB.
    ("mono.opus", &["-c:a", "libopus", "-b:a", "96k", "-ac", "1"], LOSSY),
    ("surround.opus", &["-c:a", "libopus", "-ac", "6", "-mapping_family", "1"], LOSSY),
    ("opus.webm", &["-c:a", "libopus", "-b:a", "96k"], LOSSY),
    ("opus.mka", &["-c:a", "libopus", "-b:a", "96k"], LOSSY),
    ("opus.mp4", &["-c:a", "libopus", "-b:a", "96k", "-strict", "-2"], LOSSY),
];

fn ffmpeg(arguments: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-y", "-bitexact"]).args(arguments);
    let output = command.stderr(Stdio::inherit()).output().ok()?;
    output.status.success().then_some(output.stdout)
}

fn installed() -> bool {
    let installed = ffmpeg(&["-version"]).is_some();
    if !installed {
        println!("skipped: ffmpeg is not installed");
    }
    installed
}

/// Decodes by ffmpeg into the mean of all channels.
fn reference(path: &Path, channels: usize) -> Vec<f32> {
    let path = path.to_str().unwrap();
    let bytes = ffmpeg(&["-i", path, "-f", "f32le", "-c:a", "pcm_f32le", "-"]).unwrap();
    let samples: Vec<f32> =
        bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let mean = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
    samples.chunks_exact(channels).map(mean).collect()
}

fn ours(path: &Path) -> (Vec<f32>, usize) {
    let mut reader = AudioReader::open(path, &Limits::default()).unwrap();
    let (mut all, mut block) = (Vec::new(), Vec::new());
    while reader.read(&mut block).unwrap() {
        all.extend_from_slice(&block);
    }
    (all, reader.channels())
}

fn power(samples: impl Iterator<Item = f32>) -> f64 {
    samples.map(|sample| f64::from(sample).powi(2)).sum()
}

#[test]
fn every_format_gives_the_samples_that_ffmpeg_gives() {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Both channels differ, and the length is no multiple of any block.
    let (left, right) = (sounds::melody(44_100, 2.3), sounds::tone(523.0, 44_100, 2.3));
    let stereo: Vec<f32> = left.iter().zip(&right).flat_map(|(l, r)| [*l, 0.5 * r]).collect();
    let source = sounds::float_wav(&folder.path().join("source.wav"), 44_100, 2, &stereo);

    let mut wrong = Vec::new();
    for &(name, options, limit) in CASES {
        let path = folder.path().join(name);
        let mut arguments = vec!["-i", source.to_str().unwrap()];
        arguments.extend(options);
        arguments.push(path.to_str().unwrap());
        if ffmpeg(&arguments).is_none() {
            println!("{name:14} skipped: this ffmpeg cannot make it");
            continue;
        }
        let (found, channels) = ours(&path);
        let expected = reference(&path, channels);
        let difference = power(found.iter().zip(&expected).map(|(a, b)| a - b));
        let decibels = 10.0 * (difference / power(expected.iter().copied())).log10();
        let lengths = (found.len(), expected.len());
        println!("{name:14} {} and {} samples, difference {decibels:.1} dB", lengths.0, lengths.1);
        // Older versions of ffmpeg leave the encoder's padding at the end of an MP4.
        let padding = name == "opus.mp4" && (lengths.0..lengths.0 + 960).contains(&lengths.1);
        let as_long = lengths.0 == lengths.1 || lengths.0 == left.len() || padding;
        if decibels > limit || !as_long {
            wrong.push((name, lengths, decibels));
        }
    }
    assert_eq!(wrong, [], "name, lengths, difference in dB");
}

#[test]
fn tags_are_read_from_every_container() {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    std::fs::create_dir(&music).unwrap();
    let source = folder.path().join("source.wav");
    sounds::wav(&source, 44_100, 1, &sounds::tone(440.0, 44_100, 2.0));
    let tags = [
        "-metadata",
        "title=Ça, \"va\"?",
        "-metadata",
        "artist=Björk & Ødegård",
        "-metadata",
        "album=Ålbum",
        "-metadata",
        "genre=Pop",
        "-metadata",
        "date=1994-03-05",
    ];
    let files: [(&str, &[&str]); 9] = [
        ("a.mp3", &["-id3v2_version", "3"]),
        ("b.mp3", &["-id3v2_version", "4"]),
        ("c.ogg", &["-c:a", "libvorbis"]),
        ("d.flac", &[]),
        ("e.m4a", &["-c:a", "aac"]),
        ("f.aiff", &["-write_id3v2", "1"]),
        ("g.wav", &[]),
        ("h.opus", &["-c:a", "libopus"]),
        ("i.mka", &["-c:a", "libvorbis"]),
    ];
    for (name, options) in files {
        let mut arguments = vec!["-i", source.to_str().unwrap()];
        arguments.extend(tags);
        arguments.extend(options);
        let path = music.join(name);
        arguments.push(path.to_str().unwrap());
        ffmpeg(&arguments).unwrap();
    }
    let params = LibraryParams { same_name: songscape_audio::SameName::Keep, ..Default::default() };
    let catalog = Library::open(&music, &params, &Silent).unwrap().catalog;
    assert_eq!(catalog.songs.len(), files.len());
    for song in &catalog.songs {
        let name = song.path.display();
        assert_eq!(song.title, "Ça, \"va\"?", "{name}");
        assert_eq!((song.artist.as_str(), song.year), ("Björk & Ødegård", Some(1994)), "{name}");
        let duration: f64 = song.extra[4].parse().unwrap();
        assert!((duration - 2.0).abs() < 0.06, "{name}: {duration}");
        assert_eq!(song.extra[2..4], ["Ålbum", "Pop"], "{name}");
    }
}

#[test]
fn two_files_in_one_are_both_decoded_in_every_container() {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wav");
    let stereo: Vec<f32> = sounds::melody(44_100, 2.0).iter().flat_map(|&s| [s, 0.5 * s]).collect();
    sounds::wav(&source, 44_100, 2, &stereo);
    let seconds = |path: &Path| {
        let mut reader = AudioReader::open(path, &Limits::default()).unwrap();
        let mut block = Vec::new();
        while reader.read(&mut block).unwrap() {}
        (reader.seconds(), reader.notes().to_vec())
    };
    let mut wrong = Vec::new();
    for &(name, options, _) in CASES {
        let path = folder.path().join(name);
        let mut arguments = vec!["-i", source.to_str().unwrap()];
        arguments.extend(options);
        arguments.push(path.to_str().unwrap());
        if ffmpeg(&arguments).is_none() {
            continue;
        }
        let once = seconds(&path);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&bytes[..], &bytes].concat()).unwrap();
        let twice = seconds(&path);
        println!("{name:14} {once:?} {twice:?}");
        if (twice.0 - 2.0 * once.0).abs() > 0.1 {
            wrong.push((name, once, twice));
        }
    }
    assert_eq!(wrong, []);
}
