use std::sync::atomic::{AtomicU64, Ordering};

use approx::assert_abs_diff_eq;
use serde_json::{Value, json};
use songscape_project::{Progress, Silent};

use super::*;
use crate::error::Error;
use crate::rings::transposed;

/// Two rows for each semitone.
const ROWS: usize = 241;
const SEMITONE: usize = 2;

fn images() -> Value {
    json!({
        "rows": ROWS, "f_min": 20.0, "f_max": 20_480.0, "range_db": 60.0, "columns_per_second": 50.0,
    })
}

fn params() -> LearnedParams {
    LearnedParams {
        crops: 4,
        seconds: [5.0, 8.0],
        products: 16,
        outputs: 12,
        pairs: 8,
        steps: 30,
        ..LearnedParams::default()
    }
}

/// A tune of twelve seconds, a quarter of a second each note, so many semitones higher.
fn tune(song: usize, higher: usize) -> Vec<u8> {
    let note = |t: usize| (t * t * (song + 1) + t * (3 * song + 2) + song) % 17;
    let row = |column: usize| 130 - SEMITONE * (note(column / 12) + higher);
    (0..ROWS * 600).map(|i| if i % ROWS == row(i / ROWS) { 220 } else { 0 }).collect()
}

fn fitted(params: &LearnedParams) -> (LearnedChanges, Vec<Step>) {
    let pixels: Vec<Vec<u8>> = (0..12).map(|song| tune(song, song % 5)).collect();
    let songs = Songs::new(ROWS, pixels.iter().map(Vec::as_slice).collect()).unwrap();
    let origin = Origin { images: Some(images()), ..Origin::default() };
    LearnedChanges::fit(&songs, origin, params, &Silent).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn a_higher_image_turns_the_rings_and_nothing_else() {
    let (learned, _) = fitted(&params());
    let of = |song, higher| learned.transform(&tune(song, higher)).unwrap();
    let (low, high, other) = (of(3, 0), of(3, 4), of(7, 0));
    assert_eq!((low.any_key.len(), low.rings.len(), low.joined.len()), (12, 1152, 684));
    let row = ArrayView2::from_shape((1, 1152), &low.rings[..]).unwrap();
    let turned = transposed(row, 4).unwrap().into_raw_vec_and_offset().0;
    assert_abs_diff_eq!(&turned[..], &high.rings[..], epsilon = 1e-3);
    assert_abs_diff_eq!(&low.any_key[..], &high.any_key[..], epsilon = 1e-3);
    assert_abs_diff_eq!(&low.joined[..], &high.joined[..], epsilon = 1e-3);
    // In its own key it is another vector, and another tune is another one in all.
    assert!(cosine(&low.rings, &high.rings) < 0.9);
    assert!(cosine(&low.any_key, &other.any_key) < 0.9);
    for vector in [&low.any_key, &low.rings] {
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
    }
    assert!((cosine(&low.joined, &low.joined) - 2.0).abs() < 1e-5);
    assert_eq!(low.joined[672..], low.any_key);
    // Silence has a vector, too; what is no image has none.
    assert!(learned.transform(&[0; ROWS * 50]).unwrap().joined.iter().all(|x| x.is_finite()));
    assert!(learned.transform(&[]).is_ok() && learned.transform(&[0; ROWS + 1]).is_err());
}

#[test]
fn training_learns_and_depends_on_seed_and_songs_alone() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, other] = ["1", "2", "3"].map(|name| folder.path().join(name));
    let with_threads = |count: usize, params: &LearnedParams| {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        threads.install(|| fitted(params))
    };
    let (learned, history) = with_threads(1, &params());
    let mean = |steps: &[Step]| steps.iter().map(|step| step.loss).sum::<f64>() / 5.0;
    assert!(mean(&history[25..]) < 0.7 * mean(&history[..5]), "{history:?}");
    assert!(history.iter().all(|step| step.gradient_norm > 0.0));
    learned.save(&one).unwrap();
    with_threads(3, &params()).0.save(&two).unwrap();
    let bytes = |path: &Path| std::fs::read(path).unwrap();
    assert!(bytes(&one) == bytes(&two), "the threads left a trace");

    // It comes back whole, and saves to the same bytes.
    let back = LearnedChanges::load(&two).unwrap();
    assert_eq!((back.params(), back.origin()), (learned.params(), learned.origin()));
    assert_eq!(back.fingerprint().unwrap(), learned.fingerprint().unwrap());
    let vectors = |learned: &LearnedChanges| learned.transform(&tune(5, 0)).unwrap();
    assert_eq!(vectors(&back), vectors(&learned));
    back.save(&other).unwrap();
    assert!(bytes(&one) == bytes(&other));
    let seeded = LearnedParams { seed: 1, steps: 2, ..params() };
    assert_ne!(vectors(&with_threads(2, &seeded).0), vectors(&learned));

    // Other images are refused by the field, and other files by what is wrong with them.
    back.check_images(&images()).unwrap();
    let mut changed = images();
    changed["columns_per_second"] = json!(100.0);
    let message = back.check_images(&changed).unwrap_err().to_string();
    assert!(message.contains("columns_per_second is 50.0 in the model, 100.0"), "{message}");
    let whole = bytes(&one);
    std::fs::write(&other, &whole[..whole.len() - 1]).unwrap();
    assert!(LearnedChanges::load(&other).is_err());
    let encoder = songscape_resnet::EncoderConfig::narrow(2);
    songscape_resnet::Model::new(&encoder, Device::Cpu, 0).unwrap().save(&other).unwrap();
    let message = LearnedChanges::load(&other).unwrap_err().to_string();
    assert!(message.contains("missing field `learned_changes`"), "{message}");
}

/// Asks to stop after some questions.
struct StopAfter(AtomicU64);

impl Progress for StopAfter {
    fn interrupted(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err()
    }
}

#[test]
fn what_cannot_be_learned_from_is_said_before_any_work() {
    let pixels = [tune(0, 0), tune(1, 0), tune(2, 0)[..ROWS * 100].to_vec()];
    let songs =
        |count: usize| Songs::new(ROWS, pixels[3 - count..].iter().map(Vec::as_slice).collect());
    let fit = |count: usize, images: Value, stop: &dyn Progress| {
        let origin = Origin { images: Some(images), ..Origin::default() };
        LearnedChanges::fit(&songs(count).unwrap(), origin, &params(), stop).unwrap_err()
    };
    let message = fit(2, images(), &Silent).to_string();
    assert!(message.starts_with("1 of 2 songs have the 250 columns"), "{message}");
    let mut other = images();
    other["rows"] = json!(100);
    assert!(matches!(fit(3, other, &Silent), Error::Rows { found: ROWS, expected: 100 }));
    let message = fit(3, json!({ "rows": ROWS }), &Silent).to_string();
    assert!(message.contains("cannot be read: missing field `f_min`"), "{message}");
    // In the crops, and in the training.
    for questions in [0, 2] {
        let error = fit(3, images(), &StopAfter(AtomicU64::new(questions)));
        assert_eq!(error.kind(), songscape_project::ErrorKind::Interrupted);
    }
}
