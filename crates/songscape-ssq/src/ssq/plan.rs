//! Synchrosqueezing from the signal on, in one pass.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, Axis};
use num_complex::Complex;

use super::squeeze::{self, Weights};
use super::{Bins, FrequencySpec};
use crate::Error;
use crate::cwt::{CwtParams, CwtPlan, Sample, zeros};
use crate::phase;
use crate::real::Real;

/// What an [`SsqPlan`] computes.
#[derive(Debug, Clone, Default)]
pub struct SsqParams {
    /// The wavelet transform.
    pub cwt: CwtParams,
    /// The frequencies of the rows.
    pub frequencies: FrequencySpec,
    /// What is summed.
    pub weights: Weights,
    /// Coefficients up to this modulus are left out; `None` for ten times the precision's epsilon.
    pub threshold: Option<f64>,
}

/// All set-up for synchrosqueezed transforms of signals of one length.
///
/// ```
/// use songscape_ssq::{CwtParams, ScaleSpec, SsqParams, SsqPlan};
///
/// let scales = ScaleSpec::Range { low: 20.0, high: 400.0, rows: 128 };
/// let cwt = CwtParams { sampling_rate: 1000.0, scales, ..Default::default() };
/// let plan = SsqPlan::<f64>::new(&SsqParams { cwt, ..Default::default() }, 2000)?;
/// let signal: Vec<f64> =
///     (0..2000).map(|n| (0.1 * std::f64::consts::TAU * n as f64).cos()).collect();
/// let t = plan.transform(&signal)?;
///
/// let column = t.column(1000);
/// let row = (0..128).max_by(|a, b| column[*a].norm().total_cmp(&column[*b].norm()));
/// let frequency = plan.bins().frequencies()[row.unwrap()];
/// assert!((frequency - 100.0).abs() < 1.5);
/// # Ok::<(), songscape_ssq::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SsqPlan<T: Real> {
    cwt: CwtPlan<T>,
    bins: Bins,
    weights: Weights,
    threshold: T,
}

impl<T: Real> SsqPlan<T> {
    /// Plans transforms of signals of `samples` samples.
    ///
    /// # Errors
    /// As [`CwtPlan::new`] and [`Bins::new`]; [`Error::Parameter`] for a negative threshold.
    pub fn new(params: &SsqParams, samples: usize) -> Result<Self, Error> {
        let cwt = CwtPlan::new(&params.cwt, samples)?;
        let bins = Bins::new(&params.frequencies, &cwt)?;
        let threshold = match params.threshold {
            None => phase::default_threshold(),
            Some(value) if value >= 0.0 => T::of(value),
            Some(value) => {
                let expected = "0 or more";
                return Err(Error::Parameter { name: "threshold", value, expected });
            }
        };
        Ok(Self { cwt, bins, weights: params.weights, threshold })
    }

    /// The wavelet transform underneath.
    #[must_use]
    pub fn cwt(&self) -> &CwtPlan<T> {
        &self.cwt
    }

    /// The frequency bins, one per row.
    #[must_use]
    pub fn bins(&self) -> &Bins {
        &self.bins
    }

    /// The squeezed transform of a real or complex signal, `[bins, samples]`, row 0 the highest
    /// frequency.
    ///
    /// Of the coefficients and their derivatives only a few rows are held at a time. The result
    /// does not depend on the number of threads.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`].
    pub fn transform<S: Sample<T>>(&self, signal: &[S]) -> Result<Array2<Complex<T>>, Error> {
        /// Rows computed at a time, and columns squeezed at a time.
        const ROWS: usize = 16;
        const COLUMNS: usize = 4096;
        let cwt = &self.cwt;
        let spectrum = cwt.spectrum(signal)?;
        let samples = cwt.samples();
        let mut out = zeros(self.bins.len(), samples)?;
        let mut w = zeros(ROWS.min(cwt.rows()), samples)?;
        let mut omega = Array2::from_elem(w.dim(), T::infinity());
        for first in (0..cwt.rows()).step_by(ROWS) {
            let steps = &cwt.scales().log_steps()[first..(first + ROWS).min(cwt.rows())];
            w.axis_iter_mut(Axis(0))
                .into_par_iter()
                .zip(omega.axis_iter_mut(Axis(0)))
                .enumerate()
                .filter(|(i, _)| *i < steps.len())
                .for_each_init(
                    || cwt.scratch(),
                    |scratch, (i, (mut w, mut omega))| {
                        let values = cwt.row(&spectrum, first + i, false, scratch);
                        w.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                        let slopes = cwt.row(&spectrum, first + i, true, scratch);
                        for ((omega, w), slope) in omega.iter_mut().zip(&w).zip(slopes) {
                            *omega = phase::frequency(*w, *slope, self.threshold);
                        }
                    },
                );
            out.axis_chunks_iter_mut(Axis(1), COLUMNS)
                .into_par_iter()
                .zip(w.axis_chunks_iter(Axis(1), COLUMNS))
                .zip(omega.axis_chunks_iter(Axis(1), COLUMNS))
                .for_each(|((mut out, w), omega)| {
                    for (row, step) in steps.iter().enumerate() {
                        let step = T::of(*step);
                        let coefficients = w.row(row);
                        for (column, (w, omega)) in
                            coefficients.iter().zip(omega.row(row)).enumerate()
                        {
                            let (bins, weights) = (&self.bins, self.weights);
                            squeeze::add(&mut out, column, *w, *omega, step, bins, weights);
                        }
                    }
                });
        }
        Ok(out)
    }
}
