//! Scales: which wavelets a transform consists of.

mod bounds;
mod redundancy;
mod spec;
mod variable;

use crate::wavelet::{self, Wavelet};
use crate::{Error, pad};

pub use bounds::Bounds;
pub use spec::{ScaleSpec, Spacing};
pub use variable::Variable;

/// Scales in samples, ascending: row 0 of a transform is the first, the highest frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct Scales {
    values: Vec<f64>,
    log_steps: Vec<f64>,
    spacing: Spacing,
    transition: Option<usize>,
}

/// More scales than this are refused.
const MOST_SCALES: u64 = 1 << 20;

impl Scales {
    /// The scales of a specification.
    ///
    /// `samples` is the length of the signal; `sampling_rate` in Hz is used by
    /// [`ScaleSpec::Range`] alone. `voices`, the number of scales in an octave, need not be whole;
    /// it is used by the logarithmic spacings.
    ///
    /// # Errors
    /// [`Error::Parameter`], [`Error::FrequencyRange`] or [`Error::Order`] for values out of range,
    /// [`Error::Scales`] where the signal is too short for the wavelet, [`Error::TooLong`] where
    /// there would be more than 2^20 scales or the signal is longer than 2^31,
    /// [`Error::TooShort`] where it is empty, [`Error::Wavelet`] for an unusable wavelet.
    pub fn new(
        spec: &ScaleSpec,
        voices: f64,
        wavelet: &dyn Wavelet,
        samples: usize,
        sampling_rate: f64,
    ) -> Result<Self, Error> {
        check_samples(samples)?;
        wavelet::check(wavelet)?;
        match spec {
            ScaleSpec::Spaced { spacing, bounds } => {
                if !(voices.is_finite() && voices > 0.0) {
                    let expected = "a positive number";
                    return Err(Error::parameter("voices", voices, expected));
                }
                let padded = pad::padded_length(samples);
                let (low, high) = bounds.find(wavelet, samples, padded)?;
                Self::spaced(*spacing, voices, wavelet, low, high)
            }
            ScaleSpec::Range { low, high, rows } => {
                Self::range(*low, *high, *rows, wavelet, sampling_rate)
            }
            ScaleSpec::Explicit(values) => Self::explicit(values.clone(), None),
            ScaleSpec::ExplicitIn(variable, values) => {
                Self::explicit(values.clone(), Some(*variable))
            }
        }
    }

    fn spaced(
        spacing: Spacing,
        voices: f64,
        wavelet: &dyn Wavelet,
        low: f64,
        high: f64,
    ) -> Result<Self, Error> {
        let count = (voices * (high / low).log2()).ceil().max(1.0);
        let first = (voices * low.log2()).floor();
        let length = if spacing == Spacing::Linear { (high / low).ceil() } else { count };
        if length > MOST_SCALES as f64 {
            let what = "the list of scales";
            return Err(Error::TooLong {
                what,
                length: length as u64,
                unit: "scales",
                limit: MOST_SCALES,
            });
        }
        let power = |i: usize| ((first + i as f64) / voices).exp2();
        let step = std::f64::consts::LN_2 / voices;
        // Of linear spacings the voices count for the ends alone.
        let logarithmic = if spacing == Spacing::Linear { 0 } else { count as usize };
        let values: Vec<f64> = (0..logarithmic).map(power).collect();
        match spacing {
            Spacing::Log => {
                let log_steps = vec![step; values.len()];
                Ok(Self { values, log_steps, spacing, transition: None })
            }
            Spacing::LogPiecewise => {
                let Some(cut) = redundancy::transition(wavelet, &values) else {
                    let log_steps = vec![step; values.len()];
                    return Ok(Self { values, log_steps, spacing, transition: None });
                };
                let coarse = values[cut + 3..].iter().copied().step_by(4);
                let kept: Vec<f64> = values[..cut].iter().copied().chain(coarse).collect();
                let fine = (0..kept.len()).map(|i| if i < cut { step } else { 4.0 * step });
                let transition = (cut < kept.len()).then_some(cut);
                Ok(Self { log_steps: fine.collect(), values: kept, spacing, transition })
            }
            Spacing::Linear => {
                let (low, high) = (power(0), power(count as usize));
                let rows = (length as usize).max(2);
                let step = (high - low) / (rows - 1) as f64;
                let values = (0..rows).map(|i| low + step * i as f64).collect();
                Self::explicit(values, Some(Variable::Scale))
            }
        }
    }

    fn range(
        low: f64,
        high: f64,
        rows: usize,
        wavelet: &dyn Wavelet,
        sampling_rate: f64,
    ) -> Result<Self, Error> {
        let nyquist = sampling_rate / 2.0;
        if !(low > 0.0 && low < high && high <= nyquist) {
            return Err(Error::FrequencyRange { low, high, nyquist });
        }
        if !(2..=MOST_SCALES as usize).contains(&rows) {
            let value = rows as f64;
            return Err(Error::parameter("rows", value, "2 to 2^20"));
        }
        let last = (rows - 1) as f64;
        let at_one_hertz = wavelet.peak() * sampling_rate / std::f64::consts::TAU;
        let frequency = |row: usize| high * (low / high).powf(row as f64 / last);
        Ok(Self {
            values: (0..rows).map(|row| at_one_hertz / frequency(row)).collect(),
            log_steps: vec![(high / low).ln() / last; rows],
            spacing: Spacing::Log,
            transition: None,
        })
    }

    fn explicit(values: Vec<f64>, variable: Option<Variable>) -> Result<Self, Error> {
        check_ascending("scale", &values)?;
        let variable = variable.unwrap_or_else(|| Variable::of(&values));
        let spacing = match variable {
            Variable::Scale => Spacing::Linear,
            Variable::Logarithm | Variable::Frequency => Spacing::Log,
        };
        Ok(Self { log_steps: variable.log_steps(&values), values, spacing, transition: None })
    }

    /// The scales, in samples.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// For each scale the step Δ ln(scale) that it stands for in an integral over the scales: ln 2
    /// over the voices on logarithmic scales, Δs/s on linear ones; see [`Variable`].
    #[must_use]
    pub fn log_steps(&self) -> &[f64] {
        &self.log_steps
    }

    /// How they are spaced.
    #[must_use]
    pub fn spacing(&self) -> Spacing {
        self.spacing
    }

    /// Where a piecewise spacing gets coarse: the index of the first scale of the coarse part.
    #[must_use]
    pub fn transition(&self) -> Option<usize> {
        self.transition
    }

    /// The frequencies that the wavelets see best, Hz, descending.
    #[must_use]
    pub fn frequencies(&self, wavelet: &dyn Wavelet, sampling_rate: f64) -> Vec<f64> {
        let at_one = wavelet.peak() * sampling_rate / std::f64::consts::TAU;
        self.values.iter().map(|scale| at_one / scale).collect()
    }
}

/// The frequency that a wavelet sees best at a scale in samples, Hz: peak·f_s/(2π·scale).
#[must_use]
pub fn frequency_of_scale(wavelet: &dyn Wavelet, scale: f64, sampling_rate: f64) -> f64 {
    wavelet.peak() * sampling_rate / (std::f64::consts::TAU * scale)
}

/// The scale, in samples, at which a wavelet sees a frequency in Hz best: peak·f_s/(2π·frequency).
#[must_use]
pub fn scale_of_frequency(wavelet: &dyn Wavelet, frequency: f64, sampling_rate: f64) -> f64 {
    // The same formula: each is the inverse of the other.
    frequency_of_scale(wavelet, frequency, sampling_rate)
}

/// Longest signal, in samples: its padded form is a power of two of at most 2^32.
const MOST_SAMPLES: u64 = 1 << 31;

/// Refuses empty signals and such that no memory could hold.
pub(crate) fn check_samples(samples: usize) -> Result<(), Error> {
    if samples == 0 {
        return Err(Error::TooShort { what: "the signal", given: 0, least: 1 });
    }
    if samples as u64 > MOST_SAMPLES {
        let length = samples as u64;
        return Err(Error::TooLong {
            what: "the signal",
            length,
            unit: "samples",
            limit: MOST_SAMPLES,
        });
    }
    Ok(())
}

/// Refuses lists that are empty, hold something else than positive numbers, or do not rise.
pub(crate) fn check_ascending(what: &'static str, values: &[f64]) -> Result<(), Error> {
    if values.is_empty() {
        return Err(Error::TooShort {
            what: "a list of scales or frequencies",
            given: 0,
            least: 1,
        });
    }
    let positive = |value: f64| value.is_finite() && value > 0.0;
    let bad =
        (0..values.len()).find(|&i| !positive(values[i]) || (i > 0 && values[i] <= values[i - 1]));
    match bad {
        Some(index) => Err(Error::Order { what, index, value: values[index], order: "ascending" }),
        None => Ok(()),
    }
}
