//! Patterns of chroma over ten seconds, in any key and at any place.

use ndarray::{Array2, ArrayView2, s};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use crate::rings::CLASSES;

/// Length of a frame of the [sequence](super::Pitches::sequence), seconds.
pub const FRAME: f64 = 0.32;
/// Frames of a patch: ten seconds.
const PATCH: usize = 32;
/// Frames from one patch to the next.
const HOP: usize = 8;
/// Turns of the classes, 0 to 6; the others are those of real values.
const TURNS: usize = CLASSES / 2 + 1;

/// Numbers of [`chroma_patches`].
pub const PATCHES: usize = PATCH * TURNS;

/// The magnitudes of the two-dimensional Fourier transform of patches of a sequence of chroma
/// `[frames, 12]`, their mean, `[224]`: a transposition and a shift in time change only its phases
/// (Ellis and Bertin-Mahieux 2012, "Large-scale cover song recognition using the 2D Fourier transform
/// magnitude"; theirs are patches of beats, and these of seconds). Frames should last [`FRAME`]
/// seconds. A sequence shorter than a patch is filled up with zeros.
///
/// Both directions of time are kept, so that a rising pattern differs from a falling one.
pub fn chroma_patches(sequence: ArrayView2<f32>) -> Vec<f32> {
    let mut planner = FftPlanner::new();
    let (over_classes, over_time) =
        (planner.plan_fft_forward(CLASSES), planner.plan_fft_forward(PATCH));
    let mut sums = vec![0.0_f32; PATCHES];
    let last = sequence.nrows().saturating_sub(PATCH);
    let count = (last / HOP + 1) as f32;
    for start in (0..=last).step_by(HOP) {
        let end = sequence.nrows().min(start + PATCH);
        let patch = sequence.slice(s![start..end, ..]);
        let mean = patch.mean().unwrap_or(0.0);
        let mut values = Array2::<Complex<f32>>::zeros((PATCH, CLASSES));
        values.slice_mut(s![..patch.nrows(), ..]).zip_mut_with(&patch, |to, value| {
            *to = (value - mean).into();
        });
        let mut values = values.into_raw_vec_and_offset().0;
        over_classes.process(&mut values);
        let mut column = [Complex::default(); PATCH];
        for turns in 0..TURNS {
            let place = |frame: usize| frame * CLASSES + turns;
            (0..PATCH).for_each(|frame| column[frame] = values[place(frame)]);
            over_time.process(&mut column);
            for (frame, value) in column.iter().enumerate() {
                sums[frame * TURNS + turns] += value.norm() / count;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tune(frames: usize, later: usize, higher: usize) -> Array2<f32> {
        Array2::from_shape_fn((frames, CLASSES), |(t, class)| {
            let note = (t + later) / 3;
            f32::from(u8::from((note * 4 + note / 2 + higher) % CLASSES == class))
        })
    }

    #[test]
    fn neither_key_nor_place_matter() {
        let own = chroma_patches(tune(PATCH, 0, 0).view());
        assert_eq!(own.len(), PATCHES);
        let other = chroma_patches(tune(PATCH, 0, 5).view());
        let close = |a: &[f32], b: &[f32], by: f32| {
            let norm = |x: &mut dyn Iterator<Item = f32>| x.map(|x| x * x).sum::<f32>().sqrt();
            norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) < by * norm(&mut a.iter().copied())
        };
        assert!(close(&own, &other, 1e-4));
        // Patches of a longer piece lie at other places.
        assert!(close(&own, &chroma_patches(tune(4 * PATCH, 7, 3).view()), 0.5));
        // Backwards it is another pattern.
        let mut backwards = tune(PATCH, 0, 0);
        backwards.invert_axis(ndarray::Axis(0));
        assert!(!close(&own, &chroma_patches(backwards.view()), 0.5));
    }

    #[test]
    fn short_pieces_are_filled_up() {
        assert!(chroma_patches(tune(5, 0, 0).view()).iter().any(|value| *value > 0.1));
        assert!(chroma_patches(tune(0, 0, 0).view()).iter().all(|value| *value == 0.0));
    }
}
