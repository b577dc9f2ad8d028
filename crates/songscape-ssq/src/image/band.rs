//! A band: neighbouring rows that share blocks, and their filters.

use std::fmt;
use std::sync::Arc;

use num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

use super::params::{ColumnLength, LogSpectrogramParams};
use crate::Error;
use crate::wavelet::{self, Morse, Wavelet};

/// Share of the peak below which a wavelet's spectrum counts as zero.
const SPECTRUM_CUT: f64 = 1e-4;
/// Share of its largest value below which a wavelet counts as over, in time.
const TIME_CUT: f64 = 1e-5;
/// Columns of the shortest block, in seconds; each further band has blocks 8 times as long.
const SHORTEST_BLOCK: f64 = 0.64;
const BLOCK_GROWTH: u64 = 8;
/// Largest share of a block that may be guard.
const LARGEST_GUARD: f64 = 0.15;
/// Sampling rate of the coefficients relative to the width of the wavelet's band.
const OVERSAMPLING: f64 = 1.25;
const LEAST_SAMPLES_PER_COLUMN: u64 = 8;
const LONGEST_BLOCK: u64 = 1 << 24;
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
    /// Samples of a coefficient per column.
    pub per_column: usize,
    pub inverse: Arc<dyn Fft<f32>>,
    /// First bin that any row needs.
    pub first: usize,
    /// exp(2πi·k·δ) for the bins from `first` on, which moves by half a sampling interval,
    /// so that the samples lie in the middle of their parts of a column.
    pub shift: Vec<Complex32>,
    pub rows: Vec<Row>,
}

/// One wavelet.
pub(super) struct Row {
    pub row: usize,
    /// First bin of its band.
    pub first: usize,
    /// Where in the band its centre is; that bin becomes bin 0.
    pub centre: usize,
    /// ψ̂ over the band, scaled so that |W|² summed over the samples of a column is an energy.
    pub filter: Vec<f32>,
    /// Centre bin over the row's frequency, and one bin over the row's frequency.
    pub centre_ratio: f32,
    pub bin_ratio: f32,
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

/// Shares the rows out to bands and computes their filters.
pub(super) fn plan_bands(
    params: &LogSpectrogramParams,
    wavelet: &Morse,
    frequencies: &[f64],
    column: ColumnLength,
) -> Result<Vec<Band>, Error> {
    let shape = Shape::of(wavelet);
    let shortest = SHORTEST_BLOCK * params.columns_per_second;
    let too_long = |length: f64| Error::TooLong {
        what: "a block for the lowest frequency",
        length: length as u64,
        limit: LONGEST_BLOCK,
    };
    if shortest > LONGEST_BLOCK as f64 {
        return Err(too_long(shortest));
    }
    let guards: Vec<f64> = frequencies
        .iter()
        .map(|f| (guard_seconds(wavelet, *f) * params.columns_per_second).ceil() + 1.0)
        .collect();
    let whole = |guard: f64| (guard as u64).next_multiple_of(column.columns);
    let mut bands = Vec::new();
    let mut block = smooth_multiple(shortest, column.columns);
    let mut row = 0;
    let mut values = 0;
    let mut planners = Planners { real: RealFftPlanner::new(), complex: FftPlanner::new() };
    while row < frequencies.len() {
        let length = block / column.columns * column.samples;
        if length > LONGEST_BLOCK {
            return Err(too_long(length as f64));
        }
        // Guards start and end at whole samples; where that makes them long, blocks are longer.
        let fits =
            |guard: f64| 2.0 * guard <= LARGEST_GUARD * block as f64 && 4 * whole(guard) <= block;
        let end = row + guards[row..].iter().take_while(|guard| fits(**guard)).count();
        if end > row {
            let blocks = Blocks { columns: block, samples: length, guard: whole(guards[end - 1]) };
            for frequency in &frequencies[row..end] {
                let (first, last) = shape.bins(*frequency, params.sample_rate, length);
                values += (last - first + 1) as u64;
            }
            if values > MOST_FILTER_VALUES {
                let what = "the set of filters";
                return Err(Error::TooLong { what, length: values, limit: MOST_FILTER_VALUES });
            }
            let planner = Planner { params, wavelet, frequencies, shape: &shape, blocks: &blocks };
            bands.push(planner.band(row..end, &mut planners));
        }
        row = end;
        block *= BLOCK_GROWTH;
    }
    Ok(bands)
}

/// The wavelet's extent in frequency, relative to its peak, and its admissibility.
struct Shape {
    low: f64,
    high: f64,
    /// ∫ |ψ̂(w)/2|² dw/w.
    half_admissibility: f64,
}

impl Shape {
    fn of(wavelet: &Morse) -> Self {
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
    fn bins(&self, frequency: f64, sample_rate: f64, length: u64) -> (usize, usize) {
        let bins_per_peak = length as f64 * frequency / sample_rate;
        let nyquist = length as usize / 2;
        let first = ((self.low * bins_per_peak).ceil() as usize).clamp(1, nyquist.max(1));
        let last = ((self.high * bins_per_peak).floor() as usize).min(nyquist).max(first);
        (first, last)
    }
}

struct Planners {
    real: RealFftPlanner<f32>,
    complex: FftPlanner<f32>,
}

struct Blocks {
    columns: u64,
    samples: u64,
    guard: u64,
}

struct Planner<'a> {
    params: &'a LogSpectrogramParams,
    wavelet: &'a Morse,
    frequencies: &'a [f64],
    shape: &'a Shape,
    blocks: &'a Blocks,
}

impl Planner<'_> {
    fn band(&self, rows: std::ops::Range<usize>, planners: &mut Planners) -> Band {
        let blocks = self.blocks;
        let mut rates: Vec<Rate> = Vec::new();
        for row in rows {
            let nyquist = self.params.sample_rate / 2.0;
            let (low, high) = (self.shape.low, self.shape.high);
            let frequency = self.frequencies[row];
            let width = (high * frequency).min(nyquist) - low * frequency;
            let needed = (OVERSAMPLING * width / self.params.columns_per_second).ceil() as u64;
            let per_column = smooth(needed.max(LEAST_SAMPLES_PER_COLUMN)) as usize;
            if rates.last().is_none_or(|rate| rate.per_column != per_column) {
                let length = blocks.columns as usize * per_column;
                let inverse = planners.complex.plan_fft_inverse(length);
                let (shift, rows) = (Vec::new(), Vec::new());
                rates.push(Rate { per_column, inverse, first: 0, shift, rows });
            }
            if let Some(rate) = rates.last_mut() {
                rate.rows.push(self.row(row, rate.per_column));
            }
        }
        for rate in &mut rates {
            rate.first = rate.rows.iter().map(|row| row.first).min().unwrap_or(0);
            let end = rate.rows.iter().map(|row| row.first + row.filter.len()).max().unwrap_or(0);
            let advance = std::f64::consts::PI / (blocks.columns as f64 * rate.per_column as f64);
            rate.shift = (rate.first..end)
                .map(|bin| {
                    let (sin, cos) = (bin as f64 * advance).sin_cos();
                    Complex32::new(cos as f32, sin as f32)
                })
                .collect();
        }
        Band {
            block: blocks.samples as usize,
            guard: blocks.guard as i64,
            columns: (blocks.columns - 2 * blocks.guard) as i64,
            forward: planners.real.plan_fft_forward(blocks.samples as usize),
            rates,
        }
    }

    fn row(&self, row: usize, per_column: usize) -> Row {
        let (params, wavelet) = (self.params, self.wavelet);
        let frequency = self.frequencies[row];
        let samples = self.blocks.samples as f64;
        let (first, last) = self.shape.bins(frequency, params.sample_rate, self.blocks.samples);
        let bin_ratio = params.sample_rate / (samples * frequency);
        // Energy: half the squared modulus, per step of the logarithm of the scale, over the
        // admissibility integral of |ψ̂/2|², averaged over the samples of a column; and the FFT's
        // 1 / block.
        let step = (params.f_max / params.f_min).ln() / (params.rows - 1) as f64;
        let energy = 0.5 * step / self.shape.half_admissibility / per_column as f64;
        let gain = energy.sqrt() / samples;
        let filter: Vec<f32> = (first..=last)
            .map(|bin| {
                let value = gain * wavelet.spectrum(bin as f64 * bin_ratio * wavelet.peak());
                let half = 2 * bin as u64 == self.blocks.samples;
                (if half { value / 2.0 } else { value }) as f32
            })
            .collect();
        let centre = ((1.0 / bin_ratio).round() as usize).clamp(first, last);
        Row {
            row,
            first,
            centre: centre - first,
            filter,
            centre_ratio: (centre as f64 * bin_ratio) as f32,
            bin_ratio: bin_ratio as f32,
        }
    }
}

/// Seconds until a wavelet of this frequency has died away. Its envelope is close to a Gaussian of
/// deviation √(βγ)/(2πf) (Lilly and Olhede 2009).
fn guard_seconds(wavelet: &Morse, frequency: f64) -> f64 {
    let deviation = (wavelet.beta() * wavelet.gamma()).sqrt() / (std::f64::consts::TAU * frequency);
    deviation * (-2.0 * TIME_CUT.ln()).sqrt()
}

/// The smallest number from `least` on that has only the factors 2, 3, 5 and 7.
fn smooth(least: u64) -> u64 {
    let is_smooth = |mut n: u64| {
        for p in [2u64, 3, 5, 7] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    (least.max(1)..).find(|n| is_smooth(*n)).unwrap_or(least)
}

/// The smallest multiple of `unit` by 2^a or 3·2^a that is at least `least`.
fn smooth_multiple(least: f64, unit: u64) -> u64 {
    let mut candidate = unit;
    while (candidate as f64) < least {
        candidate = if (candidate / unit).is_power_of_two() && candidate > unit {
            candidate / 2 * 3
        } else if candidate == unit {
            2 * unit
        } else {
            candidate / 3 * 4
        };
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_lengths_grow_by_halves_and_thirds() {
        assert_eq!(smooth_multiple(128.0, 2), 128);
        assert_eq!(smooth_multiple(129.0, 2), 192);
        assert_eq!(smooth_multiple(129.0, 1), 192);
        assert_eq!(smooth_multiple(10.0, 200), 200);
        assert_eq!(smooth(47), 48);
        assert_eq!(smooth(11), 12);
    }

    #[test]
    fn the_band_of_the_default_wavelet_is_as_wide_as_known() {
        let Shape { low, high, .. } = Shape::of(&Morse::default());
        assert!((high - low - 0.634).abs() < 0.008, "{low} {high}");
    }
}
