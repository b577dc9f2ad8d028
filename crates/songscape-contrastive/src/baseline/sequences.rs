//! Whole sequences of chroma matched with each other, in every key and at many speeds: the most direct
//! measure of what two recordings share, at a cost that grows with the square of the songs.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use songscape_project::{Job, Progress};

use super::changes::centred;
use crate::error::Result;
use crate::rings::CLASSES;

/// Length of a frame of the [sequences](super::Pitches::sequence), seconds.
pub const FRAME: f64 = 0.32;
/// Speeds that are tried, to each side, and the ratio from one to the next: up to 32 %.
const SPEEDS: i32 = 7;
const RATIO: f64 = 1.04;

/// How well sequences of chroma `[frames, 12]` match each other, `[n, n]`, symmetric: the largest
/// correlation over all shifts in time, all twelve transpositions, and 15 speeds of one of the two from
/// 0.76 to 1.32 (Ellis and Poliner 2007, "Identifying cover songs with chroma features and dynamic
/// programming beat tracking", with speeds in the place of beats). Frames should last [`FRAME`]
/// seconds.
///
/// 200 songs of half a minute take about half a minute of a core, and n times as many n² times that:
/// the line above which there is little left to find, not a way to search a library.
///
/// # Errors
/// [`Error::Analysis`](crate::Error::Analysis) with [`Interrupted`](songscape_analysis::Error::Interrupted)
/// when `progress` asked to stop.
pub fn matches(sequences: &[Array2<f32>], progress: &dyn Progress) -> Result<Array2<f32>> {
    let n = sequences.len();
    let longest = sequences.iter().map(Array2::nrows).max().unwrap_or(0);
    let slowest = (longest as f64 * RATIO.powi(SPEEDS)).ceil() as usize;
    let correlation = Correlation::new((longest + slowest).next_power_of_two());
    let spectra: Vec<Vec<Complex<f32>>> =
        sequences.par_iter().map(|own| correlation.spectrum(unit(own.view()).view())).collect();
    let job = Job::begin(progress, "sequences", n as u64, "songs");
    let row = |i: usize| -> Option<Vec<f32>> {
        if job.interrupted() {
            return None;
        }
        let queries: Vec<_> = (-SPEEDS..=SPEEDS)
            .map(|speed| at_speed(sequences[i].view(), RATIO.powi(speed)))
            .map(|query| correlation.spectrum(unit(query.view()).view()))
            .collect();
        let row = (0..i).map(|j| correlation.largest(&queries, &spectra[j])).collect();
        job.advance(1);
        Some(row)
    };
    let rows: Option<Vec<Vec<f32>>> = (0..n).into_par_iter().map(row).collect();
    let what = "matching of sequences";
    let rows = rows.ok_or(songscape_analysis::Error::Interrupted { what })?;
    Ok(Array2::from_shape_fn((n, n), |(i, j)| if i == j { 1.0 } else { rows[i.max(j)][i.min(j)] }))
}

/// A sequence as long as it takes at another speed: frames between frames are their means.
fn at_speed(sequence: ArrayView2<f32>, length: f64) -> Array2<f32> {
    let frames = sequence.nrows();
    let count = (frames as f64 * length) as usize;
    let step = frames.saturating_sub(1) as f64 / count.saturating_sub(1).max(1) as f64;
    Array2::from_shape_fn((count, CLASSES), |(frame, class)| {
        let at = frame as f64 * step;
        let (before, part) = (at as usize, at.fract() as f32);
        let after = (before + 1).min(frames - 1);
        sequence[[before, class]] * (1.0 - part) + sequence[[after, class]] * part
    })
}

/// Centred, and of norm 1.
fn unit(sequence: ArrayView2<f32>) -> Array2<f32> {
    let mut out = centred(sequence);
    let norm = out.iter().map(|value| value * value).sum::<f32>().sqrt();
    out /= norm.max(f32::MIN_POSITIVE);
    out
}

/// Correlations over time and pitch class by two-dimensional Fourier transforms.
struct Correlation {
    frames: usize,
    over_time: [Arc<dyn Fft<f32>>; 2],
    over_classes: [Arc<dyn Fft<f32>>; 2],
}

impl Correlation {
    /// For sequences that together have at most that many frames.
    fn new(frames: usize) -> Self {
        let mut planner = FftPlanner::new();
        let frames = frames.max(1);
        Self {
            frames,
            over_time: [planner.plan_fft_forward(frames), planner.plan_fft_inverse(frames)],
            over_classes: [planner.plan_fft_forward(CLASSES), planner.plan_fft_inverse(CLASSES)],
        }
    }

    /// The transform of a sequence, class by class.
    fn spectrum(&self, sequence: ArrayView2<f32>) -> Vec<Complex<f32>> {
        let mut by_frame = vec![Complex::default(); self.frames * CLASSES];
        by_frame.iter_mut().zip(sequence.iter()).for_each(|(to, &value)| *to = value.into());
        self.over_classes[0].process(&mut by_frame);
        let at = |i: usize| by_frame[i % self.frames * CLASSES + i / self.frames];
        let mut by_class: Vec<_> = (0..by_frame.len()).map(at).collect();
        self.over_time[0].process(&mut by_class);
        by_class
    }

    /// The largest correlation of one of the queries with the target. Two queries share a transform: one
    /// is its real part, the other the imaginary one.
    fn largest(&self, queries: &[Vec<Complex<f32>>], target: &[Complex<f32>]) -> f32 {
        let mut largest = f32::NEG_INFINITY;
        let mut both = vec![Complex::default(); target.len()];
        let mut ring = [Complex::default(); CLASSES];
        for two in queries.chunks(2) {
            let (first, second) = (&two[0], two.last().unwrap_or(&two[0]));
            for (i, to) in both.iter_mut().enumerate() {
                let both = first[i].conj() + Complex::<f32>::i() * second[i].conj();
                *to = target[i] * both;
            }
            self.over_time[1].process(&mut both);
            for frame in 0..self.frames {
                (0..CLASSES).for_each(|class| ring[class] = both[class * self.frames + frame]);
                self.over_classes[1].process(&mut ring);
                largest = ring.iter().fold(largest, |most, value| most.max(value.re).max(value.im));
            }
        }
        largest / both.len() as f32
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_project::Silent;

    use super::*;

    fn tune(seed: usize) -> Array2<f32> {
        Array2::from_shape_fn((60, CLASSES), |(t, class)| {
            let note = t / 3;
            f32::from(u8::from((note * note * seed + note) % CLASSES == class))
        })
    }

    #[test]
    fn a_match_is_the_largest_correlation() {
        let (a, b) = (tune(1), tune(5));
        let found = matches(&[a.clone(), b.clone()], &Silent).unwrap();
        // The definition, at the speed of both.
        let (a, b) = (unit(a.view()), unit(b.view()));
        let mut most = f32::NEG_INFINITY;
        for shift in -60_isize..=60 {
            for semitones in 0..CLASSES {
                let pairs = (0..60).filter_map(|t: usize| Some((t, t.checked_add_signed(shift)?)));
                let pairs = pairs.filter(|(_, other)| *other < 60);
                let products = pairs.flat_map(|(t, other)| {
                    let (a, b) = (&a, &b);
                    (0..CLASSES).map(move |c| a[[t, c]] * b[[other, (c + semitones) % CLASSES]])
                });
                most = most.max(products.sum());
            }
        }
        assert!(found[[0, 1]] >= most - 1e-4, "{} {most}", found[[0, 1]]);
        assert_eq!(found[[0, 1]], found[[1, 0]]);
        assert_eq!(found[[0, 0]], 1.0);
    }

    #[test]
    fn key_speed_and_cut_do_not_matter() {
        let own = tune(1);
        let mut other = at_speed(own.view(), 1.1);
        other = Array2::from_shape_fn((50, CLASSES), |(t, class)| {
            other[[t + 10, (class + 12 - 4) % CLASSES]]
        });
        let found = matches(&[own, other, tune(5), Array2::zeros((0, CLASSES))], &Silent).unwrap();
        assert!(found[[0, 1]] > 0.75 && found[[0, 1]] > found[[0, 2]] + 0.2, "{found}");
        assert_eq!(found[[3, 0]], 0.0);
    }

    #[test]
    fn it_can_be_interrupted() {
        struct Stop;
        impl Progress for Stop {
            fn interrupted(&self) -> bool {
                true
            }
        }
        let error = matches(&[tune(1), tune(2)], &Stop).unwrap_err();
        assert_eq!(error.kind(), songscape_project::ErrorKind::Interrupted);
    }
}
