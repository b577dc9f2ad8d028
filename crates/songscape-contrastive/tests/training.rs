//! Training as a whole: it learns, goes on exactly, and says what is wrong.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use songscape_contrastive::{Error, Loss, Sampling, Songs, TrainParams, Trained, train};
use songscape_project::{Progress, Silent};
use songscape_resnet::{EncoderConfig, Model, Origin, Pooling, Precision};
use tch::Device;

const ROWS: usize = 64;

/// Each song has its own bright rows, on noise.
fn pixels(songs: u64, columns: usize) -> Vec<Vec<u8>> {
    let song = |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let spectrum: Vec<u8> = (0..ROWS).map(|_| rng.random_range(0..150)).collect();
        let pixel = |i: usize| spectrum[i % ROWS] + rng.random_range(0..100_u8);
        (0..ROWS * columns).map(pixel).collect()
    };
    (0..songs).map(song).collect()
}

fn encoder() -> EncoderConfig {
    EncoderConfig { rows: ROWS, head_outputs: 16, ..EncoderConfig::narrow(4) }
}

fn params() -> TrainParams {
    TrainParams {
        crop_columns: 64,
        pairs: 8,
        steps: 20,
        loss: Loss::Dcl { temperature: 0.1 },
        precision: Precision::F32,
        checkpoint_every: 10,
        ..TrainParams::demo()
    }
}

/// What is known of the images, which are made up.
fn origin() -> Origin {
    let images = serde_json::json!({ "rows": ROWS, "columns_per_second": 200.0 });
    Origin { images: Some(images), pooling: Some(Pooling::Mean), ..Origin::default() }
}

fn run(
    pixels: &[Vec<u8>],
    params: &TrainParams,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Trained, Error> {
    // The work is small: threads would mostly wait for each other.
    tch::set_num_threads(1);
    let songs = Songs::new(ROWS, pixels.iter().map(Vec::as_slice).collect())?;
    train(&songs, &encoder(), params, origin(), Device::Cpu, folder, progress)
}

/// Interrupts after some steps and keeps the messages.
struct Stop {
    after: usize,
    steps: AtomicUsize,
    messages: Mutex<Vec<String>>,
}

impl Stop {
    fn after(after: usize) -> Self {
        Self { after, steps: AtomicUsize::new(0), messages: Mutex::default() }
    }
}

impl Progress for Stop {
    fn advance(&self, n: u64) {
        self.steps.fetch_add(n as usize, Ordering::Relaxed);
    }
    fn message(&self, text: &str) {
        self.messages.lock().unwrap().push(text.into());
    }
    fn interrupted(&self) -> bool {
        self.steps.load(Ordering::Relaxed) >= self.after
    }
}

#[test]
fn songs_are_told_apart_after_training() {
    let folder = tempfile::tempdir().unwrap();
    let params = TrainParams { steps: 60, ..params() };
    let trained = run(&pixels(12, 200), &params, folder.path(), &Silent).unwrap();
    let mean = |part: &[songscape_contrastive::Step]| {
        part.iter().map(|s| s.loss).sum::<f64>() / part.len() as f64
    };
    let (first, last) = (mean(&trained.history[..5]), mean(&trained.history[55..]));
    assert!(last < first - 1.0, "{first} to {last}");
    assert!(trained.history[59].accuracy > 0.9);
    let csv = std::fs::read_to_string(folder.path().join("history.csv")).unwrap();
    assert!(csv.starts_with("step,loss,accuracy,gradient_norm,learning_rate,seconds\n1,"));
    assert_eq!(csv.lines().count(), 61);
}

#[test]
fn the_files_say_what_the_network_was_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let params = TrainParams { steps: 4, held_out: 0.5, validate_every: 2, ..params() };
    run(&pixels(12, 460), &params, folder.path(), &Silent).unwrap();
    for file in ["model.safetensors", "best.safetensors"] {
        let model = Model::load(folder.path().join(file), Device::Cpu).unwrap();
        let found = model.origin();
        assert_eq!((&found.images, found.pooling), (&origin().images, Some(Pooling::Mean)));
        assert_eq!(found.songscape.as_deref(), Some(env!("CARGO_PKG_VERSION")));
        let training: TrainParams =
            serde_json::from_value(found.training.clone().unwrap()).unwrap();
        assert_eq!(training, params);
        let other = serde_json::json!({ "rows": ROWS, "columns_per_second": 100.0 });
        let message = model.check_images(&other).unwrap_err().to_string();
        assert!(message.ends_with("columns_per_second is 200.0 in the model, 100.0 in the images"));
    }
}

#[test]
fn twenty_steps_are_ten_and_ten_bit_for_bit() {
    let pixels = pixels(10, 150);
    let published =
        Loss::BinaryNce { temperature: 0.1, queue: 20, momentum: 0.9, norm_weight: 1.0 };
    let decoupled = Loss::Dcl { temperature: 0.1 };
    for (loss, sampling) in [
        (decoupled, Sampling::Uniform),
        (decoupled, Sampling::Hard { keep: 0.8, neighbors: 1, reach: 2 }),
        (Loss::Sigmoid { temperature: 0.1, bias: -10.0 }, Sampling::Uniform),
        (published, Sampling::published()),
    ] {
        let params = TrainParams { loss, sampling, pairs: 6, ..params() };
        let (straight, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let once = run(&pixels, &params, straight.path(), &Silent).unwrap();

        let stopped = run(&pixels, &params, parts.path(), &Stop::after(13)).unwrap_err();
        assert!(matches!(stopped, Error::Interrupted { step: 13 }), "{stopped}");
        assert!(!parts.path().join("model.safetensors").exists());
        // As after a kill between checkpoints: the last one is gone.
        std::fs::remove_file(parts.path().join("checkpoints/step-00000013.safetensors")).unwrap();
        let twice = run(&pixels, &params, parts.path(), &Silent).unwrap();

        let model = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
        assert!(model(straight.path()) == model(parts.path()));
        let losses = |trained: &Trained| trained.history.iter().map(|s| s.loss).collect::<Vec<_>>();
        assert_eq!(losses(&once), losses(&twice));

        // The event file has every step once, although steps 11 to 13 were done twice.
        let events = |folder: &Path| {
            let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
            let of_events = |path: &std::path::PathBuf| path.to_string_lossy().contains("tfevents");
            let files: Vec<_> = files.filter(of_events).collect();
            assert_eq!(files.len(), 1, "{files:?}");
            std::fs::metadata(&files[0]).unwrap().len()
        };
        assert_eq!(events(straight.path()), events(parts.path()));
    }
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let pixels = pixels(10, 150);
    run(&pixels, &params(), folder.path(), &Silent).unwrap();
    let expected = std::fs::read(folder.path().join("model.safetensors")).unwrap();
    let last = folder.path().join("checkpoints/step-00000020.safetensors");
    let whole = std::fs::read(&last).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    for damaged in [&whole[..whole.len() - 5], &[], &changed] {
        std::fs::write(&last, damaged).unwrap();
        let progress = Stop::after(1000);
        run(&pixels, &params(), folder.path(), &progress).unwrap();
        let messages = progress.messages.lock().unwrap();
        assert!(messages[0].starts_with("checkpoint skipped: "), "{}", messages[0]);
        assert!(messages[0].contains("step-00000020.safetensors"), "{}", messages[0]);
        assert!(expected == std::fs::read(folder.path().join("model.safetensors")).unwrap());
    }
    // The next run finds the training finished.
    let progress = Stop::after(1000);
    run(&pixels, &params(), folder.path(), &progress).unwrap();
    assert!(progress.messages.lock().unwrap().is_empty());
}

#[test]
fn a_batch_larger_than_the_songs_has_all_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let progress = Stop::after(1000);
    let params = TrainParams { pairs: 64, steps: 1, ..params() };
    run(&pixels(5, 150), &params, folder.path(), &progress).unwrap();
    let messages = progress.messages.lock().unwrap();
    assert_eq!(messages[0], "5 songs: batches of 5 pairs, not 64");
}

#[test]
fn checkpoints_of_another_training_are_refused_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let ten = pixels(10, 150);
    let params = TrainParams { steps: 2, ..params() };
    run(&ten, &params, folder.path(), &Silent).unwrap();
    let message = |pixels: &[Vec<u8>], params: &TrainParams| {
        run(pixels, params, folder.path(), &Silent).unwrap_err().to_string()
    };
    let other = TrainParams { learning_rate: 0.5, ..params.clone() };
    assert!(message(&ten, &other).contains("another learning_rate"));
    assert!(message(&pixels(11, 150), &params).contains("another songs"));
    // Other images of the same length.
    let mut changed = ten.clone();
    changed[3].iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    assert!(message(&changed, &params).contains("another songs"));
}

#[test]
fn an_exploding_training_stops_and_keeps_the_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let params = TrainParams {
        learning_rate: 1e30,
        warmup_steps: 0,
        clip_norm: 0.0,
        checkpoint_every: 1,
        ..params()
    };
    let error = run(&pixels(10, 150), &params, folder.path(), &Silent).unwrap_err();
    let Error::Diverged { step, checkpoint, .. } = error else { panic!("{error}") };
    assert_eq!(checkpoint, Some(step - 1));
    assert!(error.to_string().contains("a learning rate below 1e30 may help"), "{error}");
    assert!(error.to_string().contains("is kept"), "{error}");
}

#[test]
fn unusable_input_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let run = |songs, columns, params: &TrainParams| {
        run(&pixels(songs, columns), params, &path, &Silent).unwrap_err().to_string()
    };
    assert!(run(0, 0, &params()).starts_with("0 of 0 songs"));
    assert!(run(1, 150, &params()).starts_with("1 of 1 songs"));
    assert!(run(5, 63, &params()).starts_with("0 of 5 songs have the 64 columns"));
    let narrow = TrainParams { crop_columns: 63, ..params() };
    assert!(run(5, 150, &narrow).contains("crop_columns is 63, expected at least 64"));
    let pixels = pixels(5, 150);
    let songs = Songs::new(32, pixels.iter().map(Vec::as_slice).collect()).unwrap();
    let error =
        train(&songs, &encoder(), &params(), origin(), Device::Cpu, &path, &Silent).unwrap_err();
    assert_eq!(error.to_string(), "images of 32 rows, but the encoder takes 64");
    assert!(!path.exists());
}

#[test]
fn held_out_songs_judge_and_take_no_part() {
    let mut pixels = pixels(24, 460);
    let folder = tempfile::tempdir().unwrap();
    let params = TrainParams { held_out: 0.25, validate_every: 5, steps: 10, ..params() };
    let stop = Stop::after(usize::MAX);
    let trained = run(&pixels, &params, folder.path(), &stop).unwrap();
    let steps: Vec<usize> = trained.validations.iter().map(|v| v.step).collect();
    assert_eq!(steps, [5, 10]);
    assert!(folder.path().join("best.safetensors").is_file());
    let csv = std::fs::read_to_string(folder.path().join("validation.csv")).unwrap();
    assert!(csv.starts_with("step,recall_1,reciprocal_rank,alignment,uniformity,spread\n5,"));
    assert!(stop.messages.lock().unwrap().iter().any(|text| text.contains("held-out recall@1")));
    for v in &trained.validations {
        assert!((0.0..=1.0).contains(&v.recall_1) && v.alignment >= 0.0 && v.uniformity <= 0.0);
    }

    // Some songs are made silent: the training stays the same only if none of them took part.
    let same = |changed: &[Vec<u8>]| {
        let folder = tempfile::tempdir().unwrap();
        let other = run(changed, &params, folder.path(), &Silent).unwrap();
        other.history[9].loss == trained.history[9].loss
    };
    let unused = (0..24).filter(|song| {
        let kept = std::mem::replace(&mut pixels[*song], vec![0; ROWS * 460]);
        let same = same(&pixels);
        pixels[*song] = kept;
        same
    });
    assert_eq!(unused.count(), 6);
}

#[test]
fn groups_are_held_out_whole_and_their_recordings_look_for_each_other() {
    let pixels = pixels(24, 460);
    let (folder, params) = (tempfile::tempdir().unwrap(), params());
    let params = TrainParams { held_out: 0.5, validate_every: 5, steps: 5, ..params };
    let songs = Songs::new(ROWS, pixels.iter().map(Vec::as_slice).collect()).unwrap();
    let songs = songs.grouped((0..24).map(|song| song / 2).collect()).unwrap();
    let path = folder.path();
    let trained = train(&songs, &encoder(), &params, origin(), Device::Cpu, path, &Silent).unwrap();
    assert_eq!(trained.held_out.len(), 12);
    assert!(trained.held_out.chunks(2).all(|two| two[0] / 2 == two[1] / 2));
    // Recordings of a group have nothing in common here.
    assert!(trained.validations[0].recall_1 < 0.5, "{:?}", trained.validations);
}

#[test]
fn halves_that_are_augmented_apart_judge_where_crops_are_augmented() {
    let pixels = pixels(12, 460);
    let folder = tempfile::tempdir().unwrap();
    let augment = songscape_contrastive::Augment { gain: 6.0, ..Default::default() };
    let params = TrainParams { held_out: 0.5, validate_every: 2, steps: 4, augment, ..params() };
    let trained = run(&pixels, &params, folder.path(), &Silent).unwrap();
    assert_eq!(trained.validations.len(), 2);
    assert!(trained.validations.iter().all(|v| v.alignment > 0.0 && v.reciprocal_rank > 0.0));
}

#[test]
fn a_second_training_in_a_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let held = songscape_project::Project::open(folder.path().join("checkpoints")).unwrap();
    let message = run(&pixels(5, 150), &params(), folder.path(), &Silent).unwrap_err().to_string();
    assert!(message.contains("another process"), "{message}");
    drop(held);
    run(&pixels(5, 150), &TrainParams { steps: 1, ..params() }, folder.path(), &Silent).unwrap();
}

/// Set for the process that is killed: where it trains.
const KILLED: &str = "SONGSCAPE_TEST_KILLED_TRAINING";

#[test]
fn a_killed_training_goes_on_bit_for_bit() {
    let pixels = pixels(10, 150);
    let params = TrainParams { steps: 150, ..params() };
    if let Some(folder) = std::env::var_os(KILLED) {
        run(&pixels, &params, Path::new(&folder), &Silent).unwrap();
        return;
    }
    let (straight, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_training_goes_on_bit_for_bit"])
        .env(KILLED, killed.path())
        .spawn()
        .unwrap();
    // Files on their way to a checkpoint have other endings.
    let saved = || {
        let files = std::fs::read_dir(killed.path().join("checkpoints")).into_iter().flatten();
        files.flatten().any(|file| file.path().extension().is_some_and(|e| e == "safetensors"))
    };
    while !saved() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(saved() && !killed.path().join("model.safetensors").exists());

    run(&pixels, &params, straight.path(), &Silent).unwrap();
    run(&pixels, &params, killed.path(), &Silent).unwrap();
    let model = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
    assert!(model(straight.path()) == model(killed.path()));
}
