//! The fuzz targets on files with a few bytes changed: `FUZZ_SECONDS` sets for how long.
// The fuzz targets load `any_bytes` without `sounds`.
#![allow(clippy::unwrap_used, clippy::duplicate_mod)]

mod any_bytes;
mod sounds;

use std::time::{Duration, Instant};

use songscape_audio::{ImageParams, Limits, Renderer};

/// A target and what it is steered from.
type Target = (&'static str, fn(&[u8]), Vec<Vec<u8>>);

fn targets() -> [Target; 6] {
    let folder = tempfile::tempdir().unwrap();
    let samples = sounds::melody(8_000, 0.6);
    let wav = sounds::wav(&folder.path().join("a.wav"), 8_000, 1, &samples);
    let float = sounds::float_wav(&folder.path().join("b.wav"), 8_000, 2, &samples);
    let params = ImageParams { rows: 16, f_min: 200.0, f_max: 3000.0, ..ImageParams::default() };
    let limits = Limits { min_seconds: 0.1, ..Limits::default() };
    let png = folder.path().join("a.png");
    let renderer = Renderer::new(&params, &limits).unwrap();
    renderer.render(&wav).unwrap().write_png(&png, "a").unwrap();

    // The first byte chooses the file's ending.
    let with_ending = |ending: u8, bytes: Vec<u8>| [vec![ending], bytes].concat();
    let music = vec![
        with_ending(0, std::fs::read(&wav).unwrap()),
        with_ending(0, std::fs::read(float).unwrap()),
        with_ending(1, sounds::aiff(8_000, 1, &samples)),
        with_ending(3, sounds::flac(8_000, &samples, 4_800, &["TITLE=A", "DATE=1999"])),
        with_ending(5, sounds::silent_mp3(12)),
    ];
    let manifests = [
        "path,title,artist,year\na,A,B,1987\nb.mp3,A,B,1987-05-02\nc d.wav,\"A, \"\"\",é,\n",
        "Year,PATH,x,Title,artist,song\n1,./a,,,,\n19x7,../a,1,2,3,4\n,a,\"\n\",t,r,s\n",
    ];
    let manifests = manifests.map(|text| text.as_bytes().to_vec()).to_vec();
    let list = b"#EXTM3U\n#EXTINF:3,A - B\na\n./b.mp3\r\nfile:///c%20d.wav\n\xE9.ogg\n".to_vec();
    let tags: [&[u8]; 5] = [
        b"\x05TIT2\0\0\0\x02\0\0\x03ATDRC\0\0\0\x05\0\0\x031975",
        b"\x01\x04\0\0\0\0\0\0\0Year\x001975",
        b"\x02LIST\x12\0\0\0INFOINAM\x02\0\0\0A\0ICRD",
        b"\x03NAME\0\0\0\x02AB",
        b"\x04\x09\0\0\0DATE=1975\x07\0\0\0TITLE=A",
    ];
    let opus: [&[u8]; 2] = [b"\0\x03\xFC\xFF\xFE\x03\xFC\0\0", b"\x02\x05\x08\x01\x02\x03\x04"];
    [
        ("manifest", any_bytes::manifest, manifests),
        ("music", any_bytes::music, music),
        ("playlist", any_bytes::playlist, vec![list]),
        ("tags", any_bytes::tags, tags.map(<[u8]>::to_vec).to_vec()),
        ("opus", any_bytes::opus, opus.map(<[u8]>::to_vec).to_vec()),
        ("image", any_bytes::image, vec![std::fs::read(png).unwrap()]),
    ]
}

#[test]
fn nothing_panics_on_any_bytes() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let mut random = sounds::Random(99);
    for (name, run, seeds) in targets() {
        seeds.iter().for_each(|seed| run(seed));
        let end = seconds.map(|s| Instant::now() + Duration::from_secs(s));
        let mut case = 0_u64;
        while end.map_or(case < 150, |end| Instant::now() < end) {
            let mut bytes = seeds[random.below(seeds.len())].clone();
            for _ in 0..=random.below(6) {
                let reach = if random.below(2) == 0 { bytes.len().min(80) } else { bytes.len() };
                if reach == 0 {
                    break;
                }
                let at = random.below(reach);
                match random.below(4) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => bytes[at] = [0, 0x7F, 0x80, 0xFF, b'"', b','][random.below(6)],
                    2 => bytes.truncate(at),
                    _ => drop(bytes.splice(at..at, random.bytes(3))),
                }
            }
            let done = std::panic::catch_unwind(|| run(&bytes));
            assert!(done.is_ok(), "{name}, case {case} panicked");
            case += 1;
        }
        println!("{name}: {case} cases");
    }
}

/// The corpus that the fuzz targets have found: inputs that each reach something new.
#[test]
fn the_corpus_is_replayed() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    // A crate on its own comes without the corpus.
    if !corpus.exists() {
        return;
    }
    for (name, run, _) in targets() {
        let mut replayed = 0;
        for entry in std::fs::read_dir(corpus.join(format!("audio_{name}"))).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let done = std::panic::catch_unwind(|| run(&bytes));
            assert!(done.is_ok(), "{} panicked", path.display());
            replayed += 1;
        }
        println!("{name}: {replayed} inputs");
        assert!(replayed > 0, "{name} has an empty corpus");
    }
}
