//! From sound to pixels.
#![allow(clippy::unwrap_used)]

mod sounds;

use songscape_audio::{AudioReader, Error, ImageParams, ImageReader, Limits, Problem, Renderer};

fn renderer() -> Renderer {
    Renderer::new(&ImageParams::default(), &Limits::default()).unwrap()
}

fn pixels(path: &std::path::Path) -> Vec<u8> {
    renderer().render(path).unwrap().pixels().unwrap()
}

/// Mean difference of two images, in grey levels, columns that only one has left out.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    let n = a.len().min(b.len());
    assert!(a.len().abs_diff(b.len()) <= 256, "{} and {} pixels", a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / n as f64
}

#[test]
fn a_tone_is_in_its_row_at_every_rate() {
    let folder = tempfile::tempdir().unwrap();
    let renderer = renderer();
    for (rate, frequency) in
        [(44_100, 440.0), (48_000, 440.0), (8_000, 2_000.0), (192_000, 9_000.0), (22_050, 60.0)]
    {
        let samples = sounds::tone(frequency, rate, 1.5);
        let path = sounds::wav(&folder.path().join("tone.wav"), rate, 1, &samples);
        let mut song = renderer.render(&path).unwrap();
        assert_eq!((song.columns(), song.seconds()), (300, 1.5));
        let pixels = song.pixels().unwrap();
        let column = &pixels[150 * 256..151 * 256];
        let loudest = (0..256).max_by_key(|&row| column[row]).unwrap();
        let found = renderer.frequencies()[loudest];
        assert!((found / frequency - 1.0).abs() < 0.025, "{rate}: {found} for {frequency} Hz");
        assert_eq!(column[loudest], 255);
        let dark = column.iter().filter(|&&grey| grey < 64).count();
        assert!(dark > 230, "{rate}: {dark} rows are dark");
    }
}

#[test]
fn the_rate_of_a_file_hardly_changes_its_image() {
    let folder = tempfile::tempdir().unwrap();
    let image = |rate: u32| {
        let path = folder.path().join(format!("{rate}.wav"));
        pixels(&sounds::wav(&path, rate, 1, &sounds::melody(rate, 3.0)))
    };
    let reference = image(44_100);
    for rate in [48_000, 96_000, 32_000] {
        let off = difference(&reference, &image(rate));
        assert!(off < 3.0, "{rate}: {off} grey levels");
    }
    let other = sounds::melody(44_100, 4.0)[44_100..].to_vec();
    let other = pixels(&sounds::wav(&folder.path().join("other.wav"), 44_100, 1, &other));
    assert!(difference(&reference, &other) > 10.0);
}

#[test]
fn level_and_format_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let samples = sounds::melody(44_100, 2.0);
    let reference = pixels(&sounds::wav(&path("a.wav"), 44_100, 1, &samples));

    let quiet: Vec<f32> = samples.iter().map(|sample| sample / 8.0).collect();
    let quiet = pixels(&sounds::float_wav(&path("quiet.wav"), 44_100, 1, &quiet));
    assert!(difference(&reference, &quiet) < 1.0);

    let bytes = sounds::flac(44_100, &samples, samples.len() as u64, &[]);
    std::fs::write(path("a.flac"), bytes).unwrap();
    assert_eq!(reference, pixels(&path("a.flac")));
    // What a file is called does not matter either.
    std::fs::rename(path("a.flac"), path("a.wav")).unwrap();
    assert_eq!(reference, pixels(&path("a.wav")));

    std::fs::write(path("a.aiff"), sounds::aiff(44_100, 1, &samples)).unwrap();
    assert_eq!(reference, pixels(&path("a.aiff")));
}

#[test]
fn channels_are_averaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stereo.wav");
    let (left, right) = (sounds::tone(440.0, 44_100, 1.0), sounds::tone(3000.0, 44_100, 1.0));
    let read = |samples: &[f32], channels| {
        let file = sounds::float_wav(&path, 44_100, channels, samples);
        let mut reader = AudioReader::open(&file, &Limits::default()).unwrap();
        let (mut mono, mut block) = (Vec::new(), Vec::new());
        while reader.read(&mut block).unwrap() {
            mono.extend_from_slice(&block);
        }
        assert_eq!(reader.channels(), channels as usize);
        mono
    };
    let stereo: Vec<f32> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
    let mean: Vec<f32> = left.iter().zip(&right).map(|(l, r)| (l + r) * 0.5).collect();
    assert_eq!(read(&stereo, 2), mean);

    let eight: Vec<f32> =
        left.iter().flat_map(|l| [*l, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, *l]).collect();
    let quarter: Vec<f32> = left.iter().map(|l| l / 4.0).collect();
    assert_eq!(read(&eight, 8), quarter);

    // Opposite channels leave nothing.
    let opposite: Vec<f32> = left.iter().flat_map(|l| [*l, -*l]).collect();
    let file = sounds::wav(&path, 44_100, 2, &opposite);
    let Err(Error::Audio { problem: Problem::Silent { .. }, .. }) = renderer().render(&file) else {
        panic!("the mean of opposite channels is silence");
    };
}

#[test]
fn an_image_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let samples = sounds::melody(44_100, 2.5);
    let wav = sounds::wav(&folder.path().join("a.wav"), 44_100, 1, &samples);
    let png = folder.path().join("a.png");
    let mut song = renderer().render(&wav).unwrap();
    song.write_png(&png, "the-id").unwrap();

    let reader = ImageReader::open(&png).unwrap();
    assert_eq!(reader.columns(), 500);
    assert_eq!(reader.info().id, "the-id");
    assert_eq!(reader.info().seconds, 2.5);
    assert_eq!(reader.info().params, ImageParams::default());
    assert_eq!(reader.info().grey, song.grey());
    let pixels = song.pixels().unwrap();
    assert_eq!(reader.pixels(0..500).unwrap(), pixels);
    let part = ImageReader::open(&png).unwrap().pixels(100..117).unwrap();
    assert_eq!(part, pixels[100 * 256..117 * 256]);
    assert!(ImageReader::open(&png).unwrap().pixels(0..501).is_err());

    // Cut anywhere, it is refused.
    let bytes = std::fs::read(&png).unwrap();
    for length in (0..bytes.len()).step_by(997) {
        std::fs::write(&png, &bytes[..length]).unwrap();
        let read = ImageReader::open(&png).and_then(|reader| reader.pixels(0..500));
        assert!(matches!(read, Err(Error::Image { .. })), "{length}: {:?}", read.map(drop));
    }
}

#[test]
fn an_excerpt_is_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let samples = sounds::melody(44_100, 4.0);
    let whole = sounds::wav(&folder.path().join("whole.wav"), 44_100, 1, &samples);
    let part = sounds::wav(&folder.path().join("part.wav"), 44_100, 1, &samples[..2 * 44_100]);
    let mut excerpt = renderer().excerpt(2.0).render(&whole).unwrap();
    assert_eq!((excerpt.columns(), excerpt.seconds()), (400, 2.0));
    assert_eq!(excerpt.pixels().unwrap(), pixels(&part));
}

#[test]
fn parameters_outside_their_range_are_named() {
    let refused = |change: fn(&mut ImageParams)| {
        let mut params = ImageParams::default();
        change(&mut params);
        Renderer::new(&params, &Limits::default()).unwrap_err().to_string()
    };
    assert!(refused(|p| p.rows = 0).starts_with("rows is 0,"));
    assert!(refused(|p| p.range_db = f32::NAN).starts_with("range_db is NaN,"));
    assert!(
        refused(|p| p.reference_percentile = 101.0).starts_with("reference_percentile is 101,")
    );
    assert!(refused(|p| p.sampling_rate = 0).starts_with("sampling_rate is 0,"));
    assert!(refused(|p| p.f_max = 30_000.0).contains("30000"));
}

#[test]
fn offset_and_rumble_hardly_show() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let clean = sounds::melody(44_100, 3.0);
    let rumble = sounds::tone(8.0, 44_100, 3.0);
    let dirty: Vec<f32> = clean.iter().zip(&rumble).map(|(s, r)| s + 0.3 * r + 0.2).collect();
    let image = |high_pass: f64, samples: &[f32]| {
        sounds::float_wav(&path, 44_100, 1, samples);
        let params = ImageParams { high_pass, ..ImageParams::default() };
        let renderer = Renderer::new(&params, &Limits::default()).unwrap();
        renderer.render(&path).unwrap().pixels().unwrap()
    };
    let filtered = difference(&image(20.0, &clean), &image(20.0, &dirty));
    let unfiltered = difference(&image(0.0, &clean), &image(0.0, &dirty));
    println!("{filtered:.3} grey levels with the filter, {unfiltered:.3} without");
    assert!(filtered < 0.5 && filtered < unfiltered / 2.0, "{filtered}, {unfiltered}");

    // An offset does not hide silence.
    sounds::wav(&path, 44_100, 1, &[0.3; 88_200]);
    let error = renderer().render(&path).err().unwrap().to_string();
    assert!(error.contains("silent: the peak of the mono mix is -"), "{error}");
}

#[test]
fn black_ends_are_cut_off_and_the_image_says_where_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let (path, png) = (folder.path().join("a.wav"), folder.path().join("a.png"));
    let music = sounds::melody(44_100, 2.0);
    let silence = vec![0.0; 44_100];
    let samples = [&silence[..], &music, &silence, &music, &silence, &silence].concat();
    sounds::wav(&path, 44_100, 1, &samples);
    let mut cut = renderer().render(&path).unwrap();
    assert_eq!(cut.seconds(), 8.0);
    let (start, end) = (cut.start(), cut.start() + cut.columns());
    // The wavelets of the lowest rows see 0.15 s ahead and back.
    assert!((170..=200).contains(&start) && (1200..=1230).contains(&end), "{start}..{end}");
    cut.write_png(&png, "a").unwrap();
    let reader = ImageReader::open(&png).unwrap();
    assert_eq!(reader.info().start, start as f64 / 200.0);

    // It is that part of the whole image.
    let params = ImageParams { trim: false, ..ImageParams::default() };
    let mut whole = Renderer::new(&params, &Limits::default()).unwrap().render(&path).unwrap();
    assert_eq!((whole.start(), whole.columns()), (0, 1600));
    let pixels = whole.pixels().unwrap();
    assert_eq!(cut.pixels().unwrap(), pixels[start as usize * 256..end as usize * 256]);
    assert!(pixels[..start as usize * 256].iter().all(|&grey| grey == 0));

    // A click is no song.
    let mut click = vec![0.0; 441_000];
    click[200_000] = 0.9;
    sounds::wav(&path, 44_100, 1, &click);
    let error = renderer().render(&path).err().unwrap().to_string();
    assert!(error.contains("s of sound in 10.00 s, at least 1 s are needed"), "{error}");
}

#[test]
fn one_white_for_all_songs_keeps_their_levels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let params = ImageParams { reference_db: Some(-10.0), ..ImageParams::default() };
    let renderer = Renderer::new(&params, &Limits::default()).unwrap();
    let loudest = |gain: f32| {
        let tone: Vec<f32> =
            sounds::tone(1000.0, 44_100, 2.0).iter().map(|sample| gain * sample).collect();
        let mut song = renderer.render(&sounds::float_wav(&path, 44_100, 1, &tone)).unwrap();
        assert_eq!(song.grey().reference_db, -10.0);
        let pixels = song.pixels().unwrap();
        let loudest = pixels[200 * 256..201 * 256].iter().max().copied().unwrap();
        song.grey().decibels(loudest)
    };
    assert!((loudest(0.2) - loudest(0.02) - 20.0).abs() < 0.5);
}

#[test]
fn the_same_sound_has_the_same_hash_in_every_lossless_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let samples = sounds::melody(44_100, 1.5);
    sounds::wav(&path("a.wav"), 44_100, 1, &samples);
    let flac = sounds::flac(44_100, &samples, samples.len() as u64, &["TITLE=Other"]);
    std::fs::write(path("b.flac"), flac).unwrap();
    std::fs::write(path("c.aiff"), sounds::aiff(44_100, 1, &samples)).unwrap();
    let twice: Vec<f32> = samples.iter().flat_map(|&sample| [sample, sample]).collect();
    sounds::wav(&path("d.wav"), 44_100, 2, &twice);
    let mut other = samples.clone();
    other[30_000] += 0.001;
    sounds::wav(&path("e.wav"), 44_100, 1, &other);
    sounds::wav(&path("f.wav"), 48_000, 1, &samples);
    let hash = |name: &str| renderer().render(&path(name)).unwrap().audio_hash().to_owned();
    let first = hash("a.wav");
    assert_eq!(first.len(), 32);
    for name in ["b.flac", "c.aiff", "d.wav"] {
        assert_eq!(hash(name), first, "{name}");
    }
    assert!(hash("e.wav") != first && hash("f.wav") != first);
}
