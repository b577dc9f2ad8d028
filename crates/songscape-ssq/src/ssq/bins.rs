//! Frequency bins: the rows of a squeezed transform.

use multiversion::multiversion;

use crate::Error;
use crate::real::Real;
use crate::scales::{self, ScaleSpec};
use crate::wavelet::Wavelet;
use crate::{CwtPlan, Spacing};

/// Which frequencies a squeezed transform has.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum FrequencySpec {
    /// As many as there are scales, equally spaced in their logarithm between the peak frequencies
    /// of the largest and the smallest scale on the bins of the padded spectrum; in two parts
    /// where the scales are piecewise. With [`ScaleSpec::Range`], the range itself.
    #[default]
    Peak,
    /// As many as there are scales, from one cycle in the signal to half the sampling rate.
    Maximal,
    /// As many as there are scales, between two frequencies in Hz.
    Range(f64, f64),
    /// These frequencies, Hz, any number, ascending. A coefficient goes to the nearest in the
    /// logarithm.
    Explicit(Vec<f64>),
}

/// Frequency bins, and the rule that puts a frequency into one.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    /// Ascending, Hz.
    ascending: Vec<f64>,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    /// log2 of the first, and the step.
    Log { first: f64, step: f64 },
    /// The same below and above a bin.
    Piecewise { first: f64, step: f64, middle_bin: usize, middle: f64, upper_step: f64 },
    /// The first, Hz, and the step.
    Linear { first: f64, step: f64 },
    /// log2 of the boundaries between bins.
    Search { boundaries: Vec<f64> },
}

impl Bins {
    /// `rows` bins from `high` down to `low` Hz, equally spaced in their logarithm.
    ///
    /// # Errors
    /// [`Error::FrequencyRange`] unless 0 < low < high, [`Error::Parameter`] for less than 2 rows.
    pub fn log(low: f64, high: f64, rows: usize) -> Result<Self, Error> {
        if !(low > 0.0 && low < high && high.is_finite()) {
            return Err(Error::FrequencyRange { low, high, nyquist: f64::MAX });
        }
        check_rows(rows)?;
        let last = (rows - 1) as f64;
        let ascending = (0..rows).map(|i| low * (high / low).powf(i as f64 / last)).collect();
        Ok(Self::equal(ascending))
    }

    /// `rows` bins from `high` down to `low` Hz in equal steps; a coefficient goes to the nearest.
    /// `low` may be 0.
    ///
    /// # Errors
    /// [`Error::FrequencyRange`] unless 0 <= low < high, [`Error::Parameter`] for less than 2 rows.
    pub fn linear(low: f64, high: f64, rows: usize) -> Result<Self, Error> {
        if !(low >= 0.0 && low < high && high.is_finite()) {
            return Err(Error::FrequencyRange { low, high, nyquist: f64::MAX });
        }
        check_rows(rows)?;
        let step = (high - low) / (rows - 1) as f64;
        let ascending = (0..rows).map(|i| low + step * i as f64).collect();
        Ok(Self { ascending, rule: Rule::Linear { first: low, step } })
    }

    /// Bins at any frequencies, Hz, ascending; a coefficient goes to the nearest in the logarithm.
    ///
    /// # Errors
    /// [`Error::Order`] unless they are positive and rise, [`Error::TooShort`] for an empty list.
    pub fn explicit(ascending: Vec<f64>) -> Result<Self, Error> {
        scales::check_ascending("frequency", &ascending)?;
        let boundaries = ascending.windows(2).map(|pair| 0.5 * (pair[0].log2() + pair[1].log2()));
        let boundaries = boundaries.collect();
        Ok(Self { ascending, rule: Rule::Search { boundaries } })
    }

    /// The bins of a specification for a plan.
    ///
    /// # Errors
    /// As [`Bins::log`] and [`Bins::explicit`].
    pub fn new<T: Real>(spec: &FrequencySpec, plan: &CwtPlan<T>) -> Result<Self, Error> {
        let rows = plan.rows();
        let rate = plan.params().sampling_rate;
        match (spec, &plan.params().scales) {
            (FrequencySpec::Explicit(frequencies), _) => Self::explicit(frequencies.clone()),
            (FrequencySpec::Range(low, high), _) => Self::log(*low, *high, rows),
            (FrequencySpec::Maximal, _) => {
                Self::log(rate / plan.samples() as f64, rate / 2.0, rows)
            }
            (FrequencySpec::Peak, ScaleSpec::Range { low, high, .. }) => {
                Self::log(*low, *high, rows)
            }
            (FrequencySpec::Peak, _) => Self::peak(plan),
        }
    }

    fn peak<T: Real>(plan: &CwtPlan<T>) -> Result<Self, Error> {
        let wavelet = plan.params().wavelet.as_ref();
        let scales = plan.scales();
        let values = scales.values();
        let frequency = |scale: f64| {
            peak_bin(wavelet, scale, plan.padded_length()) as f64 * plan.params().sampling_rate
                / plan.padded_length() as f64
        };
        let (Some(smallest), Some(largest)) = (values.first(), values.last()) else {
            return Err(Error::TooShort { what: "the list of scales", given: 0, least: 1 });
        };
        let (low, high) = (frequency(*largest), frequency(*smallest));
        let Some(transition) = scales.transition() else {
            return if values.len() == 1 {
                Self::explicit(vec![high])
            } else if scales.spacing() == Spacing::Linear {
                let last = (values.len() - 1) as f64;
                let step = (high - low) / last;
                Self::explicit((0..values.len()).map(|i| low + step * i as f64).collect())
            } else {
                Self::log(low, high, values.len())
            };
        };
        // Coarse bins 0 .. below, fine ones from there on.
        let middle = frequency(values[transition]);
        let below = values.len() - transition - 1;
        if below == 0 || !(low < middle && middle < high) {
            return Self::log(low, high, values.len());
        }
        let lower = (0..below).map(|i| low * (middle / low).powf(i as f64 / below as f64));
        let upper =
            (0..=transition).map(|i| middle * (high / middle).powf(i as f64 / transition as f64));
        let ascending: Vec<f64> = lower.chain(upper).collect();
        let log = |i: usize| ascending[i].log2();
        let rule = Rule::Piecewise {
            first: log(0),
            step: (log(1) - log(0)).max(f64::EPSILON),
            middle_bin: below,
            middle: log(below),
            upper_step: log(below + 1) - log(below),
        };
        Ok(Self { ascending, rule })
    }

    fn equal(ascending: Vec<f64>) -> Self {
        let first = ascending[0].log2();
        let step = ascending[1].log2() - first;
        Self { ascending, rule: Rule::Log { first, step } }
    }

    /// Number of bins.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ascending.len()
    }

    /// Whether there are none (there always is one).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ascending.is_empty()
    }

    /// The frequencies of the rows, Hz, descending: row 0 is the highest.
    #[must_use]
    pub fn frequencies(&self) -> Vec<f64> {
        self.ascending.iter().rev().copied().collect()
    }

    /// The row of a frequency in Hz: the nearest (in the logarithm unless the bins are linear), the
    /// outermost beyond the ends.
    #[must_use]
    pub fn row<T: Real>(&self, frequency: T) -> usize {
        self.row_of_log(frequency.log2().wide())
    }

    /// The rows of frequencies whose log2 is known.
    pub(super) fn rows_of_logs<T: Real>(&self, logs: &[T], rows: &mut [u32]) {
        match self.rule {
            Rule::Log { first, step } => {
                let last = (self.ascending.len() - 1) as f64;
                rows_on_log_axis(logs, T::of(first), T::of(step.recip()), T::of(last), rows);
            }
            _ => {
                for (row, log) in rows.iter_mut().zip(logs) {
                    *row = self.row_of_log(log.wide()) as u32;
                }
            }
        }
    }

    fn row_of_log(&self, log: f64) -> usize {
        let last = self.ascending.len() - 1;
        // Ties go to the even bin; conversions saturate, and NaN becomes bin 0.
        let nearest =
            |value: f64, first: f64, step: f64| ((value - first) / step).round_ties_even() as usize;
        let bin = match &self.rule {
            Rule::Linear { first, step } => nearest(log.exp2(), *first, *step),
            Rule::Log { first, step } => nearest(log, *first, *step),
            Rule::Piecewise { first, step, middle_bin, middle, upper_step } => {
                if log > *middle {
                    nearest(log, *middle, *upper_step) + middle_bin
                } else {
                    nearest(log, *first, *step)
                }
            }
            Rule::Search { boundaries } => boundaries.partition_point(|b| *b < log),
        };
        last - bin.min(last)
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
fn rows_on_log_axis<T: Real>(logs: &[T], first: T, per_octave: T, last: T, rows: &mut [u32]) {
    let last_row = last.nearest();
    for (row, log) in rows.iter_mut().zip(logs) {
        let bin = ((*log - first) * per_octave).max(T::zero()).min(last);
        *row = last_row - bin.nearest();
    }
}

/// More bins than this are refused.
const MOST_BINS: usize = 1 << 24;

fn check_rows(rows: usize) -> Result<(), Error> {
    if (2..=MOST_BINS).contains(&rows) {
        return Ok(());
    }
    Err(Error::Parameter { name: "rows", value: rows as f64, expected: "2 to 2^24" })
}

/// The bin of a spectrum of `length` bins where the wavelet at this scale is largest.
fn peak_bin(wavelet: &dyn Wavelet, scale: f64, length: usize) -> usize {
    let nyquist = length / 2;
    let bin = std::f64::consts::TAU / length as f64;
    let height = |k: usize| wavelet.spectrum(scale * (k as f64 * bin)).powi(2);
    let near = (wavelet.peak() / (scale * bin)).floor() as usize;
    let candidates = near.saturating_sub(1).min(nyquist)..=near.saturating_add(2).min(nyquist);
    candidates.fold(nyquist.min(near), |best, k| if height(k) > height(best) { k } else { best })
}
