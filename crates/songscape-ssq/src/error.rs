//! What can go wrong, with the offending values.

use std::fmt;

/// Everything that this crate refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside its range.
    #[error("{field} is {found}, expected {expected}")]
    Parameter {
        /// The parameter's name.
        field: &'static str,
        /// What was given.
        found: String,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// A frequency range that is empty or reaches above half the sampling rate.
    #[error(
        "frequency range {} to {} Hz, expected 0 < low < high <= {} Hz (half the sampling rate)",
        Shown(*low), Shown(*high), Shown(*nyquist)
    )]
    FrequencyRange {
        /// Lowest frequency asked for, Hz.
        low: f64,
        /// Highest frequency asked for, Hz.
        high: f64,
        /// Half the sampling rate, Hz.
        nyquist: f64,
    },
    /// A frequency range that is empty or not a range.
    #[error("frequency range {} to {} Hz, expected low <= high", Shown(*low), Shown(*high))]
    EmptyRange {
        /// Lowest frequency asked for, Hz.
        low: f64,
        /// Highest frequency asked for, Hz.
        high: f64,
    },
    /// A column is not a rational number of samples with a small denominator.
    #[error(
        "{} columns a second at {} Hz: the ratio must be a fraction with a denominator of at most {max_denominator}",
        Shown(*columns_per_second), Shown(*sampling_rate)
    )]
    ColumnRate {
        /// Sampling rate, Hz.
        sampling_rate: f64,
        /// Columns a second.
        columns_per_second: f64,
        /// Largest denominator that is tried.
        max_denominator: u64,
    },
    /// Something that the parameters ask for would be too long.
    #[error("{what} would have {length} {unit}, at most {limit} are allowed")]
    TooLong {
        /// What would be too long.
        what: &'static str,
        /// The length that was asked for.
        length: u64,
        /// What the length counts: samples, scales, values.
        unit: &'static str,
        /// The longest that is allowed.
        limit: u64,
    },
    /// A wavelet that the transforms cannot work with.
    #[error("the wavelet's {property} is {}, expected {expected}", Shown(*found))]
    Wavelet {
        /// Which of its properties is wrong.
        property: &'static str,
        /// Its value.
        found: f64,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// The signal holds a NaN or an infinity.
    #[error("sample {index} is {value}, expected a finite number")]
    NotFinite {
        /// Index of the first such sample, counted from the start of the signal.
        index: u64,
        /// Its value.
        value: f64,
    },
    /// A result does not fit into the precision.
    #[error(
        "the largest sample is {}: the transform overflows this precision, expected at most {}",
        Shown(*largest), Shown(*limit)
    )]
    Overflow {
        /// The largest absolute value of the signal.
        largest: f64,
        /// About the largest that is safe.
        limit: f64,
    },
    /// A name that is not known.
    #[error("{what} {given:?}, expected {expected}")]
    Name {
        /// What the name is for.
        what: &'static str,
        /// What was given.
        given: String,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// No scales can be found for this wavelet and length.
    #[error(
        "no scales: {reason} ({samples} samples after padding); give a frequency range instead"
    )]
    Scales {
        /// Why.
        reason: &'static str,
        /// Length of the padded signal.
        samples: usize,
    },
    /// Scales or frequencies that do not rise (or fall) strictly.
    #[error("{what} {index} is {}, expected positive numbers in strictly {order} order", Shown(*value))]
    Order {
        /// What the list holds.
        what: &'static str,
        /// Index of the first offending value.
        index: usize,
        /// The value.
        value: f64,
        /// Which order.
        order: &'static str,
    },
    /// A signal or array of another size than the plan or its partner.
    #[error("{what} has {given}, expected {expected}")]
    Length {
        /// What has the wrong size.
        what: &'static str,
        /// Its size.
        given: usize,
        /// The size it should have.
        expected: usize,
    },
    /// Something with fewer entries than are needed.
    #[error("{what} has {given} entries, expected at least {least}")]
    TooShort {
        /// What is too short.
        what: &'static str,
        /// Its length.
        given: usize,
        /// The least length.
        least: usize,
    },
    /// The memory for a result cannot be allocated.
    #[error("no memory for {what} of {rows} x {columns} values")]
    Memory {
        /// What would be held.
        what: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// Windows too far apart for an inverse.
    #[error(
        "no window of {window_length} samples, {hop} apart, holds sample {sample}; expected a smaller hop"
    )]
    Hop {
        /// Samples from one window to the next.
        hop: usize,
        /// Length of the window.
        window_length: usize,
        /// The first sample that is lost.
        sample: u64,
    },
}

/// Whose fault an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A parameter is wrong, or asks for more than there can be.
    Configuration,
    /// The data is wrong.
    Input,
}

impl Error {
    /// Whether parameters or data are wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFinite { .. }
            | Self::Overflow { .. }
            | Self::Length { .. }
            | Self::TooShort { .. } => ErrorKind::Input,
            _ => ErrorKind::Configuration,
        }
    }

    pub(crate) fn parameter(
        field: &'static str,
        found: impl Into<f64>,
        expected: &'static str,
    ) -> Self {
        Self::Parameter { field, found: Shown(found.into()).to_string(), expected }
    }
}

/// A number as a person would write it: 1e300, not 301 digits.
pub(crate) struct Shown(pub f64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if self.0.is_finite() && size != 0.0 && !(1e-5..1e15).contains(&size) {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let error = Error::FrequencyRange { low: 1e300, high: f64::MAX, nyquist: 22_050.0 };
        assert_eq!(
            error.to_string(),
            "frequency range 1e300 to 1.7976931348623157e308 Hz, expected 0 < low < high <= 22050 Hz \
             (half the sampling rate)"
        );
        assert_eq!(
            Error::parameter("beta", f64::NAN, "a positive number").to_string(),
            "beta is NaN, expected a positive number"
        );
    }
}
