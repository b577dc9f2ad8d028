//! From a music file to its image and back as crops: each stage's share, the workers, a second run.
//!
//! Each stage is measured with all that come before it, in CPU time of one thread, as seconds of
//! music per second: the share of a stage is the difference. The music is `SONGSCAPE_BENCH_MUSIC`
//! (a file that the decoders know), or the first of the Lieder that lie beside the workspace, or a
//! WAV of noise; with ffmpeg installed, the same as MP3 and FLAC too.

#![allow(missing_docs)] // of what the macros of criterion make

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cpu_time::{ProcessTime, ThreadTime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use songscape_audio::{
    AudioReader, ImageParams, Library, LibraryParams, Limits, Renderer, Resampler, Song, SongTable,
    Store,
};
use songscape_project::Silent;
use songscape_ssq::{LogSpectrogram, LogSpectrogramParams};

/// Writes noise as a mono WAV file of 16 bits at 44.1 kHz.
fn noise(path: &Path, seconds: u32, mut state: u32) {
    let bytes = seconds * 44_100 * 2;
    let mut wav = b"RIFF".to_vec();
    wav.extend((bytes + 36).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    for word in [16, 0x0001_0001, 44_100, 88_200, 0x0010_0002] {
        wav.extend(u32::to_le_bytes(word));
    }
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    for _ in 0..seconds * 44_100 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        wav.extend(((state >> 17) as i16).to_le_bytes());
    }
    fs::write(path, wav).expect("a file of noise");
}

/// The files to measure with, by format.
fn music(folder: &Path) -> Vec<(String, PathBuf)> {
    let lied = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/lieder/6646808_a.ogg");
    let given = std::env::var_os("SONGSCAPE_BENCH_MUSIC").map(PathBuf::from);
    let source = given.or_else(|| Some(PathBuf::from(lied)).filter(|path| path.exists()));
    let source = source.unwrap_or_else(|| {
        let path = folder.join("noise.wav");
        noise(&path, 30, 1);
        path
    });
    let format = |path: &Path| path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let mut files = vec![(format(&source), source.clone())];
    for other in ["mp3", "flac"] {
        let path = folder.join("music").with_extension(other);
        let made = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-i"])
            .args([&source, &path])
            .status();
        if made.is_ok_and(|status| status.success()) {
            files.push((other.into(), path));
        }
    }
    files
}

fn decode(path: &Path, each: &mut dyn FnMut(u32, &[f32])) {
    let mut reader = AudioReader::open(path, &Limits::default()).expect("music");
    let mut block = Vec::new();
    while reader.read(&mut block).expect("music") {
        each(reader.rate(), &block);
    }
}

/// Decodes, resamples from a rate that is not the transform's, and hands on.
fn resampled(path: &Path, each: &mut dyn FnMut(&[f32])) {
    let mut resampler = None;
    let mut sink = |samples: &[f32]| {
        each(samples);
        Ok(())
    };
    decode(path, &mut |rate, block| {
        let from = if rate == 44_100 { 48_000 } else { rate };
        let resampler =
            resampler.get_or_insert_with(|| Resampler::new(from, 44_100).expect("rates"));
        resampler.push(block, &mut sink).expect("samples");
    });
    if let Some(resampler) = resampler {
        resampler.finish(&mut sink).expect("samples");
    }
}

fn stages(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join("out.png");
    let params = ImageParams::default();
    let renderer = Renderer::new(&params, &Limits::default()).expect("default parameters");
    let plan = LogSpectrogram::new(&LogSpectrogramParams::default()).expect("default parameters");
    for (format, path) in music(folder.path()) {
        let seconds = renderer.render(&path).expect("music").seconds();
        let mut group = c.benchmark_group(format!("audio/{format}"));
        group.sample_size(10).measurement_time(Duration::from_secs(4));
        group.throughput(Throughput::Elements(seconds as u64));
        let mut stage = |name: &str, run: &mut dyn FnMut()| {
            group.bench_function(name, |b| {
                b.iter_custom(|rounds| {
                    let start = ThreadTime::now();
                    (0..rounds).for_each(|_| run());
                    start.elapsed()
                });
            });
        };
        stage("1 decoded", &mut || decode(&path, &mut |_, _| {}));
        stage("1b decoded and resampled from 48 kHz", &mut || resampled(&path, &mut |_| {}));
        stage("2 and transformed", &mut || {
            let mut stream = plan.stream();
            let mut sum = 0.0;
            decode(&path, &mut |_, block| {
                stream.push(block, &mut |column| sum += column[0]).expect("samples");
            });
            stream.finish(&mut |column| sum += column[0]).expect("samples");
            assert!(sum > 0.0);
        });
        stage("3 cleaned, hashed, in grey levels", &mut || {
            renderer.render(&path).expect("music");
        });
        stage("4 and written as PNG", &mut || {
            let mut song = renderer.render(&path).expect("music");
            song.write_png(&png, "bench").expect("a PNG");
        });
        group.finish();
    }
}

/// A library of eight files of noise.
fn library(folder: &Path) -> SongTable {
    let music = folder.join("music");
    fs::create_dir(&music).expect("a folder");
    (0..8).for_each(|i| noise(&music.join(format!("{i}.wav")), 20, i));
    Library::open(&music, &LibraryParams::default(), &Silent).expect("a library").catalog
}

fn make(catalog: &SongTable, store: &Path, threads: usize) {
    let (params, limits) = (ImageParams::default(), Limits::default());
    let made = Store::make(catalog, store, &params, &limits, threads, &Silent).expect("a store");
    assert_eq!(made.images.len() + made.failures.len(), catalog.songs.len());
}

/// Eight songs by one and two workers: the time that passes, and the CPU time of all threads.
fn workers(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = library(folder.path());
    let mut group = c.benchmark_group("audio/workers");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    let fresh = |threads: usize| {
        let store = folder.path().join("store");
        make(&catalog, &store, threads);
        fs::remove_dir_all(&store).expect("the store");
    };
    for threads in [1, 2] {
        group.bench_function(BenchmarkId::new("wall", threads), |b| {
            b.iter_custom(|rounds| {
                let start = Instant::now();
                (0..rounds).for_each(|_| fresh(threads));
                start.elapsed()
            });
        });
        group.bench_function(BenchmarkId::new("cpu", threads), |b| {
            b.iter_custom(|rounds| {
                let start = ProcessTime::now();
                (0..rounds).for_each(|_| fresh(threads));
                start.elapsed()
            });
        });
    }
    group.finish();
}

/// Random crops of 256 × 1024 from the cache, copied as training does.
fn crops(c: &mut Criterion) {
    const CROP: usize = 256 * 1024;
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = library(folder.path());
    let store = folder.path().join("store");
    make(&catalog, &store, 2);
    let pixels = Store::new(&store).pixels().expect("a cache");
    let mut group = c.benchmark_group("audio/crops");
    group.throughput(Throughput::Elements(1));
    let (mut state, mut crop) = (1_u32, vec![0_u8; CROP]);
    group.bench_function("256 x 1024 from the cache", |b| {
        b.iter(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let song = (state >> 16) as usize % pixels.len();
            let start = (state >> 8) as usize % (pixels.columns(song) - 1024);
            let start = start * pixels.rows();
            crop.copy_from_slice(&pixels.song(song)[start..][..CROP]);
            crop[state as usize % CROP]
        });
    });
    group.finish();
}

/// Makes a store look as if it held the images of `n` songs, from the one image in it.
fn multiply(store: &Path, catalog: &SongTable, n: usize) -> SongTable {
    let song = &catalog.songs[0];
    let index = fs::read_to_string(store.join("index.csv")).expect("the index");
    let (header, row) = index.split_once('\n').expect("a row");
    let (mut rows, mut places) = (format!("{header}\n"), "id,offset,columns,rows\n".to_owned());
    let bytes = fs::metadata(store.join("pixels.u8")).expect("the cache").len();
    let name = song.path.display().to_string();
    let audio = header.split(',').position(|column| column == "audio").expect("a hash");
    let audio = row.split(',').nth(audio).expect("a hash");
    let mut songs = Vec::new();
    for i in 0..n {
        let (id, path) = (format!("song-{i:08}"), format!("{i}.wav"));
        let hash = format!("{i:032x}");
        rows += &row.replace(&song.id, &id).replace(&name, &path).replace(audio, &hash);
        places += &format!("{id},{},{},256\n", i as u64 * bytes, bytes / 256);
        fs::hard_link(catalog.file(song), catalog.folder.join(&path)).expect("a link");
        fs::write(store.join(format!("{id}.png")), "").expect("an image");
        songs.push(Song { id, path: path.into(), ..song.clone() });
    }
    fs::write(store.join("index.csv"), rows).expect("the index");
    fs::write(store.join("pixels.csv"), places).expect("the places");
    let pixels = fs::File::create(store.join("pixels.u8")).expect("the cache");
    pixels.set_len(bytes * n as u64).expect("a file with holes");
    SongTable { songs, ..catalog.clone() }
}

/// A second run over an unchanged library of 50,000 songs: tags and images.
fn second_run(c: &mut Criterion) {
    const SONGS: usize = 50_000;
    let folder = tempfile::tempdir().expect("a folder");
    let (root, store) = (folder.path().join("music"), folder.path().join("store"));
    fs::create_dir(&root).expect("a folder");
    noise(&root.join("one.wav"), 1, 1);
    let known = folder.path().join("tags.csv");
    let params = LibraryParams { known_tags: Some(known), ..LibraryParams::default() };
    let open = || Library::open(&root, &params, &Silent).expect("a library").catalog;
    make(&open(), &store, 1);
    let catalog = multiply(&store, &open(), SONGS);
    let mut group = c.benchmark_group("audio/second run over 50,000 songs");
    group.sample_size(10);
    open();
    group.bench_function("tags", |b| b.iter(&open));
    group.bench_function("images", |b| b.iter(|| make(&catalog, &store, 2)));
    group.finish();
}

criterion_group!(benches, stages, workers, crops, second_run);
criterion_main!(benches);
