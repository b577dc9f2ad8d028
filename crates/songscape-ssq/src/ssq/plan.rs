//! Synchrosqueezing from the signal on, in one pass.

use std::ops::Range;

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView1, ArrayViewMut2, Axis, s};
use num_complex::Complex;

use super::second_order::SecondOrder;
use super::squeeze::{self, Weights};
use super::{Bins, FrequencySpec};
use crate::cwt::{CwtParams, CwtPlan, CwtScratch, Sample, evaluate, zeros};
use crate::phase::{self, check_same_shape};
use crate::real::Real;
use crate::{Error, Norm};

/// By which formula coefficients get their frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reassignment {
    /// ω = |Im(∂W·W*)|/(2π|W|²): exact for tones.
    #[default]
    First,
    /// The same, corrected by the local chirp rate: exact for linear chirps too, however steep
    /// (Oberlin and Meignen 2017). About three times the work.
    Second,
}

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
    /// How coefficients get their frequencies.
    pub reassignment: Reassignment,
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
    /// What each row's coefficients count: Δ ln s, over √s where that is in the coefficients.
    steps: Vec<f64>,
    second: Option<SecondOrder<T>>,
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
        let scales = cwt.scales();
        let step = |(step, scale): (&f64, &f64)| match params.cwt.norm {
            Norm::L1 => *step,
            Norm::L2 => step / scale.sqrt(),
        };
        let steps = scales.log_steps().iter().zip(scales.values()).map(step).collect();
        let second = match params.reassignment {
            Reassignment::First => None,
            Reassignment::Second => Some(SecondOrder::new(&params.cwt, scales, samples)?),
        };
        Ok(Self { cwt, bins, weights: params.weights, threshold, steps, second })
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
    /// W and its frequencies are held for a few columns at a time alone. The result does not depend
    /// on the number of threads.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`].
    pub fn transform<S: Sample<T>>(&self, signal: &[S]) -> Result<Array2<Complex<T>>, Error> {
        let mut out = zeros(self.bins.len(), self.cwt.samples())?;
        self.transform_with_scratch(signal, out.view_mut(), &mut self.cwt.scratch())?;
        Ok(out)
    }

    /// Writes the squeezed transform into an array of the caller, `[bins, samples]`, and works in
    /// memory of the caller, from [`CwtPlan::scratch`].
    ///
    /// # Errors
    /// As [`CwtPlan::transform_into`].
    pub fn transform_with_scratch<S: Sample<T>>(
        &self,
        signal: &[S],
        mut out: ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error> {
        let cwt = &self.cwt;
        check_same_shape("the output", out.dim(), (self.bins.len(), cwt.samples()))?;
        if let Some(second) = &self.second {
            out.fill(Complex::new(T::zero(), T::zero()));
            let Self { bins, weights, threshold, steps, .. } = self;
            return second.squeeze_into(signal, out, steps, bins, *weights, *threshold);
        }
        let signal = cwt.pad(signal)?;
        self.squeeze_whole_rows(&signal, &mut out)?;
        for columns in cwt.segments() {
            cwt.fill(&signal, &columns, scratch);
            let scratch = &*scratch;
            out.slice_mut(s![.., columns.clone()])
                .axis_chunks_iter_mut(Axis(1), TILE)
                .into_par_iter()
                .enumerate()
                .for_each_init(
                    || Tile::new(self.bins.len()),
                    |tile, (i, mut out)| {
                        let start = columns.start + i * TILE;
                        let columns = start..start + out.ncols();
                        self.squeeze_tile(scratch, &columns, tile);
                        tile.write(&mut out, cwt.whole().is_some());
                    },
                );
        }
        Ok(())
    }

    /// Squeezes the rows that are computed in blocks, some columns of them.
    fn squeeze_tile(&self, scratch: &CwtScratch<T>, columns: &Range<usize>, tile: &mut Tile<T>) {
        let count = columns.len();
        tile.sums.fill(Complex::new(T::zero(), T::zero()));
        for (row, step) in self.steps.iter().enumerate() {
            // A tile ends where a block does, or before.
            let stretch = self.cwt.stretch(scratch, row, columns.start, columns);
            let Some((stretch, _)) = stretch else { continue };
            let (w, logs) = (&mut tile.w[..count], &mut tile.logs[..count]);
            evaluate::values_and_frequencies(&stretch, self.threshold, w, logs);
            self.bins.rows_of_logs(logs, &mut tile.rows[..count]);
            let step = T::of(*step);
            let coefficients = tile.w[..count].iter().zip(&tile.rows).enumerate();
            for (column, (w, row)) in coefficients {
                let cell = &mut tile.sums[*row as usize * TILE + column];
                *cell = *cell + self.weights.of(*w, step);
            }
        }
    }

    /// Squeezes the rows that are computed over the whole signal.
    fn squeeze_whole_rows<S: Sample<T>>(
        &self,
        signal: &[S],
        out: &mut ArrayViewMut2<'_, Complex<T>>,
    ) -> Result<(), Error> {
        /// Rows computed at a time.
        const ROWS: usize = 16;
        let cwt = &self.cwt;
        let Some(whole) = cwt.whole() else { return Ok(()) };
        out.fill(Complex::new(T::zero(), T::zero()));
        let spectrum = whole.spectrum(signal);
        let rows: Vec<usize> = (0..cwt.rows()).filter(|row| whole.has(*row)).collect();
        let mut w = zeros(ROWS.min(rows.len()), cwt.samples())?;
        let mut omega = Array2::from_elem(w.dim(), T::infinity());
        for rows in rows.chunks(ROWS) {
            let results = w.axis_iter_mut(Axis(0)).zip(omega.axis_iter_mut(Axis(0)));
            let tasks = rows.iter().copied().zip(results).collect();
            whole.compute(&spectrum, tasks, true, |(mut w, mut omega), values, slopes| {
                w.assign(&ArrayView1::from(values));
                for ((omega, w), slope) in omega.iter_mut().zip(values).zip(slopes) {
                    *omega = phase::frequency(*w, *slope, self.threshold);
                }
            });
            let steps: Vec<f64> = rows.iter().map(|row| self.steps[*row]).collect();
            let (w, omega) = (w.view(), omega.view());
            squeeze::squeeze_into(out.view_mut(), w, omega, &steps, &self.bins, self.weights);
        }
        Ok(())
    }
}

/// Columns that are squeezed at a time: their sums stay in the cache. Divides the useful part of
/// every block.
const TILE: usize = 256;

/// What one thread squeezes some columns with.
struct Tile<T> {
    w: Vec<Complex<T>>,
    logs: Vec<T>,
    rows: Vec<u32>,
    /// `[bins, TILE]`.
    sums: Vec<Complex<T>>,
}

impl<T: Real> Tile<T> {
    fn new(bins: usize) -> Self {
        let zero = Complex::new(T::zero(), T::zero());
        Self {
            w: vec![zero; TILE],
            logs: vec![T::zero(); TILE],
            rows: vec![0; TILE],
            sums: vec![zero; bins * TILE],
        }
    }

    /// Writes the sums, or adds them to what is there.
    fn write(&self, out: &mut ArrayViewMut2<'_, Complex<T>>, add: bool) {
        let columns = out.ncols();
        for (mut out, sums) in out.rows_mut().into_iter().zip(self.sums.chunks_exact(TILE)) {
            let sums = ArrayView1::from(&sums[..columns]);
            if add {
                out.zip_mut_with(&sums, |out, sum| *out = *out + *sum);
            } else {
                out.assign(&sums);
            }
        }
    }
}
