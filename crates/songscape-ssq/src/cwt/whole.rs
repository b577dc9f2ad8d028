//! Rows over the whole padded signal, for wavelets that reach half the sampling rate, fill most of
//! the spectrum, or cannot be decimated: one inverse FFT of the padded length each.

use std::sync::Arc;

use num_complex::Complex;
use rayon::prelude::*;
use rustfft::{Fft, FftDirection};

use super::evaluate::second_order_beat;
use super::sample::{Forward, Sample};
use crate::filterbank::Filter;
use crate::pad::Padded;
use crate::real::Real;

/// The rows that are computed whole.
pub(crate) struct Whole<T: Real> {
    padded: Padded,
    samples: usize,
    /// rad/s in a bin.
    bin: f64,
    /// By row; `None` for those that are computed in blocks.
    filters: Vec<Option<Filter<T>>>,
    /// The same with s·ψ̂' for ψ̂, s in seconds; empty where no second-order frequencies are asked
    /// for.
    moments: Vec<Option<Filter<T>>>,
    forward: Forward<T>,
    inverse: Arc<dyn Fft<T>>,
}

impl<T: Real> Whole<T> {
    pub fn new(
        filters: Vec<Option<Filter<T>>>,
        moments: Vec<Option<Filter<T>>>,
        padded: Padded,
        samples: usize,
        sampling_rate: f64,
    ) -> Self {
        Self {
            padded,
            samples,
            bin: std::f64::consts::TAU * sampling_rate / padded.length as f64,
            filters,
            moments,
            forward: Forward::new(padded.length),
            inverse: T::plan_fft(padded.length, FftDirection::Inverse),
        }
    }

    /// Whether a row is computed here.
    pub fn has(&self, row: usize) -> bool {
        self.filters[row].is_some()
    }

    pub fn spectrum<S: Sample<T>>(&self, padded: &[S]) -> Vec<Complex<T>> {
        let mut spectrum = vec![];
        S::spectrum(&self.forward, &mut padded.to_vec(), &mut spectrum);
        spectrum
    }

    /// Computes some of the rows that are computed here, and calls `each`, on the threads of the
    /// pool, with what comes with a row, its W, and its derivative (or nothing, where `slopes` is
    /// false).
    pub fn compute<A: Send>(
        &self,
        spectrum: &[Complex<T>],
        rows: Vec<(usize, A)>,
        slopes: bool,
        each: impl Fn(A, &[Complex<T>], &[Complex<T>]) + Sync,
    ) {
        let zero = Complex::new(T::zero(), T::zero());
        let buffer = || vec![zero; self.padded.length];
        let scratch = || vec![zero; self.inverse.get_inplace_scratch_len()];
        let useful = self.padded.before..self.padded.before + self.samples;
        rows.into_par_iter().for_each_init(
            || (buffer(), if slopes { buffer() } else { vec![] }, scratch()),
            |(w, derivative, scratch), (row, with)| {
                let Some(filter) = &self.filters[row] else { return };
                filter.apply(spectrum, w);
                if slopes {
                    let turn = |k: usize| Complex::new(T::zero(), T::of(k as f64 * self.bin));
                    for (k, (to, from)) in derivative.iter_mut().zip(w.iter()).enumerate() {
                        *to = from * turn(k);
                    }
                    self.inverse.process_with_scratch(derivative, scratch);
                }
                self.inverse.process_with_scratch(w, scratch);
                let slopes = if slopes { &derivative[useful.clone()] } else { &[] };
                each(with, &w[useful.clone()], slopes);
            },
        );
    }

    /// The same with W and the second-order frequencies, rad/s; infinite where |W| is at most
    /// `threshold`.
    pub fn compute_second_order<A: Send>(
        &self,
        spectrum: &[Complex<T>],
        rows: Vec<(usize, A)>,
        threshold: T,
        each: impl Fn(A, &[Complex<T>], &[T]) + Sync,
    ) {
        let zero = Complex::new(T::zero(), T::zero());
        let useful = self.padded.before..self.padded.before + self.samples;
        rows.into_par_iter().for_each(|(row, with)| {
            let (Some(filter), Some(moment)) = (&self.filters[row], &self.moments[row]) else {
                return;
            };
            let mut scratch = vec![zero; self.inverse.get_inplace_scratch_len()];
            let mut transform = |filter: &Filter<T>, order: i32| {
                let mut values = vec![zero; self.padded.length];
                filter.apply(spectrum, &mut values);
                let turn = Complex::new(T::zero(), T::one()).powi(order);
                for (k, value) in values.iter_mut().enumerate() {
                    *value = *value * turn * T::of((k as f64 * self.bin).powi(order));
                }
                self.inverse.process_with_scratch(&mut values, &mut scratch);
                values
            };
            let (w, slope, curvature) =
                (transform(filter, 0), transform(filter, 1), transform(filter, 2));
            let (moment, moment_slope) = (transform(moment, 0), transform(moment, 1));
            let pair = |z: &Complex<T>| (z.re, z.im);
            let omega: Vec<T> = useful
                .clone()
                .map(|n| {
                    let energy = w[n].norm_sqr();
                    if energy > threshold * threshold {
                        second_order_beat(
                            pair(&w[n]),
                            energy,
                            pair(&slope[n]),
                            pair(&curvature[n]),
                            pair(&moment[n]),
                            pair(&moment_slope[n]),
                        )
                    } else {
                        T::infinity()
                    }
                })
                .collect();
            each(with, &w[useful.clone()], &omega);
        });
    }
}
