//! Vectors from images: refusals, songs that are too short, and what an interruption costs.
#![cfg(feature = "pipeline")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::Axis;
use songscape::audio::{ImageParams, Store};
use songscape::contrastive::learned::LearnedParams;
use songscape::pipeline::{Input, Parameters, Pipeline, Step};
use songscape::project::{Progress, Shard, Silent, Source};
use songscape::resnet::{EncoderConfig, Model, Origin, Pooling};
use songscape::training::learn_changes;
use songscape::vectors::{Embedding, Images, Keep, Vectors, read_ids};
use tch::Device;

/// The images of six songs of four seconds, and of one that lasts a second.
fn store(folder: &Path) -> Store {
    let music = folder.join("music");
    let mut parameters = Parameters::demo(3);
    parameters.demo_music.songs = 6;
    parameters.demo_music.artists = 3;
    parameters.demo_music.seconds = 4.0;
    let manifest =
        songscape::synth::write_library(&music, &parameters.demo_music, 2, &Silent).unwrap();
    let mut rows = fs::read_to_string(&manifest).unwrap();
    let first = rows.lines().nth(1).unwrap().split(',').next().unwrap();
    // Its second second, with the lengths in the header that it then has.
    let (header, samples) = (44, 2 * 44_100_u32);
    let mut wav = fs::read(music.join(first)).unwrap();
    wav.drain(header..header + samples as usize);
    wav.truncate(header + samples as usize);
    wav[4..8].copy_from_slice(&(samples + 36).to_le_bytes());
    wav[40..44].copy_from_slice(&samples.to_le_bytes());
    fs::write(music.join("short.wav"), wav).unwrap();
    rows.push_str("short.wav,A second,Nobody,1990,none\n");
    fs::write(&manifest, rows).unwrap();

    let out = folder.join("project");
    let pipeline =
        Pipeline::new(&out, Input::Library(manifest), parameters, Device::Cpu, 2).unwrap();
    for step in [Step::Catalog, Step::Spectrograms] {
        pipeline.run(step, &Silent).unwrap();
    }
    Store::new(out.join("spectrograms"))
}

/// An encoder of 256 columns per vector, so that a second is too short for it.
fn model() -> Model {
    let stage_multipliers = vec![2; 7];
    let config = EncoderConfig { stage_multipliers, ..EncoderConfig::narrow(4) };
    Model::new(&config, Device::Cpu, 1).unwrap()
}

/// Asks to stop after some questions.
struct StopAfter(AtomicU64);

impl Progress for StopAfter {
    fn interrupted(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err()
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Bytes, since the halves of a short song are NaN.
fn bytes(vectors: &Vectors) -> Vec<u32> {
    let sets = vectors.sets.iter();
    let arrays =
        sets.flat_map(|set| std::iter::once(&set.whole).chain(set.halves.iter().flatten()));
    arrays.flatten().map(|value| value.to_bits()).collect()
}

#[test]
fn images_of_another_kind_are_refused_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let images = Images::open(&store(folder.path())).unwrap();
    let compute = |params: &ImageParams| {
        let images_of_model = Some(serde_json::to_value(params).unwrap());
        let model = model().with_origin(Origin { images: images_of_model, ..Origin::default() });
        let embedding = Embedding::new(&model);
        embedding.compute(&images, &[Source::TrainedEncoder], &Keep::Nothing, &Silent).map(drop)
    };
    compute(images.params()).unwrap();
    let other =
        ImageParams { columns_per_second: 100.0, range_db: 80.0, ..images.params().clone() };
    let message = compute(&other).unwrap_err().to_string();
    assert!(message.contains("columns_per_second is 100.0 in the model, 200.0 in the images"));
    assert!(message.contains("range_db is 80.0 in the model, 60.0 in the images"), "{message}");

    let stage_multipliers = vec![2, 2];
    let config = EncoderConfig { rows: 128, stage_multipliers, ..EncoderConfig::narrow(4) };
    let low = Model::new(&config, Device::Cpu, 1).unwrap();
    let message = Embedding::new(&low).check(&images).unwrap_err().to_string();
    assert_eq!(message, "images of 256 rows, but the encoder takes 128");
}

#[test]
fn a_song_too_short_for_the_encoder_has_no_row_by_any_source() {
    let folder = tempfile::tempdir().unwrap();
    let images = Images::open(&store(folder.path())).unwrap();
    assert_eq!(images.pixels().len(), 7);
    let model = model();
    let vectors =
        Embedding::new(&model).compute(&images, &Source::ALL, &Keep::Nothing, &Silent).unwrap();
    assert_eq!((vectors.ids.len(), vectors.left_out.len()), (6, 1));
    let reason = &vectors.left_out[0].reason;
    assert!(reason.contains("columns, expected at least 256"), "{reason}");
    assert!(vectors.sets.iter().all(|set| set.whole.nrows() == 6));
    assert!(vectors.sets[0].whole.iter().all(|value| value.is_finite()));
    vectors.write(folder.path()).unwrap();
    assert_eq!(read_ids(folder.path()).unwrap(), vectors.ids);

    // How their chroma matches, and two of them apart from the rest.
    let matches = images.matches(&vectors.ids, &Silent).unwrap();
    assert_eq!(matches.dim(), (6, 6));
    assert!(matches.iter().all(|value| (-1.0..=1.001).contains(value)));
    let message = images.matches(&["nobody".into()], &Silent).unwrap_err().to_string();
    assert_eq!(message, "nobody: no image of this song");
    let some = [vectors.ids[4].clone(), vectors.ids[1].clone()];
    let rows = vectors.sets[5].whole.select(Axis(0), &[1, 4]);
    let (inside, outside) = vectors.split(&some);
    assert_eq!((inside.ids.len(), outside.ids.len()), (2, 4));
    assert_eq!(inside.sets[5].whole, rows);
    assert_eq!((inside.left_out.len(), outside.left_out.len()), (1, 0));
}

#[test]
fn what_is_learned_on_top_of_chroma_changes_has_vectors_like_any_source() {
    let folder = tempfile::tempdir().unwrap();
    let images = Images::open(&store(folder.path())).unwrap();
    let params = LearnedParams {
        crops: 2,
        seconds: [1.0, 2.0],
        products: 8,
        outputs: 6,
        steps: 2,
        ..LearnedParams::default()
    };
    let stores = std::slice::from_ref(&images);
    let (learned, history) = learn_changes(stores, &params, &Silent).unwrap();
    assert_eq!(history.len(), 2);
    let model = model();
    let compute = |learned| {
        let embedding = Embedding { learned, ..Embedding::new(&model) };
        embedding.compute(&images, &Source::LEARNED, &Keep::Nothing, &Silent)
    };
    let vectors = compute(Some(&learned)).unwrap();
    let widths: Vec<usize> = vectors.sets.iter().map(|set| set.whole.ncols()).collect();
    assert_eq!(widths, [678, 6, 1152]);
    let place = images.pixels().ids().iter().position(|id| *id == vectors.ids[2]).unwrap();
    let own = learned.transform(images.pixels().song(place)).unwrap();
    assert_eq!(vectors.sets[0].whole.row(2).to_vec(), own.joined);
    assert_eq!(vectors.sets[1].whole.row(2).to_vec(), own.any_key);
    assert_eq!(vectors.sets[2].whole.row(2).to_vec(), own.rings);
    let halves = vectors.sets[2].halves.as_ref().unwrap();
    assert!(halves[0] != halves[1]);
    let message = compute(None).unwrap_err().to_string();
    assert!(message.starts_with("vectors is learned with chroma changes, expected"), "{message}");
    let message = learn_changes(&[], &params, &Silent).unwrap_err().to_string();
    assert_eq!(message, "images: no store of images to learn from");
}

#[test]
fn interrupted_and_damaged_work_ends_in_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let images = Images::open(&store(folder.path())).unwrap();
    let model = model();
    let mut embedding = Embedding { pooling: Pooling::MeanDeviation, ..Embedding::new(&model) };
    // Batches of two songs.
    embedding.embedder.vectors_per_chunk = 4;
    embedding.embedder.chunks_per_batch = 2;
    let compute = |folder: &Path, progress: &dyn Progress| {
        embedding.compute(&images, &Source::ALL, &Keep::Features(folder.into()), progress)
    };
    let (straight, broken) = (folder.path().join("straight"), folder.path().join("broken"));
    let once = compute(&straight, &Silent).unwrap();
    let kept = files(&straight);
    // A file of rows for each source but the joined ones, and a matrix for each song.
    assert_eq!(kept.len(), Source::ALL.len() - 2 + 6);

    let mut interruptions = 0;
    let in_parts = loop {
        match compute(&broken, &StopAfter(AtomicU64::new(1 + interruptions / 2))) {
            Ok(vectors) => break vectors,
            Err(error) => {
                assert!(error.is_interrupted(), "{error}");
                interruptions += 1;
            }
        }
        // What a kill may leave besides: half a row, and a song without its matrix.
        let rows = Source::TrainedEncoder.file(&broken).with_extension("rows");
        let bytes = fs::read(&rows).unwrap();
        fs::write(&rows, &bytes[..bytes.len() - bytes.len().min(9)]).unwrap();
        fs::remove_file(files(&broken.join("features"))[0].0.clone()).unwrap();
    };
    assert!(interruptions > 3, "{interruptions}");
    assert_eq!(bytes(&once), bytes(&in_parts));
    let names = |all: &[(PathBuf, Vec<u8>)]| -> Vec<_> {
        all.iter().map(|(path, _)| path.file_name().unwrap().to_owned()).collect()
    };
    let again = files(&broken);
    assert_eq!(names(&again), names(&kept));
    let matrices = |all: &[(PathBuf, Vec<u8>)]| -> Vec<_> {
        let npy = all.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "npy"));
        npy.map(|(_, bytes)| bytes.clone()).collect()
    };
    assert!(matrices(&again) == matrices(&kept));

    // What is done is not computed again, and not written either.
    let matrix = files(&straight.join("features"))[0].0.clone();
    fs::write(&matrix, "mine").unwrap();
    assert_eq!(bytes(&compute(&straight, &Silent).unwrap()), bytes(&once));
    assert_eq!(fs::read(&matrix).unwrap(), b"mine");
    // Other parameters are another row, whatever lies there.
    fs::remove_file(&matrix).unwrap();
    let other = Embedding { pooling: Pooling::Mean, ..embedding };
    let keep = Keep::Features(straight);
    let narrow = other.compute(&images, &[Source::TrainedEncoder], &keep, &Silent).unwrap();
    assert_eq!(2 * narrow.sets[0].whole.ncols(), once.sets[0].whole.ncols());
}

#[test]
fn any_number_of_shards_is_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let images = Images::open(&store(folder.path())).unwrap();
    let model = model();
    let mut embedding = Embedding::new(&model);
    // Batches of two songs.
    embedding.embedder.vectors_per_chunk = 4;
    embedding.embedder.chunks_per_batch = 2;
    let sources = [Source::TrainedEncoder, Source::Chroma];
    let keep = |folder: &Path| Keep::Features(folder.into());
    // Relative to the folder, without those of the shards.
    let results = |folder: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let all = files(folder).into_iter();
        let all = all.map(|(path, bytes)| (path.strip_prefix(folder).unwrap().to_owned(), bytes));
        all.filter(|(path, _)| !path.starts_with("shards")).collect()
    };
    let whole = folder.path().join("whole");
    let once = embedding.compute(&images, &sources, &keep(&whole), &Silent).unwrap();
    let kept = results(&whole);
    once.write(&whole).unwrap();
    let written = results(&whole);
    for count in [1, 3, 7] {
        let out = folder.path().join(format!("out-{count}"));
        let compute = |index: u32, progress: &dyn Progress| {
            let shard = Shard::new(index, count).unwrap();
            let keep = keep(&shard.folder(&out));
            embedding.compute_shard(shard, &images, &sources, &keep, progress)
        };
        // A shard that is interrupted is run again; the order of shards does not matter.
        let stopped = compute(count - 1, &StopAfter(AtomicU64::new(0))).unwrap_err();
        assert!(stopped.is_interrupted(), "{stopped}");
        let songs = (0..count).rev().map(|index| compute(index, &Silent).unwrap().ids.len());
        assert_eq!(songs.sum::<usize>(), 6);
        let folders = (0..count).map(|index| Shard::new(index, count).unwrap().folder(&out));
        let parts: Vec<Keep> = folders.map(|folder| keep(&folder)).collect();
        embedding.gather(&images, &sources, &keep(&out), &parts).unwrap();
        assert!(results(&out) == kept, "{count} shards");
        let together = embedding.compute(&images, &sources, &keep(&out), &Silent).unwrap();
        assert_eq!(bytes(&together), bytes(&once));
        together.write(&out).unwrap();
        assert!(results(&out) == written, "{count} shards");
    }
}
