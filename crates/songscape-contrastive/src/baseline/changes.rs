//! Which pitch classes follow each other, and how soon: lagged covariances of sharpened chroma.
//!
//! Average chroma says which notes a piece has; these say how it moves between them, which singers, rooms
//! and instruments do not change. A transposition turns every ring of twelve numbers
//! ([`rings`](crate::rings)), and the magnitudes of a ring's Fourier transform are the same in every key.

use ndarray::{Array2, ArrayView2, Axis, s};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use crate::rings::CLASSES;

/// Length of a frame of the [sequence](super::Pitches::sequence), seconds.
pub const FRAME: f64 = 0.12;

/// Lags in frames, each about 1.6 times the one before, so that a slower performance moves a change by no
/// more than one: 0.12 to 4.1 s.
const LAGS: [usize; 8] = [1, 2, 3, 5, 8, 13, 21, 34];
/// The frequencies of a ring: 0 to 6 turns.
const TURNS: usize = CLASSES / 2 + 1;

/// Numbers of [`chroma_changes`].
pub const CHANGES: usize = LAGS.len() * CLASSES * CLASSES;
/// Numbers of [`without_key`].
pub const CHANGES_ANY_KEY: usize = LAGS.len() * CLASSES * TURNS;

/// The covariances of a sequence of chroma `[frames, 12]` with itself a lag later, `[1152]`: at
/// `(lag · 12 + interval) · 12 + class` that of `class` and of the class `interval` semitones above it
/// a lag later. Frames should last [`FRAME`] seconds. Lags that a sequence is too short for give zeros.
///
/// Each frame is taken relative to the mean of its classes, and each class to its mean over time, so
/// that only changes count. Compare the vectors by their cosine as they are, for recordings in one
/// key; by [`same_label_in_any_key`](crate::rings::same_label_in_any_key) in others.
///
/// ```
/// use ndarray::Array2;
/// use songscape_contrastive::baseline::changes::{chroma_changes, without_key};
///
/// let melody = |key: usize| {
///     Array2::from_shape_fn((40, 12), |(t, class)| f32::from(u8::from((t * t + key) % 12 == class)))
/// };
/// let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
/// let (in_c, in_d) = (chroma_changes(melody(0).view()), chroma_changes(melody(2).view()));
/// assert!(near(&in_d[2..12], &in_c[..10])); // the first ring, turned by two places
/// assert!(near(&without_key(&in_c), &without_key(&in_d)));
/// ```
pub fn chroma_changes(sequence: ArrayView2<f32>) -> Vec<f32> {
    let centred = centred(sequence);
    let mut out = Vec::with_capacity(CHANGES);
    for lag in LAGS {
        let frames = centred.nrows().saturating_sub(lag);
        let (now, later) =
            (centred.slice(s![..frames, ..]), centred.slice(s![lag.min(centred.nrows()).., ..]));
        let products = now.t().dot(&later) / frames.max(1) as f32;
        for interval in 0..CLASSES {
            out.extend((0..CLASSES).map(|class| products[[class, (class + interval) % CLASSES]]));
        }
    }
    out
}

/// The magnitudes of the Fourier transform of each ring of [`chroma_changes`], `[672]`: at
/// `(lag · 12 + interval) · 7 + turns`. The same in every key.
pub fn without_key(changes: &[f32]) -> Vec<f32> {
    let transform = FftPlanner::new().plan_fft_forward(CLASSES);
    let mut ring = [Complex::default(); CLASSES];
    let (rings, _) = changes.as_chunks::<CLASSES>();
    let mut out = Vec::with_capacity(rings.len() * TURNS);
    for values in rings {
        ring.iter_mut().zip(values).for_each(|(to, &value)| *to = value.into());
        transform.process(&mut ring);
        out.extend(ring[..TURNS].iter().map(|value: &Complex<f32>| value.norm()));
    }
    out
}

/// Each frame relative to the mean of its classes, and each class to its mean over time.
pub(super) fn centred(sequence: ArrayView2<f32>) -> Array2<f32> {
    let mut out = sequence.to_owned();
    for axis in [Axis(1), Axis(0)] {
        if let Some(means) = out.mean_axis(axis) {
            out -= &means.insert_axis(axis);
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A tune of steps and leaps, a note every `length` frames, so many semitones higher.
    fn tune(length: usize, higher: usize) -> Array2<f32> {
        Array2::from_shape_fn((240, CLASSES), |(t, class)| {
            let note = t / length;
            f32::from(u8::from((note * note + note / 3 + higher) % CLASSES == class))
        })
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        product(a, b) / (product(a, a) * product(b, b)).sqrt()
    }

    #[test]
    fn they_are_covariances_with_what_comes_later() {
        // A note, the fifth above it two frames later, and silence around them.
        let mut sequence = Array2::zeros((10, CLASSES));
        (sequence[[4, 2]], sequence[[6, 9]]) = (1.0, 1.0);
        let found = chroma_changes(sequence.view());
        assert_eq!(found.len(), CHANGES);
        let centred = centred(sequence.view());
        let expected: f32 = (0..8).map(|t| centred[[t, 2]] * centred[[t + 2, 9]]).sum();
        assert!((found[(12 + 7) * 12 + 2] - expected / 8.0).abs() < 1e-6);
        let largest = (0..CHANGES / 4).max_by(|&a, &b| found[a].total_cmp(&found[b])).unwrap();
        assert_eq!(largest, (12 + 7) * 12 + 2, "lag 2, seven semitones, from D");
        // The lags of ten frames and more have nothing to say.
        assert!(found[5 * 144..].iter().all(|value| *value == 0.0));
        assert!(chroma_changes(Array2::zeros((0, CLASSES)).view()).iter().all(|v| *v == 0.0));
    }

    #[test]
    fn the_key_is_heard_or_not_and_the_tune_in_both() {
        let changes = |length, higher| chroma_changes(tune(length, higher).view());
        let (own, other) = (changes(4, 0), changes(4, 5));
        assert!(cosine(&own, &other) < 0.5);
        assert!(cosine(&without_key(&own), &without_key(&other)) > 0.9999);
        assert_eq!(without_key(&own).len(), CHANGES_ANY_KEY);
        // Another tune of the same notes is another vector, with and without the key.
        let mut backwards = tune(4, 0);
        backwards.invert_axis(Axis(0));
        let backwards = chroma_changes(backwards.view());
        assert!(cosine(&own, &backwards) < 0.9);
    }
}
