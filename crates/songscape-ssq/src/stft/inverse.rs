//! From short-time spectra back to a signal.

use ndarray::{ArrayView2, Axis};
use num_complex::Complex;
use rustfft::FftDirection;

use super::plan::{Sides, StftPlan};
use crate::Error;
use crate::real::Real;

/// Samples whose weight is below this share of the largest are lost.
const LEAST_WEIGHT: f64 = 1e-10;

impl<T: Real> StftPlan<T> {
    /// The real signal of coefficients `[rows, columns]`: frames are overlapped, weighted by the
    /// window, and divided by the sum of its squares (Griffin and Lim 1984, eq. 6). Exact for
    /// every hop at which each sample lies under some window; of changed coefficients the signal
    /// whose transform is the nearest to them.
    ///
    /// # Errors
    /// [`Error::Hop`] where samples lie under no window, [`Error::Length`] for another shape than
    /// the plan's.
    pub fn inverse(&self, v: ArrayView2<'_, Complex<T>>) -> Result<Vec<T>, Error> {
        Ok(self.overlap(v)?.into_iter().map(|x| T::of(x.re)).collect())
    }

    /// The complex signal of two-sided coefficients `[rows, columns]`; see [`StftPlan::inverse`].
    ///
    /// # Errors
    /// As [`StftPlan::inverse`]; [`Error::Length`] also for a one-sided plan, which holds half of
    /// a complex signal.
    pub fn inverse_complex(&self, v: ArrayView2<'_, Complex<T>>) -> Result<Vec<Complex<T>>, Error> {
        let params = self.params();
        if params.sides == Sides::One {
            let (given, expected) = (self.rows(), params.fft_length);
            return Err(Error::Length { what: "the first axis of a plan", given, expected });
        }
        let narrow = |x: Complex<f64>| Complex::new(T::of(x.re), T::of(x.im));
        Ok(self.overlap(v)?.into_iter().map(narrow).collect())
    }

    fn overlap(&self, v: ArrayView2<'_, Complex<T>>) -> Result<Vec<Complex<f64>>, Error> {
        self.check_shape("the coefficients", v.dim())?;
        let weights = self.weights()?;
        let params = self.params();
        let length = params.fft_length;
        let inverse = T::plan_fft(length, FftDirection::Inverse);
        let zero = Complex::new(T::zero(), T::zero());
        let mut frame = vec![zero; length];
        let mut scratch = vec![zero; inverse.get_inplace_scratch_len()];
        let mut sums = vec![Complex::new(0.0, 0.0); self.samples()];
        for (column, values) in v.axis_iter(Axis(1)).enumerate() {
            frame.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
            if params.sides == Sides::One {
                // Those of a real signal: the outermost are real, the negative ones mirrored.
                frame[0].im = T::zero();
                if length.is_multiple_of(2) {
                    frame[length / 2].im = T::zero();
                }
                for k in length / 2 + 1..length {
                    frame[k] = frame[length - k].conj();
                }
            }
            inverse.process_with_scratch(&mut frame, &mut scratch);
            self.under_window(column, |sample, n, place| {
                let g = self.shared.window[n].wide() / length as f64;
                let value = frame[place];
                sums[sample] += Complex::new(g * value.re.wide(), g * value.im.wide());
            });
        }
        Ok(sums.into_iter().zip(weights).map(|(sum, weight)| sum / weight).collect())
    }

    /// For each sample the sum of the squares of the windows over it.
    fn weights(&self) -> Result<Vec<f64>, Error> {
        let mut weights = vec![0.0; self.samples()];
        for column in 0..self.columns() {
            self.under_window(column, |sample, n, _| {
                weights[sample] += self.shared.window[n].wide().powi(2);
            });
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let least = weights.iter().copied().fold(f64::INFINITY, f64::min);
        if least > LEAST_WEIGHT * largest {
            return Ok(weights);
        }
        let sample = weights.iter().position(|w| *w == least).unwrap_or(0) as u64;
        let params = self.params();
        Err(Error::Hop { hop: params.hop, window_length: params.window_length, sample })
    }

    /// The samples of the signal under the window of a column: their indices, those in the window
    /// and in the frame.
    fn under_window(&self, column: usize, mut at: impl FnMut(usize, usize, usize)) {
        let params = self.params();
        let middle = params.window_length / 2;
        let centre = column * params.hop;
        let first = middle.saturating_sub(centre);
        let end = (self.samples() + middle).saturating_sub(centre).min(params.window_length);
        for n in first..end {
            let place = if n >= middle { n - middle } else { params.fft_length - middle + n };
            at(centre + n - middle, n, place);
        }
    }
}
