//! What a spectrogram image looks like.

use std::sync::Arc;

use crate::Error;
use crate::wavelet::{self, Morse, Wavelet};

/// What [`LogSpectrogram`](super::LogSpectrogram) computes.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogSpectrogramParams {
    /// Sampling rate of the input, Hz. With `columns_per_second` it must form a fraction with a
    /// denominator of at most 1,000 (44,100 / 200 = 441 / 2), as all whole rates do.
    pub sampling_rate: f64,
    /// Number of rows, at least 2, at most 4,096.
    pub rows: usize,
    /// Frequency of the last row, Hz.
    pub f_min: f64,
    /// Frequency of the first row, Hz; at most half the sampling rate.
    pub f_max: f64,
    /// Columns a second.
    pub columns_per_second: f64,
    /// The wavelet.
    #[cfg_attr(feature = "serde", serde(with = "crate::wavelet::stored", default = "morse"))]
    pub wavelet: Arc<dyn Wavelet>,
    /// How long columns may take to come out.
    #[cfg_attr(feature = "serde", serde(default))]
    pub latency: Latency,
}

/// How long after its last sample a column of a stream comes out, and what that costs.
///
/// A column is exact once all samples are known that its longest wavelet sees, to 1e-5 of its
/// modulus: for the Morse wavelet (3, 60) about 0.34 s after its time at 30 Hz. Blocks, which make
/// the transform fast, add to that.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Latency {
    /// The fastest transform: blocks several times as long as the longest wavelet.
    #[default]
    Unlimited,
    /// At most this long, in seconds. Down to about twice the reach of the longest wavelet only
    /// speed is lost; below that the lowest rows see less than their wavelets do, and get less
    /// accurate.
    Seconds(f64),
}

impl Latency {
    /// For people who watch while they listen: 0.25 s, of which a sixth is the length of a block,
    /// so that columns come out about every 40 ms.
    #[must_use]
    pub fn live() -> Self {
        Self::Seconds(0.25)
    }
}

#[cfg(feature = "serde")]
fn morse() -> Arc<dyn Wavelet> {
    Arc::new(Morse::default())
}

impl Default for LogSpectrogramParams {
    /// 44.1 kHz, 256 rows from 12 kHz down to 30 Hz, 200 columns a second, Morse(3, 60).
    fn default() -> Self {
        Self {
            sampling_rate: 44_100.0,
            rows: 256,
            f_min: 30.0,
            f_max: 12_000.0,
            columns_per_second: 200.0,
            wavelet: Arc::new(Morse::default()),
            latency: Latency::default(),
        }
    }
}

impl LogSpectrogramParams {
    pub(super) fn check(&self) -> Result<(), Error> {
        let positive = |name, value: f64| {
            if value.is_finite() && value > 0.0 {
                Ok(())
            } else {
                Err(Error::parameter(name, value, "a positive number"))
            }
        };
        positive("sampling_rate", self.sampling_rate)?;
        positive("columns_per_second", self.columns_per_second)?;
        if let Latency::Seconds(seconds) = self.latency {
            positive("latency", seconds)?;
        }
        if !(2..=4096).contains(&self.rows) {
            let value = self.rows as f64;
            return Err(Error::parameter("rows", value, "2 to 4096"));
        }
        let nyquist = self.sampling_rate / 2.0;
        let (low, high) = (self.f_min, self.f_max);
        if !(low > 0.0 && low < high && high <= nyquist) {
            return Err(Error::FrequencyRange { low, high, nyquist });
        }
        if self.columns_per_second > self.sampling_rate {
            return Err(Error::parameter(
                "columns_per_second",
                self.columns_per_second,
                "at most the sampling rate",
            ));
        }
        wavelet::check(self.wavelet.as_ref())
    }

    /// Frequencies of the rows, Hz, from `f_max` down to `f_min`, equally spaced in their logarithm.
    pub(super) fn frequencies(&self) -> Vec<f64> {
        let last = (self.rows - 1) as f64;
        let ratio = self.f_min / self.f_max;
        (0..self.rows).map(|row| self.f_max * ratio.powf(row as f64 / last)).collect()
    }

    /// The step of ln f from row to row.
    pub(super) fn log_step(&self) -> f64 {
        (self.f_max / self.f_min).ln() / (self.rows - 1) as f64
    }
}

/// Samples per column as a fraction `samples / columns` in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ColumnLength {
    pub samples: u64,
    pub columns: u64,
}

impl ColumnLength {
    const MAX_DENOMINATOR: u64 = 1000;

    pub fn new(sampling_rate: f64, columns_per_second: f64) -> Result<Self, Error> {
        let ratio = sampling_rate / columns_per_second;
        (1..=Self::MAX_DENOMINATOR)
            .map(|columns| (columns, ratio * columns as f64))
            .find(|(_, samples)| (samples - samples.round()).abs() <= 1e-12 * samples)
            .filter(|(_, samples)| *samples < 1e9)
            .map(|(columns, samples)| Self { samples: samples.round() as u64, columns })
            .ok_or(Error::ColumnRate {
                sampling_rate,
                columns_per_second,
                max_denominator: Self::MAX_DENOMINATOR,
            })
    }

    /// Columns that `samples` samples fill, the last one perhaps in part.
    pub fn count(self, samples: u64) -> u64 {
        (samples * self.columns).div_ceil(self.samples)
    }

    /// The sample at which a column starts; exact for multiples of `columns`.
    pub fn start(self, column: i64) -> i64 {
        column * self.samples as i64 / self.columns as i64
    }

    /// Samples in a column.
    pub fn length(self) -> f64 {
        self.samples as f64 / self.columns as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_rates_are_small_fractions() {
        for (rate, samples, columns) in
            [(44_100.0, 441, 2), (48_000.0, 240, 1), (22_050.0, 441, 4), (44_101.0, 44_101, 200)]
        {
            let length = ColumnLength::new(rate, 200.0);
            assert_eq!(length, Ok(ColumnLength { samples, columns }), "{rate}");
        }
        assert!(ColumnLength::new(44_100.0 * std::f64::consts::SQRT_2, 200.0).is_err());
    }

    #[test]
    fn each_bad_parameter_is_named() {
        let good = LogSpectrogramParams::default();
        assert_eq!(good.check(), Ok(()));
        let bad = [
            LogSpectrogramParams { sampling_rate: 0.0, ..good.clone() },
            LogSpectrogramParams { sampling_rate: f64::NAN, ..good.clone() },
            LogSpectrogramParams { rows: 1, ..good.clone() },
            LogSpectrogramParams { f_min: 0.0, ..good.clone() },
            LogSpectrogramParams { f_min: f64::NAN, ..good.clone() },
            LogSpectrogramParams { f_max: 22_051.0, ..good.clone() },
            LogSpectrogramParams { f_min: 13_000.0, ..good.clone() },
            LogSpectrogramParams { columns_per_second: -1.0, ..good.clone() },
            LogSpectrogramParams { columns_per_second: 1e6, ..good.clone() },
            LogSpectrogramParams { latency: Latency::Seconds(0.0), ..good.clone() },
        ];
        for params in bad {
            assert!(params.check().is_err(), "{params:?}");
        }
    }
}
