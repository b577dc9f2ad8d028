//! Spectrogram images: the energy of the synchrosqueezed transform, pooled into a few columns a
//! second, as a stream.
//!
//! # What is computed
//! The wavelet coefficients W of the signal at as many scales as there are rows; for each of them
//! the instantaneous frequency ω = Im(∂W·W*)/(2π|W|²) (Daubechies, Lu, Wu 2011); and |W|² summed
//! over the time of each column into the rows where ω falls, split linearly between the two
//! nearest ones. What falls outside the frequency range counts to the first or the last row.
//!
//! # Units
//! A column sums up to the mean power of the signal in the frequency range: a sine of amplitude A
//! gives A²/2, so `10 * log10(2 * energy)` is its level in dB relative to a full-scale sine.
//! (By Calderón's formula the squared moduli, integrated over the logarithm of the scale, are the
//! power times ∫|ψ̂(w)|²dw/w.) Within 0.3 of a frequency's distance from either end of the range
//! part of the wavelets that see it are missing, and its energy is lower, by half at the very end.
//!
//! # How
//! No coefficient is computed at the sampling rate. A wavelet's band is narrow, so the inverse FFT
//! of the block's spectrum over only that band, moved to bin 0, gives exact samples of W (up to a
//! phase that cancels) at the rate that the band needs. Blocks overlap by the length of their
//! longest wavelet, and rows of high frequencies are computed in short blocks, those of low
//! frequencies in long ones. Memory is bounded by the longest block.

mod assign;
mod band;
mod blocks;
mod params;
mod stream;
mod taps;
mod tile;
mod whole;

use std::sync::Arc;

use crate::Error;
use band::Band;
use params::ColumnLength;
use stream::Spare;

pub use params::{Latency, LogSpectrogramParams};
pub use stream::LogSpectrogramStream;

/// The plan of a spectrogram image: all set-up, done once, shared by any number of streams.
///
/// ```
/// use songscape_ssq::{LogSpectrogram, LogSpectrogramParams};
///
/// let plan = LogSpectrogram::new(&LogSpectrogramParams::default())?;
/// let tone: Vec<f32> = (0..44_100).map(|n| (n as f32 * 440.0 / 44_100.0 * std::f32::consts::TAU).sin()).collect();
///
/// let mut columns = Vec::new();
/// let mut stream = plan.stream();
/// for block in tone.chunks(4096) {
///     stream.push(block, &mut |column| columns.push(column.to_vec()))?;
/// }
/// stream.finish(&mut |column| columns.push(column.to_vec()))?;
///
/// assert_eq!(columns.len(), 200);
/// let loudest = (0..plan.rows()).max_by(|&a, &b| columns[100][a].total_cmp(&columns[100][b]));
/// let frequency = plan.frequencies()[loudest.unwrap()];
/// assert!((frequency / 440.0 - 1.0).abs() < 0.012); // rows are 2.4 % apart
/// # Ok::<(), songscape_ssq::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LogSpectrogram {
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    params: LogSpectrogramParams,
    frequencies: Vec<f64>,
    column: ColumnLength,
    bands: Vec<Band>,
    memory: Spare,
}

impl LogSpectrogram {
    /// Plans the transform.
    ///
    /// # Errors
    /// [`Error::Parameter`], [`Error::FrequencyRange`] or [`Error::ColumnRate`] where a parameter
    /// is out of its range, [`Error::Wavelet`] for an unusable wavelet, [`Error::TooLong`] where the
    /// lowest frequency asks for too long blocks.
    pub fn new(params: &LogSpectrogramParams) -> Result<Self, Error> {
        params.check()?;
        let column = ColumnLength::new(params.sampling_rate, params.columns_per_second)?;
        let frequencies = params.frequencies();
        let bands = {
            let blocks = blocks::plan(params, &frequencies, column)?;
            band::plan_bands(params, &frequencies, column, &blocks)?
        };
        let params = params.clone();
        Ok(Self {
            plan: Arc::new(Plan { params, frequencies, column, bands, memory: Spare::default() }),
        })
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &LogSpectrogramParams {
        &self.plan.params
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.plan.frequencies.len()
    }

    /// Frequencies of the rows, Hz, descending: row 0 is the highest.
    #[must_use]
    pub fn frequencies(&self) -> &[f64] {
        &self.plan.frequencies
    }

    /// Number of columns of a signal of `samples` samples: ⌈samples · columns a second / sampling
    /// rate⌉. Column c covers the time from c to c + 1 columns; the last one may reach past the
    /// end, where the signal counts as silent.
    #[must_use]
    pub fn columns(&self, samples: u64) -> u64 {
        self.plan.column.count(samples)
    }

    /// How long after its begin a column comes out of a stream, at most, in seconds of the signal:
    /// 4.8 s with the default parameters, where only speed counts; see
    /// [`LogSpectrogramParams::latency`].
    #[must_use]
    pub fn latency(&self) -> f64 {
        let blocks = self.plan.bands.iter().map(|band| band.columns + band.guard);
        blocks.max().unwrap_or(0) as f64 / self.plan.params.columns_per_second
    }

    /// How many columns come out of a stream at a time, at most.
    #[must_use]
    pub fn columns_at_a_time(&self) -> usize {
        self.plan.bands.iter().map(|band| band.columns as usize).max().unwrap_or(0)
    }

    /// Starts a signal.
    #[must_use]
    pub fn stream(&self) -> LogSpectrogramStream {
        LogSpectrogramStream::new(Arc::clone(&self.plan))
    }
}
