//! Synchrosqueezing from the signal on, in one pass.

use std::ops::Range;
use std::sync::Arc;

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView1, ArrayViewMut1, ArrayViewMut2, Axis, s};
use num_complex::Complex;

use super::squeeze::{self, Weights};
use super::{Bins, FrequencySpec, Outside};
use crate::cwt::{
    CwtParams, CwtPlan, CwtScratch, Output, Pool, Prepared, Sample, evaluate, halves, segments,
    zeros,
};
use crate::phase::{self, check_same_shape};
use crate::real::Real;
use crate::{Error, Norm};

/// By which formula coefficients get their frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Reassignment {
    /// ω = |Im(∂W·W*)|/(2π|W|²): exact for tones.
    #[default]
    First,
    /// The same, corrected by the local chirp rate: exact for linear chirps too, however steep
    /// (Oberlin and Meignen 2017). Five sums for each coefficient instead of two.
    Second,
}

/// What an [`SsqPlan`] computes.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SsqParams {
    /// The wavelet transform.
    pub cwt: CwtParams,
    /// The frequencies of the rows.
    pub frequencies: FrequencySpec,
    /// What is summed.
    pub weights: Weights,
    /// Coefficients up to this modulus are left out. `None`: relative to the signal, ten times the
    /// precision's epsilon times its largest absolute value ([`default_threshold`]).
    ///
    /// [`default_threshold`]: crate::default_threshold
    #[cfg_attr(feature = "serde", serde(default))]
    pub threshold: Option<f64>,
    /// How coefficients get their frequencies.
    #[cfg_attr(feature = "serde", serde(default))]
    pub reassignment: Reassignment,
    /// What becomes of coefficients outside the bins; `None` for what [`Bins::new`] chooses: ranges
    /// and lists drop them.
    #[cfg_attr(feature = "serde", serde(default))]
    pub outside: Option<Outside>,
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
    /// `None`: relative to the signal.
    threshold: Option<T>,
    /// What each row's coefficients count: Δ ln s, over √s where that is in the coefficients.
    steps: Vec<f64>,
    reassignment: Reassignment,
    outputs: Arc<Pool<T>>,
}

impl<T: Real> SsqPlan<T> {
    /// Plans transforms of signals of `samples` samples.
    ///
    /// # Errors
    /// As [`CwtPlan::new`] and [`Bins::new`]; [`Error::Parameter`] for a negative threshold.
    pub fn new(params: &SsqParams, samples: usize) -> Result<Self, Error> {
        let second_order = params.reassignment == Reassignment::Second;
        let cwt = CwtPlan::with_order(&params.cwt, samples, second_order)?;
        let bins = Bins::new(&params.frequencies, &cwt)?;
        let bins = match params.outside {
            Some(outside) => bins.with_outside(outside),
            None => bins,
        };
        let threshold = match params.threshold {
            None => None,
            Some(value) if value >= 0.0 => Some(T::of(value)),
            Some(value) => {
                let expected = "0 or more";
                return Err(Error::parameter("threshold", value, expected));
            }
        };
        let scales = cwt.scales();
        let step = |(step, scale): (&f64, &f64)| match params.cwt.norm {
            Norm::L1 => *step,
            Norm::L2 => step / scale.sqrt(),
        };
        let steps = scales.log_steps().iter().zip(scales.values()).map(step).collect();
        let (weights, reassignment) = (params.weights, params.reassignment);
        let outputs = Arc::default();
        Ok(Self { cwt, bins, weights, threshold, steps, reassignment, outputs })
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

    /// An array `[bins, samples]` for [`SsqPlan::transform_with_scratch`] (of a real signal), which
    /// comes back to the plan when it is dropped; see [`CwtPlan::output`].
    ///
    /// # Errors
    /// [`Error::Memory`] where there is none.
    pub fn output(&self) -> Result<Output<T>, Error> {
        self.outputs.take(self.bins.len(), self.cwt.samples())
    }

    /// The squeezed transform, row 0 the highest frequency: `[bins, samples]` of a real signal,
    /// `[2 · bins, samples]` of a complex one, whose negative frequencies follow the positive ones
    /// as in [`CwtPlan::transform`]. [`SsqPlan::inverse`] and [`SsqPlan::inverse_complex`] are the
    /// way back.
    ///
    /// W and its frequencies are held for a few columns at a time only. The result does not depend
    /// on the number of threads.
    ///
    /// # Errors
    /// As [`CwtPlan::transform`].
    pub fn transform<S: Sample<T>>(&self, signal: &[S]) -> Result<Array2<Complex<T>>, Error> {
        let mut out = zeros(S::SIDES * self.bins.len(), self.cwt.samples())?;
        self.transform_with_scratch(signal, out.view_mut(), &mut self.cwt.scratch())?;
        Ok(out)
    }

    /// Writes the squeezed transform into an array of the caller, and works in memory of the caller,
    /// from [`CwtPlan::scratch`].
    ///
    /// # Errors
    /// As [`CwtPlan::transform_into`].
    pub fn transform_with_scratch<S: Sample<T>>(
        &self,
        signal: &[S],
        mut out: ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error> {
        let prepared = self.cwt.prepare(signal)?;
        self.columns_into(prepared, &(0..self.cwt.samples()), &mut out, scratch)
    }

    /// Some columns, from a multiple of [`TILE`] on, of both sides.
    pub(crate) fn columns_into<S: Sample<T>>(
        &self,
        mut prepared: Prepared<T, S>,
        columns: &Range<usize>,
        out: &mut ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error> {
        let expected = (S::SIDES * self.bins.len(), columns.len());
        check_same_shape("the output", out.dim(), expected)?;
        let loudness = prepared.loudness;
        let mut side = Side {
            columns,
            threshold: loudness.threshold(self.threshold),
            gain: loudness.gain,
            negative: false,
        };
        let (positive, negative) = halves::<T, S>(out.view_mut());
        self.one_side(&prepared.signal, &side, positive, scratch)?;
        if let Some(negative) = negative {
            prepared.conjugate();
            side.negative = true;
            self.one_side(&prepared.signal, &side, negative, scratch)?;
        }
        match self.weights {
            // What does not grow with the signal was not scaled with it either.
            Weights::Lebesgue | Weights::Function(_) => Ok(()),
            Weights::Sum | Weights::Absolute => loudness.restore(out.iter_mut()),
        }
    }

    fn one_side<S: Sample<T>>(
        &self,
        signal: &[S],
        side: &Side<'_, T>,
        mut out: ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut CwtScratch<T>,
    ) -> Result<(), Error> {
        let cwt = &self.cwt;
        self.squeeze_whole_rows(signal, side, &mut out)?;
        scratch.begin();
        for columns in segments(side.columns) {
            cwt.fill(signal, &columns, scratch);
            let scratch = &*scratch;
            let offset = side.columns.start;
            out.slice_mut(s![.., columns.start - offset..columns.end - offset])
                .axis_chunks_iter_mut(Axis(1), TILE)
                .into_par_iter()
                .enumerate()
                .for_each_init(
                    || Tile::new(self.bins.len()),
                    |tile, (i, mut out)| {
                        let start = columns.start + i * TILE;
                        let columns = start..start + out.ncols();
                        self.squeeze_tile(scratch, &columns, side, tile);
                        tile.write(&mut out, cwt.whole().is_some());
                    },
                );
        }
        Ok(())
    }

    /// Squeezes the rows that are computed in blocks, some columns of them.
    fn squeeze_tile(
        &self,
        scratch: &CwtScratch<T>,
        columns: &Range<usize>,
        side: &Side<'_, T>,
        tile: &mut Tile<T>,
    ) {
        let count = columns.len();
        tile.sums.fill(Complex::new(T::zero(), T::zero()));
        for (row, step) in self.steps.iter().enumerate() {
            // A tile ends where a block does, or before.
            let stretch = self.cwt.stretch(scratch, row, columns.start, columns);
            let Some((stretch, _)) = stretch.filter(|_| self.cwt.fits()[row]) else { continue };
            let (w, logs) = (&mut tile.w[..count], &mut tile.logs[..count]);
            match self.reassignment {
                Reassignment::First => {
                    evaluate::values_and_frequencies(&stretch, side.threshold, w, logs);
                }
                Reassignment::Second => {
                    let threshold = side.threshold;
                    evaluate::values_and_second_order_frequencies(&stretch, threshold, w, logs);
                }
            }
            if side.negative {
                w.iter_mut().for_each(|w| *w = w.conj());
            }
            self.bins.rows_of_logs(logs, &mut tile.rows[..count]);
            let step = T::of(*step);
            let coefficients = tile.w[..count].iter().zip(&tile.rows).enumerate();
            for (column, (w, row)) in coefficients {
                let cell = &mut tile.sums[*row as usize * TILE + column];
                *cell = *cell + self.weights.of(*w, step, side.gain);
            }
        }
    }

    /// Squeezes the rows that are computed over the whole signal.
    fn squeeze_whole_rows<S: Sample<T>>(
        &self,
        signal: &[S],
        side: &Side<'_, T>,
        out: &mut ArrayViewMut2<'_, Complex<T>>,
    ) -> Result<(), Error> {
        /// Rows computed at a time.
        const ROWS: usize = 16;
        let cwt = &self.cwt;
        let Some(whole) = cwt.whole() else { return Ok(()) };
        out.fill(Complex::new(T::zero(), T::zero()));
        let spectrum = whole.spectrum(signal);
        let wanted = |row: &usize| whole.has(*row) && cwt.fits()[*row];
        let rows: Vec<usize> = (0..cwt.rows()).filter(wanted).collect();
        let mut w = zeros(ROWS.min(rows.len()), side.columns.len())?;
        let mut omega = Array2::from_elem(w.dim(), T::infinity());
        let per_turn = T::of(std::f64::consts::TAU.recip());
        let keep = |to: &mut ArrayViewMut1<'_, Complex<T>>, values: &[Complex<T>]| {
            to.assign(&ArrayView1::from(&values[side.columns.clone()]));
            if side.negative {
                to.map_inplace(|w| *w = w.conj());
            }
        };
        for rows in rows.chunks(ROWS) {
            let results = w.axis_iter_mut(Axis(0)).zip(omega.axis_iter_mut(Axis(0)));
            let tasks = rows.iter().copied().zip(results).collect();
            match self.reassignment {
                Reassignment::First => {
                    whole.compute(&spectrum, tasks, true, |(mut w, mut omega), values, slopes| {
                        let pairs = values.iter().zip(slopes).skip(side.columns.start);
                        for (omega, (w, slope)) in omega.iter_mut().zip(pairs) {
                            *omega = phase::frequency(*w, *slope, side.threshold);
                        }
                        keep(&mut w, values);
                    });
                }
                Reassignment::Second => {
                    let threshold = side.threshold;
                    let each = |(mut w, mut omega): (ArrayViewMut1<'_, Complex<T>>, _),
                                values: &[Complex<T>],
                                angular: &[T]| {
                        let omega: &mut ArrayViewMut1<'_, T> = &mut omega;
                        let angular = angular.iter().skip(side.columns.start);
                        for (omega, angular) in omega.iter_mut().zip(angular) {
                            *omega = (*angular * per_turn).abs();
                        }
                        keep(&mut w, values);
                    };
                    whole.compute_second_order(&spectrum, tasks, threshold, each);
                }
            }
            let steps: Vec<f64> = rows.iter().map(|row| self.steps[*row]).collect();
            let (w, omega, weights) = (w.view(), omega.view(), (self.weights, side.gain));
            squeeze::squeeze_into(out.view_mut(), w, omega, &steps, &self.bins, weights);
        }
        Ok(())
    }
}

/// What squeezing needs to know of one side of a signal's spectrum.
struct Side<'a, T> {
    columns: &'a Range<usize>,
    threshold: T,
    /// What the signal was multiplied with.
    gain: T,
    /// Whether the signal was conjugated, so that its negative frequencies are the positive ones.
    negative: bool,
}

/// Columns that are squeezed at a time: their sums stay in the cache. Divides the useful part of
/// every block.
const TILE: usize = 256;

/// What one thread squeezes some columns with.
struct Tile<T> {
    w: Vec<Complex<T>>,
    logs: Vec<T>,
    rows: Vec<u32>,
    /// `[bins + 1, TILE]`: the last row takes what is dropped.
    sums: Vec<Complex<T>>,
}

impl<T: Real> Tile<T> {
    fn new(bins: usize) -> Self {
        let zero = Complex::new(T::zero(), T::zero());
        Self {
            w: vec![zero; TILE],
            logs: vec![T::zero(); TILE],
            rows: vec![0; TILE],
            sums: vec![zero; (bins + 1) * TILE],
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
