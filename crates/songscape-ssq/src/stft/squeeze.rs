//! The synchrosqueezed short-time Fourier transform.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis};
use num_complex::Complex;

use super::plan::{Sides, StftParams, StftPlan, StftSample};
use crate::cwt::zeros;
use crate::real::Real;
use crate::{Bins, Error, Outside, inverse};

/// What an [`SsqStftPlan`] computes.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SsqStftParams {
    /// The transform: one-sided for real signals, two-sided for complex ones.
    pub stft: StftParams,
    /// The frequencies of the rows; by default those of the transform.
    pub bins: Option<Bins>,
    /// Coefficients up to this modulus, relative to those of a tone of amplitude 1 at its peak,
    /// are left out; `None` for ten times the precision's epsilon times the signal's largest value.
    pub threshold: Option<f64>,
}

/// All set-up for synchrosqueezed short-time Fourier transforms of signals of one length.
///
/// Each coefficient moves to ω = |f_k − f_s·Im(V'/V)/2π| Hz, V' with the window's slope for the
/// window (Auger and Flandrin 1995; Thakur and Wu 2011). Coefficients count 2/(K·g(0)), those at 0
/// and at half the sampling rate half of that, so that the rows of the result add up to the signal.
///
/// ```
/// use songscape_ssq::{SsqStftParams, SsqStftPlan, StftParams, signal};
///
/// let stft = StftParams { sampling_rate: 1000.0, window_length: 256, fft_length: 512, ..Default::default() };
/// let plan = SsqStftPlan::<f64>::new(&SsqStftParams { stft, ..Default::default() }, 2000)?;
/// let chirp = signal::linear_chirp(2000, 1000.0, 100.0, 150.0);
/// let t = plan.transform(&chirp)?;
/// let back = plan.inverse(t.view())?;
/// assert!(back.iter().zip(&chirp).all(|(a, b)| (a - b).abs() < 1e-10));
/// # Ok::<(), songscape_ssq::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SsqStftPlan<T: Real> {
    stft: StftPlan<T>,
    bins: Bins,
    /// What each row of the plain transform counts.
    gains: Vec<T>,
    /// `None`: relative to the signal.
    threshold: Option<T>,
    /// The modulus of a tone of amplitude 1.
    peak: T,
}

impl<T: Real> SsqStftPlan<T> {
    /// Plans transforms of signals of `samples` samples.
    ///
    /// # Errors
    /// As [`StftPlan::new`]; [`Error::Parameter`] for a negative threshold or a Fourier transform
    /// of less than 2 samples.
    pub fn new(params: &SsqStftParams, samples: usize) -> Result<Self, Error> {
        let stft = StftPlan::<T>::new(&params.stft, samples)?;
        let length = params.stft.fft_length;
        if length < 2 {
            let (name, value) = ("fft_length", length as f64);
            return Err(Error::parameter(name, value, "at least 2"));
        }
        let threshold = match params.threshold {
            None => None,
            Some(value) if value >= 0.0 => Some(T::of(value)),
            Some(value) => {
                let expected = "0 or more";
                return Err(Error::parameter("threshold", value, expected));
            }
        };
        let window = &stft.shared.window;
        let peak = 0.5 * window.iter().map(|g| g.wide().abs()).sum::<f64>();
        let middle = window[window.len() / 2].wide();
        let gain = 1.0 / (length as f64 * middle);
        // Of a real signal each row stands for two, but for those at 0 and half the sampling rate.
        let two_sided = params.stft.sides == Sides::Two;
        let alone = |k: usize| two_sided || k == 0 || 2 * k == length;
        let gains = (0..stft.rows()).map(|k| T::of(if alone(k) { gain } else { 2.0 * gain }));
        let gains = gains.collect();
        let bins = match &params.bins {
            Some(bins) => bins.clone(),
            None => {
                let highest = params.stft.sampling_rate * (length / 2) as f64 / length as f64;
                Bins::linear(0.0, highest, length / 2 + 1)?.with_outside(Outside::Clamp)
            }
        };
        Ok(Self { stft, bins, gains, threshold, peak: T::of(peak) })
    }

    /// The transform underneath.
    #[must_use]
    pub fn stft(&self) -> &StftPlan<T> {
        &self.stft
    }

    /// The frequency bins, one per row.
    #[must_use]
    pub fn bins(&self) -> &Bins {
        &self.bins
    }

    /// The squeezed transform, `[bins, columns]`, row 0 the highest frequency; of a two-sided plan
    /// `[2 · bins, columns]`, with the bins of the negative frequencies after those of the positive
    /// ones, from the lowest to the highest. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// As [`StftPlan::transform`].
    pub fn transform<S: StftSample<T>>(&self, signal: &[S]) -> Result<Array2<Complex<T>>, Error> {
        const COLUMNS: usize = 32;
        let stft = &self.stft;
        let loudness = stft.check(signal)?;
        let scaled: Vec<S>;
        let signal = if loudness.gain == T::one() {
            signal
        } else {
            scaled = signal.iter().map(|x| x.scaled(loudness.gain)).collect();
            &scaled
        };
        let threshold = loudness.threshold(self.threshold) * self.peak;
        let zero = Complex::new(T::zero(), T::zero());
        let mut out = zeros(self.rows(), stft.columns())?;
        let frequencies: Vec<T> = stft.frequencies().into_iter().map(T::of).collect();
        let per_radian = T::of(stft.params().sampling_rate / std::f64::consts::TAU);
        let two_sided = stft.params().sides == Sides::Two;
        let rows = self.rows();
        out.axis_chunks_iter_mut(Axis(1), COLUMNS).into_par_iter().enumerate().for_each_init(
            || (stft.scratch(), vec![zero; stft.rows()], vec![zero; stft.rows()]),
            |(scratch, v, slope), (chunk, mut out)| {
                for (i, mut out) in out.axis_iter_mut(Axis(1)).enumerate() {
                    stft.column_and_slope(signal, chunk * COLUMNS + i, slope, v, scratch);
                    for (((v, slope), f), gain) in
                        v.iter().zip(slope.iter()).zip(&frequencies).zip(&self.gains)
                    {
                        let energy = v.norm_sqr();
                        if energy <= threshold * threshold {
                            continue;
                        }
                        let turn = (slope.im * v.re - slope.re * v.im) / energy;
                        let omega = *f - per_radian * turn;
                        let Some(row) = self.bins.row(omega.abs()) else { continue };
                        let negative = two_sided && omega < T::zero();
                        let cell = &mut out[if negative { rows - 1 - row } else { row }];
                        *cell = *cell + *v * *gain;
                    }
                }
            },
        );
        loudness.restore(out.iter_mut())?;
        Ok(out)
    }

    /// Rows of the result: the bins, or twice as many of a two-sided plan.
    #[must_use]
    pub fn rows(&self) -> usize {
        let sides = if self.stft.params().sides == Sides::Two { 2 } else { 1 };
        sides * self.bins.len()
    }

    /// The real signal at the columns of a squeezed transform (with a hop of 1: the signal): the sum
    /// of the rows.
    ///
    /// # Errors
    /// [`Error::Length`] for another number of rows than the plan's.
    pub fn inverse(&self, t: ArrayView2<'_, Complex<T>>) -> Result<Vec<T>, Error> {
        self.check_rows(t)?;
        inverse::sum_rows(t, 1.0, |_| 0..t.nrows())
    }

    /// The complex signal at the columns of a two-sided squeezed transform: the sum of the rows.
    ///
    /// # Errors
    /// [`Error::Length`] for another number of rows than the plan's; [`Error::Parameter`] for a
    /// one-sided plan, which holds half of a complex signal.
    pub fn inverse_complex(&self, t: ArrayView2<'_, Complex<T>>) -> Result<Vec<Complex<T>>, Error> {
        if self.stft.params().sides == Sides::One {
            let found = "one".to_owned();
            return Err(Error::Parameter { field: "sides", found, expected: "two" });
        }
        self.check_rows(t)?;
        Ok(inverse::complex_sums(t, 1.0))
    }

    fn check_rows(&self, t: ArrayView2<'_, Complex<T>>) -> Result<(), Error> {
        let (given, expected) = (t.nrows(), self.rows());
        if given == expected {
            return Ok(());
        }
        Err(Error::Length { what: "the first axis of the transform", given, expected })
    }

    /// The component of a real signal between two frequencies in Hz, at the columns of a one-sided
    /// transform.
    ///
    /// # Errors
    /// As [`crate::issq_band`].
    pub fn inverse_band(
        &self,
        t: ArrayView2<'_, Complex<T>>,
        low: f64,
        high: f64,
    ) -> Result<Vec<T>, Error> {
        let rows = inverse::rows_between(t, &self.bins, low, high)?;
        inverse::sum_rows(t, 1.0, |_| rows.clone())
    }

    /// The component within `half_width` rows of a curve, at the columns.
    ///
    /// # Errors
    /// As [`crate::issq_component`].
    pub fn inverse_component(
        &self,
        t: ArrayView2<'_, Complex<T>>,
        rows: &[usize],
        half_width: usize,
    ) -> Result<Vec<T>, Error> {
        inverse::sum_around(t, 1.0, rows, half_width)
    }
}
