//! A band: neighbouring rows that share blocks, and their filters.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use num_complex::Complex32;
use realfft::RealToComplex;
use rustfft::{Fft, FftDirection};

use super::assign::{AT, BEFORE, BETWEEN, Place};
use super::blocks::{Blocks, smooth};
use super::params::{ColumnLength, LogSpectrogramParams};
use super::taps;
use crate::Error;
use crate::real::Real as _;
use crate::wavelet::{self, Wavelet};

/// Share of the peak below which a wavelet's spectrum counts as zero.
const SPECTRUM_CUT: f64 = 1e-4;
/// Samples of W per column that is computed by FFT: at least as many times the width of the
/// wavelet's band as this, where that is all, and where others are interpolated.
const OVERSAMPLING: f64 = 1.25;
const INTERPOLATED_OVERSAMPLING: f64 = 1.6;
/// Coefficients per column, unless that is more than there are samples of the signal.
const LEAST_PER_COLUMN: f64 = 8.0;
/// Coefficients per column, for each row that a frequency may cross in a column: the band's width
/// in rows times its width in cycles a column.
const PER_CROSSED_ROW: f64 = 0.02;
/// Coefficients for each that is computed by FFT, at most.
const MOST_INTERPOLATED: u64 = 32;
const MOST_FILTER_VALUES: u64 = 1 << 27;

/// Rows that are computed in blocks of one length.
pub(super) struct Band {
    /// Samples in a block.
    pub block: usize,
    /// Columns of a block before and after its useful ones.
    pub guard: i64,
    /// Useful columns of a block.
    pub columns: i64,
    pub forward: Arc<dyn RealToComplex<f32>>,
    pub rates: Vec<Rate>,
}

/// Rows of a band whose coefficients are sampled at one rate.
pub(super) struct Rate {
    /// Samples per column that are computed by FFT.
    pub per_column: usize,
    /// Coefficients for each of them: itself, and those that are interpolated after it.
    pub phases: usize,
    pub inverse: Arc<dyn Fft<f32>>,
    /// First bin that any row needs.
    pub first: usize,
    /// exp(2πi·k·δ) for the bins from `first` on, which moves the samples to where they belong.
    pub shift: Vec<Complex32>,
    pub rows: Vec<Row>,
}

/// One wavelet.
pub(super) struct Row {
    /// First bin of its band.
    pub first: usize,
    /// Where in the band its centre is; that bin becomes bin 0.
    pub centre: usize,
    /// ψ̂ over the band, scaled so that |W|² summed over the samples of a column is an energy.
    pub filter: Vec<f32>,
    pub place: Place,
    /// Weights of differences of samples, for the derivative at a sample, in bins.
    pub slopes: [f32; AT],
    /// For each interpolated coefficient the weights of samples for its value and derivative.
    pub between: Vec<([f32; BETWEEN], [f32; BETWEEN])>,
}

impl fmt::Debug for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: usize = self.rates.iter().map(|rate| rate.rows.len()).sum();
        f.debug_struct("Band")
            .field("block", &self.block)
            .field("guard", &self.guard)
            .field("columns", &self.columns)
            .field("rows", &rows)
            .finish_non_exhaustive()
    }
}

/// Computes the filters of the rows.
pub(super) fn plan_bands(
    params: &LogSpectrogramParams,
    frequencies: &[f64],
    column: ColumnLength,
    blocks: &[Blocks],
) -> Result<Vec<Band>, Error> {
    let shape = Shape::of(params.wavelet.as_ref());
    let mut values = 0;
    for blocks in blocks {
        for frequency in &frequencies[blocks.rows.clone()] {
            let (first, last) = shape.bins(*frequency, params.sampling_rate, blocks.samples);
            values += (last - first + 1) as u64;
        }
        // Samples of one row in a block are as many again.
        let highest = frequencies[blocks.rows.start];
        let samples = rate(params, &shape, column, highest).0 as u64 * blocks.columns;
        // As are the cells of its useful columns, which are counted in 32 bits.
        let samples = samples.max(frequencies.len() as u64 * blocks.useful());
        if values.max(samples) > MOST_FILTER_VALUES {
            return Err(Error::TooLong {
                what: "the set of filters",
                length: values.max(samples),
                unit: "values",
                limit: MOST_FILTER_VALUES,
            });
        }
    }
    let band = |blocks: &Blocks| {
        Planner { params, frequencies, shape: &shape, column, blocks }.band(blocks.rows.clone())
    };
    Ok(blocks.iter().map(band).collect())
}

/// The wavelet's extent in frequency, relative to its peak, and its admissibility.
struct Shape {
    low: f64,
    high: f64,
    /// ∫ |ψ̂(w)/2|² dw/w.
    half_admissibility: f64,
}

impl Shape {
    fn of(wavelet: &dyn Wavelet) -> Self {
        let (low, high) = wavelet::support(wavelet, SPECTRUM_CUT);
        let peak = wavelet.peak();
        // The trapezoidal rule over ln w.
        let (from, to) = ((low * 0.8).ln(), (high * 1.25).ln());
        let points = 4000;
        let step = (to - from) / f64::from(points);
        let value = |i: i32| wavelet.spectrum((from + step * f64::from(i)).exp()) / 2.0;
        let half_admissibility = (0..=points).map(|i| value(i).powi(2)).sum::<f64>() * step;
        Self { low: low / peak, high: high / peak, half_admissibility }
    }

    /// First and last bin of the band of a row in blocks of `length` samples.
    fn bins(&self, frequency: f64, sampling_rate: f64, length: u64) -> (usize, usize) {
        let bins_per_peak = length as f64 * frequency / sampling_rate;
        let nyquist = length as usize / 2;
        let first = ((self.low * bins_per_peak).ceil() as usize).clamp(1, nyquist.max(1));
        let last = ((self.high * bins_per_peak).floor() as usize).min(nyquist).max(first);
        (first, last)
    }
}

/// Samples per column by FFT, and coefficients for each, of a row of this frequency.
fn rate(
    params: &LogSpectrogramParams,
    shape: &Shape,
    column: ColumnLength,
    frequency: f64,
) -> (usize, usize) {
    let nyquist = params.sampling_rate / 2.0;
    let width = (shape.high * frequency).min(nyquist) - shape.low * frequency;
    let width = width / params.columns_per_second;
    // Wavelets with a broad band: as wide as its peak's surroundings are broad, in rows.
    let crossed = width * (shape.high - shape.low) / params.log_step();
    let wanted = (PER_CROSSED_ROW * crossed).max(LEAST_PER_COLUMN).min(column.length()).ceil();
    let wanted = (wanted as u64).max(1);
    let sparse = INTERPOLATED_OVERSAMPLING * width;
    let phases = std::iter::successors(Some(1), |phases| Some(2 * phases))
        .take_while(|phases| {
            *phases == 1 || *phases <= MOST_INTERPOLATED && wanted as f64 / *phases as f64 >= sparse
        })
        .take_while(|phases| *phases <= wanted)
        .last()
        .unwrap_or(1);
    if phases == 1 {
        let needed = (OVERSAMPLING * width).ceil() as u64;
        return (smooth(needed.max(wanted)) as usize, 1);
    }
    (smooth(wanted.div_ceil(phases)) as usize, phases as usize)
}

struct Planner<'a> {
    params: &'a LogSpectrogramParams,
    frequencies: &'a [f64],
    shape: &'a Shape,
    column: ColumnLength,
    blocks: &'a Blocks,
}

impl Planner<'_> {
    fn band(&self, rows: Range<usize>) -> Band {
        let blocks = self.blocks;
        let mut rates: Vec<Rate> = Vec::new();
        for row in rows {
            let (per_column, phases) =
                rate(self.params, self.shape, self.column, self.frequencies[row]);
            let other = |rate: &Rate| (rate.per_column, rate.phases) != (per_column, phases);
            if rates.last().is_none_or(other) {
                let length = blocks.columns as usize * per_column;
                let inverse = f32::plan_fft(length, FftDirection::Inverse);
                let (shift, rows) = (Vec::new(), Vec::new());
                rates.push(Rate { per_column, phases, inverse, first: 0, shift, rows });
            }
            if let Some(rate) = rates.last_mut() {
                rate.rows.push(self.row(row, per_column, phases));
            }
        }
        for rate in &mut rates {
            rate.first = rate.rows.iter().map(|row| row.first).min().unwrap_or(0);
            let end = rate.rows.iter().map(|row| row.first + row.filter.len()).max().unwrap_or(0);
            rate.shift = self.shift(rate.first..end, rate.per_column * rate.phases);
        }
        Band {
            block: blocks.samples as usize,
            guard: blocks.guard as i64,
            columns: blocks.useful() as i64,
            forward: f32::plan_real_fft(blocks.samples as usize),
            rates,
        }
    }

    /// Moves coefficients, `per_column` of them, into the middle of their parts of a column. A
    /// sample of the signal stands for the time around it, so a column begins half a sample early.
    fn shift(&self, bins: Range<usize>, per_column: usize) -> Vec<Complex32> {
        let columns = self.blocks.columns as f64;
        let half_part = std::f64::consts::PI / (columns * per_column as f64);
        let half_sample = std::f64::consts::PI / self.blocks.samples as f64;
        let turn = |bin: usize| {
            let (sin, cos) = (bin as f64 * (half_part - half_sample)).sin_cos();
            Complex32::new(cos as f32, sin as f32)
        };
        bins.map(turn).collect()
    }

    fn row(&self, row: usize, per_column: usize, phases: usize) -> Row {
        let params = self.params;
        let wavelet = params.wavelet.as_ref();
        let frequency = self.frequencies[row];
        let samples = self.blocks.samples as f64;
        let (first, last) = self.shape.bins(frequency, params.sampling_rate, self.blocks.samples);
        let bin_ratio = params.sampling_rate / (samples * frequency);
        let psi = |bin: usize| wavelet.spectrum(bin as f64 * bin_ratio * wavelet.peak());
        // Energy: half the squared modulus, per step of the logarithm of the scale, over the
        // admissibility integral of |ψ̂/2|², averaged over the samples of a column; and the FFT's
        // 1 / block.
        let energy = 0.5 * params.log_step() / self.shape.half_admissibility;
        let gain = (energy / (per_column * phases) as f64).sqrt() / samples;
        let filter: Vec<f32> = (first..=last)
            .map(|bin| {
                let value = gain * psi(bin);
                let half = 2 * bin as u64 == self.blocks.samples;
                (if half { value / 2.0 } else { value }) as f32
            })
            .collect();
        let centre = ((1.0 / bin_ratio).round() as usize).clamp(first, last);

        /// As many bins are enough for a fit.
        const BINS: usize = 200;
        let points = self.blocks.columns as f64 * per_column as f64;
        let angle = std::f64::consts::TAU / points;
        let band: Vec<taps::Bin> = (first..=last)
            .step_by(((last - first) / BINS).max(1))
            .map(|bin| ((bin as f64 - centre as f64) * angle, psi(bin)))
            .collect();
        // Derivatives in bins instead of radians per sample.
        let slope = |taps: f64| (taps / angle) as f32;
        let differences = taps::fit::<{ 2 * AT + 1 }>(&band, AT, 0.0, true);
        let between = |phase: usize| {
            let offset = phase as f64 / phases as f64;
            let values = taps::fit::<BETWEEN>(&band, BEFORE, offset, false);
            let slopes = taps::fit::<BETWEEN>(&band, BEFORE, offset, true);
            (values.map(|t| t as f32), slopes.map(slope))
        };
        Row {
            first,
            centre: centre - first,
            filter,
            place: Place {
                row: row as f32,
                centre_ratio: (centre as f64 * bin_ratio) as f32,
                bin_ratio: bin_ratio as f32,
            },
            slopes: std::array::from_fn(|k| slope(differences[AT + 1 + k])),
            between: (1..phases).map(between).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wavelet::Morse;

    #[test]
    fn the_band_of_the_default_wavelet_is_as_wide_as_known() {
        let Shape { low, high, .. } = Shape::of(&Morse::default());
        assert!((high - low - 0.634).abs() < 0.008, "{low} {high}");
    }
}
