//! Frequency bins: the rows of a squeezed transform.

use multiversion::multiversion;

use crate::Error;
use crate::real::Real;
use crate::scales::{self, ScaleSpec};
use crate::wavelet::Wavelet;
use crate::{CwtPlan, Spacing};

/// Which frequencies a squeezed transform has.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum FrequencySpec {
    /// As many as there are scales, equally spaced in their logarithm between the peak frequencies
    /// of the largest and the smallest scale on the bins of the padded spectrum; in two parts
    /// where the scales are piecewise. With [`ScaleSpec::Range`], the range itself.
    #[default]
    Peak,
    /// As many as there are scales, from one cycle in the signal to half the sampling rate.
    Maximal,
    /// As many as there are scales, between two frequencies in Hz, equally spaced in their
    /// logarithm.
    Range(f64, f64),
    /// From `low` to `high` Hz in equal steps; `low` may be 0.
    Linear {
        /// Lowest frequency, Hz.
        low: f64,
        /// Highest frequency, Hz.
        high: f64,
        /// Number of bins, at least 2.
        rows: usize,
    },
    /// These frequencies, Hz, any number, ascending. A coefficient goes to the nearest in the
    /// logarithm.
    Explicit(Vec<f64>),
}

/// What becomes of a coefficient whose frequency lies outside all bins: more than half a bin below
/// the lowest or above the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Outside {
    /// It is left out: the bins hold what lies in them, and the inverse is the part of the signal
    /// within their range.
    Drop,
    /// It goes to the outermost bin: no coefficient is lost, and the inverse is the whole signal,
    /// but the outermost bins hold what does not belong there.
    Clamp,
}

/// Frequency bins, and the rule that puts a frequency into one.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bins {
    /// Ascending, Hz.
    ascending: Vec<f64>,
    rule: Rule,
    outside: Outside,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Rule {
    /// log2 of the first, and the step.
    Log { first: f64, step: f64 },
    /// The same below and above a bin.
    Piecewise { first: f64, step: f64, middle_bin: usize, middle: f64, upper_step: f64 },
    /// The first, Hz, and the step.
    Linear { first: f64, step: f64 },
    /// log2 of the boundaries between bins, with the outer ones of the first and the last.
    Search { boundaries: Vec<f64> },
}

impl Bins {
    /// `rows` bins from `high` down to `low` Hz, equally spaced in their logarithm. What lies outside
    /// is dropped; see [`Bins::with_outside`].
    ///
    /// # Errors
    /// [`Error::EmptyRange`] unless 0 < low < high, [`Error::Parameter`] for less than 2 rows.
    pub fn log(low: f64, high: f64, rows: usize) -> Result<Self, Error> {
        if !(low > 0.0 && low < high && high.is_finite()) {
            return Err(Error::EmptyRange { low, high });
        }
        check_rows(rows)?;
        let last = (rows - 1) as f64;
        let ascending = (0..rows).map(|i| low * (high / low).powf(i as f64 / last)).collect();
        Ok(Self::equal(ascending))
    }

    /// `rows` bins from `high` down to `low` Hz in equal steps; a coefficient goes to the nearest.
    /// `low` may be 0. What lies outside is dropped.
    ///
    /// # Errors
    /// [`Error::EmptyRange`] unless 0 <= low < high, [`Error::Parameter`] for less than 2 rows.
    pub fn linear(low: f64, high: f64, rows: usize) -> Result<Self, Error> {
        if !(low >= 0.0 && low < high && high.is_finite()) {
            return Err(Error::EmptyRange { low, high });
        }
        check_rows(rows)?;
        let step = (high - low) / (rows - 1) as f64;
        let ascending = (0..rows).map(|i| low + step * i as f64).collect();
        let rule = Rule::Linear { first: low, step };
        Ok(Self { ascending, rule, outside: Outside::Drop })
    }

    /// Bins at any frequencies, Hz, ascending; a coefficient goes to the nearest in the logarithm.
    /// The first and the last reach as far out as in; a single one has no ends and takes all. What
    /// lies outside is dropped.
    ///
    /// # Errors
    /// [`Error::Order`] unless they are positive and rise, [`Error::TooShort`] for an empty list.
    pub fn explicit(ascending: Vec<f64>) -> Result<Self, Error> {
        scales::check_ascending("frequency", &ascending)?;
        let logs: Vec<f64> = ascending.iter().map(|f| f.log2()).collect();
        let between: Vec<f64> = logs.windows(2).map(|pair| pair[0].midpoint(pair[1])).collect();
        let boundaries = match (between.first(), between.last(), logs.first(), logs.last()) {
            (Some(low), Some(high), Some(first), Some(last)) => {
                let (low, high) = (2.0 * first - low, 2.0 * last - high);
                [vec![low], between, vec![high]].concat()
            }
            _ => vec![f64::NEG_INFINITY, f64::INFINITY],
        };
        Ok(Self { ascending, rule: Rule::Search { boundaries }, outside: Outside::Drop })
    }

    /// The same bins with another rule for what lies outside them.
    #[must_use]
    pub fn with_outside(self, outside: Outside) -> Self {
        Self { outside, ..self }
    }

    /// What becomes of coefficients outside the bins.
    #[must_use]
    pub fn outside(&self) -> Outside {
        self.outside
    }

    /// The bins of a specification for a plan.
    ///
    /// Ranges and lists of the caller drop what lies outside them; [`FrequencySpec::Peak`] with
    /// scales that follow from the length of the signal, and [`FrequencySpec::Maximal`], clamp, so
    /// that nothing is lost.
    ///
    /// # Errors
    /// As [`Bins::log`], [`Bins::linear`] and [`Bins::explicit`]; [`Error::FrequencyRange`] for
    /// frequencies above half the sampling rate.
    pub fn new<T: Real>(spec: &FrequencySpec, plan: &CwtPlan<T>) -> Result<Self, Error> {
        let rows = plan.rows();
        let rate = plan.params().sampling_rate;
        let bins = match (spec, &plan.params().scales) {
            (FrequencySpec::Explicit(frequencies), _) => Self::explicit(frequencies.clone())?,
            (FrequencySpec::Range(low, high), _) => Self::log(*low, *high, rows)?,
            (FrequencySpec::Linear { low, high, rows }, _) => Self::linear(*low, *high, *rows)?,
            (FrequencySpec::Maximal, _) => {
                let low = rate / plan.samples() as f64;
                Self::log(low, rate / 2.0, rows)?.with_outside(Outside::Clamp)
            }
            (FrequencySpec::Peak, ScaleSpec::Range { low, high, .. }) => {
                Self::log(*low, *high, rows)?
            }
            (FrequencySpec::Peak, _) => return Ok(Self::peak(plan)?.with_outside(Outside::Clamp)),
        };
        let (low, high) = (bins.ascending[0], bins.ascending[bins.len() - 1]);
        if high > rate / 2.0 {
            return Err(Error::FrequencyRange { low, high, nyquist: rate / 2.0 });
        }
        Ok(bins)
    }

    fn peak<T: Real>(plan: &CwtPlan<T>) -> Result<Self, Error> {
        let wavelet = plan.params().wavelet.as_ref();
        let scales = plan.scales();
        let values = scales.values();
        let fitting = || values.iter().zip(plan.fits()).filter(|(_, fits)| **fits);
        let frequency = |scale: f64| {
            peak_bin(wavelet, scale, plan.padded_length()) as f64 * plan.params().sampling_rate
                / plan.padded_length() as f64
        };
        let (Some((smallest, _)), Some((largest, _))) = (fitting().next(), fitting().next_back())
        else {
            let what = "the list of scales that fit the signal";
            return Err(Error::TooShort { what, given: 0, least: 1 });
        };
        let (low, high) = (frequency(*largest), frequency(*smallest));
        let Some(transition) = scales.transition() else {
            return if low == high {
                Self::explicit(vec![high])
            } else if scales.spacing() == Spacing::Linear {
                Self::linear(low, high, values.len())
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
        Ok(Self { ascending, rule, outside: Outside::Clamp })
    }

    fn equal(ascending: Vec<f64>) -> Self {
        let first = ascending[0].log2();
        let step = ascending[1].log2() - first;
        Self { ascending, rule: Rule::Log { first, step }, outside: Outside::Drop }
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

    /// The row of a frequency in Hz: the nearest (in the logarithm unless the bins are linear).
    /// Outside the bins none, or the outermost ([`Outside`]).
    #[must_use]
    pub fn row<T: Real>(&self, frequency: T) -> Option<usize> {
        let row = self.row_of_log(frequency.log2().wide());
        (row < self.len()).then_some(row)
    }

    /// The rows of frequencies whose log2 is known; the number of rows for those that are dropped.
    pub(super) fn rows_of_logs<T: Real>(&self, logs: &[T], rows: &mut [u32]) {
        match self.rule {
            Rule::Log { first, step } => {
                let axis = LogAxis {
                    first: T::of(first),
                    per_octave: T::of(step.recip()),
                    last: T::of((self.ascending.len() - 1) as f64),
                    slack: match self.outside {
                        Outside::Drop => T::of(0.5),
                        Outside::Clamp => T::infinity(),
                    },
                };
                rows_on_log_axis(logs, axis, rows);
            }
            _ => {
                for (row, log) in rows.iter_mut().zip(logs) {
                    *row = self.row_of_log(log.wide()) as u32;
                }
            }
        }
    }

    /// The row, or the number of rows where it is dropped.
    pub(super) fn row_of_log(&self, log: f64) -> usize {
        let last = self.ascending.len() - 1;
        // In bins. Ties go to the even one.
        let position = match &self.rule {
            Rule::Linear { first, step } => (log.exp2() - first) / step,
            Rule::Log { first, step } => (log - first) / step,
            Rule::Piecewise { first, step, middle_bin, middle, upper_step } => {
                if log > *middle {
                    ((log - middle) / upper_step).round_ties_even() + *middle_bin as f64
                } else {
                    (log - first) / step
                }
            }
            Rule::Search { boundaries } => boundaries.partition_point(|b| *b < log) as f64 - 1.0,
        };
        let inside = position >= -0.5 && position <= last as f64 + 0.5;
        if self.outside == Outside::Drop && !inside {
            return last + 1;
        }
        // Conversions saturate, and NaN becomes bin 0.
        last - (position.round_ties_even() as usize).min(last)
    }
}

/// What [`rows_on_log_axis`] needs to know of equally spaced bins.
#[derive(Clone, Copy)]
struct LogAxis<T> {
    first: T,
    per_octave: T,
    last: T,
    /// How far beyond the first and the last bin a position may lie, in bins.
    slack: T,
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
fn rows_on_log_axis<T: Real>(logs: &[T], axis: LogAxis<T>, rows: &mut [u32]) {
    let LogAxis { first, per_octave, last, slack } = axis;
    let last_row = last.nearest();
    for (row, log) in rows.iter_mut().zip(logs) {
        let position = (*log - first) * per_octave;
        let bin = position.max(T::zero()).min(last);
        let beyond = (position - bin).abs() > slack;
        *row = if beyond { last_row + 1 } else { last_row - bin.nearest() };
    }
}

/// More bins than this are refused.
const MOST_BINS: usize = 1 << 24;

fn check_rows(rows: usize) -> Result<(), Error> {
    if (2..=MOST_BINS).contains(&rows) {
        return Ok(());
    }
    Err(Error::parameter("rows", rows as f64, "2 to 2^24"))
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
