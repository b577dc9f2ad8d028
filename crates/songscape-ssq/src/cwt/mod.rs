//! The continuous wavelet transform.

mod batch;
mod blocks;
pub(crate) mod evaluate;
mod kernel;
mod output;
mod params;
mod sample;
pub(crate) mod stream;
#[cfg(test)]
mod tests;
mod transform;
mod whole;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;
use num_complex::Complex;
use rayon::prelude::*;

use blocks::{Baseband, Blocks, SEGMENT};
use evaluate::Stretch;
pub(crate) use output::Pool;
pub(crate) use sample::Loudness;
pub(crate) use transform::{Prepared, halves, segments};
pub(crate) use whole::Whole;

use crate::Error;
use crate::filterbank;
use crate::pad::Padded;
use crate::real::Real;
use crate::scales::{self, Scales};
use crate::wavelet::{self, Wavelet};

pub use output::Output;
pub use params::CwtParams;
pub use sample::Sample;
pub use stream::CwtStream;

/// All set-up for the transforms of signals of one length: filters and FFTs. Shared between threads
/// and reused.
///
/// W(s, t) = Σ_k ψ̂(s·ξ_k)·X(ξ_k)·exp(iξ_k·t)/M over the spectrum X of the padded signal. Row 0 is
/// the smallest scale, the highest frequency.
///
/// ```
/// use songscape_ssq::{CwtParams, CwtPlan};
///
/// let plan = CwtPlan::<f64>::new(&CwtParams::default(), 1000)?;
/// let signal: Vec<f64> = (0..1000).map(|n| (0.2 * n as f64).cos()).collect();
/// let w = plan.transform(&signal)?;
/// assert_eq!(w.dim(), (plan.scales().values().len(), 1000));
/// let at_middle = w.column(500).iter().map(|w| w.norm()).fold(0.0, f64::max);
/// assert!((at_middle - 1.0).abs() < 0.01); // the amplitude
/// # Ok::<(), songscape_ssq::Error>(())
/// ```
#[derive(Clone)]
pub struct CwtPlan<T: Real> {
    shared: Arc<Shared<T>>,
}

struct Shared<T: Real> {
    params: CwtParams,
    scales: Scales,
    samples: usize,
    padded: Padded,
    /// Which wavelets fit the padded signal.
    fits: Vec<bool>,
    blocks: Blocks<T>,
    /// `None` where all rows are computed in blocks.
    whole: Option<Whole<T>>,
    outputs: Arc<Pool<T>>,
}

/// Memory that transforms work in, so that repeated ones need not ask for it again:
/// [`CwtPlan::scratch`].
pub struct CwtScratch<T> {
    baseband: Baseband<T>,
}

impl<T> CwtScratch<T> {
    /// Forgets what it holds of another signal.
    pub(crate) fn begin(&mut self) {
        self.baseband.forget();
    }
}

impl<T> fmt::Debug for CwtScratch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CwtScratch").finish_non_exhaustive()
    }
}

impl<T: Real> fmt::Debug for CwtPlan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CwtPlan")
            .field("params", &self.shared.params)
            .field("rows", &self.rows())
            .field("samples", &self.shared.samples)
            .finish_non_exhaustive()
    }
}

impl<T: Real> CwtPlan<T> {
    /// Plans transforms of signals of `samples` samples.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the sampling rate is not positive, [`Error::TooLong`] for more
    /// than 2^40 coefficients, and whatever [`Scales::new`] and [`wavelet::check`] refuse.
    pub fn new(params: &CwtParams, samples: usize) -> Result<Self, Error> {
        Self::with_order(params, samples, false)
    }

    /// A plan that can also give frequencies of second order.
    pub(crate) fn with_order(
        params: &CwtParams,
        samples: usize,
        second_order: bool,
    ) -> Result<Self, Error> {
        let rate = params.sampling_rate;
        if !(rate.is_finite() && rate > 0.0) {
            let expected = "a positive number";
            return Err(Error::parameter("sampling_rate", rate, expected));
        }
        scales::check_samples(samples)?;
        let wavelet = params.wavelet.as_ref();
        wavelet::check(wavelet)?;
        let scales = Scales::new(&params.scales, params.voices, wavelet, samples, rate)?;
        let cells = (scales.values().len() as u64).saturating_mul(samples as u64);
        if cells > MOST_CELLS {
            return Err(Error::TooLong {
                what: "the transform",
                length: cells,
                unit: "values",
                limit: MOST_CELLS,
            });
        }
        let padded = params.padding.place(samples);
        let blocks = Blocks::new(params, scales.values(), samples, padded.length, second_order);
        let in_blocks = |row: usize| blocks.has(row);
        let whole = (0..scales.values().len()).any(|row| !in_blocks(row)).then(|| {
            let support = wavelet::support(wavelet, T::SPECTRUM_CUT);
            let sample = |psi: &(dyn Fn(f64, f64) -> f64 + Sync)| {
                let filter = |(row, scale): (usize, &f64)| {
                    let psi = |w| psi(*scale, w);
                    let filter =
                        || filterbank::filter(&psi, support, *scale, params.norm, padded.length);
                    (!in_blocks(row)).then(filter)
                };
                scales.values().par_iter().enumerate().map(filter).collect::<Vec<_>>()
            };
            let filters = sample(&|_, w| wavelet.spectrum(w));
            let moment = |scale: f64, w: f64| scale / rate * wavelet.slope(w);
            let moments = if second_order { sample(&moment) } else { vec![] };
            Whole::new(filters, moments, padded, samples, rate)
        });
        let band = wavelet::support(wavelet, LEAST_OF_PEAK);
        let fits = |scale: &f64| fits(wavelet, band, *scale, padded.length);
        let fits = scales.values().iter().map(fits).collect();
        let (params, outputs) = (params.clone(), Arc::default());
        let shared = Shared { params, scales, samples, padded, fits, blocks, whole, outputs };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &CwtParams {
        &self.shared.params
    }

    /// The scales, one per row.
    #[must_use]
    pub fn scales(&self) -> &Scales {
        &self.shared.scales
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shared.scales.values().len()
    }

    /// Length of the signals.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.shared.samples
    }

    /// Length of the padded signals.
    #[must_use]
    pub fn padded_length(&self) -> usize {
        self.shared.padded.length
    }

    /// Peak frequencies of the wavelets, Hz, descending.
    #[must_use]
    pub fn frequencies(&self) -> Vec<f64> {
        let params = &self.shared.params;
        self.shared.scales.frequencies(params.wavelet.as_ref(), params.sampling_rate)
    }

    /// For every row whether its wavelet fits the signal: whether its band holds a frequency of the
    /// padded signal's spectrum, not all of it below the first or above half the sampling rate.
    /// Coefficients of the other rows are NaN, whatever the signal; inverses and squeezing leave
    /// them out.
    #[must_use]
    pub fn fits(&self) -> &[bool] {
        &self.shared.fits
    }

    /// An array `[rows, samples]` for [`CwtPlan::transform_into`] (of a real signal), which comes back
    /// to the plan when it is dropped. Repeated transforms are several times as fast this way as
    /// into new arrays:
    ///
    /// ```
    /// # let plan = songscape_ssq::CwtPlan::<f32>::new(&Default::default(), 1000)?;
    /// # let signals = [vec![0.1; 1000], vec![0.2; 1000]];
    /// for signal in &signals {
    ///     let mut w = plan.output()?;
    ///     plan.transform_into(signal, w.view_mut(), None)?;
    /// }
    /// # Ok::<(), songscape_ssq::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Memory`] where there is none.
    pub fn output(&self) -> Result<Output<T>, Error> {
        self.shared.outputs.take(self.rows(), self.samples())
    }

    /// Memory for [`CwtPlan::transform_with_scratch`].
    #[must_use]
    pub fn scratch(&self) -> CwtScratch<T> {
        CwtScratch { baseband: self.shared.blocks.baseband() }
    }

    /// Where the signal lies in its padded form.
    pub(crate) fn padded(&self) -> Padded {
        self.shared.padded
    }

    /// The rows that are computed over the whole signal, if any.
    pub(crate) fn whole(&self) -> Option<&Whole<T>> {
        self.shared.whole.as_ref()
    }

    /// Makes the scratch ready for a segment of the columns.
    pub(crate) fn fill<S: Sample<T>>(
        &self,
        padded: &[S],
        columns: &Range<usize>,
        scratch: &mut CwtScratch<T>,
    ) {
        let before = self.shared.padded.before;
        self.shared.blocks.fill(padded, before, columns, &mut scratch.baseband);
    }

    /// A row from a column of a segment on, and where the next stretch of it starts; `None` at the
    /// end of the segment and for rows that are computed whole.
    pub(crate) fn stretch<'a>(
        &'a self,
        scratch: &'a CwtScratch<T>,
        row: usize,
        column: usize,
        columns: &Range<usize>,
    ) -> Option<(Stretch<'a, T>, usize)> {
        if column >= columns.end {
            return None;
        }
        let (stretch, left) = self.shared.blocks.stretch(&scratch.baseband, row, column)?;
        Some((stretch, (column + left).min(columns.end)))
    }
}

/// Share of a wavelet's peak that some bin of the spectrum must reach.
const LEAST_OF_PEAK: f64 = 1e-9;

/// Whether some bin but the first, which no wavelet sees, lies in the band of a wavelet.
fn fits(wavelet: &dyn Wavelet, (low, high): (f64, f64), scale: f64, length: usize) -> bool {
    let bin = std::f64::consts::TAU / length as f64;
    let first = (low / (scale * bin)).ceil().max(1.0) as usize;
    let last = ((high / (scale * bin)).floor() as usize).min(length / 2);
    let least = LEAST_OF_PEAK * wavelet.spectrum(wavelet.peak()).abs();
    (first..=last).any(|k| wavelet.spectrum(scale * (k as f64 * bin)).abs() > least)
}

/// A transform of zeros, or an error where there is no memory for it.
pub(crate) fn zeros<T: Real>(rows: usize, columns: usize) -> Result<Array2<Complex<T>>, Error> {
    let missing = || Error::Memory { what: "a transform", rows, columns };
    let length = rows.checked_mul(columns).ok_or_else(missing)?;
    // The operating system's zeros, which cost nothing until they are written over.
    let values = bytemuck::try_zeroed_vec(length).map_err(|()| missing())?;
    Array2::from_shape_vec((rows, columns), values).map_err(|_| missing())
}

/// More coefficients than this are refused.
const MOST_CELLS: u64 = 1 << 40;
