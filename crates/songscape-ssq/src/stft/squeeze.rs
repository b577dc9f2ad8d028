//! The synchrosqueezed short-time Fourier transform.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis};
use num_complex::Complex;

use super::plan::{Sides, StftParams, StftPlan, StftSample};
use crate::cwt::zeros;
use crate::real::Real;
use crate::{Bins, Error, inverse, phase};

/// What an [`SsqStftPlan`] computes.
#[derive(Debug, Clone, Default)]
pub struct SsqStftParams {
    /// The transform; one-sided.
    pub stft: StftParams,
    /// The frequencies of the rows; by default those of the transform.
    pub bins: Option<Bins>,
    /// Coefficients up to this modulus, relative to those of a tone of amplitude 1 at its peak,
    /// are left out; `None` for ten times the precision's epsilon.
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
    threshold: T,
}

impl<T: Real> SsqStftPlan<T> {
    /// Plans transforms of signals of `samples` samples.
    ///
    /// # Errors
    /// As [`StftPlan::new`]; [`Error::Parameter`] for a negative threshold, a Fourier transform
    /// of less than 2 samples or a two-sided transform.
    pub fn new(params: &SsqStftParams, samples: usize) -> Result<Self, Error> {
        let stft = StftPlan::<T>::new(&params.stft, samples)?;
        if params.stft.sides == Sides::Two {
            let (name, value) = ("sides", 2.0);
            return Err(Error::Parameter { name, value, expected: "one" });
        }
        let length = params.stft.fft_length;
        if length < 2 {
            let (name, value) = ("fft_length", length as f64);
            return Err(Error::Parameter { name, value, expected: "at least 2" });
        }
        let relative = match params.threshold {
            None => phase::default_threshold::<T>().wide(),
            Some(value) if value >= 0.0 => value,
            Some(value) => {
                let expected = "0 or more";
                return Err(Error::Parameter { name: "threshold", value, expected });
            }
        };
        let window = &stft.shared.window;
        let peak = 0.5 * window.iter().map(|g| g.wide().abs()).sum::<f64>();
        let middle = window[window.len() / 2].wide();
        let gain = 1.0 / (length as f64 * middle);
        let alone = |k: usize| k == 0 || 2 * k == length;
        let gains = (0..stft.rows()).map(|k| T::of(if alone(k) { gain } else { 2.0 * gain }));
        let gains = gains.collect();
        let bins = match &params.bins {
            Some(bins) => bins.clone(),
            None => {
                let highest = params.stft.sampling_rate * (length / 2) as f64 / length as f64;
                Bins::linear(0.0, highest, stft.rows())?
            }
        };
        Ok(Self { stft, bins, gains, threshold: T::of(relative * peak) })
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

    /// The squeezed transform of a real or complex signal, `[bins, columns]`, row 0 the highest
    /// frequency. Of a complex signal the negative frequencies are left out. The result does not
    /// depend on the number of threads.
    ///
    /// # Errors
    /// As [`StftPlan::transform`].
    pub fn transform<S: StftSample<T>>(&self, signal: &[S]) -> Result<Array2<Complex<T>>, Error> {
        const COLUMNS: usize = 32;
        let stft = &self.stft;
        stft.check(signal)?;
        let zero = Complex::new(T::zero(), T::zero());
        let mut out = zeros(self.bins.len(), stft.columns())?;
        let frequencies: Vec<T> = stft.frequencies().into_iter().map(T::of).collect();
        let per_radian = T::of(stft.params().sampling_rate / std::f64::consts::TAU);
        out.axis_chunks_iter_mut(Axis(1), COLUMNS).into_par_iter().enumerate().for_each_init(
            || (stft.scratch(), vec![zero; stft.rows()], vec![zero; stft.rows()]),
            |(scratch, v, slope), (chunk, mut out)| {
                for (i, mut out) in out.axis_iter_mut(Axis(1)).enumerate() {
                    stft.column_and_slope(signal, chunk * COLUMNS + i, slope, v, scratch);
                    for (((v, slope), f), gain) in
                        v.iter().zip(slope.iter()).zip(&frequencies).zip(&self.gains)
                    {
                        let energy = v.norm_sqr();
                        if energy > self.threshold * self.threshold {
                            let turn = (slope.im * v.re - slope.re * v.im) / energy;
                            let omega = (*f - per_radian * turn).abs();
                            let cell = &mut out[self.bins.row(omega)];
                            *cell = *cell + *v * *gain;
                        }
                    }
                }
            },
        );
        Ok(out)
    }

    /// The signal at the columns of a squeezed transform (with a hop of 1: the signal): the sum of
    /// the rows.
    ///
    /// # Errors
    /// [`Error::Length`] unless there are as many bins as rows.
    pub fn inverse(&self, t: ArrayView2<'_, Complex<T>>) -> Result<Vec<T>, Error> {
        inverse::check_bins(t, &self.bins)?;
        inverse::sum_rows(t, 1.0, |_| 0..t.nrows())
    }

    /// The component between two frequencies in Hz, at the columns.
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
